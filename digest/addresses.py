"""Mail addresses: turns what people and settings contain into what mail servers accept.

The only home of email-validator.

Domains are stored as A-labels. This module does not query the DNS (`mail/dns_records.py` does).
Source: RFC 5321, 5322, 5891 (IDNA 2008), 6531. Decisions 111 and 113.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from digest.errors import AddressError

_LONGEST = 320  # characters that are examined; an address has at most 254 bytes
# The characters that Chinese input methods produce in place of ASCII.
_WIDTHS = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | dict.fromkeys((0x3002, 0xFF61, 0xFE52), ".")
_WIDTHS[0xFE6B] = "@"
# Categories of invisible characters, and invisible characters of other categories. Source:
# Default_Ignorable_Code_Point.
_UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # these change the direction of text
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]")
_NAMED = re.compile(r'(?P<name>"(?:[^"\\]|\\.)*"|[^"\\<>,;:@()\[\]]*)\s*<(?P<address>[^<>]*)>')
_NEEDS_QUOTES = re.compile(r'["\\<>,;:@()\[\].]')

# Domains at which very many people have their mail, in whose names many make mistakes.
_CHINESE = ("126.com", "139.com", "163.com", "aliyun.com", "foxmail.com", "qq.com", "sina.com", "sohu.com", "yeah.net")
_APPLE_GOOGLE_MICROSOFT = (
    "gmail.com",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "me.com",
    "outlook.com",
)
_OTHERS = ("gmx.de", "gmx.net", "mail.ru", "proton.me", "web.de", "yahoo.co.jp", "yahoo.com", "yandex.ru")
PROVIDERS = frozenset(_CHINESE + _APPLE_GOOGLE_MICROSOFT + _OTHERS)
# The names under which they receive the mail of other domains, too.
_MAIL_HOSTS = (
    *("aliyun.com", "google.com", "googlemail.com", "icloud.com", "netease.com", "outlook.com", "protonmail.ch"),
    *("qq.com", "yahoodns.net", "yandex.net", "zoho.com"),
)
_LIKE = 0.8  # as `difflib` measures: one wrong letter in a short name


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address with the name in front of it, which may be empty."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    def __str__(self) -> str:
        """The form used in settings, which `mailbox` parses again."""
        if not self.name:
            return self.address
        escaped = re.sub(r'(["\\])', r"\\\1", self.name)
        return f'"{escaped}" <{self.address}>' if _NEEDS_QUOTES.search(self.name) else f"{self.name} <{self.address}>"


def checked_address(written: str) -> str:
    """A person's address: the domain as A-labels in lower case, the local part unchanged.

    Full-width forms are read as ASCII. Invisible characters are removed at both ends.

    Raises:
        AddressError: it is not an address, or has an invisible character inside.
    """
    return _address(written, dotless=False)


@lru_cache(maxsize=32)
def mailbox(written: str) -> Mailbox:
    """A mailbox from a setting, such as `Digest <digest@example.org>`.

    A name that contains `,;:@()[]<>"` or a backslash must be quoted. The domain may belong to an intranet and have no
    dot.

    Raises:
        AddressError: it is not a single address with an optional name; the local part is not ASCII; the name contains a
            control character or one that changes the direction of text.
    """
    clean = _stripped(written)
    named = _NAMED.fullmatch(clean)
    name, address = (named["name"].strip(), named["address"]) if named else ("", clean)
    if name.startswith('"'):
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in name):
        raise AddressError(written, "contains a control character")
    if BIDI.search(name):
        raise AddressError(written, "contains a character that changes the direction of text")
    checked = _address(address, dotless=True)
    if not checked.isascii():
        raise AddressError(written, "has letters outside ASCII before the @, which many mail servers refuse")
    return Mailbox(name, checked)


def ascii_domain(domain: str) -> str:
    """A domain as A-labels, in lower case.

    Raises:
        AddressError: it is not a domain.
    """
    return _address(f"x@{domain}", dotless=True).partition("@")[2]


def domain_of(address: str) -> str:
    """The domain of an address, in lower case; the whole text if it has no domain. Never raises."""
    return address.rpartition("@")[2].casefold()


def is_large_provider(domain: str, host: str) -> bool:
    """Whether very many people have their mail at this domain, or at this host, which takes the domain's mail."""
    return domain in PROVIDERS or host.endswith(tuple(f".{name}" for name in _MAIL_HOSTS))


def likely_domain(domain: str) -> str:
    """The large provider whose domain was probably meant; empty if there is none."""
    import difflib  # noqa: PLC0415 - for visitors' mistakes alone

    found = difflib.get_close_matches(domain, sorted(PROVIDERS - {domain}), 1, _LIKE)
    return found[0] if found else ""


def address_key(address: str) -> str:
    """What all spellings of an address have in common, regardless of case and of how accents are composed."""
    return unicodedata.normalize("NFC", address).lower()


def spellings(written: str) -> tuple[str, ...]:
    """The keys under which a person with this address may be stored, the present key first. Never raises."""
    plain = written.strip()
    try:
        wanted = checked_address(written)
    except AddressError:
        wanted = plain
    return tuple(dict.fromkeys((address_key(wanted), address_key(plain))))


def former_spelling(written: str) -> str:
    """The address as programs stored it under IDNA 2003 (`straße.de` as `strasse.de`); empty if they refused it.

    The result may be another owner's domain. Use it only when an operator looks for a stored person.
    """
    local, at, domain = written.strip().rpartition("@")
    try:
        return address_key(f"{local}{at}{domain.encode('idna').decode('ascii')}")
    except UnicodeError:
        return ""


def _address(written: str, *, dotless: bool) -> str:
    import email_validator  # noqa: PLC0415 - reading dumps does not need it

    email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()  # .local and .test are used where Digest runs on such domains
    address = _stripped(written).translate(_WIDTHS)
    if len(address) > _LONGEST:
        raise AddressError(written, "is not a mail address: it is too long")
    unseen = next(filter(_unseen, address), None)
    if unseen:
        raise AddressError(written, f"is not a mail address: it contains {_called(unseen)}")
    try:
        found = email_validator.validate_email(
            address, strict=True, check_deliverability=False, globally_deliverable=not dotless
        )
    except email_validator.EmailNotValidError as error:
        raise AddressError(written, "is not a mail address") from error
    return f"{found.local_part}@{found.ascii_domain}"


def _stripped(written: str) -> str:
    start, end = 0, len(written)
    while start < end and _cut_off(written[start]):
        start += 1
    while start < end and _cut_off(written[end - 1]):
        end -= 1
    return written[start:end]


def _cut_off(character: str) -> bool:
    """Whether the character is dropped at an end: those that copying adds, but not NUL or other control characters."""
    return character.isspace() or (_unseen(character) and unicodedata.category(character) != "Cc")


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN or _BLANK.match(character) is not None


def _called(character: str) -> str:
    if character == " ":
        return "a space"
    return f"{unicodedata.name(character, 'a control character')} (U+{ord(character):04X})"
