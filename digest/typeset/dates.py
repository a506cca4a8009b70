"""Dates in words, never saying more than the evidence does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from digest.model import EntryDate

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def said(day: EntryDate | date | None, language: str) -> str:
    """`2020年11月20日`, `20 November 2020`; without a known year `11月20日`, `20 November`; empty for None."""
    if day is None:
        return ""
    if language.startswith("zh"):
        return f"{f'{day.year}年' if day.year else ''}{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS[day.month - 1]}{f' {day.year}' if day.year else ''}"
