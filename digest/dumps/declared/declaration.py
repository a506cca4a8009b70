"""A layout as an operator writes it: the keys of a table `[[layouts]]`, each of its kind, and what is wrong in them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from digest.dumps.declared.dates import Order
from digest.dumps.declared.drawing import Problem
from digest.dumps.declared.names import is_language
from digest.dumps.html.declared import HtmlLayout, html_layout
from digest.errors import ConfigurationError

_KEYS = (
    "id",
    "entry",
    "begins",
    "ends",
    "skip",
    "heading",
    "short_titles",
    "paragraphs",
    "date_order",
    "languages",
    "html",
)
_WITH_HTML = ("id", "html", "date_order", "languages")
_PARAGRAPHS = ("lines", "wrapped")


class LayoutError(ConfigurationError):
    """Layouts are wrong. `problems` are all of them, in order; the text has a line for each. `place` is the file."""

    def __init__(self, place: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        if len(problems) == 1:
            super().__init__(str(problems[0]), place=place)
        else:
            listed = "".join(f"\n  {problem}" for problem in problems)
            super().__init__(f"{len(problems)} things are wrong in the layouts{listed}", place=place)

    @property
    def placed(self) -> tuple[Problem, ...]:
        """The problems, each with its file."""
        return tuple(
            Problem(f"{self.place}: {one.key}", one.line, one.reason, one.remedy, one.file_line)
            for one in self.problems
        )


@dataclass(frozen=True, slots=True)
class Declaration:
    """A layout as it is written. `entry` holds at least one drawing, or else `html` says how pages of HTML are read."""

    id: str
    entry: tuple[str, ...]
    begins: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    heading: tuple[str, ...] = ()
    short_titles: bool = False
    paragraphs: str = ""  # "lines": each line is one; "wrapped": lines are joined; else blank lines tell
    date_order: Order | None = None
    languages: tuple[str, ...] = ()
    html: HtmlLayout | None = None


def declaration(table: Mapping[str, object], problems: list[Problem]) -> Declaration | None:
    """What a table says; None, with the problems, where it says nothing that can be read."""
    for key in table:
        if key not in _KEYS:
            close = difflib.get_close_matches(key, _KEYS, 1, 0.6)
            remedy = f"did you mean {close[0]}?" if close else f"there are {', '.join(_KEYS)}"
            if key == "layouts":
                remedy = "the layouts of a source are named below its line [[sources]]"
            problems.append(Problem(key, 0, "there is no such key", remedy))
    reader = _Table(table, problems)
    if "html" in table:
        return _of_html(table, reader, problems)
    made = Declaration(
        id=reader.name(),
        entry=reader.texts("entry"),
        begins=reader.texts("begins"),
        ends=reader.texts("ends"),
        skip=reader.texts("skip"),
        heading=reader.texts("heading"),
        short_titles=reader.flag("short_titles"),
        paragraphs=reader.choice("paragraphs", _PARAGRAPHS),
        date_order=Order(order) if (order := reader.choice("date_order", tuple(Order))) else None,
        languages=reader.languages(),
    )
    if not made.entry and "entry" not in reader.wrong:
        problems.append(Problem("entry", 0, "is missing", "draw one entry, such as {title} and {date} on two lines"))
    return made if made.entry else None


def _of_html(table: Mapping[str, object], reader: _Table, problems: list[Problem]) -> Declaration | None:
    """The declaration of a layout for pages of HTML, which draws nothing."""
    others = [key for key in table if key in _KEYS and key not in _WITH_HTML]
    remedy = f"only {', '.join(_WITH_HTML)} do"
    problems += [Problem(key, 0, "does not stand beside html", remedy) for key in others]
    html = html_layout(table["html"], lambda key, reason, remedy: problems.append(Problem(key, 0, reason, remedy)))
    order = reader.choice("date_order", tuple(Order))
    made = Declaration(
        id=reader.name(),
        entry=(),
        date_order=Order(order) if order else None,
        languages=reader.languages(),
        html=html,
    )
    return made if html is not None else None


class _Table:
    """Reads the values of one table, each with its kind."""

    def __init__(self, table: Mapping[str, object], problems: list[Problem]) -> None:
        self._table, self._problems = table, problems
        self.wrong: set[str] = set()

    def name(self) -> str:
        given = self._table.get("id")
        if isinstance(given, str) and given.strip() == given and given and "\n" not in given:
            return given
        self._say("id", "is missing or no text", 'write a short name, such as id = "news"')
        return ""

    def texts(self, key: str) -> tuple[str, ...]:
        given = self._table.get(key, [])
        several = [given] if isinstance(given, str) else given
        if isinstance(several, list) and all(isinstance(one, str) and one.strip() for one in several):
            return tuple(several)
        what = "a drawing in '''…''' or a list of them" if key == "entry" else 'a list of lines, such as ["Archive"]'
        self._say(key, "is neither a text nor a list of texts that say something", f"write {what}")
        return ()

    def flag(self, key: str) -> bool:
        given = self._table.get(key, False)
        if isinstance(given, bool):
            return given
        self._say(key, f"is {given!r}", "write true or false")
        return False

    def choice(self, key: str, choices: Sequence[str]) -> str:
        given = self._table.get(key, "")
        if given == "" or given in choices:
            return str(given)
        self._say(key, f"is {given!r}", "write " + " or ".join(f'"{one}"' for one in choices))
        return ""

    def languages(self) -> tuple[str, ...]:
        found = []
        for tag in self.texts("languages"):
            if is_language(tag):
                found.append(tag)
            else:
                self._say("languages", f"{tag!r} is no language that is known", 'write tags such as ["de", "pt-BR"]')
        return tuple(found)

    def _say(self, key: str, reason: str, remedy: str) -> None:
        self.wrong.add(key)
        self._problems.append(Problem(key, 0, reason, remedy))
