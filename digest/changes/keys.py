"""What an entry answers to: title key, lead key, series marks, and the id minted from them."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING

from digest.changes.text import plain_lines
from digest.model import EntryId

if TYPE_CHECKING:
    from collections.abc import Container

    from digest.model import Content, DateEvidence

_LEAD = 40
_SHORTEST = 12
_FOLDED = str.maketrans(
    dict.fromkeys("“”„‟«»「」『』＂″", '"')
    | dict.fromkeys("‘’‚‛`´′", "'")
    | dict.fromkeys("‐‑‒–—―−﹘", "-")
    | dict.fromkeys("【〔〖[", "(")
    | dict.fromkeys("】〕〗]", ")")
    | dict.fromkeys("《〈", "<")
    | dict.fromkeys("》〉", ">")
    | {"。": ".", "、": ",", "·": ".", "・": "."}
)
_DROPPED = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
_END = ".,!?;:~-\"'"
_SERIES = re.compile(
    r"\d+(?:\.\d+)*"
    r"|(?<=[(第之])[零〇一二三四五六七八九十百]+"
    r"|(?<=\()[上中下前后後](?=\))"
    r"|[零〇一二三四五六七八九十]+$"
)
_ROMAN = re.compile(r"(?<![a-z])(?:i{1,3}|iv|vi{0,3}|ix|x)(?![a-z])")


def title_key(title: str) -> str:
    """What two writings of one title share; never displayed, empty only for an empty title.

    Width, case, white space, the kind of quotes, dashes and brackets and the punctuation at the end do not count.
    """
    folded = _DROPPED.sub("", "".join(_folded(title).split()))
    return folded.rstrip(_END) or folded


def lead_key(content: Content) -> str:
    """A fingerprint of how the text begins, the same in both layouts; empty where there is too little text.

    Short lines do not count: a caption that stands there once looks like one.
    """
    lead = ""
    for line in plain_lines(content):
        if len(line) >= _SHORTEST:
            lead += line
        if len(lead) >= _LEAD:
            return f"1:{hashlib.sha256(lead[:_LEAD].encode()).hexdigest()[:20]}"
    return ""


def series_marks(title: str) -> tuple[str, ...]:
    """The numbers and parts in a title: what tells the articles of a series apart. Roman ones stand at the end."""
    return (*_SERIES.findall(title_key(title)), *_ROMAN.findall(_folded(title)))


def _folded(title: str) -> str:
    return unicodedata.normalize("NFKC", title).translate(_FOLDED).casefold()


def entry_id(key: str, evidence: DateEvidence | None, taken: Container[str]) -> EntryId:
    """A new id: 13 characters from title key and day, with `-2`, `-3` … where it is taken.

    The year does not count, since it may become known later: a store that is built anew mints the same ids.
    """
    day = f"{evidence.month:02}-{evidence.day:02}" if evidence else ""
    hashed = hashlib.sha256(f"1\n{key}\n{day}".encode()).digest()[:8]
    minted = base64.b32encode(hashed).decode().rstrip("=").lower()
    name, number = minted, 1
    while name in taken:
        number += 1
        name = f"{minted}-{number}"
    return EntryId(name)
