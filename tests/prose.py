"""A small list of words that this project no longer uses, with what to write instead; `make check` runs this module."""

from __future__ import annotations

import io
import re
import sys
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]

INSTEAD = {
    r"who(m?)ever": "a person who, anybody who",
    r"of whom": "a second sentence",
    r"for good": "permanently",
    r"struck off|strikes? off": "suppressed, suppresses",
    r"rhythms?": "frequency",
    r"moulds?": "message template",
    r"laws": "invariants, rules",
    r"(?:is|are|was|were|be|been|being) told": "announced, reported, notified, learns",
    r"hands? over|handed over|handing over|hand-overs?": "send, submit; sending",
    r"rests(?! on)": "is paused",
    r"came back|come back(?= (?:as|from|for))": "bounced, returned, was read back",
}
_FOUND = re.compile("|".join(rf"(?P<_{n}>\b(?:{pattern})\b)" for n, pattern in enumerate(INSTEAD)), re.IGNORECASE)
_TYPED = re.compile(r"`[^`\n]*`|^(?: {4,}|\t).*$|^```.*?^```", re.MULTILINE | re.DOTALL)
_STRINGS = {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}  # the latter from Python 3.12 on
# Texts in Chinese, the history of releases, and the list itself.
APART = ("docs/zh/", "README.zh.md", "CHANGELOG.md", "tests/prose.py", "tests/unit/test_prose.py", "tests/npm/")


def main() -> int:
    """Print each place with what to write instead; 1 if there is any."""
    found = list(faults(ROOT))
    for line in found:
        print(line)  # noqa: T201 - a command for people
    print(f"prose: {len(found)} to reword; tests/prose.py holds the words" if found else "prose: nothing to reword")  # noqa: T201
    return 1 if found else 0


def faults(root: Path) -> Iterator[str]:
    """One line for each word below `root` that has a plainer one: `FILE:LINE: the word: what to write instead`."""
    files = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("digest/**/*.py"), *root.glob("tests/**/*.py")]
    for file in sorted(files):
        name = file.relative_to(root).as_posix()
        if name.startswith(APART):
            continue
        text = file.read_text("utf-8")
        if not _FOUND.search(text.replace("_", " ")):  # most files, and much quicker than their tokens
            continue
        for number, prose in _prose(text) if file.suffix == ".py" else _lines(_TYPED.sub(_blank, text)):
            for found in _FOUND.finditer(prose):
                instead = list(INSTEAD.values())[int((found.lastgroup or "_0")[1:])]
                line = number + prose.count("\n", 0, found.start())
                yield f"{name}:{line}: {found[0]}: write {instead}"


def _prose(text: str) -> Iterator[tuple[int, str]]:
    """Comments, docstrings, other strings and the names of tests of a module, each with its line."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
        elif token.type in _STRINGS and " " in token.string:
            yield token.start[0], _TYPED.sub(_blank, token.string)
        elif token.type == tokenize.NAME and token.string.startswith("test_"):
            yield token.start[0], token.string.replace("_", " ")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    yield 1, text


def _blank(found: re.Match[str]) -> str:
    """Empty lines in place of what was found, so that the numbers of lines stay."""
    return "\n" * found[0].count("\n")


if __name__ == "__main__":
    sys.exit(main())
