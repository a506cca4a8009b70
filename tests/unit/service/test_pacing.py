"""Paces: halved at a refusal, one a minute more for each accepted mail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from digest.service.mailing.drain.pacing import ALL_DOMAINS, RateMark, Rates, Slowing

NOW = datetime(2026, 11, 16, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
HERE = "slow.example"


class Sent:
    """Mails to domains, each with an id of its own."""

    def __init__(self) -> None:
        self.paces, self.number, self.now = Rates(NOW), 0, NOW

    def id(self) -> str:
        self.number += 1
        return f"<{self.number}>"

    def take(self, count: int, domain: str = HERE) -> None:
        for _ in range(count):
            self.paces.start(domain, self.now)
            self.paces.accepted(self.id(), domain)

    def refuse(
        self, domain: str = HERE, mail: str = "", mark: RateMark | None = None, *, everybody: bool = False
    ) -> Slowing:
        started = mark or self.paces.start(domain, self.now)
        return self.paces.refused(mail or self.id(), domain, started, self.now, everybody=everybody)


def test_usually_there_is_none_and_nothing_waits() -> None:
    sent = Sent()
    sent.take(1000)
    assert not sent.paces.slow
    assert sent.paces.next_at(HERE, NOW) == NOW
    assert sent.paces.changes() == ([], [])


def test_the_first_is_half_of_how_fast_it_went_and_each_refusal_halves_it() -> None:
    sent = Sent()
    sent.take(120)
    sent.now += 2 * MINUTE
    assert sent.refuse() is Slowing.SLOWER
    assert sent.paces.per_minute(HERE) == 30
    assert sent.paces.next_at(HERE, sent.now) == sent.now + 2 * SECOND
    assert sent.refuse() is Slowing.SLOWER
    assert sent.paces.per_minute(HERE) == 15
    assert sent.paces.per_minute(ALL_DOMAINS) is None


def test_what_was_under_way_at_a_refusal_does_not_halve_it_again() -> None:
    sent = Sent()
    sent.take(120)
    sent.now += MINUTE
    marks = [sent.paces.start(HERE, sent.now) for _ in range(8)]
    for mark in marks:
        sent.refuse(mark=mark)
    assert sent.paces.per_minute(HERE) == 60


def test_each_that_is_taken_is_one_a_minute_more_until_there_is_no_pace() -> None:
    sent = Sent()
    sent.take(20)
    sent.now += MINUTE
    sent.refuse()
    assert sent.paces.per_minute(HERE) == 10
    sent.take(5)
    assert sent.paces.per_minute(HERE) == 15
    sent.take(6000)
    assert not sent.paces.slow
    assert sent.paces.changes() == ([], [HERE])


def test_as_slow_as_it_gets_the_domain_is_paused() -> None:
    sent = Sent()
    told = [sent.refuse() for _ in range(8)]
    assert told == [Slowing.SLOWER] * 6 + [Slowing.PAUSE] * 2
    assert sent.paces.per_minute(HERE) == 1


def test_a_refusal_before_the_recipient_is_named_concerns_everybody() -> None:
    sent = Sent()
    sent.take(60)
    told = [sent.refuse(everybody=True) for _ in range(14)]
    assert told[:11] == [Slowing.SLOWER] * 11
    assert told[-1] is Slowing.PAUSE_ALL
    assert sent.paces.per_minute(HERE) is None
    assert sent.paces.next_at(ALL_DOMAINS, NOW) == NOW + MINUTE


def test_a_limit_that_several_domains_meet_is_everybodys_and_one_or_two_domains_are_not() -> None:
    sent = Sent()
    for number in range(10):
        sent.take(1, f"d{number}.example")
    sent.refuse("d1.example")
    sent.refuse("d2.example")
    assert sent.paces.per_minute(ALL_DOMAINS) is None
    sent.refuse("d3.example")
    assert sent.paces.per_minute(ALL_DOMAINS) is None, "seven others took all"
    sent.refuse("d4.example")
    assert sent.paces.per_minute(ALL_DOMAINS) is not None


def test_a_mail_that_is_refused_again_and_again_while_all_others_are_accepted_is_refused_for_itself() -> None:
    sent = Sent()
    told = []
    for _ in range(3):
        told.append(sent.refuse(mail="<bad>"))
        sent.take(5)
    assert told == [Slowing.SLOWER, Slowing.SLOWER, Slowing.OWN]


def test_a_mail_that_is_refused_among_others_is_not() -> None:
    sent = Sent()
    for _ in range(5):
        assert sent.refuse(mail="<unlucky>") is not Slowing.OWN
        sent.take(300)
        assert sent.refuse() is not Slowing.OWN


@pytest.mark.parametrize("step", [timedelta(), -timedelta(days=8)])
def test_a_clock_that_stands_or_steps_back_holds_nothing_up_that_was_waited_for(step: timedelta) -> None:
    sent = Sent()
    sent.refuse()
    start = sent.paces.next_at(HERE, sent.now)
    sent.now += step
    assert sent.paces.next_at(HERE, sent.now) <= sent.now + MINUTE
    sent.paces.wait_ended(start, sent.now)
    assert sent.paces.next_at(HERE, sent.now) == sent.now


def test_the_next_drain_goes_on_where_the_last_ended() -> None:
    sent = Sent()
    sent.take(60)
    sent.now += MINUTE
    sent.refuse()
    (left,), free = sent.paces.changes()
    assert (left.domain, left.per_minute, left.next_at) == (HERE, 30, sent.now + 2 * SECOND)
    assert free == []
    assert sent.paces.changes() == ([], [])

    later = Rates(sent.now)
    later.begin([left])
    assert later.per_minute(HERE) == 30
    assert later.next_at(HERE, sent.now) == left.next_at
    assert later.refused("<x>", HERE, later.start(HERE, sent.now), sent.now, everybody=False) is Slowing.SLOWER
    assert later.per_minute(HERE) == 15
