"""Renders a list of feeds that feed readers can import. Source: OPML 2.0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from digest.typeset.characters import line

if TYPE_CHECKING:
    from collections.abc import Iterable

MEDIA_TYPE = "text/x-opml"


def opml(title: str, home_url: str, feeds: Iterable[tuple[str, str]]) -> bytes:
    """The document; `feeds` are pairs of title and URL."""
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = line(title)
    body = etree.SubElement(root, "body")
    for name, url in feeds:
        etree.SubElement(body, "outline", type="rss", text=line(name), title=line(name), xmlUrl=url, htmlUrl=home_url)
    document: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return document
