"""Patterns that few dumps need: compiling them all takes longer than parsing a page."""

import re
from functools import cached_property


class Rarely:
    """A pattern that is compiled at its first use."""

    def __init__(self, pattern: str, flags: re.RegexFlag = re.NOFLAG) -> None:
        self._pattern, self._flags = pattern, flags

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        return re.compile(self._pattern, self._flags)
