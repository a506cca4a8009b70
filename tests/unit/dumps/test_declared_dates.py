"""The grammar of dates: what is printed is read in any language, and what is not printed is not guessed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from babel.dates import format_date
from hypothesis import given
from hypothesis import strategies as st

from digest.dumps.declared.dates import Grammar, Order, united_parts
from digest.dumps.declared.names import LANGUAGES
from digest.model import PrintedDate
from digest.patterns import LinePattern

ALL = Grammar()
PATTERN = LinePattern(f"({ALL.pattern})")


def parts(text: str, grammar: Grammar = ALL, order: Order | None = None) -> PrintedDate | None:
    read = grammar.read(text, order)
    return read.parts if read else None


@pytest.mark.parametrize(
    ("text", "year", "month", "day"),
    [
        ("June 11, 2021", 2021, 6, 11),
        ("Apr 02, 24", 2024, 4, 2),
        ("вторник, 12 октября 2010 г.", 2010, 10, 12),
        ("Wednesday, 19th September 2007", 2007, 9, 19),
        ("2017.09.03", 2017, 9, 3),
        ("2021年2月11日(木)", 2021, 2, 11),
        ("2021. 6. 11.", 2021, 6, 11),
        ("2021년 6월 11일 금요일", 2021, 6, 11),
        ("２０２１年２月１１日", 2021, 2, 11),
        ("11. Juni 2021", 2021, 6, 11),
        ("Freitag, 11. Jänner 2021, 14:30 Uhr", 2021, 1, 11),
        ("vendredi 1er mars 2021", 2021, 3, 1),
        ("viernes, 11 de junio de 2021", 2021, 6, 11),
        ("١١ يونيو ٢٠٢١", 2021, 6, 11),
        ("الجمعة، 11 حزيران 2021", 2021, 6, 11),
        ("2025-11-03T21:40:18+08:00", 2025, 11, 3),
        ("Fri Jun 11 10:05:00 2021", 2021, 6, 11),
        ("mar. 11 juin 2021", 2021, 6, 11),
        ("Mar 11", None, 3, 11),
        ("6 Nov", None, 11, 6),
        ("6월 11일", None, 6, 11),
        ("June 2021", 2021, 6, None),
        ("2021年", 2021, None, None),
        ("2021", 2021, None, None),
        ("December", None, 12, None),
        ("15th", None, None, 15),
        ("05/05/2021", 2021, 5, 5),
        ("12.10.2010", 2010, 10, 12),
        ("31.12.21", 2021, 12, 31),
        ("05/22/2022", 2022, 5, 22),
        ("20210611", 2021, 6, 11),
        ("terça-feira, 12 de outubro de 2010", 2010, 10, 12),
        ("12 d’octubre de 2010", 2010, 10, 12),
        ("12 d'octubre de 2010", 2010, 10, 12),
        ("12 באוקטובר 2010", 2010, 10, 12),
        ("Ngày 12 tháng 10 năm 2010", 2010, 10, 12),
    ],
)
def test_a_date_is_read_as_far_as_it_is_printed(
    text: str, year: int | None, month: int | None, day: int | None
) -> None:
    assert parts(text) == PrintedDate(year, month, day)
    assert PATTERN.groups(text.encode()) is not None


@pytest.mark.parametrize(
    "text",
    [
        "3 days ago", "yesterday", "47", "Jun '24", "11-Jun-21", "令和3年2月11日", "平成30年", "Marble 3", "2564",
        "21-06-11",
        "1.2.3.4", "2021-06-11 rest", "32 June 2021 x", "",
    ],
)  # fmt: skip
def test_what_is_no_date_is_not_read(text: str) -> None:
    assert parts(text) is None


@pytest.mark.parametrize("text", ["31 June 2021", "February 30", "2021-13-45", "29 February 2021"])
def test_a_day_that_does_not_exist_is_a_date_that_is_unknown(text: str) -> None:
    read = ALL.read(text)
    assert read is not None
    assert (read.parts, read.ambiguous) == (None, False)


@pytest.mark.parametrize("text", ["05/02/22", "05/02/2022", "5-2-2022", "05/02", "1.2.21"])
def test_two_numbers_that_can_change_places_are_refused_until_their_order_is_known(text: str) -> None:
    read = ALL.read(text)
    assert read is not None
    assert (read.parts, read.ambiguous) == (None, True)
    told = parts(text, order=Order.DAY_FIRST)
    other = parts(text, Grammar(order=Order.MONTH_FIRST))
    assert told is not None
    assert other is not None
    assert (told.day, told.month) == (other.month, other.day)


def test_a_part_above_twelve_shows_the_order() -> None:
    for text, order in (("13/02/22", Order.DAY_FIRST), ("02/13/22", Order.MONTH_FIRST), ("06-13", Order.MONTH_FIRST)):
        read = ALL.read(text)
        assert read is not None
        assert read.shows is order


def test_languages_settle_what_all_of_them_together_leave_open() -> None:
    assert parts("05/02/2022", Grammar(("de",))) == PrintedDate(2022, 2, 5)
    assert parts("05/02/2022", Grammar(("en",))) is None
    assert parts("06-11", Grammar(("ja",))) == PrintedDate(None, 6, 11)
    assert parts("11 listopada 2021", Grammar(("hr",))) == PrintedDate(2021, 10, 11)
    assert parts("11 listopada 2021", Grammar(("pl",))) == PrintedDate(2021, 11, 11)
    assert parts("June 11, 2021", Grammar(("ru",))) is None


def test_a_bare_number_is_a_day_only_where_something_else_says_the_month() -> None:
    assert parts("11", Grammar(bare_days=True)) == PrintedDate(None, None, 11)
    assert parts("32", Grammar(bare_days=True)) is None
    assert parts("11") is None


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.sampled_from(LANGUAGES), st.sampled_from(["long", "full"]))
def test_what_babel_prints_is_never_read_as_another_day(day: date, language: str, form: str) -> None:
    read = ALL.read(format_date(day, form, locale=language))
    if read is not None and read.parts is not None:
        assert read.parts == PrintedDate(day.year, day.month, day.day)


@pytest.mark.parametrize(
    "language", ["en", "de", "fr", "es", "it", "pt", "ru", "uk", "pl", "nl", "ja", "ko", "zh", "ar", "tr", "sv"]
)
def test_the_long_dates_of_sixteen_languages_are_read(language: str) -> None:
    first = date(2021, 1, 5)
    for month in range(12):
        day = first + timedelta(days=31 * month)
        assert parts(format_date(day, "long", locale=language)) == PrintedDate(day.year, day.month, day.day)


@given(st.text(alphabet="0123456789 -/.,:年月日JunMayde()Ttgh", max_size=60))
def test_any_text_is_read_or_not(text: str) -> None:
    read = ALL.read(text)
    if read and read.parts:
        assert read.parts != PrintedDate()
        assert united_parts(read.parts, read.parts) == read.parts


def test_parts_are_united_where_they_do_not_contradict() -> None:
    assert united_parts(PrintedDate(2021), PrintedDate(None, 6, 11)) == PrintedDate(2021, 6, 11)
    assert united_parts(PrintedDate(2021, 6), PrintedDate(2020)) is None
    assert united_parts(PrintedDate(2021, 2), PrintedDate(day=30)) is None
    assert united_parts(None, PrintedDate(2020)) == PrintedDate(2020)
