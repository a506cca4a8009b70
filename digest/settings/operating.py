"""The settings of those who operate an installation: retention, alerts, webhooks, the API and the log."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from digest.settings.kinds import Duration, Group, Hook, Name, Origin
from digest.settings.rules import broken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.settings.rules import Broken

_SHORTEST_SECRET = 16


class Retention(Group):
    """How long to store data that grows by itself. Entries, revisions, editions and consents stay permanently."""

    readers: Duration = Field(
        timedelta(days=45),
        ge=timedelta(days=7),
        description="How long to store every reader count; after that, one per day.",
    )
    readers_daily: Duration = Field(
        timedelta(days=365),
        description="How long to store one reader count per day; after that, one per month, permanently.",
    )
    details: Duration = Field(
        timedelta(days=90),
        ge=timedelta(days=7),
        description="How long to store a delivery's Message-ID and the server's reply.",
    )
    deliveries: Duration = Field(
        timedelta(days=400),
        ge=timedelta(days=7),
        description="How long to store one record per subscriber of an edition; after that, only the number of "
        "deliveries in each state.",
    )
    reports: Duration = Field(timedelta(days=365), description="How long to store reports of ambiguous sightings.")

    def rules(self) -> Iterator[Broken]:
        if self.readers_daily < self.readers:
            yield broken("readers_daily is shorter than readers", "readers_daily", "readers")
        if self.deliveries < self.details:
            yield broken("deliveries is shorter than details", "deliveries", "details")


class Alerts(Group):
    """When to alert the operator, and where to send alerts besides by mail."""

    webhook: Hook = Field("", repr=False, description="Also send alerts as a JSON POST to this URL.")
    after: int = Field(3, ge=1, description="Alert about a source after this many failed readings in a row.")
    late: Duration = Field(timedelta(hours=6), description="Alert when an edition or its mails are later than this.")
    refused: int = Field(
        5,
        ge=1,
        description="Alert when the servers of this many subscribers refuse our mail by policy within a day.",
    )
    calm: Duration = Field(
        timedelta(hours=1), description="Report a recovery once everything has been well for this long."
    )


class Webhook(Group):
    """A program that is sent what is new, as signed JSON."""

    id: Name = Field(description="Short name, part of the ledger; never change it.")
    url: Hook = Field(min_length=1, repr=False, description="Where to POST each event.")
    secret: str = Field("", repr=False, description="The secret that signs the events; better use secret_file.")
    secret_file: Path | None = Field(None, description="A file whose first line is the secret.")
    events: tuple[Literal["entries", "editions"], ...] = Field(
        ("entries", "editions"), min_length=1, description="What to send: changes of entries, editions, or both."
    )

    def rules(self) -> Iterator[Broken]:
        if bool(self.secret) == (self.secret_file is not None):
            yield broken("a webhook needs a secret, in one place", "secret_file", "secret")
        if self.secret and len(self.secret) < _SHORTEST_SECRET:
            yield broken(f"the secret has less than {_SHORTEST_SECRET} characters", "secret")


class Api(Group):
    """The HTTP API for programs of the operator."""

    on: bool = Field(default=False, description="Serve the API at `/api/v1`, to programs with a token.")
    origins: tuple[Origin, ...] = Field(
        (), description="Web sites whose scripts may use the API in a browser, such as `https://tools.example.org`."
    )
    per_minute: int = Field(300, ge=1, description="How many requests a token may make in a minute.")


class Log(Group):
    """What the service logs."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="The lowest level to log.")
    json_lines: bool = Field(default=False, description="Log one JSON object per line instead of text for people.")
