"""Builds messages to many subscribers: encodes once what they share, and fills in the parts that differ.

An edition's text contains marks in the places of personal values. They are replaced when a mail is sent. The messages
have the same content as those of `edition_message`; only some lines are shorter. A line of base64 may be short, but
must encode whole groups of three bytes. So the text between two gaps is encoded once for each of the three places in a
group at which it may begin, and no padding is needed. Decision 174.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape

from digest.mail.composing.message import (
    EditionMail,
    address_header,
    base64_lines,
    boundary,
    crlf_bytes,
    edition_message,
)
from digest.model import Body

_GROUP, _LINE = 3, 57  # bytes
_WORTH_IT = 4 * _LINE  # shorter text is encoded again together with its neighbours

# Placeholders for the values that differ between subscribers. Each occurs in the message exactly where its value goes.
_ADDRESS = "nobody@6f1d0c37a2e54b0c9d7f.invalid"
_MESSAGE_ID = "<6f1d0c37a2e54b0c9d7f.message@nobody.invalid>"
_LEAVE_URL = "https://6f1d0c37a2e54b0c9d7f.invalid/leave"
_TEXT, _HTML = "6f1d0c37a2e54b0c9d7f text", "6f1d0c37a2e54b0c9d7f html"
_OUTER, _INNER = boundary("alternative", _MESSAGE_ID), boundary("related", _MESSAGE_ID)
# Private-use characters that cannot come from a dump: `strip_unsafe` lets them pass, but titles are values by then.
LEAVE_URL = "\ue0f0leave\ue0f1"
PREFERENCES_URL = "\ue0f0preferences\ue0f1"
ADDRESS = "\ue0f0address\ue0f1"
AGREED = "\ue0f0agreed\ue0f1"
_MARK = re.compile("(\ue0f0[a-z]+\ue0f1)")


class MessageTemplate:
    """The messages to all subscribers who receive the same text in the same format."""

    def __init__(self, mail: EditionMail) -> None:
        """`mail` is one of the messages, with marks in its text; its recipient does not matter."""
        nobody = replace(
            mail,
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
            base64_lines(crlf_bytes(_TEXT)): _TEXT,
            base64_lines(crlf_bytes(_HTML)): _HTML,
            _OUTER.encode(): _OUTER,
            _INNER.encode(): _INNER,
        }
        cut = re.split(b"(" + b"|".join(map(re.escape, gaps)) + b")", edition_message(nobody))
        self._parts: list[bytes | str] = [gaps.get(part, part) for part in cut]
        self._text = _EncodedText(mail.text, lambda value: value)
        self._html = _EncodedText(mail.html if _HTML in self._parts else "", escape)

    def message(self, name: str, message_id: str, person: PersonalValues) -> bytes:
        """The message to one subscriber.

        Raises:
            ValueError: the address cannot stand in a header.
        """
        values = person.by_mark()
        filled = {
            _ADDRESS: address_header(name, person.address, "To").encode(),
            _MESSAGE_ID: message_id.encode(),
            _LEAVE_URL: person.leave_url.encode(),
            _TEXT: self._text.filled(values),
            _HTML: self._html.filled(values),
            _OUTER: boundary("alternative", message_id).encode(),
            _INNER: boundary("related", message_id).encode(),
        }
        return b"".join([filled[part] if isinstance(part, str) else part for part in self._parts])


class _EncodedText:
    """Text with gaps, encoded in advance as far as possible."""

    def __init__(self, text: str, convert: Callable[[str], str]) -> None:
        """`convert` converts a value to the form that the text needs."""
        first, *rest = split_at_marks(text)
        self._first = _TextBetweenGaps(crlf_bytes(first))
        self._rest = [
            (mark, _TextBetweenGaps(crlf_bytes(after))) for mark, after in zip(rest[::2], rest[1::2], strict=True)
        ]
        self._convert = convert

    def filled(self, values: dict[str, str]) -> bytes:
        """The whole text in base64, with a value for each mark."""
        made: list[bytes] = []
        left = self._first.after(b"", made)
        for mark, between in self._rest:
            left = between.after(left + crlf_bytes(self._convert(values.get(mark, ""))), made)
        return b"".join([*made, base64_lines(left)])


class _TextBetweenGaps:
    """The text between two gaps."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._cut = [_cut(text, start) for start in range(_GROUP)] if len(text) > _WORTH_IT else []

    def after(self, before: bytes, made: list[bytes]) -> bytes:
        """Append to `made` what can be encoded of this text after `before`. Return the bytes left for the next part."""
        if not self._cut:
            return before + self._text
        begin, encoded, end = self._cut[-len(before) % _GROUP]
        made += (base64_lines(before + begin), encoded)
        return end


def _cut(text: bytes, start: int) -> tuple[bytes, bytes, bytes]:
    """The first `start` bytes, the following full lines in base64, and the remaining bytes."""
    end = start + (len(text) - start) // _LINE * _LINE
    return text[:start], base64_lines(text[start:end]), text[end:]


@dataclass(frozen=True, slots=True)
class PersonalValues:
    """The personal values in a mail; `agreed` is the day of the consent, in the language of the mail."""

    leave_url: str
    preferences_url: str
    address: str
    agreed: str

    def by_mark(self) -> dict[str, str]:
        """The value for each mark."""
        return {
            LEAVE_URL: self.leave_url,
            PREFERENCES_URL: self.preferences_url,
            ADDRESS: self.address,
            AGREED: self.agreed,
        }


def personalized(body: Body, person: PersonalValues) -> Body:
    """The edition's text for one subscriber."""
    values = person.by_mark()
    escaped = {mark: escape(value) for mark, value in values.items()}
    return replace(
        body,
        html=_MARK.sub(lambda mark: escaped.get(mark[0], ""), body.html),
        text=_MARK.sub(lambda mark: values.get(mark[0], ""), body.text),
    )


def split_at_marks(text: str) -> list[str]:
    """The text split at the marks: text and marks alternate, with text first and last."""
    return _MARK.split(text)


def without_marks(text: str) -> str:
    """The text from a dump, without any mark of ours."""
    return text.replace("\ue0f0", "").replace("\ue0f1", "")
