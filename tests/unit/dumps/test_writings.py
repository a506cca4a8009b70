"""Counts, days, headers and bylines in the writings that sites and extractors use."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.dumps.layouts import counts, dateblock, fields
from digest.model import DateEvidence, Note, NoteKind, Sighting
from tests.examples import examples
from tests.unit.dumps.reference import sightings

TITLE, TEXT = "春天的题目", "第一段,说|山|。"


def cut(text: str, notes: list[Note] | None = None) -> list[Sighting]:
    return sightings(lambda: [text], "a.txt", notes)


@pytest.mark.parametrize(
    ("written", "readers"),
    [
        ("932447", 932447),
        ("12,345", 12345),
        ("12.345", 12345),
        ("1.234.567", 1234567),
        ("12 345", 12345),
        ("12\N{THIN SPACE}345", 12345),
        ("12\N{NARROW NO-BREAK SPACE}345", 12345),
        ("12\N{NO-BREAK SPACE}345", 12345),
        ("1,2345", 12345),
        ("１２３４５", 12345),
        ("１２，３４５", 12345),
        ("1.2万", 12000),
        ("1.2萬", 12000),
        ("1.2w", 12000),
        ("1.2W", 12000),
        ("1.25w+", 12500),
        ("1.2k", 1200),
        ("1.2K+", 1200),
        ("3千", 3000),
        ("12,5k", 12500),
        ("1.234万", 12340),
        ("2百万", 2_000_000),
        ("1亿", 100_000_000),
        ("12345+", 12345),
        ("约12345", 12345),
        ("约 1.2 万", 12000),
        ("超过1000", 1000),
        ("1000多", 1000),
        ("~500", 500),
        ("1000000000000", 10**12),
    ],
)
def test_a_count_has_many_writings(written: str, readers: int) -> None:
    assert counts.read(written) == (readers, True)


@pytest.mark.parametrize("written", ["", " ", "—", "–", "-", "--", "n/a", "暂无"])
def test_a_count_that_is_not_printed_is_unknown(written: str) -> None:
    assert counts.read(written) == (None, True)


@pytest.mark.parametrize(
    "written", ["1000000000001", "9" * 20, "9" * 5000, "2亿亿", "很多", "1.2", "1..2k", "5000000000万"]
)
def test_a_count_that_cannot_be_right_is_unknown_and_noted(written: str) -> None:
    assert counts.read(written) == (None, False)


HEADERS = {
    "6 Nov": (11, 6, None),
    "06 Nov": (11, 6, None),
    "6 Sept": (9, 6, None),
    "6 sept.": (9, 6, None),
    "6 SEPTEMBER": (9, 6, None),
    "Sept 6": (9, 6, None),
    "Sept. 6": (9, 6, None),
    "September 6, 2021": (9, 6, 2021),
    "6 Nov 2021": (11, 6, 2021),
    "6 Nov, 2021": (11, 6, 2021),
    "2021 Nov 6": (11, 6, 2021),
    "6-Nov-2021": (11, 6, 2021),
    "6\tNov": (11, 6, None),
    "6\N{NO-BREAK SPACE}Nov": (11, 6, None),
    "6  Nov": (11, 6, None),
    "6\N{IDEOGRAPHIC SPACE}Nov": (11, 6, None),
    "6Nov": (11, 6, None),
    "6th Nov": (11, 6, None),
    "May 1st, 2020": (5, 1, 2020),
    "\N{ZERO WIDTH SPACE}6 Nov\N{ZERO WIDTH SPACE}": (11, 6, None),
    "\N{NO-BREAK SPACE}6 Nov": (11, 6, None),
    "６ Nov": (11, 6, None),
    "6 Nov, 10:30": (11, 6, None),
    "6 Nov 2021 08:05:59": (11, 6, 2021),
    "Nov 6, 2021 at 4:30 pm": (11, 6, 2021),
    "29 Feb": (2, 29, None),
    "29 Feb 2020": (2, 29, 2020),
}


@pytest.mark.parametrize(("line", "day"), HEADERS.items())
def test_a_date_header_has_many_writings(line: str, day: tuple[int, int, int | None]) -> None:
    (found,) = cut(f"{line}\n\n{TITLE}\n\n{TEXT}\n\n点击阅读全文...\n")

    assert (found.title, found.date, found.paragraphs) == (TITLE, DateEvidence(*day), (TEXT,))


@pytest.mark.parametrize("line", ["29 Feb 2021", "31 Nov", "Nov 0", "1 Jan 0000"])
def test_an_impossible_day_in_any_writing_makes_an_entry_without_date(line: str) -> None:
    (found,) = cut(f"{line}\n\n{TITLE}\n\n{TEXT}\n\n点击阅读全文...\n")

    assert (found.title, found.date, found.paragraphs) == (TITLE, None, (TEXT,))


@pytest.mark.parametrize(
    "line", ["6 Novemb", "6 Nov 21", "6 Octobre", "3 Mars", "Juni 6", "Sepetmber 6, 2021", "6 Nov '21"]
)
def test_a_day_and_a_word_like_a_month_look_like_a_header(line: str) -> None:
    assert dateblock.header(line) is None
    assert dateblock.looks_like_header(line)


@pytest.mark.parametrize(
    "line", ["Nov 2021", "Nov", "6", "6 Nov 2021 and more", "6 Nov Title", "11月6日", "123 Nov", "6 Ton", "a" * 99]
)
def test_what_has_no_day_or_more_words_does_not_look_like_a_header(line: str) -> None:
    assert not dateblock.looks_like_header(line)


DAYS = {
    "2021-02-01": (2, 1, 2021),
    "2021-2-1": (2, 1, 2021),
    "2021/02/11": (2, 11, 2021),
    "2021.02.11": (2, 11, 2021),
    "2021年2月11日": (2, 11, 2021),
    "2021年02月11日": (2, 11, 2021),
    "2021 年 2 月 11 日": (2, 11, 2021),
    "2021-02-11 08:30": (2, 11, 2021),
    "2021-02-11 08:30:15": (2, 11, 2021),
    "2021-02-11T08:30:15+08:00": (2, 11, 2021),
    "2021年2月11日 下午3:05": (2, 11, 2021),
    "2021-02-11 周四": (2, 11, 2021),
    "２０２１-２-１": (2, 1, 2021),
    "发布于 2021-02-11": (2, 11, 2021),
    "Feb 11, 2021": (2, 11, 2021),
}
BYLINES = {
    "By 山客 | {} | 7位读者 | 引用": 7,
    "by 山客 | {} | 1.2万位读者 | 引用": 12000,
    "BY 山客|{}|12,345位读者|引用": 12345,
    "By 山客｜{}｜12.345 位读者｜引用": 12345,
    "By 山客 ｜ {} ｜ 约12345位读者 ｜ 引用": 12345,
    "By 山客 | {} | 3条评论 | 7位读者 | 引用": 7,
    "By 山客 | {} | 7位读者 | 3条评论 | 引用": 7,
    "By 山客 | {} | 7位读者 | 12 comments | 引用": 7,
    "By 山客 | {} | 数学 | 7位读者 | 引用": 7,
    "By 山客 | {} | —位读者 | 引用": None,
    "By 山客 | {} | — | 引用": None,
    "By 山客 | {} | 位读者 | 引用": None,
    "By 山客 | {} |  | 引用": None,
    "By 山客 | {} | 引用": None,
    "By 山客 | {} | 7位读者 | 摘要": 7,
    "By 山客 | {} | 7位读者 | Cite": 7,
    "By 山客 | {} | 7位读者 | 收藏:": 7,
    "\N{ZERO WIDTH SPACE}By 山客 | {} | 7位读者 | 引用": 7,
    "\N{NO-BREAK SPACE}\N{ZERO WIDTH NO-BREAK SPACE}By 山客 | {} | 7位读者 | 引用": 7,
    "By 山客 | {} | 7位读者 | 引用".replace(" ", "\N{NO-BREAK SPACE}"): 7,
    "By 山客 | {} | 阅读:1,234 | 引用": 1234,
    "By 山客 | {} | 12\N{THIN SPACE}345 位讀者 | 引用": 12345,
}


@pytest.mark.parametrize(("written", "day"), DAYS.items())
@pytest.mark.parametrize(("line", "readers"), BYLINES.items())
def test_a_byline_has_many_writings(line: str, readers: int | None, written: str, day: tuple[int, int, int]) -> None:
    notes: list[Note] = []
    (found,) = cut(f"{TITLE}\n{line.format(written)}{TEXT}\n又一段。\n最近评论\n谁:说了\n", notes)

    assert (found.title, found.author, found.date) == (TITLE, "山客", DateEvidence(*day))
    assert (found.readers, found.paragraphs, found.complete, notes) == (readers, (TEXT, "又一段。"), True, [])


@pytest.mark.parametrize(
    "line", ["By | 2021-02-01 | 7位读者 | 引用", "By  | 2021-2-1 | 7位读者 | 引用", "by｜2021/2/1｜7位读者｜引用"]
)
def test_an_author_may_be_missing(line: str) -> None:
    (found,) = cut(f"{TITLE}\n{line}{TEXT}\n最近评论\n")

    assert (found.title, found.author, found.date, found.paragraphs) == (TITLE, None, DateEvidence(2, 1, 2021), (TEXT,))


def test_a_label_that_nobody_knows_is_what_all_bylines_have_in_common() -> None:
    line = "\nBy 山客 | 2021-2-1 | 7位读者 | 标注"
    page = f"甲{line}正文甲。\n乙{line}丙{line}正文丙。\n最近评论\n"
    notes: list[Note] = []

    assert [(one.title, one.paragraphs) for one in cut(page, notes)] == [
        ("甲", ("正文甲。",)),
        ("乙", ()),
        ("丙", ("正文丙。",)),
    ]
    assert notes == []


def test_a_label_that_one_byline_has_is_not_separated_from_its_text() -> None:
    notes: list[Note] = []

    assert cut("甲\nBy 山客 | 2021-2-1 | 7位读者 | 标注正文甲。\n最近评论\n", notes) == []
    assert [(note.line, note.kind) for note in notes] == [(2, NoteKind.UNREAD)]


def test_a_byline_may_end_behind_the_count_where_the_line_ends() -> None:
    (found,) = cut(f"{TITLE}\nBy 山客 | 2021-2-1 | 7位读者\n{TEXT}\n最近评论\n")

    assert (found.readers, found.paragraphs) == (7, (TEXT,))


@pytest.mark.parametrize(
    "line",
    [
        "By 山客 | 2021-2-1",  # neither readers nor a label: any site's comment looks like it
        "By 山客 | 2021-2-1 | 12",
        "By 山客 | gestern | 7位读者 | 引用",
        "By 山客 | 21-2-1 | 7位读者 | 引用",
        "By 山客, 2021-2-1, 7位读者",
        "山客 | 2021-2-1 | 7位读者 | 引用",
    ],
)
def test_a_byline_without_day_or_count_is_not_read(line: str) -> None:
    assert fields.read(line) is None


def test_a_count_that_cannot_be_right_is_reported_with_its_line() -> None:
    notes: list[Note] = []
    found = cut(f"{TITLE}\nBy 山客 | 2021-2-1 | {'9' * 20}位读者 | 引用{TEXT}\n最近评论\n", notes)

    assert [(one.title, one.readers, one.paragraphs) for one in found] == [(TITLE, None, (TEXT,))]
    assert [(note.line, note.kind) for note in notes] == [(2, NoteKind.COUNT)]
    assert "unknown" in notes[0].sentence


MORE = [
    *("阅读全文 »", "阅读全文", "继续阅读→", "查看全文", "閱讀全文…", "繼續閱讀", "[阅读全文]"),
    *("Read more", "READ MORE »", "Continue reading →", "continue", "more", "(more…)", "More…", "Weiter →"),
]


@pytest.mark.parametrize("line", MORE)
def test_a_last_line_that_recurs_and_reads_like_read_more_is_the_end_mark(line: str) -> None:
    entry = "{} Nov\n\n{}\n\n正文{}。\n\n" + line + "\n\n"
    notes: list[Note] = []
    found = cut("".join(entry.format(day, f"题目{day}", day) for day in (6, 8, 9)) + "上一页 下一页\n© 山客\n", notes)

    assert [(one.title, one.paragraphs, one.complete) for one in found] == [
        (f"题目{day}", (f"正文{day}。",), True) for day in (6, 8, 9)
    ]
    assert [(note.line, note.kind, note.text, note.entries) for note in notes] == [(7, NoteKind.END_MARK, line, 3)]


@pytest.mark.parametrize(
    "line", ["Register here", "Learn more about us", "Reply", "报名", "评论", "Share", "more on this", "…" * 50]
)
def test_any_other_line_that_recurs_makes_no_listing(line: str) -> None:
    entry = "{} Nov\n\n{}\n\nText {}.\n\n" + line + "\n\n"

    assert cut("".join(entry.format(day, f"Title {day}", day) for day in (6, 8, 9))) == []


def test_a_read_more_mark_under_one_entry_makes_no_listing() -> None:
    assert cut("6 Nov\n\n甲\n\n正文。\n\n阅读全文 »\n") == []


def test_days_with_titles_among_the_comments_of_a_search_page_are_no_entries() -> None:
    page = (
        "甲\nBy 山客 | 2021-2-1 | 7位读者 | 引用正文。\n最近评论\n\n3 Apr\n\nAnna\n\nNice.\n\n4 Apr\n\nBen\n\nThanks.\n"
    )

    assert [one.title for one in cut(page)] == ["甲"]


def test_pages_with_end_marks_of_their_own_stand_in_one_file() -> None:
    known = "6 Nov\n\n甲\n\n正文甲。\n\n点击阅读全文...\n\n"
    other = "7 Nov\n\n乙\n\n正文乙。\n\nRead more\n\n8 Nov\n\n丙\n\n正文丙。\n\nRead more\n\n"
    notes: list[Note] = []

    for text in (known + other, other + known):
        found = cut(text, notes)
        assert sorted((one.title, one.paragraphs, one.complete) for one in found) == [
            ("丙", ("正文丙。",), True),
            ("乙", ("正文乙。",), True),
            ("甲", ("正文甲。",), True),
        ]
    assert [note.entries for note in notes] == [2, 2]


def test_a_learned_end_mark_is_glued_to_what_follows() -> None:
    page = "7 Nov\n\n乙\n\n正文乙。\n\n阅读全文 »\n\n8 Nov\n\n丙\n\n正文丙。\n\n阅读全文 »"

    assert [(one.title, one.paragraphs, one.complete) for one in cut(page + page)] == [
        ("乙", ("正文乙。",), True),
        ("丙", ("正文丙。",), True),
    ] * 2
    assert [one.title for one in cut(page + "丁\nBy 山客 | 2021-2-1 | 7位读者 | 引用正文丁。\n最近评论")] == [
        "乙",
        "丙",
        "丁",
    ]


def test_a_page_that_is_being_written_keeps_its_last_entry_incomplete() -> None:
    page = "7 Nov\n\n乙\n\n正文乙。\n\n阅读全文 »\n\n8 Nov\n\n丙\n\n正文丙。\n\n阅读全文 »\n\n9 Nov\n\n丁\n\n只写"

    assert [(one.title, one.paragraphs, one.complete) for one in cut(page)][-1] == ("丁", ("只写",), False)


header_writings = st.sampled_from(sorted(HEADERS))
byline_writings = st.tuples(st.sampled_from(sorted(BYLINES)), st.sampled_from(sorted(DAYS)))
words = st.text(st.sampled_from("天地玄黄宇宙洪荒abc。|?"), min_size=1, max_size=12).map(lambda text: "文" + text)


@settings(max_examples=examples(200))
@given(
    st.lists(st.tuples(header_writings, words, st.lists(words, max_size=3, unique=True)), max_size=3),
    st.lists(st.tuples(byline_writings, words, st.lists(words, max_size=3)), max_size=4),
    st.integers(1, 50),
)
def test_entries_in_any_writing_are_read_as_they_were_printed(
    index: list[tuple[str, str, list[str]]],
    search: list[tuple[tuple[str, str], str, list[str]]],
    size: int,
) -> None:
    text = "".join(
        "\n\n".join([header, "题" + title, *body, "点击阅读全文..."]) + "\n\n" for header, title, body in index
    )
    for (line, day), title, body in search:
        text += f"题{title}\n{line.format(day)}" + "".join(f"{paragraph}\n" for paragraph in body)
    text += "最近评论"
    blocks = [text[at : at + size] for at in range(0, len(text), size)]
    notes: list[Note] = []

    found = sightings(lambda: blocks, "a.txt", notes)

    assert [(one.title, one.date, one.readers, one.paragraphs) for one in found] == [
        *(("题" + title, DateEvidence(*HEADERS[header]), None, tuple(body)) for header, title, body in index),
        *(("题" + title, DateEvidence(*DAYS[day]), BYLINES[line], tuple(body)) for (line, day), title, body in search),
    ]
    assert all(one.complete for one in found)
    assert notes == []
