"""Finds entries in the microformats of a page: `h-entry`, and `hentry` of older themes."""

from collections.abc import Iterator

from digest.dumps.html.blocks import body_of, line_of
from digest.dumps.html.found import HtmlEntry, tags_of
from digest.dumps.html.lines import compact
from digest.dumps.html.links import absolute
from digest.dumps.html.selecting import joined
from digest.dumps.html.tree import Element, classes_of, names

_ENTRIES = names("h-entry hentry")
_CARDS = names("h-card vcard")
_OTHERS = names("h-cite h-event h-feed h-review h-recipe h-product h-resume h-adr h-geo h-item h-listing hfeed")
_TITLES, _LINKS = names("p-name entry-title"), names("u-url")
_PUBLISHED, _UPDATED = names("dt-published published"), names("dt-updated updated")
_AUTHORS, _TAGS = names("p-author author"), names("p-category")
_CONTENTS, _SUMMARIES = names("e-content entry-content"), names("p-summary entry-summary")
_NAMES = names("p-name fn")
_PROPERTIES = _TITLES | _LINKS | _PUBLISHED | _UPDATED | _AUTHORS | _TAGS | _CONTENTS | _SUMMARIES
_URLS = {"a": "href", "area": "href", "link": "href", "img": "src"}
_VALUES = {"time": "datetime", "ins": "datetime", "del": "datetime", "abbr": "title", "data": "value", "input": "value"}


def entries(root: Element, base: str) -> Iterator[HtmlEntry]:
    """The entries in document order; those within another entry, such as answers, are a part of it."""
    from lxml import etree  # noqa: PLC0415 - few installations read HTML

    walk = etree.iterwalk(root, events=("start",))
    for _, element in walk:
        if classes_of(element) & _ENTRIES:
            walk.skip_subtree()
            entry = _Properties(element).entry(base)
            if entry.title or entry.body.paragraphs:
                yield entry


class _Properties:
    """The elements of an entry by what they say of it; those of other things within it are left out."""

    def __init__(self, element: Element) -> None:
        from lxml import etree  # noqa: PLC0415

        self._element = element
        self._found: dict[frozenset[str], list[Element]] = {}
        walk = etree.iterwalk(element, events=("start",))
        for _, part in walk:
            if part is element:
                continue
            classes = classes_of(part)
            for group in (_TITLES, _LINKS, _PUBLISHED, _UPDATED, _AUTHORS, _TAGS, _CONTENTS, _SUMMARIES):
                if classes & group:
                    self._found.setdefault(group, []).append(part)
            if part.tag == "a":
                relations = names((part.get("rel") or "").lower())
                if "tag" in relations:
                    self._found.setdefault(_TAGS, []).append(part)
                if "bookmark" in relations:
                    self._found.setdefault(_LINKS, []).append(part)
            if classes & (_ENTRIES | _OTHERS | _CARDS) or classes & _CONTENTS:
                walk.skip_subtree()

    def entry(self, base: str) -> HtmlEntry:
        heading = self._first(_TITLES)
        content = self._first(_CONTENTS)
        title = "" if heading is None or heading is content else line_of(heading)
        link = next((url for one in self._all(_LINKS) if (url := absolute(_url(one), base))), "")
        if not link and heading is not None:
            link = next((url for one in heading.iter("a") if (url := absolute(_url(one), base))), "")
        several = self._all(_CONTENTS) or self._all(_SUMMARIES)[:1]
        return HtmlEntry(
            title,
            link,
            _when(self._first(_PUBLISHED)),
            _when(self._first(_UPDATED)),
            ", ".join(dict.fromkeys(name for one in self._all(_AUTHORS) if (name := _name(one)))),
            tags_of(map(line_of, self._all(_TAGS))),
            body=joined([body_of(one, base, title=title) for one in several]),
        )

    def _all(self, group: frozenset[str]) -> list[Element]:
        return self._found.get(group, [])

    def _first(self, group: frozenset[str]) -> Element | None:
        return next(iter(self._all(group)), None)


def _url(element: Element) -> str:
    return (element.get(_URLS.get(element.tag, "href")) or element.get("value") or "").strip()


def _when(element: Element | None) -> str:
    """The date that an element states: an attribute, the values of its parts, or its text."""
    if element is None:
        return ""
    if given := element.get(_VALUES.get(element.tag, "datetime")):
        return str(given)
    parts = [part for part in element.iterdescendants() if "value" in classes_of(part) or part.get("datetime")]
    if parts:
        said = (part.get(_VALUES.get(part.tag, "title")) or line_of(part) for part in parts[:3])
        return compact(" ".join(said))
    return line_of(element)


def _name(element: Element) -> str:
    """The name of a person."""
    inner = next((part for part in element.iterdescendants() if classes_of(part) & _NAMES), element)
    if inner.tag == "img":
        return compact(inner.get("alt") or "")
    return line_of(inner)
