"""A source whose crawls are copied over its folder one after the other, and what each reports and announces."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from digest.app import opened
from digest.cli import main
from digest.model import Section
from digest.service.publishing.pages import Reading
from digest.settings import load

if TYPE_CHECKING:
    from tests.conftest import Blog

CASES = Path(__file__).with_name("ingest")
TODAY = datetime(2026, 11, 30, 4, tzinfo=UTC)  # of the cases that name no day
NOON = 4  # o'clock in UTC, of the sources' days


@dataclass(frozen=True)
class Crawl:
    """What one crawl came to. `entries` are all that are published then; `new` and `corrected` are the titles that the
    next edition announced, in its order; `status` is as `digest status --json` prints it.
    """

    code: int
    counts: dict[str, Any]
    reported: str
    status: dict[str, Any]
    entries: list[dict[str, Any]]
    new: list[str]
    corrected: list[str]

    @property
    def dates(self) -> dict[str, tuple[int | None, int, int, str]]:
        """Year, month, day and kind by title."""
        return {
            entry["title"]: tuple(entry["date"][part] for part in ("year", "month", "day", "kind"))
            for entry in self.entries
        }

    def entry(self, title: str) -> dict[str, Any]:
        """The one entry of this title."""
        (found,) = [entry for entry in self.entries if entry["title"] == title]
        return found

    def troubled(self) -> dict[str, str]:
        """The state of each dump that is not good."""
        return {dump["dump"]: dump["state"] for dump in self.status["sources"][0]["troubled"]}


@dataclass
class Crawled:
    """A blog under a case's crawls. `told` counts how often each entry was announced as new."""

    blog: Blog
    capture: pytest.CaptureFixture[str]
    told: dict[str, int] = field(default_factory=dict)
    now: datetime = TODAY

    def crawl(self, folder: str, day: str = "") -> Crawl:
        """Copy a crawl's files over the source's folder, refresh, make an edition; at noon of that day, or today."""
        shutil.copytree(CASES / folder, self.blog.home / "dumps", dirs_exist_ok=True)
        moment = datetime.fromisoformat(day).replace(hour=NOON, tzinfo=UTC) if day else self.now + timedelta(hours=1)
        self.now = moment
        with self._clock():
            code, printed, reported = self._run("refresh", "--json")
        self.now += timedelta(minutes=1)
        with self._clock():
            new, corrected = self._edition()
            listed = self.blog.listed("entries", "list")
            entries = [self.blog.listed("entries", "show", entry["id"])[0] for entry in listed]
            (status,) = self.blog.listed("status")
        return Crawl(code, json.loads(printed.splitlines()[0]), reported, status, entries, new, corrected)

    def shown(self, title: str) -> tuple[str, str]:
        """The text of the entry of this title as the feed and as its page show it."""
        settings = load(self.blog.home / "digest.toml")
        with self._clock():
            feed = self.blog.feed().decode()
            with opened(settings) as store:
                page = Reading(store, settings).entry(self.blog.entries()[title]["id"], "en")
        assert page
        return feed, page.entry.html

    def _clock(self) -> time_machine.travel:
        return time_machine.travel(self.now, tick=False)

    def _run(self, *arguments: str) -> tuple[int, str, str]:
        """The command line, whatever its exit code; what it printed on stdout and stderr."""
        self.capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--config", str(self.blog.home / "digest.toml")])
        printed, said = self.capture.readouterr()
        return int(ended.value.code or 0), printed, said

    def _edition(self) -> tuple[list[str], list[str]]:
        _, printed, said = self._run("edition", "cut", "--json")
        if not printed:
            assert "none was made" in said
            return [], []
        (edition,) = self.blog.listed("edition", "show", json.loads(printed)["key"])
        sections: dict[str, list[str]] = {Section.NEW: [], Section.CORRECTED: []}
        for entry in edition["entries"]:
            sections.setdefault(entry["section"], []).append(entry["title"])
            if entry["section"] == Section.NEW:
                self.told[entry["id"]] = self.told.get(entry["id"], 0) + 1
        return sections[Section.NEW], sections[Section.CORRECTED]


@pytest.fixture
def site(blog: Blog, capfd: pytest.CaptureFixture[str]) -> Crawled:
    return Crawled(blog, capfd)
