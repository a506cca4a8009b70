"""The disk fails and fills: what cannot be recorded is not sent, feeds stay up, and free space is enough to recover."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests.conftest import Article
from tests.faults.conftest import ARTICLES, PEOPLE, WRITES, each_way
from tests.faults.links import leave_paths
from tests.faults.places import LATER, Injection, Place
from tests.faults.states import missing, state_of, watch_commits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.places import Service
    from tests.faults.sink import Sink
    from tests.faults.verdicts import Verdict

CONNECTIONS = 4
NEW = Article("新的一篇", (2026, 3, 20))
SYNC = "fdatasync"
FAULTS = {
    "EIO": (SYNC, "error=EIO", False),
    "EIO from there on": (SYNC, "error=EIO", True),
    "ENOSPC from there on": (WRITES, "error=ENOSPC", True),
}


def one_line(said: str) -> bool:
    """Whether people saw a failure: one line for each thing, no trace of calls."""
    return said.startswith("digest: ") and "Traceback" not in said


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_failing_disk_leaves_a_state_between_transactions_and_the_next_run_ends_the_work(
    place: Place,
    some: Callable[[int, str], Iterator[int]],
    verdict: Callable[[str], Verdict],
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    call, error, lasting = FAULTS[fault]
    row = verdict(f"{call} fails with {fault}: refresh")
    place.here("refresh")
    place.write(
        "a.txt", [replace(ARTICLES[0], title="第一篇,改了题目"), *ARTICLES[1:3], Article("新的", (2026, 3, 20))]
    )
    undisturbed = place.copy("undisturbed")
    with monkeypatch.context() as watching:
        between = watch_commits(watching, undisturbed.database)
        undisturbed.here("refresh")

    for nth in some(place.occurrences(call, "refresh"), call):
        victim = place.copy("victim")
        ended = victim.run("refresh", traced_by=Injection(call, nth, error, lasting).tracer())
        assert ended.code == 0 or (ended.code == 1 and one_line(ended.err)), ended.err
        if call == SYNC and victim.undisturbed:
            break
        row.tried += 1
        assert state_of(victim.database) in between
        victim.here("refresh")
        row.losses += missing(between[-1], state_of(victim.database))
        assert state_of(victim.database) == between[-1]
    assert row.tried


@each_way
@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_recorded_is_not_sent(
    told: Place,
    sink: Sink,
    some: Callable[[int, str], Iterator[int]],
    verdict: Callable[[str], Verdict],
    fault: str,
) -> None:
    call, error, lasting = FAULTS[fault]
    row = verdict(f"{call} fails with {fault}: draining to 50 people")
    for nth in some(told.occurrences(call, "edition", "send"), call):
        sink.taken.clear()
        victim = told.copy("victim")
        ended = victim.run("edition", "send", traced_by=Injection(call, nth, error, lasting).tracer())
        assert ended.code == 0 or (ended.code == 1 and one_line(ended.err)), ended.err
        if call == SYNC and victim.undisturbed:
            break
        row.tried += 1
        sent = len(sink.taken)
        recorded = sum(state == "accepted" for state, _ in victim.rows().values())
        assert sent - recorded <= CONNECTIONS, "mails went out whose answers could not be recorded"
        victim.here("edition", "send", later=LATER)
        copies = sink.copies()
        row.count(copies, PEOPLE)
        assert set(copies) == set(PEOPLE)
        twice = [person for person, count in copies.items() if count > 1]
        assert len(twice) <= CONNECTIONS
        assert set(copies.values()) <= {1, 2}
        assert sink.differing() == []
    assert row.tried


@pytest.fixture
def disk(tmp_path: Path, cannot_run: Callable[[str], NoReturn]) -> Iterator[Disk]:
    mounted = Disk(tmp_path / "disk", cannot_run)
    mounted.mount("300k")
    yield mounted
    mounted.unmount()


class Disk:
    """A small disk of its own at a folder."""

    def __init__(self, folder: Path, cannot_run: Callable[[str], NoReturn]) -> None:
        self.folder, self.cannot_run = folder, cannot_run
        folder.mkdir()

    def mount(self, size: str) -> None:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(self.folder)],  # noqa: S607 - where a system has it
            capture_output=True,
            text=True,
            check=False,
        )
        if mounted.returncode:
            self.cannot_run(f"needs the right to mount a tmpfs: {mounted.stderr.strip()}")

    def resize(self, size: str) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", str(self.folder)], check=True)  # noqa: S607 - as above

    def fill(self) -> None:
        """Leave no byte."""
        with (self.folder / "filler").open("ab", buffering=0) as file:
            for size in (65536, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue

    def free(self) -> None:
        (self.folder / "filler").unlink()

    def unmount(self) -> None:
        subprocess.run(["umount", str(self.folder)], check=True)  # noqa: S607 - as above


def test_a_disk_of_300_kilobytes_is_named_and_a_larger_one_is_enough(
    place: Place, disk: Disk, verdict: Callable[[str], Verdict]
) -> None:
    row = verdict("a tmpfs of 300 KB: first import")
    place.env["DIGEST_DATA_DIR"] = str(disk.folder)
    place.here("refresh", code=1)
    ended = place.here("refresh", code=1)
    assert "the disk is full" in ended.err
    assert one_line(ended.err)
    row.tried += 2
    state_of(disk.folder / "digest.db")
    disk.resize("20m")
    place.here("refresh")
    (place.home / "elsewhere").mkdir()
    place.env["DIGEST_DATA_DIR"] = str(place.home / "elsewhere")
    place.here("refresh")
    roomy, small = (state_of(folder / "digest.db") for folder in (place.home / "elsewhere", disk.folder))
    row.losses += missing(roomy, small)
    assert small == roomy


@pytest.fixture
def stored_there(told: Place, disk: Disk) -> Place:
    """The store on a disk of its own, with room."""
    disk.resize("20m")
    for file in (told.home / "var").iterdir():
        shutil.copy(file, disk.folder)
    told.env["DIGEST_DATA_DIR"] = str(disk.folder)
    return told


@pytest.mark.parametrize("opened", [True, False], ids=["in use", "in use by nobody"])
def test_with_a_full_disk_nothing_is_sent_and_space_is_enough_to_go_on(
    stored_there: Place, sink: Sink, disk: Disk, verdict: Callable[[str], Verdict], *, opened: bool
) -> None:
    row = verdict(f"a full disk: commands on a store {'in use' if opened else 'in use by nobody'}")
    database = disk.folder / "digest.db"
    before = state_of(database)
    feed = stored_there.here("feed").out
    with contextlib.closing(sqlite3.connect(database)) as other:
        if opened:
            other.execute("SELECT count(*) FROM entries").fetchone()
        disk.fill()
        for command in (("edition", "send"), ("refresh",), ("subscribers", "add", "new@example.org")):
            ended = stored_there.here(*command, code=1)
            assert "the disk is full" in ended.err
            assert one_line(ended.err)
            row.tried += 1
        assert not opened or stored_there.here("feed").out == feed
    assert sink.taken == []
    assert state_of(database) == before
    disk.free()
    stored_there.here("edition", "send")
    row.count(sink.copies(), PEOPLE)
    assert sink.copies() == dict.fromkeys(PEOPLE, 1)


class Troubled:
    """A service with an edition sent, whose disk gets into trouble: what it must continue to do, and do afterwards."""

    def __init__(self, place: Place, database: Path, service: Service) -> None:
        self.place, self.service = place, service
        (self.leave,) = leave_paths(database, 1).values()
        self.old = service.ask("/feed.json")[2]

    def meets_a_new_dump(self, says: str) -> None:
        """It says what is wrong, serves what it served, and asks those who write to come again."""
        self.place.write("new.txt", [NEW])
        assert self.service.until(lambda: says in self.service.said())
        pages = ("/", "/healthz", "/readyz", "/feed.atom")
        assert [self.service.ask(page)[0] for page in pages] == [200] * len(pages)
        assert self.service.ask("/feed.json")[::2] == (200, self.old)
        status, headers, _ = self.service.ask(self.leave, post=True)
        assert status == 503
        assert int(headers["retry-after"]) > 0

    def takes_up_its_work(self, sink: Sink, row: Verdict) -> None:
        assert self.service.until(lambda: self.service.ask("/feed.json")[2] != self.old)
        assert self.service.ask(self.leave, post=True)[0] == 200
        self.service.stop()
        assert "Traceback" not in self.service.said()
        row.tried += 1
        row.count(sink.copies(), PEOPLE)
        row.losses += NEW.title not in self.place.here("feed").out
        assert row.losses == 0


@contextlib.contextmanager
def served(place: Place, database: Path) -> Iterator[Troubled]:
    """The service, which looks each second."""
    config = place.home / "digest.toml"
    config.write_text(config.read_text("utf-8").replace("[[digests]]", 'every = "1s"\n[[digests]]'), "utf-8")
    with place.serving() as service:
        yield Troubled(place, database, service)


def test_a_service_on_a_disk_that_fills_serves_on_and_takes_up_its_work_when_there_is_room(
    stored_there: Place, disk: Disk, sink: Sink, verdict: Callable[[str], Verdict]
) -> None:
    row = verdict("a disk that fills: the service")
    with served(stored_there, disk.folder / "digest.db") as troubled:
        assert sink.copies() == dict.fromkeys(PEOPLE, 1)
        disk.fill()
        troubled.meets_a_new_dump("the disk is full")
        disk.free()
        troubled.takes_up_its_work(sink, row)


@contextlib.contextmanager
def failing(service: Service, call: str, error: str) -> Iterator[None]:
    """Every such call of a running service fails in here."""
    command = ["strace", "-f", "-p", str(service.process.pid), "-e", f"trace={call}", "-e", f"inject={call}:{error}"]
    with (
        (service.log.parent / "failing.log").open("w+") as log,
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log) as tracing,
    ):
        try:
            assert service.until(lambda: "attached" in Path(log.name).read_text("utf-8"))
            yield
        finally:
            tracing.terminate()


@pytest.mark.usefixtures("traced")
def test_a_service_whose_disk_fails_serves_on_and_takes_up_its_work_when_it_is_well(
    told: Place, sink: Sink, verdict: Callable[[str], Verdict]
) -> None:
    row = verdict(f"{SYNC} fails with EIO for a while: the service")
    with served(told, told.database) as troubled:
        with failing(troubled.service, SYNC, "error=EIO"):
            troubled.meets_a_new_dump("the disk does not answer properly")
        troubled.takes_up_its_work(sink, row)
    state_of(told.database)
