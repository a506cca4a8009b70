"""The storage that the service needs, as protocols; `digest.store` implements them.

A store opens transactions. `with store.write() as tx` has the exclusive right to write until it ends; it commits at the
end and rolls back on any exception. `with store.read() as tx` sees one consistent state and writes nothing. Every
method may raise StoreError. Times are aware UTC.
"""

from __future__ import annotations

from digest.ports.alerts import Alert, AlertNotice, Alerts, NoticeKind
from digest.ports.audit import (
    Audit,
    Counted,
    Fact,
    Mention,
    Place,
    Reached,
    Recorded,
    Removed,
    Settled,
    Shown,
    Sighted,
    Stated,
    Step,
    Story,
    Violation,
)
from digest.ports.backups import Backups, Waiting
from digest.ports.bounces import Bounce, Bounces, Suppression, Trouble
from digest.ports.breaker import (
    Breaker,
    Evidence,
    RequestState,
    Resting,
    RestingDomain,
    SuppressionRequest,
    Tally,
)
from digest.ports.by_hand import (
    OPERATOR,
    Act,
    ActKind,
    ByHand,
    EntryState,
    Handled,
    NewArticle,
    RestingOn,
    Said,
    ShownAs,
)
from digest.ports.clocks import Ahead, ClockFault, Clocks
from digest.ports.deliveries import DeadLetters, Deliveries, DeliveryRow, HandedOver, JustFailed, Overdue
from digest.ports.digest_names import DigestNames, RenamedDigest
from digest.ports.doubts import Doubts, Owed
from digest.ports.dumps import ApplyFacts, DumpState, KnownDump, Readings, Report, SourceState, Stamp, Unsettled
from digest.ports.editions import FIRST_REACH, DigestState, EditionCounts, EditionFailure, Editions, Recipient
from digest.ports.entries import Drawn, Entries, Feeds, Pictures, ReaderCount, RevisionRecord
from digest.ports.newcomers import Joining, KnownPerson, Newcomer, Newcomers
from digest.ports.pacing import Pacing, Slowed
from digest.ports.planning import Planning, Unplanned
from digest.ports.renames import Renamed, Renames
from digest.ports.roster import Followed, OnRoster, Roster
from digest.ports.single_mails import UNMADE, SingleMails
from digest.ports.store import Store, Transaction, Version
from digest.ports.subscribers import Confirmations, Consent, Follower, SubscriberRecord, Subscribers, Suppressed
from digest.ports.watching import Queue, Retention, Watching

__all__ = [
    "FIRST_REACH",
    "OPERATOR",
    "UNMADE",
    "Act",
    "ActKind",
    "Ahead",
    "Alert",
    "AlertNotice",
    "Alerts",
    "ApplyFacts",
    "Audit",
    "Backups",
    "Bounce",
    "Bounces",
    "Breaker",
    "ByHand",
    "ClockFault",
    "Clocks",
    "Confirmations",
    "Consent",
    "Counted",
    "DeadLetters",
    "Deliveries",
    "DeliveryRow",
    "DigestNames",
    "DigestState",
    "Doubts",
    "Drawn",
    "DumpState",
    "EditionCounts",
    "EditionFailure",
    "Editions",
    "Entries",
    "EntryState",
    "Evidence",
    "Fact",
    "Feeds",
    "Followed",
    "Follower",
    "HandedOver",
    "Handled",
    "Joining",
    "JustFailed",
    "KnownDump",
    "KnownPerson",
    "Mention",
    "NewArticle",
    "Newcomer",
    "Newcomers",
    "NoticeKind",
    "OnRoster",
    "Overdue",
    "Owed",
    "Pacing",
    "Pictures",
    "Place",
    "Planning",
    "Queue",
    "Reached",
    "ReaderCount",
    "Readings",
    "Recipient",
    "Recorded",
    "Removed",
    "Renamed",
    "RenamedDigest",
    "Renames",
    "Report",
    "RequestState",
    "Resting",
    "RestingDomain",
    "RestingOn",
    "Retention",
    "RevisionRecord",
    "Roster",
    "Said",
    "Settled",
    "Shown",
    "ShownAs",
    "Sighted",
    "SingleMails",
    "Slowed",
    "SourceState",
    "Stamp",
    "Stated",
    "Step",
    "Store",
    "Story",
    "SubscriberRecord",
    "Subscribers",
    "Suppressed",
    "Suppression",
    "SuppressionRequest",
    "Tally",
    "Transaction",
    "Trouble",
    "Unplanned",
    "Unsettled",
    "Version",
    "Violation",
    "Waiting",
    "Watching",
]
