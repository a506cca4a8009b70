"""Feed documents: made anew, and asked for again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from feedgen.entry import FeedEntry as FeedgenEntry
from feedgen.feed import FeedGenerator

from benchmarks.corpus import Writer
from benchmarks.measure import Row, best, speed
from digest.feeds.atom import atom
from digest.feeds.values import FeedEntry, FeedFacts
from digest.records.operating import Version
from digest.web.response_cache import Lifetime, ResponseCache

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from starlette.types import Message, Receive, Scope, Send

_AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
_BASE = "https://digest.example.org"
_ASKED = 20_000  # times
_MADE = 3_000  # entries a turn: in turns of 20 ms, who met a quiet moment seemed half as fast again


def rows() -> Iterator[Row]:
    """Atom, cold; and given again."""
    for count in (50, 500):
        entries = feed_entries(count)
        facts = FeedFacts("tag:x", "全部", "全部", "zh-CN", f"{_BASE}/feed.atom", f"{_BASE}/", _AT)
        repeat = _MADE // count
        ours, reference = best(
            lambda entries=entries, facts=facts, repeat=repeat: [atom(facts, entries) for _ in range(repeat)],
            lambda entries=entries, facts=facts, repeat=repeat: [feedgen_of(facts, entries) for _ in range(repeat)],
            rounds=8,
        )
        name = f"Atom of {count} entries, cold"
        yield speed("feeds", name, "feedgen alone, the same values", repeat * count, "entries/s", ours, reference, 0.7)
    yield _warm()


def _warm() -> Row:
    """What an answer costs from memory, up to what is sent, beside a dictionary asked with the same key."""
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/feed.atom",
        "query_string": b"",
        "headers": [(b"host", b"digest.example.org"), (b"accept", b"*/*"), (b"accept-encoding", b"gzip")],
    }
    cache = ResponseCache(_answer, lambda: Version(1, 1), lambda _: Lifetime.PUBLISHED, lambda *_: lambda: None)
    asyncio.run(cache(scope, _nothing, _to_nobody))
    key = ("GET", "/feed.atom", b"", b"accept", b"*/*", b"accept-encoding", b"gzip")
    answers = {key: b"x"}
    ours, reference = best(
        lambda: [cache.known(scope) for _ in range(_ASKED)],
        lambda: [answers.get((*key[:3], *key[3:])) for _ in range(_ASKED)],
        rounds=5,
    )
    against = "a dictionary look-up of the same key"
    return speed("feeds", "Atom, warm", against, _ASKED, "answers/s", ours, reference, 0.1)


async def _answer(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
    await send({"type": "http.response.body", "body": b"x"})


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


async def _to_nobody(_message: Message) -> None:
    return


def feed_entries(count: int) -> list[FeedEntry]:
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


def feedgen_of(facts: FeedFacts, entries: Sequence[FeedEntry]) -> bytes:
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
