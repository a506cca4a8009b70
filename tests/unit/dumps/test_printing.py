"""`digest parse`: it prints all entries that it can read, and notes on stderr."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from digest.cli.plain import print_sightings
from digest.dumps.snapshot import NEXT
from digest.model import Note, NoteKind

if TYPE_CHECKING:
    from pathlib import Path

READABLE = "甲\nBy 山客 | 2021-02-10 | {}位读者 | 引用正文甲。\n"
INDEX = "8 Nov\n\n乙\n\n正文乙。\n\n阅读全文 »\n\n6 Nov\n\n丙\n\n正文丙。\n\n阅读全文 »\n"
EVENTS = (
    "Town library\n\n12 Mar\n\nBook fair\n\nForty stalls.\n\nRegister here\n\n3 Apr\n\nMaps\n\nFree.\n\nRegister here\n"
)


@pytest.mark.parametrize(
    ("text", "titles", "whole", "says"),
    [
        (READABLE.format("1.2万") + "最近评论\n", ["甲"], True, ""),
        (
            READABLE.format(7) + "乙\nBy 山客 | gestern | 7位读者 | 引用正文乙。\n最近评论\n",
            ["甲"],
            False,
            (
                "digest: a.txt:4: looks like the start of an entry and cannot be read, so that entry is left out: "
                "By 山客 | gestern | 7位读者 | 引用正文乙。 (see what the site or the crawler changed)\n"
            ),
        ),
        (
            READABLE.format("9" * 20) + "最近评论\n",
            ["甲"],
            True,
            (
                "digest: a.txt:2: has a reader count that cannot be right, so it is unknown: "
                f"By 山客 | 2021-02-10 | {'9' * 20}位读者 | 引用正文甲。 (nothing to do if the site prints it so)\n"
            ),
        ),
        (
            INDEX,
            ["乙", "丙"],
            True,
            (
                "digest: a.txt:7: ends 2 entries and was taken for the end mark: 阅读全文 » "
                "(check that it is a link to the whole article)\n"
            ),
        ),
        (
            EVENTS,
            [],
            False,
            f"digest: a.txt: holds days with titles, but no end mark of the layout behind them ({NEXT})\n",
        ),
    ],
)
def test_notes_follow_what_was_printed(
    text: str, titles: list[str], whole: bool, says: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text(text, "utf-8")

    assert print_sightings([tmp_path / "a.txt"], as_json=True) is whole

    out, err = capfd.readouterr()
    assert [json.loads(line)["title"] for line in out.splitlines()] == titles
    assert err == says


def test_a_note_shows_a_part_of_a_long_line() -> None:
    note = Note(3, NoteKind.UNREAD, "x" * Note.LONGEST)

    assert note.sentence == f"Line 3 {note.reason} ({note.remedy})."


def test_one_paragraph_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.txt"
    path.write_text(READABLE.format(7) + "最近评论\n", "utf-8")
    print_sightings([path], as_json=False)
    assert "1 paragraph, 0 figures" in capsys.readouterr().out


def test_the_field_of_json_lines_that_was_found_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"page": {"inner": READABLE.format(7) + "最近评论\n"}}) + "\n", "utf-8")
    assert print_sightings([path], as_json=False)
    said = (
        "digest: a.jsonl: the text of its records was found in the field page.inner (`text_field` names another one)\n"
    )
    assert capsys.readouterr().err == said
