"""A short mail in plain text that is no edition: a link to confirm, a word to the operator."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from email.utils import format_datetime
from typing import TYPE_CHECKING

from digest.mail.message import mailbox, named, words

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """What a short mail is made of. `message_id` is the same for each attempt."""

    sender: str
    to: str
    subject: str
    text: str
    message_id: str
    written_at: datetime


def notice(letter: Notice) -> bytes:
    """The message with CRLF line ends. Nobody is to answer it automatically. Source: RFC 3834.

    Raises:
        ValueError: the address cannot stand in a header.
    """
    headers = {
        "Date": format_datetime(letter.written_at),
        "From": mailbox(letter.sender, "From"),
        "To": named("", letter.to, "To"),
        "Subject": words(letter.subject, "Subject"),
        "Message-ID": letter.message_id,
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "base64",
    }
    body = base64.encodebytes(letter.text.replace("\n", "\r\n").encode("utf-8", "replace")).replace(b"\n", b"\r\n")
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + b"\r\n" + body
