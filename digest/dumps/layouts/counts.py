"""Parses reader counts as sites print them: `12,345`, `1.2万`, `约12345`, `1.2k+`, `—`. Decision 9."""

import re
import unicodedata
from typing import NamedTuple

from digest.dumps.layouts.characters import INVISIBLE, Rarely

LARGEST = 10**12
_LONGEST = 40  # characters of any possible count
_NOTHING = frozenset(
    {"", "-", "--", "---", "–", "—", "——", "―", "−", "_", "?", "*", "/", "n/a", "无", "無", "暂无", "未知"}
)
_BLANK = re.compile(rf"[\s{INVISIBLE}'’_]+")
_UNITS = {
    "": 1, "千": 10**3, "k": 10**3, "万": 10**4, "萬": 10**4, "w": 10**4, "m": 10**6, "百万": 10**6, "百萬": 10**6,
    "千万": 10**7, "千萬": 10**7, "亿": 10**8, "億": 10**8, "b": 10**9,
}  # fmt: skip
_COUNT = Rarely(
    r"(?:约|約|大约|大約|近|超过|超過|超|逾|共|已有|about|over|circa|ca\.?|[~≈>≥∼])?"
    r"(?P<number>\d[\d.,]*)(?P<unit>[千百]?[万萬]|[千亿億kwmb])?(?:\+|多|余|餘|以上)?"
)
_GROUPS = Rarely(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*")
_WITH_PART = Rarely(r"(\d+)(?:,(?=\d{1,2}$)|\.)(\d+)")


class Count(NamedTuple):
    """A count. `readers` is absent if none is printed, or if the printed one cannot be right (not `plausible`)."""

    readers: int | None
    plausible: bool


def read(text: str) -> Count:
    """The count in a text; at most `LARGEST`."""
    written = _BLANK.sub("", unicodedata.normalize("NFKC", text[: _LONGEST + 1])).replace("，", ",").casefold()
    if written in _NOTHING:
        return Count(None, plausible=True)
    found = _COUNT.compiled.fullmatch(written) if len(text) <= _LONGEST else None
    number = _number(found["number"], found["unit"] or "") if found else None
    return Count(None, plausible=False) if number is None or number > LARGEST else Count(number, plausible=True)


def _number(written: str, unit: str) -> int | None:
    """The number. Commas and full stops separate groups of three digits or, before a unit, a fraction."""
    size = _UNITS[unit]
    if _GROUPS.compiled.fullmatch(written) and not (unit and "." in written):
        return int(re.sub("[.,]", "", written)) * size
    if unit and (parted := _WITH_PART.compiled.fullmatch(written)):
        whole: int = 10 ** len(parted[2])
        return int(parted[1]) * size + int(parted[2]) * size // whole
    without_commas = written.replace(",", "")
    return int(without_commas) * size if without_commas.isdecimal() else None
