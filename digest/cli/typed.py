"""Addresses that the operator typed: displayed in full on their own terminal, masked in files and logs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from digest.errors import masked

if TYPE_CHECKING:
    from digest.errors import DigestError


def for_its_writer(error: DigestError) -> str:
    """The error's text; with the full address if stderr is the terminal of the person who typed it."""
    return error.whole if error.whole and sys.stderr.isatty() else str(error)


def typed(address: str) -> str:
    """An address that the operator typed: in full on their terminal, masked in a file or a log."""
    return address if sys.stdout.isatty() else masked(address)
