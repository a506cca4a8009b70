"""A fault of a database is reported in one line with the file and the remedy, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from digest.errors import StoreError
from digest.model import SourceId
from digest.store import open_store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from digest.store.transaction import Transaction
    from tests.contract.conftest import Hand

NOBODY = 65534


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "digest.db"


@contextmanager
def without_privileges() -> Iterator[None]:
    """As an ordinary user, whom permissions bind."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def use(file: Path, act: Callable[[Transaction], object]) -> None:
    store = open_store(f"sqlite:///{file}")
    try:
        with store.write() as tx:
            act(tx)
    finally:
        store.close()


def test_a_file_that_is_no_database_is_left_as_it_is(file: Path) -> None:
    file.write_bytes(b"my shopping list\n" * 1000)
    with pytest.raises(StoreError, match=r"digest\.db: is not a database \(move it away"):
        open_store(f"sqlite:///{file}")
    assert file.read_bytes() == b"my shopping list\n" * 1000


def test_a_damaged_database_is_named(file: Path, hand_of: type[Hand]) -> None:
    store = open_store(f"sqlite:///{file}")
    hand = hand_of(store)
    hand.read(*(hand.added(f"题{n}", n) for n in range(500)))
    store.close()
    size = file.stat().st_size
    with file.open("r+b") as stream:
        stream.seek(4096 * 3)
        stream.write(b"\xff" * (size - 4096 * 3))
    with pytest.raises(StoreError, match=r"digest\.db: is damaged \(put a backup in its place\)"):
        use(file, lambda tx: tx.entries.newest())


def test_a_locked_database_says_so_and_then_goes_on(file: Path, now: datetime) -> None:
    holder = open_store(f"sqlite:///{file}")
    other = open_store(f"sqlite:///{file}", wait=timedelta(milliseconds=20))
    with holder.write():
        with pytest.raises(StoreError, match=r"digest\.db: is in use by another .*try again"), other.write():
            pass
        with other.read() as tx:
            assert tx.readings.source(SourceId("blog")) is None
        other.check()
    with other.write() as tx:
        tx.readings.register_source(SourceId("blog"), now)
    holder.close()
    other.close()


def test_a_full_disk_stores_nothing_of_the_step_and_then_goes_on(file: Path, hand_of: type[Hand]) -> None:
    store = open_store(f"sqlite:///{file}")
    hand = hand_of(store)
    hand.read(hand.added("甲"))

    def fill_up(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # SQLite takes the present size instead

    event.listen(store._engine, "checkout", fill_up)
    with pytest.raises(StoreError, match=r"digest\.db: the disk is full"):
        hand.read(*(hand.added(f"题{n}", n) for n in range(2_000)), path="b.txt")
    assert hand.newest() == ["甲"]
    with store.read() as tx:
        assert list(tx.readings.dumps(SourceId("blog"))) == ["a.txt"]
        store.close()
    again = open_store(f"sqlite:///{file}")
    hand_of(again).read(hand.added("乙"), path="b.txt")
    again.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")
    with pytest.raises(StoreError, match=r"var/digest\.db: cannot be opened: .*check that its folder"):
        open_store(f"sqlite:///{tmp_path / 'var' / 'digest.db'}")


def test_a_folder_that_may_not_be_written_is_named() -> None:
    folder = Path(tempfile.mkdtemp())  # not tmp_path: its parents are closed to others
    folder.chmod(0o555)
    try:
        with without_privileges(), pytest.raises(StoreError, match=r"digest\.db: cannot be opened.*check that its"):
            open_store(f"sqlite:///{folder / 'digest.db'}")
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_database_that_may_not_be_written_is_named(now: datetime) -> None:
    folder = Path(tempfile.mkdtemp())
    file = folder / "digest.db"
    open_store(f"sqlite:///{file}").close()
    file.chmod(0o444)
    folder.chmod(0o555)
    try:
        with without_privileges(), pytest.raises(StoreError, match=r"digest\.db: cannot be (written|opened).*check"):
            use(file, lambda tx: tx.readings.register_source(SourceId("blog"), now))
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_new_database_is_its_owners_alone(file: Path) -> None:
    open_store(f"sqlite:///{file}").close()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("url", ["mysql://localhost/digest", "digest.db", "sqlite:///", ""])
def test_a_url_of_no_known_database_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///PATH"):
        open_store(url)


def test_an_error_of_the_caller_about_a_file_stays_what_it_is(hand: Hand) -> None:
    with pytest.raises(FileNotFoundError), hand.store.read():
        Path("/no/such/file").read_bytes()
