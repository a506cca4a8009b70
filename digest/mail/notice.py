"""Builds a short mail that is not an edition: a confirmation link, a welcome, a message to the operator."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import format_datetime
from typing import TYPE_CHECKING

from digest.mail.message import boundary, mailbox, named, part, words

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """The values of a short mail. `message_id` is the same for each attempt. `html` is empty for a text-only mail.

    With `leave_url`, mail programs unsubscribe from the one digest that the mail is about. It is empty if the mail is
    about no digest, or about several.
    """

    sender: str
    to: str
    subject: str
    text: str
    message_id: str
    written_at: datetime
    html: str = ""
    reply_to: str = ""
    leave_url: str = ""


def notice(letter: Notice) -> bytes:
    """The message with CRLF line ends, marked so that no program answers it automatically. Source: RFC 3834.

    Raises:
        ValueError: the address cannot stand in a header.
    """
    headers = {
        "Date": format_datetime(letter.written_at),
        "From": mailbox(letter.sender, "From"),
        "To": named("", letter.to, "To"),
        "Reply-To": mailbox(letter.reply_to, "Reply-To") if letter.reply_to else "",
        "Subject": words(letter.subject, "Subject"),
        "Message-ID": letter.message_id,
        "List-Unsubscribe": f"<{letter.leave_url}>" if letter.leave_url else "",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" if letter.leave_url else "",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
    text = part("plain", letter.text)
    if not letter.html:
        return f"{head}{text}".encode()
    limit = boundary("alternative", letter.message_id)
    parts = "".join(f"--{limit}\r\n{one}\r\n" for one in (text, part("html", letter.html)))
    kind = f'Content-Type: multipart/alternative;\r\n boundary="{limit}"'
    return f"{head}{kind}\r\n\r\n{parts}--{limit}--\r\n".encode()
