"""Decides whom a server's refusal is about: the address, the mailbox, its domain, or us.

The decision uses the enhanced status code and also the text. Servers use one code for many things, while the text is
what their operators wrote. Source: RFC 3463, RFC 5321 (4.2.2 and 4.2.3), RFC 7504, RFC 7505, and the replies of large
providers. Decision 128.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from digest.addresses import domain_of


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
class Diagnosis:
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


# Refusals in other languages than English, in lower case. Servers of QQ, NetEase, Sina, Hinet, T-Online, Orange,
# Mail.ru and others write in their own language beside a code.
# Our sender, our relaying, a policy. "The sender does not exist" is about us as well.
_OUR_SENDER_TRANSLATED = (
    r"发件人|发信人|发送者|寄件者|寄件人|寄信人|中继|策略|政策",
    r"送信者|差出人|発信者|送信元|ポリシー",
    r"보낸 ?사람|발신자|정책",
    r"отправител|политик",
    r"\babsender|richtlinie",
    r"\bexp[ée]diteur|\bpolitique\b|\bremitente|\bpol[íi]tica|\bremetente|\bmittente|\bafzender|\bbeleid\b",
    r"\bnadawc|\bg[öo]nderen\b|\bavs[äe]ndar",
)
_MAILBOX_STATE_TRANSLATED = (
    r"(?:用户|用戶|邮箱|郵箱|信箱|帐号|账号|帳號|帐户|账户|收件人|收件者).{0,12}(?:已?满|已?滿|空间不足|空間不足|容量|停用|禁用|冻结|凍結|锁定|鎖定|注销|关闭)",
    r"(?:空间|空間|容量)(?:不足|已?满|已?滿|超)",
    r"メールボックス.{0,10}(?:満杯|一杯|いっぱい|容量)|사서함.{0,10}(?:가득|초과|용량)",
    r"ящик.{0,20}(?:переполнен|заблокирован|отключ)|переполнен",
    r"(?:postfach|mailbox|konto).{0,30}(?:voll|überfüllt|gesperrt|deaktiviert)",
    r"(?:bo[îi]te|compte).{0,30}(?:pleine|satur|d[ée]sactiv|suspendu)|quota (?:de stockage )?d[ée]pass",
    r"(?:buz[óo]n|cuenta|casilla|caixa|conta|casella).{0,30}(?:lleno|llena|cheia|piena|desactivad|desativad|disattivat)",
)
_OUR_DOING_TRANSLATED = (
    r"垃圾|反垃圾|黑名单|黑名單|频率|頻率|频繁|頻繁|过快|過快|限制|限额|限額|超过.{0,8}(?:数量|次数)|认证|認證|验证|驗證|拦截|攔截",
    r"迷惑メール|スパム|ブラックリスト|制限|認証|스팸|차단|제한|인증",
    r"спам|ч[её]рн\w+ спис|превышен\w* (?:лимит|скорост|частот)|лимит",
    r"unerwünscht|schwarze liste|sperrliste|zu viele|zu h[äa]ufig",
    r"ind[ée]sirable|liste noire|trop de|lista negra|demasiad|no deseado|troppi|troppe|muit[oa]s",
)
_NO_SUCH_USER_TRANSLATED = (
    r"(?:用户|用戶|邮箱|郵箱|信箱|帐号|账号|帳號|地址|收件人|收件者).{0,12}(?:不存在|未找到|找不到|无效|無效|错误|錯誤)",
    r"(?:没有|沒有|无|無|无此|無此|查無|查无).{0,3}(?:用户|用戶|邮箱|郵箱|信箱|帐号|账号|帳號|收件人|收件者)|不存在.{0,6}(?:用户|邮箱|收件人)",
    r"宛先不明|宛先.{0,12}(?:存在しません|見つかりません)|ユーザー?.{0,12}(?:存在しません|不明)",
    r"존재하지 않는|없는 (?:사용자|계정)",
    r"(?:пользовател|адресат|получател|ящик)\w*.{0,20}не (?:найден|существу)|нет такого",
    r"неизвестн\w+ (?:пользовател|получател|адрес)",
    r"(?:empfänger|benutzer|adresse|postfach|adressat)\w*.{0,30}(?:unbekannt|existiert nicht|nicht gefunden|ungültig)",
    r"(?:unbekannter?|ungültiger?|kein solcher?) (?:empfänger|benutzer|adressat|adresse|nutzer)",
    r"(?:utilisateur|destinataire|adresse|bo[îi]te)\w*.{0,30}(?:inconnu|inexistant|introuvable|invalide|n.existe pas)",
    r"(?:usuario|destinatario|direcci[óo]n|buz[óo]n|cuenta).{0,30}(?:desconocid|inexistente|no existe|no encontrad)",
    r"(?:usu[áa]rio|destinat[áa]rio|endere[çc]o|conta).{0,30}(?:desconhecid|inexistente|n[ãa]o (?:existe|encontrad))",
    r"(?:direcci[óo]n|endere[çc]o|destinat[áa]rio).{0,30}inv[áa]lid",
    r"(?:utente|destinatario|indirizzo|casella).{0,30}(?:sconosciut|inesistente|non esiste|non trovat|non valid)",
    r"(?:gebruiker|ontvanger|adres).{0,30}(?:onbekend|bestaat niet)|(?:onbekende) (?:gebruiker|ontvanger)",
    r"(?:u[żz]ytkownik|odbiorc|adresat)\w*.{0,20}(?:nie istnieje|nieznany)|nieznany (?:u[żz]ytkownik|odbiorca)",
)

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
    *_OUR_SENDER_TRANSLATED,
)
_MAILBOX_STATE = _any(
    rf"(?:{_WHOSE}|\b(?:storage|disk)\b).{{0,60}}\b(?:{_FULL})\b",
    r"\bover (?:its |their |the |disk )?quota\b",
    r"\bquota ?exceeded\b",
    r"\bexceed\w* (?:its |their |the |storage |disk )*(?:quota|storage)\b",
    r"\b(?:disabled|inactive|suspended|full|locked|dormant) (?:user|mailbox|account|recipient|inbox)\b",
    r"\breceiving mail (?:at a rate|too quickly)",
    *_MAILBOX_STATE_TRANSLATED,
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
    *_OUR_DOING_TRANSLATED,
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
    *_NO_SUCH_USER_TRANSLATED,
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


def diagnose(
    text: str, *, code: int | None = None, status: str = "", sender: str = "", recipient: str = ""
) -> Diagnosis:
    """Whom a reply is about.

    Whether the failure is permanent is a separate question, which the reply's first digit answers.

    `text` is the server's text, with or without codes in it. `code` is the SMTP reply code. `status` is the enhanced
    status code where it is separate from the text, as in a delivery status notification. `sender` is our address, from
    the envelope or the header. `recipient` is the subscriber's address. Everything except the text may be missing.
    """
    text = text[:_LONGEST]
    found = _enhanced_status(status) or _enhanced_status(text)
    if found.endswith(".0.0"):  # a gateway writes this when it does not know more; the server's text may
        found = _enhanced_status(text) or found
    subject, _, detail = found.partition(".")[2].partition(".")
    examined, names_us = _examined_text(text, sender, recipient)
    nobody = f"{subject}.{detail}" in _NO_ADDRESS
    if (subject, detail) == ("6", "7"):  # the recipient's address is outside ASCII, and the server does not accept that
        return Diagnosis(About.MAILBOX, found)
    about = About.US if names_us or f"{subject}.{detail}" in _OUR_ADDRESS else _by_text(examined, proven=nobody)
    if about is About.UNKNOWN:
        about = _by_status(subject, detail)
    if about is About.UNKNOWN and code and not found:
        about = _BY_CODE.get(code, About.UNKNOWN)
    return Diagnosis(about, found, proven=nobody and about is About.ADDRESS)


def reply_pattern(text: str, recipient: str = "") -> str:
    """The words that replies with the same cause have in common: the text without addresses, hosts, numbers and ids."""
    plain = _without_address(_URL.sub(" ", text[:_LONGEST].casefold()), recipient)
    plain = _HOST.sub(" ", _ADDRESS.sub(" ", plain))
    words = (word for word in re.split(r"[^\w.'-]+", plain) if not any(character.isdigit() for character in word))
    return " ".join(filter(None, (word.strip(".'-_") for word in words)))


def named_host(text: str) -> str:
    """The server whose reply a relay passes on (`host mx.example.org[192.0.2.1] said: …`); empty if none is named."""
    found = re.search(r"\bhost ([\w.-]+)\s*(?:\[[^\]]*\])? said\b", text, re.IGNORECASE)
    return found[1].casefold() if found else ""


def _by_text(examined: str, *, proven: bool) -> About:
    if _MESSAGE_TOO_BIG.search(examined) or _SENDING_LIMIT.search(examined) or _OUR_SENDER.search(examined):
        return About.US
    if _MAILBOX_STATE.search(examined):
        return About.MAILBOX
    if _OUR_DOING.search(examined):
        return About.US
    if proven or _NO_SUCH_USER.search(examined):
        return About.ADDRESS
    if _NO_DOMAIN.search(examined):
        return About.DOMAIN
    return About.US if _REFUSED_US.search(examined) else About.UNKNOWN


def _by_status(subject: str, detail: str) -> About:
    number = f"{subject}.{detail}"
    if number in _OURS:
        return About.US
    if subject == "1":  # the codes that large providers added are about the sender: 5.1.20, 5.1.90
        return About.UNKNOWN if number in _OTHERS else About.US
    return _BY_SUBJECT.get(subject, About.UNKNOWN)


def _examined_text(text: str, sender: str, recipient: str) -> tuple[str, bool]:
    """The text in lower case without links and the subscriber's address, and whether it names our sender."""
    plain = _without_address(text.casefold(), recipient)
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


def _without_address(plain: str, recipient: str) -> str:
    theirs = recipient.casefold()
    if not theirs:
        return plain
    local = re.escape(theirs.rpartition("@")[0])
    plain = plain.replace(theirs, " ")
    return re.sub(rf"(?<![\w.+-]){local}(?![\w.+-])", " ", plain) if len(local) > 1 and not local.isalpha() else plain


def _enhanced_status(text: str) -> str:
    found = _STATUS.search(text)
    return ".".join([found[1], str(int(found[2])), str(int(found[3]))]) if found else ""
