"""The golden mails: equal values give the bytes that a person reviewed."""

from __future__ import annotations

import pytest

from digest.mail.composing.edition_text import LARGEST_HTML
from tests.golden.mails import FOLDER, MAILS, path


@pytest.mark.parametrize("name", MAILS)
def test_a_mail_is_as_it_was_when_it_was_looked_at(name: str) -> None:
    assert MAILS[name]().raw == path(name).read_bytes(), "if the change is wanted: `make golden`, and look at the diff"


def test_no_golden_mail_is_left_over() -> None:
    assert {file.stem for file in FOLDER.glob("*.eml")} == set(MAILS)


def test_the_long_one_is_its_contents_alone() -> None:
    made = MAILS["long"]().words
    assert len(made.html.encode()) < LARGEST_HTML
    assert made.html.count("/entries/") == 89
    assert "<img" not in made.html
    assert "圆周率小于" not in made.html + made.text
