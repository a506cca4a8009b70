"""The limits of tests/sizes.py: the program keeps to them, and a tree that does not is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import sizes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty tree without exceptions."""
    monkeypatch.setattr(sizes, "LONGER_MODULES", {})
    monkeypatch.setattr(sizes, "FULLER_FOLDERS", {})
    return tmp_path


def write(root: Path, name: str, lines: int, line: str = "x = 1") -> None:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{line}\n" * lines, "utf-8")


def test_the_program_keeps_to_its_limits() -> None:
    assert list(sizes.faults(sizes.ROOT)) == []


def test_a_small_tree_is_within_limits(tree: Path) -> None:
    write(tree, "digest/small.py", sizes.LINES_OF_A_MODULE)
    write(tree, "docs/short.md", sizes.LINES_OF_A_PAGE, "a line")
    assert list(sizes.faults(tree)) == []


@pytest.mark.parametrize(
    ("name", "lines", "reported"),
    [
        ("digest/store/large.py", 351, "digest/store/large.py: 351 lines, above 350: move"),
        ("tests/unit/test_much.py", 501, "tests/unit/test_much.py: 501 lines, above 500: split"),
        ("docs/long.md", 401, "docs/long.md: 401 lines, above 400: give"),
    ],
)
def test_a_file_above_its_limit_is_reported(tree: Path, name: str, lines: int, reported: str) -> None:
    write(tree, name, lines)
    (found,) = sizes.faults(tree)
    assert found.startswith(reported)


@pytest.mark.parametrize("name", [f"{sizes.FROZEN}/0001_first.py", "docs/settings.md"])
def test_frozen_and_generated_files_may_have_any_length(tree: Path, name: str) -> None:
    write(tree, name, 2000)
    assert list(sizes.faults(tree)) == []


def test_a_folder_above_its_limit_is_reported_and_subfolders_count(tree: Path) -> None:
    write(tree, "digest/service/people/__init__.py", 1)
    for number in range(10):
        write(tree, f"digest/service/people/part{number}.py", 1)
    assert list(sizes.faults(tree)) == []
    write(tree, "digest/service/people/more/one.py", 1)
    (found,) = sizes.faults(tree)
    assert found.startswith("digest/service/people: 11 entries, above 10: join")


def test_imports_above_their_share_are_reported_with_the_modules_that_import_most(tree: Path) -> None:
    write(tree, "digest/most.py", 20, "from os import (\n    path,\n)")
    write(tree, "digest/rest.py", 300)
    (found,) = sizes.faults(tree)
    assert found.startswith("digest: 16.67% of the lines are imports")
    assert "most imports: digest/most.py" in found


def test_all_pages_together_have_a_limit(tree: Path) -> None:
    for number in range(sizes.LINES_OF_ALL_PAGES // sizes.LINES_OF_A_PAGE + 1):
        write(tree, f"docs/page{number}.md", sizes.LINES_OF_A_PAGE)
    (found,) = sizes.faults(tree)
    assert found.startswith("docs: ")


def test_an_exception_has_a_limit_too(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "LONGER_MODULES", {"digest/large.py": (400, "a reason")})
    write(tree, "digest/large.py", 400)
    assert list(sizes.faults(tree)) == []
    write(tree, "digest/large.py", 401)
    (found,) = sizes.faults(tree)
    assert found.startswith("digest/large.py: 401 lines, above 400")


def test_an_exception_that_is_no_longer_needed_is_reported(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "LONGER_MODULES", {"digest/web/pages.py": (400, "a reason")})
    monkeypatch.setattr(sizes, "FULLER_FOLDERS", {"digest/web": (12, "a reason")})
    write(tree, "digest/web/pages.py", 100)
    assert [line.partition(":")[0] for line in sizes.faults(tree)] == ["digest/web/pages.py", "digest/web"]


def test_the_command_prints_each_fault_and_fails(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sizes, "ROOT", tree)
    assert sizes.main() == 0
    write(tree, "digest/large.py", 351)
    assert sizes.main() == 1
    assert "digest/large.py: 351 lines" in capsys.readouterr().out
