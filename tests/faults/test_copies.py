"""Backups: whole or absent whenever they are killed; one restored from yesterday sends nobody anything twice."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from digest.app import clock
from tests.conftest import Article
from tests.faults.conftest import ALL, PEOPLE, WRITES
from tests.faults.places import Injection, Place, needs_faketime
from tests.faults.sink import Moment
from tests.faults.states import copied, missing, state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.faults.sink import Sink
    from tests.faults.verdicts import Verdict

CALLS = ("fdatasync", "fsync", WRITES) if ALL else ("fdatasync", "fsync")
A_DAY_ON = ("faketime", "-f", "+1d")


def fenced(file: Path) -> bool:
    with copied(file) as connection:
        (since,) = connection.execute("SELECT fenced_at FROM meta").fetchone()
    return since is not None


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("call", CALLS)
def test_a_killed_backup_leaves_the_old_file_or_a_whole_new_one(
    cut: Place, tmp_path: Path, some: Callable[[int, str], Iterator[int]], verdict: Callable[[str], Verdict], call: str
) -> None:
    row = verdict(f"kill -9 at the n-th {call}: backup")
    place, name = cut.copy(tmp_path / "home"), "state.backup"
    place.here("backup", str(place.home / name))
    old = state_of(place.home / name)
    place.write("c.txt", [Article("备份以后的一篇", (2026, 3, 21), ("也是新的。",))])
    place.here("refresh")
    undisturbed = place.copy("undisturbed")
    undisturbed.here("backup", str(undisturbed.home / name))
    new, before, after = state_of(undisturbed.home / name), state_of(place.database), state_of(undisturbed.database)
    assert old != new

    for nth in some(place.occurrences(call, "backup", name), call):
        victim = place.copy("victim")
        ended = victim.run("backup", name, traced_by=Injection(call, nth).tracer())
        assert ended.killed or ended.code == 0, ended.err
        row.tried += ended.killed
        there = state_of(victim.home / name)
        row.losses += min(missing(old, there), missing(new, there))
        assert there in ({old, new} if ended.killed else {new}), f"killed at {call} {nth}: half a backup"
        assert fenced(victim.home / name)
        assert state_of(victim.database) in {before, after}
        victim.here("backup", str(victim.home / name))
        assert state_of(victim.home / name) == new
        assert [file.name for file in victim.home.iterdir() if ".part" in file.name] == []
        if not ended.killed:
            break
    assert row.tried


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("call", CALLS)
def test_a_killed_restore_leaves_the_old_state_or_the_new_one_behind_its_fence(
    cut: Place, tmp_path: Path, some: Callable[[int, str], Iterator[int]], verdict: Callable[[str], Verdict], call: str
) -> None:
    row = verdict(f"kill -9 at the n-th {call}: restore")
    place, name = cut.copy(tmp_path / "home"), "state.backup"
    place.here("backup", str(place.home / name))
    place.write("c.txt", [Article("备份以后的一篇", (2026, 3, 21), ("也是新的。",))])
    place.here("refresh")
    command = ("restore", name, "--yes")
    undisturbed = place.copy("undisturbed")
    undisturbed.good(*command)
    old, new = state_of(place.database), state_of(undisturbed.database)
    assert old != new

    for nth in some(place.occurrences(call, *command), call):
        victim = place.copy("victim")
        ended = victim.run(*command, traced_by=Injection(call, nth).tracer())
        assert ended.killed or ended.code == 0, ended.err
        row.tried += ended.killed
        there = state_of(victim.database)
        row.losses += min(missing(old, there), missing(new, there))
        assert there in ({old, new} if ended.killed else {new}), f"killed at {call} {nth}: half a state"
        assert fenced(victim.database) == (there == new)
        victim.here("restore", str(victim.home / name), "--yes")
        assert state_of(victim.database) == new
        assert [file.name for file in victim.database.parent.iterdir() if "restoring" in file.name] == []
        kept = [file for file in victim.database.parent.glob("*.replaced-*") if not file.name.endswith("-wal")]
        assert old in map(state_of, kept), "what was there before is gone"
        if not ended.killed:
            break
    assert row.tried


def test_a_backup_of_yesterday_reads_and_serves_and_sends_nothing_before_the_operator_says_so(
    told: Place, sink: Sink, verdict: Callable[[str], Verdict], needs: Callable[[str], str]
) -> None:
    needs_faketime(needs)
    row = verdict("a backup of yesterday is restored: fenced")
    told.here("backup", str(told.home / "yesterday"))  # the edition is made, and nobody has it yet
    told.here("edition", "send")
    once = dict.fromkeys(PEOPLE, 1)
    assert sink.copies() == once

    with time_machine.travel(clock() + timedelta(days=1)):
        told.here("restore", str(told.home / "yesterday"), "--yes")
        assert {state for state, _ in told.rows().values()} == {"planned"}, "as far as this state knows"
        told.write("new.txt", [Article("今天的一篇", (2026, 3, 25), ("今天的正文,与别的都不一样。",))])
        serves_and_sends_nothing(told)
        told.here("edition", "cut", code=1)
        told.here("edition", "send", code=1)
        row.tried += 3
        assert sink.copies() == once, "something was sent behind the fence"

        told.here("unfence", "--as-sent", "--yes")
        told.here("edition", "send")
        assert sink.copies() == once, "what was announced yesterday is announced again"
        told.write("more.txt", [Article("围栏以后的一篇", (2026, 3, 26), ("又一段正文,说的是别的事。",))])
        told.here("refresh")
        told.here("edition", "cut")
        told.here("edition", "send")
    row.losses += len(set(PEOPLE) - {one.recipient for one in sink.taken[len(PEOPLE) :]})
    row.copies += len(sink.taken) - len({one.message_id for one in sink.taken})
    assert sink.copies() == dict.fromkeys(PEOPLE, 2), "the news that came after the fence"
    assert row.copies == 0


def test_a_fence_that_is_put_up_while_mails_go_out_stops_them_at_once(
    told: Place, sink: Sink, verdict: Callable[[str], Verdict]
) -> None:
    row = verdict("a fence is put up while an edition is sent")
    told.env["DIGEST_MAIL_CONNECTIONS"] = "1"

    def at(moment: Moment, _recipient: str) -> None:
        if moment is Moment.DATA and not sink.taken:
            told.good("fence")

    sink.at = at
    ended = told.run("edition", "send")
    row.tried += 1
    assert len(sink.taken) == 1, ended.err
    assert "fenced" in ended.err
    told.here("unfence", "--send", "--yes")
    told.here("edition", "send")
    row.count(sink.copies(), PEOPLE)
    assert sink.copies() == dict.fromkeys(PEOPLE, 1)


def serves_and_sends_nothing(place: Place) -> None:
    """Run the service on a fenced state, a day later."""
    with place.serving(before=A_DAY_ON) as service:
        for path in ("/", "/feed.atom", "/readyz"):
            assert service.ask(path)[0] == 200, path
        assert "今天的一篇" in service.ask("/feed.json")[2].decode(), "what the dumps show now is read"
        assert "fenced: nothing is made or sent" in service.said()
        service.stop()
