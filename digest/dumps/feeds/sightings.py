"""Turns the items of a feed into sightings."""

import html
import re
from zoneinfo import ZoneInfo

from digest.dumps.feeds.dates import day_of
from digest.dumps.feeds.items import Item, Text
from digest.model import DateEvidence, Extras, Layout, PrintedDate, Sighting

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
_ELEMENT = re.compile(
    r"</?(?:a|abbr|b|big|br|cite|code|del|div|em|font|h[1-6]|i|img|ins|kbd|mark|p|q|s|samp|small|span|strike|strong"
    r"|sub|sup|tt|u|var|wbr)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")
_BLANK = re.compile(r"\n[ \t\u3000]*\n\s*")


def sighting(item: Item, dump: str, position: int, zone: ZoneInfo | None) -> Sighting:
    """An item as a sighting; its day is that of the time zone `zone`, or as written."""
    from digest.dumps.html.blocks import body  # noqa: PLC0415 - it loads lxml

    title = title_of(item.title)
    published, updated = day_of(item.published, zone), day_of(item.updated, zone)
    content = _clean(item.content.value)
    if is_markup(item.content):
        text = body(content, item.link or item.content.base, title=title)
        paragraphs, figures, kinds, links = text.paragraphs, text.figures, text.kinds, text.links
    else:
        paragraphs, figures, kinds, links = _paragraphs(content), (), "", ()
    return Sighting(
        dump,
        position,
        0,
        Layout.FEED,
        title,
        _line(item.author) or None,
        DateEvidence(published.month, published.day, published.year) if published else None,
        None,
        paragraphs,
        figures,
        item.complete and bool(paragraphs),
        Extras(
            tags=tuple(map(_line, item.tags)),
            link=item.link or None,
            uid=_line(item.uid),
            updated=PrintedDate(updated.year, updated.month, updated.day) if updated and not published else None,
            kinds=kinds,
            links=links,
        ),
    )


def title_of(title: Text) -> str:
    """A title in one line, without markup. Where its format does not say whether it is HTML, its tags do."""
    value = _clean(title.value)
    if title.markup or (title.markup is None and _ELEMENT.search(value)):
        from digest.dumps.html.blocks import line_of  # noqa: PLC0415 - it loads lxml
        from digest.dumps.html.tree import parsed  # noqa: PLC0415

        return line_of(parsed(value))
    return _line(html.unescape(value) if title.markup is None and _ENTITY.search(value) else value)


def is_markup(text: Text) -> bool:
    """Whether a text is HTML: its format says so, or it has tags or entities of HTML."""
    return text.markup if text.markup is not None else bool(_ELEMENT.search(text.value) or _ENTITY.search(text.value))


def _paragraphs(text: str) -> tuple[str, ...]:
    """The paragraphs of a plain text, which blank lines separate."""
    lines = ("\n".join(line.rstrip() for line in one.split("\n")).strip("\n") for one in _BLANK.split(text))
    return tuple(one for one in lines if one.strip())


def _clean(text: str) -> str:
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _line(text: str) -> str:
    return " ".join(_clean(text).split())
