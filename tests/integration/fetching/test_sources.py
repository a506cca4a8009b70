"""Sources by address and by command, from the site to the feed."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from digest.service.operating.alert_states import Health
from digest.service.operating.health import Kind, observe
from digest.settings import load
from digest.store import open_store
from tests.sites import NOW, Site, response

if TYPE_CHECKING:
    from pathlib import Path

    from digest.records.intake import FetchState
    from tests.conftest import Article, Blog

OTHERS = ("乙的题目", "丙的题目", "丁的题目")


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as travelling:
        yield travelling


@pytest.fixture
def by_url(blog: Blog, site: Site) -> Blog:
    """A blog whose source is the page `/index` of a site."""
    return configured(blog, f'url = "{site.url}/index"\nallow_private = true')


def configured(blog: Blog, origin: str) -> Blog:
    file = blog.home / "digest.toml"
    text = file.read_text("utf-8")
    file.write_text(text.replace('path = "dumps"', origin), "utf-8")
    return blog


def page(article: type[Article], *titles: str) -> str:
    return "".join(article(title).dateblock() for title in titles)


def state_of(blog: Blog) -> FetchState:
    """The state of the only address."""
    settings = load(blog.home / "digest.toml")
    store = open_store(settings.database)
    try:
        with store.read() as tx:
            (states,) = tx.fetches.all_states().values()
            (state,) = states.values()
            return state
    finally:
        store.close()


def test_a_page_is_read_and_costs_nothing_while_it_is_unchanged(
    by_url: Blog, site: Site, article: type[Article], clock: Any
) -> None:
    site.pages["/index"] = response(page(article, "甲的题目", *OTHERS), etag='"1"', content_type="text/plain")
    assert by_url.refresh()["added"] == 4
    feed = by_url.feed()
    site.pages["/index"] = response("", "304 Not Modified")
    clock.shift(timedelta(hours=1))
    assert by_url.refresh() | {"source": ""} == {
        "source": "",
        "dumps": 0,
        "skipped": 1,
        "sightings": 0,
        "added": 0,
        "revised": 0,
        "vanished": 0,
        "held": 0,
    }
    assert site.asked[-1].fields["if-none-match"] == '"1"'
    site.pages["/index"] = response(page(article, "甲的题目", *OTHERS), etag='"2"')
    clock.shift(timedelta(hours=1))
    assert by_url.refresh()["skipped"] == 1
    assert by_url.feed() == feed
    site.pages["/index"] = response(page(article, "戊的题目", "甲的题目", *OTHERS))
    clock.shift(timedelta(hours=1))
    assert by_url.refresh()["added"] == 1


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (response("", "404 Not Found"), "is not there"),
        (response("", "500 Internal Server Error"), "500"),
        (response("", "410 Gone"), "gone permanently"),
        (response(""), "empty body"),
        (response(" \n"), "empty body"),
        (response("page", length=99), "did not answer whole"),
        (response(b"\x1f\x8b", content_encoding="gzip"), "not what its head says"),
    ],
)
def test_a_failed_fetch_leaves_everything_in_place_and_is_a_failed_read(
    by_url: Blog, site: Site, article: type[Article], answer: bytes, says: str
) -> None:
    site.pages["/index"] = response(page(article, "甲的题目", *OTHERS))
    by_url.refresh()
    feed = by_url.feed()
    site.pages["/index"] = answer
    assert says in by_url.run("refresh", code=1)
    assert by_url.feed() == feed
    assert len(by_url.entries()) == 4
    assert says in by_url.run("status")
    site.pages["/index"] = response(page(article, "甲的题目", *OTHERS))
    assert by_url.refresh()["skipped"] == 1


def test_failures_are_alerted_after_some(by_url: Blog, site: Site, article: type[Article]) -> None:
    site.pages["/index"] = response(page(article, "甲的题目"))
    by_url.refresh()
    site.pages.clear()
    settings = load(by_url.home / "digest.toml")
    for failures, expected in ((1, Health.DOUBTFUL), (2, Health.DOUBTFUL), (3, Health.ILL)):
        by_url.run("refresh", code=1)
        store = open_store(settings.database)
        with store.read() as tx:
            (seen,) = (one for kind, one in observe(tx, settings, NOW) if kind is Kind.SOURCE)
        store.close()
        assert (seen.subject, seen.health) == ("source blog", expected)
        assert "is not there (404 Not Found)" in seen.problem
        assert state_of(by_url).failures == failures


def test_an_answer_that_shrank_is_believed_only_when_it_stays(by_url: Blog, site: Site, article: type[Article]) -> None:
    long = article("甲的题目", body=("一段很长的文字。" * 300,))
    site.pages["/index"] = response("".join((long.dateblock(), page(article, *OTHERS))))
    by_url.refresh()
    site.pages["/index"] = response(page(article, *OTHERS[:1]))
    for _ in range(2):
        assert "bytes, and had" in by_url.run("refresh", code=1)
        assert by_url.listed("entries", "list")[0]["title"] == "甲的题目"
    by_url.refresh()  # from now on the guards of dumps decide
    assert state_of(by_url).failures == 0
    assert "held" in by_url.run("status")
    assert len(by_url.entries()) == 4


def test_a_held_page_is_fetched_whole_so_that_a_second_reading_ends_the_hold(
    by_url: Blog, site: Site, article: type[Article], clock: Any
) -> None:
    site.pages["/index"] = response(page(article, "甲的题目", *OTHERS), etag='"1"')
    by_url.refresh()

    def answered(request: Any) -> None:
        same = request.fields.get("if-none-match") == '"2"'
        request.send(response("", "304 Not Modified") if same else response(page(article, OTHERS[0]), etag='"2"'))

    site.pages["/index"] = answered
    clock.shift(timedelta(hours=1))
    assert by_url.refresh()["held"] == 1
    clock.shift(timedelta(hours=1))
    assert by_url.refresh()["vanished"] == 3
    assert "if-none-match" not in site.asked[-1].fields


def test_a_new_layout_reads_the_kept_body_without_fetching(by_url: Blog, site: Site) -> None:
    site.pages["/index"] = response("".join(f"{title}\n2026-03-14\n一段文字。\n\n" for title in OTHERS))
    assert "no entry in a known layout" in by_url.run("refresh", code=1)
    site.pages["/index"] = response("", "503 Service Unavailable")
    (by_url.home / "layouts").mkdir()
    drawn = "[[layouts]]\nid = 'mine'\nentry = '''\n{title}\n{date}\n{text}\n'''\n"
    (by_url.home / "layouts" / "mine.toml").write_text(drawn, "utf-8")
    file = by_url.home / "digest.toml"
    file.write_text(file.read_text("utf-8").replace('id = "blog"', 'id = "blog"\nlayouts = ["mine"]'), "utf-8")
    assert "503" in by_url.run("refresh", code=1)
    assert set(by_url.entries()) == set(OTHERS)


def test_several_addresses_are_several_dumps_and_secrets_are_not_shown(
    blog: Blog, site: Site, article: type[Article]
) -> None:
    configured(blog, f'url = ["{site.url}/a?token=marker", "{site.url}/b"]\nallow_private = true')
    site.pages["/a?token=marker"] = response(page(article, "甲的题目"))
    site.pages["/b"] = response("", "404 Not Found")
    printed = blog.run("refresh", code=1) + blog.run("status") + blog.run("source", "fetches") + blog.run("check")
    assert set(blog.entries()) == {"甲的题目"}
    assert "?token=…" in printed
    assert "marker" not in printed


def test_a_link_to_a_place_on_the_page_itself_has_no_secret(blog: Blog, site: Site) -> None:
    configured(blog, f'url = "{site.url}/feed?id=7&token=marker"\nallow_private = true')
    item = "<item><title>甲的题目</title><link>?#one</link><description>甲的正文。</description></item>"
    site.pages["/feed?id=7&token=marker"] = response(f'<rss version="2.0"><channel>{item}</channel></rss>')
    blog.refresh()
    feed = blog.feed().decode()
    assert "/feed" in feed
    assert "marker" not in feed


def test_this_machine_is_fetched_only_where_the_operator_allows_it(
    blog: Blog, site: Site, article: type[Article]
) -> None:
    configured(blog, f'url = "{site.url}/index"')
    site.pages["/index"] = response(page(article, "甲的题目"))
    assert "no public address" in blog.run("refresh", code=1)
    assert site.asked == []
    assert json.loads(blog.run("refresh", "--allow-private", "--json"))["added"] == 1


def test_a_permanent_move_is_followed_and_named(by_url: Blog, site: Site, article: type[Article]) -> None:
    site.pages["/index"] = response("", "301 Moved Permanently", location="/new")
    site.pages["/new"] = response(page(article, "甲的题目"))
    assert by_url.refresh()["added"] == 1
    for command in ("status", "check"):
        assert f"moved permanently to {site.url}/new" in " ".join(by_url.run(command).split())


def test_what_was_fetched_is_listed_and_written_to_a_file(
    by_url: Blog, site: Site, article: type[Article], clock: Any, tmp_path: Path
) -> None:
    first, second = page(article, "甲的题目"), page(article, "乙的题目", "甲的题目")
    for text in (first, second):
        site.pages["/index"] = response(text)
        by_url.refresh()
        clock.shift(timedelta(hours=1))
    (listed,) = by_url.listed("source", "fetches", "blog")
    assert (listed["size"], len(listed["kept"])) == (len(second.encode()), 2)
    file = tmp_path / "saved.txt"
    by_url.run("source", "fetches", "blog", "--save", str(file))
    assert file.read_text("utf-8") == second
    by_url.run("source", "fetches", "blog", "--save", str(file), "--fetch", listed["kept"][1]["sha256"][:8])
    assert file.read_text("utf-8") == first
    assert "no fetch" in by_url.run("source", "fetches", "blog", "--save", str(file), "--fetch", "ffff", code=1)
    shown = by_url.run("source", "fetches", "blog")
    assert listed["sha256"][:12] in shown


def test_only_so_many_days_of_fetches_are_kept(by_url: Blog, site: Site, article: type[Article], clock: Any) -> None:
    for number in range(4):
        site.pages["/index"] = response(page(article, *OTHERS[: number + 1], str(number)))
        by_url.run("refresh")
        clock.shift(timedelta(days=20))
    (listed,) = by_url.listed("source", "fetches", "blog")
    assert len(listed["kept"]) == 2


def test_a_compressed_page_is_read(by_url: Blog, site: Site, article: type[Article]) -> None:
    packed = gzip.compress(page(article, "甲的题目").encode())
    site.pages["/index"] = response(packed, content_encoding="gzip")
    assert by_url.refresh()["added"] == 1


def test_an_address_that_will_be_refused_is_found_before_it_is_fetched(blog: Blog) -> None:
    urls = ("http://0x7f.1/", "https://example.org:25/", "https://example.org/", "http://169.254.169.254/")
    configured(blog, f"url = {json.dumps(urls)}")
    printed = " ".join(blog.run("check").split())
    assert "leads to 169.254.169.254, which is no public address" in printed
    assert "a number in an unusual spelling" in printed
    assert "port 25 is not for web pages" in printed
    assert "nothing was fetched yet" in printed


def test_an_archive_by_address_is_read_record_by_record(by_url: Blog, site: Site, article: type[Article]) -> None:
    records = [{"url": f"https://blog.example.org/{title}", "text": article(title).dateblock()} for title in OTHERS]
    packed = gzip.compress("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records).encode())
    site.pages["/index"] = response(packed, content_type="application/gzip", etag='"1"')
    assert by_url.refresh()["added"] == 3
    site.pages["/index"] = response("", "304 Not Modified")
    assert by_url.refresh()["added"] == 0
    site.pages["/index"] = response("", "404 Not Found")
    by_url.run("refresh", code=1)
    assert set(by_url.entries()) == set(OTHERS)


# --- by command ---------------------------------------------------------------------------------


def test_the_output_of_a_program_is_a_dump(blog: Blog, article: type[Article]) -> None:
    (blog.home / "crawl.sh").write_text("cat pages.txt; echo crawled >&2\n")
    (blog.home / "pages.txt").write_text(page(article, "甲的题目"), "utf-8")
    configured(blog, 'command = ["/bin/sh", "crawl.sh"]')
    assert blog.refresh()["added"] == 1
    (blog.home / "pages.txt").write_text(page(article, "乙的题目", "甲的题目"), "utf-8")
    assert blog.refresh()["added"] == 1
    (listed,) = blog.listed("source", "fetches", "blog")
    assert listed["page"] == "command"


def test_a_program_that_fails_is_a_failed_read_that_shows_its_errors(blog: Blog, article: type[Article]) -> None:
    (blog.home / "crawl.sh").write_text("cat pages.txt || exit 3\n")
    (blog.home / "pages.txt").write_text(page(article, "甲的题目"), "utf-8")
    configured(blog, 'command = ["/bin/sh", "crawl.sh"]')
    blog.refresh()
    (blog.home / "pages.txt").unlink()
    printed = blog.run("refresh", code=1)
    assert "ended with exit code 3" in printed
    assert "pages.txt" in printed
    assert set(blog.entries()) == {"甲的题目"}


@pytest.mark.parametrize(("program", "there"), [("./crawl", True), ("sh", True), ("./none", False), ("no-such", False)])
def test_a_program_that_is_missing_is_found_before_it_is_run(blog: Blog, program: str, *, there: bool) -> None:
    (blog.home / "crawl").write_text("#!/bin/sh\n")
    (blog.home / "crawl").chmod(0o755)
    configured(blog, f'command = ["{program}"]')
    assert ("no such program" in " ".join(blog.run("check").split())) is not there


# --- settings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "says"),
    [
        ("", "nothing says where its dumps come from"),
        ('path = "dumps"\nurl = "https://example.org/"', "has path and url"),
        ('url = "https://example.org/"\ncommand = ["true"]', "has url and command"),
        ('url = ["https://example.org/", "https://example.org/"]', "names an address twice"),
        ('url = "ftp://example.org/"', "starts with http"),
        ('url = "https://me:pass@example.org/"', "names a user"),
        ('url = "https://example.org/a b"', "has a space"),
        ('command = [" "]', "names no program"),
        ('command = "crawl --all"', 'did you mean ["crawl", "--all"]?'),
        ('path = "dumps"\nallow_private = true', "is for sources with `url`"),
        ('command = ["true"]\nrobots = false', "is for sources with `url`"),
        ('url = "https://example.org/"\nlargest = 999999999', "the most that can be fetched"),
    ],
)
def test_a_wrong_origin_is_explained(blog: Blog, origin: str, says: str) -> None:
    printed = configured(blog, origin).run("check", code=2)
    assert says in printed
    assert printed.count("digest.toml:") == 1
    assert "pass" not in printed
