"""What each word of the vocabulary of declared layouts does, one test for each rule."""

from __future__ import annotations

import io
import time
from itertools import repeat
from typing import TYPE_CHECKING

import pytest

from digest.dumps.declared import LayoutError, Read, Reading, compiled, read_text
from digest.dumps.declared.matching import Matcher
from digest.dumps.declared.reading import Walk
from digest.dumps.declared.rows import count
from digest.dumps.declared.sightings import DeclaredLayouts
from digest.dumps.snapshot import read_sightings
from tests.unit.dumps.pages import ALL, said

if TYPE_CHECKING:
    from digest.dumps.declared import Found
    from tests.unit.dumps.pages import Page


def read(entry: str | list[str], text: str, **keys: object) -> Read:
    return read_text(compiled([{"id": "x", "entry": entry, **keys}], "x.toml"), text)


def one(entry: str | list[str], text: str, **keys: object) -> Found:
    (found,) = read(entry, text, **keys).entries
    return found


def titles(entry: str | list[str], text: str, **keys: object) -> list[str]:
    return [found.title for found in read(entry, text, **keys).entries]


def test_fields_are_what_they_are_named() -> None:
    found = one(
        "{title}\nby {author} on {date} {time} in {tag}\n{kind:New|Old item} {mood}\n{link}\n{reads:n} reads, {_}\n"
        "{text}",
        "T\nby Ann Bee on 2021-06-11 10:05 in a, b\nOld  item calm\nhttps://a.example/b\n1,234 reads, whatever\nA b.\n",
    )
    assert (found.title, found.author, found.link) == ("T", "Ann Bee", "https://a.example/b")
    assert found.date == (2021, 6, 11)
    assert found.tags == ("a", "b", "Old  item")
    assert found.counts == {"reads": 1234}
    assert found.fields == {"time": "10:05", "mood": "calm"}
    assert found.paragraphs == ("A b.",)


def test_a_field_that_stands_twice_is_equal_both_times() -> None:
    entry = "* {title}\n{title}\n{date}"
    assert titles(entry, "* A\nA\n2021-06-11\n* B\nC\n2021-06-12\n") == ["A"]


def test_lines_and_pieces_may_be_missing() -> None:
    entry = "{title}\n?by {author}\n{date} [in {tag}] [({n:n})]\n{text}"
    text = "A\nby Bo\n2021-06-11 in x (3)\n\nB\n2021-06-12\n\nC\n2021-06-13 (4)\n"
    assert [(f.title, f.author, f.tags, f.counts) for f in read(entry, text).entries] == [
        ("A", "Bo", ("x",), {"n": 3}),
        ("B", None, (), {}),
        ("C", None, (), {"n": 4}),
    ]


def test_a_line_all_in_brackets_may_be_missing() -> None:
    entry = "{title}\n{date}\n[by {author}]\n{text}"
    found = read(entry, "A\n2021-06-11\nby Bo\nx\nB\n2021-06-12\ny\n").entries
    assert [(one.title, one.author, one.paragraphs) for one in found] == [("A", "Bo", ("x",)), ("B", None, ("y",))]


def test_a_cut_entry_counts_only_when_its_optional_date_was_seen() -> None:
    entry = "New: {title} by {author}\n?on {date}\n{text}\nRead more about it"
    whole = "New: A by B\nsome text\nRead more about it\n"
    assert titles(entry, f"{whole}New: C by D\nsome text\n") == ["A"]
    assert titles(entry, f"{whole}New: C by D\non 2021-06-11\nsome text\n") == ["A", "C"]


def test_a_backslash_makes_a_bracket_a_brace_or_a_question_mark_of_a_page() -> None:
    assert titles(r"\[{kind:a|b}\] {title}", "[a] T\n[c] U\n") == ["T"]
    assert titles(r"\{{title}\} {date}", "{T} 2021-06-11\n") == ["T"]
    assert titles("\\? {title}", "? T\n") == ["T"]


@pytest.mark.parametrize("space", [" ", "   ", "\t", "\xa0", "\u3000", "\u2003 "])
def test_any_white_space_equals_any_other(space: str) -> None:
    assert titles("No.  {n:n} {title}", f"\u3000No.{space}7{space}T\xa0\n") == ["T"]


def test_white_space_beside_a_field_is_no_part_of_it() -> None:
    found = one("{title} [by {author}] [({date})]", "Go\nA title \u3000 by  Bo  (2021-06-11)\n", begins=["Go"])
    assert (found.title, found.author) == ("A title", "Bo")


def test_blank_lines_are_allowed_and_never_required() -> None:
    for text in ("A\n2021-06-11\nb\n", "\n\nA\n\n \n2021-06-11\n\n\u3000\nb\n\n"):
        assert one("{title}\n\n{date}\n{text}", text).paragraphs == ("b",)


def test_full_width_marks_of_a_drawing_equal_those_that_a_crawler_folded() -> None:
    assert titles("标题：{title}（{date}）", "标题:甲(2021-06-11)\n标题：乙（2021-06-12）\n") == ["甲", "乙"]


def test_text_goes_up_to_what_is_drawn_next_and_may_be_glued() -> None:
    entry = "* {title}\n引用{text} More »\n{reads:n}"
    found = one(entry, "* A\n引用one\ntwo\n5\nthree More »\n7\n")
    assert (found.paragraphs, found.counts) == (("one", "two", "5", "three"), {"reads": 7})
    assert one(entry, "* A\n引用More »\n7\n").paragraphs == ()
    assert one(entry, "* A\n引用one More »\n7\n").paragraphs == ("one",)


def test_a_title_that_is_glued_to_an_empty_text_is_found() -> None:
    entry = "{title}\nBy {author} | {date} | 引用{text}"
    text = "A\nBy x | 2021-06-11 | 引用B\nBy y | 2021-06-12 | 引用END\nC\n"
    assert titles(entry, text, ends=["END"]) == ["A", "B"]
    assert [found.paragraphs for found in read(entry, text, ends=["END"]).entries] == [(), ()]


def test_begins_ends_and_skip_are_lines_with_fields() -> None:
    keys = {"begins": ["News {_}"], "ends": ["Page {n:n}"], "skip": ["Advert {_}"]}
    text = (
        "T\n2021-01-01\nNews of May\nA\nAdvert one\n2021-06-11\nb\nAdvert two\nc\nPage 1\nSide\n2021-01-01\n"
        "News x\nB\n2021-06-12\n"
    )
    found = read("{title}\n{date}\n{text}", text, **keys).entries
    assert [(f.title, f.paragraphs, f.page) for f in found] == [("T", (), 0), ("A", ("b", "c"), 1), ("B", (), 2)]


def test_a_heading_gives_what_the_dates_of_its_entries_lack() -> None:
    text = "2021\nJune\n* 11 A\n* 12 July B\n2020\n* 1 May C\n* 3 D\n"
    assert said(read("* {date} {title}", text, heading="{date}")) == [
        ("A", 2021, 6, 11), ("B", None, 7, 12), ("C", 2020, 5, 1), ("D", 2020, None, None),
    ]  # fmt: skip


def test_a_finer_heading_ends_with_the_next_one_and_a_coarser_one_stays() -> None:
    text = "2021\n11 June\n* A\n10 June\n* B\nDecember 2020\n* C\nJanuary\n* D\n"
    assert said(read("* {title}", text, heading="{date}")) == [
        ("A", 2021, 6, 11), ("B", 2021, 6, 10), ("C", 2020, 12, None), ("D", None, 1, None),
    ]  # fmt: skip


def test_nothing_counts_before_the_first_heading() -> None:
    assert titles("* {title}", "* Home\n* About\n11 June 2021\n* A\n", heading="{date}") == ["A"]


def test_a_month_in_a_sidebar_is_neither_a_date_nor_a_heading_where_days_are() -> None:
    assert titles("{title}\n{date}\n{text}", "A\n11 June 2021\nb\nArchive\nJune 2021\nMay 2021\n") == ["A"]
    assert titles("{title} ({date})\n{text}", "A (11 June 2021)\nb\nsee (June 2019)\n") == ["A"]
    text = "11 June 2021\n* A\nMay 2021\n* B\n"
    assert said(read("* {title}", text, heading="{date}"))[1] == ("B", 2021, 6, 11)


def test_a_date_beside_text_needs_a_day() -> None:
    assert titles("{date} {title}", "2021 in review\nMay we suggest\n2021-06-11 A\n") == ["A"]


def test_of_several_drawings_the_one_that_shows_most_is_taken() -> None:
    entry = ["{title}\n{text}\nMore", "{title}\n{date}\n{text}\nMore"]
    assert said(read(entry, "Go\nA\n2021-06-11\nb\nMore\nB\nc\nMore\n", begins=["Go"])) == [
        ("A", 2021, 6, 11), ("B", None, None, None),
    ]  # fmt: skip


def test_short_titles_stand_before_a_paragraph() -> None:
    text = "Left over.\n11 June 2021\nA\nCaption\nLong enough to end.\nB\nIt ends.\nC:\nD.\nlast words\n"
    found = read("{title}\n{text}", text, heading="{date}", short_titles=True).entries
    assert [f.title for f in found] == ["A", "B"]
    assert found[0].paragraphs == ("Caption", "Long enough to end.")


def test_wrapped_lines_are_joined_without_a_space_between_chinese_characters() -> None:
    found = one("# {title}\n{text}", "# A\n一二\n三四\n\nfive\nsix\n", paragraphs="wrapped")
    assert found.paragraphs == ("一二三四", "five six")
    assert one("# {title}\n{text}", "# A\na\n\nb\n", paragraphs="lines").paragraphs == ("a", "b")


def test_a_wrapped_title_and_a_wrapped_line_are_read_whole() -> None:
    title = "A title that is so long that the page has to break it"
    text = f"Go\n\n{title}\nin two\n\nsome text\n\nposted on 11\nJune 2021\n"
    keys = {"paragraphs": "wrapped", "begins": ["Go"]}
    assert said(read("{title}\n{text}\nposted on {date}", text, **keys)) == [(f"{title} in two", 2021, 6, 11)]


def test_a_left_over_paragraph_is_no_title() -> None:
    entry = "{title}\n{text}\nMore »"
    text = "left over\nfrom before\nMore »\nA\nb\nMore »\n"
    assert titles(entry, text) == ["A"]
    assert titles(entry, "Go\n" + text, begins=["Go"]) == ["left over", "A"]
    assert titles(entry, "11 June 2021\n" + text, heading="{date}") == ["left over", "A"]
    assert titles(entry, "End\n" + text, ends=["End"]) == ["left over", "A"]


def test_a_title_with_a_piece_that_may_be_missing_is_bare_too() -> None:
    entry = "[{kind:Pinned}] {title} [({n:n})]\n{text}\nMore »"
    assert titles(entry, "left over\nfrom before\nMore »\nPinned A (3)\nb\nMore »\nC\nMore »\n") == ["A", "C"]


def test_end_marks_stand_between_entries_where_nothing_else_does() -> None:
    text = "Go\nA\nb\nMore »\nC\nd\nMore »\nFooter\n"
    assert titles("{title}\n{text}", text, begins=["Go"], ends=["More »"]) == ["A", "C"]


def test_a_relative_date_is_none() -> None:
    assert said(read("{title} · {_}\n{n:n} replies", "A · 3 days ago\n5 replies\n")) == [("A", None, None, None)]


def test_the_order_of_numbers_is_taken_from_another_date_of_the_text() -> None:
    entry, text = "{title}\n{date}", "A\n05/02/22\nB\n06/03/22\n"
    assert [found[1:] for found in said(read(entry, text))] == [(None, None, None)] * 2
    assert next(found[1:] for found in said(read(entry, text + "C\n13/02/22\n"))) == (2022, 2, 5)
    assert next(found[1:] for found in said(read(entry, text, date_order="mdy"))) == (2022, 5, 2)
    both = text + "C\n13/02/22\nD\n02/13/22\n"
    assert next(found[1:] for found in said(read(entry, both))) == (None, None, None)


def test_an_entry_without_its_end_is_incomplete_and_one_without_its_date_is_none() -> None:
    found = read("{title}\n{date}\n{text}\nMore", "A\n2021-06-11\nb\nC\n2021-06-12\nd\nMore\n").entries
    assert [(f.title, f.complete) for f in found] == [("A", False), ("C", True)]
    lost = read("{kind:x|y} {title}\n{text}\n{date}", "x A\nb\ny C\n2021-06-12\n")
    assert [f.title for f in lost.entries] == ["C"]
    assert [unread.number for unread in lost.unread] == [1]


def test_a_line_that_looks_like_a_beginning_and_ends_as_a_sentence_is_text() -> None:
    text = "原创 甲\n转载 请注明出处。\n2021-06-11\n"
    assert titles("{kind:原创|转载} {title}\n{text}\n{date}", text) == ["甲"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234", 1234), ("1.234", 1234), ("1 204", 1204), ("1.2k", 1200), ("1,2 тыс.", 1200), ("3.5万", 35000),
        ("100+", 100), ("5,00", None), ("1,23,456", None), ("9" * 20, None),
    ],
)  # fmt: skip
def test_a_count_is_read_or_refused(text: str, number: int | None) -> None:
    assert count(text) == number


def test_several_layouts_read_one_text() -> None:
    layouts = compiled(
        [
            {"id": "a", "entry": "A: {title}\n{date}"},
            {"id": "b", "entry": "{title}\nB {date}\n{text}", "ends": ["end"]},
        ],
        "x",
    )
    found = read_text(layouts, "A: one\n2021-06-11\ntwo\nB 2021-06-12\ntext\nA: three\n2021-06-13\n").entries
    assert [(f.layout, f.title) for f in found] == [("a", "one"), ("b", "two"), ("a", "three")]


def test_all_mistakes_are_named_with_file_line_and_remedy() -> None:
    file = "[[layouts]]\nid = 'x'\nentry = '''\n{titel}\n{date:iso} [foo\n{reads:number} {}\n{text} {text}\n'''\n"
    table = {"id": "x", "entry": "{titel}\n{date:iso} [foo\n{reads:number} {}\n{text} {text}\n"}
    tables: list[dict[str, object]] = [
        table | {"beginss": ["a"], "ends": ["{_}"], "date_order": "ymd", "languages": ["xx-klingon"]},
        {"id": "y", "entry": "{title}"},
    ]
    with pytest.raises(LayoutError) as caught:
        compiled(tables, "x.toml", file)
    text = str(caught.value)
    assert text.startswith("x.toml: 11 things are wrong")
    for part in (
        "beginss: there is no such key (did you mean begins?)",
        "line 1 (line 4 of the file): {titel}",
        "did you mean {title}?",
        "line 2 (line 5 of the file): {date:iso} cannot have a type",
        "the [ in front of 'foo' is never closed",
        "did you mean the count {reads:n}?",
        "{} is no name of a field",
        "{text} stands twice in a line",
        "any line would fit",
        '"dmy" or "mdy"',
        "'xx-klingon' is no language",
        "layout y: entry: nothing in the drawing tells an entry from other text",
    ):
        assert part in text, part


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"entry": "* {title} {date}"}, "id: is missing"),
        ({"id": "x"}, "entry: is missing"),
        ({"id": "x", "entry": 3}, "entry: is neither a text nor a list"),
        ({"id": "x", "entry": "{date}"}, "neither {title} nor {text} is drawn"),
        ({"id": "x", "entry": "{title} {date}\n?"}, "a ? stands alone"),
        ({"id": "x", "entry": "{title\n{date}"}, "'{title' is never closed"),
        ({"id": "x", "entry": "* {title}\n{text}\n{text}"}, "{text} follows {text}"),
        ({"id": "x", "entry": "* {title}\nx [{text}]"}, "{text} stands in brackets"),
        ({"id": "x", "entry": "* {title}", "short_titles": True}, "titles are found so under a heading"),
        ({"id": "x", "entry": "* {title}", "short_titles": 1}, "write true or false"),
        ({"id": "x", "entry": "* {title}", "skip": ["{text}"]}, "{text} stands in a line"),
    ],
)
def test_a_mistake_is_named(table: dict[str, object], says: str) -> None:
    with pytest.raises(LayoutError) as caught:
        compiled([table], "x.toml")
    assert says in str(caught.value)
    assert all(problem.remedy for problem in caught.value.problems)


def test_the_fingerprint_changes_with_what_is_read_and_not_with_the_name() -> None:
    def made(**keys: object) -> str:
        return compiled([{"id": "x", "entry": "* {title}", **keys}], "x")[0].fingerprint

    assert made() == made(id="y")
    assert len({made(), made(entry="- {title}"), made(ends=["x"]), made(languages=["de"]), made(date_order="dmy")}) == 5
    assert DeclaredLayouts(compiled([{"id": "x", "entry": "* {title}"}], "x")).rules(3) > 1000


def test_blocks_of_any_size_give_the_same() -> None:
    for page in ALL:
        whole = read_text(page.layouts, page.text).entries
        for size in (3, 100):
            blocks = [page.text[at : at + size] for at in range(0, len(page.text), size)]
            assert tuple(Reading(page.layouts, lambda blocks=blocks: blocks).entries()) == whole, page.name  # type: ignore[misc]


HOSTILE = [
    "原创 foo,\n",
    "A title\n",
    "2021-06-11 10:00\n",
    "• A\nB\nJune 11, 2021\n",
    "June 11, 2021\nfoo\n",
    "512\n",
    "Weiterlesen »\nx\n",
]


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.name)
def test_a_hostile_text_takes_steps_in_proportion_to_its_length(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0
    original = Matcher._from

    def counted(self: Matcher, *given: object, **keys: object) -> object:
        nonlocal steps
        steps += 1
        return original(self, *given, **keys)  # type: ignore[arg-type]

    monkeypatch.setattr(Matcher, "_from", counted)
    for unit in HOSTILE:
        taken = []
        for times in (20, 80):
            steps = 0
            read_text(page.layouts, unit * times)
            taken.append(steps)
        assert taken[1] <= taken[0] * 6 + 100, unit


def test_a_long_line_is_read_in_linear_time() -> None:
    line = "June 11, 2021 a " * 20_000
    started = time.process_time()
    for page in ALL[:8]:
        read_text(page.layouts, f"{line}\n")
    assert time.process_time() - started < 20  # seconds; hours where an engine tries one way after the other


def test_a_long_text_is_read_block_by_block() -> None:
    layouts = compiled([{"id": "x", "entry": "{title}\n{date}\n{text}"}], "x")
    walk = Walk(layouts, repeat("A title\n2021-06-11\nsome text\n" * 300, 10))
    most = max(len(walk._lines._held) for _ in walk.entries())
    assert most < 3 * 900


def test_a_text_without_entries_names_the_layouts() -> None:
    layouts = DeclaredLayouts(compiled([{"id": "x", "entry": "* {title}"}], "x"))
    with pytest.raises(Exception, match="holds no entry as drawn in x"):
        list(read_sightings(io.BytesIO(b"nothing here\n"), "dump", layouts=layouts))
