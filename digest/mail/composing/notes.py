"""An operator's note on top of an edition: Markdown in, safe HTML out.

A mail's text shows the Markdown itself, which is made to be read.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest.errors import ConfigurationError
from digest.typeset.characters import strip_unsafe

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

LONGEST = 4000  # characters
_TAGS = {"p", "br", "em", "strong", "s", "code", "pre", "ul", "ol", "li", "blockquote", "a", "hr", "h3", "h4"}
_PARTING = "\N{RAISED DOT}"
_MARK = r"(?:[^\w\s*_~]|[\u3000-\u303f\uff00-\uff0f])"
_CLOSES = re.compile(rf"({_MARK})(\*+|_+|~~)(?=\w)")
_OPENS = re.compile(rf"(\w)(\*+|_+|~~)(?={_MARK})")
_SCHEMES = {"http", "https", "mailto"}


def checked_note(text: str) -> str:
    """A note as it is stored.

    Raises:
        ConfigurationError: it is empty, too long, or has a link that mail programs refuse.
    """
    note = strip_unsafe(text.replace("\r\n", "\n")).strip()
    if not note:
        raise ConfigurationError("the note is empty", remedy="write a sentence, or `--remove` the note")
    if len(note) > LONGEST:
        problem = f"the note has {len(note):,} characters; at most {LONGEST:,} fit on top of a mail"
        raise ConfigurationError(problem, remedy="shorten it and link to the rest")
    for token in _parser().parse(_parted(note)):
        for part in token.children or ():
            address = str(part.attrs.get("href", ""))
            if part.type == "image":
                raise ConfigurationError("a note cannot show pictures", remedy="link to the picture instead")
            if address and urlsplit(address).scheme not in _SCHEMES:
                raise ConfigurationError(
                    f"the note links to {address}", remedy="write the whole address, beginning with https://"
                )
    return note


@lru_cache(maxsize=64)
def note_html(note: str) -> str:
    """The note as HTML without any tag or attribute that could harm; empty for none."""
    if not note:
        return ""
    import nh3  # noqa: PLC0415 - few editions have a note

    made = _parser().render(_parted(note)).replace(_PARTING, "")
    for level, lower in (
        ("1", "3"),
        ("2", "4"),
        ("5", "4"),
        ("6", "4"),
    ):  # below those around it
        made = made.replace(f"<h{level}>", f"<h{lower}>").replace(f"</h{level}>", f"</h{lower}>")
    return nh3.clean(made, tags=_TAGS, attributes={"a": {"href"}}, url_schemes=_SCHEMES, link_rel=None).strip()


def _parted(note: str) -> str:
    """The note with emphasis that a parser recognises beside Chinese.

    CommonMark takes `**` for emphasis by the spaces and punctuation around it, so it misses the end of
    `**快乐！**本周`: Chinese has no spaces. An odd punctuation mark between the two makes it one, and is removed from
    the result.
    """
    note = note.replace(_PARTING, "")
    return _OPENS.sub(rf"\1{_PARTING}\2", _CLOSES.sub(rf"\1\2{_PARTING}", note))


def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415 - few editions have a note

    return MarkdownIt("commonmark", {"html": False})
