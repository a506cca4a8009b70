"""`digest init` makes a real installation: by questions on a terminal, or by options, and replaces nothing."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from digest.cli import main
from digest.settings import load
from tests.forking import Digest
from tests.terminal import CTRL_C, Terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Article

ROOT = Path(__file__).resolve().parents[3]
INIT = ["init"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of which the system's zone is Asia/Shanghai."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    monkeypatch.delenv("DIGEST_CONFIG", raising=False)
    return tmp_path


@pytest.fixture
def digest(here: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """The command line in that folder; what it printed, on stderr too where it failed."""

    def run(*arguments: str, code: int = 0) -> str:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        out, err = capfd.readouterr()
        assert (ended.value.code or 0) == code, err or out
        return out + err if code else out

    return run


@pytest.fixture
def crawl(here: Path, article: type[Article]) -> Path:
    """A folder of dumps nearby, in both layouts."""
    (here / "site" / "crawl").mkdir(parents=True)
    (here / "site" / "crawl" / "index.txt").write_text(
        article("甲").dateblock() + article("乙", (2026, 3, 15)).dateblock(), "utf-8"
    )
    (here / "site" / "crawl" / "search.txt").write_text(article("丙").byline() + "最近评论\n", "utf-8")
    return here / "site" / "crawl"


def written(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "digest.toml").read_text("utf-8"))


def test_five_questions_make_an_installation_and_enter_takes_the_default(here: Path, crawl: Path) -> None:
    with Terminal(INIT, cwd=here, start=Digest) as terminal:
        terminal.wait_for("1/5  Title of the blog")
        terminal.type("山上 “笔记”\n")
        terminal.wait_for("[Asia/Shanghai]: ")
        terminal.type("\n")
        terminal.wait_for("[site/crawl]: ")
        terminal.type("\n")
        terminal.wait_for("2 files, entries: 2 on index pages (dateblock), 1 on search pages (byline)")
        terminal.wait_for("4/5  Your own address")
        terminal.type("Me@Bücher.example\n")
        terminal.wait_for("[http://127.0.0.1:8080]: ")
        terminal.type("https://digest.example.org/\n")
        said = terminal.wait_for("until Ctrl-C")
        assert terminal.ended() == 0
    assert "digest check" in said
    assert "digest refresh" in said
    assert "--config" not in said
    settings = load(here / "config" / "digest.toml")
    assert settings.base_url == "https://digest.example.org"
    assert settings.tag.startswith("digest.example.org,20")
    assert settings.sources[0].path == crawl
    assert settings.sources[0].title == "山上 “笔记”"
    assert {settings.sources[0].timezone, settings.digests[0].timezone} == {"Asia/Shanghai"}
    assert settings.operator == ("Me@xn--bcher-kva.example",)
    assert settings.mail.sender == "山上 “笔记” <digest@digest.example.org>"


def test_each_answer_is_judged_at_once_and_asked_for_again_with_the_remedy(here: Path) -> None:
    with Terminal(INIT, cwd=here, start=Digest) as terminal:
        for wrong, remedy, right in (
            ("a\u200bb", "an invisible character", "山上"),
            ("shanghai", "did you mean Asia/Shanghai", "Europe/Berlin"),
            ("nowhere", "there is no such file or folder (create it first, or name another)", "config/dumps"),
            ("me.example.org", "write an address such as me@example.org, or -", "-"),
            ("digest.example.org", "starts with http:// or https://", "http://localhost:1"),
        ):
            terminal.wait_for("/5  ")
            terminal.wait_for("]: ")
            terminal.type(f"{wrong}\n")
            terminal.wait_for(remedy)
            terminal.type(f"{right}\n")
        terminal.wait_for("Nobody gets alerts yet")
        assert terminal.ended() == 0
        assert terminal.printed.count("did you mean Asia/Shanghai") == 1
    assert (here / "config" / "dumps").is_dir()
    settings = load(here / "config" / "digest.toml")
    assert (settings.sources[0].timezone, settings.base_url) == ("Europe/Berlin", "http://localhost:1")
    assert settings.operator == ()


def pressed(terminal: Terminal, key: str, shown: str) -> None:
    """Press a key, and again where Python was about to wait for one: then it sees Ctrl-C at the next key only."""
    for seconds in (5, 10, 45):
        terminal.type(key)
        with contextlib.suppress(AssertionError):
            terminal.wait_for(shown, seconds)
            return
    raise AssertionError(f"{shown!r} was not printed: {terminal.printed!r}")


@pytest.mark.parametrize("key", [CTRL_C, "\x04"])
def test_an_init_that_is_broken_off_leaves_nothing_behind(here: Path, key: str) -> None:
    with Terminal(INIT, cwd=here, start=Digest) as terminal:
        terminal.wait_for("1/5")
        terminal.type("山上\n")
        terminal.wait_for("2/5")
        terminal.wait_for("]: ")
        pressed(terminal, key, "Nothing was written; run `digest init` again.")
        assert terminal.ended() == 130
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("content", [None, "no article"])
def test_a_folder_without_a_readable_dump_is_accepted_and_reported(
    content: str | None, digest: Callable[..., str], here: Path
) -> None:
    (here / "mine").mkdir()
    if content:
        (here / "mine" / "notes.txt").write_text(content, "utf-8")
    said = " ".join(digest("init", "one", "--dumps", "mine").split())
    assert "No entry can be read in mine yet, so pages and feeds stay empty. Save the blog's listing pages" in said
    assert "`digest parse FILE` shows what one of them contains" in said
    assert "`digest layout suggest mine -o one/layouts/mine.toml` draws a layout for them" in said
    assert "write `layouts` with its name below `path` in one/digest.toml" in said
    printed = json.loads(digest("init", "two", "--dumps", "mine", "--json"))
    assert printed == {"file": "two/digest.toml", "dumps": "mine", "files": int(bool(content)), "entries": {}}


def test_without_a_terminal_nothing_is_asked_and_options_count(digest: Callable[..., str], here: Path) -> None:
    (here / "mine").mkdir()
    said = digest(
        "init", "here", "--title", 'a "b" \\ c', "--timezone", "Europe/Berlin", "--dumps", "mine",
        "--operator", "me@example.org", "--base-url", "https://d.example.org",
    )  # fmt: skip
    assert "digest run --config here/digest.toml" in said
    assert "mine: no dump yet" in said
    settings = load(here / "here" / "digest.toml")
    assert settings.sources[0].title == 'a "b" \\ c'
    assert settings.sources[0].path == here / "mine"
    assert settings.operator == ("me@example.org",)
    assert settings.data_dir == here / "here" / "var"
    assert (here / "here" / "digest.toml").stat().st_mode & 0o777 == 0o600


def test_dumps_nearby_are_found_but_never_those_of_the_demo(
    digest: Callable[..., str], here: Path, crawl: Path, article: type[Article]
) -> None:
    shutil.copytree(ROOT / "config" / "demo", here / "demo")
    assert "site/crawl: 2 files" in digest("init", "one")
    assert written(here / "one")["sources"][0]["path"] == "../site/crawl"
    shutil.rmtree(crawl)
    (here / "page.txt").write_text(article("甲").dateblock(), "utf-8")
    assert "*.txt: 1 file" in digest("init", "two")
    assert load(here / "two" / "digest.toml").sources[0].path == here / "*.txt"
    (here / "page.txt").unlink()
    digest("init", "three")
    assert written(here / "three")["sources"][0]["path"] == "dumps"


def test_a_blog_that_is_not_chinese_gets_no_chinese_words(
    digest: Callable[..., str], here: Path, article: type[Article]
) -> None:
    (here / "dumps").mkdir()
    (here / "dumps" / "index.txt").write_text(article("On circles", body=("One.", "Two.")).dateblock(), "utf-8")
    digest("init")
    settings = load(here / "config" / "digest.toml")
    assert (settings.language, settings.digests[0].title, settings.sources[0].language) == ("en", "Blog weekly", "en")


@pytest.mark.parametrize(("title", "digest_title"), [("山上", "山上每周摘要"), ("山上 Blog", "山上 Blog 每周摘要")])
def test_a_digest_is_named_after_its_blog_without_a_space_between_chinese_words(
    digest: Callable[..., str], here: Path, article: type[Article], title: str, digest_title: str
) -> None:
    (here / "dumps").mkdir()
    (here / "dumps" / "index.txt").write_text(article("圆与球", body=("第一段。", "第二段。")).dateblock(), "utf-8")
    digest("init", "--title", title)
    assert load(here / "config" / "digest.toml").digests[0].title == digest_title


@pytest.mark.parametrize(
    ("option", "value", "remedy"),
    [
        ("--title", " ", "write the name of the blog"),
        ("--timezone", "Asia/Shangai", "did you mean Asia/Shanghai"),
        ("--dumps", "nowhere", "create it first, or name another"),
        ("--dumps", "none*.txt", "check the name, or name a folder"),
        ("--dumps", ".", "name the folder of the dumps alone, or a glob such as '*.txt'"),
        ("--dumps", str(ROOT / "config" / "demo" / "samples"), "name your own dumps"),
        ("--operator", "me", "write an address such as me@example.org"),
        ("--base-url", "ftp://example.org", "starts with http:// or https://"),
    ],
)
def test_an_option_that_is_wrong_writes_nothing_and_names_its_remedy(
    digest: Callable[..., str], here: Path, option: str, value: str, remedy: str
) -> None:
    said = digest("init", option, value, "--yes", code=2)
    assert option in said
    assert remedy in said
    assert list(here.iterdir()) == []


def test_a_configuration_is_never_replaced(digest: Callable[..., str], here: Path) -> None:
    (here / "config").mkdir()
    file = here / "config" / "digest.toml"
    file.write_text('title = "Mine"\n', "utf-8")
    assert "is never replaced" in digest("init", "--yes", code=2)
    assert file.read_text("utf-8") == 'title = "Mine"\n'
    assert [path.name for path in file.parent.iterdir()] == ["digest.toml"]


def test_a_folder_that_cannot_be_written_gets_nothing(digest: Callable[..., str], here: Path) -> None:
    (here / "file").write_text("", "utf-8")
    assert "cannot be written" in digest("init", "file/config", code=2)
    assert [path.name for path in here.iterdir()] == ["file"]


def test_what_it_writes_is_small_and_says_what_each_part_is_for(digest: Callable[..., str], here: Path) -> None:
    digest("init")
    lines = (here / "config" / "digest.toml").read_text("utf-8").splitlines()
    assert len(lines) < 60
    for at, line in enumerate(lines):
        if line.startswith("["):
            assert lines[at - 1].startswith("# "), line
    assert max(map(len, lines)) <= 120


def test_the_next_commands_work_as_they_are_printed(digest: Callable[..., str], here: Path, crawl: Path) -> None:
    said = digest("init", "a folder", "--yes")
    file = here / "a folder" / "digest.toml"
    assert "digest check    " not in said
    assert f"digest refresh --config '{file.relative_to(here)}'" in said
    assert "ok    source blog" in digest("check", "--config", str(file))
    assert os.access(file, os.R_OK)
