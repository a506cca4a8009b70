"""Decides whom a server's refusal is about: the address, the mailbox, its domain, or us.

The decision uses the enhanced status code and also the text. Servers use one code for many things, while the text is
what their operators wrote. Source: RFC 3463, RFC 5321 (4.2.2 and 4.2.3), RFC 7504, RFC 7505, and the replies of large
providers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from digest.addresses import domain_of
from digest.mail import tongues


class About(StrEnum):
    """Whom a refusal is about.

    - `address`: nobody has this address.
    - `mailbox`: the state of the mailbox, for instance full or disabled.
    - `domain`: the recipient's domain name or its server.
    - `us`: our sender, relay, rate, reputation or message.
    - `unknown`: a single reply does not show it; several replies together may.
    """

    ADDRESS = "address"
    MAILBOX = "mailbox"
    DOMAIN = "domain"
    US = "us"
    UNKNOWN = "unknown"


OF_ONE_PERSON = frozenset({About.ADDRESS, About.MAILBOX})


@dataclass(frozen=True, slots=True)
class Blame:
    """Whom a reply is about.

    `status` is the reply's enhanced status code, such as `5.1.1`; it is empty where the reply has none. `proven` means
    that the code says that the address does not exist, and that the text does not contradict it. It is only ever true
    together with `About.ADDRESS`.
    """

    about: About
    status: str = ""
    proven: bool = False


_NO_ADDRESS = frozenset({"1.1", "1.2", "1.3", "1.6", "1.10"})
_OUR_ADDRESS = frozenset({"1.7", "1.8"})  # of the sender
_OURS = _OUR_ADDRESS | {"3.4", "4.5"}
_OTHERS = frozenset({"1.0", "1.4", "1.5", "1.9"})
_BY_SUBJECT = {"2": About.MAILBOX, "3": About.DOMAIN, "4": About.DOMAIN, "5": About.US, "6": About.US, "7": About.US}
_BY_CODE = {521: About.DOMAIN, 530: About.US, 534: About.US, 535: About.US, 552: About.MAILBOX, 556: About.DOMAIN}

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
_LONGEST = 1000  # characters of a reply that are examined
_URL = re.compile(r"https?://\S+")
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"']+@[^\s<>()\[\],;:\"']+")
_HOST = re.compile(r"\b(?:[a-z0-9-]+\.)+[a-z]{2,}\b")
_DOTTED = re.compile(r"(?<![\w.-])([a-z0-9-]+)(?:\.[a-z0-9-]+)*\.([a-z]{2,})(?![\w-])( ?\[)?")
_ENDINGS = {"com", "net", "org", "edu", "info", "cn", "jp", "ru", "local"}


_WHOSE = r"\b(?:user|mailbox|mail box|inbox|recipient|address|account|customer)\b"
_FULL = r"full|over ?quota|quota|limit|exceed\w*|disabled|deactivated|inactive|suspended|locked|expired|frozen"
_NONE = r"no|unknown|invalid|non-?existent|bad|not a (?:valid|known)"
_MISSING = r"unknown|not found|unavailable|invalid|not exist|moved|no longer|n['o]t (?:exist|have|known|valid|listed)"
_NOT = r"doesn't|does not|do not|isn't|is not"


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


# The first of these patterns that matches decides; the later ones are not consulted.
_MESSAGE_TOO_BIG = _any(r"message (?:size|length)", r"message (?:is )?too (?:big|large)")
_SENDING_LIMIT = _any(
    r"\b(?:daily|hourly|sending|outbound|rate|connections?|messages?|recipients?|submission|session)\b.{0,40}\b(?:limit|quota)",
    r"\b(?:limit|quota)\b.{0,40}\b(?:per|daily|hourly|sending|sent|hour|day|messages?|connections?)\b",
)
_OUR_SENDER = _any(
    r"\bsenders?\b",
    r"\bsender(?=[A-Z]|not)",
    r"\bmail from\b",
    r"\bfrom[: -]?(?:address|header|domain)\b",
    r"\breturn[- ]path\b",
    r"\brelay(?!ed|[- ]recipient)",
    r"\brcpthosts\b",
    r"\bpolic(?:y|ies)\b",
    r"\byour (?:account|credits?|plan|subscription|quota)\b",
    r"\byou (?:may|can|are|have|must) ?not\b|\byou've\b",
    *tongues.OUR_SENDER,
)
_MAILBOX_STATE = _any(
    rf"(?:{_WHOSE}|\b(?:storage|disk)\b).{{0,60}}\b(?:{_FULL})\b",
    r"\bover (?:its |their |the |disk )?quota\b",
    r"\bquota ?exceeded\b",
    r"\bexceed\w* (?:its |their |the |storage |disk )*(?:quota|storage)\b",
    r"\b(?:disabled|inactive|suspended|full|locked|dormant) (?:user|mailbox|account|recipient|inbox)\b",
    r"\breceiving mail (?:at a rate|too quickly)",
    *tongues.MAILBOX_STATE,
)
_OUR_DOING = _any(
    r"\blimit",
    r"\bquota\b",
    r"\bfrequen",
    r"\btoo (?:many|much|fast|often|quickly)\b",
    r"\bthrottl",
    r"\brate\b",
    r"\bspam(?!\w*trap)",
    r"\bunsolicited\b",
    r"\bbulk\b",
    r"\b(?:black|block|deny)[ -]?list",
    r"\b(?:dns|r)bl\b",
    r"\breputation\b",
    r"\bspf\b",
    r"\bdkim\b",
    r"\bdmarc\b",
    r"\bauthenticat",
    r"\bunauthenticated\b",
    r"\b(?:reverse|rdns|ptr)\b",
    r"\b[he][eh]lo\b",
    r"\byour (?:ip|server|host|domain|network|message|mail|email|system|isp)\b",
    r"\bclient host\b",
    r"\bcontent (?:denied|rejected)\b",
    r"\bno permission\b",
    r"\bcredits?\b",
    r"\bbounce attacks?\b",
    r"\b(?:rp|mi|dt|dmarc):[a-z]{3}\b",  # NetEase's codes for complaints about an IP address, a sender or a message
    *tongues.OUR_DOING,
)
_NO_SUCH_USER = _any(
    rf"\b(?:{_NONE}) (?:such )?(?:local )?(?:user|mailbox|recipient|address|account|customer|person|destination)\b",
    r"\bno mailbox\b",
    rf"{_WHOSE}.{{0,60}}\b(?:{_MISSING})\b",
    rf"{_WHOSE}.{{0,60}}\b(?:{_NOT}) (?:exist|have|known|valid|listed|found|available|a )",
    r"\bdoesn't have an? .{0,60}\baccount\b",
    r"\bunrout[e]?able address\b",
    r"\bnot our customer\b",
    r"\brecipient not ?found\b",
    r"\brecip(?:ient)?notfound\b",
    r"\bnosuchuser\b",
    r"\brecipient address rejected: access denied\b",
    r"\b(?:unknown|illegal|no such) (?:or illegal )?alias\b",
    *tongues.NO_SUCH_USER,
)
_REFUSED_US = _any(
    r"\bnot (?:allowed|permitted|authori[sz]ed|accepted from)\b",
    r"\bdenied\b",
    r"\bblocked\b",
    r"\bbanned\b",
    r"\bprohibit",
    r"\bauth",
)
_NO_DOMAIN = _any(
    r"\b(?:domain|host)\b.{0,40}\b(?:not found|unknown|not exist|n't exist)\b",
    r"\bno (?:mx|such domain|route)\b",
    r"\bloops? back\b",
    r"\btoo many hops\b",
    r"\bhop count\b",
)


def blame(text: str, *, code: int | None = None, status: str = "", sender: str = "", recipient: str = "") -> Blame:
    """Whom a reply is about.

    Whether the failure is permanent is a separate question, which the reply's first digit answers.

    `text` is the server's text, with or without codes in it. `code` is the SMTP reply code. `status` is the enhanced
    status code where it is separate from the text, as in a delivery status notification. `sender` is our address, from
    the envelope or the header. `recipient` is the subscriber's address. Everything except the text may be missing.
    """
    text = text[:_LONGEST]
    found = _status(status) or _status(text)
    if found.endswith(".0.0"):  # a gateway writes this when it does not know more; the server's text may
        found = _status(text) or found
    subject, _, detail = found.partition(".")[2].partition(".")
    words, names_us = _words(text, sender, recipient)
    nobody = f"{subject}.{detail}" in _NO_ADDRESS
    if (subject, detail) == ("6", "7"):  # the recipient's address is outside ASCII, and the server does not accept that
        return Blame(About.MAILBOX, found)
    about = About.US if names_us or f"{subject}.{detail}" in _OUR_ADDRESS else _by_words(words, proven=nobody)
    if about is About.UNKNOWN:
        about = _by_status(subject, detail)
    if about is About.UNKNOWN and code and not found:
        about = _BY_CODE.get(code, About.UNKNOWN)
    return Blame(about, found, proven=nobody and about is About.ADDRESS)


def pattern(text: str, recipient: str = "") -> str:
    """The words that replies with the same cause have in common: the text without addresses, hosts, numbers and ids."""
    plain = _without(_URL.sub(" ", text[:_LONGEST].casefold()), recipient)
    plain = _HOST.sub(" ", _ADDRESS.sub(" ", plain))
    words = (word for word in re.split(r"[^\w.'-]+", plain) if not any(letter.isdigit() for letter in word))
    return " ".join(filter(None, (word.strip(".'-_") for word in words)))


def named_host(text: str) -> str:
    """The server whose reply a relay passes on (`host mx.example.org[192.0.2.1] said: …`); empty if none is named."""
    found = re.search(r"\bhost ([\w.-]+)\s*(?:\[[^\]]*\])? said\b", text, re.IGNORECASE)
    return found[1].casefold() if found else ""


def _by_words(words: str, *, proven: bool) -> About:
    if _MESSAGE_TOO_BIG.search(words) or _SENDING_LIMIT.search(words) or _OUR_SENDER.search(words):
        return About.US
    if _MAILBOX_STATE.search(words):
        return About.MAILBOX
    if _OUR_DOING.search(words):
        return About.US
    if proven or _NO_SUCH_USER.search(words):
        return About.ADDRESS
    if _NO_DOMAIN.search(words):
        return About.DOMAIN
    return About.US if _REFUSED_US.search(words) else About.UNKNOWN


def _by_status(subject: str, detail: str) -> About:
    number = f"{subject}.{detail}"
    if number in _OURS:
        return About.US
    if subject == "1":  # the codes that large providers added are about the sender: 5.1.20, 5.1.90
        return About.UNKNOWN if number in _OTHERS else About.US
    return _BY_SUBJECT.get(subject, About.UNKNOWN)


def _words(text: str, sender: str, recipient: str) -> tuple[str, bool]:
    """The text in lower case without links and the subscriber's address, and whether it names our sender."""
    plain = _without(text.casefold(), recipient)
    ours = sender.casefold()
    local, _, domain = ours.rpartition("@")
    theirs = domain_of(recipient)
    names_us = bool(ours) and ours in plain
    if domain and domain != theirs and not theirs.endswith(f".{domain}"):
        names_us = names_us or re.search(rf"(?<![\w.-]){re.escape(domain)}(?![\w-])", plain) is not None
    elif local:
        bare = re.escape(local.partition("+")[0])
        names_us = names_us or re.search(rf"(?<![\w.+-]){bare}(?:\+[\w-]+)?@{re.escape(domain)}", plain) is not None
    plain = _ADDRESS.sub(" ", _URL.sub(" ", plain))
    if theirs:
        plain = re.sub(rf"(?<![\w.-])(?:[\w-]+\.)*{re.escape(theirs)}(?![\w-])", " ", plain)
    return " ".join(_DOTTED.sub(_unless_server, plain).split()), names_us


def _unless_server(dotted: re.Match[str]) -> str:
    """A space for a server's name; words such as `limit exceeded.please` or `resolver.adr.recipientnotfound` stay."""
    first, last, bracket = dotted.groups()
    return " " if bracket or last in _ENDINGS or not first.isalpha() else dotted[0]


def _without(plain: str, recipient: str) -> str:
    theirs = recipient.casefold()
    if not theirs:
        return plain
    local = re.escape(theirs.rpartition("@")[0])
    plain = plain.replace(theirs, " ")
    return re.sub(rf"(?<![\w.+-]){local}(?![\w.+-])", " ", plain) if len(local) > 1 and not local.isalpha() else plain


def _status(text: str) -> str:
    found = _STATUS.search(text)
    return ".".join([found[1], str(int(found[2])), str(int(found[3]))]) if found else ""
