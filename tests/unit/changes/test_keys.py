"""Keys and fingerprints: which spellings of a title and a text are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.changes.keys import entry_id, lead_key, series_marks, title_key
from digest.changes.prepared import fingerprint, view
from digest.model import Content, DateEvidence


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("让炼丹更科学一些", "让炼丹 更科学一些"),
        ("Python（二）", "Python(二)"),
        ("【备忘】收藏", "(备忘)收藏"),
        ("“宇宙”与‘时空’", "\"宇宙\"与'时空'"),
        ("A-B", "a—b"),
        ("为什么?", "为什么？"),
        ("为什么", "为什么？"),
        ("新年快乐!", "新年快乐！！"),
        ("ＡＢＣ１２３", "abc123"),
        ("零\u200b宽", "零宽"),
        ("《几何》", "<几何>"),
    ],
)
def test_writings_of_one_title_share_a_key(one: str, other: str) -> None:
    assert title_key(one) == title_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("生成模型(一)", "生成模型(二)"),
        ("生成模型(一)", "生成模型"),
        ("C", "C++"),
        ("2019年小结", "2020年小结"),
        ("矩阵的逆", "矩阵的秩"),
    ],
)
def test_other_titles_have_other_keys(one: str, other: str) -> None:
    assert title_key(one) != title_key(other)


@given(st.text(), st.sampled_from([" ", "\t", "\n", "\u3000", "\u200b"]), st.integers(0, 10))
def test_white_space_anywhere_does_not_count(title: str, space: str, at: int) -> None:
    assert title_key(title[:at] + space + title[at:]) == title_key(title)


def test_a_title_of_end_marks_alone_keeps_them() -> None:
    assert title_key("？！") == "?!"


@pytest.mark.parametrize(
    ("title", "marks"),
    [
        ("生成扩散模型漫谈(一):DDPM", ("一",)),
        ("生成扩散模型漫谈（十二）", ("十二",)),
        ("第三讲", ("三",)),
        ("旧闻(下)", ("下",)),
        ("2020年的1.5个想法", ("2020", "1.5")),
        ("Part II", ("ii",)),
        ("力学之三", ("三",)),
        ("一个想法", ()),
        ("vision", ()),
    ],
)
def test_series_marks_distinguish_the_parts(title: str, marks: tuple[str, ...]) -> None:
    assert series_marks(title) == marks


def test_a_lead_is_the_same_with_and_without_captions_and_short_lines() -> None:
    body = "正文的第一句话要足够长，长到可以当作这篇文章的指纹来使用，四十个字其实并不算多，再加几个字。"
    bare = Content("甲", None, (body,), ())
    illustrated = Content("乙", "山客", ("图1：星空", "引子", body), ("图1：星空",))
    assert lead_key(bare) == lead_key(illustrated) != ""
    assert lead_key(Content("甲", None, ("太短",), ())) == ""


def test_an_id_does_not_depend_on_the_year_nor_on_the_writing_of_the_title() -> None:
    minted = entry_id(title_key("数学（一）"), DateEvidence(3, 14), set())
    assert entry_id(title_key("数学(一)"), DateEvidence(3, 14, 2020), set()) == minted
    assert entry_id(title_key("数学(一)"), DateEvidence(3, 15), set()) != minted
    assert entry_id(title_key("数学(二)"), DateEvidence(3, 14), set()) != minted
    assert entry_id(title_key("数学(一)"), DateEvidence(3, 14), {minted}) == f"{minted}-2"
    assert entry_id(title_key("数学(一)"), DateEvidence(3, 14), {minted, f"{minted}-2"}) == f"{minted}-3"


def test_ids_and_fingerprints_never_change_between_versions() -> None:
    content = Content("题 目", "山客", ("第一段 A", "图注"), ("图注",))
    assert entry_id(title_key("题 目"), DateEvidence(3, 14), set()) == "dszbo2cxsojcy"
    assert entry_id(title_key("题 目"), None, set()) == "bltrhntepj6m2"
    assert fingerprint(content) == "v1:3d9b354a479a93d28b6f1b4a970ab74d"
    assert view(content) == "x1:293277a68dead0b2ef2979deead403a5"


def test_fingerprints_see_what_they_should() -> None:
    content = Content("题目", "山客", ("第一段 A", "第二段"), ())
    spaced = Content("题 目", "山客", ("第一段A", "第二段"), ())
    assert fingerprint(content) == fingerprint(spaced)
    assert view(content) != view(spaced)
    joined = Content("题目", "山客", ("第一段 A第二段",), ())
    assert fingerprint(content) != fingerprint(joined)
    assert fingerprint(content) != fingerprint(Content("题目", "别人", ("第一段 A", "第二段"), ()))
    growing = Content("题目", "山客", ("第一段 A", "第二段"), (), complete=False)
    assert (fingerprint(growing), view(growing)) != (fingerprint(content), view(content))
