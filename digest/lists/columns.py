"""Recognizes the columns of a list by the headings that mailing programs and spreadsheets use. Decision 123."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from enum import StrEnum


def word_list(text: str) -> tuple[str, ...]:
    """The words of the text, split at white space."""
    return tuple(text.split())


class Field(StrEnum):
    """The meaning of a column.

    If several columns have the same meaning, the order of their names in `NAMES` decides.
    """

    ADDRESS = "address"
    NAME = "name"
    FIRST_NAME = "first name"
    LAST_NAME = "last name"
    LANGUAGE = "language"
    FORMAT = "format"
    DIGEST = "digest"
    TOPICS = "topics"
    TIMEZONE = "time zone"
    PAUSED_UNTIL = "paused until"
    STATUS = "status"
    KIND = "kind of subscriber"
    WANTS = "wants mail"
    GONE = "gets no mail"
    BOUNCED = "cannot be reached"
    CONFIRMED_AT = "confirmed at"
    ASKED_AT = "asked at"
    ADDED_AT = "added at"
    SOURCE = "source of consent"
    WORDING = "wording of consent"


# In the form that `fold_heading` gives, with the most reliable name first.
NAMES: dict[Field, tuple[str, ...]] = {
    Field.ADDRESS: word_list(
        "email emailaddress subscriberemail contactemail memberemail useremail useremailaddress"
        " emailaddress1 email1value primaryemail emailid mail mailaddress eml emailadresse mailadresse"
        " emailadres epost epostadress epostadresse adresseemail adressemail adresseelectronique courriel"
        " correoelectronico correo direccionemail indirizzoemail 邮箱 电子邮箱 邮箱地址 电子邮箱地址"
        " 电子邮件 电子邮件地址 邮件地址 邮件 email地址 email邮箱 郵箱 電子郵箱 電子郵件 電子郵件地址"
        " 電子信箱 メールアドレス address"
    ),
    Field.NAME: word_list(
        "name fullname yourfullname displayname subscribername contactname username membername merge0"
        " nomcomplet nombrecompleto vollstandigername namn naam 姓名 全名 名称 称呼 昵称 暱稱 氏名"
    ),
    Field.FIRST_NAME: word_list(
        "firstname fname given givenname forename vorname prenom nombre nome fornamn voornaam 名 名字"
    ),
    Field.LAST_NAME: word_list(
        "lastname lname surname familyname nachname nom apellido apellidos cognome efternamn achternaam 姓 姓氏"
    ),
    Field.LANGUAGE: word_list(
        "language lang locale preferredlanguage languagecode sprache langue idioma lingua sprak 语言 語言 言語"
    ),
    Field.FORMAT: word_list("format mailformat emailformat emailtype emailtypepreference 格式 邮件格式"),
    Field.DIGEST: word_list("digest digests newsletter newsletters 摘要"),
    Field.TOPICS: word_list(
        "topics topic tags tag labels label groups group segments segment lists list interests 标签 標籤"
        " 话题 主题 分类 分组"
    ),
    Field.TIMEZONE: word_list("timezone zone tz 时区 時區"),
    Field.PAUSED_UNTIL: ("pauseduntil",),
    Field.STATUS: word_list(
        "status subscriptionstatus subscriberstatus emailstatus contactstatus memberstatus mailstatus"
        " liststatus consentstatus emailmarketingstatus emailsubscriptionstatus 状态 狀態 订阅状态"
    ),
    Field.KIND: word_list("state subscriberstate type subscribertype usertype membertype"),
    Field.WANTS: word_list(
        "subscribed issubscribed subscribedtoemails subscribedtoemail emailsubscribed active isactive"
        " optin optedin emailoptin acceptsmarketing acceptsemailmarketing emailmarketing emailenabled"
        " consent confirmed verified doubleoptin 已订阅 是否订阅 订阅"
    ),
    Field.GONE: word_list(
        "unsubscribed isunsubscribed emaildisabled disabled isdisabled blocklisted blacklisted blocked"
        " optout optedout emailoptout unsubscribedfromemails unsubscribedfromallemail globalunsubscribe"
        " complained spamreported deleted unsubreason unsubscribereason unsubreasonother unsubtime"
        " unsubscribedat unsubscribetime unsubscribedate unsubscribeddate dateunsubscribed unsubscribedon"
        " deletedat removedat blockedat blocklistedat complainedat optouttime optoutdate optedoutat"
        " leftat 已退订 退订 黑名单 退订时间 退订日期"
    ),
    Field.BOUNCED: word_list(
        "bounced hardbounced hardbounce suppressed undeliverable unreachable cleaned cleantime cleanedat"
        " bouncedat bouncedate bouncetime hardbouncedat suppressedat suppressionreason bouncereason 退信"
        " 退信时间"
    ),
    Field.CONFIRMED_AT: word_list(
        "consentedat consentat consentdate consenttime confirmtime confirmedat confirmationdate"
        " confirmationtime confirmdate optinconfirmedat doubleoptinat doubleoptindate verifiedat"
        " activationdate 确认时间"
    ),
    Field.ASKED_AT: word_list(
        "askedat optintime optinat optindate optintimestamp optedinat subscribedat subscribedon"
        " subscribeddate subscribedate subscribetime subscriptiondate datesubscribed signupdate"
        " signuptime signupat signedupat joinedat joindate joined submittedat startdate 订阅时间 订阅日期"
        " 加入时间 报名时间 注册时间"
    ),
    Field.ADDED_AT: word_list(
        "createdat creationdate created createddate createdate createdtime dateadded dateadd addedat"
        " addedon added datecreated timestamp 创建时间 创建日期 添加时间"
    ),
    Field.SOURCE: word_list(
        "consentsource source signupsource subscriptionsource optinsource subscribersource"
        " subscribesource origin sourcename signupmethod signupform referrer referrerurl 来源 訂閱來源"
        " 订阅来源"
    ),
    Field.WORDING: ("wording", "consentwording"),
}
_FIELDS = {name: (field, rank) for field, names in NAMES.items() for rank, name in enumerate(names)}


def fold_heading(head: str) -> str:
    """A heading without case, accents, character widths, spaces and punctuation."""
    plain = unicodedata.normalize("NFKD", head.casefold())
    return re.sub(r"[\W_]+", "", "".join(c for c in plain if not unicodedata.combining(c)))


def columns_by_field(heads: Sequence[str]) -> dict[Field, tuple[int, ...]]:
    """The columns of each field, numbered from 0, with the most reliable column first."""
    found: dict[Field, list[tuple[int, int]]] = {}
    for column, head in enumerate(heads):
        field_and_rank = _FIELDS.get(fold_heading(head))
        if field_and_rank:
            found.setdefault(field_and_rank[0], []).append((field_and_rank[1], column))
    return {field: tuple(column for _, column in sorted(ranked)) for field, ranked in found.items()}


def unused_headings(heads: Sequence[str], columns: Mapping[Field, tuple[int, ...]]) -> list[str]:
    """The headings of the unused columns, in their order."""
    used = {column for of_field in columns.values() for column in of_field}
    return [head.strip() or f"(column {at + 1})" for at, head in enumerate(heads) if at not in used]
