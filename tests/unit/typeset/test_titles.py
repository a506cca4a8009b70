"""What is displayed in place of a title that no page prints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import Content
from digest.typeset.titles import UNTITLED, display_title, first_sentence, headline, labels


def content(*paragraphs: str, title: str = "", figures: tuple[str, ...] = ()) -> Content:
    return Content(title, None, paragraphs, figures)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("All the harbours want a new crane. Even I do.", "All the harbours want a new crane."),
        ("Hm. No. It is so by now. And on", "Hm. No. It is so by now."),
        ("3.14 is pi, v1.2.3 is a version. Next", "3.14 is pi, v1.2.3 is a version."),
        ("他说：“今天的天气很好。”然后就走了。", "他说：“今天的天气很好。”"),
        ("今天的天气非常好,是吗?明天不好。", "今天的天气非常好，是吗？"),
        ("两行\n在一段里", "两行"),
        ("没有句号的一行", "没有句号的一行"),
        ("设 $x_1 > 0$ 为任意一个实数。然后", "设 x₁ > 0 为任意一个实数。"),
        ("\u202eevil\u0007 words are here. More", "evil words are here."),
        ("", UNTITLED),
    ],
)
def test_the_first_sentence_takes_the_place_of_a_title(text: str, shown: str) -> None:
    assert headline(content(text)) == shown
    assert headline(content(text, title="T $x$")) == "T $x$"


def test_a_long_sentence_is_cut_and_a_caption_is_none() -> None:
    assert headline(content("x" * 300)) == "x" * 100 + "…"
    assert (
        first_sentence(content("图一", "正文的第一句话在这里。第二句", figures=("图一",))) == "正文的第一句话在这里。"
    )
    assert first_sentence(content("图一", figures=("图一",))) == "图一"


@given(st.lists(st.text(max_size=80), max_size=4))
def test_there_is_always_one_line(paragraphs: list[str]) -> None:
    shown = headline(content(*paragraphs))
    assert shown
    assert "\n" not in shown


def test_tags_are_shown_in_one_line_and_once() -> None:
    assert labels(["a\n b", "", " ", "a b", "c"]) == ["a b", "c"]


@pytest.mark.parametrize(
    ("read", "shown"),
    [
        ("生成扩散模型漫谈(四):DDIM = 高观点DDPM", "生成扩散模型漫谈（四）：DDIM = 高观点DDPM"),
        ("不用L约束又不会梯度消失的GAN,了解一下?", "不用L约束又不会梯度消失的GAN，了解一下？"),
        ("O-GAN:简单修改,让GAN的判别器变成一个编码器!", "O-GAN：简单修改，让GAN的判别器变成一个编码器！"),
        ("《Attention is All You Need》浅读(简介+代码)", "《Attention is All You Need》浅读（简介+代码）"),
        ("Seq2Seq+前缀树:检索任务新范式(以KgCLUE为例)", "Seq2Seq+前缀树：检索任务新范式（以KgCLUE为例）"),
        ("跟风玩玩目前最大的中文GPT2模型(bert4keras)", "跟风玩玩目前最大的中文GPT2模型（bert4keras）"),
        ("变分自编码器(四):一步到位的聚类方案", "变分自编码器（四）：一步到位的聚类方案"),
        ("最小熵原理(二):“当机立断”之词库构建", "最小熵原理（二）：“当机立断”之词库构建"),
        ('"让Keras更酷一些!":层与模型的重用技巧', "“让Keras更酷一些！”：层与模型的重用技巧"),
        ("C++ (二)", "C++（二）"),
        ("[转载] (一) 开篇", "[转载]（一）开篇"),
        ("中文版 (TF 2.x)", "中文版（TF 2.x）"),
        ("Transformer升级之路:1、追根溯源", "Transformer升级之路：1、追根溯源"),
        ("从$O(n^2)$到$O(n)$:线性Attention", "从$O(n^2)$到$O(n)$：线性Attention"),
        ("$f(x,y)$的极值:一个例子...", "$f(x,y)$的极值：一个例子……"),
        ("今晚12:30开播:别错过", "今晚12:30开播：别错过"),
        ("从语言模型到Seq2Seq:Transformer如戏,全靠Mask", "从语言模型到Seq2Seq：Transformer如戏，全靠Mask"),
        ("v1.2.3:修复若干问题", "v1.2.3：修复若干问题"),
        ("I, Robot:读后感", "I，Robot：读后感"),
    ],
)
def test_a_chinese_title_has_chinese_punctuation(read: str, shown: str) -> None:
    assert display_title(content(title=read)) == shown
    assert display_title(content(title=shown)) == shown
    assert headline(content(title=read)) == read


@pytest.mark.parametrize(
    "title",
    [
        "12:30 发布会", "比例 16:9 的屏幕", "比赛 3:2 逆转", "1:1", "10,000 个为什么", "2026-11-30 08:00:00 日志",
        "https://example.org/archives/9119?a=1:2 的备份", "访问 http://127.0.0.1:8080/ 失败",
        "用`a, b = f(x)`交换变量", "f(x)与g(x)的关系", "论f(x)=x+1的根", "p(x)与q(x)的散度", "np.exp(x) 溢出",
        r"\(a,b\)与\(c\)", "exp(x)在x=0处的偶次泰勒展开式总是正的", "std::vector 为什么快", r"C:\Windows 下的路径",
        "Attention Is All You Need: A Review (2017)", "Why? Because!", "Hello, world!", "Python 3.11.2", "key: value",
        "把key:value写成一行",
        "BERT: Pre-training of Deep Bidirectional Transformers", "GPT2(bert4keras)", "大家好:)",
        "也来谈谈RNN的梯度消失/爆炸问题",
        'Notes on 3.11.2, and "why" (again)...', "《Attention is All You Need》",
    ],
)  # fmt: skip
def test_what_is_no_chinese_punctuation_stays_in_a_title(title: str) -> None:
    assert display_title(content(title=title)) == title
