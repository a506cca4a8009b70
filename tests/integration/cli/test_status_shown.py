"""`digest status` for people: local and relative times, no wider than the terminal, colour only for trouble."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from digest.cli.terminal import fitted, head, local_time, relative_time, short, table, wrapped_lines
from digest.typeset.text import cells
from tests.forking import Digest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Article, Blog

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
LONG_ID = "a-source-whose-id-is-longer-than-any-column-and-is-copied-whole"
LONG_TITLE = "科学空间与数学随笔以及一切别的事情的合集" * 3
RED = "\x1b[31m"
COLOUR = re.compile(r"\x1b\[[\d;]*m")  # progress, which appears after two seconds, clears its line by another sequence


@pytest.mark.parametrize(
    ("away", "says"),
    [
        (timedelta(0), "just now"),
        (-timedelta(seconds=59), "just now"),
        (-timedelta(minutes=3, seconds=59), "3 min ago"),
        (timedelta(minutes=12), "in 12 min"),
        (timedelta(seconds=30), "in a moment"),
        (-timedelta(hours=47), "47 h ago"),
        (timedelta(days=6, hours=23), "in 6 days"),
        (-timedelta(days=400), "400 days ago"),
    ],
)
def test_times_are_shown_relative_to_now(away: timedelta, says: str) -> None:
    assert relative_time(NOW + away, NOW) == says


@pytest.mark.parametrize(
    ("zone", "at", "says"),
    [
        ("Asia/Shanghai", NOW, "20:00"),
        ("Asia/Shanghai", NOW + timedelta(hours=4), "Tue 1 Dec 00:00"),
        ("America/New_York", NOW, "07:00"),
        ("America/New_York", NOW + timedelta(days=365), "Tue 30 Nov 2027 07:00"),
    ],
)
def test_times_are_shown_in_local_time(zone: str, at: datetime, says: str) -> None:
    code = (
        "from datetime import datetime; from digest.cli.terminal import local_time; "
        f"print(local_time(datetime.fromisoformat({at.isoformat()!r}), datetime.fromisoformat({NOW.isoformat()!r})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"TZ": zone}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == says
    assert local_time(at, NOW)


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize(
    "text", ["word " * 60, "x" * 500, LONG_TITLE * 4, "a " + LONG_TITLE + " b", "", "e\u0301" * 90]
)
def test_lines_fit_by_the_cells_of_their_characters_and_lose_nothing(text: str, width: int) -> None:
    made = list(wrapped_lines(text, width, "    "))
    assert max(map(cells, made), default=0) <= width
    assert re.sub(r"\s", "", "".join(made)) == re.sub(r"\s", "", text)


def test_what_would_steer_a_terminal_is_escaped() -> None:
    (line,) = wrapped_lines("a\x1b[2Jb\nc", 80)
    assert line == r"a\x1b[2Jb\nc"
    assert short("a\x1b[2J", 80) == r"a\x1b[2J"


def test_a_table_fits_and_cuts_no_id() -> None:
    made = list(table(("id", "title", "n"), [("a", LONG_TITLE, "1"), (LONG_ID, "b", "2,000")], (12, 20, 6)))
    assert max(map(cells, made)) <= 12 + 20 + 6 + 4
    assert LONG_ID in "".join(line.strip() for line in made)
    assert head(LONG_TITLE, 5) == LONG_TITLE[:2]


@pytest.fixture
def wide(blog: Blog, article: type[Article]) -> Blog:
    """A blog with many sources, long names, and all kinds of things to report."""
    config = blog.home / "digest.toml"
    more = "".join(
        f'[[sources]]\nid = "{name}"\ntitle = "{LONG_TITLE}"\npath = "none-{name}"\n'
        for name in (LONG_ID, *(f"source-{number}" for number in range(30)))
    )
    text = config.read_text("utf-8").replace("[[digests]]", more + "[[digests]]", 1)
    text += f'\n[[digests]]\nid = "{LONG_ID}"\ntitle = "{LONG_TITLE}"\nschedule = "daily 08:00"\n'
    config.write_text(text, "utf-8")
    blog.search("page.txt", article("甲"))
    blog.search("a-page-with-a-very-long-name-" + "x" * 120 + ".txt", article("乙"))
    blog.write("bad.txt", "")
    blog.refresh(code=1)
    return blog


@pytest.mark.parametrize("columns", ["80", "60", "200"])
def test_status_fits_the_terminal(wide: Blog, monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    for command in ("status", "alerts"):
        said = wide.run(command)
        assert max(map(cells, said.splitlines())) <= min(int(columns), 120), said
        assert LONG_ID in re.sub(r"\n *", "", said)


def test_status_says_when_a_source_was_read_is_read_next_and_changed(blog: Blog, article: type[Article]) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        blog.search("page.txt", article("甲"))
        blog.refresh()
        clock.shift(timedelta(days=3))
        blog.refresh()
        clock.shift(timedelta(minutes=3))
        said = blog.run("status")
        (state,) = blog.listed("status")
    assert re.search(r"^blog .* 3 min ago +in 12 min +3 days ago$", said, re.MULTILINE), said
    assert said.startswith("All is well.\n")
    source = state["sources"][0]
    moments = [datetime.fromisoformat(source[name]) for name in ("changed_at", "refreshed_at", "next_at")]
    assert moments == [NOW, NOW + timedelta(days=3), NOW + timedelta(days=3, minutes=15)]


def on_a_terminal(blog: Blog, *command: str, **env: str) -> tuple[int, str]:
    """A command in a process whose output is a terminal."""
    ours, theirs = pty.openpty()
    given = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm"} | env
    arguments = [*command, "--config", str(blog.home / "digest.toml")]
    process = Digest(arguments, stdout=theirs, stderr=theirs, env=given)
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux's word for the end of a terminal
            break
        if not part:
            break
        said += part
    os.close(ours)
    return process.wait(timeout=60), said.decode()


def test_only_trouble_is_red_and_only_on_a_terminal_that_wants_colours(blog: Blog, article: type[Article]) -> None:
    blog.search("page.txt", article("甲"))
    blog.refresh()
    assert not COLOUR.search(on_a_terminal(blog, "status")[1])
    blog.write("bad.txt", "")
    blog.refresh(code=1)
    _, said = on_a_terminal(blog, "status")
    red = [line for line in said.splitlines() if RED in line]
    assert red
    assert all("bad.txt" in line or line.startswith(f"{RED}    ") for line in red), red
    assert not COLOUR.search(on_a_terminal(blog, "status", NO_COLOR="1")[1])
    assert "\x1b" not in blog.run("status")


@pytest.mark.parametrize(
    "command",
    [
        ("subscribers", "show", "Ada.Byron@example.org"),
        ("subscribers", "unsuppress", "Ada.Byron@example.org"),
        ("subscribers", "add", "Ada.Byron@example"),
    ],
)
def test_what_the_operator_typed_is_shown_back_whole_on_the_terminal_and_masked_elsewhere(
    blog: Blog, command: tuple[str, ...]
) -> None:
    code, said = on_a_terminal(blog, *command)
    assert (code, command[-1] in said) == (1, True), said
    masked = blog.run(*command, code=1)
    assert command[-1] not in masked
    assert "A***@e***" in masked


def test_json_has_exact_times(blog: Blog, tmp_path: Path) -> None:
    state = json.loads(blog.run("status", "--json"))
    assert datetime.fromisoformat(state["digests"][0]["next_at"]).tzinfo
    assert state["sources"][0]["changed_at"] is None
    assert {"kind", "subject", "problem", "since", "told_at"} == set(state["alerts"][0])
    assert tmp_path.exists()


def test_a_table_that_gives_way_in_one_column_shows_no_control_characters() -> None:
    made = list(fitted(("id", "title"), [("a", "题\x1b[31m\n目"), (1, None)], giving_way="title"))
    assert made == ["id  title", "a   题\\x1b[31m 目", "1"]
