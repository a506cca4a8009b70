"""Parses HTML into a tree of bounded depth, whatever is wrong with the markup; knows what of it is no text.

libxml2 tokenizes, and this module builds the tree from its events, because libxml2's own builder stops at 256 open
elements and takes quadratic time for the attributes of one element.

Decision 300.
"""

import re
from typing import Any, TypeAlias

from digest.dumps.decode import UNWANTED

Element: TypeAlias = Any
"""An element of lxml, which has no types."""

DEEPEST = 200  # open elements; more are not nested any further
_ATTRIBUTES = 64  # of one element
_LONGEST_VALUE = 8192  # characters of an attribute, except those that contain a whole document
_WHOLE_VALUES = frozenset({"data-attrs", "data-mathml", "alt", "content"})
_LONGEST_WHOLE = 1 << 17
_NAME = re.compile(r"[a-z_][a-z0-9_.-]*")
_BAD_NAME = re.compile(r"[^a-z0-9_.-]")
_KEPT_SCRIPTS = ("math/", "application/ld+json")
_RAW = frozenset({"script", "style"})


def names(text: str) -> frozenset[str]:
    """The names in a text, divided by white space: of elements or classes."""
    return frozenset(text.split())


PHRASING = names(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q s samp small span strike strong"
    " sub sup time tt u var"
)
"""Elements within a line, which broken pages leave open."""


def parsed(text: str) -> Element:
    """The root element of a document or fragment; always one, and its names are in lower case.

    Scripts, styles and comments are left out, except TeX and JSON-LD. Text and attributes have no control characters.
    """
    from lxml import etree  # noqa: PLC0415 - few installations read HTML

    builder = _Builder(etree)
    # Without `huge_tree`, a long attribute such as an embedded picture would end the page; the builder bounds it.
    parser = etree.HTMLParser(target=builder, no_network=True, huge_tree=True, encoding="utf-8")
    raw = UNWANTED.sub("", text).encode("utf-8", "replace")
    try:
        parser.feed(raw or b" ")
        parser.close()
    except etree.LxmlError:
        pass  # an empty document, or markup at which libxml2 stops; what it has given so far is the tree
    return builder.root


class _Place:
    """An element to which content is added: its depth, and its last child."""

    __slots__ = ("depth", "element", "last")

    def __init__(self, element: Element, depth: int) -> None:
        self.element, self.depth = element, depth
        self.last: Element = None


class _Builder:
    """The target of the parser's events."""

    def __init__(self, etree: Element) -> None:
        self._child = etree.SubElement
        self.root = etree.Element("document")
        self._open = [_Place(self.root, 0)]  # for each open element, where its content goes
        self._dropped = 0  # open elements whose content is dropped
        self._text: list[str] = []  # for the last place

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._dropped or (tag in _RAW and not _is_kept(tag, attributes)):
            self._dropped += 1
            return
        place = self._open[-1]
        if place.depth >= DEEPEST:
            if tag in PHRASING:
                self._open.append(place)
                return
            place = self._block(place)
            if place.depth >= DEEPEST:
                self._add(place, "hr")  # separates its text from the text before it
                self._open.append(place)
                return
        made = self._add(place, tag if _NAME.fullmatch(tag) else "x-" + _BAD_NAME.sub("-", tag))
        if attributes:
            _set(made, attributes)
        self._open.append(_Place(made, place.depth + 1))

    def end(self, tag: str) -> None:  # noqa: ARG002 - the parser balances its events
        if self._dropped:
            self._dropped -= 1
        elif len(self._open) > 1:
            if self._open[-1] is not self._open[-2]:
                self._write()
            self._open.pop()

    def data(self, text: str) -> None:
        if not self._dropped:
            self._text.append(text)

    def close(self) -> Element:
        self._write()
        return self.root

    def _add(self, place: _Place, name: str) -> Element:
        self._write()
        place.last = self._child(place.element, name[:64])
        return place.last

    def _write(self) -> None:
        if not self._text:
            return
        text = UNWANTED.sub("", "".join(self._text))
        self._text.clear()
        place = self._open[-1]
        if place.last is not None:
            place.last.tail = (place.last.tail or "") + text
        else:
            place.element.text = (place.element.text or "") + text

    def _block(self, place: _Place) -> _Place:
        """Close the phrasing elements around a block, so that it can be opened in the block that contains them."""
        self._write()
        at = len(self._open) - 1
        while self._open[at].element.tag in PHRASING:
            at -= 1
        block = self._open[at]
        if block is not place:
            self._open[at + 1 :] = [block] * (len(self._open) - at - 1)
        return block


def _is_kept(tag: str, attributes: dict[str, str]) -> bool:
    return tag == "script" and (attributes.get("type") or "").strip().lower().startswith(_KEPT_SCRIPTS)


def _set(element: Element, attributes: dict[str, str]) -> None:
    for name, given in list(attributes.items())[:_ATTRIBUTES]:
        if _NAME.fullmatch(name):
            longest = _LONGEST_WHOLE if name in _WHOLE_VALUES else _LONGEST_VALUE
            element.set(name, UNWANTED.sub("", (given or "")[:longest]))


_ELEMENTS = names(
    "script style template noscript head iframe object embed applet svg canvas video audio map nav button select"
    " textarea datalist option optgroup frameset noframes progress meter dialog portal rp link meta title"
)
_HIDDEN_STYLE = re.compile(r"(?:display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden)", re.IGNORECASE)
_LONGEST = 2000  # characters of an attribute that are looked at
_CLASSES = names(  # For screen readers, or hidden
    "screen-reader-text sr-only visually-hidden visuallyhidden hidden d-none mjx_assistive_mathml"
    # Share bars and reactions
    " sharedaddy sd-sharing sd-sharing-enabled addtoany_share_save_container addtoany_content a2a_kit addthis_toolbox"
    " addthis_inline_share_toolbox bdsharebuttonbox bdshare social-share social-sharing social-buttons social-icons"
    " share-buttons share-button share-links share-bar share-icons share-this post-share post-sharing entry-share"
    " article-share sharethis-inline-share-buttons essb_links heateor_sss_sharing_container ssba twitter-share-button"
    " fb-like fb-share-button fb-save wp-block-jetpack-sharing-buttons jp-relatedposts related-posts yarpp-related"
    " crp_related post-ufi-button like-button reward reward-container post-reward donate-button"
    # Subscription and navigation
    " subscription-widget subscription-widget-wrap subscription-widget-wrap-editor subscribe-widget button-wrapper"
    " captioned-button-wrap paywall-jump post-navigation post-nav pagination edit-link mw-editsection post-edit-link"
    # Links to the whole article
    " more-link read-more readmore read-more-link post-more-link continue-reading-link post-button continue-reading"
    # Parts of code
    " copy-btn copy-button copy-code-button btn-copy copy-code btn-clipboard clipboard-button code-copy"
    " line-numbers-rows zeroclipboard-container code-toolbar-item toolbar"
    # Anchors
    " headerlink header-anchor heading-anchor anchorjs-link anchor-link footnote-backref reversefootnote"
    " footnote-back-ref"
)


def classes_of(element: Element) -> frozenset[str]:
    """The classes of an element, as written."""
    given = element.get("class")
    return frozenset(given[:_LONGEST].split()) if given else frozenset()


def is_furniture(element: Element, classes: frozenset[str]) -> bool:
    """Whether an element and all that is in it are no text of the article."""
    if element.tag in _ELEMENTS:
        return True
    if classes and any(name.lower() in _CLASSES for name in classes):
        return True
    if element.get("hidden") is not None or element.get("aria-hidden", "").strip().lower() == "true":
        return True
    style = element.get("style")
    return bool(style) and _HIDDEN_STYLE.search(style[:_LONGEST]) is not None
