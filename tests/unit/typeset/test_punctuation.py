"""Chinese marks: restored where the sentence is Chinese, left where it is a formula, an address or English."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.dumps.snapshot import read_snapshot
from digest.typeset.punctuation import full_width
from tests.examples import examples

if TYPE_CHECKING:
    from pathlib import Path

MARKS = dict(zip(",:;?!().", "，：；？！（）。", strict=True))
FORMULA = re.compile(r"\\begin\{(\w+\*?)\}.*?\\end\{\1\}|\$\$.+?\$\$|\$[^$\n]+\$", re.DOTALL)
HAN = "[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff]"
BESIDE = re.compile(rf"(?<={HAN})[,:;?!()]|[,:;?!()](?={HAN})")


@pytest.mark.parametrize(
    ("text", "made"),
    [
        # between Chinese, and on one side of it
        ("大家都知道,目前", "大家都知道，目前"),
        ("真的吗?是的!好;原因:有", "真的吗？是的！好；原因：有"),
        ("为什么?!", "为什么？！"),
        ("Performer:用随机投影", "Performer：用随机投影"),
        ("使用Python,然后", "使用Python，然后"),
        ("LSTM?没听说过", "LSTM？没听说过"),
        ("他最喜欢用Python!", "他最喜欢用Python！"),
        ("完成了50%,然后", "完成了50%，然后"),
        ("“当机立断”:1、导出公式", "“当机立断”：1、导出公式"),
        ("比如《甲》,《乙》", "比如《甲》，《乙》"),
        ("比如《甲》。《乙》", "比如《甲》。《乙》"),
        # one space goes with its mark, nothing else does
        ("你好, 世界", "你好，世界"),
        ("你好,  世界", "你好， 世界"),
        ("你好 ,世界", "你好 ，世界"),
        ("你好， 世界", "你好， 世界"),
        ("甲乙,\n丙丁", "甲乙，\n丙丁"),
        ("甲乙 (丙丁) 戊", "甲乙 （丙丁）戊"),
        # lists of words and formulas in a Chinese sentence
        ("可以使用Python, Java和别的", "可以使用Python，Java和别的"),
        ("设$a$,$b$,$c$为实数", "设$a$，$b$，$c$为实数"),
        ("若$a=1$,则", "若$a=1$，则"),
        ("若 $a=1$, $b=2$, 则有", "若 $a=1$，$b=2$，则有"),
        ("他说过to be, or not to be这样一句话", "他说过to be, or not to be这样一句话"),
        ("我们考虑区间[a, b]的长度", "我们考虑区间[a, b]的长度"),
        ("论文《Attention, Please》很有意思", "论文《Attention, Please》很有意思"),
        ("论文《NVAE: A Deep Thing》,顾名思义", "论文《NVAE: A Deep Thing》，顾名思义"),
        ("什么是“Yes, we can”呢?", "什么是“Yes, we can”呢？"),
        # formulas
        ("对于$f(x,y)$,总有", "对于$f(x,y)$，总有"),
        (r"得到$$a,b!\text{其中,是}$$这里", r"得到$$a,b!\text{其中,是}$$这里"),
        (
            "记\n\\begin{equation}f(x),\\text{甲,乙}\n\\end{equation}\n即,好",
            "记\n\\begin{equation}f(x),\\text{甲,乙}\n\\end{equation}\n即，好",
        ),
        (r"显然\(a,b\),\[c;d\]是", r"显然\(a,b\)，\[c;d\]是"),
        (r"见\eqref{eq:甲,乙}处", r"见\eqref{eq:甲,乙}处"),
        ("花了$5,然后又花$6,没了", "花了$5，然后又花$6，没了"),
        ("一共有n!种排列", "一共有n!种排列"),
        # addresses and code
        ("文章链接:https://a.example/b?c=1,2;d", "文章链接：https://a.example/b?c=1,2;d"),
        ("见https://a.example/b_(c),然后", "见https://a.example/b_(c)，然后"),
        ("开源了(https://a.example/6906)", "开源了(https://a.example/6906)"),
        ("请写信给me@a.example,谢谢", "请写信给me@a.example，谢谢"),
        ("请点mailto:me@a.example?subject=甲", "请点mailto:me@a.example?subject=甲"),
        ("运行`f(甲, 乙)`,然后", "运行`f(甲, 乙)`，然后"),
        ("运行```\nf(甲, 乙)\n```,然后", "运行```\nf(甲, 乙)\n```，然后"),
        ("这里调用std::move函数", "这里调用std::move函数"),
        ("for token in tokenize(text):", "for token in tokenize(text):"),
        ("打开C:\\temp目录看看", "打开C:\\temp目录看看"),
        # numbers
        ("时间:12:30开始", "时间：12:30开始"),
        ("比例是16:9,还行", "比例是16:9，还行"),
        ("一共1,000个", "一共1,000个"),
        ("我们取1, 2, 3三个值", "我们取1, 2, 3三个值"),
        ("升级到v1.2.3:修复问题", "升级到v1.2.3：修复问题"),
        # parentheses
        ("浅读(简介+代码)", "浅读（简介+代码）"),
        ("最小熵原理(二):词库", "最小熵原理（二）：词库"),
        ("中文模型(bert4keras)来了", "中文模型（bert4keras）来了"),
        ("交互式(Interaction-based)和特征式", "交互式（Interaction-based）和特征式"),
        ("编码(RoPE),然后", "编码（RoPE），然后"),
        ("这种分解叫ID(Interpolative Decomposition),可以", "这种分解叫ID（Interpolative Decomposition），可以"),
        ("这是Pattern-Exploiting Training(PET)的做法", "这是Pattern-Exploiting Training（PET）的做法"),
        ("跟风玩玩GPT2(bert4keras)的模型", "跟风玩玩GPT2(bert4keras)的模型"),
        ("点(x, y)与区间(0,1)的关系", "点(x, y)与区间(0,1)的关系"),
        ("算法的复杂度是O(n)的", "算法的复杂度是O(n)的"),
        # ellipses, quotes and full stops
        ("参数共享等;...", "参数共享等；……"),
        ("面试题之一...还有", "面试题之一……还有"),
        ("争取早日跳出来... 好的", "争取早日跳出来……好的"),
        ("只有一半…就断了", "只有一半……就断了"),
        ("已经是这样……", "已经是这样……"),
        ("序列是1...n的时候", "序列是1...n的时候"),
        ("路径../a和.../b都可以", "路径../a和.../b都可以"),
        ('矩阵是"正交"的', "矩阵是“正交”的"),
        ('他说:"好的!"然后走了', "他说：“好的！”然后走了"),
        ('这是27"的显示器', '这是27"的显示器'),
        ('设置a="你好"看看', '设置a="你好"看看'),
        ("以上是全部的步骤. 本文再说", "以上是全部的步骤。本文再说"),
        ("第一章. 引言", "第一章. 引言"),
        ("列夫.托尔斯泰", "列夫.托尔斯泰"),
        ("多国语言版的T5(mT5),里边", "多国语言版的T5(mT5)，里边"),
        ("exp(x)在x=0处", "exp(x)在x=0处"),
        ("正交(正交GAN,即Orthogonal Network),因为", "正交（正交GAN，即Orthogonal Network），因为"),
        ("外层(内层(x)还有(里层))完", "外层（内层（x）还有（里层））完"),
        ("一边是（全的)一边", "一边是（全的）一边"),
        ("理由如下:1)首先 2)其次", "理由如下：1)首先 2)其次"),
        ("被截断了(后面没有", "被截断了（后面没有"),
        ("后面没有)被截断了", "后面没有）被截断了"),
        ("知道了:) 好的:-)", "知道了:) 好的:-)"),
        ("(怎么找到它?是搜索)", "（怎么找到它？是搜索）"),
        # English
        ("Hello, world! (really)", "Hello, world! (really)"),
        ("The word 你好, which means hello, is common.", "The word 你好, which means hello, is common."),
        ("The word for it (你好) is short: 你好", "The word for it (你好) is short: 你好"),
        ("She wrote 你好,世界 in the old book", "She wrote 你好，世界 in the old book"),
        ("Attention is All You Need:浅读", "Attention is All You Need：浅读"),
        ("这是中文,对. This is English, not 中文: no.", "这是中文，对. This is English, not 中文: no."),
        ("W!T!F! 这真的是", "W!T!F! 这真的是"),
        ("", ""),
        ("没有这些标点。", "没有这些标点。"),
    ],
)
def test_a_mark_is_full_width_where_its_sentence_is_chinese(text: str, made: str) -> None:
    assert full_width(text) == made
    assert full_width(made) == made


PIECES = (
    *",:;?!()", *"，：；？！（）", *"，。、《》“”[]\"'.-$\\`/", *" \n\t", "甲", "中文", "a", "GAN", "word", "the", "1",
    "12:30", "1,000", "$x$", "$$", "$$y$$", "\\(", "\\)", "\\[", "\\]", "\\begin{a}", "\\end{a}", "```", "http://a.b",
    "www.", "mailto:", "x@y.z", "\\ref{", "{", "}", "&lt;", "n!", "种", "::", ":)", "\u0301", "\u2028", "…", "$ ",
    "...", '"', "ID", "Iota Delta",
    ", ", "\\ ",
)  # fmt: skip
TEXTS = st.one_of(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.text())


@settings(max_examples=examples(1000))
@given(TEXTS)
def test_once_is_enough(text: str) -> None:
    assert full_width(full_width(text)) == full_width(text)


@settings(max_examples=examples(1000))
@given(TEXTS)
def test_only_marks_change_and_only_a_space_behind_one_goes(text: str) -> None:
    made = full_width(text)
    assert re.fullmatch("".join(map(_allowed, re.findall(r"(?:(?:\.{3,}|…)+|[,:;?!().]) ?|.", text, re.DOTALL))), made)
    assert len(made) <= len(text) + text.count("…")


def _allowed(piece: str) -> str:
    if piece == '"':
        return '["“”]'
    if piece.startswith(("...", "…")):
        return f"(?:{re.escape(piece)}|……{piece.lstrip('.…')}|……)"
    full = MARKS.get(piece[0])
    return f"(?:{re.escape(piece)}|{full}{piece[1:]}|{full})" if full else re.escape(piece)


@given(st.text().filter(lambda text: not set(text) & {*MARKS, "…", '"'}))
def test_a_text_without_such_marks_is_the_same(text: str) -> None:
    assert full_width(text) == text


@given(st.lists(st.sampled_from(["中文", "甲(乙)", "a,b", "好!"]), min_size=1).map("".join))
def test_a_formula_keeps_every_mark_it_has(inner: str) -> None:
    for formula in (f"${inner}$", f"$${inner}$$", f"\\({inner}\\)", f"\\[{inner}\\]", f"\\begin{{a}}{inner}\\end{{a}}"):
        assert full_width(f"这里是{formula},好的") == f"这里是{formula}，好的"


@pytest.mark.parametrize(
    "piece",
    ["(", ")", "()", "甲(", "甲(乙", "甲,", "a,", "甲, ", "$", "$ ", "$$", "$a ", "\\(", "\\[", "`", "```", "{", "\\a{",
     "\\begin{a}", "http://", "http://(", "a.", "a", "a-", "1:", "1,", "&", "甲?", "“", "::", ":)", "'", "www.(a"],
)  # fmt: skip
def test_time_is_linear_in_hostile_text(piece: str) -> None:
    def seconds(count: int) -> float:
        began = time.process_time()
        full_width("中文" + piece * count + "中文,")
        return time.process_time() - began

    # Ten times as much; in quadratic time it would be a hundred times. A machine may be busy, but not each time.
    assert any(seconds(5_000) < 60 * max(seconds(500), 0.002) for _ in range(3))


@pytest.mark.parametrize("piece", ["(", ")", "(甲", "甲)"])
def test_thirty_thousand_parentheses_are_no_trouble(piece: str) -> None:
    began = time.process_time()
    full_width("中文" + piece * 30_000 + "中文")
    assert time.process_time() - began < 6  # seconds; in quadratic time it would be minutes


def test_distinct_environments_that_never_close_take_linear_time() -> None:
    began = time.process_time()
    letters = "abcdefghijklmnopqrstuvwxyz"
    full_width("".join(f"\\begin{{{a}{b}{c}}}" for a in letters for b in letters for c in letters) + "中文,中文")
    assert time.process_time() - began < 60


def test_what_stays_half_width_in_the_real_dumps_is_latin(real_dumps: Path) -> None:
    """Each of the ten was looked at: a parenthesis around Latin alone, such as (mT5), (bert4keras), exp(x)."""
    before: list[str] = []
    after: list[str] = []
    for path in sorted(real_dumps.glob("*.txt")):
        with path.open("rb") as stream:
            found = read_snapshot(stream, path.name).sightings
        for sighting in found:
            for text in (sighting.title, *sighting.paragraphs):
                made = full_width(text)
                assert FORMULA.findall(made) == FORMULA.findall(text)
                before += _beside(text)
                after += _beside(made)

    assert len(before) >= 480
    assert len(after) <= 10
    assert all(re.search(r"[(][A-Za-z]|[A-Za-z0-9_][)]", place) for place in after)


def _beside(text: str) -> list[str]:
    bare = FORMULA.sub("x", text)
    return [bare[max(found.start() - 6, 0) : found.end() + 6] for found in BESIDE.finditer(bare)]
