"""The image of the container keeps the languages in which dates are read."""

from __future__ import annotations

import re
from pathlib import Path

from babel.core import get_global

from digest.dumps.declared.names import LANGUAGES

ROOT = Path(__file__).resolve().parents[3]


def test_the_image_keeps_each_language_of_dates_and_what_it_builds_on() -> None:
    found = re.search(r'ARG LANGUAGES="([a-z|]+)"', (ROOT / "Dockerfile").read_text("utf-8"))
    assert found
    kept = set(found[1].split("|"))
    parents = get_global("parent_exceptions")
    assert set(LANGUAGES) <= kept
    assert {parents[name] for name in LANGUAGES if name in parents} - {"root"} <= kept
