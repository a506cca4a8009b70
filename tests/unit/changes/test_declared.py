"""What declared layouts show: dates without a day, entries without a title, tags, links and other numbers."""

from __future__ import annotations

from datetime import UTC, timedelta
from datetime import date as date_of
from typing import TYPE_CHECKING

import pytest

from digest.changes.backlog import first_updated_at, news
from digest.changes.counts import counted_now
from digest.changes.dates import Page, better, contradicts, evidence_date, inferred, redates
from digest.changes.keys import entry_key, lead_key, title_key
from digest.changes.values import Added, Cause, Revised
from digest.model import NO_EXTRAS, Content, DateEvidence, DateKind, EntryDate, EntryId, Extras, PrintedDate
from tests.unit.changes.shelf import NOW, TEXT, sight
from tests.unit.changes.sites import placing

if TYPE_CHECKING:
    from digest.changes.values import ChangeSet
    from tests.unit.changes.shelf import Shelf

OTHER = ("另一篇文章从别的地方说起,先讲一段往事,再慢慢转到正题上来,和前面那篇没有半句相同。它说得很随意。",)
CRANE = "All the big harbours want a new crane. Even I, who like the old one, want a new crane. Bring it on."
SAILOR = "Happy Talk Like a Sailor Day. What is a sailor’s favourite letter? It is the C."
LIBRARY = "Town library to drop its list. It is odd how much a small feature can change what people do."
NONE, PARTIAL, INFERRED, EXACT = None, DateKind.PARTIAL, DateKind.INFERRED, DateKind.EXACT
LATER = NOW + timedelta(days=1)


def date(year: int | None, month: int | None, day: int | None, kind: DateKind = PARTIAL) -> EntryDate:
    return EntryDate(month, day, year, kind)


def causes(changes: ChangeSet) -> list[Cause]:
    return [change.cause for change in changes.changes if isinstance(change, Revised)]


def added(changes: ChangeSet) -> int:
    return sum(isinstance(change, Added) for change in changes.changes)


# --- dates ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ((2021, 6, None), date(2021, 6, None)),
        ((2021, None, None), date(2021, None, None)),
        ((None, 6, None), date(None, 6, None)),
        ((2026, 11, None), date(2026, 11, None)),
        ((2026, 12, None), date(None, 12, None)),  # lies in the future
        ((2027, None, None), None),
        ((1066, None, None), None),
        ((None, None, 17), None),  # a day without its month says nothing
        ((2021, None, 17), date(2021, None, None)),
    ],
)
def test_a_date_without_a_day_is_taken_as_far_as_it_can_be_true(
    printed: tuple[int | None, ...], expected: EntryDate | None
) -> None:
    assert evidence_date(PrintedDate(*printed), NOW) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (date(2021, None, None), date(2021, 6, None), date(2021, 6, None)),
        (date(2021, None, None), date(None, 6, 11), date(2021, 6, 11, INFERRED)),
        (date(None, 6, 11), date(2021, None, None), date(2021, 6, 11, INFERRED)),
        (date(2021, 6, None), date(2021, 6, 11, EXACT), date(2021, 6, 11, EXACT)),
        (date(2021, 6, 11, EXACT), date(2021, 6, None), None),
        (date(2021, 6, None), date(2021, None, None), None),
        (date(2021, 6, None), date(None, 6, None), None),
        (date(2021, 6, None), date(2021, 7, 11, EXACT), None),  # another date is no better one
        (date(2021, 6, None), date(2022, None, None), None),
        (date(2020, 6, 11, INFERRED), date(2021, None, None), date(2021, 6, 11, INFERRED)),
        (date(None, 2, 29), date(2021, None, None), None),  # no such day
    ],
)
def test_dates_gain_parts_and_never_lose_one(old: EntryDate, new: EntryDate, expected: EntryDate | None) -> None:
    assert better(old, new) == expected


def test_only_a_known_part_contradicts() -> None:
    assert not redates(date(2021, 6, None), date(2021, 6, 11, EXACT))
    assert not redates(date(2021, None, None), date(None, 6, 11))
    assert redates(date(2021, 6, None), date(2021, 7, None))
    assert redates(date(2021, None, None), date(2022, 6, 11, EXACT))
    assert contradicts(date(2020, 6, 11, INFERRED), date(2021, None, None))
    assert not contradicts(date(2020, 6, 11, EXACT), date(2021, None, None))


def test_a_date_that_gains_a_part_is_a_silent_revision(shelf: Shelf) -> None:
    shelf.read(sight("甲", printed=(2021, NONE, NONE)), sight("乙", printed=(2021, 5, NONE), body=OTHER))
    assert shelf.entry("甲").date == date(2021, None, None)

    more = shelf.read(sight("甲", printed=(2021, 6, NONE)), sight("乙", printed=(2021, 5, NONE), body=OTHER))
    assert (more.changes, more.dates) == ((), ((shelf.entry("甲").id, date(2021, 6, None)),))

    full = shelf.read(sight("甲", (2021, 6, 11)), sight("乙", printed=(2021, 5, NONE), body=OTHER))
    assert (full.changes, full.dates) == ((), ((shelf.entry("甲").id, date(2021, 6, 11, EXACT)),))

    less = shelf.read(sight("甲", printed=(2021, 6, NONE)), sight("乙", printed=(2021, 5, NONE), body=OTHER))
    assert (less.changes, less.dates, less.ambiguous) == ((), (), ())


def test_two_months_of_one_title_are_two_entries(shelf: Shelf) -> None:
    shelf.read(sight("月记", printed=(2021, 6, NONE)))
    assert (
        added(shelf.read(sight("月记", printed=(2021, 7, NONE), body=OTHER), sight("月记", printed=(2021, 6, NONE))))
        == 1
    )
    assert sorted(str(one.date) for one in shelf.known.values()) == sorted(
        map(str, (date(2021, 6, None), date(2021, 7, None)))
    )
    # a full date of one of the months is that of its entry, and of no other
    changes = shelf.read(sight("月记", (2021, 7, 3), OTHER), dump="b.txt")
    assert (added(changes), [when for _, when in changes.dates]) == (0, [date(2021, 7, 3, EXACT)])
    assert added(shelf.read(sight("月记", (2021, 7, 9), TEXT), dump="c.txt")) == 1


def test_another_month_in_place_of_the_old_line_is_announced(shelf: Shelf) -> None:
    around = sight("前", printed=(2021, 9, NONE), body=OTHER), sight("后", printed=(2020, 9, NONE), body=(CRANE,))
    shelf.read(around[0], sight("甲", printed=(2021, 6, NONE)), around[1])
    changes = shelf.read(around[0], sight("甲", printed=(2021, 7, NONE)), around[1], now=LATER)
    assert (added(changes), causes(changes)) == (0, [Cause.REDATED])
    assert shelf.entry("甲").date == date(2021, 7, None)


def test_a_printed_year_corrects_an_inferred_one(shelf: Shelf) -> None:
    shelf.range = {"earliest": date_of(2020, 1, 1), "latest": date_of(2020, 12, 31)}
    shelf.read(sight("甲", (6, 11)))
    assert shelf.entry("甲").date == date(2020, 6, 11, INFERRED)
    changes = shelf.read(sight("甲", printed=(2021, NONE, NONE)), dump="b.txt", now=LATER)
    assert (added(changes), causes(changes)) == (0, [Cause.REDATED])
    assert shelf.entry("甲").date == date(2021, 6, 11, INFERRED)


def test_a_year_without_a_day_brackets_nothing() -> None:
    days = [(12, 20), (12, 1), (11, 11), (10, 30), (9, 9), (8, 1), (7, 15), (6, 11)]
    placings = [placing(str(at), at, DateEvidence(month, day)) for at, (month, day) in enumerate(days)]
    tops = [placing(name, 8 + at, None) for at, name in enumerate(("above", "below"))]
    page = [tops[0], *placings, tops[1]]
    vague = {EntryId("above"): date(2021, None, None), EntryId("below"): date(2021, 5, None)}
    assert inferred([Page(page)], vague, {}) == {}
    # a day that contradicts what is known of its entry is no evidence for a year either
    year = {"earliest": date_of(2021, 1, 1), "latest": date_of(2021, 12, 31)}
    found = inferred([Page(placings)], {EntryId("3"): date(2021, 5, None)}, {}, **year)
    assert set(found) == {EntryId(str(at)) for at in range(8) if at != 3}


def test_dates_without_a_day_have_their_place_among_others() -> None:
    class One:
        def __init__(self, name: str, when: EntryDate | None, page_order: int) -> None:
            self.id, self.date, self.page_order, self.first_seen_at = name, when, page_order, NOW

    entries = [
        One("no date", None, 0),
        One("2021", date(2021, None, None), 1),
        One("June 2021", date(2021, 6, None), 2),
        One("11 June 2021", date(2021, 6, 11, EXACT), 3),
        One("May 2022", date(2022, 5, None), 4),
        One("11 June", date(None, 6, 11), 5),
    ]
    assert news(entries, 6) == ("May 2022", "11 June 2021", "June 2021", "2021", "no date", "11 June")  # type: ignore[arg-type]
    ends = [first_updated_at(one, is_news=False, zone=UTC) for one in entries]  # type: ignore[arg-type]
    assert [at.date().isoformat() for at in ends] == [
        "2026-11-20",
        "2021-12-31",
        "2021-06-30",
        "2021-06-11",
        "2022-05-31",
        "2026-11-20",
    ]


# --- entries without a title ----------------------------------------------------------------------


def test_an_entry_without_a_title_has_a_key_of_its_first_sentence() -> None:
    def content(*paragraphs: str, title: str = "", figures: tuple[str, ...] = ()) -> Content:
        return Content(title, None, paragraphs, figures)

    assert entry_key(content(CRANE)) == "¶ allthebigharbourswantanewcrane"
    assert entry_key(content(CRANE.replace("Bring it on", "Or do not"))) == entry_key(content(CRANE))
    assert entry_key(content("Hm. No. Yes it is so. But")) == "¶ hm.no.yesitisso"  # a very short one says nothing
    assert entry_key(content("图一", "今天的天气非常非常好。明天不好。", figures=("图一",))) == "¶ 今天的天气非常非常好"
    assert len(entry_key(content("字" * 500))) == 82
    assert entry_key(content(CRANE, title="T")) == title_key("T")
    assert entry_key(content()) == ""


def test_entries_without_a_title_are_distinguished_by_their_text(shelf: Shelf) -> None:
    page = sight("", (2007, 9, 19), (CRANE,)), sight("", (2007, 9, 19), (SAILOR,)), sight("", (2007, 9, 18), (LIBRARY,))
    assert added(shelf.read(*page)) == 3
    again = shelf.read(*page)
    assert (again.changes, again.dates, again.ambiguous) == ((), (), ())
    assert added(shelf.read(sight("", (2007, 9, 20), OTHER), *page, now=LATER)) == 1
    assert {known.content.title for known in shelf.known.values()} == {""}


@pytest.mark.parametrize("day", [(2007, 9, 19), (9, 19), None], ids=str)
@pytest.mark.parametrize(
    "edited",
    [CRANE.replace("Bring it on", "Bring it on at once"), CRANE.replace("All the big harbours", "All great harbours")],
    ids=["the end", "the first sentence"],
)
def test_an_edited_entry_without_a_title_is_a_revision(shelf: Shelf, day: tuple[int, ...] | None, edited: str) -> None:
    around = sight("", day, (SAILOR,)), sight("", day, (LIBRARY,))
    shelf.read(around[0], sight("", day, (CRANE,)), around[1])
    changes = shelf.read(around[0], sight("", day, (edited,)), around[1], now=LATER)
    assert (added(changes), causes(changes), changes.ambiguous) == (0, [Cause.TEXT], ())
    again = shelf.read(around[0], sight("", day, (edited,)), around[1], now=LATER)
    assert (again.changes, again.ambiguous) == ((), ())


def test_two_texts_with_one_first_sentence_are_two_entries(shelf: Shelf) -> None:
    def link(text: str) -> tuple[str]:
        return (f"The link of the day is this. {text}",)

    day = (2007, 9, 19)
    assert added(shelf.read(sight("", day, link("A bridge.")), sight("", day, link("An old mill.")))) == 2
    more = shelf.read(
        *(sight("", day, link(text)) for text in ("A third one.", "A bridge.", "An old mill.")), now=LATER
    )
    assert (added(more), causes(more)) == (1, [])
    assert added(shelf.read(sight("", day, link("An old mill.")), dump="b.txt")) == 0


def test_a_first_sentence_that_the_end_of_a_file_cut_is_completed(shelf: Shelf) -> None:
    shelf.read(sight("", (9, 19), (SAILOR,)), sight("", (9, 18), ("A mill by",), complete=False))
    changes = shelf.read(sight("", (9, 19), (SAILOR,)), sight("", (9, 18), ("A mill by the sea turns.",)), now=LATER)
    assert (added(changes), causes(changes)) == (0, [Cause.COMPLETED])


def test_a_title_that_becomes_known_is_silent_and_stays(shelf: Shelf) -> None:
    shelf.read(sight("", (2007, 9, 19), (CRANE,)))
    titled = shelf.read(sight("Cranes", (2007, 9, 19), (CRANE,)), dump="b.txt")
    assert (added(titled), causes(titled)) == (0, [Cause.MERGED])
    without = shelf.read(sight("", (2007, 9, 19), (CRANE,)), dump="c.txt")
    assert (without.changes, shelf.titles) == ((), ["Cranes"])


def test_an_undated_line_that_stays_is_its_entry_with_another_text(shelf: Shelf) -> None:
    shelf.read(sight("甲", None), sight("乙", None, OTHER))
    changes = shelf.read(
        sight("甲", None, (TEXT[0], "换了一段完全不同的话,说的是别的事情。")), sight("乙", None, OTHER)
    )
    assert (added(changes), causes(changes)) == (0, [Cause.TEXT])


# --- tags, link, fields, counts -------------------------------------------------------------------


def extras(*tags: str, link: str | None = None, counts: tuple[tuple[str, int], ...] = (), **fields: str) -> Extras:
    return Extras(None, counts, tags, link, tuple(fields.items()))


def test_tags_link_and_fields_belong_to_the_content_and_change_in_silence(shelf: Shelf) -> None:
    shelf.read(sight("甲", extras=extras("数学", link="https://a.example/1", mood="calm")))
    assert shelf.entry("甲").content.extras == extras("数学", link="https://a.example/1", mood="calm")

    changes = shelf.read(sight("甲", extras=extras("数学", "几何", link="https://a.example/2", mood="glad")))
    assert causes(changes) == [Cause.DETAILS]
    assert not Cause.DETAILS.significant
    assert shelf.entry("甲").content.extras == extras("数学", "几何", link="https://a.example/2", mood="glad")

    shelf.read(sight("甲", extras=extras("几何")))
    assert shelf.entry("甲").content.extras == extras("几何")


def test_another_page_adds_tags_and_takes_none_away(shelf: Shelf) -> None:
    shelf.read(sight("甲", extras=extras("数学", link="https://a.example/1")))
    shelf.read(sight("甲", extras=extras("几何", link="https://b.example/1")), dump="b.txt")
    assert shelf.entry("甲").content.extras == extras("数学", "几何", link="https://a.example/1")
    shelf.read(sight("甲"), dump="c.txt")
    assert shelf.entry("甲").content.extras == extras("数学", "几何", link="https://a.example/1")

    edited = (TEXT[0], "这一段现在写得和以前完全不一样了,连例子也换掉了。")
    changes = shelf.read(sight("甲", body=edited, extras=extras("数学", link="https://a.example/1")), now=LATER)
    assert causes(changes) == [Cause.TEXT]
    assert shelf.entry("甲").content.extras == extras("数学", "几何", link="https://a.example/1")
    shelf.read(sight("甲", extras=extras("代数", link="https://b.example/1")), dump="b.txt", now=LATER)
    assert shelf.entry("甲").content.extras == extras("数学", "代数", link="https://a.example/1")


def test_changing_counts_are_no_revision(shelf: Shelf) -> None:
    first = shelf.read(sight("甲", readers=7, extras=extras(counts=(("readers", 7), ("likes", 2)))))
    entry = shelf.entry("甲").id
    assert (first.counts, first.readers) == (((entry, (("likes", 2),)),), ((entry, 7),))
    same = shelf.read(sight("甲", readers=7, extras=extras(counts=(("readers", 7), ("likes", 2)))))
    assert (same.counts, same.readers, same.changes) == ((), (), ())
    more = shelf.read(sight("甲", readers=9, extras=extras(counts=(("readers", 9), ("likes", 3)))))
    assert (more.changes, more.counts, more.counted_before) == (
        (),
        ((entry, (("likes", 3),)),),
        {entry: (("likes", 2),)},
    )
    assert shelf.last["index.txt"][0].extras.counts == (("likes", 3),)
    gone = shelf.read(sight("甲", readers=9))
    assert (gone.changes, gone.counts, shelf.last["index.txt"][0].extras.counts) == ((), (), (("likes", 3),))


def test_a_page_that_is_new_to_an_entry_lowers_no_number() -> None:
    known = (("likes", 5), ("comments", 2))
    assert counted_now(known, (("likes", 3),), None) == known
    assert dict(counted_now(known, (("likes", 3), ("shares", 1)), (("likes", 5),))) == {
        "likes": 3,
        "comments": 2,
        "shares": 1,
    }


def test_built_in_sightings_have_no_extras_and_their_keys_are_as_before() -> None:
    content = Content("甲", None, TEXT, ())
    assert content.extras is NO_EXTRAS
    assert NO_EXTRAS.lasting is NO_EXTRAS
    assert entry_key(content) == title_key("甲")
    assert lead_key(content) == lead_key(Content("", None, TEXT, ()))
    assert Extras(PrintedDate(2021), (("likes", 1),)).lasting is NO_EXTRAS
