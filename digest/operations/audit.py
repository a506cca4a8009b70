"""The audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from digest.operations.core import AskedError, Context, Listed, Operation, PageRequest, View
from digest.records.operating import ActOutcome, Scope, Via


class AuditView(View):
    """One act of an operator: who, when, from where, what, and the parts of its target that differ.

    `outcome` is `begun` for an act under way, or one that was interrupted: it may have happened.
    """

    id: int
    at: datetime
    ended_at: datetime | None
    who: str
    via: Via
    place: str
    act: str
    target: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    outcome: ActOutcome
    problem: str


class AuditRequest(PageRequest):
    """One page of the audit log."""

    target: str = Field("", max_length=500, description="Only acts on this target.")
    who: str = Field("", max_length=200, description="Only acts of this person or token.")


def listed(context: Context, asked: AuditRequest) -> Listed[AuditView]:
    """List the acts of operators, the newest first."""
    with context.store.read() as tx:
        found = tx.audit_log.listed(
            before=_number(asked.cursor), limit=asked.limit + 1, target=asked.target, who=asked.who
        )
    shown = [AuditView.model_validate(one) for one in found[: asked.limit]]
    return Listed[AuditView](items=shown, next=str(shown[-1].id) if len(found) > asked.limit else None)


def _number(cursor: str) -> int | None:
    if cursor and not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 15):  # noqa: PLR2004 - fits any database
        raise AskedError("cursor", "is not the `next` of a page")
    return int(cursor) if cursor else None


LIST = Operation("audit.list", "GET", "/audit", Scope.ADMIN, AuditRequest, Listed[AuditView], listed, "audit list")
OPERATIONS = (LIST,)
