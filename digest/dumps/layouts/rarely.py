"""Patterns that few dumps need: to compile them all takes longer than to parse a page."""

from __future__ import annotations

import re
from functools import cached_property


class Rarely:
    """A pattern that is compiled when it is first used."""

    def __init__(self, pattern: str, flags: re.RegexFlag = re.NOFLAG) -> None:
        self._pattern, self._flags = pattern, flags

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        return re.compile(self._pattern, self._flags)
