"""Lines that are nearly marks: each ends the text before it and is noted; what only resembles one is text."""

from __future__ import annotations

import io
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.dumps.snapshot import read_snapshot
from digest.errors import DumpError
from digest.model import Note, NoteKind, Sighting
from tests.examples import examples
from tests.unit.dumps.reference import sightings

UNREAD_HEADERS = ("6 Novemb", "3 Decoder", "Juni 6, 2021", "6 Nov 21", "６ Octobre")
UNREAD_BYLINES = (
    "By 山客 | gestern | 7位读者 | 引用",
    "by 山客|21-2-1|7位读者|引用",
    "By 山客 | 2021-02-01 | 7位读者 | @",
    "By 山客 | 2021-02-01",
    "By 山客, 2021-02-01, 7位读者",
    "山客 | 2021-02-01 | 7位读者 | 引用",
    "山客｜2021-02-01｜7位读者",
    "2021-02-01 | 1.2万位读者 | 引用",
)


def cut(text: str, notes: list[Note] | None = None, size: int = 0) -> list[Sighting]:
    blocks = [text[at : at + (size or len(text))] for at in range(0, len(text), size or len(text))]
    return sightings(lambda: blocks, "a.txt", notes)


def told(found: list[Sighting]) -> list[tuple[str, tuple[str, ...], bool]]:
    return [(one.title, one.paragraphs, one.complete) for one in found]


@pytest.mark.parametrize("line", UNREAD_BYLINES)
def test_what_is_nearly_a_byline_ends_the_entry_before_it_and_is_noted(line: str) -> None:
    readable = "\nBy 山客 | 2021-02-01 | 7位读者 | 引用"
    page = f"甲{readable}正文甲。\n乙\n{line}正文乙。\n第二段。\n丙{readable}正文丙。\n最近评论"
    notes: list[Note] = []

    assert told(cut(page, notes)) == [("甲", ("正文甲。",), True), ("丙", ("正文丙。",), True)]
    assert [(note.line, note.kind) for note in notes] == [(4, NoteKind.UNREAD)]
    assert notes[0].text.startswith(line)


@pytest.mark.parametrize("line", [line for line in UNREAD_BYLINES if line.endswith("引用")])
def test_an_empty_excerpt_of_a_lost_entry_has_the_next_title_glued_to_its_label(line: str) -> None:
    readable = "\nBy 山客 | 2021-02-01 | 7位读者 | 引用"
    notes: list[Note] = []

    found = cut(f"甲{readable}乙\n{line}丙{readable}正文丙。\n最近评论", notes)

    assert told(found) == [("甲", (), True), ("丙", ("正文丙。",), True)]
    assert len(notes) == 1


def test_the_next_title_that_is_lost_with_an_unknown_label_is_noted_too() -> None:
    readable = "\nBy 山客 | 2021-02-01 | 7位读者 | 引用"
    notes: list[Note] = []

    assert told(
        cut(f"甲{readable}正文。\n乙\nBy 山客 | 2021-02-01 | 7位读者 | 丙{readable}正文丙。\n最近评论", notes)
    ) == [("甲", ("正文。",), True)]
    assert [note.line for note in notes] == [4, 5]


@pytest.mark.parametrize("line", UNREAD_HEADERS)
def test_what_is_nearly_a_header_ends_the_entry_before_it_and_is_noted(line: str) -> None:
    page = f"6 Nov\n\n甲\n\n正文甲。\n\n{line}\n\n乙\n\n正文乙。\n\n点击阅读全文...\n\n"
    page += "8 Nov\n\n丙\n\n正文丙。\n\n点击阅读全文...\n"
    notes: list[Note] = []

    assert told(cut(page, notes)) == [("甲", ("正文甲。",), False), ("丙", ("正文丙。",), True)]
    assert [(note.line, note.kind, note.text) for note in notes] == [(7, NoteKind.UNREAD, line)]


@pytest.mark.parametrize("mark", ["点击阅读全文...", "最近评论", "甲\nBy 山客 | 2021-02-01 | 7位读者 | 引用"])
@pytest.mark.parametrize("line", UNREAD_HEADERS)
def test_what_is_nearly_a_header_may_be_glued_to_a_mark(line: str, mark: str) -> None:
    page = f"{mark}{line}\n\n乙\n\n正文乙。\n\n点击阅读全文...\n\n8 Nov\n\n丙\n\n正文丙。\n\n点击阅读全文...\n"
    notes: list[Note] = []

    assert [one.title for one in cut(page, notes) if one.title != "甲"] == ["丙"]
    assert [note.kind for note in notes] == [NoteKind.UNREAD]


@pytest.mark.parametrize("mark", ["点击阅读全文...", "最近评论", "甲\nBy 山客 | 2021-02-01 | 7位读者 | 引用"])
@pytest.mark.parametrize("line", ["6 Sept", "Nov. 6, 2021", "６ NOV"])
def test_a_header_in_any_writing_may_be_glued_to_a_mark(line: str, mark: str) -> None:
    page = f"{mark}{line}\n\n乙\n\n正文乙。\n\n点击阅读全文...\n"

    assert told(cut(page))[-1] == ("乙", ("正文乙。",), True)


TEXT_LINES = [
    "| 模型 | 2021-02-01 | 7位读者 |",  # a row of a table
    "模型 | 2021-02-01",
    "当 |x| < 1 且 |y| < 2 时,2021-02-01 之前的结果成立。",
    "a = b | c | d",
    "By the way | this is a command line",
    "By 2021-02-01, nobody had read it.",
    "By and large, 2021-02-01 was a good day for all of us.",
    "他在 2021-02-01 说:有 7位读者 来信。",
    "2021-02-01",
    "Bye | 2021-02-01 | 7 | x",
    "grep -E '2021-02-01|2021-02-02|2021-02-03' log | wc -l",
    "标签: 数学 | 物理 | 化学",
]


@pytest.mark.parametrize("line", TEXT_LINES)
def test_a_line_that_only_resembles_a_byline_is_text(line: str) -> None:
    readable = "\nBy 山客 | 2021-02-01 | 7位读者 | 引用"
    search = f"甲{readable}正文甲。\n{line}\n第三段。\n乙{readable}正文乙。\n最近评论"
    index = f"6 Nov\n\n丙\n\n正文丙。\n\n{line}\n\n第三段。\n\n点击阅读全文...\n"
    notes: list[Note] = []

    assert told(cut(f"{search}\n{index}", notes)) == [
        ("甲", ("正文甲。", line, "第三段。"), True),
        ("乙", ("正文乙。",), True),
        ("丙", ("正文丙。", line, "第三段。"), True),
    ]
    assert notes == []


def test_rows_of_a_table_with_days_are_text() -> None:
    rows = ("版本 | 日期 | 大小", "1.0 | 2021-02-01 | 7", "1.1 | 2021-03-01 | 8", "1.2 | 2021-04-01 | 9")
    lines = "\n".join(rows)
    notes: list[Note] = []

    (found,) = cut(f"甲\nBy 山客 | 2021-02-01 | 7位读者 | 引用正文如下\n{lines}\n第三段。\n最近评论", notes)

    assert (found.paragraphs, notes) == (("正文如下", *rows, "第三段。"), [])


@pytest.mark.parametrize("line", ["3 Decoder", "May 4", "6 Nov"])
def test_a_heading_that_resembles_a_header_is_text_where_a_sentence_follows(line: str) -> None:
    notes: list[Note] = []
    (found,) = cut(f"6 Nov\n\n甲\n\n正文甲。\n\n{line}\n\n这里是下一段。\n\n点击阅读全文...\n", notes)

    assert (found.paragraphs, notes) == (("正文甲。", line, "这里是下一段。"), [])


def test_a_heading_of_a_search_page_is_text_where_the_file_has_no_index_page() -> None:
    notes: list[Note] = []
    (found,) = cut("甲\n\nBy 山客 | 2021-02-01 | 7位读者 | 引用正文\n\n3 Decoder\n\nThe decoder\n\n最近评论", notes)

    assert (found.paragraphs, notes) == (("正文", "3 Decoder", "The decoder"), [])


def test_furniture_with_bars_and_days_is_nothing() -> None:
    page = "首页 | 归档 | 关于\n今天 2021-02-01 | 登录\n\n6 Nov\n\n甲\n\n正文。\n\n点击阅读全文...\n\n"
    page += "分类:数学 | 2021-02-01 | 7位读者\n\n© 2021 | 山客\n"
    notes: list[Note] = []

    assert (told(cut(page, notes)), notes) == ([("甲", ("正文。",), True)], [])


def test_a_dump_of_nothing_but_unreadable_marks_is_refused_with_the_first_line() -> None:
    with pytest.raises(DumpError, match=r"line 2 looks like the start of an entry"):
        read_snapshot(io.BytesIO("甲\nBy 山客 | gestern | 7位读者 | 引用正文\n".encode()), "a.txt")


def test_a_byline_that_is_being_written_is_not_noted() -> None:
    page = "甲\nBy 山客 | 2021-02-01 | 7位读者 | 引用正文甲。\n乙\n"
    for cut_off in (
        "By 山客 | 2021",
        "by 山客|2021/2/1|7位",
        "By 山客 | 2021-02-01 | 7位读者 | 引",
        "By 山客 | 2021-02-01 | 7位读者",
    ):
        notes: list[Note] = []
        assert (told(cut(page + cut_off, notes)), notes) == ([("甲", ("正文甲。",), False)], [])


marks = st.sampled_from(UNREAD_BYLINES + UNREAD_HEADERS)


def foreign(found: list[Sighting]) -> list[str]:
    """Texts that stand in another article than their own. Each text names its article in front: `甲3:…`."""
    return [
        text
        for one in found
        for text in one.paragraphs
        if ":" in text and text.partition(":")[0] != one.title.partition(":")[0]
    ]


@settings(max_examples=examples(300))
@given(
    st.lists(st.tuples(st.booleans(), st.one_of(st.none(), marks), st.integers(0, 2)), min_size=1, max_size=6),
    st.integers(1, 60),
)
def test_no_text_of_one_article_stands_in_another(entries: list[tuple[bool, str | None, int]], size: int) -> None:
    """Pages of both layouts one behind the other; any entry may have a mark that cannot be read."""
    text = ""
    lost = set()
    in_search = False
    for number, (is_block, mark, paragraphs) in enumerate(entries):
        name = f"第{number}篇"
        body = [f"{name}:第{at}段" for at in range(paragraphs)]
        unread = mark in (UNREAD_HEADERS if is_block else UNREAD_BYLINES)
        if unread:
            lost.add(name)
        if is_block:
            header = mark if unread and mark else "6 Nov"
            text += "最近评论\n\n" * in_search + "\n\n".join([header, f"{name}:题", *body, "点击阅读全文..."]) + "\n\n"
        else:
            line = mark if unread and mark else "By 山客 | 2021-02-01 | 7位读者 | 引用"
            text += f"{name}:题\n{line}\n" + "".join(f"{paragraph}\n" for paragraph in body)
        in_search = not is_block
    text += "最近评论\n" * in_search
    notes: list[Note] = []

    found = cut(text, notes, size)

    assert foreign(found) == []
    whole = {f"第{number}篇" for number in range(len(entries))}
    assert {one.title.partition(":")[0] for one in found} == whole - lost
    assert sum(note.kind is NoteKind.UNREAD for note in notes) == len(lost)


@settings(max_examples=examples(300))
@given(st.data())
def test_a_mark_that_cannot_be_read_anywhere_on_a_page_mixes_nothing(data: st.DataObject) -> None:
    lines: list[str] = []
    for number in range(4):
        name = f"第{number}篇"
        lines += [f"{name}:题", "By 山客 | 2021-02-01 | 7位读者 | 引用", f"{name}:一", f"{name}:二"]
    lines.append("最近评论")
    at = data.draw(st.integers(0, len(lines)))
    inserted = ["外:题", data.draw(st.sampled_from(UNREAD_BYLINES)), "外:一", "外:二"]
    notes: list[Note] = []

    found = cut("\n".join([*lines[:at], *inserted, *lines[at:]]), notes, data.draw(st.integers(1, 60)))

    assert [text for text in foreign(found) if text.startswith("外")] == []
    assert len([note for note in notes if note.kind is NoteKind.UNREAD]) >= (at <= 4 * 4)


HOSTILE = [
    *("|" * 200_000, " | " * 70_000, "By " + "|" * 100_000, "By " + " " * 200_000, "By " * 70_000, "9" * 200_000),
    *(" " * 200_000, "\N{ZERO WIDTH SPACE}" * 200_000 + "6", "By 山客 | " + "2021-02-01 | " * 20_000, "1 " * 100_000),
    *("6 " + "Nov" * 70_000, "6" + " " * 200_000 + "Nov", "By 山客 | 2021-02-01 | " + "7 " * 100_000 + "位读者 | 引用"),
    *("山客 | " * 50_000 + "位读者", "2021-02-01 " * 20_000, "点击阅读全文" + "." * 200_000, "阅读全文 " * 40_000),
]


@pytest.mark.parametrize("line", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_line_takes_no_longer_than_text(line: str) -> None:
    readable = "\nBy 山客 | 2021-02-01 | 7位读者 | 引用"
    page = f"甲{readable}正文。\n{line}\n乙{readable}正文\n最近评论\n\n6 Nov\n\n丙\n\n{line}\n\n点击阅读全文...\n"
    start = time.process_time()
    cut(page)
    cut("\n".join([line[:60]] * 3000) + page)

    assert time.process_time() - start < 3


def test_many_short_hostile_lines_take_no_longer_than_text() -> None:
    chance = random.Random(7)
    pieces = [
        "|",
        "｜",
        " ",
        "By ",
        "6 ",
        "Nov",
        "2021-02-01",
        "7位读者",
        "\n",
        "\n\n",
        "阅读全文 »",
        "引用",
        "|||",
        "\u200b",
    ]
    start = time.process_time()
    for _ in range(20):
        cut("".join(chance.choices(pieces, k=5000)))

    assert time.process_time() - start < 10
