"""What a source has to read, wherever its dumps come from: files, or what was fetched last. Fetches nothing.

Decision 306.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from digest.dumps import pages as files
from digest.dumps.files import Stamp
from digest.dumps.pages import Listed
from digest.errors import DumpError
from digest.fetching.addresses import shown, without_secrets
from digest.model import SourceId
from digest.records.intake import COMMAND, FetchState
from digest.settings import Settings, Source

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

_NANOSECONDS = 1_000_000_000
_HASH_BITS = 64


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """The newest body from an address or a program; a `digest.dumps.pages.Page`."""

    name: str
    stamp: Stamp
    url: str
    fetched_at: datetime
    media_type: str
    load: Callable[[], bytes]
    is_cut: bool = False  # a fetch that breaks off leaves the former body in place

    def open(self) -> BinaryIO:
        return io.BytesIO(self.load())

    def is_changed(self, stream: BinaryIO) -> bool:  # noqa: ARG002 - these bytes never change
        return False


def listed(store: Store, source: Source) -> Iterator[Listed]:
    """What the source has, in the order of its configuration, without opening it; a failure takes a place.

    A page whose last fetch failed is followed by that failure: what came before it stays in place.
    """
    if source.path:
        yield from files.listed(source.path)
        return
    with store.read() as tx:
        states = tx.fetches.states(SourceId(source.id))
    for name, url in names(source).items():
        yield from _of_address(store, name, states.get(url))


def names(source: Source) -> dict[str, str]:
    """The addresses of a fetched source by the names of their dumps, which show no secrets."""
    if source.command:
        return {COMMAND: COMMAND}
    found: dict[str, str] = {}
    for url in source.url:
        name, number = shown(url), 1
        while name in found:  # they differ in a secret
            number += 1
            name = f"{shown(url)} ({number})"
        found[name] = url
    return found


def fetch_states(tx: Transaction, settings: Settings) -> Iterator[tuple[Source, str, FetchState | None]]:
    """Each configured source that is fetched with the name of each of its pages, and its state if there is one."""
    if not any(source.is_fetched for source in settings.sources):
        return
    known = tx.fetches.all_states()
    for source in settings.sources:
        if source.is_fetched:
            states = known.get(SourceId(source.id), {})
            for name, url in names(source).items():
                yield source, name, states.get(url)


def stamp_of(state: FetchState) -> Stamp:
    """What tells two bodies of an address apart, and two fetches of the same body.

    There is no time of a file, so that the stamp is settled at once.
    """
    at = int(state.fetched_at.timestamp() * _NANOSECONDS) if state.fetched_at else 0
    return Stamp(state.size, 0, (at << _HASH_BITS) | int(state.sha256[: _HASH_BITS // 4], 16))


def _of_address(store: Store, name: str, state: FetchState | None) -> Iterator[Listed]:
    if state is None:
        yield DumpError(name, "was not fetched yet", remedy="`digest refresh` fetches it now")
        return
    if state.sha256 and state.fetched_at:
        yield FetchedPage(
            name,
            stamp_of(state),
            "" if state.url == COMMAND else without_secrets(state.found_at),
            state.fetched_at,
            state.media_type,
            partial(_body, store, state, name),
        )
    if state.failures:
        yield DumpError(name, state.problem)


def _body(store: Store, state: FetchState, name: str) -> bytes:
    with store.read() as tx:
        body = tx.fetches.body(state.source, state.url, state.sha256)
    if body is None:  # another process has fetched something newer since
        raise DumpError(name, "changed while it was read", remedy="it is read again next time")
    return body
