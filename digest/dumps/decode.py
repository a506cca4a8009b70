"""Bytes become text, block by block, whatever encoding a crawler saved. Knows the layouts' marks, not the layouts."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, BinaryIO

from digest.errors import DumpError

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 1 << 20
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")  # gzip, zip, bzip2, xz, zstd
_MARKS = re.compile("点击阅读全文|位读者|最近评论|點擊閱讀全文|位讀者|最近評論|引用")
_CONTROLS = bytes([*range(9), 11, 12, *range(14, 32), 127])
_BINARY_SHARE = 0.05
_DAMAGED_SHARE = 0.05
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_ASCII = re.compile("[\x00-\x7f]+")
_LINE_ENDS = re.compile("\r+\n|\r")
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff\ufdd0-\ufdef\ud800-\udfff"
    + "".join(chr((plane << 16) + 0xFFFE) + chr((plane << 16) + 0xFFFF) for plane in range(1, 17))
    + "]"
)


def text_blocks(stream: BinaryIO, dump: str) -> Iterator[str]:
    """The text of a dump in blocks; line ends are `\\n`, control characters and noncharacters are gone.

    A character that the end of the file cut is dropped. Peak memory does not depend on the file's size.

    Raises:
        DumpError: the bytes are no text.
    """
    held = ""
    for decoded in _decoded(stream, dump):
        block, held = held + decoded, ""
        if "\r" in block:
            kept = block.rstrip("\r")  # what follows decides whether a last \r is half of a line end
            block, held = _LINE_ENDS.sub("\n", kept), block[len(kept) :]
        yield _UNWANTED.sub("", block) if _UNWANTED.search(block) else block
    if held:
        yield "\n"


def _decoded(stream: BinaryIO, dump: str) -> Iterator[str]:
    block = stream.read(BLOCK)
    if block.startswith(_PACKED):
        raise DumpError(dump, "is compressed; dumps are read as plain text", remedy="unpack it where it is written")
    encoding, block = _by_bom(block)
    plain = encoding is None  # so far nothing but ASCII: the encoding is still open
    decoder: codecs.IncrementalDecoder | None = _decoder(encoding) if encoding else None
    while block:
        if plain and not block.isascii():
            decoder, plain = _decoder(encoding_of(block, dump)), False
        if plain and _is_binary(block):
            raise DumpError(dump, "is binary, no text", remedy="check what writes the source's folder")
        yield decoder.decode(block) if decoder else block.decode("ascii")
        block = stream.read(BLOCK)


def _by_bom(block: bytes) -> tuple[str | None, bytes]:
    for bom, encoding in _BOMS:
        if block.startswith(bom):
            return encoding, block[len(bom) :]
    return None, block


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder(encoding)("replace")


def encoding_of(block: bytes, dump: str = "") -> str:
    """The encoding of a block without byte order mark.

    The layouts' own marks are stronger evidence than statistics, so chardet is asked last. A few damaged bytes do
    not turn UTF-8 into something else.

    Raises:
        DumpError: it is no text.
    """
    foreign = _ASCII.sub("", _decoder("utf-8").decode(block))
    if foreign.count(_REPLACEMENT) <= len(foreign) * _DAMAGED_SHARE:
        return "utf-8"
    marks = {name: len(_MARKS.findall(_decoder(name).decode(block))) for name in ("gb18030", "big5hkscs", "utf-8")}
    best = max(marks, key=lambda name: marks[name])
    if marks[best]:
        return best
    if _is_binary(block):
        raise DumpError(dump, "is binary, no text", remedy="check what writes the source's folder")
    return _guessed(block)


def _guessed(block: bytes) -> str:
    import chardet  # noqa: PLC0415 - few dumps need it, and it loads slowly

    name = chardet.detect(block[:65536])["encoding"] or "utf-8"
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "utf-8"


def _is_binary(block: bytes) -> bool:
    return len(block) - len(block.translate(None, _CONTROLS)) > len(block) * _BINARY_SHARE
