"""The `dateblock` layout of index pages: date, title, paragraphs, an end mark. Does not cut. Decision 9."""

import re
from calendar import monthrange
from collections.abc import Sequence
from functools import lru_cache

from digest.dumps.interface import Cut
from digest.dumps.layouts.characters import INVISIBLE, SPACES, Rarely, bare
from digest.model import DateEvidence, Layout, Sighting

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_REST = ("uary", "ruary", "ch", "il", "", "e", "y", "ust", "tember", "ober", "ember", "ember")  # of full names
_NAMES = {(name + rest).casefold(): number for number, name in enumerate(MONTHS, 1) for rest in ("", _REST[number - 1])}
_NAMES["sept"] = 9
HEADER = rf"([0-9]{{1,2}} (?:{'|'.join(MONTHS)}))"  # day, month
MAY_BEGIN = "0-9０-９" + "".join(sorted({letter for name in MONTHS for letter in (name[0], name[0].lower())}))
_BETWEEN = rf"[{SPACES}{INVISIBLE},.，/-]"
_LIKE_MONTH = rf"(?i:{'|'.join(MONTHS)})"
_ORDINAL = "(?i:st|nd|rd|th)?"
# The beginning of a header in any form; `header` decides whether it is one.
LOOSE_HEADER = (
    rf"[0-9０-９]{{1,4}}{_ORDINAL}{_BETWEEN}{{0,12}}{_LIKE_MONTH}"
    rf"|{_LIKE_MONTH}[^\W\d_]{{0,12}}{_BETWEEN}{{0,12}}[0-9０-９]"
)
_HEADER = re.compile(HEADER)
_LOOSE = Rarely(LOOSE_HEADER)
END_MARK = r"(?:点击阅读全文|點擊閱讀全文)(?:\.{1,6}|…{1,3}|。{1,3}|[ \xa0]?(?:>{2,3}|[»→›≫]))?"
_END = Rarely(END_MARK)
_DAY = rf"(?P<day>\d{{1,2}})(?!\d){_ORDINAL}"
_MONTH = rf"(?P<month>{_LIKE_MONTH}[^\W\d_]{{0,12}})"
_YEAR = r"(?P<year>\d{4}|['’]?\d{2})(?!\d)"
_TIME = rf"(?:{_BETWEEN}{{1,3}}(?i:at )?\d{{1,2}}:\d\d(?::\d\d)?(?:[{SPACES}]?(?i:[ap]\.?m\.?))?)?"
_FORMS = tuple(
    Rarely(form + _TIME + rf"{_BETWEEN}{{0,3}}")
    for form in (
        rf"{_DAY}{_BETWEEN}{{0,12}}{_MONTH}(?:{_BETWEEN}{{1,12}}{_YEAR})?",
        rf"{_MONTH}{_BETWEEN}{{0,12}}{_DAY}(?:{_BETWEEN}{{1,12}}{_YEAR})?",
        rf"{_YEAR}{_BETWEEN}{{1,12}}{_MONTH}{_BETWEEN}{{0,12}}{_DAY}",
    )
)
_LONGEST = 60  # characters of any header line
_WHOLE_YEAR = 4  # digits
_READ_MORE = Rarely(
    "(?:请|請)?(?:点击|點擊|点此|點此|这里|這裡)?(?:"
    "(?:阅读|閱讀|查看|浏览|瀏覽|展开|展開)(?:全文|更多|原文|余下|餘下|剩余|剩餘)(?:部分|内容|內容)?"
    "|(?:继续|繼續)(?:阅读|閱讀|查看|浏览|瀏覽)(?:全文|更多|原文)?(?:内容|內容)?"
    "|全文(?:阅读|閱讀)?|更多(?:内容|內容)?)"
    "|(?:click here to )?(?:read|see|show|view)(?: the)? "
    "(?:more|on|rest|(?:full |whole )?(?:article|post|story|text|entry))"
    "|(?:continue|keep)(?: reading)?|more|read on|read the rest of (?:this|the) (?:article|post|story|entry)",
    re.IGNORECASE,
)
_AROUND = r"[\s\[\](){}（）【】「」<>«»‹›≫→⇒➔➜⟶↓▸▶►.…。:：!|+·*_=~-]+"
_LINE_AROUND = Rarely(rf"\A{_AROUND}|{_AROUND}\Z")
_CLOSING = ("»", "→", "…", "...", ">>", "›", "≫", "⇒", "➔", "➜", "⟶", "▸", "▶", "►", "……")
_LONGEST_END = 40  # characters of any read-more line
_BLANK_LINE = re.compile(r"\n[^\S\n]+(?=\n|\Z)")  # a body begins with a line end
_LAYOUT = Layout.DATEBLOCK
_LEAP_YEAR = 2024


def header(line: str) -> str | None:
    """Day, month and, if printed, year of a line like `6 Nov` in this form, possible dates or not."""
    if plain := _HEADER.fullmatch(bare(line)):
        return plain[1]
    found = _header(line)
    month = _NAMES.get(found["month"].casefold()) if found else None
    year = (found["year"] or "") if found else ""
    if found is None or month is None or (year and len(year) < _WHOLE_YEAR):
        return None
    return f"{int(found['day'])} {MONTHS[month - 1]}" + (f" {int(year)}" if year else "")


def is_end_mark(text: str) -> bool:
    """Whether the line is exactly the end mark of the layout."""
    return _END.compiled.fullmatch(bare(text)) is not None


def looks_like_header(line: str) -> bool:
    """Whether a line is a day and a word that begins like a month, with or without a year, valid or not."""
    return _header(line) is not None


def _header(line: str) -> re.Match[str] | None:
    text = bare(line) if len(line) <= _LONGEST * 2 else ""
    if len(text) > _LONGEST or _LOOSE.compiled.match(text) is None:
        return None
    return next((found for form in _FORMS if (found := form.compiled.fullmatch(text))), None)


def reads_as_more(line: str) -> bool:
    """Whether a line looks like a link to the rest of an article: `阅读全文`, `Read more`, or an arrow at its end."""
    text = bare(line)
    if not text or len(text) > _LONGEST_END:
        return False
    return text.endswith(_CLOSING) or _READ_MORE.compiled.fullmatch(_LINE_AROUND.compiled.sub("", text)) is not None


def sighting(cut: Cut, dump: str, position: int) -> Sighting:
    """Parses the text of an entry."""
    paragraphs, figures = body(cut.title, _paragraphs(cut.body))
    # Positional, because a million by keyword take twice as long.
    return Sighting(
        dump, position, cut.page, _LAYOUT, cut.title, None, _evidence(cut.mark), None, paragraphs, figures, cut.complete
    )


def body(title: str, paragraphs: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The paragraphs with each figure's caption once, and those captions.

    A figure leaves its caption twice in a row, as single lines; or once, if it equals the title and comes first.
    """
    captions = [text.strip() for text in paragraphs]
    kept: list[str] = []
    figures: list[str] = []
    again = False  # the second of two equal ones, which is dropped
    for text, caption, following in zip(paragraphs, captions, [*captions[1:], None], strict=False):
        if again:
            again = False
            continue
        again = caption == following and "\n" not in caption
        if again or (not kept and caption == title):
            figures.append(text)
        kept.append(text)
    return tuple(kept), tuple(figures)


def _paragraphs(text: str) -> list[str]:
    """The parts between blank lines, including lines of white space."""
    parts = _BLANK_LINE.sub("\n", text).split("\n\n")
    return [paragraph for part in parts if (paragraph := part.strip("\n"))]


@lru_cache(maxsize=1024)  # two digits, twelve months, hardly ever a year
def _evidence(written: str) -> DateEvidence | None:
    day, name, *years = written.split(" ")
    month = MONTHS.index(name) + 1
    year = int(years[0]) if years else None
    if year == 0 or not 1 <= int(day) <= monthrange(year or _LEAP_YEAR, month)[1]:
        return None
    return DateEvidence(month, int(day), year)
