"""Renders a list of feeds that feed readers can import. Source: OPML 2.0."""

from collections.abc import Iterable, Mapping

from lxml import etree

from digest.typeset.characters import line

MEDIA_TYPE = "text/x-opml"


def opml(
    title: str,
    home_url: str,
    feeds: Iterable[tuple[str, str]],
    folders: Mapping[str, Iterable[tuple[str, str]]] | None = None,
) -> bytes:
    """The document; `feeds` are pairs of title and URL, `folders` are further ones by the name of their folder."""
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = line(title)
    body = etree.SubElement(root, "body")
    _list(body, feeds, home_url)
    for folder, inside in (folders or {}).items():
        _list(etree.SubElement(body, "outline", text=line(folder), title=line(folder)), inside, home_url)
    document: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return document


def _list(parent: etree._Element, feeds: Iterable[tuple[str, str]], home_url: str) -> None:
    for name, url in feeds:
        etree.SubElement(parent, "outline", type="rss", text=line(name), title=line(name), xmlUrl=url, htmlUrl=home_url)
