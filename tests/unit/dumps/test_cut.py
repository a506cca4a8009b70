"""Cutting text into sightings: each trap of the two layouts, and the invariants of any text."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import DateEvidence, Layout
from tests.examples import examples
from tests.unit.dumps.reference import cut_slowly, sightings

if TYPE_CHECKING:
    from digest.model import Note, Sighting


def cut(text: str) -> list[Sighting]:
    return sightings(lambda: [text], "a.txt")


def block(title: str, *paragraphs: str, day: str = "6 Nov") -> str:
    return "\n\n".join([day, title, *paragraphs, "点击阅读全文..."])


def bylined(
    title: str, first: str = "", *rest: str, day: str = "2021-03-04", author: str = "山客", readers: str = "7"
) -> str:
    return "\n".join([title, f"By {author} | {day} | {readers}位读者 | 引用{first}", *rest])


def told(found: list[Sighting]) -> list[tuple[str, tuple[str, ...], bool]]:
    return [(s.title, s.paragraphs, s.complete) for s in found]


def test_an_index_page_gives_day_title_and_paragraphs() -> None:
    (found,) = cut(block("题目", "第一段。", "一行\n又一行"))

    assert (found.layout, found.title, found.author, found.readers) == (Layout.DATEBLOCK, "题目", None, None)
    assert (found.date, found.paragraphs, found.complete) == (DateEvidence(11, 6), ("第一段。", "一行\n又一行"), True)


def test_a_search_page_gives_author_date_and_readers() -> None:
    (found,) = cut(
        bylined("题目", "第一段。", "第二段。", author="A. B | C", readers="1,234") + "\n最近评论\n谁:说了什么"
    )

    assert (found.layout, found.title, found.author, found.readers) == (Layout.BYLINE, "题目", "A. B | C", 1234)
    assert (found.date, found.paragraphs, found.complete) == (DateEvidence(3, 4, 2021), ("第一段。", "第二段。"), True)


def test_an_empty_excerpt_has_the_next_title_glued_to_its_label() -> None:
    page = bylined("甲") + bylined("乙", "乙的正文。") + "\n最近评论"

    assert told(cut(page)) == [("甲", (), True), ("乙", ("乙的正文。",), True)]


def test_the_end_of_the_list_is_glued_to_an_empty_excerpt_too() -> None:
    assert told(cut(bylined("甲", "最近评论", "谁:评论"))) == [("甲", (), True)]


def test_an_index_page_is_glued_to_an_empty_excerpt_too() -> None:
    found = cut(bylined("甲") + block("乙", "乙的正文。"))

    assert told(found) == [("甲", (), False), ("乙", ("乙的正文。",), True)]


@pytest.mark.parametrize("title", ["最近评论", "点击阅读全文...", "6 Nov", "引用"])
def test_the_line_before_a_byline_is_always_its_title(title: str) -> None:
    page = bylined("甲", "正文。") + "\n" + bylined(title, "又一段。") + "\n最近评论"

    assert told(cut(page)) == [("甲", ("正文。",), True), (title, ("又一段。",), True)]


@pytest.mark.parametrize(
    "mark",
    [
        *(
            "点击阅读全文",
            "点击阅读全文...",
            "点击阅读全文…",
            "点击阅读全文……",
            "點擊閱讀全文...",
            "  点击阅读全文...  ",
        ),
        *(
            "点击阅读全文>>",
            "点击阅读全文 »",
            "点击阅读全文→",
            "\N{ZERO WIDTH SPACE}点击阅读全文...\N{ZERO WIDTH SPACE}",
        ),
    ],
)
def test_the_end_mark_has_many_writings(mark: str) -> None:
    assert told(cut(f"6 Nov\n\n甲\n\n正文。\n\n{mark}\n\n页脚")) == [("甲", ("正文。",), True)]


def test_traditional_pages_are_read_too() -> None:
    page = "甲\nBy 山客 | 2021-03-04 | 7位讀者 | 引用正文。\n最近評論\n某人"

    assert told(cut(page)) == [("甲", ("正文。",), True)]


def test_an_end_mark_inside_a_line_is_text() -> None:
    (found,) = cut(block("甲", "点击阅读全文...这几个字在哪里?", "完。"))

    assert found.paragraphs == ("点击阅读全文...这几个字在哪里?", "完。")


@pytest.mark.parametrize(
    ("paragraphs", "kept", "figures"),
    [
        (("图", "图", "段"), ("图", "段"), ("图",)),
        (("段", "图", "图"), ("段", "图"), ("图",)),
        (("题目", "段"), ("题目", "段"), ("题目",)),
        (("题目", "题目", "段"), ("题目", "段"), ("题目",)),
        (("段", "题目"), ("段", "题目"), ()),
        (("图", "图", "图", "图"), ("图", "图"), ("图", "图")),
        (("甲\n乙", "甲\n乙"), ("甲\n乙", "甲\n乙"), ()),
        ((), (), ()),
    ],
)
def test_a_figure_is_a_caption_twice_or_one_that_equals_the_title(
    paragraphs: tuple[str, ...], kept: tuple[str, ...], figures: tuple[str, ...]
) -> None:
    (found,) = cut(block("题目", *paragraphs))

    assert (found.paragraphs, found.figures) == (kept, figures)


def test_equal_lines_of_a_search_page_are_no_figure() -> None:
    (found,) = cut(bylined("甲", "代码:", "}", "}") + "\n最近评论")

    assert (found.paragraphs, found.figures) == (("代码:", "}", "}"), ())


@pytest.mark.parametrize("day", ["31 Feb", "32 Nov", "0 Jan"])
def test_an_impossible_day_makes_an_entry_without_date(day: str) -> None:
    assert [(s.title, s.date) for s in cut(block("甲", "正文。", day=day))] == [("甲", None)]


def test_an_impossible_printed_date_makes_an_entry_without_date() -> None:
    (found,) = cut(bylined("甲", "正文。", day="2021-13-40") + "\n最近评论")

    assert (found.title, found.date, found.paragraphs) == ("甲", None, ("正文。",))


def test_furniture_stands_before_between_and_after() -> None:
    page = "首页 归档\n关于\n\n" + block("甲", "正文。") + "\n\n上一页 1 2\n\n" + block("乙", "正文。") + "\n\n版权"

    assert told(cut(page)) == [("甲", ("正文。",), True), ("乙", ("正文。",), True)]
    assert [s.page for s in cut(page)] == [0, 1]


def test_a_date_in_a_body_is_text_unless_a_title_follows() -> None:
    (found,) = cut(block("甲", "时间表:\n6 Nov\n报名", "7 Nov", "这一天什么也没有发生。", "完"))

    assert found.paragraphs == ("时间表:\n6 Nov\n报名", "7 Nov", "这一天什么也没有发生。", "完")


def test_a_half_written_index_page_ends_incomplete() -> None:
    page = block("甲", "正文。") + "\n\n9 Nov\n\n乙\n\n只写了一"

    assert told(cut(page)) == [("甲", ("正文。",), True), ("乙", ("只写了一",), False)]


@pytest.mark.parametrize("tail", ["9 Nov", "9 Nov\n", "9 Nov\n\n", "9 Nov\n\n乙的题"])
def test_a_title_that_the_end_cut_is_no_entry_yet(tail: str) -> None:
    assert told(cut(block("甲", "正文。") + "\n\n" + tail)) == [("甲", ("正文。",), True)]


def test_a_whole_title_without_text_is_an_incomplete_entry() -> None:
    assert told(cut("9 Nov\n\n乙的题目\n")) == [("乙的题目", (), False)]


@pytest.mark.parametrize("tail", ["By 山", "By 山客 | 2021-0", "By 山客 | 2021-03-04 | 7位读者 | 引"])
def test_a_byline_that_is_being_written_is_no_text_and_neither_is_its_title(tail: str) -> None:
    page = bylined("甲", "正文。", "第二段。") + "\n乙\n" + tail

    assert told(cut(page)) == [("甲", ("正文。", "第二段。"), False)]


@pytest.mark.parametrize("tail", ["点", "点击阅", "点击阅读全", "點擊閱讀"])
def test_an_end_mark_that_is_being_written_is_no_text(tail: str) -> None:
    page = block("甲", "正文。") + "\n\n9 Nov\n\n乙\n\n正文。\n\n" + tail

    assert told(cut(page))[-1] == ("乙", ("正文。",), False)
    assert told(cut(page + "一段。"))[-1] == ("乙", ("正文。", f"{tail}一段。"), False)


@pytest.mark.parametrize("tail", ["最", "最近评", "最近評"])
def test_a_list_end_that_is_being_written_is_no_text(tail: str) -> None:
    page = bylined("甲", "正文。") + "\n" + bylined("乙", "正文。") + "\n" + tail

    assert told(cut(page))[-1] == ("乙", ("正文。",), False)


def test_a_search_page_without_its_end_leaves_the_last_entry_incomplete() -> None:
    page = bylined("甲", "正文。") + "\n" + bylined("乙", "正文。")

    assert told(cut(page)) == [("甲", ("正文。",), True), ("乙", ("正文。",), False)]


def test_a_byline_without_a_line_before_it_has_no_title() -> None:
    page = "By 山客 | 2021-03-04 | 7位读者 | 引用正文。\n" + bylined("乙", "正文。") + "\n最近评论"

    assert told(cut(page)) == [("乙", ("正文。",), True)]


def test_blank_lines_carry_nothing_on_a_search_page() -> None:
    page = (bylined("甲", "正文。", "二。") + "\n" + bylined("乙") + bylined("丙", "三。") + "\n最近评论").replace(
        "\n", "\n\n"
    )

    assert told(cut(page)) == [("甲", ("正文。", "二。"), True), ("乙", (), True), ("丙", ("三。",), True)]


def test_pages_are_counted_through_layouts_and_list_ends() -> None:
    search = bylined("甲", "正文。") + "\n最近评论\n某人\n"
    found = cut(search + search + block("乙", "正文。") + "\n\n" + block("丙", "正文。"))

    assert [(s.position, s.page) for s in found] == [(0, 0), (1, 1), (2, 2), (3, 2)]


words = st.text(st.sampled_from("天地玄黄宇宙洪荒abc。，?"), min_size=1, max_size=12).map(lambda text: "文" + text)
entry_block = st.builds(lambda title, body: block(title, *body), words, st.lists(words, max_size=4))
index_page = st.lists(entry_block, min_size=1, max_size=4).map("\n\n".join)
search_page = st.lists(
    st.builds(lambda title, body: bylined(title, *body, ""), words, st.lists(words, max_size=4)), min_size=1, max_size=4
).map(lambda entries: "".join(entries) + "最近评论")
pages = st.lists(index_page | search_page, min_size=1, max_size=4)


def essence(found: list[Sighting]) -> list[tuple[object, ...]]:
    return [(s.layout, s.title, s.author, s.date, s.readers, s.paragraphs, s.figures, s.complete) for s in found]


@settings(max_examples=examples(150))
@given(pages, st.sampled_from(["", "\n", "\n\n", "\n页脚\n"]))
def test_pages_put_together_hold_the_entries_of_each(dumps: list[str], between: str) -> None:
    together = cut(between.join(dumps))

    assert essence(together) == [one for dump in dumps for one in essence(cut(dump))]
    assert [s.position for s in together] == list(range(len(together)))


@settings(max_examples=examples(100))
@given(pages, st.integers(1, 40))
def test_the_size_of_blocks_does_not_matter(dumps: list[str], size: int) -> None:
    text = "\n".join(dumps)
    blocks = [text[at : at + size] for at in range(0, len(text), size)]

    assert sightings(lambda: blocks, "a.txt") == cut(text)


def rebuilt(found: list[Sighting]) -> str:
    """The text of the pages that show these entries, without white space."""
    said = []
    for one in found:
        body = "".join(paragraph * (2 if paragraph in one.figures else 1) for paragraph in one.paragraphs)
        if one.layout is Layout.DATEBLOCK:
            said.append(f"6Nov{one.title}{body}点击阅读全文...")
        else:
            said.append(f"{one.title}By山客|2021-03-04|7位读者|引用{body}")
    return "".join("".join(said).split())


distinct = st.lists(st.tuples(st.booleans(), st.lists(st.booleans(), max_size=4)), min_size=1, max_size=6)


@settings(max_examples=examples(150))
@given(distinct)
def test_every_character_of_a_page_is_an_entrys_or_a_marks(entries: list[tuple[bool, list[bool]]]) -> None:
    text = ""
    for number, (is_block, doubled) in enumerate(entries):
        if is_block:
            body = [f"第{number}篇的{at}段" for at, twice in enumerate(doubled) for _ in range(1 + twice)]
            text += block(f"题目{number}", *body) + "\n\n"
        else:
            lines = [f"第{number}篇的{at}段" for at in range(len(doubled))]
            text += bylined(f"题目{number}", *lines) + ("\n" if lines else "") + "最近评论\n"

    assert rebuilt(cut(text)) == "".join(text.split()).replace("最近评论", "")


@settings(max_examples=examples(300))
@given(
    st.lists(
        st.sampled_from(
            [
                "6 Nov",
                "",
                "点击阅读全文...",
                "最近评论",
                "By 山客 | 2021-03-04 | 7位读者 | 引用",
                "题目",
                "By 山",
                "正文。",
            ]
        )
        | st.text(max_size=20),
        max_size=25,
    ).map("\n".join)
)
def test_any_text_is_cut_without_an_exception(text: str) -> None:
    found = cut(text)

    assert [s.position for s in found] == list(range(len(found)))
    assert all(s.title.strip() for s in found)


MARKS = (
    "6 Nov",
    " 31 Feb ",
    "点击阅读全文...",
    "点击阅读全文",
    "點擊閱讀全文…",
    "最近评论",
    "最近評論",
    "By 山",
    "By 山客 | 2021-0",
)
BYLINES = ("By 山客 | 2021-03-04 | 7位读者 | 引用", " By A | B | 2021-13-40 | 1,234位讀者 | 引用")
LOOSE = (
    "6 Sept",
    "\u200bNov. 6, 2021",
    "３ MAY",
    "阅读全文 »",
    "Read more",
    "\u200b点击阅读全文...\u200b",
    "by 山客|2021/3/4 08:00|1.2万位读者|3条评论|引用",
    "\u200bBY | 2021年3月4日 | 99999999999999位读者 | 摘要",
    "By 山客 | 2021-03-04 | 7位读者 | 标注",
)
UNREAD = (
    "6 Novemb",
    "3 Decoder",
    "By 山客 | gestern | 7位读者 | 引用",
    "By 山客 | 2021-03-04 | 7位读者 | @",
    "By 山客 2021-03-04",
    "山客 | 2021-03-04 | 7位读者 | 引用",
    "山客 ｜ 2021-03-04 ｜ 7位读者",
    "山客 | 2021-03-04 | 乙 | 丙",
)
NO_MARKS = ("| 2021-03-04 | 7位读者 |", "p(x|y)", "一 | 二", "一 | 2021-03-04", "By 2021-03-04 nothing was left.")
TEXTS = ("题目", "正文。", "一句,", "}", "　", " ", "", "", "")


def torn(chance: random.Random) -> str:
    """A text of whole and torn pages: lines put together from marks and text, glued now and then."""
    odd = chance.choice(((), LOOSE, UNREAD + NO_MARKS, LOOSE + UNREAD + NO_MARKS))
    pieces = [
        chance.choice(MARKS + BYLINES * 2 + TEXTS + odd)
        + (chance.choice(MARKS + BYLINES + TEXTS + odd) if chance.random() < 0.3 else "")
        for _ in range(chance.randint(1, 30))
    ]
    whole = [block("题", "正文。", "图", "图"), bylined("题", "正文。") + "\n最近评论"]
    pieces[chance.randrange(len(pieces)) :] += chance.choices(whole, k=chance.randint(0, 2))
    return "".join(piece + chance.choice(("\n", "\n", "\n\n", " \n\n")) for piece in pieces)[
        : chance.choice((None, -1, -3))
    ]


@pytest.mark.parametrize("seed", range(10))
def test_any_page_is_cut_as_the_rules_say_line_by_line(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(examples(600)):
        text = torn(chance)
        size = chance.randint(1, len(text) + 1)
        blocks = [text[at : at + size] for at in range(0, len(text), size)]

        notes: list[Note] = []
        assert (sightings(partial(iter, blocks), "a.txt", notes), notes) == cut_slowly(text), text
