"""Backups while others write, restored behind a fence, and what lifting the fence sends."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from digest.app import clock, exclusive_lock, opened
from digest.editions.schedule import Schedule, latest_slot, next_slot
from digest.service.editions import making
from digest.service.mailing import single_mails
from digest.service.people import consent, subscribers
from digest.service.upkeep import backups
from digest.settings import Settings, load

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from digest.store.transaction import Store
    from tests.conftest import Article, Blog


@pytest.fixture
def settings(blog: Blog, article: type[Article]) -> Settings:
    blog.search("page.txt", article("甲"), article("乙", (2026, 3, 15), ("另一段文字。",)))
    blog.refresh()
    blog.run("subscribers", "add", "ada@example.org")
    blog.run("subscribers", "add", "bob@example.net")
    loaded = load(blog.home / "digest.toml")
    return loaded.model_copy(update={"signup": loaded.signup.model_copy(update={"mx": False})})  # asks no name server


def publish(blog: Blog, article: type[Article]) -> None:
    blog.search(
        "page.txt",
        article("丙", (2026, 3, 16), ("第三段文字,说别的事。",)),
        article("甲"),
        article("乙", (2026, 3, 15), ("另一段文字。",)),
    )


def after_the_slot() -> datetime:
    return next_slot(Schedule.parse("mon 08:00", "Asia/Shanghai"), clock()) + timedelta(hours=1)


def value(database: Path, query: str) -> object:
    with closing(sqlite3.connect(database)) as connection:
        (found,) = connection.execute(query).fetchone()
    return found


# --- making one -----------------------------------------------------------------------------------


def test_a_backup_is_one_file_that_holds_the_state_and_a_fence(blog: Blog, settings: Settings) -> None:
    copy = blog.home / "copies" / "digest.backup"
    copy.parent.mkdir()
    blog.run("backup", str(copy))

    assert [path.name for path in copy.parent.iterdir()] == ["digest.backup"]
    assert copy.stat().st_mode & 0o077 == 0
    assert value(copy, "SELECT count(*) FROM entries") == 2
    assert value(copy, "SELECT fenced_at IS NOT NULL FROM meta") == 1
    assert value(blog.home / "var" / "digest.db", "SELECT fenced_at IS NULL FROM meta") == 1
    assert re.search(r"^last backup: \d\d:\d\d, just now$", blog.run("status"), re.MULTILINE)


def test_a_backup_is_of_one_moment_and_ends_though_others_write(
    blog: Blog, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest.store.upkeep.backup_files._PAGES", 5)
    steps = []

    def write(done: int, total: int) -> None:
        steps.append(done)
        subscribers.add(store, settings, f"reader{len(steps)}@example.org", now=clock())

    with opened(settings) as store:
        store.back_up(blog.home / "copy", clock(), write)
        with store.read() as tx:
            assert len(tx.subscribers.all()) == 2 + len(steps)

    assert len(steps) > 10
    assert value(blog.home / "copy", "SELECT count(*) FROM subscribers WHERE erased_at IS NULL") == 2


def test_a_backup_that_cannot_be_written_leaves_the_old_one(blog: Blog, settings: Settings) -> None:
    copy = blog.home / "digest.backup"
    copy.write_bytes(b"the old one")
    with closing(sqlite3.connect(blog.home / "var" / "digest.db")) as connection, connection:
        connection.execute("UPDATE feed_entries SET number = 7 WHERE number = 1 AND feed = ''")
    assert "the numbers of a feed have a gap: feed=, " in blog.run("backup", str(copy), code=1)
    assert copy.read_bytes() == b"the old one"
    assert "cannot be written" in blog.run("backup", str(blog.home / "nowhere" / "x"), code=1)
    assert sorted(path.name for path in blog.home.iterdir() if "part" in path.name) == []


# --- putting one back -----------------------------------------------------------------------------


def lost(blog: Blog, article: type[Article]) -> list[bytes]:
    """A backup; then an edition is made and sent, and the disk is lost: the backup is restored. The mails sent."""
    blog.run("backup", str(blog.home / "copy"))
    publish(blog, article)
    blog.refresh()
    blog.run("edition", "cut")
    blog.run("edition", "send")
    sent = blog.mails()
    blog.run("restore", str(blog.home / "copy"), "--yes")
    return sent


def test_a_restored_store_is_the_backup_and_what_was_there_is_kept(
    blog: Blog, settings: Settings, article: type[Article]
) -> None:
    lost(blog, article)
    assert set(blog.entries()) == {"甲", "乙"}
    (aside,) = (blog.home / "var").glob("digest.db.replaced-*")
    assert not aside.name.endswith(("-wal", "-shm"))

    blog.run("restore", str(aside), "--yes")
    assert set(blog.entries()) == {"甲", "乙", "丙"}
    assert json.loads(blog.run("status", "--json"))["fenced"], "whatever is restored is fenced"


@pytest.mark.parametrize("by_hand", [False, True], ids=["restore", "a copy by hand"])
def test_behind_the_fence_everything_is_read_and_nothing_is_made_or_sent(
    blog: Blog, settings: Settings, article: type[Article], *, by_hand: bool
) -> None:
    blog.run("edition", "cut")
    blog.run("backup", str(blog.home / "copy"))
    if by_hand:
        shutil.copyfile(blog.home / "copy", blog.home / "var" / "digest.db")
    else:
        blog.run("restore", str(blog.home / "copy"), "--yes")
    publish(blog, article)

    assert blog.refresh()["added"] == 1
    assert "丙" in blog.feed().decode()
    assert "the store is fenced" in blog.run("edition", "cut", code=1)
    assert "sending is paused: the store is fenced" in blog.run("edition", "send", code=1)
    with opened(settings) as store:
        assert making.make_due(store, settings, after_the_slot()) == []
    assert blog.mails() == []
    assert "FENCED" in blog.run("status")

    blog.run("unfence", "--send", "--yes")
    blog.run("edition", "send")
    assert len(blog.mails()) == 2
    assert blog.run("unfence") == "the store is not fenced\n"


def test_unfence_shows_what_would_be_sent_and_changes_nothing(
    blog: Blog, settings: Settings, article: type[Article]
) -> None:
    blog.run("edition", "cut")
    lost(blog, article)
    said = blog.run("unfence")
    assert "to 2 subscribers (a***@e***.org, b***@e***.net, …)" in said
    assert "1 new and 0 corrected, to 2 subscribers" in said, "what the dumps show now is read first"
    assert "丙" in said
    assert "ada@example.org" not in said
    shown = json.loads(blog.run("unfence", "--json"))
    assert [one["people"] for one in shown["waiting"]] == [2]
    assert [one["new"] for one in shown["digests"]] == [["丙"]]
    assert json.loads(blog.run("status", "--json"))["fenced"] == shown["backup_of"]


def test_as_sent_nobody_gets_anything_twice(blog: Blog, settings: Settings, article: type[Article]) -> None:
    blog.run("edition", "cut")
    sent = lost(blog, article)
    assert len(sent) == 4
    blog.run("unfence", "--as-sent", "--yes")

    blog.run("edition", "send")
    with opened(settings) as store:
        made = making.make_due(store, settings, after_the_slot())
        assert [one.edition.empty for one in made] == [True]
    assert blog.mails() == sent
    for one in blog.listed("edition", "list")[1:]:
        rows = blog.listed("edition", "show", one["key"])[0]["recipients"]
        assert {row["state"] for row in rows} == {"accepted"}
        assert {row["text"].startswith("taken as sent, by the operator") for row in rows} == {True}
    assert "invariants: every row satisfies them" in blog.run("check", "--deep")

    blog.search("page.txt", article("丁", (2026, 3, 17), ("第四段,又是别的。",)), article("甲"))
    blog.run("source", "approve", "blog") if blog.refresh()["held"] else None
    blog.run("edition", "cut")
    blog.run("edition", "send")
    assert len(blog.mails()) == 6, "new entries after that are announced"


def test_a_digest_that_announced_nothing_since_keeps_its_new_entries(
    blog: Blog, settings: Settings, article: type[Article]
) -> None:
    blog.run("backup", str(blog.home / "copy"))
    blog.run("restore", str(blog.home / "copy"), "--yes")
    publish(blog, article)
    if latest_slot(Schedule.parse("mon 08:00", "Asia/Shanghai"), clock()) < clock() - timedelta(minutes=5):
        assert "no slot has passed since" in blog.run("unfence")
    blog.run("unfence", "--as-sent", "--untold", "weekly", "--yes")
    blog.run("edition", "cut")
    blog.run("edition", "send")
    assert len(blog.mails()) == 2


def test_links_to_confirm_wait_behind_the_fence(blog: Blog, settings: Settings) -> None:
    def send(store: Store) -> int:
        return asyncio.run(single_mails.send_confirmations(store, settings, clock))

    def ask(store: Store, address: str) -> None:
        consent.request_subscription(
            store, settings, address, digests=["weekly"], language="en", latest=False, network="x", now=clock()
        )

    with opened(settings) as store:
        ask(store, "eve@example.org")
        backups.fence(store, clock())
        assert send(store) == 0
        backups.lift(store, settings, clock(), as_sent=False)
        assert send(store) == 1
        ask(store, "dan@example.org")
        backups.fence(store, clock())
        ask(store, "new@example.org")
        backups.lift(store, settings, clock(), as_sent=True)
        assert send(store) == 1, "only the one that was asked for after the backup"


def test_no_link_of_a_lost_subscriber_becomes_another_ones(
    blog: Blog, settings: Settings, article: type[Article]
) -> None:
    blog.run("backup", str(blog.home / "copy"))
    blog.run("subscribers", "add", "lost@example.org")
    with opened(settings) as store, store.read() as tx:
        gone = tx.subscribers.find("lost@example.org")
    blog.run("restore", str(blog.home / "copy"), "--yes")
    blog.run("subscribers", "add", "new@example.org")
    with opened(settings) as store, store.read() as tx:
        new = tx.subscribers.find("new@example.org")
        assert len(tx.subscribers.all()) == 3
    assert gone is not None
    assert new is not None
    assert new.subscriber.id > gone.subscriber.id


def test_a_restore_is_refused_while_the_service_runs_or_another_program_has_the_file_open(
    blog: Blog, settings: Settings
) -> None:
    blog.run("backup", str(blog.home / "copy"))
    with exclusive_lock(settings.database_folder):
        assert "another `digest run`" in blog.run("restore", str(blog.home / "copy"), "--yes", code=2)
    with opened(settings) as store, store.read() as tx:
        assert "in use" in blog.run("restore", str(blog.home / "copy"), "--yes", code=1)
        assert tx.backups.fenced() is None
    assert json.loads(blog.run("status", "--json"))["fenced"] is None
    assert [path.name for path in (blog.home / "var").glob("*restor*")] == []


@pytest.mark.parametrize("what", ["nothing", "empty", "text", "other", "torn", "edited"])
def test_what_is_no_right_backup_is_refused_and_changes_nothing(blog: Blog, settings: Settings, what: str) -> None:
    copy = blog.home / "copy"
    blog.run("backup", str(copy))
    match what:
        case "nothing":
            copy.unlink()
        case "empty":
            copy.write_bytes(b"")
        case "text":
            copy.write_bytes(b"no database" * 1000)
        case "other":
            copy.unlink()
            with closing(sqlite3.connect(copy)) as connection, connection:
                connection.execute("CREATE TABLE bookmarks (url)")
        case "torn":
            copy.write_bytes(copy.read_bytes()[: copy.stat().st_size // 2])
        case _:
            with closing(sqlite3.connect(copy)) as connection, connection:
                connection.execute("UPDATE entries SET atom_id = 'x' WHERE page_order = 0")
    before = (blog.home / "var" / "digest.db").read_bytes()

    said = blog.run("restore", str(copy), "--yes", code=1)

    assert re.search(r"digest: .*(copy|restoring)", said)
    assert (blog.home / "var" / "digest.db").read_bytes() == before
    assert sorted(path.name for path in (blog.home / "var").glob("*re*")) == []


def test_a_damaged_database_is_replaced_with_its_log(blog: Blog, settings: Settings) -> None:
    blog.run("backup", str(blog.home / "copy"))
    database = blog.home / "var" / "digest.db"
    database.write_bytes(b"damaged" * 4096)
    for suffix in ("-wal", "-shm"):
        database.with_name(f"digest.db{suffix}").write_bytes(b"stale" * 4096)

    blog.run("restore", str(blog.home / "copy"), "--yes")

    assert set(blog.entries()) == {"甲", "乙"}
    kept = sorted(path.name.partition("replaced-")[2][21:] for path in database.parent.glob("*.replaced-*"))
    assert kept == ["", "-wal"]


def test_a_fence_can_be_put_up_manually(blog: Blog, settings: Settings) -> None:
    blog.run("fence")
    since = json.loads(blog.run("status", "--json"))["fenced"]
    blog.run("fence")
    assert json.loads(blog.run("status", "--json"))["fenced"] == since
    assert "the store is fenced" in blog.run("edition", "cut", code=1)
