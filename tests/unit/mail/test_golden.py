"""The golden mails: equal values give the same bytes as when a person looked at them last."""

from __future__ import annotations

import pytest

from digest.mail.words import LARGEST_HTML
from tests.golden.mails import FOLDER, MAILS, path


@pytest.mark.parametrize("name", MAILS)
def test_a_mail_is_as_it_was_when_it_was_looked_at(name: str) -> None:
    assert MAILS[name]().raw == path(name).read_bytes(), "if the change is wanted: `make golden`, and look at the diff"


def test_no_golden_mail_is_left_over() -> None:
    assert {file.stem for file in FOLDER.glob("*.eml")} == set(MAILS)


def test_the_long_one_is_cut_between_entries_and_says_so() -> None:
    made = MAILS["long"]().words
    assert LARGEST_HTML * 0.9 < len(made.html.encode()) <= LARGEST_HTML
    shown = made.html.count('class="entry"')
    assert f"还有{89 - shown}篇" in made.html
    assert f"还有{89 - shown}篇" in made.text
    assert made.html.count("<img") == 2 * shown
