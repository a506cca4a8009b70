"""Listing pages as text: which articles a page shows at a time, and how each layout prints them."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from html import escape
from typing import TYPE_CHECKING, Protocol

from tests.years.words import Kind, traditional

if TYPE_CHECKING:
    from datetime import date, datetime

    from tests.years.words import Paragraph
    from tests.years.world import Article, Version, World

_MONTHS, _LONG = calendar.month_abbr, calendar.month_name
_TAKEN_BACK = timedelta(days=20)
_CONTENT = "http://purl.org/rss/1.0/modules/content/"
_FEED = f'<rss version="2.0" xmlns:content="{_CONTENT}"><channel><title>山上</title>\n', "</channel></rss>\n"


class Reads(Protocol):
    """The version of an article that a page is printed from."""

    def __call__(self, article: Article) -> Version: ...


class Tweak(Protocol):
    """What a crawler makes of a line of content."""

    def __call__(self, line: str, *, title: bool) -> str: ...


class Layout(StrEnum):
    DATEBLOCK = "dateblock"
    BYLINE = "byline"
    DIARY = "diary"  # declared, as all below: days without a year
    NEWS = "news"  # whole days
    FEED = "feed"

    @property
    def shows_years(self) -> bool:
        return self in {Layout.BYLINE, Layout.NEWS, Layout.FEED}


DECLARED = (
    {
        "id": "diary",
        "entry": "◆ {title}\n{date} · {author}\n{text}\n{readers:n} 次阅读",
        "paragraphs": "lines",
        "ends": ["友情链接"],
    },
    {
        "id": "news",
        "entry": "{title}\n发表于 {date}  分类于 {tag}\n{text}\n阅读全文 »",
        "paragraphs": "lines",
    },
)
"""The layouts of a site whose operator declared them."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a site prints what is no content; `dialect` numbers one of the odd ways of days and counts, 0 the usual.

    `software` counts how often the site moved to other software, which gives its entries other ids.
    """

    furniture: int = 0
    end_mark: str = "点击阅读全文..."
    days: int = 0
    counts: int = 0
    old_script: bool = False
    software: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """A page that a crawler fetches: `query` is empty for an index, a tag, or what is searched for."""

    name: str
    layout: Layout
    size: int
    page: int = 0
    tag: str = ""
    search: str = ""  # `date` or `relevance`
    pages: int = 1  # how many stand in one file, back to back

    def articles(self, world: World, now: datetime) -> list[Article]:
        """What stands on it now, in its order."""
        found = world.published(now)
        if self.tag:
            found = [one for one in found if self.tag in one.tags]
        if self.search:
            found = [one for one in found if hash_of(self.search, one.number) % 5 < 3]
        if self.layout is Layout.FEED:  # some posts are taken back, and leave the feed
            found = [one for one in found if hash_of("back", one.number) % 9 or now - one.published_at < _TAKEN_BACK]
        if self.search == "relevance":
            found.sort(key=lambda one: hash_of("rank", one.number))
        top = world.on_top(now) if not self.tag and not self.search else []
        rest = [one for one in found if one not in top]
        here = rest[self.page * self.size : (self.page + self.pages) * self.size]
        return [*top, *here] if self.page == 0 else here


def hash_of(salt: str, number: int) -> int:
    """A number that depends on nothing else."""
    value = 2166136261
    for character in f"{salt}{number}":
        value = (value ^ ord(character)) * 16777619 % 2**32
    return value >> 8


@dataclass(frozen=True, slots=True)
class Span:
    """Where an article stands in a printed page: from `start`; it is whole if the text goes on to `end`.

    Before `certain` nothing need be seen of it.
    """

    article: Article
    version: Version
    start: int
    certain: int
    end: int


@dataclass(frozen=True, slots=True)
class Printed:
    """A page as a crawler could save it."""

    listing: Listing
    at: datetime
    text: str
    spans: tuple[Span, ...]
    recrawled: bool = False  # by a crawler that puts a word in front of each line


def printed(
    listing: Listing, world: World, now: datetime, style: Style, reads: Reads, tweak: Tweak, odd: int | None = None
) -> Printed:
    """A listing as it is now; `tweak` is what the crawler makes of each line of content.

    The mark of the article at place `odd` cannot be read.
    """
    articles = listing.articles(world, now)
    if listing.layout is Layout.DATEBLOCK:
        rows = [_dateblock(reads(one), style, tweak) for one in articles]
    elif listing.layout in {Layout.DIARY, Layout.NEWS}:
        rows = [_declared(listing.layout, one, reads(one), now, style, tweak) for one in articles]
    elif listing.layout is Layout.FEED:
        rows = [_item(one, reads(one), style, tweak) for one in articles]
    else:
        rows = [_byline(one, reads(one), now, style, tweak) for one in articles]
    if odd is not None:
        rows[odd] = (_unreadable(rows[odd][0]), rows[odd][1])
    head, tail = _furniture(listing, style)
    if listing.layout is Layout.FEED:
        head, tail = _FEED
    if listing.layout is Layout.BYLINE:
        tail = _script("最近评论\n", style) + tail
    text, marks = head, []
    for above, below in rows:
        start = len(text)
        text += above
        marks.append((start, len(text)))
        text += below
    ends = [certain for _, certain in marks[1:]] + [len(text) + len("最近评论\n")]
    if listing.layout is not Layout.BYLINE:
        ends = [start for start, _ in marks[1:]] + [len(text)]
    spans = (
        Span(one, reads(one), start, certain, end)
        for one, (start, certain), end in zip(articles, marks, ends, strict=True)
    )
    return Printed(listing, now, text + tail, tuple(spans))


def _dateblock(version: Version, style: Style, tweak: Tweak) -> tuple[str, str]:
    blocks = [_day(version.day, style.days), tweak(version.title, title=True)]
    for one in version.paragraphs:
        blocks += ["\n".join(tweak(line, title=False) for line in one.lines)] * (2 if one.kind is Kind.FIGURE else 1)
    above = f"{blocks[0]}\n\n{blocks[1]}\n\n"
    return above, "\n\n".join([*blocks[2:], _script(style.end_mark, style)]) + "\n\n"


def _byline(article: Article, version: Version, now: datetime, style: Style, tweak: Tweak) -> tuple[str, str]:
    printed = (one for one in version.paragraphs if one.kind is not Kind.FIGURE)
    lines = [tweak(line, title=False) for one in printed for line in one.lines]
    count = _count(article.readers(now), style.counts)
    label = _script(f"{count}位读者 | 引用", style)
    above = f"{tweak(version.title, title=True)}\nBy {article.author} | {_full_day(version.day, style.days)} | {label}"
    return above, "\n".join(lines) + "\n"


def _declared(
    layout: Layout, article: Article, version: Version, now: datetime, style: Style, tweak: Tweak
) -> tuple[str, str]:
    printed = (one for one in version.paragraphs if one.kind is not Kind.FIGURE)
    lines = [tweak(line, title=False) for one in printed for line in one.lines]
    title = tweak(version.title, title=True)
    if layout is Layout.DIARY:
        above = f"◆ {title}\n{_day(version.day, style.days)} · {article.author}\n"
        return above, "\n".join([*lines, f"{_count(article.readers(now), style.counts)} 次阅读"]) + "\n\n"
    above = f"{title}\n发表于 {_full_day(version.day, style.days)}  分类于 随笔\n"
    return above, "\n".join([*lines, "阅读全文 »"]) + "\n\n"


def _item(article: Article, version: Version, style: Style, tweak: Tweak) -> tuple[str, str]:
    """An item of a feed, with the id and the link that its software gives it; a title is HTML that is escaped again."""
    link = f"https://blog.example/{'archives' if style.software % 2 else 'p'}/{article.number}"
    body = "".join(_element(one, tweak) for one in version.paragraphs)
    above = f"<item><title>{escape(escape(tweak(version.title, title=True)))}</title><link>{link}</link>"
    facts = f"<guid isPermaLink='false'>{style.software}:{article.number}</guid><author>{article.author}</author>"
    facts += f"<pubDate>{version.day:%d %b %Y} 12:00:00 +0800</pubDate>"
    return above, f"{facts}<content:encoded>{escape(body)}</content:encoded></item>\n"


def _element(paragraph: Paragraph, tweak: Tweak) -> str:
    lines = [escape(tweak(line, title=False)) for line in paragraph.lines]
    if paragraph.kind is Kind.CODE:
        return "<pre><code>" + "\n".join(lines) + "</code></pre>"
    if paragraph.kind is Kind.FIGURE:
        return f"<figure><img src='{len(lines[0])}.png'><figcaption>{lines[0]}</figcaption></figure>"
    return "<p>" + "<br>".join(lines) + "</p>"


def _unreadable(above: str) -> str:
    """The head of an entry, its day replaced by a word that is none."""
    if " | " in above:
        return re.sub(r" \| .*?(?= \| )", " | 昨天", above, count=1)
    return "3 Octember" + above[above.index("\n") :]


def _script(text: str, style: Style) -> str:
    return (
        traditional(text.replace("击", "擊").replace("评论", "評論").replace("阅", "閱")) if style.old_script else text
    )


def _day(day: date, dialect: int) -> str:
    month, long = _MONTHS[day.month], _LONG[day.month]
    return (
        f"{day.day} {month}",
        f"{day.day} {'Sept' if month == 'Sep' else month}",
        f"{day.day} {long}",
        f"{month} {day.day}",
        f"{day.day} {month.upper()}.",
    )[dialect]


def _full_day(day: date, dialect: int) -> str:
    return (
        f"{day:%Y-%m-%d}",
        f"{day.year}-{day.month}-{day.day}",
        f"{day:%Y/%m/%d}",
        f"{day:%Y.%m.%d}",
        f"{day.year}年{day.month}月{day.day}日",
    )[dialect]


def _count(readers: int, dialect: int) -> str:
    if dialect == 2 and readers >= 10_000:
        return f"{readers / 10_000:.1f}万"
    if dialect == 3 and readers >= 1000:
        return f"{readers / 1000:.1f}k"
    odd = {1: f"{readers:,}", 4: f"{readers:,}".replace(",", " "), 5: f"约{readers}", 6: "—", 7: f"{readers}+"}
    return odd.get(dialect, str(readers))


def _furniture(listing: Listing, style: Style) -> tuple[str, str]:
    """What stands before the first entry and after the last."""
    heads = ("", "首页 归档 关于\n\n", "MENU\n搜索\n站点地图\n\n", f"当前位置: {listing.tag or '首页'}\n\n")
    tails = ("", "\n友情链接\n关于本站\n", "\n阿明: 写得真好\n\n老张: 学习了\n", "\n版权所有\n")
    if listing.layout is Layout.BYLINE:
        heads = ("", "", "搜索结果\n\n", "首页\n归档\n\n")
    return heads[style.furniture % 4], tails[style.furniture % 4]


def cut_at(page: Printed, place: int) -> Printed:
    """The page as far as it was written."""
    return replace(page, text=page.text[:place], spans=tuple(span for span in page.spans if span.start < place))
