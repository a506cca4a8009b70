"""The log: addresses masked, tokens gone, nothing that breaks a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import structlog

from digest import logs
from digest.errors import masked

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ada@example.org left", "a***@e***.org left"),
        ("GET /leave/abcDEF-123_x HTTP", "GET /leave/*** HTTP"),
        ("two\nlines\x1b[31m", "two\\x0alines\\x1b[31m"),
        ("科学空间: 3 entries", "科学空间: 3 entries"),
    ],
)
def test_a_text_is_safe_to_log(text: str, said: str) -> None:
    assert logs.safe(text) == said


def test_a_long_text_is_made_safe_in_one_go() -> None:
    """Tried from each of its characters on, this would take an hour."""
    assert logs.safe("x" * 2_000_000 + " ada@example.org") == "x" * 2_000_000 + " a***@e***.org"
    assert logs.safe("@" + "x" * 2_000_000) == "@" + "x" * 2_000_000


@pytest.mark.parametrize(
    ("address", "shown"),
    [("ada@example.org", "a***@e***.org"), ("a@b", "a***@b***"), ("nobody", "***@n***"), ("@", "***@***")],
)
def test_any_address_can_be_masked(address: str, shown: str) -> None:
    assert masked(address) == shown


def test_json_lines_hold_level_time_and_values(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", json_lines=True)
    structlog.get_logger().debug("unheard")
    structlog.get_logger().info("sent", to="ada@example.org")

    (line,) = capsys.readouterr().err.splitlines()
    said = json.loads(line)
    assert (said["event"], said["level"], said["to"]) == ("sent", "info", "a***@e***.org")
    assert said["timestamp"].endswith("Z")


def test_people_read_one_line_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("warning", json_lines=False)
    structlog.get_logger().warning("held", reason="it shows 1 entries\nwhere it showed 10")

    (line,) = capsys.readouterr().err.splitlines()
    assert "held" in line
    assert "\\x0a" in line
