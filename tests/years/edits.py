"""How authors change what they published, one function for each kind."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.years.words import Kind, Paragraph, bare, simplified

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from tests.years.world import Article, Version

_SHORT = 60  # characters; an edit of a shorter text leaves too little to know it by


def typo(article: Article, today: date) -> Version | None:
    """A word of the text is another one."""
    version = article.now
    at = next((at for at, one in enumerate(version.paragraphs) if one.kind is Kind.TEXT), None)
    if at is None:
        return None
    old = version.paragraphs[at].lines[0]
    place = article.voice.chance.randrange(len(old) // 3, len(old) - 4)
    if not bare(old[place : place + 2]) or "$" in old or "\\" in old:
        return None
    new = Paragraph(Kind.TEXT, (old[:place] + article.voice.chance.choice(article.voice.common) + old[place + 2 :],))
    return replace(version, paragraphs=(*version.paragraphs[:at], new, *version.paragraphs[at + 1 :]), kind="typo")


def removed(article: Article, today: date) -> Version | None:
    """A paragraph of the text is gone."""
    version = article.now
    texts = [at for at, one in enumerate(version.paragraphs) if one.kind is Kind.TEXT]
    if len(texts) < 2:
        return None
    at = article.voice.chance.choice(texts)
    return replace(version, paragraphs=(*version.paragraphs[:at], *version.paragraphs[at + 1 :]), kind="removed")


def erratum(article: Article, today: date) -> Version | None:
    """A paragraph is added at the end."""
    added = Paragraph(Kind.TEXT, ("勘误:" + article.voice.sentence(8),))
    return replace(article.now, paragraphs=(*article.now.paragraphs, added), kind="erratum")


def note(article: Article, today: date) -> Version | None:
    """A note in front of the text, and a mark in front of the title."""
    if article.now.title.startswith("【"):
        return None
    added = Paragraph(Kind.TEXT, (f"更新({today.month}月{today.day}日):" + article.voice.sentence(9),))
    title = "【已更新】" + article.now.title
    return replace(article.now, title=title, paragraphs=(added, *article.now.paragraphs), kind="note")


def part(article: Article, today: date) -> Version | None:
    """The title gains a mark of a series."""
    if article.now.title.endswith(")"):
        return None
    return replace(article.now, title=article.now.title + "(一)", kind="part")


def numeral(article: Article, today: date) -> Version | None:
    """A number in the title is another one."""
    for old, new in (("3个", "4个"), ("3個", "4個"), ("2020", "2021"), ("GPT2", "GPT3")):
        if old in article.now.title:
            return replace(article.now, title=article.now.title.replace(old, new), kind="numeral")
    return None


def entity(article: Article, today: date) -> Version | None:
    """A character that was escaped twice is itself."""
    if "&amp;" not in article.now.title:
        return None
    return replace(article.now, title=article.now.title.replace("&amp;", "&"), kind="entity", told=False)


def script(article: Article, today: date) -> Version | None:
    """Traditional characters become simplified ones."""
    version = article.now
    paragraphs = tuple(replace(one, lines=tuple(map(simplified, one.lines))) for one in version.paragraphs)
    if paragraphs == version.paragraphs:
        return None
    return replace(version, title=simplified(version.title), paragraphs=paragraphs, kind="script", told=False)


def repost(article: Article, today: date) -> Version | None:
    """The same article with today's date."""
    return replace(article.now, day=today, kind="repost", told=False)


def revert(article: Article, today: date) -> Version | None:
    """The author takes the last edit of the text back."""
    if article.now.kind not in {"typo", "removed", "erratum"} or len(article.versions) != 2:
        return None
    return replace(article.versions[-2], kind="revert")


EDITS: dict[str, Callable[[Article, date], Version | None]] = {
    "typo": typo,
    "removed": removed,
    "erratum": erratum,
    "note": note,
    "part": part,
    "numeral": numeral,
    "entity": entity,
    "script": script,
    "repost": repost,
    "revert": revert,
}
HARD = frozenset({"note", "script", "repost", "numeral", "part"})  # known by the line that is gone in the same reading


def editable(article: Article) -> bool:
    """Whether enough is left of it after an edit to know it by."""
    return not article.yearly and sum(len(line) for one in article.now.paragraphs for line in one.lines) > _SHORT
