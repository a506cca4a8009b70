"""The progress line: what it counts, where it is drawn, what is printed after Ctrl-C."""

from __future__ import annotations

import io
import threading

import pytest

from digest.cli import progress as shown
from digest.cli.progress import Progress


class Seconds:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Screen(io.StringIO):
    """A terminal, or a file."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self.terminal, self.changed = terminal, threading.Condition()

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> int:
        with self.changed:
            written = super().write(text)
            self.changed.notify_all()
        return written

    def wait_for(self, text: str) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: text in self.getvalue(), 30), self.getvalue()


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "_FIRST", 0.0)
    monkeypatch.setattr(shown, "_REDRAWN", 0.01)
    monkeypatch.setattr(shown, "_NOW_AND_THEN", 0.01)


def test_a_line_has_total_rate_and_what_is_left(seconds: Seconds) -> None:
    progress = Progress("sending", kept="", clock=seconds)
    seconds.now += 10
    progress(500, "a.txt", 3400)
    assert progress.line() == "sending: 500 of 3,400 (14 %), 50 a second, 58 s left · a.txt"
    progress(5, total=3400)
    assert progress.line() == "sending: 5 of 3,400 (0 %), 30 a minute, 1 h 53 min left"


def test_a_line_without_a_total_counts_and_one_without_a_count_shows_the_time(seconds: Seconds) -> None:
    progress = Progress("checking", kept="", clock=seconds)
    seconds.now += 75
    assert progress.line() == "checking: 1 min 15 s"
    progress(150)
    assert progress.line() == "checking: 150, 2 a second"


def test_steps_count_what_is_through_and_a_second_look_takes_the_total_away(seconds: Seconds) -> None:
    progress = Progress("reading", kept="", total=lambda: 2, clock=seconds)
    seconds.now += 1
    progress.step("one")
    assert progress.line() == "reading: 2 to do, 1 s · one"
    progress.step("two")
    assert progress.line().startswith("reading: 1 of 2 (50 %)")
    for name in ("one", "two"):
        progress.step(name)
    assert progress.line().startswith("reading: 3, ")


def test_a_total_is_only_asked_where_somebody_waits() -> None:
    asked: list[int] = []

    def count() -> int:
        asked.append(1)
        return 1

    with Progress("reading", kept="", total=count) as progress:
        progress.step("one")
    assert asked == []
    assert "1 to do" in progress.line()
    assert asked == [1]


def test_a_phase_counts_from_nothing(seconds: Seconds) -> None:
    progress = Progress("copying", kept="", clock=seconds)
    progress(10, total=10)
    seconds.now += 5
    progress.phase("checking")
    assert progress.line() == "checking: 0 s"


@pytest.mark.usefixtures("at_once")
def test_on_a_terminal_one_line_is_redrawn_and_gone_at_the_end() -> None:
    screen = Screen(terminal=True)
    with Progress("sending", kept="", stream=screen) as progress:
        progress(1, "一" * 500, 2)
        screen.wait_for("sending: 1 of 2")
    said = screen.getvalue()
    assert "\n" not in said
    line = next(line for line in said.split("\r\x1b[2K") if line.startswith("sending: 1 of 2"))
    assert line.endswith("…")
    assert len(line) < 80
    assert said.endswith("\r\x1b[2K")


@pytest.mark.usefixtures("at_once")
def test_elsewhere_a_plain_line_comes_now_and_then() -> None:
    screen = Screen(terminal=False)
    with Progress("sending", kept="", stream=screen) as progress:
        progress(1, total=2)
        screen.wait_for("digest: sending: 1 of 2 (50 %)")
    assert all(line.startswith("digest: sending: ") for line in screen.getvalue().splitlines())
    assert "\x1b" not in screen.getvalue()


def test_what_is_quick_draws_nothing() -> None:
    screen = Screen(terminal=True)
    with Progress("sending", kept="", stream=screen) as progress:
        progress(1, total=2)
    assert screen.getvalue() == ""


@pytest.mark.usefixtures("at_once")
def test_a_name_of_a_file_does_nothing_to_the_terminal() -> None:
    screen = Screen(terminal=True)
    with Progress("reading", kept="", stream=screen) as progress:
        progress(1, "a\x1b[31m\nb")
        screen.wait_for("a?[31m?b")


@pytest.mark.usefixtures("at_once")
def test_a_line_of_output_gets_room() -> None:
    screen = Screen(terminal=True)
    with Progress("checking", kept="", stream=screen) as progress:
        screen.wait_for("checking")
        progress.make_room()
        screen.wait_for("\r\x1b[2K\r\x1b[2Kchecking")


def test_a_person_who_breaks_off_hears_what_is_stored() -> None:
    screen = Screen(terminal=True)
    with pytest.raises(KeyboardInterrupt), Progress("sending", kept="All is kept.", stream=screen):
        raise KeyboardInterrupt
    assert screen.getvalue() == "digest: stopped. All is kept.\n"


def test_an_error_is_not_taken_for_a_wish_to_stop() -> None:
    screen = Screen(terminal=True)
    with pytest.raises(ValueError, match="wrong"), Progress("sending", kept="All is kept.", stream=screen):
        raise ValueError("wrong")
    assert screen.getvalue() == ""
