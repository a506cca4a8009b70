"""The table `html` of a layout: selectors for the parts of an entry, or the name of a format that pages bring along.

CSS selectors of layouts: each finds elements of a page, or an attribute of them.
"""

import difflib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from digest.dumps.html.tree import Element

_ATTRIBUTE = re.compile(r"(?P<css>.*?)\s*@(?P<name>[a-zA-Z_][\w:.-]{0,60})\s*", re.DOTALL)
_LONGEST = 500  # characters


class SelectorProblem(Exception):  # noqa: N818 - it is reported with the place of the setting
    """A selector is wrong. The text is the reason; `remedy` is what to write instead."""

    def __init__(self, reason: str, remedy: str = "write a CSS selector such as `h2 a` or `time@datetime`") -> None:
        super().__init__(reason)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Selector:
    """A compiled selector; `attribute` is empty if the text of the elements is meant."""

    written: str
    attribute: str
    _find: Callable[[Element], Sequence[Element]] | None

    def elements(self, around: Element) -> list[Element]:
        """The elements that it finds in an element, or the element itself, in document order."""
        found = [around] if self._find is None else list(self._find(around))
        return [one for one in found if one.get(self.attribute) is not None] if self.attribute else found


def selector(written: str) -> Selector:
    """The selector that is written `CSS`, `CSS@attribute` or `@attribute` (of the entry itself).

    Raises:
        SelectorProblem: it is wrong.
    """
    import cssselect  # noqa: PLC0415 - few installations read HTML
    from lxml import etree  # noqa: PLC0415

    text = written.strip()
    if len(text) > _LONGEST:
        raise SelectorProblem(f"has more than {_LONGEST} characters")
    found = _ATTRIBUTE.fullmatch(text)
    css, attribute = (found["css"], found["name"].lower()) if found else (text, "")
    if not css:
        return Selector(text, attribute, None)
    try:
        path = cssselect.HTMLTranslator().css_to_xpath(css, prefix="descendant-or-self::")
        return Selector(text, attribute, etree.XPath(path))
    except cssselect.SelectorSyntaxError as error:
        raise SelectorProblem(f"is no CSS selector: {error}") from error
    except (cssselect.SelectorError, etree.XPathError, RecursionError, ValueError) as error:
        raise SelectorProblem(f"cannot be used: {error}") from error


FORMATS = ("json-ld", "microformats", "articles")
_PARTS = ("title", "link", "date", "author", "text", "tags", "skip")
_GROUPS = ("counts", "fields")
_KEYS = ("entry", *_PARTS, *_GROUPS)


@dataclass(frozen=True)
class HtmlLayout:
    """How entries are found in HTML. With a `format`, pages say it themselves, and there are no selectors.

    Of the selectors of a part, the first one that finds something counts; `skip` are all of them. Without `entry`, the
    page is one entry. `said` is the table as it is written, for comparison and for people.
    """

    said: str
    format: str = ""
    entry: tuple[Selector, ...] = ()
    parts: Mapping[str, tuple[Selector, ...]] = field(default_factory=dict)
    counts: Mapping[str, tuple[Selector, ...]] = field(default_factory=dict)
    fields: Mapping[str, tuple[Selector, ...]] = field(default_factory=dict)

    @property
    def table(self) -> object:
        """The value of the key `html`."""
        return json.loads(self.said)


def html_layout(given: object, say: Callable[[str, str, str], None]) -> HtmlLayout | None:
    """The layout of the value of the key `html`; None, with what is wrong said, if it cannot be read.

    `say` takes the key within the layout, the reason and the remedy.
    """
    said = json.dumps(given, ensure_ascii=False, default=str)
    if isinstance(given, str):
        if given in FORMATS:
            return HtmlLayout(said, given)
        say("html", f"is {given!r}", "write a table of selectors, or " + " or ".join(f'"{one}"' for one in FORMATS))
        return None
    if not isinstance(given, dict) or not given:
        say("html", "is no table", 'write html = { entry = "article", title = "h2 a", date = "time@datetime" }')
        return None
    reader = _Reader(say)
    for key in given:
        if key not in _KEYS:
            close = difflib.get_close_matches(key, _KEYS, 1, 0.6)
            remedy = f"did you mean {close[0]}?" if close else f"there are {', '.join(_KEYS)}; others stand in fields"
            reader.wrong(f"html.{key}", "there is no such part of an entry", remedy)
    made = HtmlLayout(
        said,
        entry=reader.several("html.entry", given.get("entry", [])),
        parts={key: reader.several(f"html.{key}", given[key]) for key in _PARTS if key in given},
        counts=reader.group("html.counts", given.get("counts", {})),
        fields=reader.group("html.fields", given.get("fields", {})),
    )
    if "title" not in given and "text" not in given:
        reader.wrong("html", "neither title nor text is there", 'write where they stand, such as title = "h2"')
    for key in ("entry", "skip", "text"):
        for one in made.entry if key == "entry" else made.parts.get(key, ()):
            if one.attribute and key != "text":
                reader.wrong(f"html.{key}", f"{one.written!r} is an attribute", "write the selector without its @")
    return None if reader.failed else made


class _Reader:
    """Reads the values of the table."""

    def __init__(self, say: Callable[[str, str, str], None]) -> None:
        self._say = say
        self.failed = False

    def wrong(self, key: str, reason: str, remedy: str) -> None:
        self.failed = True
        self._say(key, reason, remedy)

    def several(self, key: str, given: object) -> tuple[Selector, ...]:
        written = [given] if isinstance(given, str) else given
        if not isinstance(written, list) or not all(isinstance(one, str) and one.strip() for one in written):
            self.wrong(key, "is neither a selector nor a list of them", 'write a text such as "h2 a", or several')
            return ()
        made = []
        for one in written:
            try:
                made.append(selector(one))
            except SelectorProblem as problem:
                self.wrong(key, f"{one!r} {problem}", problem.remedy)
        return tuple(made)

    def group(self, key: str, given: object) -> dict[str, tuple[Selector, ...]]:
        if not isinstance(given, dict):
            self.wrong(key, "is no table", 'write a name for each, such as { reads = ".views" }')
            return {}
        return {str(name): self.several(f"{key}.{name}", one) for name, one in given.items()}
