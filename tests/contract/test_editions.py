"""What was announced and what was not: the promises of `Editions`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from digest.changes.values import Cause
from digest.errors import StoreError
from digest.model import Body, DeliveryState, DigestId, EditionKey, EntryId, Section, Selected, SourceId
from digest.records.editions import DigestState, EditionFailure

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from digest.store.transaction import Store
    from tests.contract.conftest import Hand

WEEKLY, DAILY = DigestId("weekly"), DigestId("daily")
KEY = EditionKey("weekly/2026-W11")


def untold(store: Store, digest: DigestId = WEEKLY, since: datetime | None = None, *sources: str) -> list[str]:
    with store.read() as tx:
        return [e.id for e in tx.selecting.untold(digest, since, [SourceId(source) for source in sources])]


def corrected(store: Store, digest: DigestId = WEEKLY) -> list[str]:
    with store.read() as tx:
        return [entry.id for entry in tx.selecting.corrected(digest)]


def test_a_digest_is_registered_once(store: Store, now: datetime, day: timedelta) -> None:
    with store.write() as tx:
        assert tx.editions.digest(WEEKLY) is None
        tx.editions.register_digest(WEEKLY, now)
        tx.editions.register_digest(WEEKLY, now + day)
        assert tx.editions.digest(WEEKLY) == DigestState(WEEKLY, now, None, None, 0)


def test_a_digest_knows_its_newest_slot_and_cut_off(store: Store, hand: Hand, now: datetime, day: timedelta) -> None:
    hand.edition("weekly/1", slot_at=now, closes_at=now + day)
    hand.edition("weekly/2", closes_at=now + 3 * day)
    hand.edition("daily/1", slot_at=now + 9 * day, closes_at=now + 9 * day)
    with store.read() as tx:
        assert tx.editions.digest(WEEKLY) == DigestState(WEEKLY, now, now, now + 3 * day, 2)


def test_the_newest_edition_is_one_that_is_not_empty(store: Store, hand: Hand, now: datetime, day: timedelta) -> None:
    with store.read() as tx:
        assert (tx.editions.newest(), tx.editions.newest(WEEKLY)) == (None, None)
    hand.read(hand.added("甲"), hand.added("乙", 1))
    hand.edition("weekly/1", new=["甲"], closes_at=now)
    hand.edition("weekly/2", closes_at=now + 2 * day)
    hand.edition("daily/1", new=["乙"], closes_at=now + day)
    with store.read() as tx:
        made = [tx.editions.newest(), tx.editions.newest(WEEKLY), tx.editions.newest(DAILY)]
        assert [one.key for one in made if one] == ["daily/1", "weekly/1", "daily/1"]


def test_what_an_edition_announced_is_announced_no_more_by_its_digest(store: Store, hand: Hand) -> None:
    hand.read(hand.added("甲"), hand.added("乙", 1))
    assert untold(store) == ["甲", "乙"]
    hand.edition(new=["甲"])
    assert untold(store) == ["乙"]
    assert untold(store, DAILY) == ["甲", "乙"]


def test_a_correction_alone_does_not_show_an_entry_as_new(store: Store, hand: Hand) -> None:
    hand.read(hand.added("甲"))
    hand.edition(corrected=["甲"])
    assert untold(store) == ["甲"]


def test_unannounced_entries_reach_back_to_since_and_no_further(
    store: Store, hand: Hand, now: datetime, day: timedelta
) -> None:
    hand.read(hand.added("甲"))
    hand.read(hand.added("乙"), now=now + day)
    assert untold(store, WEEKLY, now) == ["乙", "甲"]
    assert untold(store, WEEKLY, now + day) == ["乙"]


def test_unannounced_entries_keep_to_the_sources_of_the_digest(store: Store, hand: Hand) -> None:
    hand.read(hand.added("甲"), hand.added("乙", 1))
    hand.read(hand.added("丙", 2), source="other", placings=[hand.placing("乙", 0), hand.placing("丙", 1)])
    assert untold(store, WEEKLY, None, "other") == ["乙", "丙"]
    assert untold(store, WEEKLY, None, "other", "blog") == ["甲", "乙", "丙"]


def test_a_significant_revision_after_it_was_announced_is_a_correction_once(store: Store, hand: Hand) -> None:
    hand.read(hand.added("甲"), hand.added("乙"))
    hand.edition("weekly/1", new=["甲"])
    hand.read(hand.revised("甲", "甲 ", Cause.SPACING), hand.revised("乙", "乙改"))
    assert corrected(store) == []
    hand.read(hand.revised("甲", "甲改"), hand.revised("甲", "甲改 ", Cause.SPACING))
    assert corrected(store) == ["甲"]
    assert corrected(store, DAILY) == []
    hand.edition("weekly/2", corrected=["甲"])
    assert corrected(store) == []
    hand.read(hand.revised("甲", "甲又改", Cause.TEXT))
    assert corrected(store) == ["甲"]


def test_the_revision_that_was_announced_last_is_known(store: Store, hand: Hand) -> None:
    hand.read(hand.added("甲"), hand.added("乙"))
    hand.edition("weekly/1", new=["甲"])
    hand.read(hand.revised("甲", "甲改"), hand.revised("乙", "乙改"))
    with store.read() as tx:
        assert tx.selecting.told_revision(WEEKLY, EntryId("甲")) == 1
        assert tx.selecting.told_revision(WEEKLY, EntryId("乙")) is None
        assert tx.selecting.told_revision(DAILY, EntryId("甲")) is None
    hand.edition("weekly/2", corrected=["甲"])
    with store.read() as tx:
        assert tx.selecting.told_revision(WEEKLY, EntryId("甲")) == 2


def test_most_read_is_what_was_won_since(store: Store, hand: Hand, now: datetime, day: timedelta) -> None:
    names = ["a", "b", "c", "d", "e"]
    hand.read(
        *(hand.added(name, n) for n, name in enumerate(names)), readers={"a": 100, "b": 10, "c": 50, "d": 7}, now=now
    )
    shown = [hand.placing(name, n) for n, name in enumerate(names)]
    hand.read(placings=shown, readers={"a": 103, "b": 30}, now=now + day)
    hand.read(placings=shown, readers={"a": 123, "c": 40, "d": 27, "e": 5}, now=now + 2 * day)
    hand.read(placings=shown, readers={"e": 8}, now=now + 3 * day)

    def best(since: datetime, limit: int = 9, *sources: str) -> list[tuple[str, int]]:
        with store.read() as tx:
            return [(e.id, won) for e, won in tx.selecting.most_read(since, [SourceId(s) for s in sources], limit)]

    assert best(now + day) == [("a", 20), ("d", 20), ("e", 3)]
    assert best(now + day, 1) == [("a", 20)]
    assert best(now) == [("a", 23), ("b", 20), ("d", 20), ("e", 3)]
    assert best(now - day, 2) == [("a", 23), ("b", 20)]
    assert best(now + 9 * day) == []
    assert best(now, 9, "other") == []
    assert best(now, 1, "blog") == [("a", 23)]


def test_a_taken_key_gets_the_first_free_number(store: Store, hand: Hand) -> None:
    with store.read() as tx:
        assert tx.editions.free_key(KEY) == KEY
    hand.edition(KEY)
    hand.edition(f"{KEY}-3")
    with store.read() as tx:
        assert tx.editions.free_key(KEY) == f"{KEY}-2"
    hand.edition(f"{KEY}-2")
    with store.read() as tx:
        assert tx.editions.free_key(KEY) == f"{KEY}-4"


def test_a_slot_gets_one_edition(store: Store, hand: Hand, now: datetime) -> None:
    hand.read(hand.added("甲"))
    person = hand.subscriber("a@example.org")
    assert hand.edition(KEY, slot_at=now, to=[person])
    assert not hand.edition(f"{KEY}-2", slot_at=now, new=["甲"], to=[person])
    assert hand.edition("daily/1", slot_at=now)
    with store.read() as tx:
        assert tx.editions.edition(EditionKey(f"{KEY}-2")) is None
        assert len(tx.editions.editions()) == 2
        assert tx.deliveries.open() == 1
    assert untold(store) == ["甲"]


def test_editions_without_slot_take_none(hand: Hand) -> None:
    assert hand.edition("weekly/1")
    assert hand.edition("weekly/2")


def test_one_key_is_never_used_twice(store: Store, hand: Hand, now: datetime, day: timedelta) -> None:
    hand.edition(KEY, slot_at=now)
    with pytest.raises(StoreError):
        hand.edition(KEY, slot_at=now + day)


def test_an_edition_announces_an_entry_as_it_was(store: Store, hand: Hand, now: datetime) -> None:
    hand.read(hand.added("甲"), hand.added("乙"), readers={"甲": 5})
    hand.edition(KEY, new=["乙", "甲"])
    told = hand.entry("甲")
    hand.read(hand.revised("甲", "甲改"), readers={"甲": 9})
    with store.read() as tx:
        selected = tx.editions.selected(KEY)
    assert [(one.section, one.entry.id) for one in selected] == [(Section.NEW, "乙"), (Section.NEW, "甲")]
    assert selected[1].entry == replace(told, readers=9)


def test_the_same_entry_may_stand_in_two_sections(store: Store, hand: Hand, now: datetime) -> None:
    hand.read(hand.added("甲"))
    hand.edition("weekly/0")
    entry = hand.entry("甲")
    both = [Selected(Section.NEW, entry), Selected(Section.MOST_READ, entry, 12)]
    with store.write() as tx:
        made = tx.editions.edition(EditionKey("weekly/0"))
        assert made is not None
        assert tx.editions.make(replace(made.edition, key=KEY), both, [], [])
        assert tx.editions.selected(KEY) == both


def test_a_body_falls_back_to_the_first_stored(store: Store, hand: Hand) -> None:
    hand.edition(KEY)
    with store.read() as tx:
        english = tx.editions.body(KEY, "en")
        assert english == Body("en", "Subject", "<p>word</p>", "word")
        other = tx.editions.body(KEY, "de")
        assert other is not None
        assert other.language == "zh_CN"
        assert tx.editions.body(EditionKey("weekly/none"), "en") is None


def test_the_subjects_of_all_editions_are_known(store: Store, hand: Hand, now: datetime) -> None:
    with store.read() as tx:
        assert tx.editions.subjects() == frozenset()
    hand.edition("weekly/1")
    hand.edition("daily/1", slot_at=now)
    with store.read() as tx:
        stored = {v.body.subject for key in ("weekly/1", "daily/1") for v in tx.editions.variants(EditionKey(key))}
        assert tx.editions.subjects() == stored
        assert stored


def test_editions_are_listed_newest_first_with_their_deliveries(
    store: Store, hand: Hand, now: datetime, day: timedelta
) -> None:
    hand.read(hand.added("甲"))
    people = [hand.subscriber(f"{n}@example.org") for n in range(3)]
    hand.edition("weekly/1", new=["甲"], to=people)
    hand.edition("weekly/2", closes_at=now + day)
    hand.edition("daily/1", slot_at=now, closes_at=now + 2 * day)
    with store.write() as tx:
        tx.deliveries.lease(now, now + day, 1)
        made = tx.editions.editions()
        assert [(one.edition.key, one.edition.empty) for one in made] == [
            ("daily/1", True),
            ("weekly/2", True),
            ("weekly/1", False),
        ]
        assert [one.edition.key for one in tx.editions.editions(WEEKLY)] == ["weekly/2", "weekly/1"]
        assert made[2].deliveries == {DeliveryState.PLANNED: 2, DeliveryState.LEASED: 1}
        assert made[0].edition.slot_at == now
        assert tx.editions.edition(EditionKey("weekly/1")) == made[2]
        assert tx.editions.edition(EditionKey("weekly/9")) is None


def test_an_edition_announces_only_stored_revisions(store: Store, hand: Hand) -> None:
    hand.read(hand.added("甲"))
    unknown = replace(hand.entry("甲"), id=EntryId("无"))
    hand.edition("weekly/0")
    with store.read() as tx:
        made = tx.editions.edition(EditionKey("weekly/0"))
    assert made is not None
    with pytest.raises(StoreError), store.write() as tx:
        tx.editions.make(replace(made.edition, key=KEY), [Selected(Section.NEW, unknown)], [], [])
    with store.read() as tx:
        assert tx.editions.edition(KEY) is None


def test_why_no_edition_can_be_made_is_kept_with_its_first_moment_until_one_can(
    store: Store, now: datetime, day: timedelta
) -> None:
    with store.write() as tx:
        tx.editions.register_digest(WEEKLY, now)
        tx.editions.failed(WEEKLY, "no template", now)
        tx.editions.failed(WEEKLY, "another reason", now + day)
    with store.read() as tx:
        assert tx.editions.failure(WEEKLY) == EditionFailure(now, "another reason")
        assert tx.editions.failure(DigestId("other")) is None
    with store.write() as tx:
        tx.editions.succeeded(WEEKLY)
    with store.read() as tx:
        assert tx.editions.failure(WEEKLY) is None
