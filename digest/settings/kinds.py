"""The types of settings, such as a duration, a zone or a mailbox; each parses a value or refuses it."""

from __future__ import annotations

import json
import re
from contextvars import ContextVar
from datetime import date, timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING, Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from digest.addresses import mailbox
from digest.errors import AddressError
from digest.patterns import Pattern
from digest.settings import guesses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from digest.settings.rules import Broken

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_NAME = r"[a-z0-9][a-z0-9_-]{0,62}"
BUILT_IN_LAYOUTS = ("dateblock", "byline", "feed", "json-ld", "microformats", "articles")
_LANGUAGES = ("zh_CN", "en")
_SCHEDULE = (  # the grammar of editions.schedule
    r"(?i)\s*(daily|monthly\s+(0?[1-9]|1\d|2[0-8])|"
    r"(mon|tue|wed|thu|fri|sat|sun)(\s*,\s*(mon|tue|wed|thu|fri|sat|sun))*)"
    r"\s+([01]?\d|2[0-3]):[0-5]\d\s*"
)
_HOST_PORT = r"(\[[0-9a-fA-F:.]+\]|[^:\s]+):(\d{1,5})"
_HOST = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
_LAST_PORT = 65535
RULES_LATER: ContextVar[bool] = ContextVar("RULES_LATER", default=False)  # the caller checks `Group.rules` itself
THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})  # hosts that are reached without a network


class WrongError(ValueError):
    """A refused value. `remedy` says what to write instead; it is empty if the problem already says that."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        self.problem, self.remedy = problem, remedy
        super().__init__(f"{problem} ({remedy})" if remedy else problem)


class Group(BaseModel):
    """A group of settings: a table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def rules(self) -> Iterator[Broken]:
        """The violated rules that involve several of these settings."""
        return iter(())

    @model_validator(mode="after")
    def _by_the_rules(self) -> Self:
        if RULES_LATER.get():
            return self
        for one in self.rules():
            raise WrongError(one.problem, one.remedy)
        return self


def is_name(text: str) -> bool:
    """Whether a source, digest or topic may have this id."""
    return re.fullmatch(_NAME, text) is not None


def matching(pattern: str, says: str) -> Callable[[str], str]:
    """A check that the whole text matches the pattern; `says` describes such a text."""

    def checked(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise WrongError(f"{value!r} is not {says}")
        return value

    return checked


def _host_port(value: str) -> str:
    found = re.fullmatch(_HOST_PORT, value)
    if found is None:
        raise WrongError(f"{value!r} is not HOST:PORT, such as 127.0.0.1:8080")
    if int(found[2]) > _LAST_PORT:
        raise WrongError(f"{found[2]} is not a port: the highest one is {_LAST_PORT}")
    return value


def _maybe_host_port(value: str) -> str:
    return _host_port(value) if value else ""


def _name(value: str) -> str:
    if is_name(value):
        return value
    plain = re.sub(r"[^a-z0-9_-]+", "-", value.lower()).strip("-_")[:63]
    problem = f"{value!r} is not an id: use at most 63 of a-z, 0-9, - and _, and begin with a letter or digit"
    raise WrongError(problem, guesses.did_you_mean(plain if is_name(plain) else ""))


def _language(value: object) -> object:
    """The language; another spelling, such as zh-CN, is refused with a suggestion."""
    if isinstance(value, str) and value not in _LANGUAGES:
        listed = " or ".join(_LANGUAGES)
        raise WrongError(f"{value!r} is not {listed}", guesses.did_you_mean(guesses.closest(value, _LANGUAGES)))
    return value


def _duration(value: object) -> object:
    """`15m`, `2h 30m`, `3d` as a timedelta; anything else is left to pydantic."""
    if not isinstance(value, str):
        return value
    if not re.fullmatch(r"\s*(\d+\s*[smhdw]\s*)+", value):
        problem = f"{value!r} is not a duration: write 30s, 15m, 2h, 3d or 1w"
        raise WrongError(problem, guesses.did_you_mean(guesses.duration(value)))
    seconds = sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)\s*([smhdw])", value))
    try:
        return timedelta(seconds=seconds)
    except OverflowError as error:
        raise WrongError(f"{value!r} is too long for a duration") from error


def _schedule(value: str) -> str:
    if re.fullmatch(_SCHEDULE, value):
        return value
    guess = guesses.schedule(value)
    problem = f"{value!r} is not a schedule: write `mon 08:00`, `mon,thu 18:30`, `daily 07:00` or `monthly 1 08:00`"
    raise WrongError(problem, guesses.did_you_mean(guess if re.fullmatch(_SCHEDULE, guess) else ""))


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, OSError, ValueError) as error:
        problem = f"{value!r} is not an IANA time zone, such as Asia/Shanghai or Europe/Berlin"
        raise WrongError(problem, guesses.did_you_mean(guesses.zone(value))) from error
    return value


def _first_day(value: object) -> object:
    return _in_year(value, 1, 1)


def _last_day(value: object) -> object:
    return _in_year(value, 12, 31)


def _in_year(value: object, month: int, day: int) -> object:
    """This day of the year, if the value is only a year; anything else is left to pydantic."""
    if not isinstance(value, int | str) or not re.fullmatch(r"\d{4}", str(value)):
        return value
    if not int(value):
        raise WrongError(f"{value!r} is not a year")
    return date(int(value), month, day)


def _http(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise WrongError("a URL starts with http:// or https:// and names a host", _as_url(value))
    return value.rstrip("/")


def _as_url(value: str) -> str:
    """The suggestion to add a scheme, if only that is missing."""
    host = r"(localhost|[a-z0-9-]+(\.[a-z0-9-]+)+)(:\d+)?(/\S*)?"
    return guesses.did_you_mean(f"https://{value}") if re.fullmatch(host, value) else ""


def _link(value: str) -> str:
    if value:
        _http(value)
        try:
            value.format(title="")
        except (AttributeError, IndexError, KeyError, ValueError) as error:
            raise WrongError("the only placeholder is {title}", "write {{ and }} for braces of the address") from error
    return value


def _hook(value: str) -> str:
    """A URL, unchanged: for some, the slash at the end matters."""
    if value:
        _http(value)
    return value


def _page(value: str) -> str:
    """The address of a page to fetch, without a part behind `#`."""
    _http(value)
    if not re.fullmatch(r"[!-\[\]-~\x80-\U0010ffff]{1,2048}", value):
        raise WrongError("the address has a space, a control character or a backslash, or is too long")
    if "@" in urlsplit(value).netloc:
        raise WrongError("the address names a user before its host: Digest reads public pages only")
    return value.partition("#")[0]


def _pattern(value: str) -> str:
    try:
        Pattern(value)
    except ValueError as error:
        raise WrongError(f"the pattern {value!r}: {error}") from error
    return value


def _network(value: str) -> str:
    try:
        return str(ip_network(value, strict=False))
    except ValueError as error:
        raise WrongError(f"{value!r} is not an IP address or network, such as 10.0.0.0/8") from error


def _mailbox(value: str) -> str:
    """One mailbox with an optional name, its domain in A-labels; an empty text stays empty."""
    if not value.strip():
        return ""
    try:
        return str(mailbox(value))
    except AddressError as error:
        raise WrongError(
            f"{value!r} is not one address with an optional name: write NAME <name@example.org>, the name in "
            'quotes if it contains , ; : @ ( ) [ ] < > or ", and only ASCII before the @'
        ) from error


def _sender(value: str) -> str:
    if not value.strip():
        raise WrongError("every mail needs a sender: write NAME <name@example.org>")
    return _mailbox(value)


def _bare(value: str) -> str:
    return mailbox(_mailbox(value)).address if value.strip() else ""


def several(value: object) -> object:
    """A list from one text or from a JSON list, which the environment uses; other values stay as they are."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except (RecursionError, ValueError) as error:
            raise WrongError(f'{value!r} is not a JSON list, such as ["a@example.org", "b@example.org"]') from error
    return [value] if value.strip() else []


def _words(value: object) -> object:
    """A list of words; one text is refused, because no shell takes it apart."""
    if not isinstance(value, str) or value.lstrip().startswith("["):
        return several(value)
    words = json.dumps(value.split(), ensure_ascii=False)
    raise WrongError("is one text, and no shell takes it apart: write a list of words", guesses.did_you_mean(words))


def _contact(value: str) -> str:
    """A URL, unchanged, or an address without a name in front of it."""
    if value.strip().lower().startswith(("http://", "https://")):
        _http(value.strip())
        return value.strip()
    return _bare(value.strip().removeprefix("mailto:"))


known_zone, web_url = _zone, _http  # for `digest init`, which asks before there is a file

Duration = Annotated[timedelta, BeforeValidator(_duration)]
Zone = Annotated[str, AfterValidator(_zone)]
FirstDay = Annotated[date | None, BeforeValidator(_first_day)]
LastDay = Annotated[date | None, BeforeValidator(_last_day)]
Network = Annotated[str, AfterValidator(_network)]
Name = Annotated[str, AfterValidator(_name)]
HostPort = Annotated[str, AfterValidator(_host_port)]
MaybeHostPort = Annotated[str, AfterValidator(_maybe_host_port)]
Scheduled = Annotated[str, AfterValidator(_schedule)]
Share = Annotated[float, Field(ge=0, le=1)]
Url = Annotated[str, AfterValidator(_http)]
Link = Annotated[str, AfterValidator(_link)]
Pages = Annotated[tuple[Annotated[str, AfterValidator(_page)], ...], BeforeValidator(several)]
Origin = Annotated[
    str,
    AfterValidator(
        matching(
            rf"https?://({_HOST}|\[[0-9a-f:.]+\])(:\d{{1,5}})?", "a site without a path, such as https://example.org"
        )
    ),
]
Hook = Annotated[str, AfterValidator(_hook)]
Regex = Annotated[str, AfterValidator(_pattern)]
Sender = Annotated[str, AfterValidator(_sender)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]
Address = Annotated[str, AfterValidator(_bare)]
Addresses = Annotated[tuple[Address, ...], BeforeValidator(several)]
Hosts = Annotated[
    tuple[Annotated[str, AfterValidator(matching(_HOST, "a host in lower case, such as blog.example.org"))], ...],
    BeforeValidator(several),
]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Contact = Annotated[str, AfterValidator(_contact)]
Language = Annotated[Literal["zh_CN", "en"], BeforeValidator(_language)]
