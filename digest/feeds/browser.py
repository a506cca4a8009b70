"""Prepares a feed for a browser that opens it: a style sheet, and XHTML beside the elements of the feed.

The document stays a feed with all that it says, for feed readers that ask as browsers do. XHTML elements are links,
headings and paragraphs for a browser in any XML document, without a script and without XSLT, which browsers give up.
Decision 299.
"""

from lxml import etree

from digest.errors import ConfigurationError

_XHTML = "http://www.w3.org/1999/xhtml"
_ENTRIES = ("{http://www.w3.org/2005/Atom}entry", "item")


def for_browser(document: bytes, stylesheet: str, shown: str) -> bytes:
    """An Atom or RSS document with the address of a style sheet, and with what a browser shows of it.

    `shown` is an element with one child for the head, one for each entry in order, and one for the foot. If it is
    empty, the document gets the style sheet alone.

    Raises:
        ConfigurationError: `shown` is not well-formed or has other parts, because a template was changed.
    """
    given = etree.fromstring(document, etree.XMLParser(strip_cdata=False, resolve_entities=False, huge_tree=True))
    # With a prefix that is not "html": some feed readers take whatever begins with "<html" for a page.
    root = etree.Element(given.tag, given.attrib, {**given.nsmap, "x": _XHTML})
    root[:] = given[:]
    if shown:
        channel = root[0] if root.tag == "rss" else root
        entries = [child for child in channel if child.tag in _ENTRIES]
        head, *parts, foot = _parts(shown, len(entries))
        for entry, part in zip(entries, parts, strict=True):
            entry.insert(0, part)
        channel.insert(0, head)
        channel.append(foot)
    made: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    declaration, _, rest = made.partition(b"\n")
    return declaration + f'\n<?xml-stylesheet type="text/css" href="{stylesheet}"?>\n'.encode() + rest


def _parts(shown: str, entries: int) -> list[etree._Element]:
    try:
        parts = list(etree.fromstring(shown.encode(), etree.XMLParser(resolve_entities=False, huge_tree=True)))
    except etree.XMLSyntaxError as error:
        raise ConfigurationError(f"this is not well-formed XML: {error}", place="web/feed.html") from error
    if len(parts) != entries + 2:
        reason = f"it has {len(parts)} parts; write one for the head, one for each entry, and one for the foot"
        raise ConfigurationError(reason, place="web/feed.html")
    for part in parts:
        part.tail = None
    return parts
