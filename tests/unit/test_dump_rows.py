"""The sightings of a held dump, stored as JSON in the order of their fields."""

from __future__ import annotations

import json
from dataclasses import astuple

from digest.model import DateEvidence, Extras, PrintedDate, Sighting
from digest.store.intake.dump_rows import _sighting

PLAIN = Sighting("a.txt", 3, 1, "byline", "T", "A", DateEvidence(6, 11, 2021), 7, ("x", "y"), ("y",), complete=True)
EXTRAS = Extras(
    PrintedDate(2021, 6, 11), (("readers", 7), ("likes", 2)), ("a",), "https://a.example", (("mood", "calm"),)
)


def stored(sighting: Sighting) -> list[object]:
    row: list[object] = json.loads(json.dumps(list(astuple(sighting))))
    return row


def test_a_sighting_is_read_back_as_it_was_with_what_a_declared_layout_showed() -> None:
    full = Sighting("a.txt", 0, 0, "news", "T", None, None, None, (), (), False, EXTRAS)  # noqa: FBT003 - by place
    assert _sighting(stored(PLAIN)) == PLAIN
    assert _sighting(stored(full)) == full


def test_a_row_of_an_older_version_is_read() -> None:
    assert _sighting(stored(PLAIN)[:11]) == PLAIN
