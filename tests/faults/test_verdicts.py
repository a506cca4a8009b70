"""The table of faults covers a whole run of one commit, or is not written."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.faults.verdicts import commit, lacking

HERE = str(Path(__file__).parent)


def test_the_whole_folder_with_nothing_left_out_is_all_even_where_a_test_failed() -> None:
    assert lacking({"passed": 100, "failed": 2, "": 300}, [HERE]) == []


@pytest.mark.parametrize("outcome", ["skipped", "deselected", "error"])
def test_a_run_that_left_a_test_out_is_not_all(outcome: str) -> None:
    assert lacking({"passed": 100, outcome: 2}, [HERE]) == [f"2 {outcome}"]


def test_a_file_of_the_folder_is_not_all() -> None:
    assert lacking({"passed": 1}, [f"{HERE}/test_kills.py"]) == [f"only {HERE}/test_kills.py"]


def test_a_commit_is_marked_where_another_file_than_the_page_differs(tmp_path: Path) -> None:
    git_here = ["git", "-C", str(tmp_path)]

    def git(*arguments: str) -> None:
        who = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run([*git_here, *who, *arguments], check=True, capture_output=True)

    page, code = tmp_path / "docs" / "page.md", tmp_path / "code.py"
    page.parent.mkdir()
    page.write_text("before")
    code.write_text("before")
    git("init")
    git("add", ".")
    git("commit", "-m", "x")
    clean = commit(page)
    assert "unknown" not in clean
    page.write_text("after")
    assert commit(page) == clean
    code.write_text("after")
    assert commit(page) == f"{clean}-dirty"
