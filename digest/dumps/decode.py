"""Decodes bytes to text, block by block, in whatever encoding a crawler saved. Uses the layouts' marks as evidence.

Decision 8.
"""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from digest.errors import DumpError

BLOCK = 1 << 17  # bytes from which the encoding is detected
_NEXT = 1 << 15  # larger blocks leave the processor's cache, smaller ones need more calls
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_UNMARKED = ((b"<\x00?\x00x\x00", "utf-16-le"), (b"\x00<\x00?\x00x", "utf-16-be"))  # XML in UTF-16 without mark
_XML = re.compile(rb"\s*<\?xml[^>]{1,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_META = re.compile(rb"<meta[^>]{1,300}?charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_PARAMETER = re.compile(r"charset\s{0,9}=\s{0,9}[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_HEAD = 4096  # bytes in which a `meta` element may state the encoding
_MEANT = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874",
    "gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs", "shift_jis": "cp932", "euc_kr": "cp949",
    "utf-16": "utf-16-le",
}  # fmt: skip
_LABELS = {
    "x-gbk": "gbk",
    "x-sjis": "shift_jis",
    "ks_c_5601-1987": "euc_kr",
    "x-euc-jp": "euc_jp",
    "windows-949": "cp949",
}
_LABELS |= {
    "windows-31j": "cp932",
    "windows-874": "cp874",
    "x-cp1251": "cp1251",
    "x-cp1252": "cp1252",
    "unicode": "utf-16",
}
_NO_FILES = frozenset({"utf_7", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "mbcs", "oem", "undefined"})
_BY_ESCAPES = ("iso2022", "hz")  # encodings whose bytes are all ASCII
_PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")  # gzip, zip, bzip2, xz, zstd
_MARKS = re.compile("点击阅读全文|位读者|最近评论|點擊閱讀全文|位讀者|最近評論|引用")
_CONTROLS = bytes([*range(9), 11, 12, *range(14, 32), 127])
_BINARY_SHARE = 0.05
_DAMAGED_SHARE = 0.05
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_ASCII = re.compile("[\x00-\x7f]+")
_LINE_ENDS = re.compile("\r+\n|\r")
_WHOLE = frozenset({"utf-8", "utf-16-le", "utf-16-be"})  # encodings in which UTF-8 cannot be hidden
# Chinese in UTF-8; in another encoding, hardly any four characters have such bytes.
_UTF8_RUN = re.compile(rb"(?:[\xe3-\xe9][\x80-\xbf]{2}){4,}")
UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff\ufdd0-\ufdef\ud800-\udfff"
    + "".join(chr((plane << 16) + 0xFFFE) + chr((plane << 16) + 0xFFFF) for plane in range(1, 17))
    + "]"
)
_RARE = {  # the first byte in UTF-8 of unwanted characters, besides control characters, and the bytes after it
    0xC2: re.compile(rb"\xc2[\x80-\x9f]"),
    0xEF: re.compile(rb"\xef(?:\xb7[\x90-\xaf]|\xbb\xbf|\xbf[\xbe\xbf])"),
    **{lead: re.compile(bytes([lead]) + rb".\xbf[\xbe\xbf]", re.DOTALL) for lead in range(0xF0, 0xF5)},
}


def text_blocks(stream: BinaryIO, dump: str, media_type: str = "") -> Iterator[str]:
    """The text of a dump in blocks; line ends are `\n`, control characters and noncharacters are removed.

    `media_type` may name a charset, such as `text/html; charset=gbk`. Bytes that are UTF-8 are that, whatever is said.

    A character that the end of the file cut is dropped. Peak memory does not depend on the file's size.

    Raises:
        DumpError: the bytes are not text.
    """
    held = ""
    for decoded, clean in _decoded(stream, dump, _charset(media_type)):
        block, held = held + decoded, ""
        if "\r" in block:
            kept = block.rstrip("\r")  # the next character decides whether a last \r is half of a line end
            block, held = _LINE_ENDS.sub("\n", kept), block[len(kept) :]
        yield block if clean else UNWANTED.sub("", block)
    if held:
        yield "\n"


def _decoded(stream: BinaryIO, dump: str, charset: str | None) -> Iterator[tuple[str, bool]]:
    """Blocks of text, each with whether it is certainly free of unwanted characters."""
    block = stream.read(BLOCK)
    if block.startswith(_PACKED):
        raise DumpError(dump, "is compressed in a way that is not read", remedy="use gzip, zstd or zip, or plain text")
    encoding, block = _by_bom(block, charset)
    decoder = _decoder(encoding) if encoding else None  # without one, everything so far is ASCII
    before = b""  # the end of the block before: a character may span both
    while block:
        if decoder:
            text = decoder.decode(block if encoding in _WHOLE else _without_utf8(block))
        elif not block.isascii():
            encoding, decoder, text = _begun(block, dump, charset)
        elif _is_binary(block):
            raise DumpError(dump, "is binary, no text", remedy="check what writes the source's folder")
        else:
            text = block.decode("ascii")
        yield text, encoding in {None, "utf-8"} and _is_clean(block) and not _is_rare(before + block[:3])
        before, block = block[-3:], stream.read(_NEXT if decoder else BLOCK)


def _begun(block: bytes, dump: str, charset: str | None) -> tuple[str, codecs.IncrementalDecoder, str]:
    """The encoding of a block without byte order mark, its decoder, and the block's text."""
    decoder: codecs.IncrementalDecoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        text = decoder.decode(block)
    except UnicodeDecodeError:
        said = [charset, _declared(block)]
        if charset == "cp1252":
            said.reverse()  # it is what servers say that do not know
        fitting = (name for name in said if name and _fits(name, block))
        encoding = next(fitting, None) or _encoding_of(block, dump)
        decoder = _decoder(encoding)
        return encoding, decoder, decoder.decode(block if encoding in _WHOLE else _without_utf8(block))
    decoder.errors = "replace"  # the rest may be damaged, but is still UTF-8
    return "utf-8", decoder, text


def _declared(block: bytes) -> str | None:
    """The encoding that an XML declaration or a `meta` element states; None if there is none."""
    found = _XML.match(block) or _META.search(block[:_HEAD])
    return _meant(found[1].decode("ascii")) if found else None


def _charset(media_type: str) -> str | None:
    """The encoding that a media type names; None if it names none."""
    found = _PARAMETER.search(media_type)
    return _meant(found[1]) if found else None


def _meant(label: str) -> str | None:
    """The codec that programs mean by a label; None if it is no encoding of texts in files.

    Source: the Encoding Standard of the WHATWG, section 4.2.
    """
    try:
        found = codecs.lookup(_LABELS.get(label.lower(), label))
    except (LookupError, ValueError):
        return None
    if found.name.replace("-", "_") in _NO_FILES or not found._is_text_encoding:  # noqa: SLF001 - there is no other way
        return None
    return _MEANT.get(found.name, found.name)


def _fits(encoding: str, block: bytes) -> bool:
    """Whether a block can be in this encoding, except for a character that its end cuts."""
    try:
        codecs.getincrementaldecoder(encoding)("strict").decode(block)
    except (LookupError, UnicodeError):
        return False
    return True


def _without_utf8(block: bytes) -> bytes:
    """The block, with certain UTF-8 made invalid: in another encoding it would be wrong and look sound."""
    return _UTF8_RUN.sub(b"\xff", block)


def _is_clean(block: bytes) -> bool:
    """Whether UTF-8 certainly has nothing unwanted. Searching for bytes is fifty times as fast as `UNWANTED`."""
    for control in _CONTROLS:
        if control in block:
            return False
    return not _is_rare(block)


def _is_rare(block: bytes) -> bool:
    """Whether it may have an unwanted character of several bytes."""
    return any(lead in block and rare.search(block) for lead, rare in _RARE.items())


def _by_bom(block: bytes, charset: str | None) -> tuple[str | None, bytes]:
    for bom, encoding in _BOMS:
        if block.startswith(bom):
            return encoding, block[len(bom) :]
    for begin, encoding in _UNMARKED:
        if block.startswith(begin):
            return encoding, block
    if charset and charset.startswith("utf-16") and b"\0" in block:
        return charset, block
    declared = (charset or _declared(block)) if block.isascii() else None
    return declared if declared and declared.startswith(_BY_ESCAPES) else None, block


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder(encoding)("replace")


def _encoding_of(block: bytes, dump: str) -> str:
    """The encoding of a block that is not entirely UTF-8.

    The layouts' own marks are stronger evidence than statistics, so chardet comes last. A few damaged bytes do not turn
    UTF-8 into something else.

    Raises:
        DumpError: it is not text.
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
