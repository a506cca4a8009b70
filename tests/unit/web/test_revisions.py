"""The text of a page for each cause of a revision."""

from __future__ import annotations

import pytest

from digest.changes.values import Cause
from digest.templating import LANGUAGES, environment


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("cause", [*Cause, "date", "dated"])
def test_each_cause_is_described_in_words_of_the_language(language: str, cause: str) -> None:
    made = environment(language, None).from_string("{{ _('revision ' ~ cause) }}").render(cause=cause)
    assert not made.startswith("revision ")
    assert made.isascii() == (language == "en")
