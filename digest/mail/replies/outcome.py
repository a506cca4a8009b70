"""Decides what follows from a server's reply, and recognizes refusals that are limits of a relay or a server.

Source: RFC 5321, sections 4.2.1 and 4.5.4.1; RFC 3463.

A slower delivery, or a new connection, gets around such limits. Source: RFC 5321, 4.2; RFC 3463; the replies of
Postfix, Exchange, Gmail, Amazon SES, Yahoo, QQ and NetEase, as of 2026.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from digest.errors import TransportError
from digest.mail.replies.diagnosis import OF_ONE_PERSON, About, Diagnosis, diagnose
from digest.model import MAY_HAVE_IT, DeliveryState

_CLOSING, _STORAGE = 421, 452
_BUSY_CODES = {421, 450, 451, 454}
_TOO_LARGE = 552
_TEMPORARY, _PERMANENT = 4, 5
# In other languages than English
_RATE_TRANSLATED = (
    r"频率|頻率|频繁|頻繁|过快|過快|超[过出過].{0,10}(?:限制|限额|限額|数量|次数)|发送(?:数量|次数).{0,6}(?:限|超)",
    r"頻度|送信数.{0,6}(?:制限|超)|너무 (?:많|빠)|слишком (?:много|часто)|превышен\w* (?:лимит|скорост|частот)",
    r"zu (?:viele|häufig)|trop (?:de|vite)|demasiad[oa]s",
    # NetEase's own codes for what an IP address, a sender or a client sent in a period
    r"\b(?:rp:(?:trl|cel|qrc|drc|sfc)|mi:(?:cel|dmc|stc|rbc|imf|spf))\b",
)
_TOO_LARGE_TRANSLATED = (
    r"(?:邮件|郵件|信件).{0,10}(?:过大|過大|太大)|(?:邮件|郵件|信件)大小.{0,6}(?:超|限)",
    r"zu gro(?:ß|ss)|trop volumineux",
)
_LARGE_STATUS = re.compile(r"(?:^|\s|\(#?)5\.(?:3\.4|2\.3)\b")
_LARGE = re.compile(
    r"\b(?:message|mail|e-mail)\s+(?:size|length)\b.{0,40}(?:limit|exceed|maximum|too)"
    r"|\b(?:message|mail|e-mail|data)\s+(?:is\s+)?too\s+(?:large|big|long)|exceed\w*\s.{0,30}\b(?:message|mail)\s+size\b"
    r"|\b(?:message|mail)\s+exceed\w*\s.{0,30}\bsize\b|" + "|".join(_TOO_LARGE_TRANSLATED),
    re.IGNORECASE,
)
_LARGE_ALONE = re.compile(
    r"fixed\s+limit|too\s+(?:large|big|long)|too\s+much\s+mail\s+data|size\s+limit", re.IGNORECASE
)
_MAILBOX_WORDS = re.compile(r"mailbox|mail\s+box|inbox|quota|(?:^|\s|\(#?)5\.2\.[0124]\b", re.IGNORECASE)
_ENHANCED = re.compile(r"(?:^|\s|\(#?)4\.(\d{1,3})\.(\d{1,3})\b")
_RATE = re.compile(
    r"too\s+(?:many|fast|quick|frequent|often)|throttl|slow[\s-]*down|frequen|rate[\s-]*limit|rate\s+(?:is\s+)?control"
    r"|(?:sending|message|mail|request)\s+rate|unexpected\s+volume|concurren|try\s+again\s+later,?\s+closing"
    r"|server\s+(?:is\s+)?busy"
    r"|\b(?:sending|send|daily|hourly|message|account|sender)\s+(?:quota|limit|allowance)"
    r"|(?:quota|limit)\b.{0,40}\b(?:sender|per\s+(?:minute|hour|day)|daily|hourly)|" + "|".join(_RATE_TRANSLATED),
    re.IGNORECASE,
)
_RATE_OR_ROOM = re.compile(r"exceed|too\s+(?:much|high)|limit|\u9650\u5236", re.IGNORECASE)
_OF_ROOM = re.compile(r"storage|mailbox|quota|disk|space|size|time-?out|time\s+exceed|lookup|\bhops?\b", re.IGNORECASE)
_OF_ONE_USER = re.compile(r"user .{0,60}receiv|gr[ae]y[\s-]*list", re.IGNORECASE)
_OTHER_POLICY = re.compile(
    r"host\s*name|host\s+not\s+found|helo|reverse|ptr\b|dns|lookup|authenticat|credential|starttls|encrypt|\btls\b"
    r"|spf\b|dkim\b|dmarc\b|verif|access\s+denied|relay|not\s+permitted|spam|virus|black",
    re.IGNORECASE,
)
_OF_THIS_SESSION = re.compile(r"session|(?:this|per|each|one|a|same)\s+(?:smtp\s+)?connection", re.IGNORECASE)
_RATE_OR_LIMIT = re.compile(r"too\s+many|limit|exceed|maximum|\bmax\b|no\s+more", re.IGNORECASE)
_OF_A_SESSION = re.compile(r"session|connection", re.IGNORECASE)
_BEFORE_THE_DOT = {"sender", "recipient", "content"}
_MAILBOX = "2"


def session_is_used_up(error: TransportError) -> bool:
    """Whether a mail may be sent over a new connection, because this one was closed or has reached its limit.

    Use it for a connection that has sent mail before. A timeout does not count, because a new connection would time out
    as well. At MAIL it does count, because there we may not know yet that the server closed the connection long ago.
    """
    if error.uncertain or error.phase not in _BEFORE_THE_DOT:
        return False
    if error.code is None:
        return error.phase == "sender" or not isinstance(error.__cause__, TimeoutError)
    if error.code == _CLOSING:
        return True
    if _OF_THIS_SESSION.search(error.text) and _RATE_OR_LIMIT.search(error.text):  # some use 5xx for it
        return True
    early = error.phase != "content" and error.code // 100 == _TEMPORARY and _subject(error) != _MAILBOX
    of_a_session = _OF_A_SESSION.search(error.text) and rate_limit(error) is RateLimit.EXPLICIT
    return early and (error.code == _STORAGE or bool(of_a_session))


class RateLimit(StrEnum):
    """Whether the refusal means that the server accepts such mails, but fewer of them in a given time.

    `explicit`: the text says so. `likely`: the code suggests it, and the text names no other policy; some grey lists
    reply in the same way.
    """

    NO = "no"
    LIKELY = "likely"
    EXPLICIT = "explicit"


def rate_limit(error: TransportError) -> RateLimit:
    """Whether a refusal is a rate limit.

    It is not one if a single mailbox receives too much (4.2.x), or if the reply comes from a grey list, which wants the
    same mail again after some minutes.
    """
    if error.uncertain or error.code is None or error.code // 100 != _TEMPORARY or _subject(error) == _MAILBOX:
        return RateLimit.NO
    if _OF_ONE_USER.search(error.text):
        return RateLimit.NO
    if _RATE.search(error.text):
        return RateLimit.EXPLICIT
    if _RATE_OR_ROOM.search(error.text):
        return RateLimit.NO if _OF_ROOM.search(error.text) else RateLimit.EXPLICIT
    by_code = error.code in _BUSY_CODES and _subject(error) == "7" and not _OTHER_POLICY.search(error.text)
    return RateLimit.LIKELY if by_code else RateLimit.NO


def is_too_large(error: TransportError) -> bool:
    """Whether a relay never accepts a mail of this size, by 5.3.4, 5.2.3 or a text about the size of a mail."""
    return says_too_large(error.code, error.text)


def says_too_large(code: int | None, text: str) -> bool:
    """Like `is_too_large`, for a stored reply."""
    if code is None or code // 100 != _PERMANENT:
        return False
    if _LARGE_STATUS.search(text):
        return True
    if _MAILBOX_WORDS.search(text):
        return False
    return bool(_LARGE.search(text) or (code == _TOO_LARGE and _LARGE_ALONE.search(text)))


def _subject(error: TransportError) -> str:
    """The subject of the enhanced status code; empty if there is no such code."""
    found = _ENHANCED.search(error.text)
    return found[1] if found else ""


_OF_A_MAILBOX = {521, 550, 551, 552, 553, 556}
BEFORE_THE_RECIPIENT = frozenset({"connect", "login", "sender"})  # phases of a session
_US = Diagnosis(About.US)
_FEWEST_ATTEMPTS = 4
_TEMPORARY, _PERMANENT = 4, 5
_LONGEST_DOUBLED, _SPREAD = timedelta(hours=8), 0.25
LONGEST_WAIT = _LONGEST_DOUBLED * (1 + _SPREAD)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try: the first wait, and the age at which a delivery fails permanently."""

    retry: timedelta
    give_up: timedelta


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to record, and whom it is about.

    `pause` marks a failure that may be ours or the relay's; several of them in a row pause the run.
    """

    state: DeliveryState
    wait: timedelta | None = None
    diagnosis: Diagnosis = _US
    pause: bool = False


def outcome(
    error: TransportError,
    *,
    attempts: int,
    uncertain: int,
    made_at: datetime,
    now: datetime,
    seed: str,
    patience: Patience,
    sender: str = "",
    recipient: str = "",
) -> Outcome:
    """What a refusal means. The reply decides, not the class of the exception.

    `attempts` includes this attempt. `uncertain` counts the earlier attempts with an unknown outcome. A mail that is
    already old at its first attempt still gets a few attempts. `seed` spreads the waits of a batch, so that they do not
    all end at the same time.
    """
    if error.uncertain:
        # The server may have the message. It is sent once more with the same Message-ID; after that, the delivery stays
        # visible as unknown. A server that does this again and again causes second copies for everybody, so it counts
        # as a fault of the server.
        wait = _wait(1, seed, patience) if uncertain + 1 < MAY_HAVE_IT else None
        return Outcome(DeliveryState.UNKNOWN, wait, pause=True)
    kind = error.code // 100 if error.code else _TEMPORARY
    ours = error.code is None or error.phase in BEFORE_THE_RECIPIENT
    blamed = _US if ours else diagnose(error.text, code=error.code, sender=sender, recipient=recipient)
    if is_too_large(error):
        return Outcome(DeliveryState.FAILED, diagnosis=blamed)  # the mail will not be smaller next time
    if kind == _PERMANENT and _of_one_person(error, blamed):
        return Outcome(DeliveryState.FAILED, diagnosis=blamed)
    wait = _wait(attempts, seed, patience)
    if not ours and attempts >= _FEWEST_ATTEMPTS and now + wait > made_at + patience.give_up:
        return Outcome(DeliveryState.FAILED, diagnosis=blamed)
    return Outcome(DeliveryState.DEFERRED, wait, blamed, pause=ours or kind == _PERMANENT)


def _of_one_person(error: TransportError, blamed: Diagnosis) -> bool:
    """Whether a permanent refusal is about this mailbox only, as far as a single refusal can show.

    A refusal that names the mailbox may also come after the content, because each of our mails has one recipient. Many
    servers delay policy rejections (5.7.1, 5.1.8, 530) until RCPT. They concern us or our sender, and must not count as
    bad recipients.
    """
    if blamed.about in OF_ONE_PERSON:
        return True
    subject = blamed.status.split(".")[1:2]
    nothing_of_us = error.phase == "recipient" and blamed.about is not About.US and subject in ([], ["0"], ["1"])
    return nothing_of_us and error.code in _OF_A_MAILBOX


def _wait(attempts: int, seed: str, patience: Patience) -> timedelta:
    """The first wait, doubled with each attempt, plus up to a quarter."""
    spread = int.from_bytes(hashlib.sha256(f"{seed}\0{attempts}".encode()).digest()[:4]) / 2**32
    doubled: timedelta = patience.retry * 2 ** min(attempts - 1, 10)
    return min(doubled, _LONGEST_DOUBLED) * (1 + spread * _SPREAD)
