"""What every store records of manual changes: states, edits beside what pages say, merges, splits, acts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from digest.changes.values import Body, Cause, Placing, Printed, Questions, Revised
from digest.model import AtomId, DigestId, EntryId, SourceId
from digest.records.publishing import OPERATOR, Act, ActKind, EntryState, NewArticle

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from digest.records.publishing import Handled
    from digest.store.transaction import Store
    from tests.contract.conftest import Hand

A, B, C = EntryId("a"), EntryId("b"), EntryId("c")
BLOG, OTHER, WEEKLY = SourceId("blog"), SourceId("other"), DigestId("weekly")


@pytest.fixture
def handled(store: Store, hand: Hand) -> Store:
    """A store with two entries in the feed of everything."""
    hand.read(hand.added("a", date=hand.exact(2026, 3, 1)), hand.added("b", 1))
    with store.write() as tx:
        tx.feeds.enlist("", [A, B])
    return store


def entry(store: Store, name: EntryId) -> Handled:
    with store.read() as tx:
        found = tx.by_hand.entry(name)
    assert found is not None
    return found


def states(store: Store, *of: EntryState) -> list[EntryId]:
    with store.read() as tx:
        return [one.entry.id for one in tx.by_hand.listed(of or set(EntryState))[0]]


def test_a_hidden_entry_is_nowhere_but_in_its_list(handled: Store, hand: Hand, now: datetime) -> None:
    with handled.write() as tx:
        before = tx.entries.published_state()[0]
        tx.by_hand.hide([A], now)
    assert hand.newest() == ["b"]
    with handled.read() as tx:
        assert tx.entries.published_state()[0] > before
        assert tx.entries.entry(A) is None
        assert tx.entries.search("a") == []
        assert [one.id for one in tx.feeds.members("", 1, 2)] == ["b"]
        assert tx.feeds.removed("", 1, 2) == []  # held back, not taken back
        assert tx.feeds.removed_at(A) is None
        assert [one.id for one in tx.selecting.untold(WEEKLY, None, ())] == ["b"]
        assert [known.removed for known in tx.readings.known(Questions(entries=frozenset([A])))] == [False]
    assert (states(handled, EntryState.HIDDEN), entry(handled, A).since) == ([A], now)
    with handled.write() as tx:
        assert not tx.feeds.remove(A, now)
        tx.by_hand.publish([A], now)
    assert sorted(hand.newest()) == ["a", "b"]


def test_a_forgotten_entry_comes_back_when_a_dump_shows_it(handled: Store, hand: Hand, now: datetime) -> None:
    with handled.write() as tx:
        tx.by_hand.hide([A, B], now, forgotten=True)
    assert states(handled, EntryState.FORGOTTEN) == states(handled)
    assert hand.read(placings=[hand.placing("a", 0)], path="new.txt") == {"a"}
    assert hand.newest() == ["a"]


def test_a_page_is_compared_with_what_pages_say(handled: Store, hand: Hand, now: datetime, day: timedelta) -> None:
    old = hand.entry("a")
    said = replace(old.content, title="写对的", author=None), hand.exact(2020, 5, 5)
    printed = Printed("a", (old.content.author,), (old.date,))
    with handled.write() as tx:
        tx.by_hand.revise(A, said, printed, Cause.EDITED, now + day)
    edited = hand.entry("a")
    assert (edited.content, edited.date, edited.updated_at) == (*said, now + day)
    assert entry(handled, A).printed == printed
    with handled.read() as tx:
        (known,) = tx.readings.known(Questions(entries=frozenset([A])))
        assert (known.content, known.date) == (old.content, old.date)
        assert {one.date for one in known.earlier} == {old.date, hand.exact(2020, 5, 5)}  # a day that it had, too
        assert tx.readings.dates([A])[A][0] == old.date
        assert [one.id for one in tx.entries.search("写对的")] == ["a"]

    hand.read(Revised(A, replace(old.content, paragraphs=("改过的正文",)), Cause.TEXT), now=now + 2 * day)
    assert (hand.entry("a").content.title, hand.entry("a").content.paragraphs) == ("写对的", ("改过的正文",))
    assert hand.entry("a").updated_at == now + 2 * day
    assert entry(handled, A).printed == printed

    hand.read(
        Revised(A, replace(old.content, title="写对的", paragraphs=("改过的正文",)), Cause.TITLE), now=now + 3 * day
    )
    assert entry(handled, A).printed == replace(printed, title=None)
    assert hand.entry("a").updated_at == now + 2 * day  # the page says the same as before


def test_a_year_that_becomes_known_ends_no_edit_of_the_day_and_another_day_does(
    handled: Store, hand: Hand, now: datetime, day: timedelta
) -> None:
    old = hand.entry("a")
    with handled.write() as tx:
        state, printed = (old.content, None), Printed(date=(hand.partial(3, 1),))
        tx.by_hand.revise(A, state, printed, Cause.EDITED_SILENTLY, now)
        tx.readings.upgrade_dates({A: hand.exact(2025, 3, 1)}, now + day)
    assert (hand.entry("a").date, entry(handled, A).printed.date) == (None, (hand.exact(2025, 3, 1),))
    hand.read(Revised(A, old.content, Cause.REDATED), dates={"a": hand.exact(2025, 7, 1)}, now=now + 2 * day)
    assert (hand.entry("a").date, entry(handled, A).printed) == (hand.exact(2025, 7, 1), Printed())
    assert hand.entry("a").updated_at == now + 2 * day


def test_a_merged_entry_is_announced_as_the_entry_that_it_is(
    handled: Store, hand: Hand, now: datetime, day: timedelta
) -> None:
    person = hand.subscriber("ada@example.org")
    hand.edition(new=["b"], to=[person])
    with handled.write() as tx:
        assert tx.by_hand.merge(B, A, now + day) == []
        tx.by_hand.record(Act(0, now, OPERATOR, ActKind.MERGE, A, B, None, {}, {}))
    assert (hand.newest(), entry(handled, B).merged_into, states(handled, EntryState.MERGED)) == (["a"], A, [B])
    with handled.read() as tx:
        assert tx.selecting.untold(WEEKLY, None, ()) == []
        assert tx.selecting.sent_entries(person, [WEEKLY]) == {A, B}
        assert [one.id for one in tx.selecting.told_since(WEEKLY, now - day)] == ["a"]
        assert tx.selecting.corrected(WEEKLY) == []
        assert tx.selecting.told_revision(WEEKLY, A) == 1
        assert [atom for atom, _ in tx.feeds.removed("", 1, 2)] == ["tag:x,2026:b"]

    hand.read(hand.revised("b", "改了的题目", Cause.TEXT), now=now + 2 * day)  # other words, by another title
    with handled.read() as tx:
        assert tx.selecting.corrected(WEEKLY)[0].id == "a"
    hand.edition("weekly/2026-W12", corrected=["a"], closes_at=now + 3 * day)
    with handled.read() as tx:
        assert [one for one in tx.audit.broken() if "told" in one.law] == []
    with handled.write() as tx:
        tx.by_hand.unmerge(B, [], now + 4 * day)
    assert (sorted(hand.newest()), hand.entry("b").updated_at) == (["a", "b"], now + 4 * day)
    with handled.read() as tx:
        assert [one for one in tx.audit.broken() if "told" in one.law] == []


def test_what_is_merged_into_a_merged_entry_goes_along_and_comes_back(
    handled: Store, hand: Hand, now: datetime
) -> None:
    hand.read(hand.added("c"), path="c.txt", source="other")
    with handled.write() as tx:
        tx.by_hand.merge(B, A, now)
        assert tx.by_hand.merge(A, C, now) == [B]
        assert {tx.by_hand.merged_into(one) for one in (A, B)} == {C}
        assert tx.by_hand.show_in(C, [BLOG, OTHER], now) == [BLOG]
        tx.by_hand.unmerge(A, [B], now)
        tx.by_hand.take_from(C, [BLOG, OTHER])
        assert (tx.by_hand.merged_into(A), tx.by_hand.merged_into(B)) == (None, A)
    assert hand.entry("c").sources == (OTHER,)


def test_readers_of_a_merged_entry_are_counted_for_the_one_that_it_is(
    handled: Store, hand: Hand, now: datetime, day: timedelta
) -> None:
    with handled.write() as tx:
        tx.by_hand.merge(B, A, now)
    hand.read(placings=[hand.placing("b", 0)], readers={"b": 70}, now=now + day)
    assert hand.entry("a").readers == 70
    hand.read(placings=[hand.placing("a", 0)], path="too.txt", readers={"a": 90}, now=now + 2 * day)
    hand.read(placings=[hand.placing("b", 0)], readers={"b": 80}, now=now + 3 * day)
    assert hand.entry("a").readers == 90


def test_a_split_takes_text_keys_and_places_along(handled: Store, hand: Hand, now: datetime, day: timedelta) -> None:
    placing = replace(hand.placing("a", 0), title="新来的", revision=2)
    hand.read(hand.revised("a", "新来的"), placings=[placing, hand.placing("b", 1)], now=now + day)
    article = NewArticle(C, AtomId("tag:x,2026:c"), hand.content("新来的"), None, now + day, announced=True)
    with handled.write() as tx:
        shown = [one for one in tx.by_hand.shown(A) if one.placing.revision == 2]
        tx.by_hand.split(A, article, shown, {2}, now + 2 * day)
        tx.by_hand.revise(A, (hand.content("a"), None), Printed(), Cause.EDITED, now + 2 * day)
        tx.feeds.enlist("", [C])
        assert tx.by_hand.shown(A) == []
        (moved,) = tx.by_hand.shown(C)
        assert moved.placing == Placing(
            C, 0, 0, "新来的", None, None, placing.view, complete=True, body=Body(("新来的的正文",), ())
        )
        (known,) = tx.readings.known(Questions(entries=frozenset([A])))
        assert [one.number for one in known.earlier] == [1]
        assert [one.split for one in tx.by_hand.revisions(A)] == [False, True, False]
    with handled.read() as tx:
        assert [one.id for one in tx.entries.search("新来的")] == ["c"]
        assert [violation.law for violation in tx.audit.broken()] == []
    assert hand.entry("c").sources == (BLOG,)


def test_what_rests_on_dumps_is_known_before_they_are_forgotten(
    handled: Store, hand: Hand, now: datetime, day: timedelta
) -> None:
    hand.read(hand.revised("b", "另一个", Cause.TEXT), path="c.txt", now=now + day)
    hand.read(hand.added("c"), path="c.txt", now=now + 2 * day, placings=[hand.placing("c", 0), hand.placing("b", 1)])
    with handled.write() as tx:
        resting = tx.by_hand.resting(BLOG, ["c.txt"])
        assert (resting.alone, dict(resting.revised)) == ((C,), {B: 1})
        assert set(tx.by_hand.resting(BLOG, ()).alone) == {A, B, C}
        tx.by_hand.forget(BLOG, ["c.txt"], whole=False)
        assert set(tx.readings.dumps(BLOG)) == {"a.txt"}
        assert tx.by_hand.unshow([A, B, C], BLOG) == []  # nobody else shows them
        assert tx.by_hand.resting(BLOG, ["c.txt"]).alone == (C,)


def test_an_entry_that_others_show_begins_with_them_when_its_source_is_forgotten(
    handled: Store, hand: Hand, now: datetime
) -> None:
    hand.read(placings=[hand.placing("a", 0)], source="other", path="o.txt")
    with handled.write() as tx:
        assert tx.by_hand.resting(BLOG, ()).alone == (B,)
        tx.readings.settle(BLOG, [], {}, now)
        tx.by_hand.forget(BLOG, (), whole=True)
        assert tx.by_hand.unshow([A, B], BLOG) == [(A, OTHER)]
        tx.by_hand.hide([B], now, forgotten=True)
        state = tx.readings.source(BLOG)
        assert state is not None
        assert state.settled_at is None
    assert hand.entry("a").sources == (OTHER,)
    with handled.read() as tx:
        assert list(tx.audit.broken()) == []


def test_acts_are_kept_with_what_was_before_and_go_along_with_a_source(handled: Store, now: datetime) -> None:
    edit = Act(0, now, OPERATOR, ActKind.EDIT, A, None, None, {"title": "旧"}, {"title": "新", "silent": False})
    merge = Act(0, now, OPERATOR, ActKind.MERGE, A, B, None, {}, {"sources": []})
    forget = Act(0, now, OPERATOR, ActKind.FORGET, None, None, BLOG, {}, {"dumps": ["a.txt"]})
    with handled.write() as tx:
        ids = [tx.by_hand.record(act) for act in (edit, merge, forget)]
        tx.by_hand.undone(ids[1], now)
        assert tx.by_hand.acts(A) == [replace(edit, id=ids[0]), replace(merge, id=ids[1], undone_at=now)]
        assert [act.kind for act in tx.by_hand.acts(B)] == [ActKind.MERGE]
        tx.renames.rename(BLOG, SourceId("hill"), {}, now)
        assert [act.source for act in tx.by_hand.acts()] == [None, None, "hill"]


def test_a_list_goes_by_states_sources_words_and_pages(handled: Store, hand: Hand, now: datetime) -> None:
    hand.read(hand.added("c"), path="c.txt", source="other")
    with handled.write() as tx:
        tx.feeds.remove(B, now)
        found, total = tx.by_hand.listed([EntryState.PUBLISHED], limit=1)
        assert (len(found), total) == (1, 2)
        more, total = tx.by_hand.listed([EntryState.PUBLISHED], after=found[0].entry.id)
        assert {found[0].entry.id, more[0].entry.id} == {A, C}
        assert (len(more), total) == (1, 2)
        assert [one.entry.id for one in tx.by_hand.listed([EntryState.REMOVED])[0]] == [B]
        assert [one.entry.id for one in tx.by_hand.listed(set(EntryState), source=OTHER)[0]] == [C]
        assert [one.entry.id for one in tx.by_hand.listed(set(EntryState), search="b")[0]] == [B]
        assert tx.by_hand.listed([EntryState.PUBLISHED], search="b") == ([], 0)
        assert tx.by_hand.listed(set(EntryState), search="。") == ([], 0)
