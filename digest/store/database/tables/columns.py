"""What all tables are made of: the metadata, times in UTC, dates of entries, and how PostgreSQL differs."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Column, Date, DateTime, Dialect, Integer, MetaData, Text, TypeDecorator
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateColumn, CreateIndex
from sqlalchemy.sql.compiler import DDLCompiler

from digest.model import DateKind


class UtcTime(TypeDecorator[datetime]):
    """An aware time, stored and returned in UTC; naive times are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"{value!r} has no time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment  # SQLite stores no offset

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - as above
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


@compiles(CreateColumn, "postgresql")
def _by_bytes(created: CreateColumn, compiler: DDLCompiler, **options: Any) -> str:  # noqa: ANN401 - a compiler's
    """A column whose text is compared by its bytes, as in SQLite, whatever the server's locale."""
    written: str = compiler.visit_create_column(created, **options)  # type: ignore[no-untyped-call] # SQLAlchemy's own
    return written.replace(" TEXT", ' TEXT COLLATE "C"', 1)


@compiles(CreateIndex, "postgresql")
def _as_partial(created: CreateIndex, compiler: DDLCompiler, **options: Any) -> str:  # noqa: ANN401 - as above
    """An index over the same rows as in SQLite. Stating them twice would import the other dialect at every start."""
    given = created.element.dialect_options
    if given["postgresql"]["where"] is None:
        given["postgresql"]["where"] = given["sqlite"]["where"]
    written: str = compiler.visit_create_index(created, **options)  # type: ignore[no-untyped-call] # as above
    return written


def needed(name: str, kind: Any, *constraints: Any) -> Column[Any]:  # noqa: ANN401 - the arguments of Column
    """A column that is never NULL."""
    return Column(name, kind, *constraints, nullable=False)


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """The constraint that a column has one of these values."""
    return CheckConstraint(f"{column} IN ({', '.join(repr(str(value)) for value in values)})", name=column)


def entry_date() -> tuple[Column[Any], ...]:
    """An EntryDate with a day: kind, month and day always, `date_full` if the year is supported.

    Without a day, only `date_part` is present: `2021-06`, `2021` or `--06`. All are absent for no date.
    """
    return (
        Column("date_kind", Text),
        Column("date_month", Integer),
        Column("date_day", Integer),
        Column("date_full", Date),
        Column("date_part", Text),
    )


def entry_date_checks() -> tuple[CheckConstraint, ...]:
    """The constraints on the columns of `entry_date`."""
    return (
        one_of("date_kind", DateKind),
        CheckConstraint("(date_kind IS NULL) = (date_month IS NULL)", name="date_month"),
        CheckConstraint("(date_kind IS NULL) = (date_day IS NULL)", name="date_day"),
        CheckConstraint("(date_kind IS NULL OR date_kind = 'partial') = (date_full IS NULL)", name="date_full"),
    )
