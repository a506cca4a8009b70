r"""Finds the formulas in a text by their delimiters, without interpreting the TeX inside them.

`\begin{known}` and `$$`, `\[ \]` are displayed, `$`, `\( \)` are inline. The time is linear in the length of the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from digest.typeset.characters import COMPATIBLE, UNIFIED

_LONGEST = 10_000  # characters of a formula with its delimiters; longer ones stay literal
_DOLLARS_SEEN = 8  # the most `$` inside the braces of an inline formula
_ENVIRONMENTS = (
    "equation|displaymath|math|align|alignat|flalign|gather|multline|eqnarray|aligned|gathered|split|cases|array"
    "|matrix|[pbvBV]matrix"
)
_EDGE = re.compile(rf"\\(?P<edge>begin|end)\{{(?P<env>(?:{_ENVIRONMENTS})\*?)\}}")
_OPENS = re.compile(rf"\\begin\{{(?:{_ENVIRONMENTS})\*?\}}|\$\$?|\\.", re.DOTALL)
_DOUBLE = re.compile(r"\\.|\$\$", re.DOTALL)
_INLINE = re.compile(r"\\.|[{}$\n]", re.DOTALL)
_BRACKETS = {r"\[": re.compile(r"\\\\|\\[\[\]]"), r"\(": re.compile(r"\\\\|\\[()]|\n")}
_CLOSES = {r"\[": r"\]", r"\(": r"\)"}
_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_CHINESE = re.compile(f"[\u3000-\u303f{UNIFIED}{COMPATIBLE}\uff00-\uffef]")
_MONEY = re.compile(r"\d[\d.,]*\s*(?:[A-Za-z]{2,}|.*\s[A-Za-z]{2,})")
_TAG = re.compile(r"\\tag\*?\s*\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula.

    `tex` has no delimiters, but includes the environment; `source` is the literal text with delimiters.
    """

    tex: str
    display: bool
    tag: str = ""
    source: str = ""


def pieces(text: str) -> list[str | Formula]:
    """The text as prose and formulas, in order. Joining the prose and the formulas' sources gives the text."""
    made: list[str | Formula] = []
    done = 0
    for formula, start in _formulas(text):
        if start > done:
            made.append(text[done:start])
        made.append(formula)
        done = start + len(formula.source)
    if done < len(text):
        made.append(text[done:])
    return made


def _formulas(text: str) -> Iterator[tuple[Formula, int]]:
    environments = _environments(text)
    at = 0
    while found := _OPENS.search(text, at):
        opener, start = found.group(), found.start()
        at = found.end()
        if opener == "$$":
            formula = _displayed(text, start, at, _end_of_dollars(text, at), 2)
        elif opener == "$":
            formula = _inline(text, start, at, _end_of_inline(text, at), 1)
        elif opener == r"\[":
            formula = _displayed(text, start, at, _end_of_brackets(text, at, opener), 2)
        elif opener == r"\(":
            formula = _inline(text, start, at, _end_of_brackets(text, at, opener), 2)
        elif len(opener) > 2:  # noqa: PLR2004 - an environment, not an escaped character
            formula = _displayed(text, start, start, environments.get(start), 0)
        else:
            continue
        if formula is None:
            if opener == "$$":
                at -= 1  # the second dollar may open an inline formula, as in `$$x$`
            continue
        yield formula, start
        at = start + len(formula.source)


def _environments(text: str) -> dict[int, int]:
    """The beginning and end of each known environment that is closed."""
    ends: dict[int, int] = {}
    opened: dict[str, list[int]] = {}
    for found in _EDGE.finditer(text):
        stack = opened.setdefault(found["env"], [])
        if found["edge"] == "begin":
            stack.append(found.start())
        elif stack:
            ends[stack.pop()] = found.end()
    return ends


def _end_of_dollars(text: str, at: int) -> int | None:
    return next((found.start() for found in _DOUBLE.finditer(text, at) if found.group() == "$$"), None)


def _end_of_inline(text: str, at: int) -> int | None:
    """The first dollar sign of the line outside braces, unless too many are inside."""
    depth = seen = 0
    for found in _INLINE.finditer(text, at):
        match found.group():
            case "{":
                depth += 1
            case "}":
                depth -= 1
            case "$" if depth <= 0:
                return found.start()
            case "$" if seen < _DOLLARS_SEEN:
                seen += 1
            case "$" | "\n":
                return None
    return None


def _end_of_brackets(text: str, at: int, opener: str) -> int | None:
    """The closing bracket, unless a second opening one comes before it."""
    for found in _BRACKETS[opener].finditer(text, at):
        if found.group() != r"\\":
            return found.start() if found.group() == _CLOSES[opener] else None
    return None


def _displayed(text: str, start: int, at: int, end: int | None, closing: int) -> Formula | None:
    if end is None or end - at > _LONGEST:
        return None
    tex = text[at:end]
    if not tex.strip() or _BLANK_LINE.search(tex.strip()) or not _balanced(tex):
        return None
    return Formula(tex.strip(), True, ", ".join(_TAG.findall(tex)), text[start : end + closing])  # noqa: FBT003


def _inline(text: str, start: int, at: int, end: int | None, closing: int) -> Formula | None:
    if end is None or end - at > _LONGEST:
        return None
    tex = text[at:end]
    if not tex.strip() or not _balanced(tex) or (closing == 1 and not _dollars_mean_it(tex, text[end + 1 : end + 2])):
        return None
    return Formula(tex.strip(), False, ", ".join(_TAG.findall(tex)), text[start : end + closing])  # noqa: FBT003


def _dollars_mean_it(tex: str, follower: str) -> bool:
    """Whether this is a formula, and neither prose between two dollar signs nor an amount of money."""
    if tex[0].isspace() or tex[-1].isspace():
        return False
    if any(sign in tex for sign in "\\^_={"):
        return True
    return not (_CHINESE.search(tex) or _MONEY.match(tex) or (tex[0].isdigit() and follower.isdigit()))


def _balanced(tex: str) -> bool:
    depth = 0
    for found in _BRACES.finditer(tex):
        depth += {"{": 1, "}": -1}.get(found.group(), 0)
        if depth < 0:
            return False
    return depth == 0
