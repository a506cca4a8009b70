"""Manual changes: they stay over crawls, subscribers get them once and nothing false, they can be undone."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from digest.app import opened
from digest.service.upkeep.invariants import violations
from digest.settings import load
from digest.typeset.text import cells
from tests.integration.cli.conftest import HOUR, START
from tests.integration.web.site import Site

if TYPE_CHECKING:
    from tests.conftest import Prepare
    from tests.integration.cli.conftest import Crawls


class Desk:
    """An operator of a crawled blog with two pages."""

    def __init__(self, crawls: Crawls, prepared: Prepare) -> None:
        self.crawls, began = crawls, crawls.now
        self.first, self.second = list(crawls.articles(1, 6)), list(crawls.articles(7, 12))

        def fill() -> None:
            self.crawl()
            crawls.edition()

        prepared(crawls.blog.home, fill)
        crawls.now = began + HOUR + timedelta(minutes=1)

    def crawl(self) -> dict[str, Any]:
        self.crawls.page("a.txt", *self.first)
        self.crawls.page("b.txt", *self.second)
        return self.crawls.refresh().counts

    def run(self, *arguments: str, code: int = 0) -> str:
        ended, printed, said = self.crawls.run(*arguments)
        assert ended == code, said or printed
        return printed if code == 0 else said

    def json(self, *arguments: str) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.run(*arguments, "--json"))
        return answer

    def entries(self, *arguments: str) -> dict[str, dict[str, Any]]:
        lines = self.run("entries", "list", "--json", *arguments).splitlines()
        return {entry["title"]: entry for entry in map(json.loads, lines)}

    def id_of(self, title: str) -> str:
        return str(self.entries("--all")[title]["id"])

    def feed(self) -> str:
        return self.run("feed")

    def keeps_every_law(self) -> None:
        with opened(load(self.crawls.blog.home / "digest.toml")) as store:
            assert list(violations(store)) == []


@pytest.fixture
def desk(crawls: Crawls, prepared: Prepare) -> Desk:
    return Desk(crawls, prepared)


# --- edits ----------------------------------------------------------------------------------------


def test_an_edit_is_tried_announced_once_and_stays_over_crawls(desk: Desk) -> None:
    old = desk.first[0].title
    name = desk.id_of(old)
    tried = desk.json("entries", "edit", name, "--title", "正确的题目", "--dry-run")
    assert tried["editions"] == [{"digest": "weekly", "new": [], "corrected": ["正确的题目"], "no_longer": []}]
    assert old in desk.entries()

    desk.run("entries", "edit", name, "--title", "正确的题目", "--date", "2025-01-02", "--author", "河客")
    for _ in range(2):
        desk.first = list(desk.first)
        assert desk.crawl()["revised"] == 0
        entry = desk.entries()["正确的题目"]
        assert (entry["author"], entry["date"]) == ("河客", {"year": 2025, "month": 1, "day": 2, "kind": "exact"})
    assert desk.crawls.told() == ([], ["正确的题目"])
    assert desk.crawls.told() == ([], [])
    assert old not in desk.feed()

    story = desk.run("explain", name)
    assert f"title {old} → 正确的题目" in story
    assert "on the command line" in story
    assert f"the pages say {old}" in story
    desk.keeps_every_law()


def test_a_page_that_showed_it_before_or_newly_shows_it_undoes_no_edit(desk: Desk) -> None:
    """Another page comes to show the entry, under the title and the day that were wrong."""
    moved = desk.first[0]
    name = desk.id_of(moved.title)
    desk.run("entries", "edit", name, "--title", "正确的题目", "--date", "2025-01-02")
    desk.crawls.told()
    desk.second = [moved, *desk.second]
    assert (desk.crawl()["added"], desk.crawls.told()) == (0, ([], []))
    assert desk.entries()["正确的题目"]["date"]["year"] == 2025


def test_what_the_page_itself_changes_ends_an_edit_of_that(desk: Desk) -> None:
    moved = desk.first[0]
    name = desk.id_of(moved.title)
    desk.run("entries", "edit", name, "--title", "我写的题目", "--author", "河客")
    desk.crawls.told()
    desk.first[0] = desk.crawls.kind("作者改了的题目", moved.date, moved.body)
    desk.crawl()
    assert desk.crawls.told() == ([], ["作者改了的题目"])
    assert desk.entries()["作者改了的题目"]["author"] == "河客"
    assert desk.entries()["作者改了的题目"]["edited"] == ["author"]


def test_a_page_that_comes_to_say_the_same_corrects_nothing(desk: Desk) -> None:
    moved = desk.first[0]
    name = desk.id_of(moved.title)
    desk.run("entries", "edit", name, "--title", "大家都说的题目")
    assert desk.crawls.told() == ([], ["大家都说的题目"])
    desk.first[0] = desk.crawls.kind("大家都说的题目", moved.date, moved.body)
    desk.crawl()
    assert desk.crawls.told() == ([], [])
    assert desk.entries()["大家都说的题目"].get("edited") is None


def test_a_corrected_text_is_announced_under_the_edited_title(desk: Desk) -> None:
    moved = desk.first[0]
    name = desk.id_of(moved.title)
    desk.run("entries", "edit", name, "--title", "我写的题目")
    desk.crawls.told()
    desk.first[0] = desk.crawls.kind(moved.title, moved.date, (moved.body[0] + "后来补上的一句话。", *moved.body[1:]))
    desk.crawl()
    assert desk.crawls.told() == ([], ["我写的题目"])
    assert desk.crawls.texts()["我写的题目"].endswith("后来补上的一句话。")


def test_an_edit_that_is_undone_before_anybody_heard_of_it_is_never_announced(desk: Desk) -> None:
    old = desk.first[0].title
    name = desk.id_of(old)
    desk.run("entries", "edit", name, "--title", "写错的题目")
    desk.run("entries", "undo", name)
    assert old in desk.entries()
    assert desk.crawls.told() == ([], [])
    desk.run("entries", "edit", name, "--title", "写错的题目")
    assert desk.crawls.told() == ([], ["写错的题目"])
    desk.run("entries", "undo", name)
    assert desk.crawls.told() == ([], [old])
    assert "no act by hand" in desk.run("entries", "undo", name, code=1)


@pytest.mark.parametrize("arguments", [["--title", "悄悄改的", "--silent"], ["--author", "河客"], ["--clear-date"]])
def test_a_silent_edit_an_author_and_a_cleared_day_are_announced_to_nobody(desk: Desk, arguments: list[str]) -> None:
    name = desk.id_of(desk.first[0].title)
    desk.run("entries", "edit", name, *arguments)
    desk.crawl()
    assert desk.crawls.told() == ([], [])


def test_a_cleared_day_stays_cleared_until_it_is_lifted(desk: Desk) -> None:
    title = desk.first[0].title
    name = desk.id_of(title)
    desk.run("entries", "edit", name, "--clear-date")
    desk.second = [desk.first[0], *desk.second]
    desk.crawl()
    assert desk.entries()[title]["date"] is None
    desk.run("entries", "edit", name, "--lift", "all")
    assert desk.entries()[title]["date"]["kind"] == "exact"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "nothing to change"),
        (["--title", "  "], "the title is empty"),
        (["--title", "a\x07b"], "U+0007"),
        (["--date", "2021-02-30"], "is no day"),
        (["--date", "2999-01-01"], "in the future"),
        (["--lift", "readers"], "one of title"),
        (["--title", "x", "--lift", "title"], "given and lifted"),
    ],
)
def test_what_cannot_be_meant_is_refused(desk: Desk, arguments: list[str], problem: str) -> None:
    name = desk.id_of(desk.first[0].title)
    assert problem in desk.run("entries", "edit", name, *arguments, code=2)


# --- merging and splitting ------------------------------------------------------------------------


def test_a_merged_entry_is_announced_once_and_never_made_again(desk: Desk) -> None:
    """The article was rewritten beyond recognition: the crawl took it for another one, which was not announced yet."""
    old = desk.first[0]
    new = desk.crawls.kind("完全重写的文章", (2026, 5, 5), ("重写以后的正文和原来的一点也不像,句子都换过了。",))
    keep = desk.id_of(old.title)
    desk.first[0] = new
    assert desk.crawl()["added"] == 1
    other = desk.id_of(new.title)
    assert other != keep

    tried = desk.json("entries", "merge", keep, other, "--dry-run")
    assert tried["editions"][0] == {
        "digest": "weekly",
        "new": [],
        "corrected": [new.title],
        "no_longer": [new.title],
    }
    desk.run("entries", "merge", keep, other)
    assert desk.entries()[new.title]["id"] == keep
    assert desk.crawls.told() == ([], [new.title])
    assert f"entry/{other}" in desk.feed()  # retracted there
    assert desk.crawl()["added"] == 0

    desk.first[0] = desk.crawls.kind(new.title, new.date, (new.body[0] + "又添了一句话。",))
    desk.crawl()
    assert desk.crawls.told() == ([], [new.title])
    assert desk.crawls.texts()[new.title].endswith("又添了一句话。")
    assert f"merge: {other} into this entry" in desk.run("explain", keep)
    assert f"merged into {keep}" in desk.run("explain", other)
    desk.keeps_every_law()


def test_what_was_announced_of_the_other_entry_counts_as_announced(desk: Desk) -> None:
    """Each was announced under its own name; a third, unannounced, stays and takes one of them in."""
    told = desk.id_of(desk.first[0].title)
    fresh = desk.crawls.article(20)
    desk.first.insert(0, fresh)
    desk.crawl()
    desk.run("entries", "merge", desk.id_of(fresh.title), told)
    assert desk.crawls.told() == ([], [])
    desk.run("entries", "undo", told)
    assert desk.crawls.told() == ([fresh.title], [])
    assert desk.crawls.told() == ([], [])
    desk.keeps_every_law()


def test_a_merge_that_is_undone_brings_both_back_as_their_pages_are(desk: Desk) -> None:
    one, other = desk.first[0], desk.second[0]
    keep, gone = desk.id_of(one.title), desk.id_of(other.title)
    desk.run("entries", "merge", keep, gone, "--words", "other")
    assert one.title not in desk.entries()
    desk.crawls.told()
    desk.run("entries", "undo", keep)
    assert {one.title, other.title} <= desk.entries().keys()
    assert desk.entries()[one.title]["id"] == keep
    assert desk.crawls.told() == ([], [one.title])
    desk.keeps_every_law()


def test_the_entry_that_stays_answers_to_the_title_that_the_other_ones_page_changes(desk: Desk) -> None:
    one, other = desk.first[0], desk.second[0]
    desk.run("entries", "merge", desk.id_of(one.title), desk.id_of(other.title), "--words", "other")
    desk.crawls.told()
    desk.second[0] = desk.crawls.kind("后来改了的题目", other.date, other.body)
    assert desk.crawl()["added"] == 0
    assert desk.crawls.told() == ([], ["后来改了的题目"])
    desk.keeps_every_law()


def test_a_title_that_its_own_page_changes_makes_no_new_entry_of_one_with_other_words(desk: Desk) -> None:
    """It has the words of the other one, while its own page shows it as it was."""
    one, other = desk.first[0], desk.second[0]
    desk.run("entries", "merge", desk.id_of(one.title), desk.id_of(other.title), "--words", "other")
    desk.crawl()
    desk.crawls.told()
    desk.first[0] = desk.crawls.kind("另外起的一个名字", one.date, one.body)
    assert desk.crawl()["added"] == 0
    assert desk.crawls.told()[0] == []
    desk.keeps_every_law()


def test_an_article_that_took_the_place_of_another_is_split_from_it(desk: Desk) -> None:
    """The page's new line was taken for a correction of the old one, and announced as one."""
    old = desk.first[0]
    new = desk.crawls.kind("其实是另一篇", old.date, old.body)
    name = desk.id_of(old.title)
    desk.first[0] = new
    desk.crawl()
    assert desk.crawls.told() == ([], [new.title])

    done = desk.json("entries", "split", name)
    assert (done["title"], done["new_title"], done["announced"]) == (old.title, new.title, True)
    assert desk.crawls.told() == ([new.title], [old.title])
    assert desk.crawl()["added"] == 0
    assert desk.id_of(old.title) == name
    desk.first.append(old)
    assert desk.crawl()["added"] == 0
    assert desk.crawls.told() == ([], [])
    desk.keeps_every_law()

    desk.run("entries", "undo", name)
    assert desk.crawl()["added"] == 0
    assert desk.entries()[new.title]["id"] == name
    assert desk.crawls.told()[0] == []
    desk.keeps_every_law()


def test_what_a_dump_shows_is_split_from_what_the_others_show(desk: Desk) -> None:
    shared = desk.first[0]
    desk.second.insert(0, shared)
    desk.crawl()
    name = desk.id_of(shared.title)
    assert "does not show it" in desk.run("entries", "split", name, "--dump", "blog/c.txt", code=1)
    done = desk.json("entries", "split", name, "--dump", "blog/b.txt", "--silent")
    assert (done["announced"], done["editions"]) == (False, [])
    assert len(desk.entries("--all")) == 12  # of one title
    desk.keeps_every_law()


# --- hiding ---------------------------------------------------------------------------------------


def test_a_hidden_entry_is_nowhere_and_is_announced_once_when_it_is_published(desk: Desk) -> None:
    fresh = desk.crawls.article(20)
    desk.first.insert(0, fresh)
    desk.crawl()
    name = desk.id_of(fresh.title)
    desk.run("entries", "hide", name)
    desk.first[1:1] = [desk.crawls.article(21)]
    desk.crawl()
    assert desk.crawls.told() == ([desk.crawls.article(21).title], [])
    assert fresh.title not in desk.feed()
    assert name not in desk.feed()  # it was never there: no word of it
    assert fresh.title not in desk.entries()
    assert fresh.title not in desk.entries("--search", fresh.title)
    assert desk.entries("--hidden")[fresh.title]["state"] == "hidden"
    assert "is hidden already" in desk.run("entries", "hide", name, code=1)

    desk.run("entries", "publish", name)
    assert fresh.title in desk.feed()
    assert desk.crawls.told() == ([fresh.title], [])
    desk.run("entries", "hide", name)
    desk.run("entries", "undo", name)
    desk.crawl()
    assert desk.crawls.told() == ([], [])
    desk.keeps_every_law()


# --- forgetting -----------------------------------------------------------------------------------


def test_a_forgotten_dump_takes_what_rests_on_it_along_without_a_word(desk: Desk) -> None:
    wrong = list(desk.crawls.articles(30, 33))
    shared = desk.first[0]
    desk.crawls.page("wrong.txt", *wrong, shared)
    desk.crawls.refresh()
    assert len(desk.entries()) == 16
    assert "is still there, and the next pass reads it again (move it away" in desk.run(
        "source", "forget", "blog", "wrong.txt", "--yes", code=1
    )
    assert "more are still there, and the next pass reads them again (move them away" in desk.run(
        "source", "forget", "blog", "--yes", code=1
    )
    (desk.crawls.blog.home / "dumps" / "wrong.txt").unlink()

    tried = desk.json("source", "forget", "blog", "wrong.txt", "--dry-run")
    assert sorted(tried["editions"][0]["no_longer"]) == sorted(one.title for one in wrong)
    assert len(desk.entries()) == 16
    desk.run("source", "forget", "blog", "wrong.txt", "--yes")
    assert len(desk.entries()) == 12
    assert shared.title in desk.entries()
    assert "deleted-entry" not in desk.feed()
    assert desk.crawls.told() == ([], [])
    desk.crawl()
    assert len(desk.entries("--hidden")) == 4
    desk.keeps_every_law()

    desk.run("source", "remember", "blog")
    assert len(desk.entries()) == 16
    assert sorted(desk.crawls.told()[0]) == sorted(one.title for one in wrong)
    desk.keeps_every_law()


def test_what_is_shown_again_comes_back_and_is_announced_only_if_it_never_was(desk: Desk) -> None:
    (desk.crawls.blog.home / "dumps" / "b.txt").unlink()
    desk.run("source", "forget", "blog", "b.txt", "--yes", "--json")
    assert len(desk.entries()) == 6
    assert desk.crawl()["added"] == 0
    assert len(desk.entries()) == 12
    assert desk.crawls.told() == ([], [])
    desk.keeps_every_law()


def test_a_forgotten_source_is_announced_only_if_that_is_requested(desk: Desk) -> None:
    for file in (desk.crawls.blog.home / "dumps").iterdir():
        file.unlink()
    desk.run("source", "forget", "blog", "--tell", "--yes")
    assert desk.entries() == {}
    assert desk.feed().count("deleted-entry ") == 12
    desk.keeps_every_law()
    assert "nothing is known of it" in desk.run("source", "forget", "nobody", "--yes", code=1)


# --- lists ----------------------------------------------------------------------------------------


def test_a_list_has_pages_a_search_and_states_and_fits_eighty_columns(desk: Desk) -> None:
    desk.first.extend(desk.crawls.articles(40, 60))
    desk.first.append(desk.crawls.kind("很长很长的题目" * 20))
    desk.crawl()
    everything = list(desk.entries())
    lines = desk.run("entries", "list").splitlines()
    assert len(lines) == 1 + 20 + 1
    assert max(map(cells, lines)) <= 80
    last = list(desk.entries("--limit", "20").values())[-1]["id"]
    assert lines[-1] == f"20 of 34; --limit 0 for all, --after {last} for the next"
    assert desk.run("entries", "list", "--limit", "0").splitlines()[-1] == "34 of 34"
    pages = [*desk.entries("--limit", "20"), *desk.entries("--limit", "20", "--after", last)]
    assert pages == everything

    name = desk.id_of(everything[0])
    desk.run("entries", "remove", name)
    assert list(desk.entries("--removed")) == [everything[0]]
    assert desk.entries("--all")[everything[0]]["state"] == "removed"
    assert list(desk.entries("--search", everything[3])) == [everything[3]]
    assert list(desk.entries("--search", everything[3], "--source", "blog")) == [everything[3]]
    assert "removed" in desk.run("entries", "show", name)
    assert "no entry" in desk.run("entries", "list", "--after", "nobody", code=1)
    desk.run("entries", "undo", name)
    assert everything[0] in desk.entries()


# --- where it goes along --------------------------------------------------------------------------


def test_the_page_of_a_merged_entry_leads_on_and_that_of_a_hidden_one_is_none(desk: Desk) -> None:
    keep, other, hidden = (desk.id_of(one.title) for one in (desk.first[0], desk.first[1], desk.first[2]))
    desk.run("entries", "edit", keep, "--title", "写对的题目")
    desk.run("entries", "merge", keep, other)
    desk.run("entries", "hide", hidden)
    settings = load(desk.crawls.blog.home / "digest.toml")
    with opened(settings) as store:
        site = Site(store, settings)
        moved = site(f"/entries/{other}")
        assert (moved.status, moved.headers["location"]) == (301, f"/entries/{keep}")
        assert site(f"/entries/{hidden}").status == 404
        assert "人工编辑" in site(f"/entries/{keep}", accept_language="zh-CN").body.decode()
        assert "edited by hand" in site(f"/entries/{keep}", accept_language="en").body.decode()


def test_a_backup_and_a_renamed_source_keep_what_was_done(desk: Desk) -> None:
    edited, keep, other, hidden = (desk.id_of(one.title) for one in desk.first[:4])
    desk.run("entries", "edit", edited, "--title", "写对的题目")
    desk.run("entries", "merge", keep, other)
    desk.run("entries", "hide", hidden)
    before = desk.entries("--all")
    home = desk.crawls.blog.home
    desk.run("backup", str(home / "copy.db"))
    desk.run("entries", "undo", edited)
    desk.run("restore", str(home / "copy.db"), "--yes")
    assert desk.entries("--all") == before

    desk.run("source", "rename", "blog", "hill")
    config = home / "digest.toml"
    config.write_text(config.read_text("utf-8").replace('"blog"', '"hill"'), "utf-8")
    assert desk.crawl()["added"] == 0
    renamed = {title: entry | {"sources": ["blog"]} for title, entry in desk.entries("--all").items()}
    assert renamed == before
    desk.run("entries", "undo", keep)
    desk.run("entries", "undo", hidden)
    desk.run("entries", "undo", edited)
    assert len(desk.entries()) == 12
    desk.keeps_every_law()


def test_the_past_is_replayed_with_manual_acts(desk: Desk) -> None:
    name = desk.id_of(desk.first[0].title)
    desk.run("entries", "edit", name, "--title", "写对的题目")
    desk.run("entries", "hide", desk.id_of(desk.first[1].title))
    begun = START.isoformat()
    until = desk.crawls.now + timedelta(days=8)
    desk.crawls.now = until
    folder = desk.crawls.blog.home / "replayed"
    desk.run("simulate", "--from", begun, "--to", until.isoformat(), "-o", str(folder))
    report = (folder / "report.json").read_text("utf-8")
    assert desk.first[2].title in report
