"""Renders simple formulas as plain HTML that every mail program and feed reader displays. Others need a picture."""

import re
import unicodedata
from html import escape

from digest.typeset.characters import strip_unsafe
from digest.typeset.math.extract import Formula
from digest.typeset.math.tree import LARGE, Node, Operator, Row, Scripts, Word, tree

_DEEPEST = 2  # levels of nested scripts; deeper ones are too small to read
_BEYOND = "\uffff"  # stands for signs that mail fonts lack
_PRIMES = frozenset("′″‴")  # these are raised already
_SPACES = re.compile(r" {2,}")
_STRUCK = frozenset("𝔼𝔽𝔸𝔹𝔻𝔾𝕀𝕁𝕂𝕃𝕄𝕆𝕊𝕋𝕌𝕍𝕎𝕏𝕐𝟙")


def html_text(formula: Formula) -> str | None:
    """The formula in `<i> <b> <sub> <sup>` and Unicode; None if it is a displayed formula or needs a picture."""
    if formula.display:
        return None
    node = tree(formula)
    written = None if node is None else _written(node, 0)
    return _SPACES.sub(" ", written).strip() or None if written else None


def _written(node: Node, depth: int) -> str | None:
    match node:
        case Word(text, bold, italic):
            return _word(text, bold=bold, italic=italic)
        case Operator(text, before, after):
            return f"{' ' if before else ''}{escape(strip_unsafe(text))}{' ' if after else ''}"
        case Row(parts):
            made = [_written(part, depth) for part in parts]
            return None if None in made else "".join(filter(None, made))
        case Scripts() if depth < _DEEPEST and not node.limits:
            return _scripts(node, depth)
        case _:
            return None


def _word(text: str, *, bold: bool, italic: bool) -> str | None:
    if text in _STRUCK:
        text, bold = _struck(text), True
    if any(character > _BEYOND for character in text):
        return None
    made = escape(strip_unsafe(text))
    made = f"<i>{made}</i>" if italic else made
    return f"<b>{made}</b>" if bold else made


def _struck(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _scripts(node: Scripts, depth: int) -> str | None:
    if isinstance(node.base, Operator) and node.base.text in LARGE:
        return None
    made = _written(node.base, depth)
    if made is None:
        return None
    for small, name in ((node.sub, "sub"), (node.sup, "sup")):
        inner = "" if small is None else _written(small, depth + 1)
        if inner is None:
            return None
        if inner in _PRIMES:
            made += inner
        elif inner:
            made += f"<{name}>{inner.strip()}</{name}>"
    return made
