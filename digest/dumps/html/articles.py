"""Finds entries in `article` elements that have a date in a `time` element, as most themes of blogs write them."""

from collections.abc import Iterator

from digest.dumps.html.blocks import Body, body_of, line_of
from digest.dumps.html.found import HtmlEntry, author_of, tags_of
from digest.dumps.html.links import absolute
from digest.dumps.html.selecting import joined
from digest.dumps.html.tree import Element, classes_of, names

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_TITLES = names("entry-title post-title article-title post__title card-title post-card-title p-name title")
_CONTENTS = names(
    "entry-content post-content article-content article-body post-body entry-body post__content e-content markdown-body"
    " gh-content available-content article-entry entry-summary post-excerpt p-summary content excerpt summary"
)
_AUTHORS = names("author byline p-author post-author entry-author vcard fn author-name")
_TAGS = names("tag-link post-tag p-category")
_PUBLISHED = names("published entry-date dt-published post-date date-published")
_UPDATED = names("updated dt-updated date-updated modified")
_LONGEST_LINE = 300  # characters of what stands around a date


def entries(root: Element, base: str) -> Iterator[HtmlEntry]:
    """The entries in document order; an article within another one, such as a comment, is none."""
    for article in root.iter("article"):
        if next(article.iterancestors("article"), None) is None and (entry := _entry(article, base)) is not None:
            yield entry


def _entry(article: Element, base: str) -> HtmlEntry | None:
    inner = frozenset(article.iterdescendants("article"))
    parts = list(_descendants(article, inner))
    times = [part for part in parts if part.tag == "time" and (part.get("datetime") or line_of(part))]
    published, updated = _dates(times)
    if published is None and updated is None:
        return None
    heading = _heading(parts)
    title = line_of(heading) if heading is not None else ""
    authors = [part for part in parts if _says(part, _AUTHORS, "author")]
    tags = [
        part
        for part in parts
        if part.tag == "a" and ("tag" in names(part.get("rel") or "") or classes_of(part) & _TAGS)
    ]
    skip = {part for part in (heading, *tags, *authors[:1]) if part is not None} | inner
    skip |= {_line_around(time, heading, article) for time in times}
    skip |= {part for part in parts if part.tag == "footer"}
    entry = HtmlEntry(
        title,
        _link(heading, article, parts, base),
        _written(published),
        _written(updated),
        author_of(line_of(authors[0])) if authors else "",
        tags_of(map(line_of, tags)),
        body=_body(article, parts, title, base, frozenset(skip)),
    )
    return entry if entry.title or entry.body.paragraphs else None


def _descendants(article: Element, inner: frozenset[Element]) -> Iterator[Element]:
    """The elements of an article without those of articles in it."""
    from lxml import etree  # noqa: PLC0415 - few installations read HTML

    walk = etree.iterwalk(article, events=("start",))
    for _, part in walk:
        if part in inner:
            walk.skip_subtree()
        elif part is not article:
            yield part


def _dates(times: list[Element]) -> tuple[Element | None, Element | None]:
    """The elements that say when an article was published and changed."""
    updated = [one for one in times if classes_of(one) & _UPDATED or one.get("itemprop") == "dateModified"]
    named = [one for one in times if classes_of(one) & _PUBLISHED or one.get("itemprop") == "datePublished"]
    published = named or [one for one in times if one not in updated]
    return next(iter(published), None), next(iter(updated), None)


def _written(time: Element | None) -> str:
    return "" if time is None else str(time.get("datetime") or line_of(time))


def _heading(parts: list[Element]) -> Element | None:
    """The element that shows the title: a heading that is named so, else another element, else the first heading."""
    headings = [part for part in parts if part.tag in _HEADINGS and line_of(part)]
    named = [part for part in parts if classes_of(part) & _TITLES or part.get("itemprop") == "headline"]
    return next(
        (part for part in [*(one for one in headings if one in named), *named, *headings] if line_of(part)), None
    )


def _link(heading: Element | None, article: Element, parts: list[Element], base: str) -> str:
    """The address: of the title, of a permanent link, of the date, or of the only article of the page."""
    links = [part for part in parts if part.tag == "a" and "bookmark" in names(part.get("rel") or "")]
    around = [] if heading is None else [*heading.iter("a"), *heading.iterancestors("a")]
    dated = [one for part in parts if part.tag == "time" for one in part.iterancestors("a")]
    for one in (*around, *links, *article.iterancestors("a"), *dated):
        if url := absolute((one.get("href") or "").strip(), base):
            return url
    return ""


def _says(part: Element, classes: frozenset[str], name: str) -> bool:
    said = classes_of(part) & classes or part.get("itemprop") == name or name in names((part.get("rel") or "").lower())
    return bool(said) and bool(line_of(part))


def _line_around(time: Element, heading: Element | None, article: Element) -> Element:
    """The largest element around a date that holds neither the title nor text: the line that says when and who."""
    around, above = time, set() if heading is None else {heading, *heading.iterancestors()}
    for outer in time.iterancestors():
        if outer is article or outer in above:
            break
        if outer.find(".//p") is not None or len(line_of(outer)) > _LONGEST_LINE:
            break
        around = outer
    return around


def _body(article: Element, parts: list[Element], title: str, base: str, skip: frozenset[Element]) -> Body:
    """The text: what a theme names so, else all that is neither title, date, author nor tag."""
    named = [part for part in parts if classes_of(part) & _CONTENTS or part.get("itemprop") == "articleBody"]
    chosen = set(named)
    outermost = [part for part in named if not any(around in chosen for around in part.iterancestors())]
    made = joined([body_of(part, base, title=title, skip=skip) for part in outermost])
    return made if made.paragraphs else body_of(article, base, title=title, skip=skip)
