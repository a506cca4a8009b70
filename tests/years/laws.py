"""What must be true after every crawl and every edition, judged by the truth alone: it knows no rule of the program."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from digest.model import DateKind, Section, SourceId
from digest.records.intake import DumpState
from digest.service.publishing.feeds import EVERYTHING
from tests.years.crawler import RECRAWLED, Outcome
from tests.years.shown import Shown
from tests.years.words import MARK, bare

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from digest.model import Content, Entry, EntryDate, EntryId, Selected
    from digest.records.intake import KnownDump
    from digest.service.intake.passes import Pass
    from digest.store.transaction import Transaction
    from tests.years.crawler import Copy
    from tests.years.families import Site
    from tests.years.shown import Subject
    from tests.years.world import Version

SOURCE = SourceId("blog")
BACKLOG = 10
_HELD_AT_MOST = 2  # good crawls
_TOLD_OF_ALTERNATING = 2  # the other text, and the first return
_AT_ONCE = 0.95


@dataclass(frozen=True, slots=True)
class Violation:
    """A law that does not hold; `facts` are the smallest that say how."""

    law: str
    crawl: int
    facts: str

    def __str__(self) -> str:
        return f"crawl {self.crawl}: {self.law}: {self.facts}"


@dataclass(slots=True)
class Stored:
    """An entry as the store had it after the last crawl.

    `told` counts the editions that announced it as new, `corrections` the significant revisions since the last edition,
    `heard` is its text and its date at that edition, in bare letters: corrections that lead back to it are owed to
    nobody. `stood` is the same to the letter: what is announced as corrected differs from it.
    """

    subject: Subject
    revision: int
    content: Content
    date: EntryDate | None
    crawl: int
    told: int = 0
    corrections: int = 0
    ever_corrected: int = 0
    heard: str = ""
    stood: tuple[str, tuple[str, ...], str] | None = None

    @property
    def stands(self) -> tuple[str, tuple[str, ...], str]:
        """Its title, paragraphs and date, to the letter."""
        return self.content.title, self.content.paragraphs, dated(self.date)

    @property
    def says(self) -> str:
        """All that a visitor sees of it."""
        return "/".join((bare(self.content.title), *map(bare, self.content.paragraphs), dated(self.date)))

    def __str__(self) -> str:
        return f"{self.content.title!r} dated {dated(self.date)}"


def dated(date: EntryDate | None) -> str:
    return f"{date.year or '?'}-{date.month}-{date.day} ({date.kind})" if date else "never"


@dataclass
class Judge:
    """Follows a site from crawl to crawl and notes what breaks a law, each law once a subject."""

    site: Site
    violations: list[Violation] = field(default_factory=list)
    reports: int = 0
    stored: dict[EntryId, Stored] = field(default_factory=dict)
    _fresh: list[bool] = field(default_factory=list)  # of each new article: whether it has its year at once
    _marks: dict[str, Subject] = field(default_factory=dict)
    _held: Counter[str] = field(default_factory=Counter)
    _waiting: set[str] = field(default_factory=set)  # dumps that are held
    _silent: set[int] = field(default_factory=set)  # subjects that need not be announced, by identity
    _flooded: bool = False
    _broken: set[tuple[str, str]] = field(default_factory=set)
    _words: list[str] = field(default_factory=list)  # what operators saw
    _crawl: int = -1
    _published: int = -1

    def __post_init__(self) -> None:
        self.shown = Shown(self.site)
        for subject in self.shown.subjects.values():
            for one in subject.articles.values():
                self._marks |= {bare(mark): subject for mark in one.voice.marks}

    def _break(self, law: str, about: str, facts: str) -> None:
        if (law, about) not in self._broken:
            self._broken.add((law, about))
            self.violations.append(Violation(law, self._crawl, facts))

    # --- after a crawl ----------------------------------------------------------------------------

    def after_crawl(self, tx: Transaction, done: Pass, files: Mapping[str, Copy], now: datetime) -> None:
        """Judge what a pass made of the files; crawls count from 0."""
        self._crawl += 1
        dumps = tx.readings.dumps(SOURCE)
        reports = tx.readings.reports(SOURCE, limit=10_000)
        self._words = [*done.problems, *done.notes, *(f"{one.title} {one.outcome}" for one in reports)]
        self.reports += len(done.problems) + len(done.notes)
        self.shown.begin()
        firsts, released = [], []
        for path, copy in sorted(files.items()):
            self._judge_dump(copy, dumps.get(path), done, fresh=copy.at == now)
            if _good(copy, dumps.get(path)) and self.shown.is_new(copy):
                found = self.shown.take(copy, now)
                firsts += found
                released += found if path in self._waiting else []
        self._waiting = {path for path, dump in dumps.items() if dump.state is DumpState.HELD}
        self._flooded = len(released) > BACKLOG  # what was held is announced as a first import is
        if self._flooded:
            self._silent.update(map(id, released))
        if self._crawl == self.site.recrawled_at:
            self._judge_recrawled(done)
        self._judge_entries(tx)
        for subject in firsts:
            entries = self._entries(subject)
            if self._crawl and len(entries) == 1:
                self._fresh.append(entries[0].date is not None and entries[0].date.full is not None)

    def _judge_dump(self, copy: Copy, dump: KnownDump | None, done: Pass, *, fresh: bool) -> None:
        path = copy.path
        named = any(path in one for one in (*done.problems, *done.notes))
        state = dump.state if dump else None
        if dump is None or (state is DumpState.GOOD and dump.sha256 != copy.sha256):
            if not named:
                self._break("read", path, f"{path} ({copy.outcome}) was neither read nor reported")
            return
        odd = copy.outcome is Outcome.ODD or copy.strange
        if fresh and not named and (state is not DumpState.GOOD or odd):
            self._break("reported", path, f"{path} ({copy.outcome}) is {state}: {dump.reason}; no problem names it")
        good = copy.outcome is Outcome.FRESH and fresh
        if state is not DumpState.HELD or copy.outcome not in {Outcome.FRESH, Outcome.STALE}:
            self._held[path] = 0
        elif good:
            self._held[path] += 1
            if self._held[path] > _HELD_AT_MOST:
                self._break("held", path, f"{path} is held over {self._held[path]} good crawls: {dump.reason}")

    def _judge_recrawled(self, done: Pass) -> None:
        """A crawler that changed everything is reported as one, and nothing is announced."""
        for subject in self.shown.known():
            subject.most = 0
        if not done.problems:
            self._break("reported", "crawler", "the crawler changed, and nothing is reported")

    # --- the entries ------------------------------------------------------------------------------

    def _entries(self, subject: Subject) -> list[Stored]:
        return [one for one in self.stored.values() if one.subject is subject]

    def _judge_entries(self, tx: Transaction) -> None:
        published = tx.entries.published_state()[0]
        if published != self._published:
            self._published = published
            entries = {entry.id: entry for entry in tx.entries.newest()}
            for gone in self.stored.keys() - entries.keys():
                self._break("one entry", gone, f"the entry {gone} is no longer published")
            for entry in entries.values():
                known = self.stored.get(entry.id)
                if known is None or known.revision != entry.revision or known.date != entry.date:
                    self._look(tx, entry, known)
        by_subject: dict[int, list[Stored]] = {}
        for stored in self.stored.values():
            by_subject.setdefault(id(stored.subject), []).append(stored)
        for subject in self.shown.known():
            self._judge_subject(subject, by_subject.get(id(subject), []))

    def _look(self, tx: Transaction, entry: Entry, known: Stored | None) -> None:
        """Compare an entry with what it was."""
        subject = self._recognised(entry)
        if subject is None:
            return
        told = [one for one in tx.entries.revisions(entry.id)[1:] if one.significant]
        if known is None:
            known = self.stored[entry.id] = Stored(subject, 0, entry.content, None, self._crawl)
            if self._flooded and not subject.shown:  # a held dump showed it, and shows it no longer
                self._silent.add(id(subject))
        else:
            told = [one for one in told if one.number > known.revision]
        wrong = known.date is not None and known.date.full is not None and known.date.full not in subject.days
        mended = wrong and entry.date is not None and entry.date.kind is DateKind.EXACT
        subject.least += mended
        subject.most += mended
        known.corrections += len(told)
        known.ever_corrected += len(told)
        self._judge_corrections(subject, known, len(told))
        known.revision, known.content, known.date = entry.revision, entry.content, entry.date
        self._judge_date(subject, entry)
        self._judge_text(subject, entry)

    def _recognised(self, entry: Entry) -> Subject | None:
        """The subject whose marks an entry has; None, and a violation, where it has those of none or of several."""
        text = bare(entry.content.title) + "/" + bare("".join(self._without_tail(entry.content)))
        words = {text[at : at + MARK] for at in range(len(text) - MARK + 1)}
        found = {id(one): one for word in words if (one := self._marks.get(word))}
        if len(found) != 1:
            what = " and ".join(str(one.article) for one in found.values()) or "no article"
            self._break("foreign text", entry.id, f"the entry {entry.id} {entry.content.title!r} is of {what}")
            return None
        return next(iter(found.values()))

    def _judge_corrections(self, subject: Subject, known: Stored, told: int) -> None:
        article = subject.article
        if article.other:
            if known.ever_corrected > _TOLD_OF_ALTERNATING:
                self._break("alternating", subject.name, f"{article} was corrected {known.ever_corrected} times")
            return
        if told > subject.most:
            facts = f"{article} ({article.now.kind}) was corrected {told} times, {subject.most} edits were shown"
            self._break("false correction", f"{article.number}.{self._crawl}", facts)
        subject.least -= told
        subject.quiet_told |= told > 0 and subject.quiet_now

    def _judge_date(self, subject: Subject, entry: Entry) -> None:
        full = entry.date.full if entry.date else None
        inferred = entry.date is not None and entry.date.kind is DateKind.INFERRED
        if full is not None and full not in subject.days and not (subject.exempt and inferred):
            self._break("wrong year", entry.id, f"{subject.article} is dated {dated(entry.date)}")

    def _judge_text(self, subject: Subject, entry: Entry) -> None:
        content = entry.content
        if bare(content.title) not in {bare(one.title) for one in subject.versions()}:
            self._break("foreign text", entry.id, f"{subject.article} has the title {content.title!r}")
        lines = {line for one in subject.versions() for line in one.lines}
        lines |= {bare(RECRAWLED) + line for line in lines}
        shown = [bare(line) for paragraph in self._without_tail(content) for line in paragraph.split("\n")]
        if not content.complete and shown:  # the last line may be cut
            last = shown.pop()
            if not any(line.startswith(last) for line in lines):
                self._break("foreign text", entry.id, f"{subject.article} ends with {content.paragraphs[-1]!r}")
        for line in shown:
            if line not in lines:
                self._break("foreign text", entry.id, f"{subject.article} holds {line!r}")

    def _without_tail(self, content: Content) -> tuple[str, ...]:
        """The paragraphs without a last one that is, or begins, the title of what follows on a page that was cut."""
        last = bare(content.paragraphs[-1]) if content.paragraphs else ""
        tails = (subject.tail for subject in self.shown.known() if subject.tail)
        return content.paragraphs[:-1] if last and any(tail.startswith(last) for tail in tails) else content.paragraphs

    def _judge_subject(self, subject: Subject, entries: list[Stored]) -> None:
        article = subject.article
        if subject.shown and len(entries) != len(subject.shown) and not self._excused(subject, len(entries)):
            facts = f"{len(subject.shown)} of {article} shown, {len(entries)} entries"
            self._break("one entry", subject.name, ", ".join([facts, *map(str, entries)]))
        if len(entries) != 1 or len(subject.articles) > 1:
            return
        (entry,) = entries
        if subject.least > 0 and not article.other:
            facts = f"{article} ({article.now.kind}) was edited, and not corrected"
            self._break("missing correction", f"{article.number}.{self._crawl}", facts)
        if subject.exact == article.now.day and (entry.date is None or entry.date.full != subject.exact):
            self._break("exact date", subject.name, f"{article}: its day was printed; it is dated {dated(entry.date)}")
        if subject.certain:
            self._judge_current(subject, subject.certain, entry)

    def _judge_current(self, subject: Subject, version: Version, entry: Stored) -> None:
        """Whether what is published is what was shown last."""
        content = entry.content
        text = "".join(one for one in self._without_tail(content) if one not in content.figures)
        now = bare(content.title) + "/" + bare(text)
        if now != version.key:
            lines = {bare(one): one for paragraph in content.paragraphs for one in paragraph.split("\n")}
            wanted = {bare(line): line for one in version.paragraphs for line in one.lines}
            more = [lines[key] for key in lines.keys() - wanted.keys()]
            less = [wanted[key] for key in wanted.keys() - lines.keys()]
            facts = f"{subject.article} ({version.kind}) is {content.title!r}, too much: {more}, missing: {less}"
            self._break("current text", subject.name, facts)

    def _excused(self, subject: Subject, entries: int) -> bool:
        """Whether twins that nobody can distinguish were reported, or a pinned article may be another year's."""
        title = subject.article.now.title
        if len(subject.articles) > 1:
            return entries < len(subject.shown) and any(title in one for one in self._words)
        return subject.exempt and entries == 2

    # --- after an edition -------------------------------------------------------------------------

    def after_edition(self, selected: Iterable[Selected]) -> None:
        """Judge what an edition announces: all that is new, once, and what was corrected since its announcement."""
        corrected = set()
        for one in selected:
            known = self.stored.get(one.entry.id)
            if known is None:
                self._break(
                    "told", one.entry.id, f"{one.entry.content.title!r} is announced, and is no entry of an article"
                )
            elif one.section is Section.NEW:
                known.told += 1
                known.corrections = 0
                if known.told > 1:
                    self._break("told once", one.entry.id, f"{known.subject.article} is announced as new again")
            elif one.section is Section.CORRECTED:
                corrected.add(one.entry.id)
                if not known.told or not known.corrections or known.stands == known.stood:
                    facts = (
                        f"{known.subject.article} is announced as corrected; it was announced {known.told} times as new"
                    )
                    self._break("told corrected", one.entry.id, facts)
        self._judge_untold(corrected)

    def _judge_untold(self, corrected: set[EntryId]) -> None:
        first = [one for one in self.stored.values() if one.crawl == 0]
        if sum(one.told for one in first) != min(BACKLOG, len(first)):
            self._break(
                "told once", "backlog", f"of the first {len(first)}, {sum(one.told for one in first)} are announced"
            )
        for entry, known in self.stored.items():
            if known.crawl > 0 and not known.told and id(known.subject) not in self._silent:
                self._break("told", entry, f"{known.subject.article} is not told by the edition after it was shown")
            if known.told and known.corrections and entry not in corrected and known.says != known.heard:
                self._break("told corrected", entry, f"{known.subject.article} was corrected, and that is not told")
            known.corrections, known.heard, known.stood = 0, known.says, known.stands

    def at_the_end(self, tx: Transaction) -> None:
        """Judge the whole story."""
        self.reports += len(tx.readings.reports(SOURCE, limit=10_000))
        joined = [entry.id for entry in tx.feeds.members(EVERYTHING, 1, tx.feeds.size(EVERYTHING))]
        if sorted(joined) != sorted(self.stored):
            self._break("feed", "all", f"{len(self.stored)} entries, {len(joined)} in the feed")
        if self.site.family.regular and sum(self._fresh) < _AT_ONCE * len(self._fresh):
            self._break("year at once", "all", f"{sum(self._fresh)} of {len(self._fresh)} new articles had their year")


def _good(copy: Copy, dump: KnownDump | None) -> bool:
    return dump is not None and dump.state is DumpState.GOOD and dump.sha256 == copy.sha256
