"""Upkeep: backups in one folder, the fence of a store that was restored from one, and the checks."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import Field

from digest.errors import DigestError, StoreError, UnknownError, masked
from digest.operations.core import AskedError, Context, Listed, Nothing, Operation, Request, View
from digest.records.operating import Scope
from digest.service.upkeep import backups

if TYPE_CHECKING:
    from pathlib import Path

    from digest.service.upkeep.backups import Outlook

FOLDER = "backups"  # in data_dir
_NAME = re.compile(r"digest-\d{8}T\d{6}Z\.db")


class BackupView(View):
    """A backup in the folder of the API."""

    name: str
    at: datetime
    bytes: int


class MadeBackup(View):
    """A backup that was made and verified."""

    file: str
    at: datetime
    bytes: int


class VerifiedView(View):
    """A backup that was read; every invariant holds, or what is wrong."""

    name: str
    right: bool
    problem: str | None


class WaitingEdition(View):
    """An edition whose mails wait behind the fence; addresses are masked."""

    edition: str
    people: int
    addresses: list[str]


class UpcomingDigest(View):
    """What a digest would announce without the fence."""

    digest: str
    due: datetime | None
    passed_since: bool
    next_at: datetime
    new: list[str]
    corrected: list[str]
    people: int


class FenceView(View):
    """What a restored store would send, if its fence were lifted."""

    backup_of: datetime
    waiting: list[WaitingEdition]
    digests: list[UpcomingDigest]
    held: list[str]


class FenceState(View):
    """The fence; absent if the store has none."""

    fence: FenceView | None


class LiftedFence(View):
    """The fence was lifted: how many mails count as sent, in which editions."""

    mails: int
    editions: list[str]


class FindingView(View):
    """A finding about one part of the installation; an `error` stops the service, a `warning` is good to know."""

    part: str
    ok: bool
    level: str
    says: str


class CheckRequest(Request):
    """What to check."""

    mail: bool = Field(default=False, description="Only mail, with the DNS records that it needs.")


class BackupName(Request):
    """One backup."""

    name: str = Field(max_length=60, description="The name of a backup, as the list has it.")


class LiftRequest(Request):
    """What to do with everything that waits behind the fence."""

    as_sent: bool = Field(description="True: it counts as sent, none is sent. False: all of it is sent.")
    untold: list[str] = Field([], max_length=50, description="Except these digests, which sent nothing since.")


def folder(context: Context) -> Path:
    """The folder of the backups that the API makes."""
    return context.settings.data_dir / FOLDER


def make(context: Context, _asked: Nothing) -> MadeBackup:
    """Make a backup in the folder `backups` of data_dir, and verify it by reading it back."""
    now, place = context.now(), folder(context)
    file = place / f"digest-{now:%Y%m%dT%H%M%S}Z.db"
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{place}: cannot be created: {error.strerror}") from error
    backups.back_up(context.store, file, now)
    return MadeBackup(file=file.name, at=now, bytes=file.stat().st_size)


def listed(context: Context, _asked: Nothing) -> Listed[BackupView]:
    """List the backups in the folder `backups` of data_dir, the newest first."""
    try:
        files = [file for file in folder(context).iterdir() if _NAME.fullmatch(file.name)]
    except FileNotFoundError:
        files = []
    except OSError as error:
        raise StoreError(f"{folder(context)}: cannot be read: {error.strerror}") from error
    return Listed[BackupView](
        items=[
            BackupView(name=file.name, at=_moment(file.name), bytes=file.stat().st_size)
            for file in sorted(files, key=lambda file: file.name, reverse=True)
        ]
    )


def _moment(name: str) -> datetime:
    return datetime.strptime(name, "digest-%Y%m%dT%H%M%SZ.db").replace(tzinfo=UTC)


def verify(context: Context, asked: BackupName) -> VerifiedView:
    """Read a backup, and check every invariant of it."""
    file = folder(context) / asked.name
    if not _NAME.fullmatch(asked.name) or not file.is_file():
        raise UnknownError("backup", asked.name, remedy="see the list of backups")
    try:
        backups.verify(file, folder(context))
    except DigestError as error:
        return VerifiedView(name=asked.name, right=False, problem=str(error))
    return VerifiedView(name=asked.name, right=True, problem=None)


def fence(context: Context, _asked: Nothing) -> FenceState:
    """Show what a restored store would send; nothing if it has no fence."""
    found = backups.outlook(context.store, context.settings, context.now())
    return FenceState(fence=fence_view(found) if found else None)


def fence_view(found: Outlook) -> FenceView:
    """The JSON form of what waits behind the fence."""
    return FenceView.model_validate(
        {
            "backup_of": found.since,
            "waiting": [
                {"edition": one.edition, "people": one.people, "addresses": [masked(a) for a in one.addresses]}
                for one in found.waiting
            ],
            "digests": found.digests,
            "held": found.held,
        }
    )


def lift(context: Context, asked: LiftRequest) -> LiftedFence:
    """Lift the fence of a restored store, as sent or not."""
    for name in asked.untold:
        if context.settings.digest(name) is None:
            raise UnknownError("digest", name, remedy="the configuration lists the digests")
    if not backups.fenced(context.store):
        raise AskedError("as_sent", "the store is not fenced")
    done = backups.lift(context.store, context.settings, context.now(), as_sent=asked.as_sent, untold=asked.untold)
    return LiftedFence(mails=done.mails, editions=list(done.editions))


def _fenced(context: Context, _asked: LiftRequest) -> dict[str, Any]:
    since = backups.fenced(context.store)
    return {"fenced": since.isoformat() if since else None}


def check(context: Context, asked: CheckRequest) -> Listed[FindingView]:
    """Check the configuration, the store, the templates, the dumps and the mail transport; change nothing."""
    if context.service.check is None:
        raise AskedError("mail", "nothing can be checked here", remedy="run `digest check`")
    found = context.service.check(context.settings, asked.mail)
    return Listed[FindingView](
        items=[FindingView(part=part, ok=level == "ok", level=level, says=says) for part, level, says in found]
    )


CHECK = Operation(
    "check.run", "POST", "/check", Scope.OPERATE, CheckRequest, Listed[FindingView], check, "check", acts=False
)
MAKE = Operation(
    "backups.make", "POST", "/backups", Scope.ADMIN, Nothing, MadeBackup, make, "backup", named=lambda done: done.file
)
LIST = Operation("backups.list", "GET", "/backups", Scope.ADMIN, Nothing, Listed[BackupView], listed)
VERIFY = Operation(
    "backups.verify", "POST", "/backups/{name}/verify", Scope.ADMIN, BackupName, VerifiedView, verify, acts=False
)
FENCE = Operation("fence.show", "GET", "/fence", Scope.ADMIN, Nothing, FenceState, fence, "unfence")
LIFT = Operation(
    "fence.lift",
    "POST",
    "/fence/lift",
    Scope.ADMIN,
    LiftRequest,
    LiftedFence,
    lift,
    "unfence",
    target=lambda asked: "as sent" if asked.as_sent else "send",
    state=_fenced,
)
OPERATIONS = (CHECK, MAKE, LIST, VERIFY, FENCE, LIFT)
