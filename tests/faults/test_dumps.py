"""Dumps as crawlers and disks damage them: nothing false is published and nothing is lost."""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import feedparser
import pytest

from digest.dumps.snapshot import read_snapshot
from tests.conftest import Article, Blog
from tests.faults.conftest import ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, BinaryIO

    from digest.dumps.interface import Layouts
    from digest.model import Snapshot
    from tests.faults.verdicts import Verdict

KNOWN = [
    Article(f"已知的第{number}篇", (2026, 3, number), (f"第{number}篇的正文,说的是它自己的事。", "末段。"))
    for number in range(1, 21)
]
NEW = Article("新的一篇", (2026, 3, 25), ("新的正文,与别的都不一样。",))
MEGABYTES = 1024**2


@pytest.fixture
def site(blog: Blog, verdict: Callable[[str], Verdict], request: pytest.FixtureRequest) -> Iterator[Blog]:
    """A blog of twenty known articles; its feed is what feed readers have seen."""
    row = verdict(f"dumps: {request.node.name.removeprefix('test_').replace('_', ' ')}")
    row.tried += 1
    blog.search("page.txt", *KNOWN)
    blog.refresh()
    yield blog
    row.losses += len(ALL_KNOWN - titles(blog))


def page(*articles: Article) -> str:
    return "".join(article.byline() for article in articles) + "最近评论\n"


def titles(blog: Blog) -> set[str]:
    return {entry.title for entry in feedparser.parse(blog.feed()).entries}


ALL_KNOWN = {article.title for article in KNOWN}


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.7, 0.97])
def test_a_half_written_dump_announces_nothing_false_and_takes_nothing_back(site: Blog, share: float) -> None:
    whole = page(NEW, *KNOWN).encode()
    path = site.home / "dumps" / "page.txt"
    path.write_bytes(whole[: int(len(whole) * share)])
    site.refresh()
    assert titles(site) - {NEW.title} == ALL_KNOWN

    site.search("page.txt", NEW, *KNOWN)
    site.refresh()
    assert titles(site) == ALL_KNOWN | {NEW.title}
    assert len(site.entries()) == len(KNOWN) + 1
    assert {entry["revisions"] for entry in site.entries().values()} == {1}


def test_a_dump_that_is_replaced_while_it_is_read_is_read_whole_and_the_other_next(
    site: Blog, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = site.search("page.txt", NEW, *KNOWN)
    other = site.search("page.txt.part", *KNOWN, Article("第二篇新的", (2026, 3, 26), ("又一段别的话。",)))

    def replaced(stream: BinaryIO, name: str, *, largest: int, layouts: Layouts, **about: Any) -> Snapshot:
        other.replace(path)
        return read_snapshot(stream, name, largest=largest, layouts=layouts, **about)

    with monkeypatch.context() as during:
        during.setattr("digest.service.intake.reading_dumps.read_snapshot", replaced)
        site.refresh()
    assert titles(site) == ALL_KNOWN | {NEW.title}
    site.refresh()
    assert titles(site) == ALL_KNOWN | {NEW.title, "第二篇新的"}


@pytest.mark.parametrize("share", [0.5, 1])
def test_a_dump_that_is_written_over_while_it_is_read_is_believed_at_the_next_look(
    site: Blog, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    before, path = site.feed(), site.home / "dumps" / "page.txt"
    path.write_text(page(NEW, *KNOWN), "utf-8")
    later = page(Article("第二篇新的", (2026, 3, 26), ("又一段别的话。",)), NEW, *KNOWN).encode()

    def written_over(stream: BinaryIO, name: str, *, largest: int, layouts: Layouts, **about: Any) -> Snapshot:
        inode = path.stat().st_ino
        path.write_bytes(later[: int(len(later) * share)])
        assert path.stat().st_ino == inode
        snapshot = read_snapshot(stream, name, largest=largest, layouts=layouts, **about)
        path.write_bytes(later)
        return snapshot

    with monkeypatch.context() as during:
        during.setattr("digest.service.intake.reading_dumps.read_snapshot", written_over)
        site.refresh()
    assert site.feed() == before
    site.refresh()
    assert titles(site) == ALL_KNOWN | {NEW.title, "第二篇新的"}


@pytest.mark.parametrize("size", [20, 200, 20_000, 2_000_000 if ALL else 200_000])
def test_a_compressed_dump_that_breaks_off_is_read_so_far_and_the_others_go_on(site: Blog, size: int) -> None:
    chance = random.Random(5)
    articles = [Article("".join(chance.choices("天地玄黄宇宙洪荒", k=30)), (2026, 3, 1)) for _ in range(size // 20)]
    many = page(*articles)
    packed = gzip.compress(many.encode(), 1)
    site.home.joinpath("dumps", "more.txt.gz").write_bytes(packed[: min(size, len(packed) * 3 // 4)])
    site.search("new.txt", NEW)
    said = site.run("refresh", code=1)
    assert "more.txt.gz: " in said
    assert "breaks off" in said
    others = titles(site) - {article.title for article in articles}
    assert NEW.title in others
    assert others <= ALL_KNOWN | {NEW.title}


@pytest.mark.parametrize("ruin", ["shrunk by 90 %", "emptied", "all new", "mojibake", "another mojibake", "zeros"])
def test_a_dump_that_lost_its_senses_is_held_and_the_feed_stays_byte_for_byte(site: Blog, ruin: str) -> None:
    before = site.feed()
    path = site.home / "dumps" / "page.txt"
    text = page(*KNOWN)
    strangers = page(*(Article(f"陌生的第{number}篇", (2026, 4, number), ("别处的话。",)) for number in range(1, 21)))
    path.write_bytes(
        {
            "shrunk by 90 %": page(*KNOWN[:2]).encode(),
            "emptied": b"",
            "all new": strangers.encode(),
            "mojibake": text.encode().decode("latin-1").encode(),
            "another mojibake": text.encode().decode("gb18030", "replace").encode(),
            "zeros": bytes(len(text)),
        }[ruin]
    )
    code = 0 if ruin in {"shrunk by 90 %", "all new"} else 1
    assert site.refresh(code)["held"] == 1
    assert site.feed() == before
    (trouble,) = site.listed("status")[0]["sources"][0]["troubled"]
    assert trouble["reason"]

    site.search("page.txt", *KNOWN)
    assert site.refresh()["held"] == 0
    assert site.feed() == before


def test_a_title_of_a_megabyte_harms_nothing_but_itself(site: Blog) -> None:
    site.search("giant.txt", Article("长" * 350_000, (2026, 3, 26), ("巨大题目的正文。",)), NEW)
    site.refresh()
    feed = site.feed()
    parsed = feedparser.parse(feed)
    assert not parsed.bozo
    assert {entry.title for entry in parsed.entries} >= ALL_KNOWN | {NEW.title}
    site.run("subscribers", "add", "ada@example.org")
    site.run("edition", "cut")
    site.run("edition", "send")
    (mail,) = site.mails()
    assert len(mail) < 2 * MEGABYTES
    assert max(map(len, mail.splitlines())) <= 998


def test_no_date_is_believed_that_no_day_can_have(site: Blog) -> None:
    site.search(
        "dates.txt",
        Article("来自未来", (2999, 1, 1), ("未来的话。",)),
        Article("来自纪元", (1970, 1, 1), ("纪元的话。",)),
        Article("没有的一天", (2026, 2, 31), ("没有的话。",)),
    )
    site.refresh()
    entries = site.entries()
    assert entries["来自未来"]["date"]["kind"] == "partial"
    assert entries["来自未来"]["date"]["year"] is None
    assert entries["来自纪元"]["date"]["year"] == 1970
    assert entries["没有的一天"]["date"] is None
    assert b"2999" not in site.feed()
    assert titles(site) == ALL_KNOWN | {"来自未来", "来自纪元", "没有的一天"}


def test_equal_titles_are_distinguished_by_day_and_one_article_twice_is_one(site: Blog) -> None:
    greetings = [Article("新年快乐", (year, 1, 1), (f"{year}年的问候。",)) for year in (2024, 2025, 2026)]
    site.search("greetings.txt", *greetings, greetings[0], KNOWN[0])
    site.refresh()
    listed = [entry["date"]["year"] for entry in site.listed("entries", "list") if entry["title"] == "新年快乐"]
    assert sorted(listed) == [2024, 2025, 2026]
    assert len(site.listed("entries", "list")) == len(KNOWN) + 3


@pytest.mark.parametrize("seed", range(3))
def test_another_order_says_nothing_and_the_feed_stays_byte_for_byte(site: Blog, seed: int) -> None:
    before = site.feed()
    mixed = list(KNOWN)
    random.Random(seed).shuffle(mixed)
    site.search("page.txt", *mixed)
    counts = site.refresh()
    assert [counts[name] for name in ("added", "revised", "vanished", "held")] == [0, 0, 0, 0]
    assert site.feed() == before


def test_a_change_within_one_tick_of_a_slow_clock_is_seen(site: Blog) -> None:
    path = site.search("tick.txt", NEW)
    before = path.stat()
    site.refresh()
    path.write_bytes(path.read_bytes().replace("新的正文".encode(), "改过的字".encode()))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_ino) == (before.st_size, before.st_ino)
    assert site.refresh()["revised"] == 1


MEASURED = """
import resource, sys
from digest.cli import main
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]), int(sys.argv[1])))
main(sys.argv[2:])
"""


def refreshed_within(blog: Blog, memory: int) -> dict[str, int]:
    """A refresh in a process that gets no more address space than that."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(memory), "refresh", "--json", "--config", str(blog.home / "digest.toml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    counts: dict[str, int] = json.loads(done.stdout.splitlines()[0])
    return counts


def written(path: Path, before: str, line: str, count: int, after: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(before)
        for _ in range(count // 1000):
            file.write(line * 1000)
        file.write(after)


def test_a_dump_of_millions_of_lines_is_read_in_bounded_memory(site: Blog) -> None:
    lines = 10_000_000 if ALL else 200_000
    written(site.home / "dumps" / "long.txt", "", "一行不属于任何文章的话\n", lines, page(NEW))
    assert refreshed_within(site, 700 * MEGABYTES)["added"] == 1
    assert titles(site) == ALL_KNOWN | {NEW.title}


def test_an_article_of_very_many_lines_costs_time_in_proportion(site: Blog) -> None:
    lines = 200_000 if ALL else 20_000
    written(site.home / "dumps" / "long.txt", NEW.byline(), "一行正文,and words\n", lines, "最近评论\n")
    assert refreshed_within(site, 1200 * MEGABYTES)["added"] == 1
    assert titles(site) == ALL_KNOWN | {NEW.title}


def test_very_many_dumps_are_read_in_bounded_memory_and_once(
    site: Blog, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is a transaction. In memory they need not wait for a disk, which is not in question here."""
    count = 100_000 if ALL else 100  # the former take about ten minutes
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    room = memory if os.access(memory, os.W_OK) else tmp_path_factory.getbasetemp()
    with (
        tempfile.TemporaryDirectory(dir=room) as store,
        tempfile.TemporaryDirectory(dir=site.home / "dumps") as many,
        monkeypatch.context() as there,
    ):
        there.setenv("DIGEST_DATA_DIR", store)
        for number in range(count):
            Path(many, f"{number:06}.txt").write_text(page(KNOWN[number % len(KNOWN)]), "utf-8")
        counts = refreshed_within(site, 900 * MEGABYTES)
        assert (counts["dumps"], counts["added"]) == (count + 1, len(KNOWN))
        counts = refreshed_within(site, 900 * MEGABYTES)
        assert (counts["added"], counts["skipped"]) == (0, count + 1)
        assert titles(site) == ALL_KNOWN


# VmHWM and not ru_maxrss, which a process inherits from the one that started it: then it is how large the tests are.
PEAK = """
import pathlib, sys
from digest.cli import main
try:
    main(sys.argv[1:])
finally:
    print("peak", pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0], file=sys.stderr)
"""


def test_a_bomb_is_refused_by_name_in_bounded_memory_and_the_next_dumps_are_read(site: Blog) -> None:
    """A megabyte on the disk that would be a gigabyte of zeros."""
    packer, zeros = zlib.compressobj(9, zlib.DEFLATED, 31), bytes(MEGABYTES)
    first, second = (packer.compress(zeros) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    bomb = site.home / "dumps" / "bomb.txt"
    bomb.write_bytes(first + second * 1023)  # behind a full flush, a megabyte is packed as the one before
    assert bomb.stat().st_size < 2 * MEGABYTES
    site.search("next.txt", NEW)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, "refresh", "--config", str(site.home / "digest.toml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "bomb.txt: unpacks to more than 200 times its size" in done.stdout + done.stderr
    peak = int(done.stderr.rpartition("peak ")[2])
    assert peak * 1024 < 300 * MEGABYTES
    assert titles(site) == ALL_KNOWN | {NEW.title}
