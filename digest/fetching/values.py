"""What one fetch may take, and what it brings."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from digest.errors import FetchError

LARGEST = 16 * 1024**2  # bytes of a body, unless its source says otherwise
RATIO = 200  # bytes for each compressed one; text that people write has five
RATIO_FROM = 1024**2  # bytes of a body: a smaller one harms nobody
SLICE_SECONDS = 0.5  # how long a wait lasts before it looks whether the service stops


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a fetch: seconds for a connection, for each silence, and for everything; bytes after unpacking."""

    connect: float = 8.0  # nothing interrupts it, and a supervisor kills a service ten seconds after its signal
    silence: float = 20.0
    whole: float = 60.0
    largest: int = LARGEST
    redirects: int = 5


class Clockwork:
    """The time that is left of one fetch, and whether it has to stop before. `name` is what is fetched."""

    def __init__(self, name: str, seconds: float, stopped: Callable[[], bool] = bool) -> None:
        self._name, self._seconds, self._stopped = name, seconds, stopped
        self._until = time.monotonic() + seconds

    def left(self) -> float:
        """The seconds that are left, more than 0.

        Raises:
            FetchError: none are left, or the service stops.
        """
        if self._stopped():
            raise FetchError(self._name, "was interrupted", stopped=True)
        left = self._until - time.monotonic()
        if left <= 0:
            problem = f"took longer than {self._seconds:g} seconds"
            raise FetchError(self._name, problem, remedy="raise `timeout` of its source")
        return left


@dataclass(frozen=True, slots=True)
class Validators:
    """What a site gave with a body that is still held, to ask whether it changed. `url` is where it was found."""

    url: str
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole body, unpacked, never empty.

    `url` is where it was found, after redirects. `moved_to` is where it stays from now on, as the site says, or empty.
    The media type and the validators are as the site gave them, or empty; `fetched_at` is in UTC.
    """

    url: str
    body: bytes
    fetched_at: datetime
    media_type: str = ""
    etag: str = ""
    last_modified: str = ""
    moved_to: str = ""


@dataclass(frozen=True, slots=True)
class NotModified:
    """The body that is held is still the present one; the fields are as in `Fetched`."""

    url: str
    fetched_at: datetime
    moved_to: str = ""


@dataclass(frozen=True, slots=True)
class Redirect:
    """The address to ask instead, absolute; `permanent` if the site says that it moved there."""

    target: str
    permanent: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request of a fetch may do, besides its address."""

    user_agent: str
    clockwork: Clockwork
    limits: Limits
    known: Validators | None = None
    allow_private: bool = False
