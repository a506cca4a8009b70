"""Decodes a list, whatever encoding its program saved it in."""

import codecs
import re

from digest.errors import ListError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, because this mark begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# The formats of exports that are not text. Source: PKWARE's APPNOTE and Microsoft's [MS-CFB].
_ARCHIVES = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook: unpack it, or save the sheet as CSV (UTF-8)"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook: save the sheet as CSV (UTF-8)"),
    (b"\x1f\x8b", "compressed by gzip: unpack it"),
)
_START = 4096  # bytes that show whether every second byte is 0
_WIDE = re.compile(rb"(?:[\x81-\xfe][\x40-\x7e\x80-\xfe])+")
# Nearly all Chinese text uses these: GB 2312, and level 1 of Big5. Single pairs of Big5 may also be two Western
# letters.
_COMMON = {
    "gb18030": re.compile(rb"(?:[\xa1-\xf7][\xa1-\xfe])+"),
    "cp950": re.compile(rb"(?:[\xa1-\xc6][\x40-\x7e\xa1-\xfe]){2,}"),
}
_REMEDY = "save it as UTF-8, or name its encoding with --encoding"


def decode_list(raw: bytes, encoding: str | None = None) -> tuple[str, str]:
    """The text and its encoding.

    A byte order mark decides. Without one, the encoding is UTF-8, UTF-16, GB18030, Big5 or Windows-1252, whichever
    fits.

    Raises:
        ListError: the bytes are not text in any of these encodings, or not in the given one.
    """
    if encoding is not None:
        return _as(raw, encoding), encoding
    for mark, remedy in _ARCHIVES:
        if raw.startswith(mark):
            raise ListError(f"is not text, but {remedy}")
    for bom, name in _BOMS:
        if raw.startswith(bom):
            return _as(raw[len(bom) :], name), name
    for guess in (*_wide(raw[:_START]), "utf-8", *_chinese(raw), "windows-1252"):
        try:
            return raw.decode(guess), guess
        except UnicodeDecodeError:
            continue
    raise ListError(f"is not text in UTF-8, UTF-16 or GB18030 ({_REMEDY})")


def _as(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding).removeprefix("\ufeff")
    except LookupError as error:
        raise ListError(f"the encoding {encoding} is unknown") from error
    except UnicodeDecodeError as error:
        raise ListError(f"is not text in {encoding.upper()} (byte {error.start}; {_REMEDY})") from error


def _wide(start: bytes) -> list[str]:
    """UTF-16 without a byte order mark, if nearly every second byte is 0."""
    even, odd = start[::2].count(0), start[1::2].count(0)
    least = len(start) // 4
    if odd > least and even == 0:
        return ["utf-16-le"]
    return ["utf-16-be"] if even > least and odd == 0 else []


def _chinese(raw: bytes) -> list[str]:
    """GB18030 and Big5, the likelier first; neither if the possible Chinese is mostly single, rare characters."""
    written = _WIDE.findall(raw)
    words = sum(len(run) for run in written if len(run) > 2)  # noqa: PLR2004 - bytes of one character
    common = {name: sum(len(run) for one in written for run in runs.findall(one)) for name, runs in _COMMON.items()}
    likely = [name for name in common if max(words, common[name]) * 2 > sum(map(len, written))]
    return sorted(likely, key=lambda name: -common[name])
