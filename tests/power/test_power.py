"""The power is cut at any moment of a run, and the disk keeps any part of what was not synced.

The run is recorded with strace. Each content that the disk may have afterwards is laid there, the program is started on
it, and the invariants have to hold. `make power` tries all of them; `make test` tries a few of each scene.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from digest.app import clock, opened
from digest.model import ConfirmationKind, DigestId
from digest.settings import load
from tests.contract.test_released_stores import frozen
from tests.faults.conftest import ARTICLES, new_place
from tests.faults.places import LATER
from tests.faults.states import state_of
from tests.power import invariants
from tests.power.disk import Disk
from tests.power.trace import Reported, Sync, record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.places import Place
    from tests.power.disk import State

ALL = os.environ.get("DIGEST_TEST_POWER") == "all"
SOME = None if ALL else 6  # states of each scene, besides those when something was reported

pytestmark = pytest.mark.timeout(0 if ALL else 300)


@pytest.fixture(autouse=True)
def traced(needs: Callable[[str], str]) -> None:
    """strace, and the right to use it."""
    needs("strace")


def nothing_read(_place: Place) -> None:
    """Nothing was ever read: there is no store yet."""


def read(place: Place) -> None:
    place.here("refresh")
    changed = [*ARTICLES[:2], ARTICLES[2].__class__("全新的文章", (2026, 3, 9)), ARTICLES[2]]
    place.write("a.txt", changed)


def to_cut(place: Place) -> None:
    place.here("refresh")
    (place.home / "people.csv").write_text("address\n" + "".join(f"p0{n}@example.org\n" for n in range(5)), "utf-8")
    place.here("subscribers", "import", str(place.home / "people.csv"))


def to_send(place: Place) -> None:
    to_cut(place)
    place.here("edition", "cut")


def to_back_up(place: Place) -> None:
    to_send(place)
    (place.home / "copies").mkdir()


def to_restore(place: Place) -> None:
    to_back_up(place)
    place.here("backup", str(place.home / "copies" / "copy.db"))
    place.here("subscribers", "leave", "p03@example.org")


def to_confirm(place: Place) -> None:
    to_cut(place)
    settings, now = load(place.home / "digest.toml"), clock()
    with opened(settings) as store, store.write() as tx:
        for number in range(3):
            tx.confirmations.ask(
                ConfirmationKind.JOIN,
                f"new{number}@example.org",
                subscriber=None,
                digests=[DigestId("weekly")],
                language="en",
                latest=False,
                network="x",
                mail=False,
                now=now,
                expires_at=now + settings.signup.expires,
            )


def of_0_2_0(place: Place) -> None:
    frozen("0012", place.database)


@dataclass(frozen=True)
class Scene:
    """What lies there before, the invariants, and what is run after the power is back."""

    name: str
    before: Callable[[Place], None]
    hold: tuple[Callable[[Place, State, str], None], ...]
    again: tuple[str, ...] = ()
    ends: Callable[[Place, State, str], None] | None = None


SAME, SEND = invariants.ends_the_same, ("edition", "send")
SCENES = {
    "first_import": Scene("the first import", nothing_read, (invariants.reported_is_stored,), ("refresh",), SAME),
    "refresh": Scene("a refresh with news", read, (invariants.reported_is_stored,), ("refresh",), SAME),
    "edition": Scene("making an edition", to_cut, (invariants.reported_is_stored,), ("edition", "cut"), SAME),
    "drain": Scene(
        "sending it into a maildir",
        to_send,
        (invariants.recorded_is_there,),
        ("edition", "send"),
        invariants.everybody_has_it,
    ),
    "drain_smtp": Scene("sending it to a mail server", to_send, (), (), invariants.everybody_got_it),
    "backup": Scene("a backup", to_back_up, (invariants.backup_is_there,)),
    "restore": Scene("restoring a backup", to_restore, (invariants.one_of_both,)),
    "migration": Scene(
        "migrating a store of version 0.2.0", of_0_2_0, (invariants.reported_is_stored,), ("refresh",), SAME
    ),
    "erase": Scene("erasing a person", to_cut, (invariants.reported_is_stored, invariants.erased)),
    "confirm": Scene("three people confirm", to_confirm, (invariants.promised_to_people,)),
    "leave": Scene("three people leave", to_cut, (invariants.promised_to_people,)),
}


@pytest.mark.parametrize("name", SCENES)
def test_after_any_cut_of_the_power_the_invariants_hold(
    name: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    scene = SCENES[name]
    place = new_place(tmp_path / "home")
    scene.before(place)
    disk = Disk(place.home)
    command = [sys.executable, "-m", "tests.power.scenes", name]
    environment = place._environment() | {"PYTHONPATH": os.pathsep.join(sys.path)}
    events = record(place.home, command, environment, tmp_path / "trace")
    assert any(isinstance(one, Sync) for one in events)
    assert any(isinstance(one, Reported) for one in events)
    final = state_of(place.database)
    tried = 0
    record_property("scene", scene.name)
    record_property("calls", len(events))
    for state in disk.states(events, some=SOME):
        tried += 1
        state.lay(place.home)
        try:
            invariants.whole(place)
            for invariant in scene.hold:
                invariant(place, state, final)
            if scene.again:
                place.here(*scene.again, later=LATER)
            if scene.ends:
                scene.ends(place, state, final)
        except AssertionError as error:
            record_property("tried", tried)
            error.add_note(state.cause)
            raise
    record_property("tried", tried)
    assert tried > 1
