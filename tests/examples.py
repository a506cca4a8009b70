"""How many examples a property is tried on: few while somebody waits, many over night. Decision 266."""

from __future__ import annotations

import os

PERCENT = int(os.environ.get("DIGEST_TEST_EXAMPLES", "15"))  # of what is enough; quick takes 8, fuzz 1,000
_LEAST = 5


def examples(enough: int) -> int:
    """The share of these that is tried now."""
    return max(_LEAST, enough * PERCENT // 100)
