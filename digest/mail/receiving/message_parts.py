"""Reads the parts of a stranger's message within limits. Bounces, complaints and replies all use it.

Python's parser takes time that grows with the square of a header's length, and with the product of lines and open
parts. So a message is cut to the size that an honest one needs before it is parsed. Decision 181.
"""

import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser, HeaderParser
from email.policy import compat32
from email.utils import getaddresses, parseaddr
from html import unescape

_READ = 64 * 1024  # bytes; the report comes before the mail that it is about
_LONGEST_HEADER = 8 * 1024
_MOST_PARTS = 10  # parts that contain others; an honest message has four
_MOST_SEPARATORS = 1000
_MOST_WORDS = 8192  # characters of readable text
_PART = re.compile(rb"(?i)\bboundary\s*(?:\*\d*\*?\s*)?=|message/(?:rfc822|global|partial|external-body)")
_ATTACHED = {"message/rfc822", "message/global", "message/rfc822-headers", "text/rfc822", "text/rfc822-headers"}
_LONGEST_TEXT = 300
_INVISIBLE = re.compile(r"(?i)(style|script|head)\b")
_BREAK = re.compile(r"(?i)/?(?:br|p|div|tr|li|h[1-6])\b")
_LONGEST_ENCODED = 1000  # characters of a header; decoding takes time that grows with the square of the length


def parse_message(raw: bytes) -> Message | None:
    """The beginning of a message; None if it has more parts than an honest message."""
    tame = _tame(raw[:_READ])
    if len(_PART.findall(tame)) > _MOST_PARTS or tame.count(b"\n--") > _MOST_SEPARATORS:
        return None
    return BytesParser(policy=compat32).parsebytes(tame)


def _tame(raw: bytes) -> bytes:
    """The same message with its longest headers cut, each counted together with its continuation lines."""
    tame, run = [], 0
    for line in raw.splitlines(keepends=True):
        run = run + len(line) if line[:1] in {b" ", b"\t"} else len(line)
        if run <= _LONGEST_HEADER:
            tame.append(line)
        elif run == len(line):
            tame.append(line[:_LONGEST_HEADER] + b"\n")
    return b"".join(tame)


def own_parts(message: Message) -> Iterator[Message]:
    """A message and its parts in order, without the parts of attached messages."""
    yield message
    if not message.is_multipart() or message.get_content_maintype() != "multipart":
        return
    for part in message.get_payload():
        if isinstance(part, Message):
            yield from own_parts(part)


def attached_messages(message: Message) -> Iterator[Message]:
    """The messages attached to this one, in full or only their headers. Attachments of attachments do not count."""
    for part in own_parts(message):
        is_mail_file = str(part.get_filename() or "").lower().endswith(".eml")  # whatever type its sender declared
        if part is not message and (is_mail_file or part.get_content_type() in _ATTACHED):
            yield header_fields(part)


def header_fields(part: Message) -> Message:
    """The header fields that a part contains, however the parser read them."""
    content = part.get_payload()
    if isinstance(content, list):
        found = next((block for block in content if isinstance(block, Message)), Message())
        if found.keys():
            return found
    return HeaderParser(policy=compat32).parsestr(part_text(part).lstrip())


def part_text(part: Message) -> str:
    """The text of a part.

    It is decoded even where the part's type forbids an encoding, which the parser leaves as it is.
    """
    content = part.get_payload()
    if isinstance(content, list):
        inner = content[0].get_payload() if content and isinstance(content[0], Message) else ""
        bare = Message()
        bare["Content-Transfer-Encoding"] = str(part.get("Content-Transfer-Encoding", ""))
        bare.set_payload(inner if isinstance(inner, str) else "")
        part = bare
    decoded = part.get_payload(decode=True)
    return decoded.decode("utf-8", "replace") if isinstance(decoded, bytes) else ""


def readable_text(message: Message) -> str:
    """The readable text of a message: its first plain text, or the text of its HTML if there is none."""
    page = ""
    for part in own_parts(message):
        kind = part.get_content_type()
        if kind == "text/plain" and (text := _text(part)).strip():
            return text[:_MOST_WORDS]
        if kind == "text/html" and not page:
            page = _text(part)
    return unescape(_page_text(page[: 4 * _MOST_WORDS]))[:_MOST_WORDS]


def _page_text(page: str) -> str:
    """The text of an HTML page, in time proportional to its length."""
    found, at, small = [], 0, page.lower()
    while (start := page.find("<", at)) >= 0:
        found.append(page[at:start])
        hidden = _INVISIBLE.match(page, start + 1)
        closing = f"</{hidden[1].lower()}" if hidden else "-->" if page.startswith("<!--", start) else ""
        closed = small.find(closing, start)
        end = page.find(">", closed) if closed >= 0 else -1
        if end < 0:
            return "".join(found)
        found.append("\n" if _BREAK.match(page, start + 1) else " ")
        at = end + 1
    return "".join([*found, page[at:]])


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    return _decoded(content, str(part.get_content_charset("utf-8"))) if isinstance(content, bytes) else ""


def _decoded(content: bytes, charset: str) -> str:
    """Decode with this charset, or with the one that Chinese servers use without declaring it."""
    for name in (charset, "gb18030"):
        try:
            return content.decode(name)
        except (LookupError, UnicodeError):
            continue
    return content.decode("utf-8", "replace")


def header_value(message: Message, name: str) -> str:
    """The value of a header, decoded and in one line; empty if it is absent."""
    value = next((value for name_found, value in message.raw_items() if name_found.lower() == name.lower()), "")
    plain = _decoded(str(value).encode("utf-8", "surrogateescape"), "utf-8")
    try:
        if "=?" not in plain:
            return printable_line(plain)
        return printable_line(str(make_header(decode_header(plain[:_LONGEST_ENCODED]))))
    except (HeaderParseError, LookupError, ValueError):
        return printable_line(plain)


def has_null_path(message: Message) -> bool:
    """Whether the headers say that the envelope had no sender. Sendmail writes a name in its place."""
    return header_value(message, "Return-Path").upper() in {"<>", "<MAILER-DAEMON>"}


def first_address(message: Message, name: str) -> str:
    """The first address in a header, in lower case; empty if there is none."""
    return parseaddr(str(message.get(name, "")))[1].casefold()


def addresses(message: Message, names: tuple[str, ...]) -> Iterator[str]:
    """The addresses in these headers."""
    for name in names:
        values = [str(value) for value in message.get_all(name, [])]
        if name in {"to", "cc"}:
            yield from (address for _, address in getaddresses(values) if "@" in address)
        else:
            yield from (address for value in values if "@" in (address := parseaddr(value)[1]))


def printable_line(text: str) -> str:
    """A stranger's text in one line of limited length."""
    printable = "".join(character if character.isprintable() else " " for character in text[: 4 * _LONGEST_TEXT])
    return " ".join(printable.split())[:_LONGEST_TEXT]
