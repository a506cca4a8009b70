"""Describes an unexpected exception to the operator: in one line, with its place."""

from __future__ import annotations

import traceback
from pathlib import Path

import digest
from digest.errors import RowError

REPORT_IT = "this is a fault of digest: report it with the dump"


def describe_fault(error: Exception, what: str = "cannot be read or stored") -> str:
    """An unexpected exception in one line: the consequence, its type and message, and the last place in our code."""
    home = Path(digest.__file__).parent
    raised = error.__cause__ if isinstance(error, RowError) and error.__cause__ else error
    frames = [
        frame for frame in traceback.extract_tb(raised.__traceback__) if Path(frame.filename).is_relative_to(home)
    ]
    place = f" at {Path(frames[-1].filename).relative_to(home.parent)}:{frames[-1].lineno}" if frames else ""
    said = " ".join(str(error).split())[:200]
    return f"{what}: {type(raised).__name__}{f': {said}' if said else ''}{place}"
