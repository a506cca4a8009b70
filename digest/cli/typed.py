"""Addresses that the operator typed: shown back whole on their own terminal, masked in files and logs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from digest.errors import masked

if TYPE_CHECKING:
    from digest.errors import DigestError


def for_its_writer(error: DigestError) -> str:
    """What is wrong, the address in it whole where the person who typed it reads this."""
    return error.whole if error.whole and sys.stderr.isatty() else str(error)


def typed(address: str) -> str:
    """An address that the operator typed: whole on their terminal, masked in a file or a log."""
    return address if sys.stdout.isatty() else masked(address)
