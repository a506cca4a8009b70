"""`digest check --deep`: every invariant violated by hand is named with its row, and a store in use breaks none."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from digest.app import opened
from digest.service.upkeep.invariants import violations
from digest.settings import load

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Article, Blog, Prepare

ROWS = {"FIRST": "(SELECT min(id) FROM entries)", "EDITION": "(SELECT min(key) FROM editions)"}

# What is done to the database (to a row of ROWS), the law that it breaks, and a part of the row's name.
BROKEN = {
    "new twice": (
        """INSERT INTO edition_entries SELECT (SELECT max(key) FROM editions), 99, 'new', entry_id, revision, NULL
        FROM edition_entries WHERE edition = EDITION AND ordinal = 0""",
        "an entry is new twice in the editions of one digest",
        "digest=weekly, entry_id=",
    ),
    "no words": (
        "DELETE FROM edition_bodies WHERE edition = EDITION",
        "a delivery is of an edition without words",
        "edition=weekly/",
    ),
    "of nobody": (
        "UPDATE deliveries SET subscriber_id = 77 WHERE edition = EDITION",
        "a row of deliveries refers to nothing in subscribers",
        "subscriber_id=77",
    ),
    "of no edition": (
        "UPDATE deliveries SET edition = 'weekly/none' WHERE edition = EDITION",
        "a row of deliveries refers to nothing in editions",
        "edition=weekly/none",
    ),
    "empty edition": (
        "UPDATE editions SET empty = 1 WHERE key = EDITION",
        "a delivery is of an empty edition",
        "edition=weekly/",
    ),
    "one Message-ID": (
        "UPDATE deliveries SET message_id = '<one@example.org>'",
        "two deliveries have one Message-ID",
        "message_id=<one@example.org>, times=2",
    ),
    "gap": (
        "UPDATE feed_entries SET number = 9 WHERE feed = '' AND number = 1",
        "the numbers of a feed have a gap",
        "feed=, entries=3, newest=9",
    ),
    "no feed": (
        "DELETE FROM feed_entries WHERE entry_id = FIRST",
        "a published entry is missing from the feed of everything",
        "id=",
    ),
    "revision": (
        "UPDATE entries SET revision = 5 WHERE id = FIRST",
        "the revisions of an entry have a gap, or it is not at the newest",
        "revision=5, revisions=1, newest=1",
    ),
    "AtomId": (
        "UPDATE entries SET atom_id = 'tag:digest.example.org,2026:entry/other' WHERE id = FIRST",
        "an AtomId is not well-formed, or another entry's",
        "atom_id=tag:digest.example.org,2026:entry/other",
    ),
    "malformed AtomId": (
        "UPDATE entries SET atom_id = 'http://x/' || id WHERE id = FIRST",
        "an AtomId is not well-formed, or another entry's",
        "atom_id=http://x/",
    ),
    "placing": (
        "UPDATE placings SET entry_id = 'nobody' WHERE position = 0",
        "a row of placings refers to nothing in entries",
        "source=blog, path=page.txt, page=0, position=0",
    ),
    "title": (
        "UPDATE revisions SET title = '别的' WHERE entry_id = FIRST",
        "an entry does not answer to its title",
        "revision=1",
    ),
    "text": (
        "DELETE FROM entry_keys WHERE kind = 'lead' AND entry_id = FIRST",
        "an entry does not answer to the fingerprint of its text",
        "revision=1",
    ),
    "words": (
        "UPDATE searched SET body = 'x' WHERE entry_id = FIRST",
        "the words that a search knows are not those of the entry",
        "id=",
    ),
    "index": (
        """INSERT INTO search_index (search_index, rowid, title, body)
        SELECT 'delete', number, title, body FROM searched""",
        "the index of words is not that of the stored words",
        "search_index",
    ),
    "source": (
        "DELETE FROM entry_sources WHERE entry_id = FIRST",
        "an entry is not shown by its first source",
        "first_source=blog",
    ),
    "correction": (
        "UPDATE edition_entries SET section = 'corrected' WHERE edition = EDITION AND ordinal = 0",
        "a correction announces what was never announced",
        "edition=weekly/",
    ),
    "erased": (
        "UPDATE subscribers SET address = NULL, address_key = NULL, erased_at = '2026-01-01 00:00:00.000000'",
        "an erased person has an open delivery",
        "subscriber_id=1",
    ),
    "a rule of a column": (
        "UPDATE deliveries SET state = 'accepted' WHERE edition = EDITION",
        "the database is damaged",
        "CHECK constraint failed in deliveries",
    ),
}


@pytest.fixture
def database(blog: Blog, article: type[Article], prepared: Prepare) -> Path:
    """Three entries, two editions, one subscriber."""
    texts = {name: (f"这是《{name}》的正文,和别的文章没有一句相同。" + name * 40,) for name in "甲乙丙"}

    def fill() -> None:
        blog.search("page.txt", article("甲", body=texts["甲"]), article("乙", (2026, 3, 15), texts["乙"]))
        blog.refresh()
        blog.run("subscribers", "add", "ada@example.org")
        blog.run("edition", "cut")
        blog.search("page.txt", *(article(name, (2026, 3, 13 + n), texts[name]) for n, name in enumerate("甲乙丙", 1)))
        blog.refresh()
        blog.run("edition", "cut")

    prepared(blog.home, fill)
    return blog.home / "var" / "digest.db"


def test_a_store_in_use_breaks_no_law(blog: Blog, database: Path) -> None:
    blog.run("edition", "send")
    said = blog.run("check", "--deep")
    assert "ok    invariants: every row satisfies them" in said
    laws = {"part": "invariants", "ok": True, "level": "ok", "says": "every row satisfies them"}
    assert laws in blog.listed("check", "--deep")


@pytest.mark.parametrize("broken", BROKEN)
def test_each_broken_law_is_named_with_its_row(blog: Blog, database: Path, broken: str) -> None:
    done, law, row = BROKEN[broken]
    for name, query in ROWS.items():
        done = done.replace(name, query)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        assert connection.execute(done).rowcount != 0

    said = blog.run("check", "--deep", code=1)

    assert any(line.startswith(f"FAIL  {law}: ") and row in line for line in said.splitlines()), said


def test_two_entries_of_one_atom_id_are_named(blog: Blog, database: Path) -> None:
    """The database refuses that by itself, so the refusal has to go first."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'CONSTRAINT uq_entries_atom_id UNIQUE (atom_id),', '') "
            "WHERE name = 'entries'"
        )
        connection.execute("DELETE FROM sqlite_master WHERE name LIKE 'sqlite_autoindex_entries_2'")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE entries SET atom_id = 'tag:x,2026:entry/x'")
    assert "two entries have one AtomId: atom_id=tag:x,2026:entry/x, times=3" in blog.run("check", "--deep", code=1)


def test_an_entry_that_stands_twice_in_a_feed_is_named(blog: Blog, database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(sql, "
            "'CONSTRAINT uq_feed_entries_entry_id UNIQUE (entry_id, feed),', '') WHERE name = 'feed_entries'"
        )
        connection.execute("DELETE FROM sqlite_master WHERE name LIKE 'sqlite_autoindex_feed_entries_2'")
    with closing(sqlite3.connect(database)) as connection, connection:
        done = connection.execute(
            "INSERT INTO feed_entries (feed, number, entry_id) "
            "SELECT feed, 4, entry_id FROM feed_entries WHERE feed = '' AND number = 1"
        )
        assert done.rowcount == 1
    said = blog.run("check", "--deep", code=1)
    law = "FAIL  an entry stands twice in a feed: feed=, entry_id="
    assert any(line.startswith(law) and "times=2" in line for line in said.splitlines()), said


@pytest.mark.parametrize(
    ("state", "uncertain", "named"),
    [("planned", 0, True), ("accepted", 0, True), ("unknown", 0, True), ("failed", 1, True), ("failed", 0, False)],
)
def test_a_subscriber_who_gets_an_entry_twice_is_named_unless_no_mail_went_to_them(
    blog: Blog, database: Path, state: str, uncertain: int, *, named: bool
) -> None:
    """The second edition repeats an entry of the first, in the text that the subscriber gets."""
    first, second = "(SELECT min(key) FROM editions)", "(SELECT max(key) FROM editions)"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for done in (
            f"""INSERT INTO edition_entries SELECT {second}, 99, 'new', entry_id, revision, NULL
            FROM edition_entries WHERE edition = {first} AND ordinal = 0""",  # noqa: S608 - constants of this test
            f"UPDATE edition_bodies SET told = json_insert(told, '$[#]', 99) WHERE edition = {second}",  # noqa: S608
            f"UPDATE deliveries SET state = '{state}', uncertain = {uncertain} WHERE edition = {second}",  # noqa: S608
        ):
            assert connection.execute(done).rowcount == 1
    said = blog.run("check", "--deep", code=1)
    law = "FAIL  a subscriber gets an entry twice: subscriber_id=1, digest=weekly, entry_id="
    assert any(line.startswith(law) and "times=2" in line for line in said.splitlines()) is named, said


def test_progress_counts_the_entries(blog: Blog, database: Path) -> None:
    seen: list[tuple[int, int]] = []
    with opened(load(blog.home / "digest.toml")) as store:
        assert list(violations(store, lambda done, total: seen.append((done, total)))) == []
    assert seen == [(1, 3), (2, 3), (3, 3)]
