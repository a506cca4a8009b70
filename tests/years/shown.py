"""What readings showed of each article, and so what the program may, must and must not have announced."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.years.words import bare
from tests.years.world import ZONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime

    from tests.years.crawler import Copy, Seen
    from tests.years.families import Site
    from tests.years.world import Article, Version

OLD = timedelta(days=200)  # what is pinned is older, before it can be taken for new
_GRACE = timedelta(days=2)  # on both sides of the time between two readings
_YEAR = 365
_MORE_OR_LESS = {"erratum", "removed"}  # edits that leave more or less of the same text


@dataclass(slots=True, eq=False)
class Subject:
    """An article, or a group of twins that read alike, as far as good readings showed it.

    `shown` and `hinted` hold the numbers of those that were shown whole, and in part. `least` and `most` are how many
    corrections the readings since the last crawl are worth. `certain` is the version that has to be published, absent
    where readings disagree. `exempt`: an old one that was pinned, and whose day falls between two readings.
    """

    articles: dict[int, Article] = field(default_factory=dict)
    shown: set[int] = field(default_factory=set)
    hinted: set[int] = field(default_factory=set)
    least: int = 0
    most: int = 0
    certain: Version | None = None
    exact: date | None = None  # the day that was printed in full last
    exempt: bool = False
    returned: bool = False
    day_returned: bool = False  # a dump showed it on a former day again
    quiet: str = ""  # what was first shown where it need not be announced
    quiet_now: bool = False  # in this pass
    quiet_told: bool = False  # though it need not be
    tail: str = ""  # the title after it on a page that was cut, until it is shown whole again
    newest: int = -1  # of the versions that were shown
    keys: set[str] = field(default_factory=set)
    since: dict[str, int] = field(default_factory=dict)  # the first version that each page showed, by its name
    by_dump: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    letters_by_dump: dict[str, tuple[object, ...]] = field(default_factory=dict)
    days_by_dump: dict[str, list[date]] = field(default_factory=lambda: defaultdict(list))

    @property
    def article(self) -> Article:
        return next(iter(self.articles.values()))

    @property
    def name(self) -> str:
        return str(self.article.number)

    @property
    def days(self) -> set[date]:
        return {day for one in self.articles.values() for day in one.days}

    def versions(self) -> Iterator[Version]:
        """Every state, those of the future too."""
        for one in self.articles.values():
            yield from one.versions
            if one.other:
                yield one.other

    def forget(self, listing: str) -> None:
        """Another dump shows this page from now on."""
        for known in (self.since, self.by_dump, self.letters_by_dump, self.days_by_dump):
            known.pop(listing, None)

    def note(self, seen: Seen, copy: Copy) -> None:
        """What a good reading of a dump shows of it."""
        number, key, dump = seen.article.number, seen.key, self.by_dump[copy.listing.name]
        if not seen.whole:
            self.hinted.add(number)
            self.most += key not in self.keys
            return
        self._note_day(seen.version.day, self.days_by_dump[copy.listing.name])
        if copy.listing.layout.shows_years:
            self.exact = None if self.day_returned else seen.version.day
        self.tail = ""
        first = number not in self.shown
        self.shown.add(number)
        at = seen.article.versions.index(seen.version) if seen.version in seen.article.versions else -1
        again = bool(dump) and dump[-1] == key and (at <= self.newest or key == self.quiet)
        letters = seen.version.title, seen.version.paragraphs
        before = self.letters_by_dump.get(copy.listing.name, letters)
        self.letters_by_dump[copy.listing.name] = letters
        if len(self.articles) > 1 or again:
            self.most += before != letters  # as its characters were written before
            return
        self.since.setdefault(copy.listing.name, at)
        settled = True
        if first:
            self.certain = None if seen.recrawled else seen.version
            self.most += number in self.hinted
        elif seen.article.other:
            self.certain = None
        elif at > self.newest:
            settled = self._newer(seen, dump, at, self.since[copy.listing.name])
        else:
            self._older(seen, dump)
        if self.returned:  # two texts took turns: who shows it no longer may have said what is published
            self.certain = None
        dump.append(key)
        if settled:
            self.keys.add(key)
            self.newest = max(self.newest, at)

    def _note_day(self, day: date, before: list[date]) -> None:
        """A day that returns on the same dump is announced once; it may be right again, or the page an older copy."""
        if before and day == before[-1]:
            return
        if day in before:
            self.most += not self.day_returned
            self.day_returned = True
        before.append(day)

    def _newer(self, seen: Seen, dump: list[str], at: int, since: int) -> bool:
        """One or more edits are shown for the first time: that is one correction.

        False where it is so again for a dump that shows what is gone.
        """
        edits = seen.article.versions[self.newest + 1 : at + 1]
        kinds, told = {one.kind for one in edits}, any(one.told for one in edits)
        unseen = seen.article.versions[self.newest + 1 : since + 1]  # from before this dump showed it
        self.certain = None if seen.recrawled else seen.version
        if not dump and kinds & _MORE_OR_LESS:
            # To a dump that did not show it before it is more or less of the same text, and the fuller one wins.
            self.quiet, self.quiet_now, self.quiet_told = seen.key, True, False
            if "removed" in kinds:
                self.certain = None
            if kinds <= _MORE_OR_LESS:
                self.most += 1
                return "removed" not in kinds
        if any(one.kind == "removed" for one in unseen):
            self.certain = None
        if seen.key not in self.keys:
            self.most += 1
            self.least += told and not (self.quiet_told and seen.key == self.quiet)
        elif told and seen.key not in dump:  # to another dump, what the author took back is old text
            self.certain = None
            return False
        elif told and dump[-1] == seen.key:  # the edits came to nothing before this dump showed any
            self.certain = None
        elif told:  # the same dump shows A, B, A: the first return is announced
            self.certain = None if self.returned else seen.version
            self.least += not self.returned
            self.most += not self.returned
            self.returned = True
        else:  # nothing that is compared has changed
            self.most += 1
        return True

    def _older(self, seen: Seen, dump: list[str]) -> None:
        key = seen.key
        if key == self.quiet and dump and key not in dump:  # now a dump shows it that did not say so before
            self.certain = seen.version
            self.least += self.quiet_now and not self.least
            self.most += not self.quiet_now
        elif key not in self.keys:  # an older state, or another crawler's, that no reading showed
            self.most += 1
            self.certain = None
        elif key in dump:  # A, B, A
            self.most += not self.returned
            self.returned = True
            self.certain = None


@dataclass
class Shown:
    """All subjects of a site, and the good readings that were made of its dumps."""

    site: Site
    exceptions: int = 0
    subjects: dict[str, Subject] = field(default_factory=dict)
    _taken: dict[str, tuple[str, datetime, set[int]]] = field(default_factory=dict)  # by path: hash, when, what
    _pages: dict[str, tuple[str, set[object]]] = field(default_factory=dict)  # by listing: path, letters

    def __post_init__(self) -> None:
        for one in self.site.world.articles:
            subject = self.subjects.setdefault(one.twins or str(one.number), Subject())
            subject.articles[one.number] = one

    def known(self) -> Iterable[Subject]:
        """Those of which a reading showed anything."""
        return [one for one in self.subjects.values() if one.shown or one.hinted]

    def begin(self) -> None:
        """A new pass begins: what the last one was worth is settled."""
        for subject in self.subjects.values():
            subject.least = subject.most = 0
            subject.quiet_now = False

    def is_new(self, copy: Copy) -> bool:
        """Whether these bytes were not taken at the last good reading of the dump."""
        return self._taken.get(copy.path, ("",))[0] != copy.sha256

    def take(self, copy: Copy, now: datetime) -> list[Subject]:
        """Note what a good reading shows; the subjects that none showed before."""
        _, before, stood = self._taken.get(copy.path, ("", now, set()))
        self._follow(copy)
        firsts = []
        titles = [bare(one.version.title) for one in copy.shows]
        for seen, following in zip(copy.shows, [*titles[1:], ""], strict=True):
            subject = self.subjects[seen.article.twins or str(seen.article.number)]
            if seen.article.number not in stood and _falls_between(seen.version.day, before, now):
                self._exempt(subject, seen, before, now)
            if not subject.shown and seen.whole:
                firsts.append(subject)
            subject.note(seen, copy)
            subject.tail = "" if seen.whole else following
        self._taken[copy.path] = (copy.sha256, now, {seen.article.number for seen in copy.shows if seen.whole})
        return firsts

    def _follow(self, copy: Copy) -> None:
        """Forget what a page showed if its file has another name now and shows less than half of that to the letter.

        Nobody can know then that it is the same page.
        """
        letters: set[object] = {
            (one.article.number, one.version.day, one.version.title, one.version.paragraphs)
            for one in copy.shows
            if one.whole
        }
        path, before = self._pages.get(copy.listing.name, (copy.path, letters))
        if path != copy.path and 2 * len(before & letters) < min(len(before), len(letters)):
            for subject in self.subjects.values():
                subject.forget(copy.listing.name)
        self._pages[copy.listing.name] = (copy.path, letters)

    def _exempt(self, subject: Subject, seen: Seen, before: datetime, now: datetime) -> None:
        """The exception that no evidence can exclude: an old article, newly on top, with a day between two readings."""
        old = seen.version.day < (before - OLD).astimezone(ZONE).date()
        if old and not subject.exempt and seen.article in self.site.world.on_top(now):
            subject.exempt = True
            self.exceptions += 1


def _falls_between(day: date, before: datetime, now: datetime) -> bool:
    """Whether month and day lie between two readings, in any year."""
    first, last = (before - _GRACE).astimezone(ZONE).date(), (now + _GRACE).astimezone(ZONE).date()
    between = (first + timedelta(days=step) for step in range(min((last - first).days, _YEAR) + 1))
    return any((one.month, one.day) == (day.month, day.day) for one in between)
