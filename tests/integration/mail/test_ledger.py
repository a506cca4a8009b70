"""The ledger of a drain: one transaction for all who wait, nothing begun before it is durable."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from digest.errors import StoreError
from digest.model import DeliveryState
from digest.service.mailing.composing import MailComposer
from digest.service.mailing.drain.ledger import AttemptResult, Ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from digest.model import Delivery
    from tests.integration.mail.conftest import Post

READERS = [f"reader{number}@example.org" for number in range(40)]
ACCEPTED, LEASED, PLANNED = DeliveryState.ACCEPTED, DeliveryState.LEASED, DeliveryState.PLANNED


@pytest.fixture
def post(post_to: Callable[..., Post]) -> Post:
    made = post_to(1)
    made.people(*READERS)
    return made


def leased(post: Post) -> list[Delivery]:
    with post.store.write() as tx:
        return tx.deliveries.lease(post.now, post.now + post.settings.mail.lease, 100)


def opened(post: Post) -> Ledger:
    letters = MailComposer(post.settings, post.store.secret())
    return Ledger(post.store, post.settings, lambda: post.now, letters, ThreadPoolExecutor(1))


class Transactions:
    """Counts those that write, and fails one of them if asked to."""

    def __init__(self, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count, self.fails_at = 0, -1
        write = post.store.write

        def watched(**options: bool) -> Any:
            self.count += 1
            if self.count == self.fails_at:
                raise StoreError("the disk is full")
            return write(**options)

        monkeypatch.setattr(post.store, "write", watched)


def test_workers_that_wait_together_share_a_transaction(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    deliveries, ledger = leased(post), opened(post)
    transactions = Transactions(post, monkeypatch)

    async def all_of_them() -> None:
        begun = await asyncio.gather(*(ledger.request(None, one).done for one in deliveries[:20]))
        assert begun == [LEASED] * 20
        answers = [AttemptResult(one, ACCEPTED, code=250) for one in deliveries[:20]]
        pairs = zip(answers, deliveries[20:], strict=True)
        assert await asyncio.gather(*(ledger.request(*pair).done for pair in pairs)) == [LEASED] * 20

    asyncio.run(all_of_them())
    assert transactions.count == 2
    assert post.states() == {ACCEPTED: 20, LEASED: 20}
    assert {row.attempts for row in post.rows().values()} == {1}


def test_a_transaction_waits_a_little_for_those_whose_mail_is_under_way(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest.service.mailing.drain.ledger._WORTH_WAITING", 1e6)  # more than this machine can take
    deliveries, ledger = leased(post), opened(post)
    transactions = Transactions(post, monkeypatch)

    async def one_after_the_other() -> None:
        await asyncio.gather(*(ledger.request(None, one).done for one in deliveries[:5]))
        turns = []
        for delivery in deliveries[:5]:
            turns.append(ledger.request(AttemptResult(delivery, ACCEPTED), None).done)
            for _ in range(5):
                await asyncio.to_thread(len, turns)
        await asyncio.gather(*turns)

    asyncio.run(one_after_the_other())
    assert transactions.count == 2
    assert post.states()[ACCEPTED] == 5


def test_a_turn_ends_when_what_it_says_is_in_the_store(post: Post) -> None:
    deliveries, ledger = leased(post), opened(post)

    async def one_worker(mine: list[Delivery]) -> None:
        answer = None
        for delivery in mine:
            await ledger.request(answer, delivery).done
            row = (await asyncio.to_thread(post.rows))[delivery.subscriber.address]
            assert row.attempts == 1
            answer = AttemptResult(delivery, ACCEPTED)
        await ledger.request(answer, None).done

    async def four() -> None:
        await asyncio.gather(*(one_worker(deliveries[at::4]) for at in range(4)))

    asyncio.run(four())
    assert post.states() == {ACCEPTED: 40}


def test_a_failing_store_fails_all_waiting_workers_and_begins_none_of_their_mails(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliveries, ledger = leased(post), opened(post)
    transactions = Transactions(post, monkeypatch)
    transactions.fails_at = 1

    async def turns() -> list[Any]:
        failed = await asyncio.gather(
            *(ledger.request(None, one).done for one in deliveries[:3]), return_exceptions=True
        )
        return [*failed, await ledger.request(None, deliveries[3]).done]

    *failed, after = asyncio.run(turns())
    assert [str(error) for error in failed] == ["the disk is full"] * 3
    assert after is LEASED
    assert [row.attempts for row in post.rows().values()][:4] == [0, 0, 0, 1]


def test_a_worker_that_stops_waiting_holds_up_nobody(post: Post) -> None:
    deliveries, ledger = leased(post), opened(post)

    async def one_goes() -> list[Any]:
        tasks = [ledger.request(None, one).done for one in deliveries[:3]]
        await asyncio.sleep(0)
        tasks[1].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    first, gone, last = asyncio.run(one_goes())
    assert (first, last) == (LEASED, LEASED)
    assert isinstance(gone, asyncio.CancelledError)


def test_the_reply_of_a_worker_that_stops_waiting_is_recorded_and_nothing_begins_for_it(post: Post) -> None:
    deliveries, ledger = leased(post), opened(post)

    async def one_goes() -> None:
        await asyncio.gather(*(ledger.request(None, one).done for one in deliveries[:2]))
        gone = ledger.request(AttemptResult(deliveries[0], ACCEPTED), deliveries[2])
        ledger.request(AttemptResult(deliveries[1], ACCEPTED), None)
        gone.done.cancel()
        await ledger.wait_until_written()

    asyncio.run(one_goes())
    assert post.states() == {ACCEPTED: 2, LEASED: 38}
    assert post.rows()[deliveries[2].subscriber.address].attempts == 0
