"""An invented blog in an in-memory store of its own, for trying templates. Decision 231."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from digest import files, logs
from digest.mail.composing.edition_text import LARGEST_HTML
from digest.model import DigestId, EditionKey, EntryId, Format, Subscriber
from digest.service.editions import digests, making
from digest.service.intake import refresh
from digest.service.publishing import feeds
from digest.settings import Settings
from digest.store import open_store

if TYPE_CHECKING:
    from digest.store.transaction import Store

READER = "reader@example.org"
_NOW = datetime(2026, 3, 16, 9, tzinfo=UTC)  # two days after the newest sample
_FILES = ("index.txt", "search.txt")
_CORRECTED = ("显然", "当然"), ("一道图上的题目", "一道图论的题目")
# What the previews of editions and mails show.
SAMPLE_MAILS = {
    "title": "每周摘要",
    "mails": [
        {"name": name, "kind": name, "language": "en", "subject": name, "when": "now", "html": html, "text": "text"}
        for name, html in (("welcome", "<p>"), ("alert", ""))
    ],
}
SAMPLE_PREVIEW = {
    "title": "每周摘要",
    "largest": LARGEST_HTML,
    "shows": "now",
    "edition": "weekly/2026-W49",
    "reports": [
        {
            "language": "en",
            "format": "both",
            "topics": topics,
            "readers": 3,
            "subject": "每周摘要",
            "html_bytes": size,
            "mail_bytes": 40_000,
            "pictures": 2,
            "findings": findings,
            "name": "en-both",
        }
        for topics, size, findings in (([], 30_000, []), (["mathematics"], 0, ["too long"]))
    ],
}


@dataclass(frozen=True, slots=True)
class SampleBlog:
    """The blog: `settings` are the operator's, except for sources, and for templates while `editions` were made.

    It has an edition, unannounced new entries, a corrected entry, a formula, a removed entry and a subscriber.
    """

    store: Store
    settings: Settings
    now: datetime
    source: str
    edition: EditionKey
    entries: tuple[EntryId, ...]
    removed: EntryId
    reader: Subscriber


@contextmanager
def sample_blog(settings: Settings) -> Iterator[SampleBlog]:
    """Create it; the digests are the operator's, or a single one if they have none.

    Raises:
        DigestError: the samples are missing from the installation.
    """
    with logs.silent(), tempfile.TemporaryDirectory(prefix="digest-samples-") as folder:
        store = open_store("sqlite://")
        try:
            yield _make_blog(store, _settings(settings, Path(folder)), Path(folder))
        finally:
            store.close()


def _settings(settings: Settings, folder: Path) -> Settings:
    from digest.settings import Digest, Source  # noqa: PLC0415 - only checks load pydantic

    link = "https://blog.example.org/{title}/"
    sources = tuple(
        Source(id=name, title=title, path=folder / f"{name}.txt", timezone="Asia/Shanghai", link=link)
        for name, title in (("index", "示例一"), ("search", "示例二"))
    )
    mine = settings.digests or (Digest(id="weekly", title="每周摘要"),)
    digests = tuple(digest.model_copy(update={"sources": ()}) for digest in mine)
    return settings.model_copy(update={"sources": sources, "digests": digests})


def _make_blog(store: Store, settings: Settings, folder: Path) -> SampleBlog:
    samples = files.shipped_folder("config") / "demo" / "samples"
    texts = {name: (samples / name).read_text("utf-8") for name in _FILES}
    ours = settings.model_copy(
        update={
            "templates": None,  # the operator's may be wrong
            "digests": tuple(one.model_copy(update={"template": "weekly"}) for one in settings.digests),
        }
    )
    digests.register(store, ours.digests, _NOW - timedelta(days=1))
    feeds.register(store, ours)
    _read_samples(store, ours, folder, {"search.txt": texts["search.txt"]}, _NOW - timedelta(hours=3))
    made = making.cut(store, ours, ours.digests[0], _NOW - timedelta(hours=2))
    assert made is not None  # noqa: S101 - the samples are new
    corrected = texts["search.txt"]
    for before, after in _CORRECTED:
        corrected = corrected.replace(before, after)
    _read_samples(
        store, ours, folder, {"search.txt": corrected, "index.txt": texts["index.txt"]}, _NOW - timedelta(hours=1)
    )
    with store.write() as tx:
        names = [DigestId(digest.id) for digest in ours.digests]
        known = tx.subscribers.add(
            READER, name="山客", language="en", fmt=Format.BOTH, digests=names, source="operator", now=_NOW
        )
        assert known is not None  # noqa: S101 - there is only this subscriber
        published = [entry.id for entry in tx.entries.newest(limit=100)]
    feeds.remove(store, published[-1], _NOW)
    return SampleBlog(
        store, settings, _NOW, "search", made.edition.key, tuple(published[:-1]), published[-1], known.subscriber
    )


def _read_samples(store: Store, settings: Settings, folder: Path, texts: dict[str, str], now: datetime) -> None:
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    for source in settings.sources:
        if source.path and source.path.exists():
            refresh.refresh(store, settings, source, now=now)
