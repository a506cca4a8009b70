"""Which commands need a configuration: those exit 2 without one and write nothing; the others do without."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest
import typer

from digest.cli import main
from digest.cli.commands import application

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import click


class Use(NamedTuple):
    """How a command is called, and whether it needs a configuration."""

    arguments: str = ""
    needs: bool = True


FREE = {
    "demo": Use(needs=False),  # brings its own; tests/acceptance runs it
    "init": Use(needs=False),  # writes one
    "layout suggest": Use("PAGE", needs=False),
    "migrate-store": Use("sqlite:///a.db sqlite:///b.db", needs=False),  # its stores are arguments
    "parse": Use("PAGE --json", needs=False),
}
COMMANDS = FREE | {
    "audit list": Use(),
    "tokens create": Use("program"),
    "tokens list": Use(),
    "tokens revoke": Use("abc"),
    "webhooks events": Use("chat"),
    "webhooks list": Use(),
    "webhooks retry": Use("chat"),
    "webhooks test": Use("chat"),
    "adopt": Use(),
    "alerts": Use(),
    "alerts test": Use(),
    "backup": Use("copy.db"),
    "bounces read": Use(),
    "check": Use(),
    "console enable": Use("ann"),
    "console link": Use(),
    "console revoke": Use("ann"),
    "console users": Use(),
    "deliveries list": Use(),
    "deliveries release": Use(),
    "deliveries retry": Use(),
    "digests end": Use("weekly"),
    "digests rename": Use("a b"),
    "edition approve": Use(),
    "edition cancel": Use("weekly/2026-W01 --yes"),
    "edition cut": Use(),
    "edition hold": Use("weekly/2026-W01"),
    "edition leave-out": Use("abc"),
    "edition list": Use(),
    "edition note": Use("words"),
    "edition order": Use("abc"),
    "edition plan": Use(),
    "edition preview": Use(),
    "edition resend": Use("weekly/2026-W01 me@example.org"),
    "edition resume": Use("weekly/2026-W01"),
    "edition send": Use(),
    "edition show": Use("weekly/2026-W01"),
    "edition skip": Use(),
    "edition test": Use("me@example.org"),
    "entries edit": Use("1 --title x"),
    "entries hide": Use("1"),
    "entries list": Use(),
    "entries merge": Use("1 2"),
    "entries publish": Use("1"),
    "entries remove": Use("1"),
    "entries restore": Use("1"),
    "entries split": Use("1 --revision 1"),
    "entries show": Use("1"),
    "entries undo": Use("1"),
    "explain": Use("title"),
    "feed": Use(),
    "fence": Use(),
    "layout list": Use(),
    "layout show": Use("byline"),
    "layout try": Use("byline dumps"),
    "mail key": Use("key.pem"),
    "mail preview": Use(),
    "refresh": Use(),
    "restore": Use("copy.db --yes"),
    "run": Use(),
    "settings export": Use(),
    "settings list": Use(),
    "settings revert": Use("title"),
    "settings set": Use("title=x"),
    "settings undo": Use(),
    "simulate": Use("--from 2026-01-01 --to 2026-01-08 -o out"),
    "source add": Use("blog --title Blog --path dumps"),
    "source import": Use("feeds.opml"),
    "source approve": Use("blog"),
    "source discard": Use("blog"),
    "source fetches": Use(),
    "source forget": Use("blog"),
    "source remember": Use("blog"),
    "source pause": Use("blog"),
    "source remove": Use("blog --yes"),
    "source rename": Use("a b"),
    "source resume": Use("blog"),
    "source set": Use("blog every=1h"),
    "source show": Use("blog"),
    "status": Use(),
    "subscribers add": Use("ada@example.org"),
    "subscribers erase": Use("ada@example.org --yes"),
    "subscribers export": Use(),
    "subscribers form": Use(),
    "subscribers import": Use("people.csv"),
    "subscribers leave": Use("ada@example.org"),
    "subscribers list": Use(),
    "subscribers set": Use("ada@example.org --language en"),
    "subscribers show": Use("ada@example.org"),
    "subscribers suppress": Use("weekly/2026-W01"),
    "subscribers unsuppress": Use("ada@example.org"),
    "unfence": Use(),
}


def commands(group: click.Group, before: str = "") -> Iterator[str]:
    """Every command, hidden ones too, as it is written."""
    for name, command in group.commands.items():
        called = f"{before} {name}".strip()
        inner = getattr(command, "commands", None)
        if inner is None or getattr(command, "invoke_without_command", False):
            yield called
        if inner is not None:
            yield from commands(command, called)  # type: ignore[arg-type] # it has commands


def test_the_table_names_every_command() -> None:
    every = {name.replace("entry ", "entries ") for name in commands(typer.main.get_command(application()))}  # type: ignore[arg-type]
    assert every == COMMANDS.keys()


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, inside another one, without a configuration."""
    here = tmp_path / "deep" / "here"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("DIGEST_CONFIG", raising=False)
    return here


def ran(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out, err = capfd.readouterr()
    return int(ended.value.code or 0), out, err


@pytest.mark.parametrize("command", [name for name, use in COMMANDS.items() if use.needs])
@pytest.mark.parametrize("named", [False, True], ids=["the default", "a file that is not there"])
def test_a_command_that_needs_one_exits_2_and_writes_nothing(
    command: str, named: bool, nowhere: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    given = [*command.split(), *COMMANDS[command].arguments.split(), *(["--config", "mine.toml"] if named else [])]
    code, out, err = ran(capfd, *given)

    place = "mine.toml: there is no such file" if named else "config/digest.toml: there is no configuration here"
    assert (code, err.splitlines()[0].partition(" (`digest init` writes one")[0]) == (2, f"digest: {place}"), out + err
    assert sorted(tmp_path.rglob("*")) == [nowhere.parent, nowhere]


def test_a_command_that_needs_none_does_without_and_minds_no_variable(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DIGEST_CONFIG", "nowhere.toml")
    monkeypatch.setenv("DIGEST_NONSENSE", "1")
    (nowhere / "PAGE").write_text("甲\nBy 山客 | 2026-03-14 | 100位读者 | 引用第一段。\n最近评论\n", "utf-8")

    assert ran(capfd, "parse", *FREE["parse"].arguments.split())[0] == 0
    assert ran(capfd, "parse", "--", "PAGE")[0] == 0
    assert ran(capfd, "init", "mine")[0] == 0
    assert "there is no" in "".join(ran(capfd, "migrate-store", *FREE["migrate-store"].arguments.split())[1:])
    assert ran(capfd, "--version")[1].startswith("digest ")
    for command in ("", "status", "subscribers import"):
        code, out, _ = ran(capfd, *command.split(), "--help")
        assert (code, "Usage: " in out) == (0, True), command
    assert sorted(path.name for path in nowhere.iterdir()) == ["PAGE", "mine"]


def test_completion_needs_none(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/local/bin/digest"])  # the name by which the shell asks
    monkeypatch.setattr(sys.modules["__main__"], "__package__", None)
    monkeypatch.setenv("_DIGEST_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "digest sub")
    monkeypatch.setenv("COMP_CWORD", "1")

    code, out, _ = ran(capfd)

    assert (code, out.split()) == (0, ["subscribers"])
    assert list(nowhere.iterdir()) == []


def test_an_unknown_variable_stops_every_other_command_before_it_writes(
    nowhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert ran(capfd, "init", "mine")[0] == 0
    written = sorted(tmp_path.rglob("*"))
    monkeypatch.setenv("DIGEST_CONFIG", "mine/digest.toml")
    monkeypatch.setenv("DIGEST_MAIL_HOTS", "a.example")

    for command in ("status", "refresh", "run", "check"):
        code, _, err = ran(capfd, command)
        assert (code, err) == (
            2,
            "digest: the variable DIGEST_MAIL_HOTS: there is no such setting (did you mean DIGEST_MAIL_HOST?)\n",
        )
    assert sorted(tmp_path.rglob("*")) == written


def test_init_keeps_all_state_inside_its_folder_whatever_the_working_directory(
    nowhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home" / "blog"
    assert ran(capfd, "init", str(home))[0] == 0
    (home / "dumps" / "a.txt").write_text("甲\nBy 山客 | 2026-03-14 | 100位读者 | 引用第一段。\n最近评论\n", "utf-8")
    for command in ("refresh", "subscribers add ada@example.org", "edition cut", "edition send", "status"):
        code, out, err = ran(capfd, *command.split(), "--config", str(home / "digest.toml"))
        assert code == 0, out + err

    assert (home / "var" / "digest.db").is_file()
    assert list((home / "var" / "mail" / "new").iterdir()), "a mail"
    assert list(nowhere.iterdir()) == []
    assert [path.name for path in home.parent.iterdir()] == ["blog"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "home"]
