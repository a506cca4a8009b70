"""A published document: its bytes in every coding, and the tag by which a client knows its version. Decision 69."""

from __future__ import annotations

import gzip
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

import brotli
import zstandard

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

_T = TypeVar("_T")
_MOST = 400_000  # elements of all values that are remembered

# The smallest first: if a client likes codings equally, it gets the first.
CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda body: brotli.compress(body, quality=9),
    "zstd": lambda body: zstandard.compress(body, 19),
    "gzip": lambda body: gzip.compress(body, 9, mtime=0),
}


@dataclass(frozen=True, slots=True)
class Document:
    """A document. Equal state gives equal bytes, in every process. `links` is its Link header, empty for none."""

    body: bytes
    media_type: str
    etag: str
    last_modified: datetime
    links: str = ""
    _handed_out: Iterator[int] = field(default_factory=count, repr=False, compare=False)
    _coded: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    def taken(self) -> bool:
        """True from the second call on."""
        return next(self._handed_out) > 0

    def coded(self, coding: str) -> bytes:
        """The body in a coding of `CODINGS`, compressed once; unchanged for an empty one."""
        if not coding:
            return self.body
        if coding not in self._coded:
            self._coded[coding] = CODINGS[coding](self.body)
        return self._coded[coding]


class PerState:
    """Values that are made once for each published state. May be used from several threads.

    The least recently used ones are forgotten when together they have too many elements.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: OrderedDict[Hashable, tuple[int, object]] = OrderedDict()
        self._lock = Lock()

    def get(self, name: Hashable, make: Callable[[Transaction], _T], within: Transaction | None = None) -> _T:
        """The value of this name, made if there is none for the present state; `within` is a transaction to use."""
        state, _ = within.entries.published_state() if within else self._store.published_state()
        with self._lock:
            known = self._known.get(name)
            if known and known[0] == state:
                self._known.move_to_end(name)
                return known[1]  # type: ignore[return-value] # a name always has values of one type
        with nullcontext(within) if within else self._store.read() as tx:
            state, _ = tx.entries.published_state()
            made = make(tx)
        with self._lock:
            self._known[name] = (state, made)
            self._known.move_to_end(name)
            while len(self._known) > 1 and sum(_size(value) for _, value in self._known.values()) > _MOST:
                self._known.popitem(last=False)
        return made


def _size(value: object) -> int:
    """About how many elements a value has, at least one thousand: each name costs something, too."""
    return max(1_000, len(value)) if isinstance(value, list) else 1_000
