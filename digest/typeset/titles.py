"""Titles: as they were read, for keys and commands, and as pages, mails and feeds display them. Decision 78."""

import re
from collections.abc import Iterable

from digest.model import Content, Sighting
from digest.typeset.characters import line

UNTITLED = "—"  # feedgen and feed readers treat an empty title as a mistake
_SENTENCE = re.compile(r"[。！？｡!?]+[”’」』）)\"']*|[.．…]+[”’)\"']*(?=\s|$)")
_SHORTEST = 12  # letters, of which a Chinese character counts as two; a shorter sentence says nothing by itself
_BESIDE_BRACKETS = re.compile(r" (?=（)|(?<=）) ")
_LONGEST = 100  # characters of a sentence that takes the place of a title


def title(text: str) -> str:
    """The title in one line; never empty."""
    return line(text) or UNTITLED


def headline(content: Content) -> str:
    """The title as it was read, or else the first sentence of the text; never empty."""
    if content.title:
        return title(content.title)
    from digest.typeset.excerpt import cut  # noqa: PLC0415 - few entries have no title
    from digest.typeset.formulas import text as linear  # noqa: PLC0415 - as above
    from digest.typeset.punctuation import full_width  # noqa: PLC0415 - as above

    sentence = cut(line(first_sentence(content)), _LONGEST)
    return title(linear(full_width(sentence)))


def display_title(content: Content) -> str:
    """The headline as pages, mails and feeds display it: punctuated like running text; never empty."""
    from digest.typeset.punctuation import full_width  # noqa: PLC0415 - who only reads dumps displays no titles

    return _BESIDE_BRACKETS.sub("", full_width(headline(content)))


def labels(tags: Iterable[str]) -> list[str]:
    """Tags for display, each in one line and once; none is empty."""
    return list(dict.fromkeys(filter(None, map(line, tags))))


def first_sentence(content: Content | Sighting) -> str:
    """The first sentence of a text as it is written, in one line; more than one if the first is very short.

    Captions do not count, unless there is nothing else. Empty only for a text without words. Keys of entries are made
    from it, so the same text must always give the same sentence.
    """
    lines = [one for paragraph in content.paragraphs for one in paragraph.split("\n") if one.strip()]
    first = next((one for one in lines if one not in content.figures), lines[0] if lines else "")
    first = " ".join(first.split())
    return next((first[: end.end()] for end in _SENTENCE.finditer(first) if _says_enough(first[: end.end()])), first)


def _says_enough(sentence: str) -> bool:
    return len(sentence) >= _SHORTEST or sum(2 - letter.isascii() for letter in sentence) >= _SHORTEST
