"""The users of the console, what they log in with, their sessions and what counts once, on every store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from digest.errors import UnknownError
from digest.records.console import CredentialKind, Role, UserId, Way
from digest.service.upkeep import backups
from digest.store import open_store
from tests.contract.conftest import DAY, NOW

if TYPE_CHECKING:
    from pathlib import Path

    from digest.records.console import User
    from digest.store.transaction import Store


def added(store: Store, name: str = "ann", role: Role = Role.ADMIN) -> User:
    with store.write() as tx:
        user = tx.console_users.add(name, role, NOW)
    assert user is not None
    return user


def test_a_name_is_given_once_and_case_counts(store: Store) -> None:
    ann = added(store)
    with store.write() as tx:
        assert tx.console_users.add("ann", Role.VIEWER, NOW) is None
        other = tx.console_users.add("Ann", Role.VIEWER, NOW)
    with store.read() as tx:
        assert tx.console_users.all() == [other, ann]
        assert tx.console_users.named("ann") == tx.console_users.get(ann.id) == ann
        with pytest.raises(UnknownError):
            tx.console_users.required(UserId(99))


def test_disabled_admins_do_not_count(store: Store) -> None:
    ann, _ = added(store), added(store, "ben", Role.EDITOR)
    with store.write() as tx:
        assert tx.console_users.count_admins() == 1
        tx.console_users.set_disabled(ann.id, NOW)
        assert tx.console_users.count_admins() == 0
        tx.console_users.set_disabled(ann.id, None)
        tx.console_users.set_role(ann.id, Role.VIEWER)
        assert tx.console_users.count_admins() == 0


def test_a_key_belongs_to_one_user_and_keyless_credentials_to_any(store: Store) -> None:
    ann, ben = added(store), added(store, "ben")
    with store.write() as tx:
        for user in (ann, ben):
            for word in ("a", "b"):
                assert tx.console_users.add_credential(user.id, CredentialKind.RECOVERY, NOW, secret=word)
        assert tx.console_users.add_credential(ann.id, CredentialKind.PASSKEY, NOW, key="k", secret="s", name="laptop")
        assert not tx.console_users.add_credential(ben.id, CredentialKind.PASSKEY, NOW, key="k", secret="t")
        found = tx.console_users.credential(CredentialKind.PASSKEY, "k")
        assert found is not None
        assert (found.user, found.secret, found.name, found.used_at) == (ann.id, "s", "laptop", None)
        assert not tx.console_users.drop_credential(ben.id, found.id)
        assert tx.console_users.drop_credentials(ben.id, [CredentialKind.RECOVERY]) == 2
    with store.read() as tx:
        assert [one.secret for one in tx.console_users.credentials(ann.id, CredentialKind.RECOVERY)] == ["a", "b"]


def test_a_counter_never_goes_back(store: Store) -> None:
    ann = added(store)
    with store.write() as tx:
        tx.console_users.add_credential(ann.id, CredentialKind.TOTP, NOW, secret="s", counter=5)
        (one,) = tx.console_users.credentials(ann.id)
        assert not tx.console_users.use_credential(one.id, NOW, after=4, counter=5)
        assert tx.console_users.use_credential(one.id, NOW, after=6, counter=7)
        assert not tx.console_users.use_credential(one.id, NOW, after=6, counter=7)
        (one,) = tx.console_users.credentials(ann.id)
    assert (one.counter, one.used_at) == (7, NOW)


def test_a_link_is_used_once_within_its_time_for_its_purpose(store: Store) -> None:
    ann = added(store)
    with store.write() as tx:
        tx.console_users.add_once("h", "login", ann.id, NOW + DAY)
        assert tx.console_users.once("h", "other", NOW) is None
        assert tx.console_users.once("h", "login", NOW + DAY) is None
        assert tx.console_users.once("h", "login", NOW) == ann.id
        assert tx.console_users.use_once("h", "login", NOW) == ann.id
        assert tx.console_users.use_once("h", "login", NOW) is None
        assert tx.console_users.mark_used("c", "challenge", NOW, NOW + DAY)
        assert not tx.console_users.mark_used("c", "challenge", NOW, NOW + DAY)
        assert tx.console_users.drop_expired(NOW) == 0
        assert tx.console_users.drop_links(ann.id) == 1
        assert tx.console_users.drop_expired(NOW + DAY) == 1


def test_sessions_are_found_by_their_token_and_end_by_time_and_by_hand(store: Store) -> None:
    ann, ben = added(store), added(store, "ben")
    with store.write() as tx:
        for token, user in (("1", ann), ("2", ann), ("3", ben)):
            tx.console_sessions.add(token, user.id, Way.LINK, NOW, network="n", agent="a")
        first, whose = tx.console_sessions.find("1") or pytest.fail("it is gone")
        assert (first.way, first.began_at, first.seen_at, first.network, first.agent) == (Way.LINK, NOW, NOW, "n", "a")
        assert whose == ann
        tx.console_sessions.rotate(first.id, "9", NOW + DAY)
        assert tx.console_sessions.find("1") is None
        tx.console_sessions.see(first.id, NOW + DAY)
        assert tx.console_sessions.of(ann.id)[0].id == first.id
        assert tx.console_sessions.end_of(ann.id, but=first.id) == 1
        assert tx.console_sessions.end_idle(NOW, NOW - DAY) == 1
        assert [one.id for one in tx.console_sessions.of()] == [first.id]
        assert tx.console_sessions.end_idle(NOW - DAY, NOW) == 1


def test_a_copy_has_the_users_and_none_of_their_sessions_and_links(store: Store, tmp_path: Path) -> None:
    ann = added(store)
    with store.write() as tx:
        tx.console_users.add_once("h", "login", ann.id, NOW + DAY)
        tx.console_sessions.add("1", ann.id, Way.LINK, NOW, network="n", agent="a")
    if "postgresql" not in store.place:
        store.back_up(tmp_path / "copy.db", NOW)
        copy = open_store(f"sqlite:///{tmp_path / 'copy.db'}")
        with copy.read() as tx:
            assert tx.console_users.all() == [ann]
            assert tx.console_sessions.of() == []
            assert tx.console_users.once("h", "login", NOW) is None
        copy.close()
    backups.fence(store, NOW)
    with store.read() as tx:
        assert tx.console_sessions.of() == []
        assert tx.console_users.once("h", "login", NOW) is None
