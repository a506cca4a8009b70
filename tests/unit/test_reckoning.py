"""docs/scale.md: the estimates follow from the measurements."""

from __future__ import annotations

import re

import pytest

from benchmarks.reckoning import MEASURED, PAGE, RECKONED, figures, reckoned


def test_the_reckoned_part_of_the_page_is_what_its_measured_part_gives() -> None:
    page = PAGE.read_text("utf-8")
    assert reckoned(page) == page
    assert "| `" in page.partition(RECKONED[0])[0]


def test_another_measurement_reckons_another_page() -> None:
    page = PAGE.read_text("utf-8")
    known = figures(page)
    slower = page.replace(f"| {known['p']:,.0f} |", "| 1 |")
    assert slower != page
    assert figures(slower)["p"] == pytest.approx(1)
    assert "11.6 days" in reckoned(slower)


def test_the_page_was_measured_in_full() -> None:
    measured = PAGE.read_text("utf-8").partition(MEASURED[0])[2].partition(MEASURED[1])[0]
    assert "; 20,000 mails, 10,000 sources." in measured
    assert re.findall(r"^\| (\d+) \|", measured, re.MULTILINE) == ["1", "2", "4"]
