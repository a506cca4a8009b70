"""Dates as pages print them, in the languages of the world: every part may be missing, and none is guessed.

`June 11, 2021`, `вторник, 12 октября 2010 г.`, `2017.09.03`, `2021年2月11日`, `Apr 02, 24`, `11 juin`. A date in
numbers alone whose day and month may change places is not read until their order is known. Relative dates, years of
eras and other calendars are no dates.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache

from babel import Locale

from digest.dumps.declared.names import key, names, united
from digest.model import PrintedDate

LONGEST = 120  # characters of a date
_FIRST_YEAR, _LAST_YEAR, _CENTURY = 1900, 2099, 2000
_MONTHS, _DAYS = 12, 31
_LEAP_YEAR = 2024
_BIG_ENDIAN = frozenset({"zh", "ja", "ko"})
_EITHER = frozenset({"en"})  # languages whose countries order days and months in both ways


class Order(StrEnum):
    """Which of two numbers is the day."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


@dataclass(frozen=True, slots=True)
class Read:
    """What a text that has the form of a date says.

    `parts` is absent for a day that does not exist and for one whose order is unknown (`ambiguous`). `shows` is the
    order that a part above 12 proves.
    """

    parts: PrintedDate | None
    ambiguous: bool = False
    shows: Order | None = None


_S = r"\s{0,4}"
_YEAR = r"(?P<year>\d{4})"
_MONTH = r"(?P<month>\d{1,2})"
_DAY = r"(?P<day>\d{1,2})"
_ORDINAL = r"(?:st|nd|rd|th|er|ère|re|º|ª|°|\.|-?го|:?e|ste|de)?"
_SEPARATOR = r"\s{0,2}[-/.／．－‐‑–]\s{0,2}"
_GAP = r"(?:\s{0,3}[-/.,،，]\s{0,3}|\s{1,4})"  # between a name and a number
_OF = r"(?:(?:de|del|of|d[’']|den|di|do|năm|ב|th[aá]ng)\s{0,3})?"
_YEAR_END = r"(?:\s{0,3}(?:г(?:\.|ода?|оду)?|р(?:\.|оку?)|r\.|m\.|[年년]))?"
_SHORT_YEAR = r"\s{0,3}[,،，]\s{0,3}(?P<short>\d{2})"
_HOURS = (
    r"(?:(?:上午|下午|凌晨|早上|中午|晚上|午前|午後|오전|오후|[AaPp][Mm])\s{0,3})?\d{1,2}"
    r"(?:[:：]\d{2}(?:[:：]\d{2})?(?:[.,]\d{1,9})?|\s{0,2}[時时点點시]\s{0,2}(?:\d{1,2}\s{0,2}[分분]?)?(?:\s{0,2}\d{1,2}\s{0,2}[秒초])?"
    r"|\.\d{2}|\s{0,2}[hH]\s{0,2}\d{2}|\s{0,2}[AaPp]\.?[Mm]\.?|\s{0,2}Uhr)"
)
_ZONE = (
    r"(?:\s{0,3}(?:[AaPp]\.?\s?[Mm]\.?|Uhr|ч\.?|час(?:а|ов)?|kl\.?|[зZ]|[A-Z]{3,5}|(?:UTC|GMT)?\s?[+−-]\d{1,2}(?::?\d{2})?"
    r"|[(（](?:UTC|GMT)?[+−-]?\d{0,2}(?::?\d{2})?[)）]))"
)
TIME = rf"{_HOURS}{_ZONE}{{0,3}}"
_WITH_TIME = (
    rf"(?:(?:\s{{0,3}}[,،，·|@–-]\s{{0,3}}|\s{{0,4}})"
    rf"(?:(?:at|um|à|às|a las|alle|klo|kl\.?|в|о|ore|om|T)\s{{0,3}}|T)?{TIME})?"
)


def _front(weekday: str) -> str:
    return (
        rf"(?:{weekday}\s{{0,3}}[,،，、]?\s{{0,3}}(?:(?:den|le|the|am|el|[Nn]gày|[Nn]gay)\s{{1,3}})?"
        r"|(?:den|le|am|el|[Nn]gày)\s{1,3})?"
    )


def _end(weekday: str) -> str:
    back = rf"(?:\s{{0,3}}[,،，]?\s{{0,3}}(?:[(（\[【]\s{{0,2}}{weekday}\s{{0,2}}[)）\]】]|{weekday}))?"
    return back + _WITH_TIME


def _days(month: str) -> tuple[str, ...]:
    """The forms of a date that may have a weekday and a time around it, with groups for its parts."""
    name = rf"(?P<name>{month})"
    suffixed = rf"{_YEAR}{_YEAR_END}"
    number = rf"{_DAY}{_ORDINAL}"
    return (
        rf"{_YEAR}{_SEPARATOR}{_MONTH}{_SEPARATOR}{_DAY}\.?",
        rf"{_YEAR}{_S}[年년]{_S}{_MONTH}{_S}[月월]{_S}{_DAY}{_S}[日號号일]?",
        rf"{_MONTH}{_S}[月월]{_S}{_DAY}{_S}[日號号일]?",
        rf"{_DAY}{_S}[日號号일]",
        rf"(?P<a>\d{{1,2}})\s?(?P<dot>[.．])\s?(?P<b>\d{{1,2}})\s?[.．]\s?(?P<c>\d{{4}}|\d{{2}}){_YEAR_END}",
        rf"(?P<a>\d{{1,2}})(?P<dash>[-‐‑–－])(?P<b>\d{{1,2}})[-‐‑–－](?P<c>\d{{4}}|\d{{2}}){_YEAR_END}",
        rf"(?P<a>\d{{1,2}}){_SEPARATOR}(?P<b>\d{{1,2}}){_SEPARATOR}(?P<c>\d{{4}}|\d{{2}}){_YEAR_END}",
        rf"(?P<a>\d{{1,2}}){_SEPARATOR}(?P<b>\d{{1,2}})\.?",
        rf"{number}{_GAP}{_OF}{name}(?:{_SHORT_YEAR}|{_GAP}{_OF}{suffixed})?",
        rf"{name}{_GAP}{number}(?:{_SHORT_YEAR}|{_GAP}{_OF}{suffixed})?",
        rf"{name}{_GAP}{number}\s{{1,3}}{TIME}\s{{1,3}}{_YEAR}",
        rf"{_YEAR}\.?{_GAP}{name}(?:{_GAP}{number})?",
        rf"(?:{_YEAR}{_S}[年년]{_S})?{name}{_S}{_DAY}{_S}[日號号]",
        r"(?P<year>\d{4})(?P<mm>\d{2})(?P<dd>\d{2})",
    )


def _others(month: str, weekday: str) -> tuple[str, ...]:
    """The forms that stand alone."""
    name = rf"(?P<name>{month})"
    suffixed = rf"{_YEAR}{_YEAR_END}"
    return (
        rf"{_YEAR}{_S}[年년](?:{_S}{_MONTH}{_S}[月월]|{_S}{name})?",
        rf"{_MONTH}{_S}[月월]",
        rf"{_YEAR}{_SEPARATOR}{_MONTH}\.?",
        rf"{name}(?:{_SHORT_YEAR}|{_GAP}{_OF}{suffixed})?",
        suffixed,
        rf"{weekday}\s{{0,3}}[,،，]?\s{{0,3}}{_DAY}{_ORDINAL}",
        rf"{_DAY}(?:st|nd|rd|th|er|º|\.)",
    )


# Names of months and weekdays take the place of these while a date is read: a name may be both.
_A_MONTH, _A_WEEKDAY, _A_BOTH = 0xE100, "\ue001", 0xE200
_MONTH_MARK, _WEEKDAY_MARK = "[\ue101-\ue10c\ue201-\ue20c]", "[\ue001\ue201-\ue20c]"
_FORMS = tuple(
    re.compile(form)
    for form in (
        *(_front(_WEEKDAY_MARK) + day + _end(_WEEKDAY_MARK) for day in _days(_MONTH_MARK)),
        *_others(_MONTH_MARK, _WEEKDAY_MARK),
    )
)
_WORD = r"[^\s\d,،，、.。()（）\[\]【】/:：|·-]+"
_BARE_DAY = re.compile(r"\d{1,2}")
_NAMES = re.compile(
    rf"\d+(?:\s*[年月日号號년월일時时点點시分분秒초])?|(?P<cjk>(?:十[一二]?|[一二三四五六七八九])月)|th[aáÁA]?n?g\.?\s\d{{1,2}}|(?P<word>{_WORD}(?:[-‐‑][^\W\d_]+)?)(?:(?P<more>\s{_WORD}))?",
    re.IGNORECASE,
)


class Grammar:
    """The forms of dates in some languages (all, where none is named), and the order that is known, if any.

    `pattern` finds what may be a date, for the syntax of `digest.patterns`; only `read` tells whether it is one.
    `bare_days`: a number of two digits is a day, since headings or another field say of which month.
    """

    def __init__(self, languages: tuple[str, ...] = (), order: Order | None = None, *, bare_days: bool = False) -> None:
        self._bare_days = bare_days
        self._names = names(languages)
        self.order = order or _order_of(languages)
        self._big_endian = bool(languages) and {_base(one) for one in languages} <= _BIG_ENDIAN

    @cached_property
    def pattern(self) -> str:
        month, weekday = united(self._names.months), united(self._names.weekdays)
        days = "|".join(_days(month))
        forms = "|".join(
            (
                f"{_front(weekday)}(?:{days}){_end(weekday)}",
                *_others(month, weekday),
                *([_DAY] if self._bare_days else ()),
            )
        )
        return "(?:" + re.sub(r"\(\?P<\w+>", "(?:", forms) + ")"

    def read(self, text: str, order: Order | None = None) -> Read | None:
        """What a text says; None where it has no form of a date. `order`: one that other dates showed."""
        if len(text) > LONGEST:
            return None
        written = self._marked(text.strip())
        for form in _FORMS:
            if (found := form.fullmatch(written)) and (read := self._meant(found.groupdict(), self.order or order)):
                return read
        if self._bare_days and _BARE_DAY.fullmatch(written) and 1 <= int(written) <= _DAYS:
            return Read(PrintedDate(day=int(written)))
        return None

    def stretch(self, text: str) -> str:
        """The first stretch of a text that has a form of a date with a number; empty if there is none."""
        longest = ""
        for found in self._search.finditer(text[: LONGEST * 2]):
            if any(map(str.isdigit, found[0])) and len(found[0].strip()) > len(longest):
                longest = found[0].strip()
        return longest

    @cached_property
    def _search(self) -> re.Pattern[str]:
        return re.compile(rf"(?<![\w.:/-]){self.pattern}(?![\w:/-])", re.IGNORECASE)

    def _marked(self, text: str) -> str:
        """The text with marks for the names of months and weekdays."""
        marked, at = [], 0
        while found := _NAMES.search(text, at):
            mark, end = self._mark(found)
            marked += [text[at : found.start()], mark or text[found.start() : end]]
            at = end
        return "".join([*marked, text[at:]])

    def _mark(self, found: re.Match[str]) -> tuple[str, int]:
        """What takes the place of what begins here, and where the text goes on; empty where it is no name."""
        whole, word = found[0], found["word"]
        if found["more"] and (mark := self._mark_of(key(whole))):
            return mark, found.end()
        if not word:
            return ("" if whole[0].isdigit() else self._mark_of(key(whole))), found.end()
        mark = self._mark_of(key(word))
        end = found.end("word")
        if mark and found.string.startswith(".", end) and not found.string.startswith("..", end):
            end += 1
        return mark, end

    def _mark_of(self, name: str) -> str:
        numbers, weekday = self._names.months.get(name), name in self._names.weekdays
        if numbers and len(numbers) == 1:
            return chr((_A_BOTH if weekday else _A_MONTH) + next(iter(numbers)))
        return _A_WEEKDAY if weekday else ""

    def _meant(self, found: dict[str, str | None], order: Order | None) -> Read | None:
        if a := found.get("a"):
            dotted, dashed = found.get("dot") is not None, found.get("dash") is not None
            return self._in_numbers(
                int(a), int(found["b"] or 0), found.get("c") or "", order, dotted=dotted, dashed=dashed
            )
        month: int | None = None
        if name := found.get("name"):
            month = ord(name) & 0xF
        elif number := found.get("month") or found.get("mm"):
            month = int(number)
        written_day = found.get("day") or found.get("dd")
        short, whole = found.get("short"), found.get("year")
        year = int(whole) if whole else _CENTURY + int(short) if short else None
        return _checked(year, month, int(written_day) if written_day else None, named=bool(found.get("name")))

    def _in_numbers(
        self, first: int, second: int, year: str, order: Order | None, *, dotted: bool, dashed: bool
    ) -> Read | None:
        """A date like `05/02/22`, whose first two parts are day and month in an order to be known.

        With full stops before a whole year, the day is first wherever no other date shows the contrary.
        """
        if not year and self._big_endian:
            return _checked(None, first, second, named=False)
        whole = len(year) > 2  # noqa: PLR2004 - digits
        if not 1 <= min(first, second) <= max(first, second) <= _DAYS or min(first, second) > _MONTHS:
            return None
        shows = None
        if max(first, second) > _MONTHS:
            shows = Order.DAY_FIRST if first > _MONTHS else Order.MONTH_FIRST
        if year and not whole and (self._big_endian or (dashed and self.order is None)):
            return Read(None, ambiguous=True)  # the year may stand in front
        if shows and self.order and shows is not self.order:
            return Read(None)
        known = shows or order
        if known is None and (first == second or (dotted and whole)):
            known = Order.DAY_FIRST
        if known is None:
            return Read(None, ambiguous=True)
        day, month = (first, second) if known is Order.DAY_FIRST else (second, first)
        number = (int(year) if whole else _CENTURY + int(year)) if year else None
        read = _checked(number, month, day, named=False)
        return Read(read.parts, shows=shows) if read else None


def _checked(year: int | None, month: int | None, day: int | None, *, named: bool) -> Read | None:
    """These parts as a date. Numbers alone that cannot be one are none; a named day that does not exist is unknown."""
    possible = (
        (year is None or _FIRST_YEAR <= year <= _LAST_YEAR)
        and (month is None or 1 <= month <= _MONTHS)
        and (day is None or 1 <= day <= (_DAYS if month is None or not 1 <= month <= _MONTHS else _length(year, month)))
    )
    if possible:
        return Read(PrintedDate(year, month, day))
    complete = year is not None and _FIRST_YEAR <= year <= _LAST_YEAR and month is not None and day is not None
    return Read(None) if named or complete else None


def _length(year: int | None, month: int) -> int:
    return monthrange(year if year and _FIRST_YEAR <= year <= _LAST_YEAR else _LEAP_YEAR, month)[1]


def _base(language: str) -> str:
    return re.split("[-_]", language)[0].lower()


@lru_cache(maxsize=32)
def _order_of(languages: tuple[str, ...]) -> Order | None:
    """The order that these languages have in common, as Babel prints short dates."""
    orders = set()
    for language in languages:
        pattern = Locale.parse(language.replace("-", "_")).date_formats["short"].pattern
        letters = re.sub("[^dMy]", "", pattern)
        shown = {"d": Order.DAY_FIRST, "M": Order.MONTH_FIRST}.get(letters[:1])
        orders.add(None if language in _EITHER else shown)
    return orders.pop() if len(orders) == 1 else None


def united_parts(first: PrintedDate | None, second: PrintedDate | None) -> PrintedDate | None:
    """Both together; None where they contradict each other or none is there."""
    if first is None or second is None:
        return first or second
    pairs = tuple(zip(first, second, strict=True))
    if any(one is not None and other is not None and one != other for one, other in pairs):
        return None
    joined = PrintedDate(*(other if one is None else one for one, other in pairs))
    day_exists = joined.day is None or joined.month is None or joined.day <= _length(joined.year, joined.month)
    return joined if day_exists else None
