"""The links in people's mails, made as the program makes them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from digest.app import clock, opened
from digest.mail.tokens import confirmation_token, form_token, leave_token
from digest.model import ConfirmationKind, DigestId, SubscriberId
from digest.settings import load
from tests.faults.states import copied

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.places import Place


def leave_paths(database: Path, count: int) -> dict[int, str]:
    """The addresses at which the first of the people leave the digest, by who they are."""
    with copied(database) as connection:
        people = [row[0] for row in connection.execute("SELECT id FROM subscribers ORDER BY id")][:count]
    return {person: leave_path(database, person) for person in people}


def leave_path(database: Path, person: int) -> str:
    """The address at which somebody leaves the digest."""
    with copied(database) as connection:
        (secret,) = connection.execute("SELECT secret FROM meta").fetchone()
    return f"/leave/{leave_token(secret, SubscriberId(person), DigestId('weekly'))}"


def signed_form(place: Place) -> str:
    """The token of a form to subscribe whose page was opened a minute ago."""
    with copied(place.database) as connection:
        (secret,) = connection.execute("SELECT secret FROM meta").fetchone()
    return form_token(secret, clock() - timedelta(minutes=1))


def confirm_path(place: Place, address: str) -> str:
    """The page on which the owner of an address confirms, who asked just now."""
    settings = load(place.home / "digest.toml")
    now = clock()
    with opened(settings) as store:
        with store.write() as tx:
            number = tx.confirmations.ask(
                ConfirmationKind.JOIN,
                address,
                subscriber=None,
                digests=[DigestId("weekly")],
                language="en",
                latest=False,
                network="x",
                mail=False,
                now=now,
                expires_at=now + settings.signup.expires,
            )
            asked = tx.confirmations.get(number)
        assert asked
        return f"/confirm/{confirmation_token(store.secret(), asked)}"
