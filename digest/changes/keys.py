"""The keys by which an entry is found (title key, lead key, series marks), and the id made from them. Decision 18."""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Container

from digest.changes.text import plain_lines
from digest.model import Content, DateEvidence, EntryId, Sighting
from digest.typeset.titles import first_sentence

_LEAD = 40
_SHORTEST = 12
NO_TITLE = "¶ "  # begins the key of an entry without a title; the key of a title contains no space
_LONGEST_SENTENCE = 80  # characters of a first sentence that count
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
    """What two spellings of one title have in common. It is never displayed, and empty only for an empty title.

    Width, case, white space, the kind of quotes, dashes and brackets, and punctuation at the end do not count.
    """
    folded = _DROPPED.sub("", "".join(_folded(title).split()))
    return folded.rstrip(_END) or folded


def entry_key(content: Content | Sighting) -> str:
    """The title key; without a title, a key made from the first sentence of the text.

    It is empty only if there is neither. Decision 284.
    """
    if content.title:
        return title_key(content.title)
    sentence = title_key(first_sentence(content))[:_LONGEST_SENTENCE]
    return NO_TITLE + sentence if sentence else ""


def lead_key(content: Content) -> str:
    """A fingerprint of the beginning of the text, equal in both layouts; empty if the text is too short.

    Short lines do not count, because a caption that occurs once looks like one.
    """
    lead = ""
    for line in plain_lines(content):
        if len(line) >= _SHORTEST:
            lead += line
        if len(lead) >= _LEAD:
            return f"1:{hashlib.sha256(lead[:_LEAD].encode()).hexdigest()[:20]}"
    return ""


def series_marks(title: str) -> tuple[str, ...]:
    """The numbers and parts in a title that distinguish the articles of a series. Roman ones are at the end."""
    return (*_SERIES.findall(title_key(title)), *_ROMAN.findall(_folded(title)))


def _folded(title: str) -> str:
    return unicodedata.normalize("NFKC", title).translate(_FOLDED).casefold()


def entry_id(key: str, evidence: DateEvidence | None, taken: Container[str]) -> EntryId:
    """A new id: 13 characters made from title key and day, with `-2`, `-3` … if it is taken.

    The year does not count, because it may become known later. So a rebuilt store has the same ids.
    """
    day = f"{evidence.month:02}-{evidence.day:02}" if evidence else ""
    hashed = hashlib.sha256(f"1\n{key}\n{day}".encode()).digest()[:8]
    minted = base64.b32encode(hashed).decode().rstrip("=").lower()
    name, number = minted, 1
    while name in taken:
        number += 1
        name = f"{minted}-{number}"
    return EntryId(name)
