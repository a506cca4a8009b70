"""Facts that two layers state because neither may import the other: they must be equal."""

from __future__ import annotations

from typing import get_args

import pytest

from digest.dumps import snapshot
from digest.editions.schedule import Schedule
from digest.errors import DigestError
from digest.settings import Digest, Source, kinds
from digest.templating import LANGUAGES
from tests import icons


def test_the_settings_offer_the_languages_of_the_templates() -> None:
    offered, *_ = get_args(kinds.Language)

    assert get_args(offered) == kinds._LANGUAGES == LANGUAGES


def test_the_largest_dump_is_as_large_in_the_settings_as_without_them() -> None:
    assert Source.model_fields["largest"].default == snapshot.LARGEST


def is_schedule(written: str) -> bool:
    try:
        Schedule.parse(written, "UTC")
    except (DigestError, ValueError):
        return False
    return True


GOOD = ("Daily 8:00", " mon 08:00 ", "mon,THU 23:59", "mon , thu 0:00", "monthly 1 08:00", "monthly 28 8:05")
WRONG = ("", "daily", "daily 24:00", "daily 08:60", "daily 8", "mon thu 08:00", "monday 08:00", "mon, 08:00", "08:00")
ODD = ("monthly 0 08:00", "monthly 29 08:00", "monthly 08:00", "monthly  07 8:05", "weekly 08:00", "daily 08:00 UTC")


@pytest.mark.parametrize("written", [*GOOD, *WRONG, *ODD])
def test_the_settings_take_the_schedules_that_can_be_parsed(written: str) -> None:
    try:
        Digest(id="weekly", title="x", schedule=written)
    except ValueError:
        accepted = False
    else:
        accepted = True

    assert accepted == is_schedule(written)


def test_the_pictures_that_feeds_name_are_drawn_from_the_icon() -> None:
    assert {name: (icons.WEB / name).read_bytes() for name in icons.drawn()} == icons.drawn()  # python -m tests.icons
