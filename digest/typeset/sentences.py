"""Finds the ends of sentences and clauses in Chinese and English text, in time linear in the length of the text."""

import re
from collections.abc import Iterator
from itertools import accumulate

from digest.typeset.math.extract import Formula, pieces

HOLE = "\ufffc"  # replaces each character of a formula, so that no mark in it counts as a mark of the text
_STOP = re.compile(r"[。！？!?｡．.]+")
_CLAUSE = re.compile(r"[，、；：,;:](?!\d)|——|—|–")
_CLOSERS = '”’」』）)】]〕"'
_OPENS = {
    "（": "）",
    "(": ")",
    "【": "】",
    "[": "]",
    "〔": "〕",
    "《": "》",
    "〈": "〉",
    "“": "”",
    "「": "」",
    "『": "』",
}
_CLOSES = {end: start for start, end in _OPENS.items()}
_GOES_ON = frozenset("，、；：,;:）)》〉】]的地得了是和与及")
_WIDE = re.compile("[\u2e80-\ua4cf\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffe6\U00020000-\U0003ffff]")
_ABBREVIATED = re.compile(
    r"(?:(?<![A-Za-z])(?:[A-Za-z]|e\.g|i\.e|et al|etc|cf|vs|viz|Figs?|Eqs?|Secs?|Ch|Nos?|Dr|Mr|Mrs|Ms|Prof|St|Jr|Sr"
    r"|Inc|Ltd|Co|approx|resp|Refs?|Vol|pp|eds?|Thm|Lem|Prop|Def|Cor|Ex|[ap]\.m)|^\s*[(（]?\d{1,3})$",
    re.IGNORECASE | re.MULTILINE,
)
_LOOKED_BACK = 16  # characters in which an abbreviation or the number of an item fits


def masked(text: str) -> str:
    """The text with a placeholder for each character of a formula."""
    if not any(sign in text for sign in "$\\"):
        return text
    return "".join(HOLE * len(one.source) if isinstance(one, Formula) else one for one in pieces(text))


def formula_spans(text: str) -> Iterator[tuple[int, int]]:
    """The beginning and end of each formula, in order."""
    if not any(sign in text for sign in "$\\"):
        return
    at = 0
    for one in pieces(text):
        size = len(one.source) if isinstance(one, Formula) else len(one)
        if isinstance(one, Formula):
            yield at, at + size
        at += size


def ends(text: str) -> Iterator[int]:
    """The places after complete sentences, including closing quotes and brackets, in order.

    No place is inside a formula, or inside brackets, quotes or book title marks whose sentence continues after them.
    The dot of an abbreviation, number or address does not end a sentence.
    """
    text = masked(text)
    depths = _depths(text)
    for stop in _STOP.finditer(text):
        if stop.group().strip(".") == "" and not _ends_english(text, stop):
            continue
        at = stop.end()
        if stop.group()[-1] in "!?" and not _may_follow(text, at):
            continue
        while at < len(text) and text[at] in _CLOSERS:
            at += 1
        if depths[at] == 0 and not (at > stop.end() and _goes_on(text, at)):
            yield at


def clauses(text: str) -> Iterator[int]:
    """The places before the marks at which a clause may be cut off; none is inside brackets or a formula."""
    text = masked(text)
    depths = _depths(text)
    return (mark.start() for mark in _CLAUSE.finditer(text) if depths[mark.start()] == 0)


def outside_brackets(text: str, at: int) -> int:
    """The place, or the place before the outermost brackets or quotes around it."""
    depths = _depths(masked(text))
    while at > 0 and depths[at] > 0:
        at -= 1
    return at


def complete(text: str) -> bool:
    """Whether the text ends like a sentence, with an ellipsis, or with a displayed formula."""
    bare = text.rstrip()
    if bare.endswith(("…", "...")):
        return True
    last = pieces(bare)[-1:] if bare else []
    if last and isinstance(last[0], Formula):
        return last[0].display
    return any(end == len(bare) for end in ends(bare))


def _ends_english(text: str, stop: re.Match[str]) -> bool:
    """Whether dots end a sentence: white space and no lower-case letter follows, and no abbreviation comes before."""
    if len(stop.group()) > 1:
        return False
    at = stop.end()
    while at < len(text) and text[at] in _CLOSERS:
        at += 1
    rest = text[at : at + 8]
    if rest and not rest[0].isspace():
        return False
    follower = rest.strip()[:1]
    if follower.islower():
        return False
    return not follower or not _ABBREVIATED.search(text[max(0, stop.start() - _LOOKED_BACK) : stop.start()])


def _may_follow(text: str, at: int) -> bool:
    """Whether a half-width mark may end a sentence here. In an address or code, a letter follows it."""
    follower = text[at : at + 1]
    return not follower or follower.isspace() or follower in _CLOSERS or _WIDE.match(follower) is not None


def _goes_on(text: str, at: int) -> bool:
    """Whether the sentence around a quotation continues after the quotation."""
    follower = text[at : at + 4]
    if follower and not follower[0].isspace():
        return follower[0] in _GOES_ON or follower[0].islower()
    return follower.strip()[:1].islower()


def _depths(text: str) -> list[int]:
    """The number of open brackets and quotes before each character and at the end; unclosed ones do not count."""
    steps = [0] * (len(text) + 1)
    opened: dict[str, list[int]] = {start: [] for start in _OPENS}
    straight: int | None = None
    for at, character in enumerate(text):
        if character in opened:
            opened[character].append(at)
        elif (start := _CLOSES.get(character)) and opened[start]:
            steps[opened[start].pop() + 1] += 1
            steps[at + 1] -= 1
        elif character == '"':
            if straight is not None:
                steps[straight + 1] += 1
                steps[at + 1] -= 1
            straight = at if straight is None else None
    return list(accumulate(steps))
