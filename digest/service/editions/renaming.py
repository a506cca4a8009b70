"""Renames a digest, and finds one by a former name; ends digests that are no longer configured. Decision 101."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from digest.errors import ConfigurationError, UnknownError
from digest.mail.tokens import read_leave_token
from digest.model import DigestId, SubscriberId
from digest.service.upkeep.turns import in_turns
from digest.settings import Settings

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction


@dataclass(frozen=True, slots=True)
class RenameResult:
    """A finished rename: how many people follow the digest, and how many editions moved."""

    followers: int
    editions: int


def orphans(store: Store, settings: Settings) -> dict[DigestId, int]:
    """The number of followers of each unconfigured digest; they get no mail of it.

    A digest that the configuration still calls by a former name is not listed; see `require_present_digests`.
    """
    with store.read() as tx:
        followers, former = tx.roster.followers(), tx.digest_names.all()
    renamed = {one.new for one in former.values() if settings.digest(one.old)}
    return {digest: n for digest, n in followers.items() if settings.digest(digest) is None and digest not in renamed}


def rename_digest(store: Store, settings: Settings, old: DigestId, new: DigestId, now: datetime) -> RenameResult:
    """Rename a digest; the configuration may use the new name already, or still the old one.

    If the new name is in use, for instance since the configuration was changed, the two become one. The caller must
    hold the lock against `digest run`.

    Raises:
        UnknownError: there is no such digest.
        ConfigurationError: both are configured, or the new name is a former one of another digest.
    """
    if old == new:
        raise ConfigurationError("is its name", place=new, remedy="choose another name")
    if settings.digest(old) and settings.digest(new):
        raise ConfigurationError(f"{old} and {new} are both configured", place="digests", remedy="remove one of them")
    with store.write() as tx:
        former = tx.digest_names.all()
        if old in former:
            raise UnknownError("digest", old, remedy=f"it is {former[old].new} now")
        if tx.editions.digest(old) is None and old not in tx.roster.followers():
            raise UnknownError("digest", old, remedy="`digest check` names those that people follow")
        if new in former and former[new].new != old:
            raise ConfigurationError(
                f"is a former name of {former[new].new}, and old mails lead there",
                place=new,
                remedy="choose another name",
            )
        return RenameResult(*tx.digest_names.rename(old, new, now))


def end_digest(store: Store, settings: Settings, digest: DigestId, now: datetime) -> int:
    """Unsubscribe everybody from an unconfigured digest, as the operator's act; returns how many.

    Raises:
        UnknownError: nobody follows it.
        ConfigurationError: it is configured.
    """
    if settings.digest(digest):
        raise ConfigurationError("is configured", place=digest, remedy="remove it from the configuration first")
    with store.read() as tx:
        people = [
            person.subscriber.id
            for person in tx.roster.people()
            if any(one.digest == digest and one.left_at is None for one in person.followed)
        ]
    if not people:
        raise UnknownError("digest", digest, remedy="`digest check` names those that people follow")

    def leave(tx: Transaction, batch: Sequence[SubscriberId]) -> None:
        for person in batch:
            tx.subscribers.leave(person, digest, "operator, digest digests end", now)

    in_turns(store, people, leave)
    return len(people)


def require_present_digests(store: Store, settings: Settings) -> None:
    """Check that no configured digest uses a former name of another: old mails would unsubscribe from the wrong one.

    Raises:
        ConfigurationError: one uses it.
    """
    with store.read() as tx:
        former = tx.digest_names.all()
    for renamed in former.values():
        if settings.digest(renamed.old):
            raise ConfigurationError(
                f"the digest {renamed.old} was renamed to {renamed.new}",
                place="digests",
                remedy=f'write id = "{renamed.new}"',
            )


def read_leave(store: Store, token: str) -> tuple[SubscriberId, DigestId] | None:
    """The person and digest of an unsubscribe token, with the digest's present name; None if the token is not ours."""
    read = read_leave_token(store.secret(), token)
    if read is None:
        return None
    with store.read() as tx:
        renamed = tx.digest_names.all().get(read[1])
    return (read[0], renamed.new) if renamed else read


def lines_to_change(text: str, digest: str) -> Iterator[tuple[int, str]]:
    """The lines of a configuration that give a digest its id, each with its number from 1."""
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        code = line.strip()
        if code.startswith("["):
            table = code.partition("#")[0].strip().strip("[]").strip()
        key, _, value = code.partition("=")
        if table == "digests" and key.strip() == "id" and value.partition("#")[0].strip().strip("\"'") == digest:
            yield number, code
