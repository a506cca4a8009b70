"""Finds entries by the selectors of a layout."""

from collections.abc import Iterator, Sequence

from digest.dumps.html.blocks import Body, body_of, line_of
from digest.dumps.html.declared import HtmlLayout, Selector
from digest.dumps.html.found import HtmlEntry, author_of, count_of, tags_of
from digest.dumps.html.lines import compact
from digest.dumps.html.links import absolute
from digest.dumps.html.tree import Element


class Selecting:
    """One pass over a page. After it, `untitled` are the texts of entries without the title that the layout names."""

    def __init__(self, layout: HtmlLayout, root: Element, base: str) -> None:
        self.untitled: list[str] = []
        self._layout, self._root, self._base = layout, root, base
        self._skip = frozenset(one for chosen in layout.parts.get("skip", ()) for one in chosen.elements(root))

    def entries(self) -> Iterator[HtmlEntry]:
        """The entries in document order."""
        layout = self._layout
        chosen = _first(layout.entry, self._root) if layout.entry else [self._root]
        inside: set[Element] = set()
        for element in chosen:
            if element in self._skip or any(
                around in inside or around in self._skip for around in element.iterancestors()
            ):
                continue  # an entry within an entry is a part of it
            inside.add(element)
            if (entry := self._entry(element)) is not None:
                yield entry

    def _entry(self, element: Element) -> HtmlEntry | None:
        parts = self._layout.parts
        heading, title = self._line("title", element)
        if not title and "title" in parts:
            if text := line_of(element, skip=self._skip)[:120]:
                self.untitled.append(text)
            return None
        entry = HtmlEntry(
            title,
            self._link(element, heading),
            self._line("date", element)[1],
            author=author_of(self._line("author", element)[1]),
            tags=tags_of(self._values(parts.get("tags", ()), element)),
            body=self._body(element, title),
        )
        for name, chosen in self._layout.counts.items():
            number = next((n for text in self._values(chosen, element) if (n := count_of(text)) is not None), None)
            if number is not None:
                entry.counts[name] = number
        for name, chosen in self._layout.fields.items():
            if value := next((text for text in self._values(chosen, element) if text), ""):
                entry.fields[name] = value
        return entry if entry.title or entry.body.paragraphs else None

    def _line(self, part: str, around: Element) -> tuple[Element | None, str]:
        """The first element of a part that says something, and what it says."""
        for chosen in self._layout.parts.get(part, ()):
            for element in chosen.elements(around):
                if text := self._value(chosen, element):
                    return element, text
        return None, ""

    def _values(self, several: Sequence[Selector], around: Element) -> list[str]:
        """What all elements of the first selector say that finds any."""
        for chosen in several:
            if values := [text for element in chosen.elements(around) if (text := self._value(chosen, element))]:
                return values
        return []

    def _value(self, chosen: Selector, element: Element) -> str:
        if chosen.attribute:
            return compact(element.get(chosen.attribute) or "")
        return "" if element in self._skip else line_of(element, skip=self._skip)

    def _link(self, around: Element, heading: Element | None) -> str:
        """The address of an entry: as the layout says, else that of the title."""
        if "link" in self._layout.parts:
            for chosen in self._layout.parts["link"]:
                for element in chosen.elements(around):
                    href = element.get(chosen.attribute) if chosen.attribute else _href(element)
                    if url := absolute((href or "").strip(), self._base):
                        return url
            return ""
        return absolute(_href(heading).strip(), self._base) if heading is not None else ""

    def _body(self, around: Element, title: str) -> Body:
        """The text: all elements of the first selector that finds any, one after another."""
        for chosen in self._layout.parts.get("text", ()):
            found = _outermost(chosen.elements(around))
            if chosen.attribute:
                lines = tuple(text for element in found if (text := self._value(chosen, element)))
                made = Body(lines, kinds="-" * len(lines))
            else:
                made = joined([body_of(one, self._base, title=title, skip=self._skip) for one in found])
            if made.paragraphs:
                return made
        return Body()


def joined(bodies: Sequence[Body]) -> Body:
    """Several texts as one."""
    return Body(
        tuple(paragraph for one in bodies for paragraph in one.paragraphs),
        tuple(figure for one in bodies for figure in one.figures),
        "".join(one.kinds for one in bodies),
        tuple(link for one in bodies for link in one.links),
    )


def _first(several: Sequence[Selector], around: Element) -> list[Element]:
    """The elements of the first selector that finds any."""
    return next((found for chosen in several if (found := chosen.elements(around))), [])


def _outermost(elements: Sequence[Element]) -> list[Element]:
    """The elements without those that are inside another one of them."""
    chosen = set(elements)
    return [one for one in elements if not any(around in chosen for around in one.iterancestors())]


def _href(element: Element) -> str:
    """The address of a link that an element is, contains, or is contained in."""
    for one in (element, *element.iter("a"), *element.iterancestors("a")):
        if one.tag == "a" and one.get("href"):
            return str(one.get("href"))
    return ""
