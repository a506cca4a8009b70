"""A container and its records as pages: what it is by its content, and how a record is read, also once more."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import struct
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from digest.dumps.containers import lines
from digest.dumps.containers.kinds import (
    BETWEEN,
    HEAD,
    LONG_HEAD,
    OF_RECORD,
    Kind,
    Terms,
    kind_of,
    may_be_lines,
    packing_of,
)
from digest.dumps.containers.streams import Flaw, Forward, Member, Meter, blocks_of, spooled
from digest.dumps.files import Stamp
from digest.dumps.interface import Layouts
from digest.dumps.snapshot import is_unknown, read_sightings
from digest.errors import DumpError
from digest.patterns import Pattern

if TYPE_CHECKING:
    from digest.dumps.pages import Page

_T = TypeVar("_T")
_LONGEST_NAME = 400
_NAMED = 10  # records with a flaw that are named
_NESTED = "is an archive inside an archive"
_NO_LISTING = {
    "is empty": "are empty",
    "is binary": "are no text",
    "is compressed": "are compressed",
    _NESTED: "are archives",
}
_ARCHIVES = frozenset((Kind.TAR, Kind.ZIP, Kind.WARC))
_DAMAGED = (ValueError, OverflowError, OSError, struct.error, EOFError)


@dataclass(slots=True, eq=False)
class RecordPage:
    """A record of a container; a `digest.dumps.pages.Page`.

    `is_cut` is answered once it was opened: whether there should have been more of it.
    """

    container: Container
    number: int
    name: str
    stamp: Stamp
    url: str
    fetched_at: datetime | None
    media_type: str
    is_cut: bool = False

    def open(self) -> BinaryIO:
        return self.container.opened(self)

    def is_changed(self, stream: BinaryIO) -> bool:  # noqa: ARG002 - the container's bytes count
        return self.container.is_changed()


class Container:
    """The records of a page that holds several, or is compressed.

    After `pages` was taken to its end, `seen` counts the records, `left_out` those among them that the source does not
    want, `flaws` are the records that cannot be read, and `problem` is why it could not be read to its end. `field` is
    the JSON field that is its text.
    """

    def __init__(self, page: Page, terms: Terms, layouts: Layouts) -> None:
        self.page, self.terms, self.field = page, terms, terms.text_field
        self.kind = Kind.TEXT
        self.seen = self.left_out = 0
        self.flaws: list[Flaw] = []
        self.problem: DumpError | None = None
        self._layouts = layouts
        self._only = Pattern(terms.only) if terms.only else None
        self._without: Counter[str] = Counter()
        self._first = self._again = _Walk(self)

    @property
    def is_single(self) -> bool:
        """Whether it is one compressed text, whose only page has the container's own name."""
        return self.kind is Kind.TEXT

    def pages(self) -> Iterator[RecordPage]:
        """The records in order; a page is best opened before the next one is taken. The first error ends it."""
        with contextlib.closing(self._first.records()) as found:
            try:
                for record in found:
                    if isinstance(record, Flaw):
                        self.flaws.append(record)
                        continue
                    yield record
            except DumpError as error:
                self.problem = error
            self.seen, self.left_out = self._first.seen, self._first.left_out

    def opened(self, page: RecordPage) -> BinaryIO:
        """The bytes of a record.

        Raises:
            DumpError: they are too many, or cannot be read.
        """
        if self._first.page is page:
            return self._first.body()
        walk = self._again
        if walk is self._first or walk.number > page.number:
            walk.close()
            walk = self._again = _Walk(self)
        if walk.number < page.number:
            for record in walk.running:
                if isinstance(record, RecordPage) and record.number == page.number:
                    break
        if walk.page is None or walk.page.name != page.name:
            raise DumpError(page.name, "changed while it was read", remedy="it is read again next time")
        body = walk.body()
        page.is_cut = walk.page.is_cut
        return body

    def is_changed(self) -> bool:
        """Whether the bytes of the container changed since it was found."""
        return self._first.is_changed()

    @property
    def is_barren(self) -> bool:
        """Whether no layout reads an entry in any of the records that the source wants."""
        without = sum(self._without.values())
        return without > 0 and without == self.seen - self.left_out

    def passed(self, error: DumpError) -> bool:
        """Count a record in which a layout finds nothing; False if the error is one that an operator should see."""
        kind = next((kind for kind in _NO_LISTING if error.reason.startswith(kind)), "")
        if not kind and not is_unknown(error):
            return False
        self._without[kind] += 1
        return True

    @property
    def without(self) -> str:
        """How many records have no entry, in a sentence, once they were read; empty if each has one."""
        without = sum(self._without.values())
        kinds = ", ".join(f"{number:,} {_NO_LISTING[kind]}" for kind, number in self._without.items() if kind)
        said = f"{without:,} of {self.seen:,} records hold no entry in a known layout" + (kinds and f" ({kinds})")
        return said if without else ""

    def notes(self) -> Iterator[str]:
        """What an operator should know of the records, in sentences, once they were read."""
        if self.without:
            yield self.without
        for flaw in self.flaws[:_NAMED]:
            yield f"{_shown(flaw.place)} {flaw.reason}"
        if len(self.flaws) > _NAMED:
            yield f"and {len(self.flaws) - _NAMED:,} more records that cannot be read"

    def facts(self) -> Iterator[str]:
        """What was chosen among the records, in sentences, once they were read; nothing is wrong with it."""
        if self.left_out:
            yield f"{self.left_out:,} of {self.seen:,} records are left out by `only`"
        if self.kind is Kind.LINES and self.field not in {self.terms.text_field, lines.FIELD}:
            yield f"the text of its records was found in the field {self.field} (`text_field` names another one)"

    def close(self) -> None:
        """Close what was opened to read records once more."""
        self._first.close()
        self._again.close()

    def wants(self, address: str) -> bool:
        return self._only is None or self._only.found(address)

    def readable(self, text: str) -> bool:
        """Whether a layout reads an entry in this text."""
        try:
            next(read_sightings(io.BytesIO(text.encode("utf-8", "replace")), self.page.name, layouts=self._layouts))
        except (DumpError, StopIteration):
            return False
        return True


class _Walk:
    """One way through a container from its start. `page` is the record that was reached, `number` counts from 1."""

    def __init__(self, container: Container) -> None:
        self.page: RecordPage | None = None
        self.number = self.seen = self.left_out = 0
        self.running = self.records()
        self._container = container
        self._stream: BinaryIO | None = None
        self._member: Member | None = None
        self._body: bytes | BinaryIO | None = None

    def records(self) -> Generator[RecordPage | Flaw, None, None]:
        """The records in order.

        Raises:
            DumpError: the container cannot be opened, breaks off, or goes beyond a bound.
        """
        container, page = self._container, self._container.page
        met: set[int] = set()
        with _opened(page) as self._stream:
            for member in _translated(self._members(self._stream), page.name):
                self._forget()
                if isinstance(member, Flaw):
                    yield member
                    continue
                self.seen += 1
                if not container.wants(member.url or member.key):
                    self.left_out += 1
                    continue
                self.number += 1
                self._member = member
                self.page = self._page(member, met)
                yield self.page
            self._forget()

    def _members(self, stream: BinaryIO) -> Iterator[Member | Flaw]:
        container, name = self._container, self._container.page.name
        meter = Meter(name, container.terms, container.page.stamp.size)
        head = stream.read(HEAD)
        stream.seek(0)
        packing = packing_of(head)
        forward = Forward(stream, meter, packing)
        head = forward.peek(HEAD)
        if may_be_lines(head):
            head = forward.peek(LONG_HEAD)
        container.kind = kind = kind_of(head, name)
        if packing and (kind is Kind.ZIP or packing_of(head)):
            raise DumpError(name, "is compressed more than once", remedy="unpack it once where it is written")
        match kind:
            case Kind.ZIP:
                from digest.dumps.containers.archives import zip_members  # noqa: PLC0415

                stream.seek(0)
                yield from zip_members(stream, meter)
            case Kind.TAR:
                from digest.dumps.containers.archives import tar_members  # noqa: PLC0415

                yield from tar_members(forward, meter)
            case Kind.WARC:
                from digest.dumps.containers.warc import warc_members  # noqa: PLC0415 - few dumps need it

                yield from warc_members(forward, meter, container.terms)
            case Kind.LINES:
                reading = lines.JsonLines(container.field, container.readable, container.terms.largest)
                for member in reading.members(forward, meter):
                    container.field = reading.field
                    yield member
                if forward.cut:
                    raise DumpError(name, forward.cut, remedy="see whether it is still being written")
            case Kind.TEXT:
                page = container.page
                told = page.url, page.fetched_at, page.media_type
                yield Member("", lambda: blocks_of(forward), lambda: bool(forward.cut), page.stamp.size, None, *told)

    def _page(self, member: Member, met: set[int]) -> RecordPage:
        container, of = self._container, self._container.page
        told = member.url, member.fetched_at, member.media_type
        if container.is_single:
            return RecordPage(container, 1, of.name, of.stamp, *told)
        key = _shown(member.key) or f"{self.number:04}"
        name, again = f"{of.name}{BETWEEN}{key}", 1
        while hash(name) in met:
            again += 1
            name = f"{of.name}{BETWEEN}{key}#{again}"
        met.add(hash(name))
        of_file = of.stamp.mtime_ns, of.stamp.inode
        stamp = Stamp(member.size, *((member.at_ns, 0) if member.at_ns is not None else of_file), mark=OF_RECORD)
        return RecordPage(container, self.number, name, stamp, *told)

    def body(self) -> BinaryIO:
        """The bytes of the record that was reached.

        Raises:
            DumpError: they are too many, or an archive themselves.
        """
        assert self.page is not None  # noqa: S101 - the caller has it
        assert self._member is not None  # noqa: S101
        if self._body is None:
            name = self.page.name
            blocks = _translated(self._member.blocks(), name)
            body = spooled(blocks, name, self._container.terms.largest)
            self.page.is_cut = self._member.is_cut()
            self._body = body.getvalue() if isinstance(body, io.BytesIO) else body
            head = body.read(HEAD)
            if packing_of(head) or kind_of(head, "") in _ARCHIVES:
                raise DumpError(name, _NESTED, remedy="unpack it where it is written")
        if isinstance(self._body, bytes):
            return io.BytesIO(self._body)
        stream = os.fdopen(os.dup(self._body.fileno()), "rb")
        stream.seek(0)
        return stream

    def is_changed(self) -> bool:
        if self._stream is not None and not self._stream.closed:
            return self._container.page.is_changed(self._stream)
        with _opened(self._container.page) as stream:
            return self._container.page.is_changed(stream)

    def close(self) -> None:
        self.running.close()
        self._forget()

    def _forget(self) -> None:
        if self._body is not None and not isinstance(self._body, bytes):
            self._body.close()
        self._member = self._body = self.page = None


def _opened(page: Page) -> BinaryIO:
    try:
        return page.open()
    except OSError as error:
        raise DumpError(page.name, f"cannot be opened: {error.strerror}", remedy="check its permissions") from error


def _translated(found: Iterator[_T], name: str) -> Iterator[_T]:
    """The same, with foreign errors as ours."""
    try:
        yield from found
    except _DAMAGED as error:
        said = str(error) or type(error).__name__
        raise DumpError(name, f"is damaged: {said}", remedy="see whether it is still being written") from error


def _shown(key: str) -> str:
    """The key of a record as a part of a name: printable, and not too long."""
    shown = "".join(character if character.isprintable() else "\ufffd" for character in key.removeprefix("./"))
    if len(shown) <= _LONGEST_NAME:
        return shown
    return f"{shown[:_LONGEST_NAME]}…{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()[:12]}"
