"""Editions over weeks: what is announced, when, to whom, and that nothing is announced twice or missed."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import DigestId, EditionKey, Section
from digest.service.editions import digests, drafts, making
from digest.service.intake import refresh
from digest.service.people import subscribers
from digest.settings import Settings
from digest.store import open_store
from tests.examples import examples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from digest.model import Body
    from digest.store.transaction import Store
    from tests.conftest import Article

WEDNESDAY = datetime(2026, 11, 11, 12, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 16, 0, 0, tzinfo=UTC)  # 08:00 in Shanghai
ZONE = "Asia/Shanghai"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass
class Paper:
    """A blog that grows, a digest of it, and a clock that the test moves."""

    folder: Path
    article: type[Article]
    store: Store
    now: datetime = WEDNESDAY
    options: dict[str, Any] = field(default_factory=dict)
    source: dict[str, Any] = field(default_factory=dict)
    articles: list[Article] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return Settings(
            data_dir=self.folder,
            base_url="https://digest.example.org",
            sources=[{"id": "blog", "title": "山上", "path": self.folder / "dumps", "timezone": ZONE, **self.source}],
            digests=[{"id": "weekly", "title": "每周", "timezone": ZONE, **self.options}],
        )

    def publish(self, *titles: str) -> None:
        """Put articles on the page and read it."""
        for title in titles:
            day = self.now.date()
            body = (f"这是《{title}》的正文,和别的文章没有一句相同。{title * 20}",)
            self.articles.insert(0, self.article(title, (day.year, day.month, day.day), body))
        self.refresh()

    def refresh(self) -> None:
        (self.folder / "dumps").mkdir(exist_ok=True)
        page = "".join(one.byline() for one in self.articles) + "最近评论\n"
        (self.folder / "dumps" / "page.txt").write_text(page, "utf-8")
        configured = self.settings
        refresh.refresh(self.store, configured, configured.sources[0], now=self.now)

    def tick(self, *, at: datetime | None = None) -> list[str]:
        """Make what is due; the keys."""
        self.now = at or self.now
        return [made.edition.key for made in making.make_due(self.store, self.settings, self.now)]

    def cut(self) -> str | None:
        configured = self.settings
        made = making.cut(self.store, configured, configured.digests[0], self.now)
        return made.edition.key if made else None

    def told(self, section: Section = Section.NEW) -> list[list[str]]:
        """The titles of each edition, oldest first."""
        with self.store.read() as tx:
            keys = [one.edition.key for one in reversed(tx.editions.editions(DigestId("weekly")))]
            return [
                [one.entry.content.title for one in tx.editions.selected(key) if one.section is section] for key in keys
            ]

    def words(self, key: str) -> Body:
        """What an edition says in Chinese."""
        with self.store.read() as tx:
            made = tx.editions.body(EditionKey(key), "zh_CN")
        assert made is not None
        return made


@contextmanager
def opened(folder: Path, article: type[Article], **source: Any) -> Iterator[Paper]:
    """A paper with a store of its own; `source` is what its source says beside what it must."""
    store = open_store("sqlite://")
    made = Paper(folder, article, store, source=source)
    digests.register(store, made.settings.digests, made.now)
    yield made
    store.close()


@pytest.fixture
def paper(tmp_path: Path, article: type[Article]) -> Iterator[Paper]:
    with opened(tmp_path, article) as made:
        yield made


def test_an_edition_comes_at_its_slot_and_once(paper: Paper) -> None:
    paper.publish("甲", "乙")
    assert paper.tick(at=MONDAY - timedelta(seconds=1)) == []
    assert paper.tick(at=MONDAY) == ["weekly/2026-W47"]
    assert paper.tick() == paper.tick(at=MONDAY + HOUR) == []
    assert paper.told() == [["乙", "甲"]]


def test_an_empty_slot_is_recorded_and_the_next_one_announces(paper: Paper) -> None:
    paper.publish("甲")
    paper.tick(at=MONDAY)
    assert paper.tick(at=MONDAY + 7 * DAY) == ["weekly/2026-W48"]
    paper.publish("乙")
    assert paper.tick(at=MONDAY + 14 * DAY) == ["weekly/2026-W49"]
    assert paper.told() == [["甲"], [], ["乙"]]
    with paper.store.read() as tx:
        newest, empty, _ = (one.edition for one in tx.editions.editions())
    assert empty.empty
    assert newest.opens_at == empty.closes_at


def test_the_first_edition_comes_now_where_the_digest_says_so(paper: Paper) -> None:
    paper.options = {"first": "now"}
    assert paper.tick() == []
    paper.publish("甲")
    assert paper.tick() == ["weekly/2026-W46"]
    assert paper.tick(at=paper.now + HOUR) == []
    paper.publish("乙")
    assert paper.tick(at=MONDAY) == ["weekly/2026-W47"]
    assert paper.told() == [["甲"], ["乙"]]


def test_after_downtime_one_edition_announces_all(paper: Paper) -> None:
    paper.publish("甲")
    paper.tick(at=MONDAY)
    for week in range(1, 4):
        paper.now = MONDAY + week * 7 * DAY - DAY
        paper.publish(f"第{week}周")
    assert paper.tick(at=MONDAY + 21 * DAY + HOUR) == ["weekly/2026-W50"]
    assert paper.told() == [["甲"], ["第3周", "第2周", "第1周"]]


def test_a_slot_missed_for_too_long_is_folded_into_the_next(paper: Paper) -> None:
    paper.options = {"late": timedelta(hours=36)}
    paper.publish("甲")
    assert paper.tick(at=MONDAY + timedelta(hours=36, seconds=1)) == []
    assert paper.tick(at=MONDAY + 7 * DAY) == ["weekly/2026-W48"]
    assert paper.told() == [["甲"]]


def test_a_cut_takes_no_slot_and_the_slot_announces_what_came_since(paper: Paper) -> None:
    paper.publish("甲")
    assert paper.cut() == "weekly/2026-W46"
    assert paper.cut() is None
    paper.publish("乙")
    assert paper.cut() == "weekly/2026-W46-2"
    paper.publish("丙")
    assert paper.tick(at=MONDAY) == ["weekly/2026-W47"]
    assert paper.told() == [["甲"], ["乙"], ["丙"]]


def test_a_clock_that_steps_back_announces_nothing_again_and_loses_nothing(paper: Paper) -> None:
    paper.publish("甲")
    paper.tick(at=MONDAY + HOUR)
    paper.now = MONDAY - HOUR
    paper.publish("乙")
    assert paper.tick() == paper.tick(at=MONDAY + timedelta(minutes=1)) == []
    assert paper.tick(at=MONDAY + 7 * DAY) == ["weekly/2026-W48"]
    assert paper.told() == [["甲"], ["乙"]]


def test_a_paused_person_gets_later_what_was_unannounced_when_they_came(paper: Paper) -> None:
    paper.publish("甲")
    paper.now += HOUR
    subscribers.add(paper.store, paper.settings, "ada@example.org", now=paper.now)
    with paper.store.write() as tx:
        ada = tx.subscribers.active(DigestId("weekly"))[0]
        tx.subscribers.prefer(ada.id, language="en", fmt=ada.format, timezone="", topics=(), paused_until=MONDAY + HOUR)
    paper.tick(at=MONDAY)
    paper.publish("乙")
    (key,) = paper.tick(at=MONDAY + 7 * DAY)
    with paper.store.read() as tx:
        (_, variant) = tx.editions.variants(EditionKey(key))
    assert "甲" in variant.body.text
    assert "乙" in variant.body.text


def test_two_schedulers_make_one_edition(tmp_path: Path, article: type[Article]) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'digest.db'}")
    paper = Paper(tmp_path, article, store)
    digests.register(store, paper.settings.digests, paper.now)
    paper.publish("甲")
    subscribers.add(store, paper.settings, "a@example.org", now=paper.now)
    with ThreadPoolExecutor(4) as pool:
        configured = paper.settings
        made = list(pool.map(lambda _: making.make_due(store, configured, MONDAY), range(4)))
    assert sum(len(each) for each in made) == 1
    with store.read() as tx:
        assert tx.deliveries.open() == 1
    store.close()


def test_a_correction_of_what_was_announced_is_announced_once(paper: Paper) -> None:
    paper.publish("让炼丹更科些", "乙")
    paper.tick(at=MONDAY)
    paper.articles[1] = paper.article("让炼丹更科学些", paper.articles[1].date, paper.articles[1].body)
    paper.refresh()
    paper.tick(at=MONDAY + 7 * DAY)
    paper.tick(at=MONDAY + 14 * DAY)
    assert paper.told() == [["乙", "让炼丹更科些"], [], []]
    assert paper.told(Section.CORRECTED) == [[], ["让炼丹更科学些"], []]


def test_a_rise_of_readers_is_listed_beside_new_entries_but_is_no_new_entry(paper: Paper) -> None:
    paper.publish("甲", "乙")
    paper.tick(at=MONDAY)
    paper.now = MONDAY + DAY
    old = paper.articles[1]
    paper.articles[1] = paper.article(old.title, old.date, old.body, readers=old.readers + 50)
    paper.refresh()
    assert paper.tick(at=MONDAY + 7 * DAY) == ["weekly/2026-W48"]
    assert paper.told() == [["乙", "甲"], []]
    paper.publish("丙")
    paper.tick(at=MONDAY + 14 * DAY)
    assert paper.told()[-1] == ["丙"]


def test_a_preview_stores_nothing(paper: Paper) -> None:
    configured = paper.settings
    assert drafts.draft_edition(paper.store, configured, configured.digests[0], paper.now, "en") is None
    paper.publish("甲")
    shown = drafts.draft_edition(paper.store, configured, configured.digests[0], paper.now, "en")
    assert shown is not None
    assert "甲" in shown.body.html
    assert paper.told() == []
    assert paper.tick(at=MONDAY) == ["weekly/2026-W47"]


def test_people_get_a_mail_planned_in_the_languages_they_read(paper: Paper) -> None:
    configured = paper.settings
    subscribers.add(paper.store, configured, "a@example.org", language="en", now=paper.now)
    subscribers.add(paper.store, configured, "b@example.org", now=paper.now)
    paper.publish("甲")
    (key,) = paper.tick(at=MONDAY)
    with paper.store.read() as tx:
        assert [row.address for row in tx.deliveries.rows(key)] == ["a@example.org", "b@example.org"]  # type: ignore[arg-type]
        for language in ("en", "zh_CN"):
            body = tx.editions.body(key, language)  # type: ignore[arg-type]
            assert body is not None
            assert body.language == language


_steps = st.lists(
    st.one_of(
        st.just("publish"),
        st.just("cut"),
        st.just("tick"),
        st.just("restart"),
        st.integers(-6, 24 * 9),  # hours that pass
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=examples(40))
@given(steps=_steps, first=st.sampled_from(["now", "slot"]))
def test_over_any_course_each_article_is_announced_once(
    tmp_path_factory: pytest.TempPathFactory, article: type[Article], steps: list[str | int], first: str
) -> None:
    store = open_store("sqlite://")
    paper = Paper(tmp_path_factory.mktemp("paper"), article, store, options={"first": first})
    digests.register(store, paper.settings.digests, paper.now)
    for step in steps:
        match step:
            case int():
                paper.now += timedelta(hours=step)
            case "publish":
                paper.publish(f"文章{chr(0x4E00 + 11 * len(paper.articles))}")
            case "cut":
                paper.cut()
            case "tick":
                paper.tick()
            case _:
                digests.register(store, paper.settings.digests, paper.now)
    paper.now += timedelta(days=30)
    paper.cut()

    told = Counter(title for titles in paper.told() for title in titles)

    assert told == Counter(one.title for one in paper.articles)
    with store.read() as tx:
        slots = [one.edition.slot_at for one in tx.editions.editions() if one.edition.slot_at]
    assert len(slots) == len(set(slots))
    store.close()
