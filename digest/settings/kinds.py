"""What one setting can be, such as a duration, a zone or a mailbox; each kind reads what a file says, or refuses it."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from ipaddress import ip_network
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import NoDecode

from digest.addresses import mailbox
from digest.errors import AddressError
from digest.patterns import Pattern

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_NAME = r"^[a-z0-9][a-z0-9_-]{0,62}$"
HOST_PORT = r"(\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5}"
THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})  # hosts to which nothing goes over a network


class Group(BaseModel):
    """Settings that belong together, a table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def is_name(text: str) -> bool:
    """Whether a source, digest or topic may have this id."""
    return re.search(_NAME, text) is not None and not text.endswith("\n")


def _duration(value: object) -> object:
    """`15m`, `2h 30m`, `3d` as a timedelta; anything else is left to pydantic."""
    if not isinstance(value, str):
        return value
    if not re.fullmatch(r"\s*(\d+\s*[smhdw]\s*)+", value):
        raise ValueError("a duration is written like 30s, 15m, 2h, 3d or 1w")
    return timedelta(seconds=sum(int(n) * _UNITS[u] for n, u in re.findall(r"(\d+)\s*([smhdw])", value)))


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, OSError, ValueError) as error:
        raise ValueError(f"{value!r} is no IANA time zone, such as Asia/Shanghai or Europe/Berlin") from error
    return value


def _first_day(value: object) -> object:
    return date(int(value), 1, 1) if isinstance(value, int | str) and re.fullmatch(r"\d{4}", str(value)) else value


def _last_day(value: object) -> object:
    return date(int(value), 12, 31) if isinstance(value, int | str) and re.fullmatch(r"\d{4}", str(value)) else value


def _http(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("a URL starts with http:// or https:// and names a host")
    return value.rstrip("/")


def _link(value: str) -> str:
    if value:
        _http(value)
        try:
            value.format(title="")
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError("the only placeholder is {title}") from error
    return value


def _hook(value: str) -> str:
    """A URL as it is: some end in a slash for a reason."""
    if value:
        _http(value)
    return value


def _pattern(value: str) -> str:
    try:
        Pattern(value)
    except ValueError as error:
        raise ValueError(f"the pattern {value!r}: {error}") from error
    return value


def _network(value: str) -> str:
    try:
        return str(ip_network(value, strict=False))
    except ValueError as error:
        raise ValueError(f"{value!r} is no IP address or network, such as 10.0.0.0/8") from error


def _mailbox(value: str) -> str:
    """One mailbox with an optional name, its domain as A-labels; empty stays empty."""
    if not value.strip():
        return ""
    try:
        return str(mailbox(value))
    except AddressError as error:
        raise ValueError(
            f"{value!r} is not one address with an optional name: write NAME <name@example.org>, the name in "
            'quotes where it holds , ; : @ ( ) [ ] < > or ", and only ASCII before the @'
        ) from error


def _sender(value: str) -> str:
    if not value.strip():
        raise ValueError("every mail needs a sender: write NAME <name@example.org>")
    return _mailbox(value)


def _bare(value: str) -> str:
    return mailbox(_mailbox(value)).address if value.strip() else ""


def several(value: object) -> object:
    """One text, or a list in JSON as the environment gives it, as the list that a file may hold."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError as error:
            raise ValueError(f'{value!r} is no list in JSON, such as ["a@example.org", "b@example.org"]') from error
    return [value] if value.strip() else []


def _contact(value: str) -> str:
    """A URL as it is, an address without the name in front of it."""
    if value.strip().lower().startswith(("http://", "https://")):
        _http(value.strip())
        return value.strip()
    return _bare(value.strip().removeprefix("mailto:"))


known_zone, web_url = _zone, _http  # for who asks people before there is a file

Duration = Annotated[timedelta, BeforeValidator(_duration)]
Zone = Annotated[str, AfterValidator(_zone)]
FirstDay = Annotated[date | None, BeforeValidator(_first_day)]
LastDay = Annotated[date | None, BeforeValidator(_last_day)]
Network = Annotated[str, AfterValidator(_network)]
Name = Annotated[str, Field(pattern=_NAME)]
Share = Annotated[float, Field(ge=0, le=1)]
Url = Annotated[str, AfterValidator(_http)]
Link = Annotated[str, AfterValidator(_link)]
Hook = Annotated[str, AfterValidator(_hook)]
Regex = Annotated[str, AfterValidator(_pattern)]
Sender = Annotated[str, AfterValidator(_sender)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]
Address = Annotated[str, AfterValidator(_bare)]
Addresses = Annotated[tuple[Address, ...], NoDecode, BeforeValidator(several)]
Contact = Annotated[str, AfterValidator(_contact)]
Language = Literal["zh_CN", "en"]
