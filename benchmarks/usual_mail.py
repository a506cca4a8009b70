"""What people would use instead: Jinja2, css-inline, EmailMessage, dkimpy, aiosmtplib's `send_message`, a mail each."""

from __future__ import annotations

import asyncio
import base64
from email.message import EmailMessage
from email.utils import make_msgid
from typing import TYPE_CHECKING

import aiosmtplib
import css_inline
import dkim
import jinja2
from cryptography.hazmat.primitives import serialization

from digest.mail.composing.message_template import ADDRESS, AGREED, LEAVE_URL, PREFERENCES_URL

if TYPE_CHECKING:
    from pathlib import Path

_MARKS = {LEAVE_URL: "leave", PREFERENCES_URL: "preferences", ADDRESS: "address", AGREED: "agreed"}


class Stack:
    """Sends the same words; it keeps no ledger, so it does less."""

    def __init__(self, html: str, text: str, subject: str, key: Path) -> None:
        environment = jinja2.Environment(autoescape=True)
        self._html, self._text = (environment.from_string(_template(words)) for words in (html, text))
        self._inliner = css_inline.CSSInliner()
        self._subject = subject
        pem = key.read_bytes()
        self._key, self._algorithm = pem, b"rsa-sha256"
        if key.name == "ed25519":
            private = serialization.load_pem_private_key(pem, None)
            raw = private.private_bytes(
                serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
            )
            self._key, self._algorithm = base64.b64encode(raw), b"ed25519-sha256"

    async def send(self, port: int, connections: int, count: int) -> None:
        """Send so many mails over so many connections."""
        await asyncio.gather(*(self._work(port, range(at, count, connections)) for at in range(connections)))

    async def _work(self, port: int, numbers: range) -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port) as client:
            for number in numbers:
                await client.send_message(self._message(number))

    def _message(self, number: int) -> EmailMessage:
        values = {name: f"https://digest.example.org/{name}/{number:070}" for name in _MARKS.values()}
        made = EmailMessage()
        made["From"], made["To"] = "Digest <digest@example.org>", f"reader{number}@example.org"
        made["Subject"], made["Message-ID"] = self._subject, make_msgid(domain="example.org")
        made["List-Unsubscribe"] = f"<{values['leave']}>"
        made.set_content(self._text.render(values))
        made.add_alternative(self._inliner.inline(self._html.render(values)), subtype="html")
        made["DKIM-Signature"] = (
            dkim.sign(made.as_bytes(), b"a", b"example.org", self._key, signature_algorithm=self._algorithm)
            .decode()
            .partition(": ")[2]
            .replace("\r\n", "")
        )
        return made


def _template(words: str) -> str:
    """Words with their marks as Jinja's."""
    for mark, name in _MARKS.items():
        words = words.replace(mark, "{{ " + name + " }}")
    return words
