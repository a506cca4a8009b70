"""The short form of `make years`: one site of each family; and that a violated invariant is found."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from digest.model import Section
from digest.records.intake import DumpState
from tests.years import laws as laws_module
from tests.years.crawler import Crawler
from tests.years.drive import Result, run
from tests.years.families import FAMILIES, site
from tests.years.laws import Judge
from tests.years.shown import Subject
from tests.years.table import BEGIN, END, table, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from digest.model import Selected, SourceId
    from digest.records.intake import KnownDump
    from tests.years.crawler import Outcome
    from tests.years.families import Site
    from tests.years.world import Article

SHORT = 280  # days
SEED = 1


@pytest.mark.parametrize("family", FAMILIES)
def test_no_law_is_broken_over_a_story(family: str) -> None:
    result = run(site(family, SEED, SHORT))
    assert result.articles > 0
    assert not result.violations, "\n".join([result.headline, *map(str, result.violations)])


def test_the_same_family_and_seed_are_the_same_site() -> None:
    one, other = site("mixed", 7), site("mixed", 7)
    assert one.crawls == other.crawls
    assert [str(article) for article in one.world.articles] == [str(article) for article in other.world.articles]


# --- what breaks a law is found --------------------------------------------------------------------


def laws(made: Site) -> set[str]:
    return {one.law for one in run(made).violations}


def quiet(days: int = 70) -> Site:
    """A site on which nothing goes wrong and nobody edits anything."""
    made = site("weekly", 3, days)
    made.family = replace(made.family, edits=0.0)
    return made


def newest(made: Site) -> Article:
    return made.world.published(made.crawls[0])[0]


def meddle(monkeypatch: pytest.MonkeyPatch, change: Callable[[Crawler], None]) -> None:
    """Do something to the files of the fourth crawl, or to what the truth says of them."""
    crawl = Crawler.crawl

    def meddled(self: Crawler, number: int, now: datetime, outcomes: dict[str, Outcome]) -> None:
        crawl(self, number, now, outcomes)
        if number == 3:
            change(self)

    monkeypatch.setattr(Crawler, "crawl", meddled)


def rogue(monkeypatch: pytest.MonkeyPatch, title: str, day: object, text: str) -> None:
    """Let there be one more file, of which the truth knows nothing."""
    page = f"{title}\nBy 山客 | {day} | 10位读者 | 引用{text}\n最近评论\n"

    def write_page(crawler: Crawler) -> None:
        (crawler.folder / "rogue.txt").write_text(page, "utf-8")

    meddle(monkeypatch, write_page)


def test_a_quiet_site_breaks_none() -> None:
    assert laws(quiet()) == set()


def test_an_entry_of_no_article_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    rogue(monkeypatch, "不速之客", "2020-01-01", "这一篇谁也没有写过, 它不该在这里出现, 也没有读者。")
    assert {"foreign text", "told", "feed"} <= laws(quiet())


def test_an_article_that_is_two_entries_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    made = quiet()
    mark = newest(made).voice.marks[0]
    rogue(monkeypatch, "另一个题目", "2015-05-05", f"{mark}在别处,以另一种样子又出现了一次, 好像是新的。")
    assert {"one entry", "wrong year", "foreign text"} <= laws(made)


def test_text_of_two_articles_in_one_entry_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    made = quiet()
    one, other = made.world.published(made.crawls[0])[:2]
    text = f"{one.now.paragraphs[0].lines[0]}\n{other.now.paragraphs[0].lines[0]}"
    rogue(monkeypatch, one.now.title + "续", one.now.day, text)
    assert "foreign text" in laws(made)


def test_an_edit_that_is_not_announced_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    made = quiet()
    article = newest(made)
    first, *others = article.now.paragraphs
    line = first.lines[0]
    edited = replace(
        article.now, paragraphs=(replace(first, lines=(line[:20] + "改" + line[22:],)), *others), kind="typo"
    )

    def edit(crawler: Crawler) -> None:
        article.versions.append(edited)
        for path, copy in crawler.files.items():
            shows = [replace(one, version=edited) if one.article is article else one for one in copy.shows]
            crawler.files[path] = replace(copy, shows=tuple(shows))

    meddle(monkeypatch, edit)
    assert {"missing correction", "current text"} <= laws(made)


def test_a_correction_of_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    made = quiet()
    sentence = newest(made).now.paragraphs[0].lines[0]

    def misread(crawler: Crawler) -> None:
        for path, copy in crawler.files.items():
            written = (crawler.folder / path).read_text("utf-8").replace(sentence, sentence[:20] + "乱" + sentence[25:])
            (crawler.folder / path).write_text(written, "utf-8")
            crawler.files[path] = replace(copy, sha256=hashlib.sha256(written.encode()).hexdigest())

    meddle(monkeypatch, misread)
    assert {"false correction", "foreign text", "current text"} <= laws(made)


def test_a_year_that_is_not_the_true_one_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    a_year = timedelta(days=366)
    monkeypatch.setattr(Subject, "days", property(lambda self: {one.day - a_year for one in self.versions()}))
    assert "wrong year" in laws(quiet())


def test_a_file_that_is_not_read_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(crawler: Crawler) -> None:
        for path, copy in crawler.files.items():
            crawler.files[path] = replace(copy, sha256="of other bytes")

    meddle(monkeypatch, refuse)
    assert "read" in laws(quiet())


def test_a_page_that_stays_held_in_silence_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Judge.after_crawl

    class Held:
        """The readings of a store whose dumps are all held."""

        def __init__(self, tx: Any) -> None:
            self.readings, self.entries = self, tx.entries
            self.reports = tx.readings.reports
            self._dumps = tx.readings.dumps

        def dumps(self, source: SourceId) -> dict[str, KnownDump]:
            return {path: replace(one, state=DumpState.HELD) for path, one in self._dumps(source).items()}

    monkeypatch.setattr(Judge, "after_crawl", lambda self, tx, *rest: judge(self, Held(tx), *rest))  # type: ignore[arg-type]
    assert {"held", "reported"} <= laws(quiet())


def test_an_edition_that_leaves_something_out_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    judge, made = Judge.after_edition, count()

    def without(self: Judge, selected: list[Selected]) -> None:
        judge(self, [one for one in selected if one.section is not Section.NEW] if next(made) == 3 else selected)

    monkeypatch.setattr(Judge, "after_edition", without)
    assert laws(quiet()) == {"told"}


def test_what_is_announced_twice_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Judge.after_edition
    monkeypatch.setattr(Judge, "after_edition", lambda self, selected: judge(self, [*selected, *selected]))
    assert laws(quiet()) == {"told once"}


def test_too_few_years_at_once_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(laws_module, "_AT_ONCE", 1.01)
    assert laws(quiet()) == {"year at once"}


# --- the table -------------------------------------------------------------------------------------


def test_the_table_has_a_row_a_family_and_stands_between_its_marks(tmp_path: Path) -> None:
    results = [Result("weekly", 1, 104, 90, 5, 0, 7), Result("pins", 1, 100, 80, 4, 2, 1), Result("weekly", 2, 96, 10)]
    page = tmp_path / "page.md"
    page.write_text(f"Before.\n\n{BEGIN}\n\nold\n\n{END}\n\nAfter.\n", "utf-8")
    write(page, results)
    written = page.read_text("utf-8")
    assert table(results).splitlines()[2:] == [
        "| weekly | 2 | 200 | 100 | 5 | 0 | 0 | 7 |",
        "| pins | 1 | 100 | 80 | 4 | 0 | 2 | 1 |",
        "| all | 3 | 300 | 180 | 9 | 0 | 2 | 8 |",
    ]
    assert table(results) in written
    assert "old" not in written
    assert written.startswith("Before.")
    assert written.endswith("After.\n")
