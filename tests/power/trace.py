"""Records the system calls by which a program changes a folder, with strace.

What a process writes to its standard output is recorded in between: it is what was reported to people by then.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_CALLS = (
    "open,openat,creat,close,write,pwrite64,writev,pwritev,pwritev2,lseek,fsync,fdatasync,sync_file_range,rename,"
    "renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir,truncate,ftruncate,fallocate,"
    "sendfile,copy_file_range,dup,dup2,dup3"
)
_LINE = re.compile(r"^(?P<pid>\d+) +(?P<rest>.*)$")
_RESUMED = re.compile(r"^<\.\.\. (?P<call>\w+) resumed>(?P<rest>.*)$", re.DOTALL)
_CALL = re.compile(r"^(?P<call>\w+)\((?P<given>.*)\) += (?P<result>-?\d+|\?)", re.DOTALL)
_QUOTED = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_PLACE = re.compile(r"^(?:\d+|AT_FDCWD)<((?:\\x[0-9a-f]{2})*)>")
_LONGEST = 64 * 1024**2  # bytes of one write


class TraceError(Exception):
    """The trace holds a call that this module does not understand, so what follows would prove nothing."""


@dataclass(frozen=True, slots=True)
class Create:
    """A new file, or a new folder, with a name."""

    path: str
    inode: int
    folder: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes at an offset of a file."""

    inode: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Resize:
    """A file that was cut, or filled with zeros, to a size."""

    inode: int
    size: int


@dataclass(frozen=True, slots=True)
class Link:
    """A further name of a file."""

    path: str
    inode: int


@dataclass(frozen=True, slots=True)
class Rename:
    """A name that became another, in place of what had that name."""

    path: str
    to: str
    inode: int


@dataclass(frozen=True, slots=True)
class Unlink:
    """A name that is gone."""

    path: str


@dataclass(frozen=True, slots=True)
class Sync:
    """A file's content, or the names in a folder, are on the disk from here on."""

    inode: int


@dataclass(frozen=True, slots=True)
class Reported:
    """A line on the standard output."""

    line: str


Event = Create | Write | Resize | Link | Rename | Unlink | Sync | Reported


def record(home: Path, command: Sequence[str], env: Mapping[str, str], log: Path) -> list[Event]:
    """Run a command that has to succeed, and return what it did below `home`, in the order in which it was done."""
    before = [Path(folder) / name for folder, folders, files in os.walk(home) for name in (*folders, *files)]
    strace = ["strace", "-f", "--seccomp-bpf", "-qqq", "-y", "-xx", "-s", str(_LONGEST), "-e", "signal=none"]
    done = subprocess.run(
        [*strace, "-o", str(log), "-e", f"trace={_CALLS}", "--", *command],
        cwd=home,
        env=dict(env),
        capture_output=True,
        check=False,
        timeout=300,
    )
    if done.returncode:
        raise TraceError(f"{' '.join(command)}: {done.stderr.decode('utf-8', 'replace')}")
    reader = _Reader(home, before)
    return list(reader.events(log.read_text("utf-8", "surrogateescape").split("\n")))


def numbered(home: Path, known: Sequence[Path]) -> dict[str, int]:
    """The numbers of what lay in a folder before, as `Event`s name it. The folder itself has the number 0."""
    return {str(home): 0} | {str(path): number for number, path in enumerate(sorted(known), 1)}


class _Reader:
    """Turns lines of strace into events: follows names and descriptors."""

    def __init__(self, home: Path, known: Sequence[Path]) -> None:
        self._home = str(home)
        self._inodes = numbered(home, known)
        self._sizes = {self._inodes[str(path)]: path.stat().st_size for path in known if path.is_file()}
        self._next = len(self._inodes)
        self._handles: dict[int, int] = {}
        self._places: dict[int, int] = {}  # of the next write, by descriptor
        self._appends: set[int] = set()
        self._reported = b""

    def events(self, lines: Sequence[str]) -> Iterator[Event]:
        begun: dict[str, str] = {}
        for line in lines:
            found = _LINE.match(line)
            if found is None:
                continue
            pid, rest = found["pid"], found["rest"]
            if rest.endswith("<unfinished ...>"):
                begun[pid] = rest.removesuffix("<unfinished ...>")
                continue
            if resumed := _RESUMED.match(rest):
                rest = begun.pop(pid) + resumed["rest"]
            call = _CALL.match(rest)
            if call is None or call["result"] == "?" or int(call["result"]) < 0:
                continue
            yield from self._event(call["call"], call["given"], int(call["result"]))

    def _event(self, call: str, given: str, result: int) -> Iterator[Event]:
        arguments = _split(given)
        if call in {"open", "openat", "creat"}:
            at = 1 if call == "openat" else 0
            flags = "O_CREAT|O_WRONLY|O_TRUNC" if call == "creat" else arguments[at + 1]
            yield from self._opened(self._path(arguments, at), flags, result)
        elif call in {"close", "dup", "dup2", "dup3"}:
            self._handle(call, _number(arguments[0]), result)
        elif call in {"write", "writev", "pwrite64", "pwritev", "pwritev2"}:
            yield from self._written(call, arguments, result)
        elif call in {"fsync", "fdatasync"}:
            if (inode := self._of(arguments[0])) is not None:
                yield Sync(inode)
        elif call == "lseek":
            self._places[_number(arguments[0])] = result
        elif call in {"ftruncate", "truncate", "fallocate"}:
            yield from self._resized(call, arguments)
        elif call in {"sendfile", "copy_file_range"}:
            raise TraceError(f"{call}: the bytes are not in the trace; write them with write")
        elif call != "sync_file_range":  # which promises nothing
            yield from self._named(call, arguments)

    def _opened(self, path: str, flags: str, handle: int) -> Iterator[Event]:
        self._handles.pop(handle, None)
        if not self._is_ours(path):
            return
        if path not in self._inodes:
            if "O_CREAT" not in flags:
                raise TraceError(f"{path} was opened and never made")
            yield Create(path, self._new(path))
        inode = self._handles[handle] = self._inodes[path]
        self._places[handle] = 0
        self._appends.discard(handle)
        if "O_APPEND" in flags:
            self._appends.add(handle)
        if "O_TRUNC" in flags and self._sizes.get(inode):
            self._sizes[inode] = 0
            yield Resize(inode, 0)

    def _handle(self, call: str, handle: int, result: int) -> None:
        if call == "close":
            self._handles.pop(handle, None)
        elif handle in self._handles:
            self._handles[result], self._places[result] = self._handles[handle], self._places.get(handle, 0)

    def _written(self, call: str, arguments: list[str], result: int) -> Iterator[Event]:
        handle = _number(arguments[0])
        data = b"".join(_bytes(text) for text, _ in _QUOTED.findall(",".join(arguments[1:])))[:result]
        if len(data) != result:
            raise TraceError(f"{call}: {len(data)} of {result} bytes are in the trace")
        if handle == 1 and handle not in self._handles:
            yield from self._say(data)
        inode = self._handles.get(handle)
        if inode is None:
            return
        if call.startswith("p"):
            offset = int(arguments[3])
        elif handle in self._appends:
            offset = self._sizes.get(inode, 0)
        else:
            offset = self._places[handle]
            self._places[handle] = offset + result
        self._sizes[inode] = max(self._sizes.get(inode, 0), offset + result)
        yield Write(inode, offset, data)

    def _say(self, data: bytes) -> Iterator[Event]:
        *lines, self._reported = (self._reported + data).split(b"\n")
        yield from (Reported(line.decode("utf-8", "replace")) for line in lines)

    def _resized(self, call: str, arguments: list[str]) -> Iterator[Event]:
        inode = self._inodes.get(self._path(arguments, 0)) if call == "truncate" else self._of(arguments[0])
        if inode is None:
            return
        size = int(arguments[1]) if call != "fallocate" else int(arguments[2]) + int(arguments[3])
        if call == "fallocate" and ("KEEP_SIZE" in arguments[1] or size <= self._sizes.get(inode, 0)):
            return
        self._sizes[inode] = size
        yield Resize(inode, size)

    def _named(self, call: str, arguments: list[str]) -> Iterator[Event]:
        """A call that changes names."""
        wide = call.endswith("at") or call == "renameat2"
        path = self._path(arguments, int(wide))
        if call in {"rename", "renameat", "renameat2", "link", "linkat"}:
            yield from self._renamed(call, path, self._path(arguments, 3 if wide else 1))
        elif call in {"mkdir", "mkdirat"} and self._is_ours(path):
            yield Create(path, self._new(path), folder=True)
        elif call in {"unlink", "unlinkat", "rmdir"} and self._is_ours(path):
            self._inodes.pop(path)
            yield Unlink(path)
        elif call.startswith("symlink"):
            raise TraceError("a symbolic link was made, which no disk here knows")

    def _renamed(self, call: str, path: str, to: str) -> Iterator[Event]:
        if not self._is_ours(to) and not self._is_ours(path):
            return
        if path not in self._inodes or not self._is_ours(to):
            raise TraceError(f"{path} moved from or to another disk")
        inode = self._inodes[path]
        if call.startswith("link"):
            self._inodes[to] = inode
            yield Link(to, inode)
            return
        for name in [name for name in self._inodes if name == path or name.startswith(f"{path}/")]:
            self._inodes[to + name.removeprefix(path)] = self._inodes.pop(name)
        yield Rename(path, to, inode)

    def _new(self, path: str) -> int:
        number = self._inodes[path] = self._next
        self._next += 1
        return number

    def _is_ours(self, path: str) -> bool:
        return path.startswith(f"{self._home}/") and not path.endswith("-shm")  # which is memory, and is made anew

    def _of(self, argument: str) -> int | None:
        return self._inodes[self._home] if _place(argument) == self._home else self._handles.get(_number(argument))

    def _path(self, arguments: list[str], at: int) -> str:
        """The path of an argument; what is not absolute is relative to the folder before it, or to the home."""
        found = _QUOTED.match(arguments[at])
        path = _bytes(found[1]).decode("utf-8", "surrogateescape") if found else ""
        base = (_place(arguments[at - 1]) if at else "") or self._home
        return os.path.normpath(os.path.join(base, path))  # noqa: PTH118 - PurePath keeps dots


def _split(given: str) -> list[str]:
    """The arguments of a call; the strings in it are hexadecimal, so no comma is part of one."""
    parts, depth, start = [], 0, 0
    for place, character in enumerate(given):
        if character in "[{(<":
            depth += 1
        elif character in "]})>":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(given[start:place].strip())
            start = place + 1
    return [*parts, given[start:].strip()]


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _place(argument: str) -> str:
    """The path of a descriptor, as it was at the call; empty for none."""
    found = _PLACE.match(argument)
    return _bytes(found[1]).decode("utf-8", "surrogateescape") if found else ""


def _number(argument: str) -> int:
    found = re.match(r"-?\d+", argument)
    return int(found[0]) if found else -1
