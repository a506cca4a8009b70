"""Versioned hashes of content: one of the text that visitors read, one of every character."""

import hashlib
from itertools import chain

from digest.changes.text import normal
from digest.model import NO_EXTRAS, Content, Fingerprint


def fingerprint(content: Content) -> Fingerprint:
    """A hash that is equal for contents that differ only in white space and character width."""
    return _hashed("v1", [normal(content.title), content.author or "", *map(normal, content.paragraphs)])


def view(content: Content) -> Fingerprint:
    """A hash that is equal only for identical contents."""
    parts = [content.title, content.author or "", str(content.complete), *content.paragraphs, "", *content.figures]
    if content.extras is not NO_EXTRAS and content.extras != NO_EXTRAS:
        extras = content.extras
        parts += ["", *extras.tags, "", extras.link or "", *chain.from_iterable(extras.fields)]
        if extras.kinds or extras.links:
            parts += ["", extras.kinds, *map(str, chain.from_iterable(extras.links))]
    return _hashed("x1", parts)


def _hashed(version: str, parts: list[str]) -> Fingerprint:
    joined = "".join(f"{len(part)}:{part}" for part in parts)  # the lengths tell ("ab", "c") and ("a", "bc") apart
    return Fingerprint(f"{version}:{hashlib.sha256(joined.encode()).hexdigest()[:32]}")
