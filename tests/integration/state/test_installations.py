"""Two installations cannot share one store unnoticed; a moved one, or one with many workers, continues."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from digest.cli import main
from digest.installation import Installation, is_another
from digest.store import move_store
from tests.conftest import CONFIG

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Blog

OURS = Installation("/srv/a/digest.toml", "https://a.example", {"blog": "/srv/a/dumps"}, ["weekly"])
OTHER = Installation("/srv/b/digest.toml", "https://b.example", {"news": "/srv/b/dumps"}, ["daily"])


@pytest.mark.parametrize(
    ("mine", "stands", "another"),
    [
        (OURS, False, False),
        (replace(OURS, sources={"news": "/srv/a/news"}), False, False),  # they changed all sources
        (replace(OURS, sources={"news": "/x"}, url="https://b.example"), False, True),  # /config in two containers
        (replace(OURS, file="/srv/a/worker.toml"), True, False),  # a second file for the workers
        (replace(OURS, file="/srv/c/digest.toml", sources={"blog": "/srv/c/dumps"}), False, False),  # it moved
        (replace(OURS, file="/srv/c/digest.toml", sources={"blog": "/srv/c/dumps"}), True, True),  # it did not
        (OTHER, False, True),
        (OTHER, True, True),
        (replace(OTHER, sources={}), False, False),  # nothing is configured yet
    ],
)
def test_what_distinguishes_two_installations(mine: Installation, *, stands: bool, another: bool) -> None:
    assert is_another(OURS, mine, stands=stands) is another


def test_one_that_comes_back_after_it_seemed_to_have_moved_is_another() -> None:
    moved = replace(OURS, file="/srv/c/digest.toml", url="https://c.example", before=[OURS.file])
    assert is_another(moved, OURS, stands=False)
    assert not is_another(replace(moved, url=OURS.url), OURS, stands=False)  # a worker on another machine


class Second:
    """A configuration in another folder, by default for a store of its own, and the program to run on it."""

    def __init__(self, home: Path, ours: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.home, self.ours, self._capfd = home, ours, capfd
        (home / "dumps").mkdir()
        self.write()

    def write(self, *changes: tuple[str, str], shares: bool = True) -> None:
        """Write the configuration, which may name the store of the other installation."""
        words = CONFIG.replace('data_dir = "var"', f'data_dir = "{self.ours / "var"}"') if shares else CONFIG
        for old, new in changes:
            assert old in words
            words = words.replace(old, new)
        (self.home / "digest.toml").write_text(words, "utf-8")

    def run(self, *arguments: str, code: int = 0) -> str:
        self._capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--config", str(self.home / "digest.toml")])
        out, err = self._capfd.readouterr()
        assert (ended.value.code or 0) == code, err or out
        return out + err


@pytest.fixture
def second(blog: Blog, tmp_path_factory: pytest.TempPathFactory, capfd: pytest.CaptureFixture[str]) -> Second:
    blog.write("a.txt", "")
    return Second(tmp_path_factory.mktemp("second"), blog.home, capfd)


def test_a_second_one_in_another_folder_is_refused_in_one_line_with_the_remedy(blog: Blog, second: Second) -> None:
    blog.run("subscribers", "add", "ada@example.org")
    for command in (["status"], ["edition", "cut"], ["run"]):
        told = second.run(*command, code=2)
        assert len(told.strip().splitlines()) == 1
        assert f"{blog.home / 'var' / 'digest.db'}: is the store of another installation, {blog.home}" in told
        assert f"set another data_dir or database_url in {second.home / 'digest.toml'}" in told
        assert "digest adopt" in told
    assert "another installation" in second.run("check", code=1)
    blog.run("status")
    second.write(shares=False)
    second.run("status")


def test_one_with_other_sources_is_refused_though_the_first_one_is_on_another_machine(
    blog: Blog, second: Second
) -> None:
    blog.run("subscribers", "add", "ada@example.org")
    (blog.home / "digest.toml").rename(blog.home / "gone.toml")
    second.write(('id = "blog"', 'id = "news"'))
    assert "another installation" in second.run("status", code=2)


def test_no_backup_is_put_in_the_place_of_another_installation_s_store(
    blog: Blog, second: Second, tmp_path: Path
) -> None:
    blog.run("subscribers", "add", "ada@example.org")
    blog.run("backup", str(tmp_path / "copy.db"))
    told = second.run("restore", str(tmp_path / "copy.db"), "--yes", code=2)
    assert f"{blog.home / 'var' / 'digest.db'}: is the store of another installation" in told
    assert not list((blog.home / "var").glob("*.replaced-*"))
    assert "fence" not in blog.run("status").lower()
    (blog.home / "var" / "digest.db").write_bytes(b"damaged")  # nobody's: it may be replaced
    blog.run("restore", str(tmp_path / "copy.db"), "--yes")


def test_adopting_it_refuses_the_first_one(blog: Blog, second: Second) -> None:
    blog.run("subscribers", "add", "ada@example.org")
    assert "Make it the store of" in second.run("adopt", code=1)
    assert f"Before, it was the store of {blog.home / 'digest.toml'}" in second.run("adopt", "--yes")
    second.run("status")
    assert "another installation" in blog.run("status", code=2)


def test_a_folder_that_moves_goes_on_without_a_word(blog: Blog, second: Second) -> None:
    blog.run("subscribers", "add", "ada@example.org")
    for name in ("digest.toml", "var"):
        shutil.move(blog.home / name, second.home / name)
    assert "ada@" in second.run("subscribers", "list")
    second.run("status")


def test_a_folder_that_is_copied_is_an_installation_of_its_own(blog: Blog, second: Second) -> None:
    blog.run("subscribers", "add", "ada@example.org")
    shutil.copy(blog.home / "digest.toml", second.home)
    shutil.copytree(blog.home / "var", second.home / "var")
    second.run("status")
    blog.run("status")


def test_a_second_file_for_workers_is_the_same_installation(blog: Blog, second: Second) -> None:
    blog.run("subscribers", "add", "ada@example.org")
    second.write(('path = "dumps"', f'path = "{blog.home / "dumps"}"'))
    for _ in range(2):
        second.run("status")
        blog.run("status")


def test_an_edited_file_goes_on(blog: Blog, second: Second) -> None:
    blog.run("subscribers", "add", "ada@example.org")
    config = blog.home / "digest.toml"
    config.write_text(config.read_text("utf-8").replace('id = "blog"', 'id = "essays"'), "utf-8")
    blog.run("subscribers", "add", "bob@example.org")
    assert "(sources essays)" in second.run("status", code=2)


def test_a_restored_or_moved_store_knows_its_installation(blog: Blog, second: Second, tmp_path: Path) -> None:
    blog.run("subscribers", "add", "ada@example.org")
    blog.run("backup", str(tmp_path / "copy.db"))
    blog.run("restore", str(tmp_path / "copy.db"), "--yes")
    blog.run("status")
    assert "another installation" in second.run("status", code=2)
    move_store(f"sqlite:///{blog.home}/var/digest.db", f"sqlite:///{tmp_path}/moved.db", lambda *_: None)
    config = blog.home / "digest.toml"
    config.write_text(f'database_url = "sqlite:///{tmp_path}/moved.db"\n' + config.read_text("utf-8"), "utf-8")
    blog.run("status")
