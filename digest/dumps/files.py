"""Finds the files of a source without reading them."""

from __future__ import annotations

import errno
import operator
import os
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from digest.dumps.walk import NOTHING, WILD, Found, Refused, Walk, matches
from digest.errors import DumpError
from digest.model import value

__all__ = ["DumpFile", "Refused", "Stamp", "dump_files", "is_read"]

_NAME = operator.itemgetter(0)


@value
class Stamp:
    """What shows without a look at the bytes that they are unchanged: equal stamps mean that, if they are `settled`.

    Of a file: its metadata. A stamp that is not settled was taken so soon after the file was written that later bytes
    may have the same stamp. `mark` is a word that tells it from the stamp of a file that is read as it is.
    """

    size: int
    mtime_ns: int
    inode: int
    settled: bool = True
    mark: str = ""

    @classmethod
    def parse(cls, stored: str) -> Stamp:
        """The stamp whose stored form this is."""
        size, mtime_ns, inode, *more = stored.split()
        marks = [word for word in more if word != "?"]
        return cls(int(size), int(mtime_ns), int(inode), "?" not in more, "".join(marks))

    def __str__(self) -> str:
        """The stored form, because file systems have inodes and times of more than 63 bits."""
        plain = f"{self.size} {self.mtime_ns} {self.inode}"
        if self.settled and not self.mark:
            return plain
        return f"{plain}{'' if self.settled else ' ?'}{self.mark and ' ' + self.mark}"

    def names(self, other: Stamp) -> bool:
        """Whether both belong to one file that was not written in between, as far as a file system can say."""
        return (self.size, self.mtime_ns, self.inode) == (other.size, other.mtime_ns, other.inode)


@value
class DumpFile:
    """A file that may be a dump. `name` is relative to the source's folder `root`, with forward slashes.

    It is a `digest.dumps.pages.Page`.
    """

    root: Path
    name: str
    size: int
    mtime_ns: int
    inode: int

    @property
    def path(self) -> Path:
        return self.root / self.name

    @property
    def stamp(self) -> Stamp:
        return Stamp(self.size, self.mtime_ns, self.inode)

    @property
    def url(self) -> str:
        return ""

    @property
    def fetched_at(self) -> datetime | None:
        return None

    @property
    def media_type(self) -> str:
        return ""

    @property
    def is_cut(self) -> bool:
        return False

    def open(self) -> BinaryIO:
        return self.path.open("rb")

    def is_changed(self, stream: BinaryIO) -> bool:
        state = os.fstat(stream.fileno())
        return (state.st_size, state.st_mtime_ns, state.st_ino) != (self.size, self.mtime_ns, self.inode)


def dump_files(path: Path) -> Iterator[DumpFile | Refused]:
    """The files of a source's path: one file, a folder with everything below it, or a glob; sorted by name.

    Hidden files and unfinished files of other programs (`~`, `.tmp`, `.part`, `.swp`) are left out. A symbolic link
    that leads out of the source's folder is refused, and so is each file and folder that cannot be examined; the others
    are still found.

    Raises:
        DumpError: there is no such file or folder, or it cannot be listed.
    """
    try:
        state = path.stat()
    except (OSError, ValueError) as error:
        if WILD & set(str(path)):
            root = _fixed(path)
            yield from _in_order(root, Walk(root).matching(path.relative_to(root).parts))
            return
        number = error.errno if isinstance(error, OSError) else errno.ENOENT
        if number == errno.ENOENT or number is None:
            raise DumpError(str(path), "there is no such file or folder", remedy="check the path") from error
        raise DumpError(
            str(path), f"cannot be looked at: {os.strerror(number)}", remedy="check the path and its rights"
        ) from error
    if stat.S_ISDIR(state.st_mode):
        yield from _in_order(path, Walk(path).below())
    else:
        yield from _described(path.parent, [path.name])


def is_read(path: Path, place: Path) -> bool:
    """Whether a source's path covers a file at this place, which need not exist; `place` has no links."""
    if not WILD & set(str(path)) or path.exists():
        return place.is_relative_to(path.resolve())
    root = _fixed(path)
    inside = root.resolve()
    return place.is_relative_to(inside) and matches(place.relative_to(inside).parts, path.relative_to(root).parts)


def _fixed(path: Path) -> Path:
    """The leading part of a glob without wildcards."""
    parts = []
    for part in path.parts[:-1]:
        if WILD & set(part):
            break
        parts.append(part)
    return Path(*parts)


def _in_order(root: Path, found: Iterator[Found]) -> Iterator[DumpFile | Refused]:
    """The files sorted by name. Ordinary files are described from the listing, the rest are examined."""
    for name, state in sorted(found, key=_NAME):
        if isinstance(state, Refused):
            yield Refused(ascii(name) if _foreign(name) else name, state.reason, state.unseen)
        elif state and _regular(state) and not _foreign(name):
            yield DumpFile(root, name, state.st_size, state.st_mtime_ns, state.st_ino)
        else:
            yield from _described(root, [name])


def _described(root: Path, names: list[str]) -> Iterator[DumpFile | Refused]:
    inside = Path(os.path.realpath(root))
    for name in names:
        path = root / name
        if _foreign(name):
            yield Refused(ascii(name), "has a name that is not UTF-8; rename it")
            continue
        try:
            state = path.lstat()
            if not _regular(state):
                if not Path(os.path.realpath(path, strict=True)).is_relative_to(inside):
                    yield Refused(name, "is a link that leads out of the source's folder; it is not read")
                    continue
                state = path.stat()
                if stat.S_ISDIR(state.st_mode):
                    continue
                if not _regular(state):
                    yield Refused(name, "is no regular file; it is not read")
                    continue
        except OSError as error:
            yield Refused(name, f"cannot be looked at: {error.strerror}", unseen=error.errno not in NOTHING)
            continue
        yield DumpFile(root, name, state.st_size, state.st_mtime_ns, state.st_ino)


def _foreign(name: str) -> bool:
    """Whether the file system returned bytes that are not UTF-8, which Python represents as surrogates."""
    return not name.isascii() and any("\ud800" <= character <= "\udfff" for character in name)


def _regular(state: os.stat_result) -> bool:
    return stat.S_ISREG(state.st_mode)
