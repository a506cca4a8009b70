"""`digest refresh` from files to feed: what is announced, what is silent, what is held."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import feedparser
import pytest

if TYPE_CHECKING:
    from tests.conftest import Article, Blog


def several(article: type[Article], count: int) -> list[Article]:
    names = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉"
    return [
        article(
            f"关于{names[n]}的一篇笔记",
            (2026, 1, n + 1),
            (f"这是{names[n]}的第一段,它与别的段落都不相同,因为它只说{names[n]}。" * 2, f"{names[n]}的第二段。"),
            100 + n,
        )
        for n in range(count)
    ]


def test_the_real_dumps_are_twenty_three_articles(blog: Blog, real_dumps: Path) -> None:
    for dump in real_dumps.glob("*.txt"):
        (blog.home / "dumps" / dump.name).write_bytes(dump.read_bytes())

    counts = blog.refresh()

    assert counts == {
        "source": "blog", "dumps": 3, "skipped": 0, "sightings": 24, "added": 23,
        "revised": 0, "vanished": 0, "held": 0,
    }  # fmt: skip
    kinds = [entry["date"]["kind"] for entry in blog.entries().values()]
    assert (len(kinds), kinds.count("exact"), kinds.count("inferred")) == (23, 16, 7)
    assert {e["date"]["year"] for e in blog.entries().values() if e["date"]["kind"] == "inferred"} == {2020}
    feed = feedparser.parse(blog.feed())
    assert (bool(feed.bozo), len(feed.entries)) == (False, 23)
    assert all("published" in entry for entry in feed.entries)


def test_dates_without_a_year_are_never_published(blog: Blog, real_dumps: Path) -> None:
    (dump,) = real_dumps.glob("000_*.txt")
    blog.write("index.txt", dump.read_text("utf-8"))

    assert blog.refresh()["added"] == 8
    assert {entry["date"]["kind"] for entry in blog.entries().values()} == {"partial"}
    assert b"<published" not in blog.feed()


def test_reader_counts_are_neither_changes_nor_in_the_feed(blog: Blog, article: type[Article]) -> None:
    articles = several(article, 6)
    blog.search("page.txt", *articles)
    blog.refresh()
    before = blog.feed()

    blog.search("page.txt", *(replace(a, readers=a.readers * 3) for a in articles))
    counts = blog.refresh()

    assert (counts["dumps"], counts["sightings"], counts["added"], counts["revised"]) == (1, 6, 0, 0)
    assert blog.feed() == before
    assert blog.entries()[articles[2].title]["readers"] == articles[2].readers * 3


def test_one_new_entry_and_one_corrected_title_are_announced_once(blog: Blog, article: type[Article]) -> None:
    articles = several(article, 6)
    blog.search("page.txt", *articles)
    blog.refresh()
    before = feedparser.parse(blog.feed())
    blog.run("subscribers", "add", "ada@example.org")
    blog.run("edition", "cut")
    blog.run("edition", "send")

    corrected = replace(articles[3], title=articles[3].title.replace("笔记", "札记"))
    new = article("全新的文章", (2026, 2, 1), ("没有人见过的一段话,在这里第一次出现,而且足够长。",))
    later = [new, *articles[:3], corrected, *articles[4:]]
    blog.search("page.txt", *(replace(a, readers=a.readers + 7) for a in later))
    counts = blog.refresh()
    after = feedparser.parse(blog.feed())

    assert (counts["added"], counts["revised"], counts["vanished"]) == (1, 1, 0)
    old = {entry.id: entry for entry in before.entries}
    fresh = [entry.title for entry in after.entries if entry.id not in old]
    changed = [entry.title for entry in after.entries if entry.id in old and entry != old[entry.id]]
    assert (fresh, changed) == ([new.title], [corrected.title])

    blog.run("edition", "cut")
    blog.run("edition", "send")
    (newest, *_) = blog.listed("edition", "list")
    shown = blog.listed("edition", "show", newest["key"])[0]
    told = {(e["section"], e["title"]) for e in shown["entries"]}
    assert {("new", new.title), ("corrected", corrected.title)} <= told
    assert [title for section, title in told if section == "new"] == [new.title]
    assert len(blog.mails()) == 2
    assert "none was made" in blog.run("edition", "cut")


def test_a_second_pass_reads_nothing_and_the_feed_stays_the_same_bytes(blog: Blog, article: type[Article]) -> None:
    path = blog.search("page.txt", *several(article, 3))
    blog.refresh()
    before = blog.feed()
    path.touch()

    counts = blog.refresh()

    assert (counts["dumps"], counts["skipped"]) == (0, 1)
    assert blog.feed() == before


def test_the_same_page_under_another_name_says_nothing_new(blog: Blog, article: type[Article]) -> None:
    articles = several(article, 4)
    blog.search("monday.txt", *articles)
    blog.refresh()
    before = blog.feed()

    blog.search("tuesday.txt", *articles)
    blog.index("index.txt", *articles)
    counts = blog.refresh()

    assert (counts["dumps"], counts["added"], counts["revised"]) == (2, 0, 0)
    assert blog.feed() == before


def test_a_rolling_page_keeps_what_it_no_longer_shows(blog: Blog, article: type[Article]) -> None:
    articles = several(article, 8)
    blog.search("page.txt", *articles[:5])
    blog.refresh()

    blog.search("page.txt", *articles[2:8])
    counts = blog.refresh()

    assert (counts["added"], counts["vanished"], counts["held"]) == (3, 2, 0)
    assert len(blog.entries()) == 8


@pytest.mark.parametrize("ruin", ["shrunk", "other", "emptied", "binary"])
def test_a_suspicious_reading_is_held_until_it_is_approved_or_mended(
    ruin: str, blog: Blog, article: type[Article]
) -> None:
    articles = several(article, 16)
    blog.search("page.txt", *articles[:10])
    blog.refresh()
    before = blog.feed()

    match ruin:
        case "shrunk":
            blog.search("page.txt", articles[0])
        case "other":
            blog.search("page.txt", *articles[10:])
        case "emptied":
            blog.write("page.txt", "")
        case "binary":
            (blog.home / "dumps" / "page.txt").write_bytes(bytes(range(256)) * 40)
    readable = ruin in {"shrunk", "other"}
    for _ in range(2):  # what cannot be read fails each refresh while it lasts
        assert blog.refresh(code=0 if readable else 1)["held"] == 1
    assert blog.feed() == before
    (state,) = blog.listed("status")
    (trouble,) = state["sources"][0]["troubled"]
    assert (trouble["dump"], trouble["state"], bool(trouble["reason"])) == ("page.txt", "held", True)

    if readable:
        approved = blog.listed("source", "approve", "blog")[0]
        assert (approved["held"], approved["dumps"]) == (0, 1)
        assert len(blog.entries()) == (16 if ruin == "other" else 10)
    else:
        assert "discard" in blog.run("source", "approve", "blog", code=1)
    blog.search("page.txt", *articles[:10], *articles[10:])
    assert blog.refresh()["held"] == 0
    assert blog.listed("status")[0]["sources"][0]["troubled"] == []


def test_a_discarded_reading_is_asked_about_once(blog: Blog, article: type[Article]) -> None:
    articles = several(article, 10)
    blog.search("page.txt", *articles)
    blog.refresh()
    blog.search("page.txt", articles[0])
    blog.refresh()

    assert blog.listed("source", "discard", "blog")[0]["held"] == 0
    assert blog.refresh()["skipped"] == 1
    assert len(blog.entries()) == 10


def test_a_new_file_is_never_held(blog: Blog, article: type[Article]) -> None:
    articles = several(article, 12)
    blog.search("monday.txt", *articles[:10])
    blog.refresh()

    blog.search("tuesday.txt", articles[11])
    assert blog.refresh()["held"] == 0
    assert articles[11].title in blog.entries()


def test_one_bad_file_is_named_and_the_others_go_on(blog: Blog, article: type[Article]) -> None:
    blog.search("good.txt", *several(article, 2))
    blog.write("bad.txt", "")
    outside = blog.home / "secret.txt"
    outside.write_text(article("不该看见").dateblock(), "utf-8")
    (blog.home / "dumps" / "link.txt").symlink_to(outside)

    assert blog.refresh(code=1)["added"] == 2
    assert "不该看见" not in blog.entries()
    assert "warn  source blog: bad.txt: is empty" in blog.run("check")


def test_a_half_written_dump_completes_in_silence(blog: Blog, article: type[Article]) -> None:
    whole = "".join(a.dateblock() for a in several(article, 3))
    cut = whole.rindex("第二段")
    blog.write("index.txt", whole[:cut])
    assert blog.refresh()["added"] == 3
    before = {title: entry["updated"] for title, entry in blog.entries().items()}

    blog.write("index.txt", whole)
    counts = blog.refresh()

    assert counts["added"] == 0
    assert {title: entry["updated"] for title, entry in blog.entries().items()} == before
    assert "第二段" in blog.run("entries", "show", next(iter(blog.entries().values()))["id"])


def test_only_the_backlog_of_a_first_import_is_announced(blog: Blog, article: type[Article]) -> None:
    articles = several(article, 14)
    blog.search("page.txt", *articles)
    blog.refresh()

    blog.run("edition", "cut")
    (edition,) = blog.listed("edition", "show", blog.listed("edition", "list")[0]["key"])
    assert {e["title"] for e in edition["entries"]} == {a.title for a in articles[4:]}
    updated = {entry.title: entry.updated for entry in feedparser.parse(blog.feed()).entries}
    assert [updated[a.title] for a in articles[:4]] == [  # midnight in Shanghai
        "2025-12-31T16:00:00+00:00",
        "2026-01-01T16:00:00+00:00",
        "2026-01-02T16:00:00+00:00",
        "2026-01-03T16:00:00+00:00",
    ]
    assert all(updated[a.title] > "2026-11" for a in articles[4:])


def test_a_year_found_later_upgrades_a_date_in_silence(blog: Blog, article: type[Article]) -> None:
    articles = several(article, 9)
    blog.index("index.txt", *articles)
    blog.refresh()
    first = blog.entries()
    assert {entry["date"]["kind"] for entry in first.values()} == {"partial"}

    blog.search("page.txt", articles[2])
    counts = blog.refresh()

    assert (counts["added"], counts["revised"]) == (0, 0)
    kinds = {title: entry["date"]["kind"] for title, entry in blog.entries().items()}
    assert kinds == {a.title: "exact" if a is articles[2] else "inferred" for a in articles}
    assert {t: e["updated"] for t, e in blog.entries().items()} == {t: e["updated"] for t, e in first.items()}


def test_a_dump_that_shows_only_what_is_known_may_prove_a_year(blog: Blog, article: type[Article]) -> None:
    articles = several(article, 9)
    blog.search("page.txt", *articles[:8])
    blog.index("index.txt", articles[8])
    blog.refresh()
    assert blog.entries()[articles[8].title]["date"]["kind"] == "partial"

    blog.index("another.txt", *articles)
    assert blog.refresh()["added"] == 0

    date = blog.entries()[articles[8].title]["date"]
    assert (date["kind"], date["year"]) == ("inferred", 2026)


def test_a_dump_that_changes_while_it_is_read_is_read_the_next_time(
    blog: Blog, article: type[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    blog.search("page.txt", article("甲"))
    with monkeypatch.context() as changing:
        changing.setattr("digest.dumps.files.DumpFile.is_changed", lambda *_: True)
        assert blog.refresh()["dumps"] == 0
    assert blog.entries() == {}
    assert blog.refresh()["added"] == 1


def test_a_dump_that_cannot_be_opened_is_named_and_tried_again(
    blog: Blog, article: type[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    blog.search("page.txt", article("甲"))
    blog.search("other.txt", article("乙", (2026, 3, 15), ("另一段文字。",)))
    usual = Path.open

    def refused(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.name == "page.txt":
            raise PermissionError(13, "Permission denied")
        return usual(path, *arguments, **options)

    with monkeypatch.context() as closed:
        closed.setattr(Path, "open", refused)
        assert "page.txt: cannot be opened: Permission denied" in blog.run("refresh", code=1)
    assert set(blog.entries()) == {"乙"}
    assert blog.refresh()["added"] == 1
    assert set(blog.entries()) == {"甲", "乙"}


def test_a_loop_of_links_costs_no_other_dump(blog: Blog, article: type[Article]) -> None:
    blog.search("good.txt", *several(article, 2))
    loop = blog.home / "dumps" / "loop"
    loop.symlink_to(loop)

    assert blog.refresh(code=1)["added"] == 2
    assert "loop: cannot be looked at: Too many levels" in blog.run("refresh", code=1)
    assert "loop: cannot be looked at: Too many levels" in blog.run("check")
    assert blog.listed("source", "show", "blog")


def test_what_lies_in_a_folder_that_cannot_be_listed_is_not_gone(
    blog: Blog, article: type[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    articles = several(article, 16)
    blog.search("deep/page.txt", *articles[:10])
    blog.search("other.txt", articles[15])
    blog.refresh()
    blog.search("deep/page.txt", articles[0])
    assert blog.refresh()["held"] == 1
    usual = os.scandir

    def refused(path: Any) -> Any:
        if Path(path).name == "deep":
            raise PermissionError(13, "Permission denied")
        return usual(path)

    with monkeypatch.context() as closed:
        closed.setattr(os, "scandir", refused)
        blog.search("other.txt", articles[15], articles[14])
        blog.search("copy.txt", *articles[:10])  # which would be taken for the dump that is out of sight
        counts = blog.refresh(code=1)
        assert (counts["added"], counts["held"]) == (1, 1), "its siblings go on, and its hold stays"
        assert "deep: cannot be listed: Permission denied" in blog.run("refresh", code=1)
    assert blog.refresh()["held"] == 1


def busy(article: type[Article], number: int, title: str, opening: str) -> Article:
    """One of many articles of one day; its text is its own."""
    own = "".join(chr(0x4E00 + (number * 997 + at * 31) % 20000) for at in range(200))
    return article(title, (2026, 5, 1), (opening, own))


@pytest.mark.parametrize("others", [3, 40])
def test_a_title_corrected_with_its_opening_is_not_new_on_a_day_of_many(
    blog: Blog, article: type[Article], others: int
) -> None:
    many = [busy(article, n, f"{chr(0x5B50 + n * 3)}的笔记", f"开头{chr(0x5B50 + n)}。") for n in range(others)]
    wrong = busy(article, 900, "论注意力", "本来这样开头。")
    blog.search("page.txt", *several(article, 4))
    blog.refresh()
    blog.search("page.txt", wrong, *many, *several(article, 4))
    assert blog.refresh()["added"] == others + 1
    before = set(blog.entries())

    blog.search("page.txt", busy(article, 900, "位置编码之谜", "现在换了开头。"), *many, *several(article, 4))

    counts = blog.refresh()
    assert (counts["added"], counts["revised"], counts["vanished"]) == (0, 1, 0)
    now = blog.entries()
    assert set(now) - before == {"位置编码之谜"}
    assert before - set(now) == {"论注意力"}


def test_titles_corrected_on_another_page_are_not_new_on_a_day_of_many(blog: Blog, article: type[Article]) -> None:
    many = [busy(article, n, f"{chr(0x5B50 + n * 3)}的笔记", f"开头{chr(0x5B50 + n)}。") for n in range(40)]
    five = range(900, 905)  # their openings are long enough to count, so that the day alone leads to them
    wrong = [busy(article, n, f"论{n * 7}种注意力", f"本来这样开头,长得足以算数,第{n}。") for n in five]
    blog.search("page.txt", *wrong, *many)
    blog.refresh()
    blog.search("other.txt", *(busy(article, n, f"论{n * 7}种位置", f"现在换了开头,也长得算数,第{n}。") for n in five))

    assert blog.refresh()["added"] == 0
