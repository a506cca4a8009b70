"""Previews: what each kind of subscriber would get, and one test mail."""

from __future__ import annotations

import email
import email.policy
import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from lxml import html as lxml_html

from digest.app import opened
from digest.mail.composing.edition_text import LARGEST_HTML
from digest.service.people import subscribers
from digest.settings import load
from tests.conftest import CONFIG

if TYPE_CHECKING:
    from email.message import EmailMessage

    from tests.conftest import Article, Blog

TOPIC = '[[topics]]\nid = "geometry"\ntitle = "几何"\nwords = ["三角"]\n'


@pytest.fixture
def told(blog: Blog, article: type[Article]) -> Blog:
    (blog.home / "digest.toml").write_text(CONFIG + TOPIC, "utf-8")
    body = ("一段话,含有公式$$\\frac{a}{b}$$和别的。", "第二段。")
    blog.search("a.txt", article("三角形的心", body=body), article("别的", (2026, 3, 13)))
    blog.run("subscribers", "add", "ada@example.org")
    blog.run("subscribers", "add", "bob@example.org", "--language", "en", "--format", "text")
    blog.refresh()
    return blog


def mail_of(raw: bytes) -> EmailMessage:
    made = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(made, email.message.EmailMessage)
    return made


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_each_kind_of_subscriber_is_shown_and_judged(told: Blog) -> None:
    kinds = {(one["language"], one["format"]): one for one in told.listed("edition", "preview")}
    assert set(kinds) == {("zh_CN", "both"), ("zh_CN", "text"), ("en", "both"), ("en", "text")}
    assert {kind: one["readers"] for kind, one in kinds.items() if one["readers"]} == {
        ("zh_CN", "both"): 1,
        ("en", "text"): 1,
    }
    whole = kinds["zh_CN", "both"]
    assert 1000 < whole["html_bytes"] < LARGEST_HTML
    assert whole["mail_bytes"] > whole["html_bytes"]
    assert (whole["pictures"], kinds["en", "text"]["pictures"]) == (1, 0)
    assert kinds["en", "text"]["html_bytes"] == 0
    assert all(one["findings"] == [] for one in kinds.values())
    assert told.listed("edition", "list") == []


def test_a_choice_of_topics_is_a_kind_of_its_own_and_gets_only_these(told: Blog) -> None:
    settings = load(told.home / "digest.toml")
    with opened(settings) as store, store.write() as tx:
        person = tx.subscribers.find("ada@example.org")
        assert person is not None
        tx.subscribers.prefer(
            person.subscriber.id,
            language="zh_CN",
            fmt=person.subscriber.format,
            timezone="",
            topics=["geometry"],
            paused_until=None,
        )
    told.run("edition", "preview", "-o", str(told.home / "shown"))
    mine = (told.home / "shown" / "zh_CN-both-geometry.txt").read_text("utf-8")
    assert "三角形的心" in mine
    assert "别的" not in mine.replace("和别的", "")
    assert "2. 别的" in (told.home / "shown" / "zh_CN-both.txt").read_text("utf-8")


def test_a_folder_holds_all_of_them_and_a_page_that_leads_there(told: Blog) -> None:
    folder = told.home / "a" / "folder"
    said = told.run("edition", "preview", "-o", str(folder))
    assert said.splitlines()[-1] == str(folder / "index.html")
    index = lxml_html.document_fromstring((folder / "index.html").read_bytes())
    links = {str(link) for link in index.xpath("//a/@href | //iframe/@src")}
    assert links == {file.name for file in folder.iterdir()} - {"index.html"}
    assert {file.suffix for file in folder.iterdir()} == {".html", ".txt", ".eml"}
    page = (folder / "zh_CN-both.html").read_text("utf-8")
    assert 'src="data:image/png;base64,' in page
    assert "cid:" not in page
    assert part(mail_of((folder / "en-text.eml").read_bytes()), "plain").startswith("山上 每周摘要")


def test_the_page_of_previews_says_where_its_entries_come_from(told: Blog) -> None:
    def shows() -> str:
        told.run("edition", "preview", "-o", str(told.home / "folder"))
        return " ".join((told.home / "folder" / "index.html").read_text("utf-8").split())

    assert "This page shows an edition made now, for each kind" in shows()
    told.run("edition", "cut")
    (edition,) = [one["key"] for one in told.listed("edition", "list")]
    assert f"This page shows that edition, {edition}, for each kind" in shows()
    (told.home / "var" / "digest.db").unlink()
    assert "This page shows the samples of the demo in your templates, for each kind" in shows()


def test_a_template_with_a_flaw_is_found_out(told: Blog) -> None:
    own = told.home / "own" / "mail"
    own.mkdir(parents=True)
    (own / "entry.html").write_text('<p style="color:#cccccc"><a href="{{ entry.url }}">{{ entry.title }}</a>pale</p>')
    config = told.home / "digest.toml"
    config.write_text('templates = "own"\n' + config.read_text("utf-8"), "utf-8")
    findings = {one["language"]: one["findings"] for one in told.listed("edition", "preview") if one["html_bytes"]}
    assert all("hard to read in the light scheme" in found for (found,) in findings.values())
    assert "hard to read" in told.run("edition", "preview", "-o", str(told.home / "shown"))


def test_a_test_mail_is_marked_and_its_links_act_on_nobody(told: Blog) -> None:
    said = told.run("edition", "test", "Me@example.org")
    (raw,) = told.mails()
    mail = mail_of(raw)
    assert mail["To"] == "Me@example.org"
    assert mail["Subject"].startswith("[测试] ")
    assert " · 山上 每周摘要（" in mail["Subject"]
    assert mail["Subject"] in said
    assert "Me@example.org" not in said
    page = lxml_html.document_fromstring(part(mail, "html"))
    assert page.find("body").text_content().strip().startswith("这是一封测试邮件。")
    assert part(mail, "plain").startswith("*** 这是一封测试邮件。 ***")
    assert told.listed("edition", "list") == []

    settings = load(told.home / "digest.toml")
    token = urlsplit(mail["List-Unsubscribe"].strip("<>")).path.removeprefix("/leave/")
    with opened(settings) as store:
        with store.read() as tx:
            before = tx.subscribers.all()
        subscribers.leave(store, token, source="test", now=before[0].subscriber.created_at)
        with store.read() as tx:
            assert tx.subscribers.all() == before
            assert len(before) == 2


def test_a_test_mail_takes_language_and_format_and_never_repeats_a_message_id(told: Blog) -> None:
    told.run("edition", "test", "me@example.org", "--language", "en", "--format", "text", "--digest", "weekly")
    assert json.loads(told.run("edition", "test", "me@example.org", "--json"))["subject"].startswith("[测试]")
    mails = sorted(map(mail_of, told.mails()), key=lambda mail: str(mail["Subject"]))
    assert [mail.get_content_type() for mail in mails] == ["text/plain", "multipart/alternative"]
    assert mails[0]["Subject"].startswith("[TEST] ")
    assert mails[0].get_content().startswith("*** This is a test mail. ***")
    assert mails[0]["Message-ID"] != mails[1]["Message-ID"]


def test_with_nothing_new_the_newest_edition_is_tried_and_without_one_that_is_reported(told: Blog, blog: Blog) -> None:
    told.run("edition", "cut")
    told.run("edition", "test", "me@example.org")
    (raw,) = told.mails()
    assert "三角形的心" in part(mail_of(raw), "plain")
    assert "nothing new" in told.run("edition", "preview")
    assert "nothing new" in told.run("edition", "preview", "--format", "text")
    (blog.home / "var" / "digest.db").unlink()
    assert "no edition yet" in blog.run("edition", "test", "me@example.org", code=1)


def test_wrong_wishes_are_named(told: Blog) -> None:
    assert "not a mail address" in told.run("edition", "test", "nobody", code=1)
    assert "zh_CN, en" in told.run("edition", "test", "a@example.org", "--language", "fr", code=1)
    assert "zh_CN, en" in told.run("edition", "preview", "--language", "fr", "-o", "-", code=1)
    assert "html, text or eml" in told.run("edition", "preview", "--format", "pdf", code=2)
    assert "both or text" in told.run("edition", "test", "a@example.org", "--format", "pdf", code=2)
    assert "monthly" in told.run("edition", "test", "a@example.org", "--digest", "monthly", code=1)
