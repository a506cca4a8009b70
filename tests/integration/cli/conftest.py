"""A blog that is crawled again and again under the test's own clock."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from digest.cli import main
from digest.model import Section

if TYPE_CHECKING:
    from tests.conftest import Article, Blog

START = datetime(2027, 2, 1, 4, tzinfo=UTC)  # past the file system's clock, so that each stamp is settled
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Refreshed:
    """What one `digest refresh` came to; `reported` is what it printed on stderr."""

    code: int
    counts: dict[str, Any]
    reported: str


@dataclass
class Crawls:
    """The blog, each refresh an hour after the one before. `article` makes one article of a number and a version."""

    blog: Blog
    capture: pytest.CaptureFixture[str]
    kind: type[Article]
    now: datetime = field(default=START)

    def article(self, number: int, version: str = "") -> Article:
        """One of many: no two share a title or a text; a version adds a sentence to the text."""
        own = "".join(chr(0x4E00 + (number * 997 + at * 31) % 20000) for at in range(60))
        other = "".join(chr(0x4E00 + (number * 613 + at * 47 + 9000) % 20000) for at in range(40))
        return self.kind(f"{own[:4]}之第{number}篇", (2026, 1 + number // 28, 1 + number % 28), (own + version, other))

    def articles(self, first: int, last: int, version: str = "") -> list[Article]:
        """The articles first to last, newest first."""
        return [self.article(number, version) for number in range(last, first - 1, -1)]

    def page(self, name: str, *articles: Article) -> None:
        self.blog.search(name, *articles)

    def set(self, line: str) -> None:
        """Give the source one more setting."""
        config = self.blog.home / "digest.toml"
        config.write_text(config.read_text("utf-8").replace("[[digests]]", f"{line}\n[[digests]]", 1), "utf-8")

    def refresh(self, *arguments: str, after: timedelta = HOUR) -> Refreshed:
        self.now += after
        code, printed, said = self.run("refresh", "--json", *arguments)
        return Refreshed(code, json.loads(printed.splitlines()[0]), said)

    def edition(self) -> dict[str, list[str]]:
        """Make an edition; the titles that it announces, by section."""
        self.now += timedelta(minutes=1)
        _, printed, said = self.run("edition", "cut", "--json")
        told: dict[str, list[str]] = {Section.NEW: [], Section.CORRECTED: []}
        if not printed:
            assert "none was made" in said
            return told
        _, shown, _ = self.run("edition", "show", json.loads(printed)["key"], "--json")
        for entry in json.loads(shown)["entries"]:
            told.setdefault(entry["section"], []).append(entry["title"])
        return told

    def told(self) -> tuple[list[str], list[str]]:
        """The titles that the next edition announces as new and as corrected, sorted."""
        sections = self.edition()
        return sorted(sections[Section.NEW]), sorted(sections[Section.CORRECTED])

    def troubled(self) -> dict[str, dict[str, Any]]:
        """The dumps that are not good, by path."""
        _, printed, _ = self.run("status", "--json")
        return {dump["dump"]: dump for dump in json.loads(printed)["sources"][0]["troubled"]}

    def shown(self, *arguments: str) -> dict[str, Any]:
        """What `digest source show` says of the blog."""
        _, printed, _ = self.run("source", "show", "blog", *arguments, "--json")
        answer: dict[str, Any] = json.loads(printed)
        return answer

    def texts(self) -> dict[str, str]:
        """The first paragraph of each published entry, by title."""
        _, printed, _ = self.run("entries", "list", "--json")
        texts = {}
        for line in printed.splitlines():
            _, shown, _ = self.run("entries", "show", json.loads(line)["id"], "--json")
            entry = json.loads(shown)
            texts[entry["title"]] = entry["paragraphs"][0]
        return texts

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """The command line at the present time: its exit code, stdout and stderr."""
        self.capture.readouterr()
        with time_machine.travel(self.now, tick=False), pytest.raises(SystemExit) as ended:
            main([*arguments, "--config", str(self.blog.home / "digest.toml")])
        printed, said = self.capture.readouterr()
        return int(ended.value.code or 0), printed, said


@pytest.fixture
def crawls(blog: Blog, capfd: pytest.CaptureFixture[str], article: type[Article]) -> Crawls:
    return Crawls(blog, capfd, article)


def printed(capfd: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    """What a command prints on stdout and stderr, which ends with this exit code."""
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert (ended.value.code or 0) == code
    return capfd.readouterr()
