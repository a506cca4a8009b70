"""Any course of crawls, a site's edits, an operator's acts and editions: nobody gets an entry twice, nothing returns.

The service is the real one over a store in memory. The model knows the articles of the site, the operator's changes of
each, and what editions announced.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from digest.errors import UnknownError
from digest.model import DateKind, EntryDate, EntryId, Section
from digest.records.publishing import EntryState
from digest.service.editions import digests, making
from digest.service.intake import refresh
from digest.service.publishing import feeds
from digest.service.publishing.by_hand import acts, editing, merging, undoing
from digest.service.sources import forgetting
from digest.service.upkeep.invariants import violations
from digest.settings import Settings
from digest.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from digest.records.publishing import Handled
    from digest.service.publishing.by_hand.acts import Done, Outcome
    from digest.store.transaction import Transaction

START = datetime(2026, 11, 11, 12, 0, tzinfo=UTC)
LONG = "DIGEST_FUZZ_EXAMPLES" in os.environ  # then a failure may take minutes to be made small
EXAMPLES = int(os.environ.get("DIGEST_FUZZ_EXAMPLES", "1600")) // 320  # a course is long
GONE = {EntryState.HIDDEN, EntryState.FORGOTTEN, EntryState.MERGED, EntryState.REMOVED}


@dataclass
class OnSite:
    """An article as the site shows it, on some of its pages."""

    number: int
    title: str
    day: datetime
    pages: set[int]
    edits: int = 0

    def line(self, readers: int) -> str:
        own = "".join(chr(0x4E00 + (self.number * 997 + at * 31) % 20000) for at in range(60))
        more = "".join(f",第{edit}次改过的地方是这样写的" for edit in range(self.edits))
        return f"{self.title}\nBy 山客 | {self.day:%Y-%m-%d} | {readers}位读者 | 引用{own}{more}\n"


@dataclass
class Told:
    """What the editions announced of an entry: how it read when it was announced last."""

    as_new: set[EntryId] = field(default_factory=set)
    last: dict[EntryId, tuple[object, ...]] = field(default_factory=dict)


class ByHand(RuleBasedStateMachine):
    """The rules are what a site, a crawler and an operator can do."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = contextlib.ExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        (self.folder / "dumps").mkdir()
        self.settings = Settings(
            data_dir=self.folder,
            base_url="https://digest.example.org",
            sources=[{"id": "blog", "title": "山上", "path": self.folder / "dumps", "timezone": "Asia/Shanghai"}],
            digests=[{"id": "weekly", "title": "每周", "timezone": "Asia/Shanghai"}],
        )
        self.now = START
        self.site: list[OnSite] = []
        self.said: dict[EntryId, tuple[str, str]] = {}  # the operator's title, and the site's then
        self.splits = self.crawls = 0
        self.told = Told()
        self.store = open_store("sqlite://")
        self.stack.callback(self.store.close)

    def teardown(self) -> None:
        self.stack.close()

    # --- what happens -----------------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        digests.register(self.store, self.settings.digests, self.now)
        feeds.register(self.store, self.settings)
        for page in (0, 1) * 5:  # of fewer, each edit would look like another page
            self._write(page)
        self.crawl()

    @rule(page=st.integers(0, 1))
    def publish_article(self, page: int) -> None:
        self._write(page)
        self.crawl()

    def _write(self, page: int) -> None:
        number = len(self.site)
        self.site.append(OnSite(number, f"第{number}篇,原来的题目", self.now - timedelta(days=number % 3), {page}))

    @rule(which=st.integers(0, 50), page=st.integers(0, 1))
    def show_on_a_page_more(self, which: int, page: int) -> None:
        self.site[which % len(self.site)].pages.add(page)
        self.crawl()

    @rule(which=st.integers(0, 50))
    def rename_on_site(self, which: int) -> None:
        one = self.site[which % len(self.site)]
        old, one.title = one.title, f"第{one.number}篇,第{len(one.title)}种题目"
        self.crawl()
        self.said = {entry: (said, page) for entry, (said, page) in self.said.items() if page != old}

    @rule(which=st.integers(0, 50))
    def edit_on_site(self, which: int) -> None:
        self.site[which % len(self.site)].edits += 1
        self.crawl()

    @rule()
    def crawl(self) -> None:
        self.now += timedelta(hours=1)
        self.crawls += 1  # more readers: the bytes are others each time
        for page in (0, 1):
            shown = [one.line(self.crawls) for one in reversed(self.site) if page in one.pages]
            if shown:
                (self.folder / "dumps" / f"{page}.txt").write_text("".join(shown) + "最近评论\n", "utf-8")
        done = refresh.refresh(self.store, self.settings, self.settings.sources[0], now=self.now)
        assert not done.problems
        assert not done.held

    @rule()
    def crawl_the_same(self) -> None:
        """A dump that says the same, written again: nothing changes, whatever was done by hand."""
        with self.store.read() as tx:
            before = tx.entries.published_state()
        self.crawl()
        with self.store.read() as tx:
            assert tx.entries.published_state() == before

    @rule()
    def make_an_edition(self) -> None:
        self.now += timedelta(hours=1)
        made = making.cut(self.store, self.settings, self.settings.digests[0], self.now)
        if made is None:
            return
        with self.store.read() as tx:
            for one in tx.editions.selected(made.edition.key):
                name, read = one.entry.id, _read(one.entry.content.title, one.entry.content.paragraphs, one.entry.date)
                if one.section is Section.NEW:
                    through = {told for told in self.told.as_new if tx.by_hand.merged_into(told) == name}
                    assert name not in self.told.as_new, "told as new twice"
                    assert not through, "told as new under another name before"
                    self.told.as_new.add(name)
                elif one.section is Section.CORRECTED:
                    assert self.told.last.get(name) != read, "a correction of nothing"
                if one.section in {Section.NEW, Section.CORRECTED}:
                    self.told.last[name] = read

    # --- what an operator does --------------------------------------------------------------------

    @rule(which=st.integers(0, 4), number=st.integers(0, 3), silent=st.booleans())
    def edit_title(self, which: int, number: int, *, silent: bool) -> None:
        found = self._entry(which)
        title = f"人工写的第{number}个题目"
        words = editing.Words(title=title)
        if self._do(lambda tx: editing.edit(tx, self.settings, found.entry.id, words, self.now, silent=silent)):
            self.said[found.entry.id] = (title, found.printed.title or found.entry.content.title)

    @rule(which=st.integers(0, 4), day=st.one_of(st.none(), st.integers(1, 28)))
    def edit_date(self, which: int, day: int | None) -> None:
        found = self._entry(which)
        date = EntryDate(5, day, 2020, DateKind.EXACT) if day else None
        words = editing.Words(date=(date,))
        if self._do(lambda tx: editing.edit(tx, self.settings, found.entry.id, words, self.now)):
            self.crawl_the_same()
            with self.store.read() as tx:
                assert acts.require(tx, found.entry.id).entry.date == date

    @rule(which=st.integers(0, 4))
    def hide(self, which: int) -> None:
        found = self._entry(which)
        self._do(lambda tx: undoing.hide(tx, [found.entry.id], self.now))

    @rule(which=st.integers(0, 4))
    def publish(self, which: int) -> None:
        found = self._entry(which)
        self._do(lambda tx: undoing.publish(tx, self.settings, [found.entry.id], self.now))

    @rule(one=st.integers(0, 4), other=st.integers(0, 4), words=st.sampled_from([None, "keep", "other"]))
    def merge(self, one: int, other: int, words: str | None) -> None:
        keep, gone = self._entry(one), self._entry(other)
        ids = keep.entry.id, gone.entry.id
        if self._do(lambda tx: merging.merge(tx, self.settings, *ids, self.now, words=words)):
            self.said.pop(keep.entry.id, None)
            self.said.pop(gone.entry.id, None)
            self.crawl_the_same()

    @rule(which=st.integers(1, 4))
    def merge_what_was_told_into_what_is_new(self, which: int) -> None:
        self.make_an_edition()
        self.publish_article(0)
        self.merge(0, which, "keep")
        self.make_an_edition()

    @rule(which=st.integers(0, 4), by_dump=st.booleans())
    def split(self, which: int, *, by_dump: bool) -> None:
        found = self._entry(which)
        dump = "blog/1.txt" if by_dump else None
        if self._do(lambda tx: merging.split(tx, self.settings, found.entry.id, self.now, dump=dump)):
            self.splits += 1
            self.crawl_the_same()

    @rule(which=st.integers(0, 4))
    def undo(self, which: int) -> None:
        found = self._entry(which)
        if self._do(lambda tx: undoing.undo(tx, self.settings, found.entry.id, self.now)):
            self.said.clear()  # which edit it took back, or whose words returned with it, the model does not follow
            self.crawl_the_same()

    @rule(page=st.integers(0, 1), whole=st.booleans(), back=st.booleans())
    def forget(self, page: int, *, whole: bool, back: bool) -> None:
        """The pages' content is forgotten while their files are away; then the files are there again."""
        before = self._all()
        away = self.folder / "away"
        (self.folder / "dumps").rename(away)
        (self.folder / "dumps").mkdir()
        paths = () if whole else (f"{page}.txt",)
        done = self._do(lambda tx: forgetting.forget(tx, self.settings, "blog", paths, self.now))
        (self.folder / "dumps").rmdir()
        away.rename(self.folder / "dumps")
        if done is None:
            return
        self.said.clear()  # what depends on these dumps alone, the model does not follow
        if back:
            self._do(lambda tx: undoing.undo_source(tx, self.settings, "blog", self.now))
            assert _states(self._all()) == _states(before)
        self.crawl()
        after = _states(self._all())
        for one in before:
            if one.state is EntryState.PUBLISHED:
                assert after[one.entry.id] is EntryState.PUBLISHED, "a page shows it, and it stays away"

    @rule()
    def nothing_new_waits_after_an_edition(self) -> None:
        """Each published entry that had to be announced was, by itself or through one that became it."""
        self.make_an_edition()
        with self.store.read() as tx:
            told = self.told.as_new | {tx.by_hand.merged_into(one) for one in self.told.as_new}
        for one in self._all():
            if one.state is EntryState.PUBLISHED and one.announced and one.settled:
                assert one.entry.id in told, "missed"

    def _do(self, work: Callable[[Transaction], Outcome]) -> Done | None:
        """Try it first: what is tried changes nothing, and foretells what it does."""
        self.now += timedelta(minutes=1)
        with self.store.read() as tx:
            before = tx.entries.published_state(), len(tx.by_hand.acts())
        try:
            tried = acts.perform(self.store, self.settings, work, dry_run=True)
        except UnknownError as error:
            note(str(error))
            return None
        with self.store.read() as tx:
            assert (tx.entries.published_state(), len(tx.by_hand.acts())) == before
        done = acts.perform(self.store, self.settings, work)
        assert (tried.outcome, tried.hearings) == (done.outcome, done.hearings)
        return done

    def _entry(self, which: int) -> Handled:
        """One of the newest, announced or not."""
        return self._all()[which]

    def _all(self) -> list[Handled]:
        with self.store.read() as tx:
            found, total = tx.by_hand.listed(set(EntryState))
        assert len(found) == total
        return found

    # --- what holds after each step ---------------------------------------------------------------

    @invariant()
    def laws_hold(self) -> None:
        assert list(violations(self.store)) == []

    @invariant()
    def there_is_an_entry_for_each_article(self) -> None:
        assert len(self._all()) == len(self.site) + self.splits

    @invariant()
    def what_is_held_back_is_nowhere(self) -> None:
        gone = {one.entry.id for one in self._all() if one.state in GONE}
        with self.store.read() as tx:
            shown = {entry.id for entry in tx.entries.newest()}
            size = tx.feeds.size(feeds.EVERYTHING)
            in_feed = {entry.id for entry in tx.feeds.members(feeds.EVERYTHING, 1, size)}
            found = {entry.id for entry in tx.entries.search("题目")}
        assert not gone & (shown | in_feed | found)
        assert shown == in_feed

    @invariant()
    def edits_hold(self) -> None:
        titles = {one.entry.id: one.entry.content.title for one in self._all()}
        for entry, (said, _) in self.said.items():
            assert titles[entry] == said


def _states(found: list[Handled]) -> dict[EntryId, EntryState]:
    return {one.entry.id: one.state for one in found}


def _read(title: str, paragraphs: tuple[str, ...], date: EntryDate | None) -> tuple[object, ...]:
    return title, paragraphs, date and (date.month, date.day, date.year)


def test_a_date_that_is_given_back_and_taken_again_between_two_editions_is_no_correction() -> None:
    course = ByHand()
    course.begin()
    try:
        course.make_an_edition()
        course.publish_article(page=0)
        course.crawl()
        course.publish_article(page=0)
        course.make_an_edition()
        course.edit_date(day=None, which=1)
        course.make_an_edition()
        course.undo(which=1)
        course.edit_date(day=None, which=0)
        course.make_an_edition()
    finally:
        course.teardown()


def test_any_course_of_manual_acts() -> None:
    run_state_machine_as_test(
        ByHand,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.reuse, Phase.generate, *((Phase.shrink,) if LONG else ())],
        ),
    )
