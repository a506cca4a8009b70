"""Ctrl-C: each long command ends with 130, and prints what is stored and what to do next."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from digest.cli import main
from digest.service.intake import reading_dumps
from tests.forking import Digest
from tests.integration.mail.relay import Act, Moment, Relay, Talk
from tests.terminal import CTRL_C, Terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Article, Blog


def broken_off(*_: Any, **__: Any) -> NoReturn:
    raise KeyboardInterrupt


@pytest.fixture
def told(blog: Blog, article: type[Article]) -> Blog:
    blog.search("a.txt", article("一篇"))
    blog.search("b.txt", article("二篇", (2026, 3, 15), ("别的文字。",)))
    blog.run("subscribers", "add", "ada@example.org")
    return blog


@pytest.mark.parametrize(
    ("command", "inside", "kept"),
    [
        (["refresh"], "digest.service.intake.refresh.refresh", "`digest refresh` reads the rest"),
        (["source", "show", "blog"], "digest.service.sources.holds.source_holds", "Nothing was changed"),
        (["check"], "digest.checks._dumps", "Nothing was changed"),
        (["check", "--deep"], "digest.service.upkeep.invariants.violations", "Nothing was changed"),
        (["backup", "{home}/copy"], "digest.service.upkeep.backups.back_up", "is unchanged"),
        (["restore", "{home}/copy", "--yes"], "digest.service.upkeep.backups.restore", "nothing has changed"),
        (["unfence"], "digest.service.intake.refresh.refresh", "The store is still fenced"),
        (["subscribers", "import", "{home}/list.csv"], "digest.service.people.importing.import_people", "run the same"),
        (["edition", "cut"], "digest.service.editions.making.cut", "see `digest edition list`"),
        (["edition", "preview"], "digest.service.mailing.samples.previews.preview_digest", "Nothing was stored"),
        (["edition", "test", "me@example.org"],
         "digest.service.mailing.samples.previews.send_test_mail", "send another one"),
        (["edition", "send"], "digest.service.editions.planning.plan_waiting", "`digest edition send` continues"),
        (["simulate", "--from", "2026-11-01", "--to", "2026-11-02", "-o", "{home}/out"],
         "digest.service.upkeep.simulating.simulate", "Nothing was sent"),
    ],
)  # fmt: skip
def test_what_is_stored_is_reported(
    told: Blog, monkeypatch: pytest.MonkeyPatch, command: list[str], inside: str, kept: str
) -> None:
    told.run("refresh")
    (told.home / "list.csv").write_text("address\nbob@example.org\n", "utf-8")
    if command[0] == "unfence":
        told.run("fence")
    monkeypatch.setattr(inside, broken_off)
    said = told.run(*(word.format(home=told.home) for word in command), code=130)
    assert "digest: stopped. " in said
    assert kept in said


def test_a_store_that_moves_is_left_empty_and_the_same_command_works(
    told: Blog, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.run("refresh")
    urls = [f"sqlite:///{told.home / 'var' / 'digest.db'}", f"sqlite:///{told.home / 'new.db'}"]
    with monkeypatch.context() as patched:
        patched.setattr("digest.store.publishing.searching.rebuild", broken_off)
        with pytest.raises(SystemExit) as ended:
            main(["migrate-store", *urls])
        assert ended.value.code == 130
    with pytest.raises(SystemExit) as ended:
        main(["migrate-store", *urls])
    assert not ended.value.code


def test_the_dumps_that_were_read_are_kept(told: Blog, article: type[Article], monkeypatch: pytest.MonkeyPatch) -> None:
    told.refresh()
    for name, title, day in (("c.txt", "三篇", 16), ("d.txt", "四篇", 17)):
        told.search(name, article(title, (2026, 3, day), (f"{title}说的是别的。",)))
    read = reading_dumps.read_dump

    def second(store: Any, source: Any, file: Any, *rest: Any, **more: Any) -> Any:
        if file.name == "d.txt":
            raise KeyboardInterrupt
        return read(store, source, file, *rest, **more)

    with monkeypatch.context() as patched:
        patched.setattr("digest.service.intake.refresh.read_dump", second)
        assert "Everything stored so far is complete" in told.run("refresh", code=130)
    assert set(told.entries()) == {"一篇", "二篇", "三篇"}
    told.refresh()
    assert set(told.entries()) == {"一篇", "二篇", "三篇", "四篇"}


def test_a_drain_finishes_the_mail_that_is_under_way(told: Blog) -> None:
    """The relay holds the first mail until the key is pressed; the second one is never begun."""
    for name in ("bob", "cyd"):
        told.run("subscribers", "add", f"{name}@example.org")
    told.refresh()
    told.run("edition", "cut")
    config = told.home / "digest.toml"
    with Relay() as relay:
        pressed: list[Callable[[], None]] = []

        def press(moment: Moment, _: Talk) -> str | Act | None:
            if moment is Moment.CONTENT and pressed:
                pressed.pop()()
            return None

        relay.behaviours.append(press)
        smtp = f'transport = "smtp"\nhost = "127.0.0.1"\nport = {relay.port}\nsecurity = "none"\nconnections = 1\n'
        config.write_text(config.read_text("utf-8").replace("[mail]\n", f"[mail]\n{smtp}"), "utf-8")
        command = ["edition", "send", "--config", str(config)]
        with Terminal(command, cwd=told.home, start=Digest) as terminal:
            pressed.append(lambda: terminal.process.send_signal(signal.SIGINT))
            said = terminal.wait_for("`digest edition send` continues with them.")
            assert terminal.ended() == 130
        assert "stopped: " in said
        (edition,) = told.listed("edition", "list")
        counts = {state: count for state, count in edition["deliveries"].items() if count}
        assert counts.keys() == {"accepted", "planned"}
        assert counts["accepted"] == len(relay.taken)
        assert json.loads(told.run("edition", "send", "--json"))["accepted"] == counts["planned"]
        assert sorted(taken.recipient for taken in relay.taken) == [f"{n}@example.org" for n in ("ada", "bob", "cyd")]


def test_a_second_ctrl_c_ends_at_once(told: Blog) -> None:
    told.refresh()
    told.run("edition", "cut")
    config = told.home / "digest.toml"
    with Relay(lambda moment, _: Act.HANG if moment is Moment.CONTENT else None) as relay:
        smtp = f'transport = "smtp"\nhost = "127.0.0.1"\nport = {relay.port}\nsecurity = "none"\n'
        config.write_text(config.read_text("utf-8").replace("[mail]\n", f"[mail]\n{smtp}"), "utf-8")
        command = ["edition", "send", "--config", str(config)]
        with Terminal(command, cwd=told.home, start=Digest) as terminal:
            terminal.wait_for("sending: ")
            terminal.type(CTRL_C)
            terminal.wait_for("press Ctrl-C again to stop at once")
            terminal.type(CTRL_C)
            terminal.wait_for("digest: stopped. ")
            assert terminal.ended() == 130
