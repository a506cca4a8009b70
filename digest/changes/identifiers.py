"""What identifies an entry in its source: the id that a feed gives it, and its link in a normal form. Decision 293."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

from digest.model import Extras

ID, LINK = "id ", "link "  # begin the identifiers of each kind
_SCHEME = re.compile(r"https?:", re.IGNORECASE)
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_PORTS = {"http": 80, "https": 443}
_COUNTED = re.compile(r"utm_\w+", re.IGNORECASE)  # parameters that only say how a visitor came
_LONGEST = 2000  # characters of a link; a longer one identifies nothing
_LONGEST_KEY = 800  # bytes


def identifiers(extras: Extras) -> tuple[str, ...]:
    """The identifiers of a sighting, its id before its link; empty for most sightings."""
    if not (extras.uid or extras.link):
        return ()
    link = normal_link(extras.link) if extras.link else ""
    return (*((id_of(extras.uid),) if extras.uid else ()), *((LINK + _bounded(link),) if link else ()))


def id_of(uid: str) -> str:
    """The identifier that an id of a feed is. Ids are compared by characters; http and https are one."""
    return ID + _bounded(_SCHEME.sub("http:", uid, count=1))


def _bounded(text: str) -> str:
    """The text, or a hash of one that no index of a database takes."""
    written = text.encode("utf-8", "replace")
    return text if len(written) <= _LONGEST_KEY else f"sha256 {hashlib.sha256(written).hexdigest()}"


def ids(of: Iterable[str]) -> frozenset[str]:
    """Those of the identifiers that are ids."""
    return frozenset(one for one in of if one.startswith(ID))


def kind_and_value(identifier: str) -> tuple[str, str]:
    """An identifier for people: `uid` or `link`, and what it is."""
    if identifier.startswith(ID):
        return "uid", identifier.removeprefix(ID)
    return "link", identifier.removeprefix(LINK)


def differ(one: Extras, other: Extras) -> bool:
    """Whether the identifiers of two sightings show that they are of two entries."""
    if one.uid or other.uid:
        return one.uid != other.uid
    if not (one.link and other.link):
        return False
    here, there = identifiers(one), identifiers(other)
    return bool(here and there) and here != there


def unique(shown: Iterable[Extras]) -> list[tuple[str, ...]]:
    """The identifiers of each sighting of a reading, in order, without links that stand at several sightings."""
    each = [identifiers(extras) for extras in shown]
    if not any(each):
        return each
    times = Counter(one for found in each for one in found)
    return [tuple(one for one in found if times[one] == 1 or one.startswith(ID)) for found in each]


def normal_link(link: str) -> str:
    """The normal form of a link; empty if it identifies no entry, because it leads to a whole site or is no link.

    Two links with the same form lead to one place according to RFC 3986, section 6.2.2 and 6.2.3. Besides, http and
    https are one, and neither the fragment nor a parameter `utm_…` counts.
    """
    try:
        parts = urlsplit(link.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return ""
    if parts.scheme not in _PORTS or not host or len(link) > _LONGEST:
        return ""
    path = _without_dots(_unescaped(parts.path)) or "/"
    query = "&".join(_unescaped(one) for one in parts.query.split("&") if one and not _is_counted(one))
    if path == "/" and not query:
        return ""
    at = "" if port in (None, *_PORTS.values()) else f":{port}"
    return f"//{host}{at}{path}" + (f"?{query}" if query else "")


def _is_counted(parameter: str) -> bool:
    return any(_COUNTED.fullmatch(name) for name, _ in parse_qsl(parameter, keep_blank_values=True))


def _unescaped(text: str) -> str:
    """The text with unreserved characters as they are, everything else that is escaped in upper case."""

    def plain(found: re.Match[str]) -> str:
        character = chr(int(found[1], 16))
        return character if _UNRESERVED.fullmatch(character) else f"%{found[1].upper()}"

    escaped = "".join(one if one.isascii() else "".join(f"%{byte:02X}" for byte in one.encode()) for one in text)
    return _ESCAPE.sub(plain, escaped)


def _without_dots(path: str) -> str:
    """The path without `.` and `..`. Source: RFC 3986, section 5.2.4."""
    if "/." not in path:
        return path
    made: list[str] = []
    segments = path.split("/")
    for segment in segments[1:]:
        if segment == "..":
            made[-1:] = []
        elif segment != ".":
            made.append(segment)
    if segments[-1] in (".", ".."):
        made.append("")
    return "/" + "/".join(made)
