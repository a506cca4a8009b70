"""Messages to many, all that they share made once; the same words as `message` makes, some lines shorter.

A line of base64 may be short, but must hold groups of three bytes. So what stands between two gaps is encoded once for
each of the three places in a group at which it may begin, and no part is padded.
"""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

from digest.mail.message import boundary, content, lines, message, named
from digest.mail.personal import cut_at_marks

if TYPE_CHECKING:
    from collections.abc import Callable

    from digest.mail.message import Letter
    from digest.mail.personal import Personal

_GROUP, _LINE = 3, 57  # bytes
_WORTH_IT = 4 * _LINE  # shorter words are encoded again with what stands around them

# What a message to nobody says where others say who they are. Each is found in it again, and nowhere else.
_ADDRESS = "nobody@6f1d0c37a2e54b0c9d7f.invalid"
_MESSAGE_ID = "<6f1d0c37a2e54b0c9d7f.message@nobody.invalid>"
_LEAVE_URL = "https://6f1d0c37a2e54b0c9d7f.invalid/leave"
_TEXT, _HTML = "6f1d0c37a2e54b0c9d7f text", "6f1d0c37a2e54b0c9d7f html"
_OUTER, _INNER = boundary("alternative", _MESSAGE_ID), boundary("related", _MESSAGE_ID)


class Mould:
    """The messages to all who get the same words in the same format."""

    def __init__(self, letter: Letter) -> None:
        """`letter` is one of them, marks in its words; what it says of its reader does not count."""
        nobody = replace(
            letter,
            to_name="",
            to_address=_ADDRESS,
            message_id=_MESSAGE_ID,
            leave_url=_LEAVE_URL,
            text=_TEXT,
            html=_HTML,
        )
        gaps = {
            _ADDRESS.encode(): _ADDRESS,
            _MESSAGE_ID.encode(): _MESSAGE_ID,
            _LEAVE_URL.encode(): _LEAVE_URL,
            lines(content(_TEXT)): _TEXT,
            lines(content(_HTML)): _HTML,
            _OUTER.encode(): _OUTER,
            _INNER.encode(): _INNER,
        }
        cut = re.split(b"(" + b"|".join(map(re.escape, gaps)) + b")", message(nobody))
        self._parts: list[bytes | str] = [gaps.get(part, part) for part in cut]
        self._text = _Words(letter.text, lambda value: value)
        self._html = _Words(letter.html if _HTML in self._parts else "", escape)

    def message(self, name: str, message_id: str, person: Personal) -> bytes:
        """The message to one person.

        Raises:
            ValueError: the address cannot stand in a header.
        """
        values = person.by_mark()
        filled = {
            _ADDRESS: named(name, person.address, "To").encode(),
            _MESSAGE_ID: message_id.encode(),
            _LEAVE_URL: person.leave_url.encode(),
            _TEXT: self._text.filled(values),
            _HTML: self._html.filled(values),
            _OUTER: boundary("alternative", message_id).encode(),
            _INNER: boundary("related", message_id).encode(),
        }
        return b"".join([filled[part] if isinstance(part, str) else part for part in self._parts])


class _Words:
    """Words with gaps, encoded as far as they can be."""

    def __init__(self, words: str, shown: Callable[[str], str]) -> None:
        """`shown` is how a value is written in them."""
        first, *rest = cut_at_marks(words)
        self._first = _Between(content(first))
        self._rest = [(mark, _Between(content(after))) for mark, after in zip(rest[::2], rest[1::2], strict=True)]
        self._shown = shown

    def filled(self, values: dict[str, str]) -> bytes:
        """The whole in base64, a value at each mark."""
        made: list[bytes] = []
        left = self._first.after(b"", made)
        for mark, between in self._rest:
            left = between.after(left + content(self._shown(values.get(mark, ""))), made)
        return b"".join([*made, lines(left)])


class _Between:
    """Words between two gaps."""

    def __init__(self, words: bytes) -> None:
        self._words = words
        self._cut = [_cut(words, start) for start in range(_GROUP)] if len(words) > _WORTH_IT else []

    def after(self, before: bytes, made: list[bytes]) -> bytes:
        """Add to `made` what can be encoded of these words behind others; what is left over for the next."""
        if not self._cut:
            return before + self._words
        begin, encoded, end = self._cut[-len(before) % _GROUP]
        made += (lines(before + begin), encoded)
        return end


def _cut(words: bytes, start: int) -> tuple[bytes, bytes, bytes]:
    """The first `start` bytes, as many full lines as there are behind them, encoded, and the rest."""
    end = start + (len(words) - start) // _LINE * _LINE
    return words[:start], lines(words[start:end]), words[end:]
