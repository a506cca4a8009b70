"""Reads bounces and warnings that follow no standard, and guesses their meaning from their text.

A guess does not prove that the message is a bounce. Callers must ask for other evidence: either the subscriber's own
address among `failed`, or a null return path.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flufl.bounce import all_failures

from digest.mail.automatic import of_mail_system
from digest.mail.parts import has_null_path, header, readable_text

if TYPE_CHECKING:
    from email.message import Message

logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL + 1)  # it logs each message that it cannot read

# The server's own text ends here, and the mail that it is about begins.
_QUOTED = re.compile(
    r"""(?imx) ^[ \t]*(?:
        -{2,}[^\n]{0,80}
        (?:copy\ of|(?:original|returned|forwarded|unsent)\ message|below\ this\ line)
        | (?:original\ message(?:\ headers)?|message\ headers?\ follow) [^\n]{0,20}:? [ \t]*$
        | -{2,}[^\n]{0,20}(?:原始邮件|原邮件|原信) | (?:原始邮件|原邮件|邮件原文)[^\n]{0,10}[:：][ \t]*$
        | (?:return-path|received|mime-version|message-id): )
    """
)
_MENTIONED = re.compile(r"[^\s<>,;:()\[\]\"'=：，；（）《》“”]{1,64}@[A-Za-z0-9.-]{1,189}[A-Za-z0-9]")
_CODE = re.compile(r"(?<![\d.])(?:[45]\.\d{1,3}\.\d{1,3}(?!\.?\d)|[45][0-5]\d(?=[ \-\n]|$))")
_ENHANCED = re.compile(r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?!\.?\d)")
_PERMANENT_CODE = re.compile(r"(?<![\d.])5(?:\.\d{1,3}\.\d{1,3}(?!\.?\d)|[0-5]\d(?=[ \-\n]|$))")

_REPLY = re.compile(r"(?i)(?:re|aw|sv|antw|rif|odp|ynt|res|rép|回复|答复|回覆|答覆)(?:\[\d+\])?\s?[:：]")
_WAITS = re.compile(
    r"""(?ix)
    this\ is\ a\ warning | warning\ message\ only | warning:\ (?:could\ not\ send|message\ \S+\ delayed)
    | (?:do|does)\ not\ need\ to\ resend | transient\ non-fatal | \bdelay(?:ed)?\b | \bdelivery\ delay
    | (?:will|shall)\ (?:keep|continue|be)\ (?:on\ )?(?:trying|to\ try|retry|attempt|retried|re-?attempted|to\ attempt)
    | will\ (?:re)?try\ (?:again|to) | (?:is|are)\ still\ (?:being\ )?(?:trying|tried|attempt|queued|in\ the\ queue)
    | (?:has|have)\ not\ (?:yet\ been|been\ delivered\ yet) | no\ action\ is\ required\ on\ your\ part
    | wird\ (?:weiter(?:hin)?|erneut)\ versucht | verz[öo]ger | noch\ nicht\ zugestellt | sera\ retent | retard[ée]e?
    | se\ (?:seguir[áa]|volver[áa]) | retras(?:o|ada) | доставка\ задерж | отложен
    | (?:继续|将再次|稍后|會繼續)(?:尝试|重试|重新|投递|嘗試)
    | 延迟 | 延遲 | 暂时(?:无法|未能) | 遅延 | 遅れて
    """
)
_ENDED = re.compile(
    r"""(?ix)
    giv(?:ing|en)\ up | permanent(?:ly)?\ (?:fatal\ )?(?:error|fail) | failed\ permanently
    | (?<!non-)fatal\ error
    | will\ not\ be\ (?:re-?tried|attempted) | no\ (?:further|more)\ (?:delivery\ )?attempts
    | could\ not\ be\ delivered\ for
    | (?:retry\ timeout|delivery\ time|queue\ (?:time|lifetime))\ (?:exceeded|expired) | returned\ to\ (?:the\ )?sender
    | endg[üu]ltig | definitivamente | 不再(?:尝试|重试|投递)|已放弃|最终失败|永久(?:性)?(?:失败|错误)
    """
)
_FAILED = re.compile(
    r"""(?ix)
    undeliver | (?:delivery|message|mail)\ (?:\w+\ )?(?:has\ )?fail | failure\ notice | fail(?:ed|ure)\ to\ deliver
    | (?:could|can|was|were|has|have)(?:\ ?n.t|\ ?not)\ (?:be(?:en)?\ )?(?:able\ to\ )?(?:deliver|sen[dt]|reach)
    | unable\ to\ deliver | returned\ (?:mail|message|to\ sender) | address\ not\ found | (?:user|recipient)\ unknown
    | no\ such\ (?:user|recipient|mailbox)
    | unknown\ (?:user|recipient|address) | mailbox\ (?:is\ )?(?:full|unavailable)
    | did\ not\ reach | unzustellbar | nicht\ zugestellt | non\ remis
    | n.a\ pas\ pu\ [êe]tre | no\ se\ (?:ha\ podido|pudo)
    | non\ [èe]\ stato\ (?:possibile|recapitat) | n[ãa]o\ (?:p[ôo]de|foi)\ (?:ser\ )?entregue | kon\ niet\ worden
    | не\ (?:удалось|может\ быть)\ доставить | не\ доставлен
    | 退信|退件|退回|无法(?:投递|送达|发送)|未能(?:投递|送达)|(?:投递|发送|传送)失败
    | 無法(?:投遞|送達|傳送|寄送)|送達失敗
    | 配信できません|届けられません|送信できません|배달(?:되지|하지|\ ?실패)|전송되지|전달할\ 수\ 없
    """
)


@dataclass(frozen=True, slots=True)
class Guess:
    """The content of a message that looks like a bounce. `lasting` means that the server will not try again.

    `text` is the reply that the message quotes, if it quotes one. `failed` holds the addresses that the message may be
    about, in lower case, without an order.
    """

    lasting: bool
    text: str
    failed: frozenset[str]


def guess_bounce(message: Message) -> Guess | None:
    """What a bounce or warning without a standard form says; None for a message that looks like neither."""
    subject, text = header(message, "Subject"), readable_text(message)
    own_text = _QUOTED.split(text, maxsplit=1)[0]
    temporary, permanent = all_failures(message)
    delayed = _is_delayed(subject, own_text)
    failed = _FAILED.search(subject) or _FAILED.search(own_text) or _PERMANENT_CODE.search(own_text)
    system = of_mail_system(message)
    if not system and _REPLY.match(subject):
        return None  # an answer from a person, which may quote anything
    if not (temporary or permanent or ((system or has_null_path(message)) and (delayed or failed))):
        return None
    lasting = not delayed and bool(permanent or (failed and not temporary))
    found = {address.decode("utf-8", "replace").casefold() for address in (*temporary, *permanent)}
    listed = {part.strip().casefold() for part in header(message, "X-Failed-Recipients").split(",") if part.strip()}
    mentioned = {address.casefold() for address in _MENTIONED.findall(own_text)}
    return Guess(lasting, _quoted_reply(own_text), frozenset(found | listed | mentioned))


def _is_delayed(subject: str, own_text: str) -> bool:
    """Whether this is a warning that the server is still trying. The subject sums it up, so it outranks the text."""
    if _WAITS.search(subject):
        return not _ENDED.search(own_text)
    return bool(_WAITS.search(own_text)) and not (_ENDED.search(own_text) or _FAILED.search(subject))


def _quoted_reply(own_text: str) -> str:
    """The line that quotes a server's reply with its code, and the rest of that paragraph; empty if there is none."""
    best = _ENHANCED.search(own_text) or _CODE.search(own_text)
    if best is None:
        return ""
    start = own_text.rfind("\n", 0, best.start()) + 1
    end = own_text.find("\n\n", best.end())
    return " ".join(own_text[start : end if end >= 0 else len(own_text)].split())
