"""Formulas: drawn when a dump is read, served permanently, sent with the mail, counted if they fail."""

from __future__ import annotations

import email
import json
import re
import urllib.request
from typing import TYPE_CHECKING

import pytest

from digest.app import opened
from digest.settings import load
from tests.integration.web.site import Site

if TYPE_CHECKING:
    from tests.conftest import Article, Blog

FRACTION = r"求$\frac{a}{b}$的值,再说$x^2$。"


@pytest.fixture
def told(blog: Blog, article: type[Article]) -> Blog:
    """A blog whose one entry has a formula that needs a picture, one that does not, and one that nobody can draw."""
    blog.search("page.txt", article("公式", body=(FRACTION, r"还有$\nosuchcommand{x}$。")))
    blog.refresh()
    return blog


@pytest.fixture
def displayed(blog: Blog, article: type[Article]) -> Blog:
    """A blog whose one entry has a formula on a line of its own, which feeds show as a picture."""
    blog.search("page.txt", article("公式", body=(r"求$$\frac{a}{b}$$的值。", "第二段。")))
    blog.refresh()
    return blog


def content(blog: Blog) -> str:
    return str(json.loads(blog.run("feed", "--format", "json"))["items"][0]["content_html"])


def test_a_feed_shows_the_formulas_of_a_line_as_text(told: Blog) -> None:
    # A feed reader that drops the style of a picture would lift it above its line.
    html = content(told)
    assert "求a/b的值，再说<i>x</i><sup>2</sup>。" in html
    assert r"<code>$\nosuchcommand{x}$</code>" in html
    assert "<img" not in html


def test_a_feed_names_a_picture_that_is_there_for_a_displayed_formula(displayed: Blog) -> None:
    html = content(displayed)
    assert "style=" not in html
    (name,) = re.findall(r'<img src="https://digest\.example\.org/formulas/([0-9a-f]{32})\.png"', html)
    assert 'alt="a/b"' in html
    settings = load(displayed.home / "digest.toml")
    with opened(settings) as store, store.read() as tx:
        png = tx.pictures.png(name)
    assert png is not None
    assert png.startswith(b"\x89PNG")


def test_a_picture_is_served_permanently_and_no_other(displayed: Blog) -> None:
    settings = load(displayed.home / "digest.toml")
    (name,) = re.findall(r"/formulas/([0-9a-f]{32})\.png", content(displayed))
    with opened(settings) as store:
        site = Site(store, settings)
        reply = site(f"/formulas/{name}.png")
        assert (reply.status, reply.headers["content-type"]) == (200, "image/png")
        assert "immutable" in reply.headers["cache-control"]
        assert site(f"/formulas/{'0' * 32}.png").status == 404


def test_what_could_not_be_drawn_is_counted(told: Blog) -> None:
    assert json.loads(told.run("status", "--json"))["undrawn_formulas"] == 1
    assert "could not be drawn and are shown as TeX: 1" in told.run("status")


def test_a_page_shows_mathml_with_full_width_punctuation(told: Blog) -> None:
    settings = load(told.home / "digest.toml")
    with opened(settings) as store:
        site = Site(store, settings)
        (path,) = set(re.findall(rb"/entries/[a-z0-9-]+", site("/").body))
        page = site(path.decode()).body.decode()
    assert "<mfrac>" in page
    assert "的值，再说<span" in page


def test_a_mail_brings_its_pictures(told: Blog) -> None:
    told.run("subscribers", "add", "ada@example.org")
    told.run("edition", "cut")
    told.run("edition", "send")
    (raw,) = told.mails()
    mail = email.message_from_bytes(raw)
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
    *_, html, picture = mail.walk()
    words = html.get_payload(decode=True)
    assert isinstance(words, bytes)
    assert f'src="cid:{picture["Content-ID"].strip("<>")}"'.encode() in words
    payload = picture.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.startswith(b"\x89PNG")
    text = next(part for part in mail.walk() if part.get_content_type() == "text/plain").get_payload(decode=True)
    assert isinstance(text, bytes)
    assert "求a/b的值，再说x²。" in text.decode()


def test_a_preview_holds_its_pictures(told: Blog) -> None:
    file = told.home / "preview.html"
    told.run("edition", "preview", "-o", str(file))
    page = file.read_text("utf-8")
    assert "cid:" not in page
    (image,) = re.findall(r'src="(data:image/png;base64,[^"]+)"', page)
    with urllib.request.urlopen(image) as opened_image:
        assert opened_image.read().startswith(b"\x89PNG")


def test_a_formula_is_drawn_once(told: Blog, article: type[Article], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("digest.service.publishing.pictures.picture", fail)
    told.search("page.txt", article("又一篇", (2026, 3, 15), (FRACTION + "另外说几句别的话。",)), article("公式"))
    told.refresh()
