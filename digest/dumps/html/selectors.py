"""CSS selectors of layouts: each finds elements of a page, or an attribute of them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
