"""The members of tar and zip archives, one by one, without a list of all in memory."""

import binascii
import calendar
import os
import struct
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from digest.dumps.containers.kinds import Packing
from digest.dumps.containers.streams import Flaw, Forward, Member, Meter, Part, blocks_of, unpacked
from digest.errors import DumpError

_SECTOR = 512
_MOST_HEADERS = 1 << 20  # bytes of the names and attributes before one member
_FILES = frozenset((tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE))
_ATTRIBUTES = frozenset((tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE))
_BEFORE = _ATTRIBUTES | {tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XGLTYPE}
_NOT_FILES = ("/", "~", ".tmp", ".part", ".swp")
_DIGITS = 18
_SECOND = 1_000_000_000

_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_POINTER_64 = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_QUAD = struct.Struct("<Q")
_LOCAL = struct.Struct("<4s5H3L2H")
_LONGEST_COMMENT = 1 << 16
_UTF8_NAME, _ENCRYPTED, _STORED, _DEFLATED = 0x800, 0x1, 0, 8
_FULL = 0xFFFFFFFF


def tar_members(stream: Forward, meter: Meter) -> Iterator[Member | Flaw]:
    """The files of a tar archive; folders, links and devices are passed over.

    Raises:
        DumpError: it breaks off, is damaged, or goes beyond a bound.
    """
    while head := _tar_head(stream, meter):
        meter.record()
        part = Part(stream, head.size)
        if head.kind == tarfile.GNUTYPE_SPARSE:
            _pass_sparse_heads(stream, head.block)
            yield Flaw(head.name, "is a file with holes, which is not read (pack it without --sparse)")
        elif head.kind in _FILES and _is_wanted(head.name):
            yield Member(head.name, part.blocks, part.was_cut, head.size, head.at_ns)
        part.drain()
        if part.cut:
            raise DumpError(meter.name, stream.cut or f"breaks off in {head.name!a}", remedy=_ANEW)
        stream.exactly(_padded(head.size) - head.size)


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands before the bytes of a tar member; `block` is the last sector of it."""

    name: str
    kind: bytes
    size: int
    at_ns: int
    block: bytes


def _tar_head(stream: Forward, meter: Meter) -> _Head | None:
    """The next head, with the long name and the attributes before it; None at the end."""
    name, attributes, aside = "", dict[str, str](), 0
    while block := _sector(stream, meter):
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            raise DumpError(meter.name, "is damaged: the head of a member is not right", remedy=_ANEW) from error
        if info.type not in _BEFORE:
            size = _number(attributes.get("size"), info.size)
            if size < 0:
                raise DumpError(meter.name, "is damaged: a member has no size", remedy=_ANEW)
            return _Head(attributes.get("path") or name or info.name, info.type, size, int(info.mtime * _SECOND), block)
        aside += max(0, info.size) + _SECTOR
        if info.size < 0 or aside > _MOST_HEADERS:
            raise DumpError(meter.name, "is damaged: the name of a member is too long", remedy=_ANEW)
        said = stream.exactly(_padded(info.size))[: info.size]
        if info.type == tarfile.GNUTYPE_LONGNAME:
            name = said.rstrip(b"\0").decode("utf-8", "surrogateescape")
        elif info.type in _ATTRIBUTES:
            attributes = _attributes(said)
    return None


def _sector(stream: Forward, meter: Meter) -> bytes:
    """The next sector; empty where only zeros end the archive."""
    block = stream.exactly(_SECTOR)
    if len(block) < _SECTOR:
        raise DumpError(meter.name, stream.cut or "breaks off: its end is missing", remedy=_ANEW)
    return block if block.strip(b"\0") else b""


def _is_wanted(name: str) -> bool:
    """Whether it is a file, neither hidden nor still being written, as in a folder."""
    folders = name.split("/")
    return not (
        name.endswith(_NOT_FILES) or "__MACOSX" in folders or any(one.strip(".") and one[0] == "." for one in folders)
    )


_ANEW = "see whether it is still being written; if not, pack it anew"


def _padded(size: int) -> int:
    return -(-size // _SECTOR) * _SECTOR


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= _DIGITS else otherwise


def _attributes(said: bytes) -> dict[str, str]:
    """The records `LENGTH KEY=VALUE` of a POSIX header, as far as they are right."""
    found: dict[str, str] = {}
    at = 0
    while at < len(said):
        length, space, _ = said[at : at + 20].partition(b" ")
        if not space or not length.isdigit() or int(length) <= len(length) + 1:
            break
        key, _, text = said[at + len(length) + 1 : at + int(length) - 1].partition(b"=")
        found[key.decode("utf-8", "replace")] = text.decode("utf-8", "surrogateescape")
        at += int(length)
    return found


def _pass_sparse_heads(stream: Forward, header: bytes) -> None:
    more = header[482:483] not in (b"\0", b"")
    while more:
        header = stream.exactly(_SECTOR)
        more = header[504:505] not in (b"\0", b"")


def zip_members(stream: BinaryIO, meter: Meter) -> Iterator[Member | Flaw]:
    """The files of a zip archive in the order of its directory, also of one with more than 65,535 of them.

    Raises:
        DumpError: its directory is missing or damaged, or it goes beyond a bound.
    """
    at, size, shift = _directory(stream, meter)
    while size >= _ENTRY.size:
        stream.seek(at)
        entry = stream.read(_ENTRY.size)
        if len(entry) < _ENTRY.size or not entry.startswith(b"PK\x01\x02"):
            raise DumpError(meter.name, "is damaged: its directory breaks off", remedy=_ANEW)
        _, _, _, flags, method, clock, day, crc, packed, whole, name_size, extra_size, note_size, *_, local = (
            _ENTRY.unpack(entry)
        )
        name = stream.read(name_size).decode("utf-8" if flags & _UTF8_NAME else "cp437", "surrogateescape")
        whole, packed, local = _in_64_bits(stream.read(extra_size), whole, packed, local)
        passed = _ENTRY.size + name_size + extra_size + note_size
        at, size = at + passed, size - passed
        meter.record()
        if not _is_wanted(name):
            continue
        if flags & _ENCRYPTED:
            yield Flaw(name, "is encrypted (pack it without a password)")
        elif method not in {_STORED, _DEFLATED}:
            yield Flaw(name, f"is packed by method {method}, which is not read (pack it with deflate)")
        else:
            zipped = _Zipped(stream, meter, local + shift, packed, method, crc)
            yield Member(name, zipped.blocks, zipped.was_cut, whole, _written_at(day, clock))


class _Zipped:
    """The bytes of one member."""

    def __init__(self, stream: BinaryIO, meter: Meter, at: int, packed: int, method: int, crc: int) -> None:
        self._cut = False
        self._stream, self._meter = stream, meter
        self._at, self._packed, self._method, self._crc = at, packed, method, crc

    def blocks(self) -> Iterator[bytes]:
        self._stream.seek(self._at)
        head = self._stream.read(_LOCAL.size)
        if len(head) < _LOCAL.size or not head.startswith(b"PK\x03\x04"):
            self._cut = True
            return
        *_, name_size, extra_size = _LOCAL.unpack(head)
        self._stream.seek(name_size + extra_size, os.SEEK_CUR)
        part, crc = Part(self._stream, self._packed), 0
        for block in self._unpacked(part):
            crc = binascii.crc32(block, crc)
            yield block
        self._cut = self._cut or part.cut or crc != self._crc

    def _unpacked(self, part: Part) -> Iterator[bytes]:
        if self._method == _DEFLATED:
            yield from unpacked(part, self._meter, Packing.DEFLATE, self._end_early)
            return
        for block in blocks_of(part):
            self._meter.took(len(block))
            self._meter.gave(len(block))
            yield block

    def was_cut(self) -> bool:
        """Whether there should have been more, or its bytes are not those that were packed."""
        return self._cut

    def _end_early(self, _: str) -> None:
        self._cut = True


def _directory(stream: BinaryIO, meter: Meter) -> tuple[int, int, int]:
    """Where the directory begins, its size, and by how much all places are shifted by bytes before the archive."""
    length = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, length - _LONGEST_COMMENT - _END.size))
    tail = stream.read(_LONGEST_COMMENT + _END.size)
    found = tail.rfind(b"PK\x05\x06")
    if found < 0 or len(tail) - found < _END.size:
        raise DumpError(meter.name, "breaks off: its directory is missing", remedy=_ANEW)
    end = length - len(tail) + found
    *_, size, at, _ = _END.unpack_from(tail, found)
    stream.seek(max(0, end - _POINTER_64.size))
    pointer = stream.read(_POINTER_64.size)
    if pointer.startswith(b"PK\x06\x07"):
        stream.seek(_POINTER_64.unpack(pointer)[2])
        more = stream.read(_END_64.size)
        if len(more) < _END_64.size or not more.startswith(b"PK\x06\x06"):
            raise DumpError(meter.name, "is damaged: its directory is not where it should be", remedy=_ANEW)
        *_, size, at = _END_64.unpack(more)
        return at, size, 0
    shift = end - size - at
    if shift < 0:
        raise DumpError(meter.name, "is damaged: its directory is not where it should be", remedy=_ANEW)
    return at + shift, size, shift


def _in_64_bits(extra: bytes, whole: int, packed: int, local: int) -> tuple[int, int, int]:
    """The sizes and the place of a member, taken from the extra field where 32 bits are too few."""
    values = [whole, packed, local]
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            more = extra[at + 4 : at + 4 + size]
            for place, value in enumerate(values):
                if value == _FULL and len(more) >= _QUAD.size:
                    values[place], more = _QUAD.unpack_from(more)[0], more[_QUAD.size :]
        at += 4 + size
    return values[0], values[1], values[2]


def _written_at(day: int, clock: int) -> int:
    """When a member was written, in nanoseconds; a zip archive says it without its time zone."""
    date = (day >> 9) + 1980, day >> 5 & 15, day & 31
    time = clock >> 11, clock >> 5 & 63, (clock & 31) * 2
    return max(0, calendar.timegm((*date[:1], max(1, min(12, date[1])), max(1, date[2]), *time, 0, 0, 0))) * _SECOND
