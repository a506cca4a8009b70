"""The audit log, the tokens of the API and its idempotency keys, on every store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.records.operating import ActOutcome, ApiToken, Scope, Via
from digest.store.operating.tokens import Replay
from tests.contract.conftest import DAY, NOW

if TYPE_CHECKING:
    from digest.store.transaction import Store

TOKEN = ApiToken("abc", "a program", frozenset({Scope.READ, Scope.PEOPLE}), NOW, NOW + DAY)


def begin(store: Store, act: str = "entries.remove", who: str = "ada", target: str = "e1") -> int:
    with store.write() as tx:
        return tx.audit_log.begin(who=who, via=Via.COMMAND, place="here", act=act, target=target, at=NOW)


def test_an_act_that_was_interrupted_stays_in_the_log_as_begun(store: Store) -> None:
    begin(store)
    with store.read() as tx:
        (found,) = tx.audit_log.listed()
    assert (found.who, found.via, found.place, found.act, found.target) == (
        "ada", Via.COMMAND, "here", "entries.remove", "e1",
    )  # fmt: skip
    assert (found.at, found.ended_at, found.outcome, found.before) == (NOW, None, ActOutcome.BEGUN, None)


def test_an_act_is_completed_once(store: Store) -> None:
    number = begin(store)
    with store.write() as tx:
        tx.audit_log.complete(
            number, NOW + DAY, outcome=ActOutcome.DONE, before={"state": "published"}, after={"state": "removed"}
        )
    with store.write() as tx:
        tx.audit_log.complete(number, NOW + 2 * DAY, outcome=ActOutcome.FAILED, problem="late")
    with store.read() as tx:
        (found,) = tx.audit_log.listed()
    assert (found.ended_at, found.outcome, found.problem) == (NOW + DAY, ActOutcome.DONE, "")
    assert (found.before, found.after, found.target) == ({"state": "published"}, {"state": "removed"}, "e1")


def test_the_log_is_read_page_by_page_the_newest_first(store: Store) -> None:
    numbers = [begin(store, target=f"e{number % 2}", who=f"w{number % 3}") for number in range(6)]
    with store.read() as tx:
        first = tx.audit_log.listed(limit=2)
        second = tx.audit_log.listed(before=first[-1].id, limit=2)
        of_a_target = tx.audit_log.listed(target="e1")
        of_a_person = tx.audit_log.listed(who="w0")
        assert tx.audit_log.number() == 6
    assert [one.id for one in (*first, *second)] == numbers[:1:-1]
    assert [one.id for one in of_a_target] == [numbers[5], numbers[3], numbers[1]]
    assert [one.id for one in of_a_person] == [numbers[3], numbers[0]]


def test_a_token_is_read_back_used_and_revoked_once(store: Store) -> None:
    with store.write() as tx:
        tx.tokens.add(TOKEN, b"hash")
    with store.write() as tx:
        tx.tokens.use("abc", NOW)
        tx.tokens.revoke("abc", NOW + DAY)
        tx.tokens.revoke("abc", NOW + 2 * DAY)
    with store.read() as tx:
        found = tx.tokens.find("abc")
        assert tx.tokens.find("other") is None
        assert found
        assert tx.tokens.all() == [found[0]]
    assert found[1] == b"hash"
    assert (found[0].scopes, found[0].expires_at) == (TOKEN.scopes, TOKEN.expires_at)
    assert (found[0].used_at, found[0].revoked_at) == (NOW, NOW + DAY)


def test_all_tokens_can_be_revoked_at_once(store: Store) -> None:
    with store.write() as tx:
        tx.tokens.add(TOKEN, b"hash")
        tx.tokens.revoke_all(NOW)
        (found,) = tx.tokens.all()
    assert found.revoked_at == NOW


def test_an_idempotency_key_remembers_its_request_and_its_answer_for_a_while(store: Store) -> None:
    with store.write() as tx:
        tx.tokens.add(TOKEN, b"hash")
        assert tx.tokens.begin("abc", "k", b"request", NOW) is None
        assert tx.tokens.begin("abc", "k", b"another", NOW) == Replay(b"request", None, None)
        tx.tokens.answer("abc", "k", 200, "{}")
        assert tx.tokens.begin("abc", "k", b"request", NOW) == Replay(b"request", 200, "{}")
        tx.tokens.forget_before(NOW)
        assert tx.tokens.begin("abc", "k", b"request", NOW) == Replay(b"request", 200, "{}")
        tx.tokens.forget_before(NOW + DAY)
        assert tx.tokens.begin("abc", "k", b"another", NOW + DAY) is None
        tx.tokens.forget("abc", "k")
        assert tx.tokens.begin("abc", "k", b"third", NOW + DAY) is None
