"""What refusals of several recipients have in common: one test for each rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from digest.errors import TransportError
from digest.mail.replies.outcome import Patience, outcome
from digest.model import Delivery, DigestId, EditionKey, Format, Subscriber, SubscriberId
from digest.service.bounces.refusals import PauseScope, RefusalFinding, RefusalHistory, refused_delivery

NOW = datetime(2026, 11, 16, tzinfo=UTC)
EDITION = EditionKey("weekly/2026-W47")
OLD_YAHOO = "554 delivery error: dd This user doesn't have a yahoo.com account ({}) [0] - mta{}.mail.bf1.yahoo.com"
SEVERAL = ["a.example", "b.example", "c.example", "d.example"]


def to(number: int, domain: str, attempts: int = 1) -> Delivery:
    person = Subscriber(SubscriberId(number), f"reader{number}@{domain}", "", "en", Format.BOTH, NOW, "", (), None)
    return Delivery(
        edition=EDITION,
        digest=DigestId("weekly"),
        subscriber=person,
        variant=0,
        message_id=f"<{number}@x>",
        attempts=attempts,
        uncertain=0,
        made_at=NOW,
        leased_until=NOW,
        agreed_at=NOW,
        written_at=NOW,
    )


class Run:
    """A drain to subscribers at these domains, who are refused one after the other."""

    def __init__(self, *domains: str) -> None:
        self.refusals, self.number = RefusalHistory(), 0
        self.refusals.register([to(0, domain) for domain in domains])

    def refused(self, domain: str, reply: str, *, phase: str = "recipient", attempts: int = 1) -> RefusalFinding:
        self.number += 1
        one = to(self.number, domain, attempts)
        text = reply.format(one.subscriber.address, self.number)
        error = TransportError(text[4:], phase=phase, code=int(text[:3]) or None)
        told = outcome(
            error,
            attempts=attempts,
            uncertain=0,
            made_at=NOW,
            now=NOW,
            seed="x",
            patience=Patience(timedelta(minutes=30), timedelta(days=4)),
            sender="digest@digest.example.org",
            recipient=one.subscriber.address,
        )
        return self.refusals.add(one, error, told)

    def taken(self, domain: str) -> None:
        self.number += 1
        self.refusals.accepted(to(self.number, domain), self.refusals.mark())


def rests(found: list[RefusalFinding]) -> list[PauseScope]:
    return [one.pause for one in found]


@pytest.mark.parametrize(
    "reply",
    ["550 relay not permitted", "550 Connection frequency limited", "553 not allowed (#5.7.1)", "550 go away {}"],
)
def test_the_same_words_for_several_domains_in_a_row_are_about_us_and_blame_nobody(reply: str) -> None:
    run = Run(*SEVERAL)
    found = [run.refused(domain, reply) for domain in SEVERAL[:3]]
    assert rests(found) == [PauseScope.NOTHING, PauseScope.NOTHING, PauseScope.ALL]
    failed = 3 if "go away" in reply else 0
    assert len(found[-1].blameless) == failed


def test_the_same_words_for_one_domain_are_about_that_domain() -> None:
    run = Run(*SEVERAL)
    for _ in range(2):
        assert run.refused("a.example", "550 5.7.1 blocked").pause is PauseScope.NOTHING
        run.taken("b.example")
    assert run.refused("a.example", "550 5.7.1 blocked, too").pause is PauseScope.DOMAIN


def test_where_all_are_for_one_domain_what_is_about_it_is_about_us() -> None:
    run = Run("a.example")
    assert rests([run.refused("a.example", "550 5.7.1 blocked") for _ in range(3)])[-1] is PauseScope.ALL


def test_a_mail_that_gets_through_ends_the_row_and_that_of_its_domain() -> None:
    run = Run(*SEVERAL)
    for _ in range(5):
        assert run.refused("a.example", "550 relay not permitted").pause is PauseScope.NOTHING
        assert run.refused("b.example", "550 relay not permitted").pause is PauseScope.NOTHING
        run.taken("a.example")
        run.taken("b.example")


def test_other_words_are_each_readers_own() -> None:
    run = Run(*SEVERAL)
    found = [
        run.refused(domain, f"550 {word}") for domain, word in zip(SEVERAL, ["one", "two", "six", "ten"], strict=True)
    ]
    assert set(rests(found)) == {PauseScope.NOTHING}


def test_readers_of_one_domain_who_do_not_exist_rest_nothing_while_another_of_them_is_reached() -> None:
    run = Run("yahoo.com", *SEVERAL)
    run.taken("yahoo.com")
    assert {run.refused("yahoo.com", OLD_YAHOO).pause for _ in range(100)} == {PauseScope.NOTHING}


def test_three_readers_who_do_not_exist_are_no_reason_to_rest() -> None:
    run = Run("yahoo.com", *SEVERAL)
    assert {run.refused("yahoo.com", OLD_YAHOO).pause for _ in range(3)} == {PauseScope.NOTHING}
    assert {run.refused(domain, "550 5.1.1 unknown").pause for domain in SEVERAL} == {PauseScope.NOTHING}


def test_a_domain_of_which_nobody_exists_in_a_long_row_is_paused_and_blames_nobody() -> None:
    run = Run("yahoo.com", *SEVERAL)
    found = [run.refused("yahoo.com", OLD_YAHOO) for _ in range(20)]
    assert rests(found) == [PauseScope.NOTHING] * 19 + [PauseScope.DOMAIN]
    assert len(found[-1].blameless) == 20


def test_a_relay_that_knows_nobody_of_any_domain_pauses_all_and_blames_nobody() -> None:
    run = Run(*SEVERAL)
    found = [run.refused(SEVERAL[number % 4], "550 5.1.1 <{}>: unknown (id {})") for number in range(20)]
    assert rests(found) == [PauseScope.NOTHING] * 19 + [PauseScope.ALL]
    assert len(found[-1].blameless) == 20


def test_a_mail_that_was_under_way_when_it_was_found_is_not_blamed_either() -> None:
    run = Run(*SEVERAL)
    for domain in SEVERAL[:3]:
        run.refused(domain, "550 go away")
    late = run.refused("d.example", "550 go away")
    assert late.pause is PauseScope.NOTHING
    assert [one.subscriber for one in late.blameless] == [4]


def test_a_mail_that_is_refused_again_after_the_pause_fails_alone() -> None:
    run = Run(*SEVERAL)
    assert {run.refused(domain, "550 go away", attempts=7).pause for domain in SEVERAL} == {PauseScope.NOTHING}
    again = Run(*SEVERAL)
    again.refusals.known_causes = {("", "unknown")}
    again.taken("a.example")
    assert {again.refused(SEVERAL[n % 4], "550 5.1.1 unknown").pause for n in range(50)} == {PauseScope.NOTHING}


def test_all_sending_is_paused_again_where_everybody_is_unknown_again_and_nobody_was_reached() -> None:
    run = Run(*SEVERAL)
    run.refusals.known_causes = {("", "unknown")}
    found = [run.refused(SEVERAL[n % 4], "550 5.1.1 unknown") for n in range(20)]
    assert (found[-1].pause, len(found[-1].blameless)) == (PauseScope.ALL, 20)


def test_a_domain_that_is_tried_again_may_rest_again() -> None:
    run = Run(*SEVERAL)
    first = [run.refused("a.example", "550 5.7.1 blocked").pause for _ in range(4)]
    run.refusals.register([to(9, "a.example")])
    again = [run.refused("a.example", "550 5.7.1 blocked").pause for _ in range(3)]
    assert first == [PauseScope.NOTHING, PauseScope.NOTHING, PauseScope.DOMAIN, PauseScope.NOTHING]
    assert again == [PauseScope.NOTHING, PauseScope.NOTHING, PauseScope.DOMAIN]


@pytest.mark.parametrize("phase", ["connect", "sender"])
def test_a_refusal_before_a_recipient_is_named_is_about_us_for_any_next_recipient(phase: str) -> None:
    run = Run(*SEVERAL)
    assert rests([run.refused("a.example", "421 later", phase=phase) for _ in range(3)])[-1] is PauseScope.ALL
    assert Run(*SEVERAL).refused("a.example", "535 wrong", phase="login").pause is PauseScope.ALL


def test_a_temporary_refusal_pauses_nothing() -> None:
    run = Run(*SEVERAL)
    assert {run.refused(domain, "450 4.2.1 busy").pause for domain in SEVERAL * 9} == {PauseScope.NOTHING}


def test_a_mail_that_was_tried_before_the_refusals_does_not_end_their_row() -> None:
    run = Run(*SEVERAL)
    before = run.refusals.mark()
    assert run.refused("a.example", "550 go away").pause is PauseScope.NOTHING
    assert run.refused("b.example", "550 go away").pause is PauseScope.NOTHING
    run.refusals.accepted(to(9, "d.example"), before)
    found = run.refused("c.example", "550 go away")
    assert (found.pause, len(found.blameless)) == (PauseScope.ALL, 3)


def test_a_row_goes_on_after_the_drain_that_it_began_in() -> None:
    run = Run(*SEVERAL)
    for number in (1, 2):
        run.refusals.add_earlier(refused_delivery(to(number, "a.example")), "550 go away", alone=False)
    found = run.refused("a.example", "550 go away")
    assert (found.pause, [one.subscriber for one in found.blameless]) == (PauseScope.DOMAIN, [1, 2, 1])


def test_the_last_who_hear_what_sending_rested_for_are_not_blamed_either() -> None:
    run = Run(*SEVERAL)
    run.refusals.known_causes = {("", "go away")}
    found = run.refused("a.example", "550 go away")
    assert (found.pause, [one.subscriber for one in found.blameless]) == (PauseScope.NOTHING, [1])


def test_what_one_domain_rested_for_says_nothing_of_another() -> None:
    run = Run(*SEVERAL)
    run.refusals.known_causes = {("b.example", "go away")}
    found = [run.refused("a.example", "550 go away") for _ in range(3)]
    assert [len(one.blameless) for one in found] == [0, 0, 3]
    assert found[-1].pause is PauseScope.DOMAIN


def test_what_pauses_all_sending_does_not_hide_what_one_domain_says() -> None:
    run = Run(*SEVERAL, "x.example")
    earlier = [run.refused("x.example", "550 not today") for _ in range(2)]
    ours = [run.refused(domain, "550 relay not permitted") for domain in SEVERAL[:3]]
    in_progress = run.refused("x.example", "550 not today")
    assert rests([*earlier, *ours]) == [PauseScope.NOTHING] * 4 + [PauseScope.ALL]
    assert in_progress.pause is PauseScope.DOMAIN
    assert [one.subscriber for one in in_progress.blameless] == [SubscriberId(1), SubscriberId(2), SubscriberId(6)]


def test_what_paused_all_sending_is_settled() -> None:
    run = Run(*SEVERAL, "x.example")
    found = [run.refused(domain, "550 relay not permitted") for domain in SEVERAL[:3]]
    assert rests(found)[-1] is PauseScope.ALL
    assert run.refused("x.example", "550 not today") == RefusalFinding()
