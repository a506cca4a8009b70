"""When an address is suppressed: one test for each rule."""

from __future__ import annotations

import pytest

from digest.model import BounceKind, EditionKey
from digest.service.bounces.suppressing import SentEdition, suppresses

HARD, SOFT, REFUSED, DELAYED = BounceKind.HARD, BounceKind.SOFT, BounceKind.REFUSED, BounceKind.DELAYED
MARKS = {"s": {SOFT}, "h": {HARD}, "r": {REFUSED}, "d": {DELAYED}, ".": set[BounceKind](), "b": {REFUSED, SOFT}}


def sent(history: str) -> list[SentEdition]:
    return [SentEdition(EditionKey(str(at)), frozenset(MARKS[mark])) for at, mark in enumerate(history)]


def struck(kind: BounceKind, history: str, at: int = -1, soft: int = 5) -> bool:
    editions = sent(history)
    return suppresses(kind, editions[at].edition, editions, soft)


@pytest.mark.parametrize(
    ("history", "off"),
    [("....h", False), ("h.h", False), ("hh", True), ("hsh", True), ("hrh", True), ("hdh", False), ("..hh", True)],
)
def test_two_editions_in_a_row_to_an_address_that_does_not_exist_strike_it_off(history: str, *, off: bool) -> None:
    assert struck(HARD, history) is off


def test_a_complaint_suppresses_whatever_came_before() -> None:
    assert suppresses(BounceKind.COMPLAINT, EditionKey("x"), [], 5)


@pytest.mark.parametrize(
    ("history", "off"),
    [
        ("sssss", True),
        ("ssss", False),
        ("sss.ss", False),  # a mail that arrived ends the row
        (".sssss", True),
        ("ss.sssss", True),
        ("sssd s".replace(" ", ""), False),  # a delayed one arrived in the end
        ("ssrrss s".replace(" ", ""), True),  # a policy neither counts nor ends it
        ("srrrr", False),
        ("bbbbb", True),
        ("hssss", True),
    ],
)
def test_five_failures_in_a_row_suppress(history: str, *, off: bool) -> None:
    assert struck(SOFT, history) is off


def test_a_failure_that_is_reported_late_closes_the_gap_it_left() -> None:
    assert struck(SOFT, "sssss", at=2)
    assert not struck(SOFT, "s.s.s", at=2, soft=2)


@pytest.mark.parametrize("kind", [REFUSED, DELAYED, BounceKind.OTHER])
def test_a_policy_or_a_delay_never_suppresses(kind: BounceKind) -> None:
    assert not struck(kind, "ssss" + ("r" if kind is REFUSED else "d"), soft=1)


@pytest.mark.parametrize("kind", [HARD, SOFT])
def test_an_edition_from_before_the_address_was_taken_back_counts_no_more(kind: BounceKind) -> None:
    assert not suppresses(kind, EditionKey("before"), sent("ssss"), 1)
