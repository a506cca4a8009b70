"""The record of decisions: each has a number, a date and an option that lost, and each citation leads to one."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "decisions").glob("*.md"))
_HEADING = re.compile(r"^## (\d+)\. (.+)$", re.MULTILINE)
_CITED = re.compile(r"\bdecisions? (\d+(?:(?:, | and |, and )\d+)*)", re.IGNORECASE)
_MODULE = re.compile(r"`([\w/]+\.py)`")


def decisions() -> list[tuple[int, str, str]]:
    """All decisions, as (number, title, text)."""
    found = []
    for page in PAGES:
        if page.name == "README.md":
            continue
        parts = _HEADING.split(page.read_text("utf-8"))[1:]
        found += [(int(n), title, text) for n, title, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True)]
    return found


DECISIONS = decisions()
NUMBERS = [number for number, _, _ in DECISIONS]


def faults_of(number: int, text: str) -> list[str]:
    """What a decision lacks."""
    decided = re.search(r"^Decided on (\d{4}-\d\d-\d\d)[.,]", text, re.MULTILINE)
    rejected = re.search(r"^Rejected: \S.{10,}", text, re.MULTILINE)
    missing = [] if decided else [f"{number}: no date"]
    if decided:
        date.fromisoformat(decided[1])  # fails for a day that does not exist
    return missing if rejected else [*missing, f"{number}: no rejected option"]


def test_every_decision_has_a_date_and_an_option_that_lost() -> None:
    assert len(DECISIONS) > 250
    assert [fault for number, _, text in DECISIONS for fault in faults_of(number, text)] == []


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("\nDecided on 2026-11-21. It is so.\n\nRejected: another way, which is slower.\n", []),
        ("\nIt is so.\n\nRejected: another way, which is slower.\n", ["7: no date"]),
        ("\nDecided on 2026-11-21. It is so.\n", ["7: no rejected option"]),
    ],
)
def test_a_decision_without_a_date_or_a_rejected_option_is_found(text: str, faults: list[str]) -> None:
    assert faults_of(7, text) == faults


def test_numbers_are_given_once_and_without_gaps() -> None:
    assert sorted(NUMBERS) == list(range(1, len(NUMBERS) + 1))


def citations(text: str) -> list[int]:
    return [int(number) for found in _CITED.findall(text) for number in re.findall(r"\d+", found)]


def test_every_cited_decision_exists() -> None:
    files = [file for folder in ("digest", "tests", "docs") for file in sorted((ROOT / folder).rglob("*"))]
    cited = {
        (file.relative_to(ROOT).as_posix(), number)
        for file in files
        if file.suffix in {".py", ".md"} and "node_modules" not in file.parts and file != Path(__file__)
        for number in citations(file.read_text("utf-8"))
    }
    assert len(cited) > 150
    assert [place for place in sorted(cited) if place[1] not in NUMBERS] == []


def test_citations_are_read_in_all_their_forms() -> None:
    assert citations("Decision 18. decisions 3, 7 and 9; decision 1000; a decision 2026") == [18, 3, 7, 9, 1000, 2026]


def test_each_module_that_a_decision_names_exists() -> None:
    modules = [file.as_posix() for folder in ("digest", "tests") for file in (ROOT / folder).rglob("*.py")]
    named = {(number, name) for number, _, text in DECISIONS for name in _MODULE.findall(text)}
    assert len(named) > 25
    assert [at for at in sorted(named) if not any(module.endswith(f"/{at[1]}") for module in modules)] == []


def test_the_index_lists_every_page_with_its_decisions() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text("utf-8")
    for page in PAGES:
        numbers = [int(number) for number, _ in _HEADING.findall(page.read_text("utf-8"))]
        if numbers:
            assert f"({page.name})" in index, page.name
            row = next(line for line in index.splitlines() if f"({page.name})" in line)
            ranges = [tuple(map(int, span.split("–"))) for span in re.findall(r"\d+–\d+", row)]
            singles = {int(one) for one in re.findall(r"(?<![\d–])\d+(?![\d–])", row.split("|")[1])}
            listed = singles.union(*(range(first, last + 1) for first, last in ranges))
            assert listed == set(numbers), page.name
