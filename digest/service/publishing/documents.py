"""A published document: its bytes in every coding, and the tag by which a client knows its version. Decision 69."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

import brotli
import zstandard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

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
