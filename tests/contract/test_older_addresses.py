"""People whom older programs stored are found under each spelling, and their links work."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from digest.errors import UnknownError
from digest.model import ConfirmationId, ConfirmationKind, SubscriberId
from digest.service.people.links import LinkState, confirmation_link
from digest.service.people.roster import record_of
from digest.service.people.subscribers import require_person
from digest.settings import Settings
from digest.store import open_store
from digest.store.database import engine as engines
from digest.store.database import meta, schema
from digest.store.database import postgres as servers
from tests.integration.web.test_mailed import of_before
from tests.postgres import name_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from digest.store.transaction import Store
    from tests.postgres import Server

NOW = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)
DAY = timedelta(days=1)
NFD = "e\u0301t@example.org"
# As they were stored: the address, and its key by casefold.
PEOPLE = {
    1: "Ada@Example.org".replace("Example", "example"),
    2: "reader@xn--mnchen-3ya.example",
    3: "a@strasse.example",  # who wrote straße
    4: "straße@example.org",
    5: NFD,
    6: "i@xn--n3h.example",  # no domain by IDNA 2008
    7: "a\u200bb@example.org",  # no address any more
}


def fill(connection: Connection) -> None:
    """What a program of the schema 0003 left: people, a link that was used, one that awaits its owner."""
    for number, address in PEOPLE.items():
        connection.execute(
            text(
                "INSERT INTO subscribers (id, address, address_key, name, language, format, timezone, topics, "
                "created_at, suppressed) VALUES (:id, :address, :key, '', 'en', 'both', '', '[]', :now, '')"
            ),
            {"id": number, "address": address, "key": address.casefold(), "now": NOW},
        )
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT setval(pg_get_serial_sequence('subscribers', 'id'), 100)"))
    asked = {"joined": (1, PEOPLE[1], NOW), "awaited": (2, "new@example.org", None)}
    for number, address, done in asked.values():
        connection.execute(
            text(
                "INSERT INTO confirmations (id, kind, address, address_key, digests, language, latest, network, "
                "asked_at, expires_at, done_at, attempts, text) VALUES (:id, 'join', :address, :key, '[\"weekly\"]', "
                "'en', :no, 'n', :now, :over, :done, 1, 'mailed')"
            ),
            {
                "id": number,
                "address": address,
                "key": address.casefold(),
                "no": False,
                "now": NOW,
                "over": NOW + 2 * DAY,
                "done": done,
            },
        )


def migrate_one(url: str, engine: Engine) -> None:
    """Make a store of the older program and migrate it."""
    with engine.begin() as connection:
        schema.upgrade(connection, "here", "0003")
        meta.make_row(connection, NOW, b"of before")
        fill(connection)
    engine.dispose()
    open_store(url).close()


@pytest.fixture(scope="module")
def older_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("older") / "digest.db"
    migrate_one(f"sqlite:///{file}", engines.writing(engines.opened(file, DAY)))
    return file


@pytest.fixture(scope="module")
def older_database(postgres: Server) -> str:
    url = postgres.database()
    migrate_one(url, servers.writing(servers.opened(url, timedelta(seconds=5)), exclusive=True))
    return name_in(url)


@pytest.fixture(params=["file", "postgresql"])
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A copy of a migrated store of the older program."""
    if request.param == "file":
        copy = shutil.copyfile(request.getfixturevalue("older_file"), tmp_path / "digest.db")
        url = f"sqlite:///{copy}"
    else:
        server: Server = request.getfixturevalue("postgres")
        url = server.database(request.getfixturevalue("older_database"))
    store = open_store(url)
    yield store
    store.close()


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("ADA@EXAMPLE.ORG", 1),
        ("ada＠example．org", 1),
        ("reader@München.example", 2),
        ("reader@xn--mnchen-3ya.example", 2),
        ("a@straße.example", 3),
        ("a@strasse.example", 3),
        ("straße@example.org", 4),
        ("ét@example.org", 5),
        (NFD, 5),
        ("i@☃.example", 6),
        ("i@xn--n3h.example", 6),
        ("a\u200bb@example.org", 7),
    ],
)
def test_an_operator_finds_the_people_whom_an_older_program_stored(older: Store, written: str, number: int) -> None:
    with older.read() as tx:
        assert require_person(tx, written).subscriber.id == number
    assert record_of(older, written).subscriber.id == number


def test_nobody_is_taken_for_whom_another_domain_or_mailbox_belongs_to(older: Store) -> None:
    with older.write() as tx:
        assert tx.subscribers.find("a@straße.example") is None, "not the one of strasse.example, who did not agree"
        assert tx.subscribers.find("strasse@example.org") is None
        with pytest.raises(UnknownError):
            require_person(tx, "strasse@example.org")
        added = tx.subscribers.add("strasse@example.org", name="", language="en", fmt="both", now=NOW)  # type: ignore[arg-type]
        assert added is not None


def test_links_of_before_say_what_is_so(older: Store) -> None:
    settings = Settings(base_url="https://digest.example.org")
    with older.read() as tx:
        used, awaited = tx.confirmations.get(ConfirmationId(1)), tx.confirmations.get(ConfirmationId(2))
    assert used is not None
    assert awaited is not None
    assert (used.kind, used.subscriber, used.proven) == (ConfirmationKind.JOIN, 1, False)
    assert (awaited.address, awaited.subscriber) == ("new@example.org", None)
    secret = older.secret()
    states = [confirmation_link(older, settings.signup, of_before(secret, one), NOW).state for one in (used, awaited)]
    assert states == [LinkState.USED, LinkState.OPEN]


def test_new_rows_get_numbers_of_their_own(older: Store) -> None:
    with older.write() as tx:
        values: dict[str, Any] = {
            "digests": [],
            "language": "en",
            "latest": False,
            "network": "n",
            "mail": True,
        }
        number = tx.confirmations.ask(
            ConfirmationKind.MOVE, "x@example.org", subscriber=SubscriberId(1), now=NOW, expires_at=NOW + DAY, **values
        )
        assert number == 3
