"""What has to hold after any cut of the power, whatever the disk kept of it."""

from __future__ import annotations

import email
from collections import Counter
from typing import TYPE_CHECKING

from digest.store.database import schema
from tests.faults.places import LATER
from tests.faults.sink import Sink
from tests.faults.states import copied, state_of
from tests.faults.test_kills import CONNECTIONS
from tests.power.scenes import to_sink

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.places import Place
    from tests.power.disk import State


def whole(place: Place) -> None:
    """Each database that is there is whole, and so is each backup."""
    for file in (place.database, place.home / "copies" / "copy.db"):
        if file.exists() and _schema(file) in {None, schema.NEWEST}:
            state_of(file)
        elif file.exists():
            with copied(file) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def _schema(file: Path) -> str | None:
    with copied(file) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            return None
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def reported_is_stored(place: Place, state: State, final: str) -> None:
    """A command that ended well has stored everything."""
    if any(line.startswith("done: ") for line in state.reported):
        assert state_of(place.database) == final


def mails(place: Place) -> list[str]:
    """To whom the mails in the maildir go."""
    found = []
    for file in sorted((place.home / "mail" / "new").glob("*")):
        message = email.message_from_bytes(file.read_bytes())
        assert message["Message-ID"], f"{file.name} is not whole"
        assert message.is_multipart()
        found.append(str(message["Delivered-To"]))
    return found


def recorded_is_there(place: Place, state: State, _final: str) -> None:
    """Each mail that counts as delivered is in the maildir, once and whole; all of them when the command has ended."""
    there = mails(place)
    assert len(set(there)) == len(there)
    if state_of(place.database):
        rows = place.rows()
        lost = {person for person, (condition, _) in rows.items() if condition == "accepted"} - set(there)
        assert not lost, "these count as delivered, and nobody has their mail"
        if any(line.startswith("done: ") for line in state.reported):
            assert set(rows) == set(there)


def backup_is_there(place: Place, state: State, _final: str) -> None:
    """A backup that was reported is there, whole and fenced."""
    copy = place.home / "copies" / "copy.db"
    if any(line.startswith("done: backup") for line in state.reported):
        assert copy.exists()
        assert _fenced(copy)


def one_of_both(place: Place, state: State, final: str) -> None:
    """A restored store is behind its fence; without it, it is the one that was there before."""
    if any(line.startswith("done: restore") for line in state.reported):
        assert _fenced(place.database)
        assert state_of(place.database) == final


def _fenced(file: Path) -> bool:
    with copied(file) as connection:
        return connection.execute("SELECT fenced_at FROM meta").fetchone()[0] is not None


def subscribed(place: Place) -> set[str]:
    with copied(place.database) as connection:
        query = (
            "SELECT address FROM subscriptions JOIN subscribers ON id = subscriber_id "
            "WHERE left_at IS NULL AND joined_at IS NOT NULL"
        )
        return {address for (address,) in connection.execute(query)}


def promised_to_people(place: Place, state: State, _final: str) -> None:
    """What a page said to somebody stays so: one who left gets no mail, one who confirmed is subscribed."""
    there = subscribed(place)
    for line in state.reported:
        what, _, address = line.partition(": ")
        if what == "subscribed":
            assert address in there
        if what == "left":
            assert address not in there


def erased(place: Place, state: State, _final: str) -> None:
    """An address that was erased is in no byte of the database and of what lies beside it."""
    if any(line.startswith("done: subscribers erase") for line in state.reported):
        for file in place.database.parent.iterdir():
            assert b"p00@example.org" not in file.read_bytes(), file.name


def ends_the_same(place: Place, _state: State, final: str) -> None:
    """The same command, run again, ends as if the power had never been cut."""
    assert state_of(place.database) == final


def everybody_has_it(place: Place, _state: State, _final: str) -> None:
    """After the drain has been run again, everybody has one mail, and nothing is left to send."""
    rows = place.rows()
    assert sorted(mails(place)) == sorted(rows)
    assert {condition for condition, _ in rows.values()} == {"accepted"}


def everybody_got_it(place: Place, state: State, _final: str) -> None:
    """Everybody got a mail before the cut or after it; the few who got two got the same one, and it is counted."""
    before = [line.split(" ")[1:] for line in state.reported if line.startswith("got: ")]
    with Sink() as sink:
        place.env |= to_sink(sink)
        place.here("edition", "send", later=LATER)
        after = [[one.recipient, one.message_id] for one in sink.taken]
    rows = place.rows()
    assert {condition for condition, _ in rows.values()} == {"accepted"}
    copies = Counter(recipient for recipient, _ in (*before, *after))
    assert set(copies) == set(rows), "somebody got none"
    twice = {recipient for recipient, count in copies.items() if count > 1}
    assert max(copies.values()) <= 2
    assert len(twice) <= CONNECTIONS
    for recipient in twice:
        assert len({name for one, name in (*before, *after) if one == recipient}) == 1
        assert rows[recipient][1] > 1, "a second copy is not counted"
