"""`digest source show`: why a dump is held, what ends that, and what approving it would do; and notes in `status`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from digest.changes import diff as diffing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Article
    from tests.integration.cli.conftest import Crawls


def named(rows: list[dict[str, Any]]) -> list[str]:
    return [row["title"] for row in rows]


def titles(articles: list[Article]) -> list[str]:
    return [article.title for article in articles]


def stored(home: Path) -> dict[str, bytes]:
    """Every byte of the database."""
    return {path.name: path.read_bytes() for path in (home / "var").glob("digest.db*")}


@pytest.fixture
def held(crawls: Crawls) -> Crawls:
    """Ten articles on a page that now shows three of them, one corrected, and one new one."""
    crawls.page("page.txt", *crawls.articles(0, 9))
    crawls.refresh()
    crawls.edition()
    crawls.page(
        "page.txt", crawls.article(30), crawls.article(9), crawls.article(8, "作者订正了一处。"), crawls.article(7)
    )
    crawls.refresh()
    return crawls


def test_what_approving_would_do_is_shown_and_done(held: Crawls) -> None:
    answer = held.shown()
    (dump,) = answer["held"]

    assert (dump["dump"], dump["reason"]) == ("page.txt", "it shows 4 entries where it showed 10")
    assert dump["since"] == held.now.replace(minute=held.now.minute).isoformat()
    assert (dump["agreed"], dump["needed"], dump["missing"], dump["obstacle"]) == (1, 2, 1, None)
    assert named(dump["added"]) == [held.article(30).title]
    assert dump["added"][0]["date"] == {"year": 2026, "month": 2, "day": 3, "kind": "exact"}
    assert dump["added"][0]["announced"] is True
    assert [(one["title"], one["cause"], one["significant"]) for one in dump["changed"]] == [
        (held.article(8).title, "text", True)
    ]
    (change,) = dump["changed"][0]["diff"]
    assert [piece["text"] for piece in change["after"] if piece["changed"]] == ["作者订正了一处。"]
    assert [piece["text"] for piece in change["before"] if piece["changed"]] == []
    assert named(dump["removed"]) == titles(held.articles(0, 6))

    _, printed, _ = held.run("source", "approve", "blog", "--json")
    assert '"added":1,"revised":1,"vanished":7' in printed.replace(" ", "")
    sections = held.edition()
    assert (sections["new"], sections["corrected"]) == ([held.article(30).title], [held.article(8).title])
    assert held.shown()["held"] == []


def test_it_is_reported_in_words_too(held: Crawls) -> None:
    code, printed, _ = held.run("source", "show", "blog")

    assert code == 0
    for part in (
        "held: page.txt, since 2027-02-01 06:01 UTC: it shows 4 entries where it showed 10",
        "the hold ends by itself when 1 more good reading agrees with it (1 of 2 so far)",
        f"approving it would add 1 entry:\n    3 February 2026  {held.article(30).title}",
        f"{held.article(8).title}  (text, announced as a correction)",
        "{+作者订正了一处。+}",
        "approving it would remove 7 entries from the page; they stay published:",
    ):
        assert part in printed, printed
    assert "[-" not in printed
    assert "`digest source show ID`" in held.run("status")[1]


def test_showing_stores_nothing(held: Crawls) -> None:
    held.run("status")
    before = stored(held.blog.home)
    held.run("source", "show", "blog")
    held.page("page.txt", *held.articles(40, 45))
    held.run("source", "show", "blog")
    assert stored(held.blog.home) == before


def test_a_changed_title_is_shown_as_it_was_and_as_it_is(crawls: Crawls) -> None:
    crawls.page("page.txt", *crawls.articles(0, 5))
    crawls.refresh()
    first = crawls.article(5)
    other = crawls.kind(first.title.replace("之第", "之新第"), first.date, first.body)
    crawls.page("page.txt", other)
    crawls.refresh()
    _, printed, _ = crawls.run("source", "show", "blog", "page.txt")
    assert "{+新+}" in printed
    assert "(title, announced as a correction)" in printed


def test_another_date_is_shown_as_it_was_and_as_it_is(crawls: Crawls) -> None:
    crawls.page("page.txt", *crawls.articles(0, 5))
    crawls.refresh()
    first = crawls.article(5)
    crawls.page("page.txt", crawls.kind(first.title, (2026, 1, 20), first.body))
    crawls.refresh()
    (change,) = crawls.shown()["held"][0]["changed"]
    assert (change["cause"], change["diff"], [date["day"] for date in change["dates"]]) == ("redated", [], [6, 20])
    assert "[-6 January 2026-]{+20 January 2026+}" in crawls.run("source", "show", "blog")[1]


def test_entries_beyond_the_backlog_are_shown_as_not_announced(crawls: Crawls) -> None:
    crawls.set("backlog = 2")
    crawls.page("page.txt", *crawls.articles(0, 5))
    crawls.refresh()
    crawls.page("page.txt", *crawls.articles(20, 24))
    crawls.refresh()
    added = crawls.shown()["held"][0]["added"]
    assert [one["announced"] for one in added] == [True, True, False, False, False]
    assert crawls.run("source", "show", "blog")[1].count("(published, not announced)") == 3


def test_a_file_that_changed_since_or_is_gone_is_reported(held: Crawls) -> None:
    held.page("page.txt", *held.articles(0, 10))
    (dump,) = held.shown()["held"]
    assert "the file changed since it was held" in dump["obstacle"]
    assert named(dump["added"]) == [held.article(10).title]
    assert "the file as it is now would add 1 entry" in held.run("source", "show", "blog")[1]

    path = held.blog.home / "dumps" / "page.txt"
    path.write_bytes(b"\0" * 100)
    (dump,) = held.shown()["held"]
    assert (dump["obstacle"][:27], dump["added"]) == ("the file cannot be read now", None)

    path.unlink()
    (dump,) = held.shown()["held"]
    assert (dump["obstacle"][:16], dump["added"]) == ("the file is gone", None)
    assert "the file is gone" in held.run("source", "show", "blog", "page.txt")[1]


def test_what_no_reading_ends_is_reported_to_end_by_no_reading(crawls: Crawls) -> None:
    crawls.page("good.txt", *crawls.articles(0, 4))
    crawls.page("bad.txt", *crawls.articles(10, 14))
    crawls.refresh()
    damaged = crawls.kind("锟斤拷锟斤拷锟斤拷", (2026, 2, 20), ("锟斤拷锟斤拷锟斤拷锟斤拷锟斤拷锟斤拷烫烫烫",))
    crawls.page("good.txt", damaged, *crawls.articles(0, 4))
    crawls.blog.write("bad.txt", "")
    crawls.refresh()

    answer = {dump["dump"]: dump for dump in crawls.shown()["held"]}
    assert {name: (dump["needed"], dump["missing"]) for name, dump in answer.items()} == {
        "good.txt": (None, None),
        "bad.txt": (None, None),
    }
    assert named(answer["good.txt"]["added"]) == [damaged.title]
    assert answer["bad.txt"]["added"] is None
    _, printed, _ = crawls.run("source", "show", "blog")
    assert "the hold does not end by itself: repair the file, or discard the dump" in printed
    assert "the hold does not end by itself: approve or discard the dump, or repair the file" in printed


def test_a_fault_of_ours_is_named_and_the_other_dumps_are_shown(
    crawls: Crawls, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, first in (("a.txt", 0), ("b.txt", 20)):
        crawls.page(name, *crawls.articles(first, first + 4))
    crawls.refresh()
    for name, first in (("a.txt", 40), ("b.txt", 60)):
        crawls.page(name, *crawls.articles(first, first + 4))
    crawls.refresh()
    usual = diffing.diff

    def diff(shown: Any, *arguments: Any, **options: Any) -> Any:
        if any("第40篇" in one.content.title for one in shown):
            raise KeyError("planted")
        return usual(shown, *arguments, **options)

    monkeypatch.setattr("digest.service.intake.comparing.diff", diff)
    first, second = crawls.shown()["held"]
    assert "KeyError: 'planted' at digest/service/intake/comparing.py:" in first["obstacle"]
    assert (first["added"], len(second["added"])) == (None, 5)


def test_a_source_of_which_nothing_is_held_shows_its_state(crawls: Crawls) -> None:
    assert (crawls.shown()["dumps"], crawls.shown()["refreshed_at"]) == (0, None)
    crawls.page("page.txt", *crawls.articles(0, 4))
    crawls.blog.write("broken.txt", "no listing at all\n")
    marks = "3 Mar\n\n春\n\n一段话。\n\n阅读全文 »\n\n4 Mar\n\n夏\n\n另一段话。\n\n阅读全文 »\n\n"
    crawls.blog.write("index.txt", marks)
    crawls.refresh()

    answer = crawls.shown()
    assert (answer["dumps"], answer["held"], answer["changed_at"]) == (3, [], crawls.now.isoformat())
    assert [one["dump"] for one in answer["failed"]] == ["broken.txt"]
    assert [(one["dump"], len(one["notes"])) for one in answer["notes"]] == [("index.txt", 1)]
    _, printed, _ = crawls.run("source", "show", "blog")
    assert "failed: broken.txt: " in printed
    assert "ends 2 entries and was taken for the end mark: 阅读全文 »" in printed
    assert printed.endswith("No dump is held.\n")
    assert crawls.shown("page.txt")["dumps"] == 1
    (source,) = crawls.blog.listed("status")[0]["sources"]
    assert source["notes"] == answer["notes"]
    assert "agreed" not in source["troubled"][0]


def test_a_count_that_is_unknown_is_noted_in_status(crawls: Crawls) -> None:
    first = crawls.article(1)
    crawls.page("page.txt", crawls.kind(first.title, first.date, first.body, readers=10**15), crawls.article(0))
    assert crawls.refresh().code == 0
    ((noted,),) = [source["notes"] for source in crawls.blog.listed("status")[0]["sources"]]
    assert "count" in noted["notes"][0]


def test_what_does_not_exist_is_named_with_a_remedy(held: Crawls) -> None:
    code, _, said = held.run("source", "show", "elsewhere")
    assert (code, said) == (1, "digest: no source 'elsewhere' (the configuration lists the sources)\n")
    code, _, said = held.run("source", "show", "blog", "other.txt")
    assert code == 1
    assert "no dump 'blog/other.txt' (`digest source show blog` names those in trouble)" in said
