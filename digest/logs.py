"""The log: structlog with times in UTC, escaped control characters and masked addresses. Decision 252."""

from __future__ import annotations

import logging
import re
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from digest.errors import DigestError, masked

# If Rich is installed, structlog imports it to draw tracebacks: 60 modules and 5 MB. Ours are written as plain text.
_HIDDEN = sys.modules.setdefault("rich", None) is None  # type: ignore[arg-type] # such a name cannot be imported
import structlog  # noqa: E402

if _HIDDEN:
    del sys.modules["rich"]

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping

_ADDRESS = re.compile(r"(?<![^\s<>\"',;:()=])[^\s<>\"',;:()=]+@[^\s<>\"',;:()]+")  # one try per word
_TOKEN = re.compile(r"(/(?:leave|confirm|preferences)/)[^\s\"']+")
_silent: ContextVar[bool] = ContextVar("_silent", default=False)
_OURS = "message_id"  # looks like an address, but is not one
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

get_logger = structlog.get_logger
bound = structlog.contextvars.bound_contextvars  # every line inside it contains these values


def configure(level: str, *, json_lines: bool) -> None:
    """Write the log to stderr, either for people or as one JSON object on each line."""
    renderer = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json_lines
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            _unless_silent,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _safe,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


@contextmanager
def logged(doing: str, **what: str) -> Iterator[None]:
    """Log the failure of a piece of work, which is tried again later from the state of the last commit."""
    try:
        yield
    except DigestError as error:
        get_logger().error(f"{doing} failed", reason=str(error), **what)
    except Exception:  # noqa: BLE001 - such a fault must not end the service; it is logged with its trace
        get_logger().exception(f"{doing} failed unexpectedly", **what)


@contextmanager
def silent() -> Iterator[None]:
    """Within it this thread logs nothing: what it does is only tried."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def _unless_silent(_logger: object, _method: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    if _silent.get():
        raise structlog.DropEvent
    return event


def safe(text: str) -> str:
    """The text in a form fit for a log: addresses masked, tokens removed, control characters escaped."""
    if "/" in text:
        text = _TOKEN.sub(r"\1***", text)
    if "@" in text:
        text = _ADDRESS.sub(lambda found: masked(found.group()), text)
    return text if text.isprintable() else _CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", text)


def _safe(_logger: object, _method: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    for key, value in event.items():
        if key == _OURS:
            event[key] = _CONTROL.sub("", str(value))
        elif isinstance(value, str):
            event[key] = safe(value)
        elif isinstance(value, list):
            event[key] = [safe(one) if isinstance(one, str) else one for one in value]
    return event
