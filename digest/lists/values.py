"""The meaning of single values in a list: languages, formats, statuses, tags, names, and times."""

import csv
import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

from digest.addresses import BIDI
from digest.errors import ListError
from digest.lists.columns import word_list
from digest.model import Format

# Source: ISO 639 codes and the names in common use.
_LANGUAGES = {
    "zh_CN": word_list(
        "zh zho chi cn cmn zhcn zhhans zhhant zhtw zhhk chinese mandarin simplifiedchinese"
        " traditionalchinese chinesesimplified chinesetraditional chinois chinesisch chino 中文 中 汉语"
        " 漢語 华语 普通话 国语 简体 繁体 简体中文 繁體中文 繁体中文 中文简体 中文繁體 中文简 简中 繁中"
    ),
    "en": word_list("en eng english anglais englisch ingles 英文 英语 英語 英"),
}
_TAG = re.compile(r"(?P<language>[a-z]{2,3})(?:[-_.@ (]+[\w.)-]+)*", re.IGNORECASE)
_FORMATS = {
    Format.BOTH: word_list("both html multipart mixed htmltext htmlandtext texthtml htmlplain 图文 网页"),
    Format.TEXT: word_list("text plain plaintext txt textonly textplain 纯文本 文本"),
}
_LONGEST_NAME = 200  # characters
_ADDRESS_WITHIN = re.compile(r"[^\s@<>,;]+[@＠][^\s@<>,;]+")
_YES = {"yes", "true", "1", "on", "y", "t", "x", "是", "subscribed", "active"}
_NO = {"no", "false", "0", "off", "n", "f", "否", "unsubscribed", "inactive", "none", "null", "nil", "na"}
NOTHING = {
    "",
    "0",
    "false",
    "no",
    "null",
    "none",
    "nil",
    "na",
    "nan",
    "nat",
    "never",
    "n",
    "f",
    "off",
    "否",
    "无",
    "0000",
    "00000000",
    "00000000000000",
}
_TIME = (
    r"(?:(?:[T\s,]+|(?=[上下]午))(?P<noon>[上下]午)?\s*"
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?\s*(?P<half>[ap]\.?m\.?)?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?(?:\s+(?:UTC|GMT|[+-]\d{4}|[A-Z]{2,5}))?(?:\s+m=\S+)?"
)
_YEAR_FIRST = re.compile(
    rf"(?P<year>\d{{4}})\s*[-/.年]\s*(?P<month>\d{{1,2}})\s*[-/.月]\s*(?P<day>\d{{1,2}})\s*日?{_TIME}", re.IGNORECASE
)
_YEAR_LAST = re.compile(
    rf"(?P<one>\d{{1,2}})(?P<between>[-/.])(?P<two>\d{{1,2}})(?P=between)(?P<year>\d{{4}}){_TIME}", re.IGNORECASE
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?P<name>{'|'.join(_MONTHS)})[a-z]*\.?"
_MONTH_FIRST = re.compile(
    rf"(?:[a-z]+,\s*)?{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}}){_TIME}", re.IGNORECASE
)
_DAY_FIRST = re.compile(
    rf"(?:[a-z]+,?\s+)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s-]+{_MONTH}[\s-]+(?P<year>\d{{4}}){_TIME}",
    re.IGNORECASE,
)
_HALVES = {"上午": "a", "下午": "p"}
_SECONDS, _MILLISECONDS = 10, 13  # digits of a time counted since 1970
_LAST_MONTH = 12
_FIRST_YEAR = 1990  # nobody subscribed to anything earlier


class ListStatus(StrEnum):
    """A subscriber's status with the list that the file was exported from."""

    GETS_MAIL = "gets mail"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    UNCONFIRMED = "unconfirmed"


# The first line that matches decides: by whole values, or by parts of a value; folded like `_plain`.
_STATUSES: tuple[tuple[ListStatus, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        ListStatus.UNCONFIRMED,
        word_list("pending unactivated unverified nonsubscribed notsubscribed neversubscribed transactional"),
        ("unconfirm", "notconfirm", "notverified", "awaiting", "未确认", "待确认"),
    ),
    (
        ListStatus.BOUNCED,
        word_list("cleaned invalid unmailable failed dead nonexistent"),
        ("bounce", "suppress", "undeliver", "unreach", "nondeliver", "退信", "无效"),
    ),
    (
        ListStatus.UNSUBSCRIBED,
        word_list(
            "removed deleted disabled inactive cancelled canceled left blocked no false 0 off never paused"
            " former expired archived revoked withdrawn banned denied declined refused rejected 取消 停用 禁用 否"
        ),
        (
            "unsub",
            "optout",
            "optedout",
            "complain",
            "spam",
            "abuse",
            "blocklist",
            "blacklist",
            "notactive",
            "退订",
            "黑名单",
        ),
    ),
    (
        ListStatus.GETS_MAIL,
        word_list(
            "active enabled subscribed subscribe confirmed regular premium gifted trialed trial paid free"
            " churned churning pastdue unpaid valid ok yes true 1 on optin optedin verified subscriber member"
            " doubleoptin singleoptin engaged comp 已订阅 订阅 有效 正常 活跃 启用 已确认 是"
        ),
        (),
    ),
)


def _plain(written: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", written).casefold())


def language_of(written: str) -> str | None:
    """The language that a tag or a name means, in any spelling; None if Digest does not offer it."""
    plain = _plain(written)
    tag = _TAG.fullmatch(written.strip())
    for language, names in _LANGUAGES.items():
        if plain in names or (tag and tag["language"].lower() in names and tag["language"].lower() != "cn"):
            return language
    return None


def format_of(written: str) -> Format | None:
    """The format that a value means; None for any other value."""
    return next((form for form, names in _FORMATS.items() if _plain(written) in names), None)


def status_of(written: str) -> ListStatus | None:
    """The status that a value of a status column means; None for an unknown value."""
    plain = _plain(written)
    for status, whole, parts in _STATUSES:
        if plain in whole or any(part in plain for part in parts):
            return status
    return None


def parse_yes_or_no(written: str) -> bool | None:
    """The meaning of a value in a yes-or-no column; None if it is neither."""
    plain = _plain(written)
    return True if plain in _YES else False if plain in _NO else None


def means_nothing(written: str) -> bool:
    """Whether a value is empty in effect, in a column that says since when or why somebody gets no mail."""
    return _plain(written) in NOTHING


def split_tags(written: str) -> tuple[str, ...]:
    """The tags in a cell in their order, however they are separated."""
    inner = written.strip().strip("[]{}()").replace("'", '"')
    delimiter = next((sign for sign in (",", ";", "|", "，", "、") if sign in inner), ",")
    found = next(csv.reader([inner], delimiter=delimiter, skipinitialspace=True), [])
    return tuple(dict.fromkeys(tag.strip().strip('"').strip() for tag in found if tag.strip().strip('"').strip()))


def same_name(one: str, other: str) -> bool:
    """Whether two names are equal apart from case, character width and punctuation."""
    return _plain(one) == _plain(other)


def checked_name(name: str) -> str:
    """A name that may be used in a mail's `To`.

    Raises:
        ListError: it is too long, or contains a line break or another control character.
    """
    stripped = name.strip()
    if len(stripped) > _LONGEST_NAME:
        raise ListError(f"the name {stripped[:40]!r}… has {len(stripped)} characters, more than {_LONGEST_NAME}")
    if stripped.isprintable():
        return stripped
    if any(unicodedata.category(sign) in {"Cc", "Zl", "Zp"} for sign in stripped):
        raise ListError(f"the name {stripped!r} contains a line break or a control character")
    if BIDI.search(stripped):
        raise ListError(f"the name {stripped!a} contains a character that changes the direction of text")
    return stripped


def holds_address(name: str) -> bool:
    """Whether a name contains a mail address."""
    return _ADDRESS_WITHIN.search(name) is not None


def day_first(written: Iterable[str]) -> bool | None:
    """Whether the day comes before the month in a column such as `03/04/2024`; None if the values do not show it."""
    firsts, seconds = [0], [0]
    for value in written:
        found = _YEAR_LAST.fullmatch(value.strip())
        if found and found["between"] != ".":
            firsts.append(int(found["one"]))
            seconds.append(int(found["two"]))
    first, second = max(firsts) > _LAST_MONTH, max(seconds) > _LAST_MONTH
    return first if first != second else None


def parse_time(written: str, *, days_first: bool | None = None) -> datetime | None:
    """The time in UTC; None if it is ambiguous. A time without a time zone counts as UTC."""
    text = written.strip()
    if text.isdigit() and len(text) in {_SECONDS, _MILLISECONDS}:
        return _plausible(datetime.fromtimestamp(int(text[:_SECONDS]), UTC))
    for pattern in (_YEAR_FIRST, _MONTH_FIRST, _DAY_FIRST):
        found = pattern.fullmatch(text)
        if found:
            groups = found.groupdict()
            month = groups.get("month") or _MONTHS.index(groups["name"].lower()) + 1
            return _time(found, int(month), int(groups["day"]))
    found = _YEAR_LAST.fullmatch(text)
    if found is None:
        return None
    one, two = int(found["one"]), int(found["two"])
    if found["between"] == "." or days_first or one > _LAST_MONTH:
        return _time(found, two, one)
    if days_first is False or two > _LAST_MONTH or one == two:
        return _time(found, one, two)
    return None


def _time(found: re.Match[str], month: int, day: int) -> datetime | None:
    hour, half = int(found["hour"] or 0), (found["half"] or _HALVES.get(found["noon"], "")).lower()[:1]
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    clock = hour, int(found["minute"] or 0), int(found["second"] or 0), int(f"{found['fraction'] or ''}000000"[:6])
    try:
        made = datetime(int(found["year"]), month, day, *clock, tzinfo=_zone(found["zone"]))
        return _plausible(made.astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def _zone(written: str | None) -> timezone:
    if not written or written.upper() in {"Z", "UTC", "GMT"}:
        return UTC
    minutes = int(written[1:3]) * 60 + int(written[-2:])
    return timezone(timedelta(minutes=-minutes if written[0] == "-" else minutes))


def _plausible(made: datetime) -> datetime | None:
    return made if made.year >= _FIRST_YEAR else None
