"""The files of a source, found without reading them. Knows nothing of what they say."""

from __future__ import annotations

import operator
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from digest.errors import DumpError
from digest.model import value

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = operator.itemgetter(0)
_WILD = frozenset("*?[")
_UNFINISHED = ("~", ".tmp", ".part", ".swp")


@value
class DumpFile:
    """A file that may be a dump. `name` is relative to the source's folder `root`, with forward slashes."""

    root: Path
    name: str
    size: int
    mtime_ns: int
    inode: int

    @property
    def path(self) -> Path:
        return self.root / self.name

    @property
    def stamp(self) -> str:
        """What tells without a look inside whether it changed."""
        return f"{self.size} {self.mtime_ns} {self.inode}"


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that is not read, and why."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


def dump_files(path: Path) -> Iterator[DumpFile | Refused]:
    """The files that a source's path names: one file, a folder with all below it, or a glob; sorted by name.

    Hidden files and those that other programs are still writing (`~`, `.tmp`, `.part`, `.swp`) are left out. A
    symbolic link that leads out of the source's folder is refused.

    Raises:
        DumpError: there is no such file or folder.
    """
    if _WILD & set(str(path)) and not path.exists():
        root = _fixed(path)
        pattern = path.relative_to(root).as_posix()
        names = sorted({found.relative_to(root).as_posix() for found in root.glob(pattern) if not found.is_dir()})
        yield from _described(root, (name for name in names if _wanted(name)))
    elif path.is_dir():
        yield from _all_below(path)
    elif path.exists():
        yield from _described(path.parent, [path.name])
    else:
        raise DumpError(str(path), "there is no such file or folder", remedy="check the path")


def _fixed(path: Path) -> Path:
    """The leading part of a glob that holds no wildcard."""
    parts = []
    for part in path.parts[:-1]:
        if _WILD & set(part):
            break
        parts.append(part)
    return Path(*parts)


def _wanted(name: str) -> bool:
    return not name.endswith(_UNFINISHED) and not name.startswith(".") and "/." not in name


def _all_below(root: Path) -> Iterator[DumpFile | Refused]:
    """The files below a folder. What is plainly a file is described as it was listed, the rest is looked at."""
    for name, state in sorted(_below(root), key=_NAME):
        if state and _regular(state) and not _foreign(name):
            yield DumpFile(root, name, state.st_size, state.st_mtime_ns, state.st_ino)
        else:
            yield from _described(root, [name])


def _below(folder: Path, prefix: str = "") -> Iterator[tuple[str, os.stat_result | None]]:
    """The names of all wanted files below a folder; links to folders are not followed."""
    try:
        with os.scandir(folder / prefix) as found:
            for entry in found:
                name = prefix + entry.name
                if not _wanted(entry.name):
                    continue
                if entry.is_file(follow_symlinks=False):
                    yield name, _state(entry)
                elif entry.is_dir(follow_symlinks=False):
                    yield from _below(folder, f"{name}/")
                elif entry.is_symlink():
                    yield name, None
    except OSError as error:
        raise DumpError(
            str(folder / prefix), f"cannot be listed: {error.strerror}", remedy="check its rights"
        ) from error


def _state(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except OSError:
        return None  # it is said why when it is looked at once more


def _described(root: Path, names: Iterator[str] | list[str]) -> Iterator[DumpFile | Refused]:
    inside = root.resolve()
    for name in names:
        path = root / name
        if _foreign(name):
            yield Refused(ascii(name), "has a name that is not UTF-8; rename it")
            continue
        try:
            state = path.lstat()
            if not _regular(state):
                if not path.resolve().is_relative_to(inside):
                    yield Refused(name, "is a link that leads out of the source's folder; it is not read")
                    continue
                if path.is_dir():
                    continue
                state = path.stat()
                if not _regular(state):
                    yield Refused(name, "is no regular file; it is not read")
                    continue
        except OSError as error:
            yield Refused(name, f"cannot be looked at: {error.strerror}")
            continue
        yield DumpFile(root, name, state.st_size, state.st_mtime_ns, state.st_ino)


def _foreign(name: str) -> bool:
    """Whether the file system gave bytes that are no UTF-8, which Python carries as surrogates."""
    return not name.isascii() and any("\ud800" <= character <= "\udfff" for character in name)


def _regular(state: os.stat_result) -> bool:
    return stat.S_ISREG(state.st_mode)
