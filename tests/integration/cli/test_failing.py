"""Each dump's trouble stays its own, is reported while it lasts, and ends with its cause; silent sources fail too."""

from __future__ import annotations

import re
import shutil
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from digest.changes import diff as diffing
from digest.dumps import RULES
from digest.model import AtomId
from digest.service.intake import apply_dump

if TYPE_CHECKING:
    from digest.model import EntryId
    from tests.integration.cli.conftest import Crawls

DAY = timedelta(days=1)
FAULT = re.compile(
    r"b\.txt: (held: )?cannot be read or stored: KeyError: 'planted' at digest/service/intake/comparing\.py:\d+ "
)


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Comparing a dump fails where it shows article 3."""
    usual = diffing.diff

    def diff(shown: Any, *arguments: Any, **options: Any) -> Any:
        if any("第3篇" in one.content.title for one in shown):
            raise KeyError("planted")
        return usual(shown, *arguments, **options)

    monkeypatch.setattr("digest.service.intake.comparing.diff", diff)
    return monkeypatch


def test_an_exception_fails_its_dump_and_names_the_place(crawls: Crawls, planted: pytest.MonkeyPatch) -> None:
    for name, number in (("a.txt", 0), ("b.txt", 3), ("c.txt", 6)):
        crawls.page(name, *crawls.articles(number, number + 2))

    for _ in range(3):
        done = crawls.refresh()
        assert done.code == 1
        assert FAULT.search(done.reported), done.reported
        assert done.reported.count("b.txt") == 1
        assert "Traceback" not in done.reported
        assert len(crawls.texts()) == 6
    assert crawls.troubled()["b.txt"]["state"] == "failed"


def test_a_row_that_the_store_refuses_fails_its_dump(crawls: Crawls, monkeypatch: pytest.MonkeyPatch) -> None:
    usual, made = apply_dump.atom_id, count()

    def atom_id(tag_base: str, entry: EntryId) -> AtomId:
        return AtomId("tag:one for two") if next(made) in {3, 4} else usual(tag_base, entry)

    monkeypatch.setattr(apply_dump, "atom_id", atom_id)
    for name, number in (("a.txt", 0), ("b.txt", 3), ("c.txt", 6)):
        crawls.page(name, *crawls.articles(number, number + 2))
    done = crawls.refresh()

    assert (done.code, done.counts["added"]) == (1, 6)
    assert re.search(
        r"b\.txt: cannot be read or stored: IntegrityError: .* at digest/store/[\w/]+\.py:\d+ ", done.reported
    )
    assert len(crawls.texts()) == 6


def test_an_exception_in_a_dump_that_was_good_holds_it(crawls: Crawls, planted: pytest.MonkeyPatch) -> None:
    crawls.page("a.txt", *crawls.articles(10, 12))
    crawls.page("b.txt", *crawls.articles(4, 6))
    assert crawls.refresh().code == 0
    crawls.page("b.txt", *crawls.articles(3, 6))
    crawls.page("c.txt", *crawls.articles(20, 21))

    done = crawls.refresh()

    assert (done.code, done.counts["held"], done.counts["added"]) == (1, 1, 2)
    assert FAULT.search(done.reported), done.reported
    assert len(crawls.texts()) == 8
    planted.undo()
    crawls.page("b.txt", *crawls.articles(3, 6))
    assert (crawls.refresh().code, crawls.troubled()) == (0, {})


def test_a_failed_dump_is_tried_again_when_the_rules_of_reading_change(
    crawls: Crawls, planted: pytest.MonkeyPatch
) -> None:
    crawls.page("b.txt", *crawls.articles(3, 5))
    assert crawls.refresh().code == 1
    planted.undo()
    again = crawls.refresh()
    assert (again.code, again.counts["skipped"]) == (1, 1)

    planted.setattr("digest.service.intake.refresh.RULES", RULES + 1)
    planted.setattr("digest.service.intake.reading_dumps.RULES", RULES + 1)
    mended = crawls.refresh()

    assert (mended.code, mended.counts["added"], mended.reported) == (0, 3, "")
    assert crawls.troubled() == {}


def test_a_failed_dump_that_is_deleted_is_forgotten(crawls: Crawls) -> None:
    crawls.page("a.txt", *crawls.articles(0, 2))
    crawls.blog.write("b.txt", "no listing at all\n")
    assert [crawls.refresh().code for _ in range(2)] == [1, 1]

    (crawls.blog.home / "dumps" / "b.txt").unlink()
    done = crawls.refresh()

    assert (done.code, done.reported, crawls.troubled()) == (0, "", {})
    assert crawls.shown()["dumps"] == 1


def test_a_source_whose_folder_became_empty_fails(crawls: Crawls) -> None:
    crawls.page("a.txt", *crawls.articles(0, 2))
    crawls.page("b.txt", *crawls.articles(3, 5))
    crawls.refresh()
    for path in (crawls.blog.home / "dumps").iterdir():
        path.unlink()

    for _ in range(2):
        done = crawls.refresh()
        assert (done.code, "blog: has no dump any more" in done.reported) == (1, True)
    assert len(crawls.texts()) == 6
    crawls.page("c.txt", *crawls.articles(0, 2))
    assert crawls.refresh().code == 0


def test_a_source_whose_folder_is_gone_fails(crawls: Crawls) -> None:
    crawls.page("a.txt", *crawls.articles(0, 2))
    crawls.refresh()
    shutil.rmtree(crawls.blog.home / "dumps")

    done = crawls.refresh()

    assert (done.code, "there is no such file or folder" in done.reported) == (1, True)
    assert crawls.troubled() == {}


@pytest.mark.parametrize("path", ["dumps", "dumps/*.txt", "dumps/**/page-*.html"])
def test_a_source_that_never_had_a_dump_has_failed(crawls: Crawls, path: str) -> None:
    config = crawls.blog.home / "digest.toml"
    config.write_text(re.sub('path = "[^"]*"', f'path = "{path}"', config.read_text("utf-8"), count=1), "utf-8")
    done = crawls.refresh()
    assert (done.code, "blog: has no dump, and never had one" in done.reported) == (1, True)
    crawls.page("page-1.html", *crawls.articles(0, 2))
    crawls.page("a.txt", *crawls.articles(0, 2))
    assert crawls.refresh().code == 0


def test_a_source_whose_content_does_not_change_is_stale_after_a_while(crawls: Crawls) -> None:
    crawls.page("a.txt", *crawls.articles(0, 2))
    crawls.refresh()
    assert crawls.refresh(after=300 * DAY).code == 0  # off unless it is set

    crawls.set('stale = "30d"')
    crawls.page("a.txt", *crawls.articles(0, 3))
    assert crawls.refresh().code == 0
    changed_at = crawls.now
    crawls.page("a.txt", *crawls.articles(0, 3))  # written again, with the same content
    assert crawls.refresh(after=29 * DAY).code == 0
    stale = crawls.refresh(after=DAY)
    assert stale.code == 1
    assert f"no dump changed since {changed_at:%Y-%m-%d %H:%M} UTC" in stale.reported
    crawls.page("a.txt", *crawls.articles(0, 4))
    assert crawls.refresh().code == 0


def test_an_unreadable_mark_in_a_new_dump_costs_its_entry_only(crawls: Crawls) -> None:
    whole = [article.byline() for article in crawls.articles(0, 3)]
    whole[2] = whole[2].replace("2026-01-02", "前几天")
    crawls.blog.write("a.txt", "".join(whole) + "最近评论\n")

    for _ in range(2):
        done = crawls.refresh()
        assert done.code == 1
        assert re.search(r"a\.txt: line \d+ looks like the start of an entry and cannot be read", done.reported)
    assert sorted(crawls.texts()) == sorted(crawls.article(number).title for number in (0, 2, 3))
    lost = crawls.article(1).body[0]
    assert all(lost not in text for text in crawls.texts().values())
    assert crawls.troubled() == {}
    _, printed, _ = crawls.run("status")
    assert re.search(r"note: blog/a\.txt: line \d+ looks like the start", printed)
    (noted,) = crawls.blog.listed("status")[0]["sources"][0]["notes"]
    assert (noted["dump"], len(noted["notes"])) == ("a.txt", 1)


def test_an_unreadable_mark_in_a_dump_that_was_good_holds_it(crawls: Crawls) -> None:
    crawls.page("a.txt", *crawls.articles(0, 3))
    crawls.refresh()
    whole = [article.byline() for article in crawls.articles(0, 4)]
    whole[1] = whole[1].replace("2026-01-04", "前几天")
    crawls.blog.write("a.txt", "".join(whole) + "最近评论\n")

    held = crawls.refresh()
    assert (held.counts["held"], held.counts["added"]) == (1, 0)
    assert re.search(r"a\.txt: held: line \d+ looks like the start of an entry", held.reported)
    crawls.blog.write("a.txt", "".join(whole) + "最近评论\n")
    released = crawls.refresh()
    assert (released.code, released.counts["held"], released.counts["added"]) == (1, 0, 1)
    assert len(crawls.texts()) == 5
