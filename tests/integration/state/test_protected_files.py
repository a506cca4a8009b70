"""No command writes its output over a file of the installation, whatever name leads to it."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import pytest

from digest.dumps.files import DumpFile, Refused, dump_files, is_read
from digest.errors import DigestError, DumpError, StoreError
from digest.protected_files import require_free
from digest.settings import load
from digest.store import move_store
from tests.conftest import Article

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Blog

WRITING = {
    "backup": ["backup", "{}"],
    "feed": ["feed", "-o", "{}"],
    "export": ["subscribers", "export", "-o", "{}"],
    "list": ["subscribers", "export", "--csv", "-o", "{}"],
    "preview": ["edition", "preview", "--format", "text", "-o", "{}"],
    "simulate": ["simulate", "--from", "2026-01-01", "--to", "2026-01-31", "-o", "{}"],
}
OURS = [
    "var/digest.db",
    "var/digest.db-wal",
    "var/digest.lock",
    "digest.toml",
    "dumps/index.txt",
    "dumps/new.txt",
    "mail/new/1",
    "templates/mail/page.html",
    "secret",
]


@pytest.fixture
def ours(blog: Blog) -> Blog:
    """A blog with a state, a password and templates of its own."""
    blog.index("index.txt", Article("甲", (2026, 3, 14)))
    config = blog.home / "digest.toml"
    (blog.home / "templates" / "mail").mkdir(parents=True)
    (blog.home / "secret").write_text("password", "utf-8")
    text = config.read_text("utf-8").replace('data_dir = "var"', 'data_dir = "var"\ntemplates = "templates"', 1)
    config.write_text(text + 'username = "us"\npassword_file = "secret"\n', "utf-8")
    blog.refresh()
    return blog


def contents(folder: Path) -> dict[str, bytes]:
    beside = (".db-wal", ".db-shm")  # of a database that was opened
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(beside))
    return {str(path): path.read_bytes() for path in files}


@pytest.mark.parametrize("place", OURS)
@pytest.mark.parametrize("command", WRITING)
def test_a_file_of_ours_is_refused_and_stays(ours: Blog, command: str, place: str) -> None:
    before = contents(ours.home)
    said = ours.run(*(word.format(ours.home / place) for word in WRITING[command]), code=1)
    assert "of this installation" in said or "the source blog reads this path" in said
    assert "name another file" in said
    assert contents(ours.home) == before


def test_a_store_is_not_moved_into_the_lock(ours: Blog) -> None:
    (ours.home / "var" / "digest.lock").touch()
    before, var = contents(ours.home), ours.home / "var"
    with pytest.raises(StoreError, match=r"digest\.lock: is there already, and is no database"):
        move_store(f"sqlite:///{var / 'digest.db'}", f"sqlite:///{var / 'digest.lock'}", lambda *_: None)
    assert contents(ours.home) == before


@pytest.mark.parametrize("link", [os.symlink, os.link], ids=["symbolic", "hard"])
def test_another_name_of_the_database_is_refused(ours: Blog, link: object) -> None:
    assert callable(link)
    link(ours.home / "var" / "digest.db", ours.home / "copy.db")
    assert "is the database of this installation" in ours.run("backup", str(ours.home / "copy.db"), code=1)


def test_a_folder_that_is_a_link_into_a_source_is_refused(ours: Blog) -> None:
    (ours.home / "out").symlink_to(ours.home / "dumps")
    assert "the source blog reads" in ours.run("feed", "-o", str(ours.home / "out" / "feed.txt"), code=1)


def test_what_a_glob_would_read_is_refused_before_it_is_there(ours: Blog) -> None:
    config = ours.home / "digest.toml"
    config.write_text(config.read_text("utf-8").replace('path = "dumps"', 'path = "other/*.txt"', 1), "utf-8")
    settings = load(config)
    with pytest.raises(DigestError, match="the source blog reads"):
        require_free(settings, ours.home / "other" / "feed.txt", config)
    require_free(settings, ours.home / "other" / "feed.atom", config)


@pytest.mark.parametrize("glob", ["*.txt", "*/*.txt", "**", "**/*.txt", "a/**/b.txt", "[ab]/?.txt", "a/b.txt", "*/b/*"])
@pytest.mark.parametrize("name", ["b.txt", "b.csv", "a/b.txt", "c/b.txt", "a/b/b.txt", "a/b/c/b.txt", "A/B.txt"])
def test_a_file_is_a_source_s_before_it_is_there_exactly_where_it_is_read_afterwards(
    tmp_path: Path, glob: str, name: str
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    path, file = tmp_path / "link" / glob, tmp_path / "real" / name
    before = is_read(path, file)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    found: list[DumpFile | Refused] = []
    with contextlib.suppress(DumpError):  # the folder of the first wildcard is not there
        found += dump_files(path)
    assert before == any(isinstance(one, DumpFile) for one in found)


def test_a_place_beside_ours_is_free(ours: Blog) -> None:
    target = ours.home / "var" / "backup.db"
    assert "verified" in ours.run("backup", str(target))
    assert "verified" in ours.run("backup", str(target)), "an older backup is replaced"
