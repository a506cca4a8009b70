"""Feed documents: made anew, and asked for again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from feedgen.entry import FeedEntry as FeedgenEntry
from feedgen.feed import FeedGenerator

from benchmarks.corpus import Writer
from benchmarks.measure import Row, best, speed
from digest.feeds.atom import atom
from digest.feeds.values import FeedEntry, FeedFacts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
_BASE = "https://digest.example.org"


def rows() -> Iterator[Row]:
    """Atom, cold."""
    for count in (50, 500):
        entries = _entries(count)
        facts = FeedFacts("tag:x", "全部", "全部", "zh-CN", f"{_BASE}/feed.atom", f"{_BASE}/", _AT)
        repeat = 500 // count
        ours, reference = best(
            lambda entries=entries, facts=facts, repeat=repeat: [atom(facts, entries) for _ in range(repeat)],
            lambda entries=entries, facts=facts, repeat=repeat: [_feedgen(facts, entries) for _ in range(repeat)],
            rounds=5,
        )
        name = f"Atom of {count} entries, cold"
        yield speed("feeds", name, "feedgen alone, the same values", repeat * count, "entries/s", ours, reference, 0.7)


def _entries(count: int) -> list[FeedEntry]:
    writer = Writer()
    made = []
    for number in range(count):
        title, text = writer.title(number), writer.page(number, short=True)[:600]
        made.append(
            FeedEntry(
                f"tag:{number}",
                title,
                "苏剑林",
                "zh-CN",
                f"{_BASE}/entries/{number}",
                "https://kexue.example/",
                _AT,
                _AT,
                text[:200],
                f"<p>{text}</p>",
            )
        )
    return made


def _feedgen(facts: FeedFacts, entries: Sequence[FeedEntry]) -> bytes:
    made = FeedGenerator()
    made.id(facts.id)
    made.title(facts.title)
    made.author(name=facts.author)
    made.language(facts.language)
    made.updated(facts.updated_at)
    made.link(href=facts.self_url, rel="self")
    made.link(href=facts.home_url, rel="alternate")
    for entry in entries:
        one = FeedgenEntry()
        one.id(entry.id)
        one.title(entry.title)
        one.author(name=entry.author)
        one.updated(entry.updated_at)
        one.published(entry.published)
        one.summary(entry.summary)
        one.content(entry.html, type="html")
        one.link(href=entry.url, rel="alternate")
        one.link(href=entry.via, rel="via")
        made.add_entry(one, order="append")
    return bytes(made.atom_str(pretty=False))
