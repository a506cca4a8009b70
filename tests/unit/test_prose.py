"""The list of words of tests/prose.py finds each place; `make check` runs it over the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import prose

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("file", "text", "reported"),
    [
        ("docs/page.md", "# Page\n\nA person is told twice.\n", "docs/page.md:3: is told: write announced, reported"),
        ("digest/one.py", '"""Whoever reads this."""\n', "digest/one.py:1: Whoever: write a person who"),
        (
            "digest/one.py",
            '"""Two lines.\n\nIt is gone for good.\n"""\n',
            "digest/one.py:3: for good: write permanently",
        ),
        ("digest/one.py", "x = 1  # the rhythm of it\n", "digest/one.py:1: rhythm: write frequency"),
        ("digest/one.py", 'x = f"{1} is struck off"\n', "digest/one.py:1: struck off: write suppressed"),
        ("tests/test_one.py", "def test_nobody_is_told() -> None: ...\n", "tests/test_one.py:1: is told: write"),
    ],
)
def test_a_word_is_reported_with_its_place_and_a_plainer_one(
    tmp_path: Path, file: str, text: str, reported: str
) -> None:
    (tmp_path / file).parent.mkdir()
    (tmp_path / file).write_text(text, "utf-8")
    (found,) = prose.faults(tmp_path)
    assert found.startswith(reported)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("docs/page.md", "Type `digest is told`:\n\n    whoever\n\n```sh\nlaws\n```\n"),
        ("digest/one.py", "told = is_told = rhythm = 1\n"),
        ("digest/one.py", 'x = "rhythm"\n'),
        ("docs/page.md", "The cat rests on the mat, and this is a good reason.\n"),
        ("docs/zh/page.md", "whoever\n"),
    ],
)
def test_code_and_names_and_other_words_are_no_prose(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(text, "utf-8")
    assert list(prose.faults(tmp_path)) == []


def test_the_command_prints_each_place_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(prose, "ROOT", tmp_path)
    assert prose.main() == 0
    (tmp_path / "README.md").write_text("Gone for good.\n", "utf-8")
    assert prose.main() == 1
    assert "README.md:1: for good: write permanently" in capsys.readouterr().out
