"""What a file is by its content: plain text, compressed, an archive, JSON Lines; and the terms for reading it."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import BinaryIO

BETWEEN = "!"  # stands between the name of a container and that of its record
OF_RECORD = "!"  # the mark of a record's stamp
LARGEST = 2 * 1024**3
HEAD, LONG_HEAD = 512, 1 << 16  # bytes by which a file is known, and where it may be JSON Lines
_PACKED = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))
_SKIPPABLE = tuple(bytes([0x50 + number]) + b"\x2a\x4d\x18" for number in range(16))  # frames before those of zstd
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_CHECKSUM = slice(148, 156)  # of the head of a tar member
_OCTAL = re.compile(rb"[0-7]{1,7}")
_LINES_NAMED, _PACKED_NAMED = (".jsonl", ".ndjson", ".jl", ".jsonlines"), (".gz", ".zst")
_LINES_LOOKED_AT = 20


class Packing(StrEnum):
    """How the bytes of a file are compressed."""

    GZIP = "gzip"
    ZSTD = "zstd"
    DEFLATE = "deflate"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a source says about its containers: which records it wants, and the bounds.

    `only` is a regular expression for addresses, `text_field` the JSON field with the text; both may be empty. A record
    has at most `largest` bytes, a container at most `unpacked` bytes (and `ratio` times its own size) and `records`.
    """

    only: str = ""
    text_field: str = ""
    largest: int = LARGEST
    unpacked: int = 32 * 1024**3
    ratio: int = 200
    records: int = 1_000_000

    @property
    def mark(self) -> str:
        """A word that is another one for other terms; stored with a container that was read by them."""
        return "+" + hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]


class Kind(StrEnum):
    """What is inside, behind a compression of the whole."""

    TEXT = "text"
    TAR = "tar"
    ZIP = "zip"
    LINES = "JSON Lines"
    WARC = "WARC"


def containers_of(path: str) -> Iterator[str]:
    """The names that the container of a record may have."""
    at = path.find(BETWEEN)
    while at >= 0:
        yield path[:at]
        at = path.find(BETWEEN, at + 1)


def is_container(stream: BinaryIO, name: str) -> bool:
    """Whether these bytes hold records, or are compressed. The stream is at its start, before and after."""
    head = stream.read(HEAD)
    if may_be_lines(head):
        head += stream.read(LONG_HEAD)
    stream.seek(0)
    return packing_of(head) is not None or kind_of(head, name) is not Kind.TEXT


def may_be_lines(head: bytes) -> bool:
    """Whether only a longer beginning shows if it is JSON Lines."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def packing_of(head: bytes) -> Packing | None:
    if head.startswith(_SKIPPABLE):
        return Packing.ZSTD
    return next((Packing(packing) for magic, packing in _PACKED if head.startswith(magic)), None)


def kind_of(head: bytes, name: str) -> Kind:
    if head.startswith(_ZIP):
        return Kind.ZIP
    if head.startswith(b"WARC/"):
        return Kind.WARC
    if _is_tar(head):
        return Kind.TAR
    return Kind.LINES if _are_json_lines(head, name) else Kind.TEXT


def _are_json_lines(head: bytes, name: str) -> bool:
    """Whether a file with this beginning is JSON Lines; the name decides only if the first lines are broken.

    A JSON document is none: neither one on many lines, nor a JSON Feed on one.
    """
    lines = [line.strip() for line in head.removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n")[:_LINES_LOOKED_AT]]
    named = name.lower().removesuffix(_PACKED_NAMED[0]).removesuffix(_PACKED_NAMED[1]).endswith(_LINES_NAMED)
    begun = [line for line in lines if line.startswith(b"{")]
    if not begun or (not named and not lines[0].startswith(b"{")):
        return False
    if b"jsonfeed.org/version" in head and len([line for line in lines if line]) == 1:
        return False
    if named or any(isinstance(parsed(line), dict) for line in begun):
        return True
    return len(lines) == 1 and lines[0][1:].lstrip().startswith(b'"')  # a first line that is longer than the beginning


def parsed(line: bytes) -> object:
    """The JSON value in a line; None if there is none."""
    try:
        return json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def _is_tar(head: bytes) -> bool:
    """Whether it is a tar archive, also of the oldest kind, which only the sum of its head proves."""
    if len(head) < HEAD or not head[0]:
        return False
    if head[257:262] == b"ustar":
        return True
    said = head[_CHECKSUM].strip(b" \0")
    if not _OCTAL.fullmatch(said):
        return False
    return int(said, 8) == sum(head[:HEAD]) - sum(head[_CHECKSUM]) + 8 * ord(" ")
