"""What a disk may hold after the power was cut: all that was synced, and any part of what was not.

POSIX promises no more than this, and ext4 keeps more (it writes names in order). Sources: POSIX.1-2024, fsync; Pillai
and others, "All File Systems Are Not Created Equal", OSDI 2014.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.power.trace import Create, Event, Link, Rename, Reported, Resize, Sync, Unlink, Write, numbered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NOTHING = "nothing unsynced was kept"
SECTORS = (512, 4096)  # bytes that a disk writes whole


@dataclass(frozen=True, slots=True)
class State:
    """One content of the disk: each file and folder by its path, and what somebody had been reported to people by then.

    `cause` says in words when the power was cut, and what of the unsynced writes was kept.
    """

    files: dict[str, bytearray | None]  # None for a folder
    reported: tuple[str, ...]
    cause: str

    def lay(self, home: Path) -> None:
        """Make the folder look like this."""
        shutil.rmtree(home)
        home.mkdir()
        for path, content in sorted(self.files.items()):
            if content is None:
                Path(path).mkdir(exist_ok=True)
            else:
                Path(path).write_bytes(content)

    @property
    def key(self) -> bytes:
        """A hash of the content and of what was reported."""
        made = hashlib.sha256(repr(self.reported).encode())
        for path, content in sorted(self.files.items()):
            made.update(path.encode() + b"\0" + (b"" if content is None else hashlib.sha256(content).digest()))
        return made.digest()


@dataclass
class _Before:
    """What lay there before the recorded program began; all of it is durable."""

    names: dict[str, int]
    contents: dict[int, bytes | None] = field(default_factory=dict)


class Disk:
    """The states of a disk at each moment of a recorded run. Use it before the run changes the folder."""

    def __init__(self, home: Path) -> None:
        self._home = home
        known = [Path(folder) / name for folder, folders, files in os.walk(home) for name in (*folders, *files)]
        names = numbered(home, known)
        contents = {names[str(path)]: path.read_bytes() if path.is_file() else None for path in known}
        self._before = _Before(names, contents | {0: None})

    def states(self, events: Sequence[Event], *, some: int | None = None, seed: int = 0) -> Iterator[State]:
        """All states of single choices, and sampled combinations; each content once.

        Args:
            events: what the program did.
            some: only this many of them, chosen by the seed, and whenever something was reported the one in which
                nothing unsynced was kept; by default all.
            seed: of the combinations, and of the choice.
        """
        seen: set[bytes] = set()
        chosen = random.Random(seed)
        plans: Iterator[_Plan] = (plan for moment in _moments(events) for plan in self._plans(events, moment, chosen))
        if some is not None:
            every = list(plans)
            reported = [
                plan for plan in every if plan.kept == _NOTHING and isinstance(events[plan.moment - 1], Reported)
            ]
            plans = iter([*reported, *chosen.sample(every, min(some, len(every)))])
        for plan in plans:
            state = self._state(events, plan)
            if state.key not in seen:
                seen.add(state.key)
                yield state

    def _plans(self, events: Sequence[Event], moment: int, chosen: random.Random) -> Iterator[_Plan]:
        """What may be kept of the unsynced events before a moment."""
        pending = _pending(events[:moment], self._folders(events[:moment]))
        yield _Plan(moment, frozenset(pending), _NOTHING)
        if not pending:
            return
        yield _Plan(moment, frozenset(), "everything was kept")
        for one in pending:
            what = _called(events[one])
            yield _Plan(moment, frozenset({one}), f"only {what} was lost")
            yield _Plan(moment, frozenset(pending) - {one}, f"only {what} was kept")
            event = events[one]
            if isinstance(event, Write):
                for size in SECTORS:
                    if len(event.data) > size - event.offset % size:
                        yield _Plan(moment, frozenset(), f"{what} was torn after {size}", (one, size, False))
                        yield _Plan(moment, frozenset(), f"{what} was torn before {size}", (one, size, True))
        for _ in range(min(6, len(pending))):
            lost = frozenset(one for one in pending if chosen.random() < 0.5)
            yield _Plan(moment, lost, f"{len(lost)} of {len(pending)} unsynced calls were lost")

    def _folders(self, events: Sequence[Event]) -> dict[str, int]:
        """The number of each folder by its path, at any time."""
        return self._before.names | {one.path: one.inode for one in events if isinstance(one, Create) and one.folder}

    def _state(self, events: Sequence[Event], plan: _Plan) -> State:
        names = dict(self._before.names)
        contents: dict[int, bytearray | None] = {
            inode: None if content is None else bytearray(content) for inode, content in self._before.contents.items()
        }
        reported: list[str] = []
        for number, event in enumerate(events[: plan.moment]):
            if isinstance(event, Reported):
                reported.append(event.line)
            elif isinstance(event, Create):  # what is in it may be kept although its name is lost
                contents.setdefault(event.inode, None if event.folder else bytearray())
            if number not in plan.lost:
                _apply(_torn(event, plan, number), names, contents)
        root = str(self._home)
        there = {path for path in names if path != root}
        whole = {path: contents[names[path]] for path in there if _has_folders(path, there, names, contents, root)}
        at = f"before call {plan.moment} of {len(events)}"
        return State(whole, tuple(reported), f"the power was cut {at}, and {plan.kept}")


@dataclass(frozen=True, slots=True)
class _Plan:
    """One way to cut the power: before which event, which earlier ones are lost, which one is torn where."""

    moment: int
    lost: frozenset[int]
    kept: str
    torn: tuple[int, int, bool] | None = None


def _moments(events: Sequence[Event]) -> Iterator[int]:
    """The moments to try: before each sync, and when something is reported. In between, less is pending."""
    for number, event in enumerate(events):
        if isinstance(event, Sync):
            yield number
            yield number + 1
        elif isinstance(event, Reported):
            yield number + 1
    yield len(events)


def _pending(events: Sequence[Event], folders: dict[str, int]) -> list[int]:
    """The events that no sync has made durable."""
    durable: set[int] = set()
    synced: set[int] = set()
    for number in range(len(events) - 1, -1, -1):
        event = events[number]
        if isinstance(event, Sync):
            synced.add(event.inode)
        elif isinstance(event, Write | Resize):
            if event.inode in synced:
                durable.add(number)
        elif not isinstance(event, Reported):
            path = event.to if isinstance(event, Rename) else event.path  # file systems rename in one step
            if folders.get(os.path.dirname(path)) in synced:  # noqa: PTH120 - of a text
                durable.add(number)
    return [
        number
        for number, event in enumerate(events)
        if number not in durable and not isinstance(event, Sync | Reported)
    ]


def _apply(event: Event, names: dict[str, int], contents: dict[int, bytearray | None]) -> None:
    """Do what an event did, as far as it can be done without what was lost before it."""
    if isinstance(event, Create | Link):
        names[event.path] = event.inode
    elif isinstance(event, Unlink):
        names.pop(event.path, None)
    elif isinstance(event, Rename):
        for name in [name for name in names if name == event.path or name.startswith(f"{event.path}/")]:
            names[event.to + name.removeprefix(event.path)] = names.pop(name)
        names[event.to] = event.inode  # also where its former name was never on the disk
    elif isinstance(event, Write):
        content = contents[event.inode] = contents.get(event.inode) or bytearray()
        content.extend(bytes(max(0, event.offset - len(content))))
        content[event.offset : event.offset + len(event.data)] = event.data
    elif isinstance(event, Resize):
        content = contents[event.inode] = contents.get(event.inode) or bytearray()
        del content[event.size :]
        content.extend(bytes(event.size - len(content)))


def _torn(event: Event, plan: _Plan, number: int) -> Event:
    """The event, or the part of it that reached the disk."""
    if plan.torn is None or plan.torn[0] != number or not isinstance(event, Write):
        return event
    _, size, tail = plan.torn
    cut = size - event.offset % size
    return (
        Write(event.inode, event.offset + cut, event.data[cut:])
        if tail
        else Write(event.inode, event.offset, event.data[:cut])
    )


def _has_folders(
    path: str, there: set[str], names: dict[str, int], contents: dict[int, bytearray | None], root: str
) -> bool:
    """Whether each folder around a path is there."""
    folder = os.path.dirname(path)  # noqa: PTH120 - of a text
    while folder != root:
        if folder not in there or contents[names[folder]] is not None:
            return False
        folder = os.path.dirname(folder)  # noqa: PTH120 - of a text
    return True


def _called(event: Event) -> str:
    if isinstance(event, Write):
        return f"a write of {len(event.data)} bytes at {event.offset} of file {event.inode}"
    if isinstance(event, Resize):
        return f"the new size of file {event.inode}"
    if isinstance(event, Rename):
        return f"the renaming to {Path(event.to).name}"
    if isinstance(event, Sync | Reported):
        return "nothing"
    return (
        f"the name {Path(event.path).name}" if not isinstance(event, Unlink) else f"the end of {Path(event.path).name}"
    )
