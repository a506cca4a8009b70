"""Simplified and traditional Chinese: one form for the search, and conversion for people who read the other script.

This is the only place that imports OpenCC, and it does so only when a text is indexed, searched or converted.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from digest.typeset.characters import RARE, UNIFIED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opencc import OpenCC

SCRIPTS = {"hans": "zh-Hans", "hant": "zh-Hant"}  # as `?script=` names them, and as HTML and feeds do
_CONVERTERS = {"hans": "tw2s", "hant": "s2tw"}
_FOLDING = ("t2s", "tw2s", "hk2s")  # each for what the ones before leave: the regions write some characters differently
_UNIFIED = range(0x3400, 0xA000)
# What a page says to programs stays: addresses, values that forms send back, names.
_KEPT = re.compile(r'(\s(?:href|action|src|value|id|name|for|class|datetime)="[^"]*")')
_LANGUAGE = re.compile(r'(\slang=")zh[A-Za-z-]*"')
_HAN = re.compile(f"[{UNIFIED}{RARE}]")


@lru_cache(maxsize=1)
def folded_characters() -> Mapping[int, str]:
    """The character for which each other one is searched, by code point; without those that stay as they are.

    Each character is folded by itself: a query may begin or end within a word. The result is stored with every entry,
    so a test pins it: another table needs a migration that computes all tokens again.
    """
    alone = "\n".join(map(chr, _UNIFIED))  # one character in each line, so that no phrase is found
    found = alone
    for name in _FOLDING:
        found = _converter(name).convert(found)
    table = dict(zip(map(chr, _UNIFIED), found.split("\n"), strict=True))
    # Some simplified forms are written with another character that has a simplified form of its own: 昵 with 暱.
    there = _converter(_CONVERTERS["hant"]).convert(alone).split("\n")
    other = {table[here]: table[one] for here, one in zip(table, there, strict=True) if one in table}
    folded = {ord(one): other.get(to, to) for one, to in table.items()}
    return {point: to for point, to in folded.items() if to != chr(point)}


def converted(text: str, script: str) -> str:
    """The text in a script of SCRIPTS, by whole words; unchanged for any other."""
    if script not in _CONVERTERS or not _HAN.search(text):
        return text
    return str(_converter(_CONVERTERS[script]).convert(text))


def converted_page(page: str, script: str) -> str:
    """An HTML page in a script of SCRIPTS; what programs read of it stays, except for the names of the language.

    Any other script leaves it as it is.
    """
    if script not in SCRIPTS:
        return page
    parts = _KEPT.split(page)
    parts[::2] = (converted(part, script) for part in parts[::2])
    return _LANGUAGE.sub(rf'\g<1>{SCRIPTS[script]}"', "".join(parts))


@lru_cache(maxsize=8)
def _converter(name: str) -> OpenCC:
    from opencc import OpenCC  # noqa: PLC0415 - `digest parse` and `status` need none

    return OpenCC(name)
