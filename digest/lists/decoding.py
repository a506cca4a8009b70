"""The text of a list, whatever its program saved it in."""

from __future__ import annotations

import codecs
import re

from digest.errors import ListError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_START = 4096  # bytes that show whether every second one is 0
_PAIRS = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")
_COMMON = re.compile(rb"[\xa1-\xf7][\xa1-\xfe]")  # GB 2312, in which nearly all Chinese is written
_REMEDY = "save it as UTF-8, or name its encoding with --encoding"


def decoded(raw: bytes, encoding: str | None = None) -> tuple[str, str]:
    """The text and the encoding that it was in; told by its mark, else UTF-8, UTF-16, GB18030 or Windows-1252.

    Raises:
        ListError: it is text in none of them, or not in the one that is named.
    """
    if encoding is not None:
        return _as(raw, encoding), encoding
    for bom, name in _BOMS:
        if raw.startswith(bom):
            return _as(raw[len(bom) :], name), name
    guesses = (_wide(raw[:_START]), "utf-8", _chinese(raw), "windows-1252")
    for guess in filter(None, guesses):
        try:
            return raw.decode(guess), guess
        except UnicodeDecodeError:
            continue
    raise ListError(f"is no text in UTF-8, UTF-16 or GB18030 ({_REMEDY})")


def _as(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding).removeprefix("\ufeff")
    except LookupError as error:
        raise ListError(f"{encoding} is no encoding that we know") from error
    except UnicodeDecodeError as error:
        raise ListError(f"is no text in {encoding.upper()} (byte {error.start}; {_REMEDY})") from error


def _wide(start: bytes) -> str | None:
    """UTF-16 without its mark: in half of the places there is hardly anything but 0."""
    even, odd = start[::2].count(0), start[1::2].count(0)
    least = len(start) // 4
    if odd > least and even == 0:
        return "utf-16-le"
    return "utf-16-be" if even > least and odd == 0 else None


def _chinese(raw: bytes) -> str | None:
    """GB18030, unless most of its characters would be ones that hardly anybody writes: then it is Western text."""
    pairs = _PAIRS.findall(raw)
    common = sum(_COMMON.fullmatch(pair) is not None for pair in pairs)
    return "gb18030" if pairs and common * 2 > len(pairs) else None
