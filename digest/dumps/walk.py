"""Walks through folders, by all names or by a glob; the same on every version of Python. Opens no file. Decision 17."""

import errno
import fnmatch
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from digest.errors import DumpError

WILD = frozenset("*?[")
NOTHING = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ELOOP))  # certainly no dump is there
_UNFINISHED = ("~", ".tmp", ".part", ".swp")


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that is not read, or a folder that is not listed, and why.

    `unseen`: it could not be examined, so what was there before may still be there. `harmless`: it need not be read.
    """

    name: str
    reason: str
    unseen: bool = False
    harmless: bool = False

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"

    def hides(self, name: str) -> bool:
        """Whether a dump with this name may exist, unseen."""
        return self.unseen and (name == self.name or name.startswith(f"{self.name}/"))


def wanted(name: str) -> bool:
    """Whether it is neither hidden nor still being written."""
    return not name.endswith(_UNFINISHED) and not name.startswith(".") and "/." not in name


Found = tuple[str, "os.stat_result | Refused | None"]  # a name, and what is known about it


class Walk:
    """Walks the folders below one; a folder that cannot be listed only loses its own files."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def below(self) -> Iterator[Found]:
        """All wanted files below the folder; links to folders are not followed.

        Raises:
            DumpError: the folder itself cannot be listed.
        """
        waiting = [""]
        while waiting:
            prefix = waiting.pop()
            for entry in self._listed(prefix):
                if isinstance(entry, Refused):
                    yield entry.name, entry
                    continue
                name = prefix + entry.name
                if not wanted(entry.name):
                    continue
                if _is_folder(entry):
                    waiting.append(f"{name}/")
                elif entry.is_symlink() or not _is_special(entry):
                    yield name, _state(entry)

    def matching(self, parts: tuple[str, ...]) -> Iterator[Found]:
        """The wanted files whose names match a glob with these parts.

        Raises:
            DumpError: the folder of the first wildcard cannot be listed.
        """
        waiting, met = [("", parts)], set()
        found: dict[str, Refused | None] = {}
        while waiting:
            step = waiting.pop()
            if step in met:
                continue
            met.add(step)
            for name, what in self._step(*step):
                if isinstance(what, tuple):
                    waiting.append((name, what))
                elif what or wanted(name):
                    found[name] = what
        yield from found.items()

    def _step(self, prefix: str, parts: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...] | Refused | None]]:
        """The matches of the first part in a folder: folders with the parts still to match there, files with None."""
        part, rest = parts[0], parts[1:]
        if part == "**":
            yield prefix, rest or ("*",)
        elif not WILD & set(part):
            if rest:
                yield f"{prefix}{part}/", rest
            elif os.path.lexists(self._root / prefix / part):
                yield prefix + part, None
            return
        for entry in self._listed(prefix):
            if isinstance(entry, Refused):
                yield entry.name, entry
            elif part == "**" or _fits(entry.name, part):
                yield from _answer(prefix, entry, parts if part == "**" else rest, through=part == "**")

    def _listed(self, prefix: str) -> Iterator[os.DirEntry[str] | Refused]:
        """The content of a folder; a folder that cannot be listed is replaced by a refusal, and a file is empty."""
        try:
            with os.scandir(self._root / prefix) as found:
                yield from found
        except OSError as error:
            if prefix and error.errno in NOTHING:
                return
            reason = f"cannot be listed: {error.strerror}"
            if not prefix:
                raise DumpError(str(self._root), reason, remedy="check its rights") from error
            yield Refused(prefix.rstrip("/"), f"{reason} (check its rights)", unseen=True)


def matches(names: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    """Whether `Walk.matching` finds a file by these parts of a glob; its folders and file have these names."""
    if not parts or not names:
        return not parts and not names
    if parts[0] == "**":
        return any(matches(names[deep:], parts[1:] or ("*",)) for deep in range(len(names)))
    return _fits(names[0], parts[0]) and matches(names[1:], parts[1:])


def _fits(name: str, part: str) -> bool:
    """Whether a file or folder name matches one part of a glob, which is not `**`."""
    return fnmatch.fnmatchcase(name, part)


def _answer(
    prefix: str, entry: os.DirEntry[str], further: tuple[str, ...], *, through: bool
) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    """A folder with the parts still to match in it; a file if there are none. `through` follows no link."""
    if further and _is_folder(entry, follow=not through):
        yield f"{prefix}{entry.name}/", further
    elif not further and not _is_folder(entry):
        yield prefix + entry.name, None


def _is_folder(entry: os.DirEntry[str], *, follow: bool = False) -> bool:
    """Whether it is a folder; with `follow`, or a link to one."""
    try:
        return entry.is_dir(follow_symlinks=follow)
    except OSError:
        return False  # the reason is given when it is examined as a file


def _is_special(entry: os.DirEntry[str]) -> bool:
    """Whether it is certainly neither file nor link: a pipe, a socket, a device."""
    try:
        return not entry.is_file(follow_symlinks=False)
    except OSError:
        return False


def _state(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except OSError:
        return None  # the reason is given when it is examined again
