"""Refusals about us, about a domain and about subscribers: who stays, who is blamed, what is reported."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from digest.errors import StoreError
from digest.mail.tokens import bounce_token, return_path
from digest.model import DeliveryState, DigestId, EditionKey, SubscriberId
from digest.service.bounces import messages, suppressing
from digest.service.bounces.suppressing import HeldEdition
from digest.service.operating import alerts, status
from digest.store import open_store
from digest.store.mailing.pacing import Resting
from digest.store.transaction import Store
from tests.integration.mail.conftest import KEY, Post
from tests.integration.mail.test_coming_back import ADDRESS, configured
from tests.unit.mail.test_reports import block, dsn

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from tests.integration.mail.conftest import Inbox

ACCEPTED, DEFERRED, FAILED = DeliveryState.ACCEPTED, DeliveryState.DEFERRED, DeliveryState.FAILED
PLANNED = DeliveryState.PLANNED
DOMAINS = ["gmail.example", "yahoo.example", "qq.example", "univ.example", "own.example"]
READERS = [f"reader{number}@{DOMAINS[number % 5]}" for number in range(100)]
GONE = "550 5.1.1 <{}>: Recipient address rejected: User unknown"


def healthy(_: str) -> None:
    """Nobody is refused."""


@pytest.fixture
def post(post_to: Callable[..., Post], port: int) -> Post:
    """By one connection, so that people come in their order."""
    return post_to(port, connections=1)


def suppressed(post: Post) -> set[str]:
    with post.store.read() as tx:
        return {one.address for one in tx.subscribers.suppressed()}


def told(post: Post) -> dict[str, str]:
    """What the alerts say is wrong."""
    alerts.decide(post.store, post.settings, post.now)
    with post.store.read() as tx:
        return {alert.subject: alert.problem for alert in tx.alerts.all().values()}


def everybody(post: Post) -> list[SubscriberId]:
    with post.store.read() as tx:
        return [one.id for one in tx.subscribers.active(DigestId("weekly"))]


def until_nothing_waits(post: Post) -> None:
    """Let time pass and drain, as the service does; when nothing waits, once more an hour later."""
    for _ in range(40):
        post.drain()
        post.now += timedelta(hours=1)
        if not {PLANNED, DEFERRED, DeliveryState.LEASED} & post.states().keys():
            break
    post.drain()


# --- about us -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply",
    [
        "550 relay not permitted",
        "550 Connection frequency limited",
        "550 Ip frequency limited. http://service.mail.example/?help=1",
        "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
        "550 5.1.0 <digest@example.org>: Sender address rejected: User unknown",
        "550 5.1.90 Your message can't be sent because you've reached your daily limit",
        "550 5.1.20 Multiple From addresses",
        "554 5.7.1 <{}>: Relay access denied",
        "550 no",
        "551 {} does not like you today",
    ],
)
def test_the_same_refusal_from_several_domains_is_about_us_and_costs_nobody_anything(
    inbox: Inbox, post: Post, reply: str
) -> None:
    post.people(*READERS[:40])
    inbox.at_recipient = reply.format

    assert post.drain().paused.startswith("recipient: 55")

    assert post.states() == {DEFERRED: 3, PLANNED: 37}
    assert suppressed(post) == set()
    assert "paused: recipient: 55" in told(post)["sending"]
    with post.store.read() as tx:
        assert tx.bounces.counts() == {}
    inbox.at_recipient = healthy
    until_nothing_waits(post)
    assert inbox.counts() == {1: 40}


def test_a_relay_that_says_of_everybody_that_they_do_not_exist_loses_nobody(inbox: Inbox, post: Post) -> None:
    post.people(*READERS)
    inbox.at_recipient = GONE.format
    report = post.drain()
    assert report.paused.startswith("recipient: 550 5.1.1")
    assert (post.states(), report.failed) == ({DEFERRED: 20, PLANNED: 80}, 0)
    with post.store.read() as tx:
        assert (tx.bounces.counts(), tx.breaker.waiting()) == ({}, [])
    for _ in range(6):  # for hours
        post.now += post.settings.mail.pause
        assert post.drain().failed == 0
    inbox.at_recipient = healthy
    until_nothing_waits(post)
    assert inbox.counts() == {1: 100}
    assert suppressed(post) == set()


# --- about a domain -------------------------------------------------------------------------------


def test_one_domain_that_refuses_us_is_paused_while_the_others_are_served(inbox: Inbox, post: Post) -> None:
    post.people(*READERS)
    inbox.at_recipient = lambda to: "550 5.7.1 blocked by policy" if to.endswith("@gmail.example") else None

    report = post.drain()

    assert report.paused == ""
    assert post.states() == {ACCEPTED: 80, DEFERRED: 20}
    assert sum(row.attempts for row in post.rows().values() if row.state is DEFERRED) == 3
    assert "blocked by policy" in told(post)["mail to gmail.example"]
    (resting,) = status.status(post.store, post.settings, post.now).resting
    assert (resting.domain, resting.until) == ("gmail.example", post.now + post.settings.mail.pause)

    post.now += post.settings.mail.pause  # still refused: it is paused twice as long
    assert post.drain().attempted == 3
    (resting,) = status.status(post.store, post.settings, post.now).resting
    assert resting.until == post.now + 2 * post.settings.mail.pause

    inbox.at_recipient = healthy
    until_nothing_waits(post)
    assert inbox.counts() == {1: 100}
    told(post)
    post.now += post.settings.alerts.calm
    assert told(post) == {}
    assert suppressed(post) == set()


def test_the_end_of_a_domains_pause_is_recorded_once_not_with_each_mail(
    inbox: Inbox, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.people(*READERS)
    inbox.at_recipient = lambda to: "550 5.7.1 blocked by policy" if to.endswith("@gmail.example") else None
    post.drain()
    recorded: list[set[str]] = []
    got_through = Resting.got_through

    def counted(resting: Resting, domains: Collection[str]) -> None:
        recorded.append(set(domains))
        got_through(resting, domains)

    monkeypatch.setattr(Resting, "got_through", counted)
    inbox.at_recipient = healthy
    post.now += post.settings.mail.pause
    assert post.drain().states == {ACCEPTED: 17}  # the three that were refused wait longer
    assert recorded == [{"gmail.example"}]
    assert status.status(post.store, post.settings, post.now).resting == ()


def test_a_new_edition_leaves_a_paused_domain_alone(inbox: Inbox, post: Post) -> None:
    post.people(*READERS)
    inbox.at_recipient = lambda to: "550 5.7.1 blocked by policy" if to.endswith("@gmail.example") else None
    post.drain()
    asked: list[str] = []
    inbox.at_recipient = asked.append
    post.now += timedelta(minutes=1)
    key = post.edition("weekly/2", *everybody(post))
    post.drain()
    assert not [to for to in asked if to.endswith("@gmail.example")]
    assert len(asked) == 80
    until_nothing_waits(post)
    with post.store.read() as tx:
        assert {row.state for row in tx.deliveries.rows(key)} == {ACCEPTED}


# --- about recipients -----------------------------------------------------------------------------


def test_readers_without_an_account_fail_alone_and_rest_nothing(inbox: Inbox, post: Post) -> None:
    gone = {to for to in READERS if to.endswith("@yahoo.example")} - {READERS[-4]}
    post.people(*sorted(READERS, key=lambda to: to.rpartition("@")[2]))  # nineteen in a row
    inbox.at_content = lambda to: (
        f"554 delivery error: This user doesn't have an account ({to})" if to in gone else None
    )

    assert post.drain().paused == ""

    assert post.states() == {ACCEPTED: 81, FAILED: 19}
    assert {address for address, row in post.rows().items() if row.state is FAILED} == gone
    assert suppressed(post) == set()
    assert told(post) == {}


# --- evidence -------------------------------------------------------------------------------------


def test_an_address_is_suppressed_at_once_where_its_server_takes_mail_for_others(inbox: Inbox, post: Post) -> None:
    post.people(*READERS)
    inbox.at_recipient = lambda to: GONE.format(to) if to == READERS[7] else None
    post.drain()
    assert suppressed(post) == {READERS[7]}


@pytest.mark.parametrize(
    "reply", ["550 5.1.2 <{}>: no such domain", "550 5.1.10 <{}>: no mail", "550 5.1.1 <{}>: unknown"]
)
def test_a_domain_that_takes_nothing_needs_two_editions(inbox: Inbox, post: Post, reply: str) -> None:
    post.people(*READERS[:20], "one@gone.example", "two@gone.example")
    inbox.at_recipient = lambda to: reply.format(to) if to.endswith("@gone.example") else None
    post.drain()
    assert suppressed(post) == set()
    post.now += timedelta(days=7)
    post.edition("weekly/2", *everybody(post))
    post.drain()
    assert suppressed(post) == {"one@gone.example", "two@gone.example"}


def test_an_edition_that_arrived_in_between_ends_the_row(inbox: Inbox, post: Post) -> None:
    post.people("one@gone.example")
    for week in range(3):
        refuse(inbox, [] if week == 1 else ["one@gone.example"])
        if week:
            post.now += timedelta(days=7)
            post.edition(f"weekly/{week}", *everybody(post))
        post.drain()
    assert suppressed(post) == set()


# --- the circuit breaker --------------------------------------------------------------------------


def refuse(inbox: Inbox, addresses: list[str]) -> None:
    inbox.at_recipient = lambda to: GONE.format(to) if to in addresses else None


def test_too_many_suppressions_take_no_effect_and_sending_is_paused_until_they_are_confirmed(
    inbox: Inbox, post: Post
) -> None:
    post.people(*READERS)
    refuse(inbox, gone := READERS[::4])
    post.drain()

    assert post.states() == {ACCEPTED: 75, FAILED: 25}
    assert suppressed(post) == set()
    assert "asks to suppress 25 of 100 readers" in told(post)["sending"]
    assert status.status(post.store, post.settings, post.now).held == (HeldEdition(KEY, 25, 100),)
    post.now += timedelta(days=7)
    key = post.edition("weekly/2", *everybody(post))
    inbox.taken.clear()
    assert "--confirm" in post.drain(resume=True).paused
    assert not inbox.taken

    assert {one.address for one in suppressing.open_requests(post.store, KEY)} == set(gone)
    assert suppressing.decide_requests(post.store, KEY, confirm=True, now=post.now) == 25
    assert suppressed(post) == set(gone)
    assert post.drain().paused == ""
    with post.store.read() as tx:
        assert {row.state for row in tx.deliveries.rows(key)} == {ACCEPTED, DeliveryState.SUPPRESSED}
    assert len(inbox.taken) == 75
    told(post)
    post.now += post.settings.alerts.calm
    assert told(post) == {}


def test_suppressions_that_are_dismissed_are_not_asked_for_again(inbox: Inbox, post: Post) -> None:
    post.people(*READERS)
    refuse(inbox, READERS[::4])
    post.drain()
    suppressing.decide_requests(post.store, KEY, confirm=False, now=post.now)
    inbox.at_recipient = healthy
    post.now += timedelta(days=7)
    post.edition("weekly/2", *everybody(post))
    assert post.drain().counts()["accepted"] == 100
    assert suppressed(post) == set()


@pytest.mark.parametrize(
    ("readers", "gone", "share", "held"),
    [
        (100, 4, 0.05, False),
        (100, 19, 0.05, False),  # of so few a share says nothing
        (100, 20, 0.05, True),
        (100, 20, 0.25, False),
        (100, 26, 0.25, True),
        (100, 60, 1, False),
    ],
)
def test_the_breaker_counts_a_share_of_at_least_twenty(
    inbox: Inbox, post: Post, readers: int, gone: int, share: float, *, held: bool
) -> None:
    people = [f"reader{number}@own.example" for number in range(readers)]
    configured(post, breaker=share)
    post.people(*people)
    refuse(inbox, dead := [people[number * readers // gone] for number in range(gone)])
    post.drain()
    assert suppressed(post) == (set() if held else set(dead))


def test_a_share_is_known_when_the_mails_are_sent_or_a_day_has_gone_by(inbox: Inbox, post: Post) -> None:
    post.people(*READERS)
    inbox.at_recipient = {READERS[7]: GONE.format(READERS[7]), READERS[9]: "450 4.2.1 busy"}.get
    post.drain()
    assert suppressed(post) == set()  # one is still to be sent

    post.now += timedelta(hours=23, minutes=59)
    with post.store.write() as tx:
        suppressing.apply_due(tx, post.settings.bounces, post.now)
    assert suppressed(post) == set()
    post.now += timedelta(minutes=1)
    suppressing.apply_if_due(post.store, post.settings, post.now)
    assert suppressed(post) == {READERS[7]}


def came_back(post: Post, people: list[SubscriberId], key: EditionKey = KEY) -> None:
    for person in people:
        token = return_path(ADDRESS, bounce_token(post.store.secret(), person, key))
        messages.handle_message(post.store, post.settings, dsn(block("failed", "5.1.1"), to=token), now=post.now)


def test_bounces_that_come_one_by_one_count_together_and_take_back_what_took_effect(inbox: Inbox, post: Post) -> None:
    configured(post)
    people = post.people(*READERS)
    post.drain()
    came_back(post, people[:19])
    assert suppressed(post) == set(READERS[:19])
    came_back(post, people[19:20])
    assert suppressed(post) == set()
    assert "asks to suppress 20 of 100 readers" in told(post)["sending"]

    suppressing.decide_requests(post.store, KEY, confirm=True, now=post.now)
    assert suppressed(post) == set(READERS[:20])
    came_back(post, people[20:21])  # of an edition that was confirmed
    assert suppressed(post) == set(READERS[:21])


def test_a_complaint_stays_where_the_suppressions_of_an_edition_are_taken_back(inbox: Inbox, post: Post) -> None:
    configured(post)
    people = post.people(*READERS)
    post.drain()
    came_back(post, people[:19])
    with post.store.write() as tx:
        tx.subscribers.suppress(people[3], "feedback: abuse", post.now)
    came_back(post, people[19:20])

    assert suppressed(post) == {READERS[3]}


def test_a_person_who_was_suppressed_for_one_edition_stays_so_when_another_is_held(inbox: Inbox, post: Post) -> None:
    configured(post)
    people = post.people(*READERS)
    post.drain()
    post.now += timedelta(days=7)
    key = post.edition("weekly/2", *people)
    post.drain()
    came_back(post, people[:1])
    came_back(post, people[:20], key)
    came_back(post, people[20:21], key)

    assert suppressed(post) == {READERS[0]}


def test_after_a_day_the_share_is_that_of_the_mails_sent(inbox: Inbox, post: Post) -> None:
    """An edition that was cut long before it goes out: what nobody was offered yet says nothing of its share."""
    configured(post)
    people = post.people(*(f"reader{number}@own.example" for number in range(500)))
    post.now += timedelta(days=7)
    key = post.edition("weekly/2", *people[100:])
    post.now += timedelta(days=2)
    with post.store.write() as tx:  # the first hundred of the second edition, as a drain that was cut short leaves them
        leases = [(one.edition, one.subscriber.id) for one in tx.deliveries.lease(post.now, post.now, 100, key)]
        for edition, person in leases:
            tx.deliveries.record(edition, person, ACCEPTED, now=post.now, code=250, text="ok")
    came_back(post, [person for _, person in leases[:20]], key)

    assert suppressed(post) == set()
    assert status.status(post.store, post.settings, post.now).held == (HeldEdition(key, 20, 100),)


def test_what_is_dismissed_takes_back_what_took_effect_and_proves_nothing_later(inbox: Inbox, post: Post) -> None:
    configured(post)
    people = post.people(*READERS)
    post.drain()
    came_back(post, people[:20])
    suppressing.decide_requests(post.store, KEY, confirm=False, now=post.now)
    came_back(post, people[20:30])  # they trickle in, of the same cause
    assert suppressed(post) == set()

    post.now += timedelta(days=7)
    post.edition("weekly/2", *everybody(post))
    inbox.at_recipient = {READERS[0]: "550 5.1.3 bad", READERS[25]: "550 5.1.3 bad"}.get
    post.drain()
    assert suppressed(post) == set()  # one edition, and no code that one server says of one address


def test_what_was_not_about_a_reader_lifts_what_took_effect_for_it(inbox: Inbox, post: Post) -> None:
    people = post.people(*READERS)
    refuse(inbox, READERS[7:8])
    post.drain()
    assert suppressed(post) == {READERS[7]}

    with post.store.write() as tx:
        suppressing.undo_refusals(tx, KEY, people[7:8], post.now)
    assert suppressed(post) == set()
    with post.store.read() as tx:
        assert tx.breaker.requests(KEY) == []


def test_refusals_and_bounces_of_an_edition_count_together(inbox: Inbox, post: Post) -> None:
    configured(post)
    people = post.people(*READERS)
    refuse(inbox, READERS[:50:5])
    post.drain()
    assert suppressed(post) == set(READERS[:50:5])
    came_back(post, people[1:50:5])
    assert suppressed(post) == set()


def test_no_suppression_is_requested_for_a_person_whose_suppression_was_lifted(inbox: Inbox, post: Post) -> None:
    post.people(*READERS)
    refuse(inbox, READERS[::4])
    post.drain()
    with post.store.write() as tx:
        record = tx.subscribers.find(READERS[0])
        assert record is not None
        assert not tx.subscribers.unsuppress(record.subscriber.id, "confirmed by mail", post.now)
    assert suppressing.decide_requests(post.store, KEY, confirm=True, now=post.now) == 24
    assert READERS[0] not in suppressed(post)


# --- crashes --------------------------------------------------------------------------------------


class KilledError(StoreError):
    """The process is gone before this transaction is durable."""


@contextlib.contextmanager
def killed_at(number: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Roll back the transaction of this number and all after it; yields how many there were."""
    count, usual = [0], Store.write

    @contextlib.contextmanager
    def write(store: Store, *, exclusive: bool = True) -> Iterator[Any]:
        count[0] += 1
        with usual(store, exclusive=exclusive) as tx:
            yield tx
            if count[0] >= number:
                raise KilledError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "write", write)
        patched.setattr("digest.service.mailing.drain.ledger._STORE_RESTS", ())
        yield count


def test_a_crash_before_any_transaction_is_durable_changes_nothing_in_the_end(
    inbox: Inbox, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suppressing, "FEWEST", 3)  # of so many subscribers
    people, gone = READERS[:12], READERS[:12:4]
    refuse(inbox, gone)
    number, cut = 0, True
    while cut:
        number += 1
        with contextlib.closing(open_store("sqlite://")) as store:
            office = Post(store, post.settings)
            office.people(*people)
            inbox.taken.clear()
            with killed_at(number, monkeypatch) as count, contextlib.suppress(StoreError):
                office.drain()
            cut = count[0] >= number
            office.now += timedelta(hours=1)
            office.drain()
            office.now += timedelta(hours=1)
            office.drain()
            assert set(inbox.taken) == set(people) - set(gone)
            assert (suppressed(office), len(suppressing.open_requests(store, KEY))) == (set(), 3)
            with killed_at(1, monkeypatch), pytest.raises(KilledError):
                suppressing.decide_requests(store, KEY, confirm=True, now=office.now)
            assert suppressed(office) == set()
            suppressing.decide_requests(store, KEY, confirm=True, now=office.now)
            assert suppressed(office) == set(gone)
    assert number > 12
