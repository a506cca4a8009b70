"""Builds the bytes of one RFC 5322 message, of an edition or a short mail; equal values give equal bytes.

This module writes the headers itself. The modern policies of `email.policy` fold URLs into encoded words, and let a
title that looks like an encoded word inject headers. Source: RFC 2047, 2369, 2919, 5322, 8058. Decision 135.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.charset import Charset
from email.header import Header
from email.utils import format_datetime

from digest import addresses
from digest.mail.receiving.provider_payloads import Provider, carriers
from digest.model import EditionKey, Format, SubscriberId

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_PLAIN = re.compile(r"[A-Za-z0-9 !#$%&'*+/^_`{|}~.-]*")
_LONGEST_PLAIN = 60
_LONGEST_LINE = 75
_WANTED_LINE = 78  # RFC 5322, 2.1.1
_FOLD = "\r\n "
_UTF8 = Charset("utf-8")
_PICTURE = re.compile(r'src="cid:([0-9a-f]{32})@formula\.digest"')


@dataclass(frozen=True, slots=True)
class EditionMail:
    """The values of a message. Addresses are ASCII or need SMTPUTF8; `leave_url` contains no white space."""

    sender: str
    reply_to: str
    to_name: str
    to_address: str
    subject: str
    text: str
    html: str
    format: Format
    message_id: str
    written_at: datetime
    list_id: str
    list_title: str
    archive_url: str
    help_url: str
    leave_url: str
    pictures: Mapping[str, bytes] = field(default_factory=dict)  # PNGs that the HTML displays, by name
    relays: tuple[Provider, ...] = ()  # providers that report the Message-ID in their events


def picture_address(name: str) -> str:
    """The URL by which a message's HTML refers to a picture attached to it. Source: RFC 2392."""
    return f"cid:{name}@formula.digest"


def pictures_in(html: str) -> set[str]:
    """The names of the pictures that the HTML displays."""
    return set(_PICTURE.findall(html))


def message_id(edition: EditionKey, subscriber: SubscriberId, domain: str, secret: bytes) -> str:
    """The Message-ID, equal for all attempts at one delivery. It does not reveal the subscriber."""
    marked = hmac.new(secret, f"message\0{edition}\0{subscriber}".encode(), hashlib.sha256).hexdigest()[:32]
    return f"<{re.sub(r'[^A-Za-z0-9-]+', '.', edition)}.{marked}@{domain}>"


def edition_message(mail: EditionMail) -> bytes:
    """The message with CRLF line ends and at most 998 characters in a line."""
    body = text_part("plain", mail.text)
    if mail.format is not Format.TEXT:
        page = text_part("html", mail.html)
        if mail.pictures:
            pictures = [_picture(name, png) for name, png in sorted(mail.pictures.items())]
            page = _multipart("related", mail.message_id, [page, *pictures])
        body = _multipart("alternative", mail.message_id, [body, page])
    headers = {
        "Date": format_datetime(mail.written_at),
        "From": mailbox_header(mail.sender, "From"),
        "To": address_header(mail.to_name, mail.to_address, "To"),
        "Reply-To": mailbox_header(mail.reply_to, "Reply-To") if mail.reply_to else "",
        "Subject": header_text(mail.subject, "Subject"),
        "Message-ID": mail.message_id,
        "List-Id": f"{_phrase(mail.list_title, 'List-Id')} <{mail.list_id}>",
        "List-Help": f"<{mail.help_url}>",
        "List-Archive": f"<{mail.archive_url}>",
        "List-Post": "NO",
        "List-Unsubscribe": f"<{mail.leave_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
        **carriers(mail.relays, mail.message_id),
        "MIME-Version": "1.0",
    }
    return ("".join(f"{name}: {value}\r\n" for name, value in headers.items() if value) + body).encode("utf-8")


def header_text(text: str, name: str) -> str:
    """Unstructured text as the value of a header, folded. Control characters become spaces."""
    clean = _CONTROL.sub(" ", text).strip()
    if clean.isascii() and "=?" not in clean and len(name) + len(clean) <= _LONGEST_PLAIN:
        return clean
    return _encoded(clean, name)


def mailbox_header(written: str, name: str) -> str:
    """A mailbox from the settings, `Name <a@b.example>`, as the value of a header."""
    read = addresses.mailbox(written)
    return address_header(read.name, read.address, name)


def address_header(display: str, address: str, name: str) -> str:
    """An address with a display name, which may be empty, as the value of a header.

    Raises:
        ValueError: the address cannot stand in a header.
    """
    if re.search(r"[\s<>]", address) or _CONTROL.search(address):
        raise ValueError("an address must not contain white space, control characters or angle brackets")
    if not display.strip():
        return address
    phrase = _phrase(display, name)
    used = len(f"{name}: {phrase}".rpartition("\r\n")[2])
    return f"{phrase}{' ' if used + len(address) + 3 <= _WANTED_LINE else _FOLD}<{address}>"


def _phrase(text: str, name: str) -> str:
    """A display name: unchanged if it is plain, otherwise as encoded words."""
    clean = _CONTROL.sub(" ", text).strip()
    if _PLAIN.fullmatch(clean) and "=?" not in clean and len(clean) <= _LONGEST_PLAIN:
        return f'"{clean}"' if re.search(r"[^A-Za-z0-9 !#$%&'*+/^_`{|}~-]", clean) else clean
    return _encoded(clean, name)


def _encoded(clean: str, name: str) -> str:
    """Text as encoded words."""
    word = _UTF8.header_encode(clean)  # equals the result of Header for a short text, ten times as fast
    if clean and len(name) + len(": ") + len(word) <= _LONGEST_LINE:
        return word
    return Header(clean, "utf-8", maxlinelen=_LONGEST_LINE, header_name=name).encode(linesep="\r\n")


def boundary(subtype: str, message_id: str) -> str:
    """The boundary between the parts of one message."""
    return f"=_{hashlib.sha256(f'{subtype} {message_id}'.encode()).hexdigest()[:32]}"


def _multipart(subtype: str, seed: str, parts: Iterable[str]) -> str:
    limit = boundary(subtype, seed)
    kind = '; type="text/html"' if subtype == "related" else ""
    inner = "".join(f"--{limit}\r\n{one}\r\n" for one in parts)
    return f'Content-Type: multipart/{subtype}; boundary="{limit}"{kind}\r\n\r\n{inner}--{limit}--\r\n'


def _picture(name: str, png: bytes) -> str:
    return (
        "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-ID: <{picture_address(name).removeprefix('cid:')}>\r\n"
        f'Content-Disposition: inline; filename="{name}.png"\r\n\r\n{base64_lines(png).decode("ascii")}'
    )


def text_part(subtype: str, text: str) -> str:
    """Text as a part of a message, with the part's headers."""
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head + base64_lines(crlf_bytes(text)).decode("ascii")


def crlf_bytes(text: str) -> bytes:
    """Text as the bytes of a part."""
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8", "replace")


def base64_lines(raw: bytes) -> bytes:
    """Base64 in lines of 76 characters. Source: RFC 2045, 6.8."""
    return base64.encodebytes(raw).replace(b"\n", b"\r\n")


@dataclass(frozen=True, slots=True)
class ShortMail:
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


def short_message(mail: ShortMail) -> bytes:
    """The message with CRLF line ends, marked so that no program answers it automatically. Source: RFC 3834.

    Raises:
        ValueError: the address cannot stand in a header.
    """
    headers = {
        "Date": format_datetime(mail.written_at),
        "From": mailbox_header(mail.sender, "From"),
        "To": address_header("", mail.to, "To"),
        "Reply-To": mailbox_header(mail.reply_to, "Reply-To") if mail.reply_to else "",
        "Subject": header_text(mail.subject, "Subject"),
        "Message-ID": mail.message_id,
        "List-Unsubscribe": f"<{mail.leave_url}>" if mail.leave_url else "",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" if mail.leave_url else "",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
    text = text_part("plain", mail.text)
    if not mail.html:
        return f"{head}{text}".encode()
    limit = boundary("alternative", mail.message_id)
    parts = "".join(f"--{limit}\r\n{one}\r\n" for one in (text, text_part("html", mail.html)))
    kind = f'Content-Type: multipart/alternative;\r\n boundary="{limit}"'
    return f"{head}{kind}\r\n\r\n{parts}--{limit}--\r\n".encode()
