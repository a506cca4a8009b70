"""The audit log: what operators did."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from digest.records.operating import ActOutcome, AuditRecord, Via
from digest.store.database.statements import insert
from digest.store.database.tables.operating import audit_log


class AuditLog:
    """The acts of operators, the newest first. Nothing deletes or rewrites a completed one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, *, who: str, via: Via, place: str, act: str, target: str, at: datetime) -> int:
        """Record that an act begins; returns its number."""
        row = {"who": who, "via": via, "place": place, "act": act, "target": target, "at": at}
        first = insert(self._connection, audit_log).values(**row, outcome=ActOutcome.BEGUN, problem="")
        return int(self._connection.execute(first.returning(audit_log.c.id)).scalar_one())

    def complete(
        self,
        number: int,
        at: datetime,
        *,
        outcome: ActOutcome,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        target: str | None = None,
        problem: str = "",
    ) -> None:
        """Record the end of an act; `target` replaces its target, for one that did not exist before."""
        named = {} if target is None else {"target": target}
        here = update(audit_log).where(audit_log.c.id == number, audit_log.c.outcome == ActOutcome.BEGUN)
        self._connection.execute(
            here.values(ended_at=at, outcome=outcome, before=before, after=after, problem=problem, **named)
        )

    def listed(
        self, *, before: int | None = None, limit: int | None = None, target: str = "", who: str = ""
    ) -> list[AuditRecord]:
        """The acts with a number below `before`, at most `limit`; only those on a target, or by a person."""
        query = select(audit_log).order_by(audit_log.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(audit_log.c.id < before)
        if target:
            query = query.where(audit_log.c.target == target)
        if who:
            query = query.where(audit_log.c.who == who)
        return [_record(row) for row in self._connection.execute(query)]

    def number(self) -> int:
        """How many acts are recorded."""
        return int(self._connection.execute(select(func.count()).select_from(audit_log)).scalar_one())


def _record(row: Row[Any]) -> AuditRecord:
    return AuditRecord(
        id=row.id,
        at=row.at,
        ended_at=row.ended_at,
        who=row.who,
        via=Via(row.via),
        place=row.place,
        act=row.act,
        target=row.target,
        before=row.before,
        after=row.after,
        outcome=ActOutcome(row.outcome),
        problem=row.problem,
    )
