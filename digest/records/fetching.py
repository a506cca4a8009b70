"""What was fetched for a source, and how its last attempts went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from digest.model import SourceId

COMMAND = "command"  # in place of an address: the output of a source's program


@dataclass(frozen=True, slots=True)
class FetchState:
    """How fetching from one address goes.

    `host` is whom to spare, with scheme and port. The newest body is known by `sha256` and `size` (0: there is none).
    It was found at `found_at`, an address after redirects, with these validators; `fetched_at` is when it last came
    whole, `confirmed_at` when it did or when the site said that it is unchanged. `tried_at` is the last attempt.
    `failures` counts the attempts in a row that failed, the last of them with `problem` and `status`. `shrunken` counts
    those in a row whose body was not believed for its size. Before `next_try_at` there is no attempt; until
    `host_until` there is none from this host, because it asks for that. `moved_to` is where the site says that it
    moved permanently, or empty.
    """

    source: SourceId
    url: str
    host: str
    tried_at: datetime
    next_try_at: datetime
    found_at: str = ""
    etag: str = ""
    last_modified: str = ""
    media_type: str = ""
    sha256: str = ""
    size: int = 0
    fetched_at: datetime | None = None
    confirmed_at: datetime | None = None
    failures: int = 0
    shrunken: int = 0
    problem: str = ""
    status: int | None = None
    host_until: datetime | None = None
    moved_to: str = ""


@dataclass(frozen=True, slots=True)
class KeptFetch:
    """A body that is kept, without its bytes: when it first and last came like this, and its size unpacked."""

    source: SourceId
    url: str
    sha256: str
    size: int
    media_type: str
    first_at: datetime
    last_at: datetime
