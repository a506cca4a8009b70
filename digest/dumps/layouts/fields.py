"""Parses a byline in any form, field by field: `by A|2021/2/1 08:30|3条评论|1.2万位读者|摘要TEXT`. Decision 9."""

import re
from typing import NamedTuple

from digest.dumps.layouts import counts, dateblock
from digest.dumps.layouts.characters import INVISIBLE, LEAD, SPACES, Rarely, bare
from digest.typeset.characters import UNIFIED

_BARS = "|｜"
_FEW = rf"[{SPACES}{INVISIBLE}]{{0,8}}"
_PART = rf"{_FEW}[-/.年\u2010-\u2015－／．]{_FEW}"
_TIME = (
    r"(?:[\sT,，]{0,8}(?:(?:周|星期|礼拜)[一二三四五六日天]|[A-Za-z]{3,9}\.?)?[\s,，]{0,8})?"
    r"(?:凌晨|早上|上午|中午|下午|晚上|[AaPp][Mm])?\s{0,4}"
    r"\d{1,2}[:：时點点]\d{1,2}(?:[:：分]\d{1,2}(?:[.,]\d{1,9})?)?[分秒]?\s{0,4}"
    r"(?:[AaPp]\.?[Mm]\.?|Z|[A-Z]{3,4}|(?:UTC|GMT)?[+-]\d{1,2}:?(?:\d\d)?)?"
)
DATE = rf"(?P<year>\d{{4}}){_PART}(?P<month>\d{{1,2}})(?:{_PART}|{_FEW}月{_FEW})(?P<day>\d{{1,2}})(?!\d){_FEW}日?"
_DATE = Rarely(
    rf"(?:[^\d{_BARS}]{{0,11}}[\s:：于於在])?{DATE}{_FEW}(?:{_TIME}|[(（]?(?:周|星期)[一二三四五六日天][)）]?)?"
)
_BY = Rarely(rf"{LEAD}[Bb][Yy](?![A-Za-z0-9_])[:：]?")
_FIELD = Rarely(rf"([^{_BARS}\n]{{0,200}})([{_BARS}]{_FEW}|\Z)")
READERS = Rarely(
    r"(?P<count>.{0,30}?)\s{0,4}(?:[位名个個人]?\s?(?:读者|讀者)(?:阅读|閱讀)?|[次人](?:阅读|閱讀|浏览|瀏覽)|readers?|reads|views)"
    r"|(?:阅读|閱讀|浏览|瀏覽|读者|讀者)(?:数|數|量)?\s?[:：(（]\s?(?P<behind>.{0,30}?)\s?[)）]?",
    re.IGNORECASE,
)
_EXTRA = Rarely(
    r"(?:\d[\d,.\s]*[万萬千kKwW]?\+?|暂无|暫無|没有|沒有|无|無|no|—|-)\s?[条條个個篇次人位]?\s?"
    r"(?:评论|評論|回复|回覆|回應|留言|点赞|點讚|赞|讚|喜欢|喜歡|收藏|转载|轉載|分享|comments?|repl(?:y|ies)|likes?|shares?)"
    r"|(?:评论|評論|回复|留言|点赞|赞|收藏|分类|分類|标签|標籤|comments?|categor(?:y|ies)|tags?)(?:数|數)?\s?[:：(（].{0,40}",
    re.IGNORECASE,
)
_LABEL = Rarely(
    rf"{_FEW}(引用|引述|引文|摘要|摘录|摘錄|节选|節選|导读|導讀|简介|簡介|收藏|分享|转载|轉載|评论|評論|留言"
    r"|(?i:cite|citation|quote|quotation|reference|trackback|excerpt|summary|abstract|permalink|share|comments?)(?![a-z]))"
)
_OWN_LABEL = Rarely(f"[{UNIFIED}]{{2}}|[A-Za-z]{{2,14}}(?![a-z])")
LABEL = "引用"
_SEPARATED = Rarely(rf"(?:{_FEW}[:：{_BARS}]{_FEW})?")
_MOST_FIELDS = 8
_FIELDS_AHEAD = 3
_LONGEST_DATE = 80  # characters of a field with a day
_LONGEST_EXTRA = 24  # characters of an unknown field
HEAD = 900  # characters of a line that contain its fields


class Byline(NamedTuple):
    """The content of a byline. `end` is where the text after its label begins.

    `mark` has the form `Author | 2021-2-1 | 12000`; the last part is empty if no count is known. `implausible`: a count
    is printed and cannot be right. `label` is the line's label if this program does not know it.
    """

    mark: str
    end: int
    implausible: bool
    label: str


def read(line: str, label: str = "") -> Byline | None:
    """The byline on a line; None if it is not a readable one. `label`: one that occurs throughout the dump.

    A byline ends with the label, or with the reader count if nothing follows. One of them is required; otherwise any
    line with a bar and a date would begin an article.
    """
    begins = _BY.compiled.match(line)
    dated = _dated(line[:HEAD], begins.end()) if begins else None
    if dated is None:
        return None
    author, day, at, more = dated
    if not more:
        return None
    rest = _rest(line, at, label)
    if rest.ends:
        return _made(author, day, rest)
    own = _OWN_LABEL.compiled.match(line, rest.at) if rest.named else None
    return _made(author, day, rest, own[0]) if own else None


class _Rest(NamedTuple):
    """The part after the day. `named`: as a count of readers. `ends`: the byline ends before `at`."""

    readers: counts.Count
    at: int
    named: bool
    ends: bool


def _rest(line: str, at: int, label: str) -> _Rest:
    """The fields after the day, up to the first unknown one."""
    count, named = counts.Count(None, plausible=True), False
    for _ in range(_MOST_FIELDS):
        if end := _label_end(line, at, label if named else ""):
            return _Rest(count, end, named=named, ends=True)
        field = _FIELD.compiled.match(line, at, HEAD)
        if field is None or not (field[2] or field.end() == len(line)):
            break
        text, last = bare(field[1]), not field[2]
        if not named and (readers := READERS.compiled.fullmatch(text)):
            count, named = counts.read(readers["count"] or readers["behind"] or ""), True
        elif last:
            return _Rest(count, at, named=named, ends=named and not text)
        elif not named and (printed := counts.read(text)).plausible:
            count = printed
        elif not _EXTRA.compiled.fullmatch(text) and (named or not _is_passed(line, text, field.end())):
            break  # after the count, a short field is the label and text with bars
        at = field.end()
        if last:
            return _Rest(count, at, named=named, ends=True)
    return _Rest(count, at, named=named, ends=False)


def _dated(head: str, start: int) -> tuple[str, str, int, bool] | None:
    """Author, day (the first field after a bar that is one), where the next field begins, and whether there is one."""
    bar = _next_bar(head, start)
    for _ in range(_MOST_FIELDS):  # an author may contain bars
        if bar == len(head):
            break
        end = _next_bar(head, bar + 1)
        if day := _day(head[bar + 1 : end]):
            return bare(head[start:bar]), day, min(end + 1, len(head)), end < len(head)
        bar = end
    return None


def _next_bar(head: str, start: int) -> int:
    """The position of the next bar, or the end."""
    return min((at for bar in _BARS if (at := head.find(bar, start)) >= 0), default=len(head))


def _day(text: str) -> str | None:
    """The day in a field, as `2021-2-1`."""
    field = bare(text) if len(text) <= _LONGEST_DATE else ""
    if not field:
        return None
    if found := _DATE.compiled.fullmatch(field):
        return f"{int(found['year'])}-{int(found['month'])}-{int(found['day'])}"
    day, month, year = [*(dateblock.header(field) or "").split(" "), "", ""][:3]
    return f"{year}-{dateblock.MONTHS.index(month) + 1}-{day}" if year else None


def _label_end(line: str, at: int, label: str) -> int:
    """Where the text after a known label begins; 0 if there is no label."""
    found = _LABEL.compiled.match(line, at)
    if label and line.startswith(label, at):
        end = at + len(label)
    elif found is None or found[1] == LABEL:
        return found.end() if found else 0
    else:
        end = found.end()
    separated = _SEPARATED.compiled.match(line, end)
    return separated.end() if separated else end


def _is_passed(line: str, text: str, at: int) -> bool:
    """Whether a field is short, and a reader count or a known label follows within the next ones."""
    for _ in range(_FIELDS_AHEAD):
        if len(text) > _LONGEST_EXTRA:
            return False
        if _label_end(line, at, ""):
            return True
        field = _FIELD.compiled.match(line, at, HEAD)
        if field is None:
            return False
        text, at = bare(field[1]), field.end()
        if READERS.compiled.fullmatch(text):
            return True
        if not field[2]:
            return False
    return False


def _made(author: str, day: str, rest: _Rest, label: str = "") -> Byline:
    readers, plausible = rest.readers
    return Byline(f"{author} | {day} | {'' if readers is None else readers}", rest.at, not plausible, label)
