"""Thousands of sources in one store: the queries of a pass and a tick do not grow with their number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import event

from digest.service.editions import making
from digest.service.intake import refresh
from digest.service.operating import alerts
from digest.service.publishing import feeds
from digest.settings import Settings
from digest.store import open_store

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Article

NOW = datetime(2026, 11, 11, 12, 0, tzinfo=UTC)
FEW, MANY = 3, 60


def settings_of(folder: Path, count: int) -> Settings:
    """So many sources, each a folder of its own."""
    for n in range(count):
        (folder / f"s{n}").mkdir(parents=True, exist_ok=True)
    return Settings(
        data_dir=folder,
        sources=[{"id": f"s{n}", "title": f"Source {n}", "path": folder / f"s{n}"} for n in range(count)],
        digests=[{"id": "weekly", "title": "Weekly", "first": "now"}],
        topics=[{"id": "maths", "title": "Maths", "words": ["甲"]}],
    )


def asked(folder: Path, article: type[Article], count: int) -> list[int]:
    """How many statements each step of the first source took where there are so many sources."""
    settings, store, numbers = settings_of(folder, count), open_store("sqlite://"), [0]
    file = folder / "s0" / "a.txt"
    engine = store._engine

    def count_one(*_: object) -> None:
        numbers[-1] += 1

    event.listen(engine, "before_cursor_execute", count_one)
    first, second = article("甲的题目").dateblock(), article("乙的题目").dateblock()
    for hours, shown in enumerate((first, second + first, second + first)):
        file.write_text(shown, "utf-8")
        refresh.refresh(store, settings, settings.sources[0], now=NOW + timedelta(hours=hours))
        numbers.append(0)
    with store.read() as tx:
        assert [len(tx.feeds.members(key, 1, 9)) for key in ("", "source/s0", "source/s1")] == [2, 2, 0]
    for source in settings.sources[1:]:  # nothing to show yet: the first edition waits for them
        refresh.refresh(store, settings, source, now=NOW)
    alerts.decide(store, settings, NOW)  # each of them has no dump, which is stored once
    numbers.append(0)
    alerts.decide(store, settings, NOW)
    making.make_due(store, settings, NOW)
    feeds.register(store, settings)
    store.close()
    return [*numbers[:3], numbers[-1]]


def test_a_pass_and_the_ticks_ask_the_same_of_the_store_however_many_sources_there_are(
    tmp_path: Path, article: type[Article]
) -> None:
    few = asked(tmp_path / "few", article, FEW)
    assert few[0] > few[2] > 0
    assert asked(tmp_path / "many", article, MANY) == few


def test_a_source_is_found_by_its_name_in_a_changed_copy_too(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, FEW)
    assert settings.source("s2") is settings.sources[2]
    fewer = settings.model_copy(update={"sources": settings.sources[:1]})
    assert fewer.source("s0") is settings.sources[0]
    assert fewer.source("s2") is None
    assert settings.source("s2") is settings.sources[2]
    assert settings == settings_of(tmp_path, FEW)
