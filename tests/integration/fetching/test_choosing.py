"""From the address of a site to its entries: `layout suggest URL` and `source add --url`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.integration.cli.conftest import printed
from tests.sites import Site, response
from tests.unit.dumps.html.pages import HUGO, WORDPRESS

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.conftest import Blog

ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:x</id><title>x</title><entry><id>urn:1</id><title>One</title>'
    "<published>2022-01-01T00:00:00Z</published><updated>2022-01-01T00:00:00Z</updated></entry></feed>"
)
NAMED = '<html><head><link rel="alternate" type="application/atom+xml" href="/atom"></head><body>x</body></html>'


def test_suggest_says_how_a_site_is_read_and_why(site: Site, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    site.pages["/"] = response(HUGO, content_type="text/html")
    file = tmp_path / "layouts" / "hugo.toml"
    out, _ = printed(capfd, "layout", "suggest", f"{site.url}/", "--allow-private", "-o", str(file))
    assert "The page names no feed." in out
    assert "2023-03-05  Borrowing in Rust" in out
    assert f"Next: digest source add ID --title TITLE --url {site.url}/ --allow-private --layout 127-0-0-1\n" in out
    out, _ = printed(capfd, "layout", "suggest", f"{site.url}/", "--allow-private")
    assert out.endswith(f"Next: digest source add ID --title TITLE --url {site.url}/ --allow-private\n")
    saved = tmp_path / "page.html"
    saved.write_text(HUGO, "utf-8")
    again, _ = printed(capfd, "layout", "try", "127-0-0-1", str(saved), "--layouts", str(file))
    assert "No gap." in again
    out, _ = printed(capfd, "layout", "suggest", f"{site.url}/", "--allow-private", "--json")
    found = json.loads(out)
    assert (found["way"], found["layouts"], len(found["entries"])) == ("selectors", ["127-0-0-1"], 2)
    assert found["layout"]["html"]["entry"] == "article.post-entry"


def test_suggest_reads_a_saved_page_and_asks_nobody(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    saved = tmp_path / "page.html"
    saved.write_text(WORDPRESS, "utf-8")
    out, _ = printed(capfd, "layout", "suggest", str(saved))
    assert "The page has entries in microformats: 2 entries. Digest reads these." in out
    saved.write_text("<html><body><p>Nothing</p></body></html>", "utf-8")
    out, _ = printed(capfd, "layout", "suggest", str(saved), code=1)
    assert "No entries were recognised in the text of the page." in out


def test_a_private_address_is_refused_without_leave(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    site.pages["/"] = response(HUGO)
    _, err = printed(capfd, "layout", "suggest", f"{site.url}/", code=1)
    assert "which is no public address" in err
    assert site.asked == []


def test_a_source_is_added_by_its_address_and_reads_the_feed(site: Site, blog: Blog) -> None:
    site.pages |= {"/": response(NAMED, content_type="text/html"), "/atom": response(ATOM)}
    add = ("source", "add", "mine", "--title", "M", "--url", f"{site.url}/", "--allow-private")
    assert "  2021-12-31  One\n" in blog.run(*add, "--timezone", "America/New_York", "--dry-run")
    out = blog.run(*add, "--yes")
    assert "  2022-01-01  One\n" in out
    assert "A day begins at midnight in UTC there; --timezone names the time zone of the blog.\n" in out
    assert f"The page names the feed {site.url}/atom: 1 entry. Digest reads it." in " ".join(out.split())
    written = (blog.home / "digest.toml").read_text("utf-8")
    assert f'url = "{site.url}/atom"\nlayouts = ["feed"]\nallow_private = true' in written
    blog.run("refresh", "--source", "mine")
    assert set(blog.entries()) == {"One"}


def test_a_layout_with_selectors_is_written_beside_the_configuration(site: Site, blog: Blog) -> None:
    site.pages["/"] = response(HUGO, content_type="text/html")
    add = ("source", "add", "mine", "--title", "M", "--url", f"{site.url}/", "--allow-private")
    blog.run(*add, "--dry-run")
    file = blog.home / "layouts" / "mine.toml"
    assert not file.exists()
    blog.run(*add, "--yes")
    assert file.read_text("utf-8").startswith("# For http://127.0.0.1")
    blog.run("refresh", "--source", "mine")
    assert set(blog.entries()) == {"Borrowing in Rust", "Second"}


def test_a_named_layout_is_used_and_a_page_without_entries_is_refused(site: Site, blog: Blog) -> None:
    site.pages |= {"/": response(WORDPRESS, content_type="text/html"), "/no": response("<html><p>x</p></html>")}
    add = ("source", "add", "mine", "--title", "M", "--allow-private", "--dry-run")
    out = blog.run(*add, "--url", f"{site.url}/", "--layout", "articles")
    assert "The first import of mine gives 2 entries from 1 dump" in out
    assert "no entry was recognised" in blog.run(*add, "--url", f"{site.url}/no", code=2)
    assert "no entry was found" in blog.run(*add, "--url", f"{site.url}/no", "--layout", "articles", code=2)
    assert "give --path or --url" in blog.run(*add, code=2)
