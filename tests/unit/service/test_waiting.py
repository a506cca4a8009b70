"""Which delivery is next, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from digest.model import Delivery, DigestId, EditionKey, Format, Subscriber, SubscriberId
from digest.service.mailing.drain.pacing import Rates
from digest.service.mailing.drain.waiting import EvenPace, LeasedDeliveries

NOW = datetime(2026, 11, 16, tzinfo=UTC)


def to(address: str, number: int = 1) -> Delivery:
    person = Subscriber(SubscriberId(number), address, "", "en", Format.BOTH, NOW)
    return Delivery(EditionKey("w/1"), DigestId("w"), person, 0, f"<{number}>", 1, 0, NOW, NOW, NOW, NOW)


def test_one_of_a_busy_domain_is_passed_over_and_comes_when_there_is_room() -> None:
    waiting = LeasedDeliveries(1, Rates(NOW), lambda: NOW)
    first, second, third = to("a@slow.example", 1), to("b@SLOW.example", 2), to("c@example.org", 3)
    waiting.add([first, second, third])

    assert [waiting.take(), waiting.take(), waiting.take()] == [first, third, None]
    assert (waiting.ready, len(waiting)) == (False, 1)
    waiting.done(third)
    assert waiting.take() is None
    waiting.done(first)
    assert waiting.take() == second


def test_what_is_under_way_is_not_queued_again() -> None:
    waiting = LeasedDeliveries(0, Rates(NOW), lambda: NOW)
    slow = to("a@example.org", 1)
    waiting.add([slow])
    assert waiting.take() == slow
    waiting.add([slow, to("b@example.org", 2)])
    assert waiting.cleared() == [to("b@example.org", 2)]
    waiting.done(slow)
    waiting.add([slow])
    assert waiting.take() == slow


def test_what_is_put_back_is_first_again() -> None:
    waiting = LeasedDeliveries(1, Rates(NOW), lambda: NOW)
    waiting.add([to("a@example.org", 1), to("b@example.org", 2)])
    taken = waiting.take()
    assert taken
    waiting.put_back(taken)
    assert waiting.take() == taken
    assert waiting.cleared() == [to("b@example.org", 2)]
    assert len(waiting) == 0


@given(st.lists(st.sampled_from("abc"), max_size=30), st.integers(0, 3))
def test_everything_is_taken_once_and_no_domain_is_ever_busier_than_it_may(domains: list[str], most: int) -> None:
    waiting = LeasedDeliveries(most, Rates(NOW), lambda: NOW)
    added = [to(f"x@{domain}", number) for number, domain in enumerate(domains)]
    waiting.add(added)
    under_way: list[Delivery] = []
    done: list[Delivery] = []
    while len(done) < len(added):
        while (delivery := waiting.take()) is not None:
            under_way.append(delivery)
        busy = [one.subscriber.address for one in under_way]
        assert all(busy.count(address) <= (most or len(busy)) for address in busy)
        done.append(under_way.pop(0))
        waiting.done(done[-1])
    assert sorted(one.message_id for one in done) == sorted(one.message_id for one in added)


def test_a_pace_spaces_evenly_and_forgives_a_clock_that_steps_back() -> None:
    pace = EvenPace(per_second=4)
    assert pace.next_at(NOW) == NOW
    pace.started(NOW)
    assert pace.next_at(NOW) == NOW + timedelta(seconds=0.25)
    back = NOW - timedelta(days=8)
    assert pace.next_at(back) == back + timedelta(seconds=0.25)


def test_no_pace_never_waits() -> None:
    pace = EvenPace(per_second=0)
    pace.started(NOW)
    assert pace.next_at(NOW) == NOW
