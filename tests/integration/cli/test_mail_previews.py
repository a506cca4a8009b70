"""Every mail can be previewed: editions without new entries too, and all mails that are no edition."""

from __future__ import annotations

import email
import email.policy
from typing import TYPE_CHECKING

import pytest
from lxml import html as lxml_html

from digest.app import opened
from digest.mail.tokens import NOBODY
from digest.model import ConfirmationKind, SingleMailKind
from digest.records.operating import NoticeKind
from digest.service.mailing.samples import mails
from digest.settings import load

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Article, Blog


@pytest.fixture
def told(blog: Blog, article: type[Article]) -> Blog:
    blog.search("a.txt", article("圆周率日"), article("别的", (2026, 3, 13), ("另一段。",)))
    blog.run("subscribers", "add", "ada@example.org")
    return blog


def opened_mail(raw: bytes) -> email.message.EmailMessage:
    made = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(made, email.message.EmailMessage)
    return made


# --- editions -------------------------------------------------------------------------------------


def test_without_an_edition_the_samples_are_shown_in_ones_own_templates(told: Blog) -> None:
    own = told.home / "own" / "mail" / "weekly"
    own.mkdir(parents=True)
    (own / "subject.txt").write_text("Mine: {{ new[0].title }}", "utf-8")
    config = told.home / "digest.toml"
    config.write_text('templates = "own"\n' + config.read_text("utf-8"), "utf-8")
    kinds = told.listed("edition", "preview")
    assert {one["shows"] for one in kinds} == {"samples"}
    assert len(kinds) == 4
    assert all(one["subject"].startswith("Mine: ") for one in kinds)
    said = told.run("edition", "preview", "-o", str(told.home / "shown"))
    assert "these are the samples of the demo, in your templates" in said
    assert "圆周率日" in (told.home / "shown" / "zh_CN-both.html").read_text("utf-8")
    assert told.listed("entries", "list") == []  # nothing of them is stored


def test_new_entries_are_shown_before_anything_else(told: Blog) -> None:
    told.refresh()
    assert {one["shows"] for one in told.listed("edition", "preview")} == {"now"}


def test_without_new_entries_the_newest_edition_is_shown_in_each_language_and_format(told: Blog) -> None:
    told.refresh()
    told.run("edition", "cut")
    kinds = told.listed("edition", "preview")
    (edition,) = told.listed("edition", "list")
    assert {(one["shows"], one["edition"]) for one in kinds} == {("newest", edition["key"])}
    assert {(one["language"], one["format"]) for one in kinds} == {
        (language, form) for language in ("zh_CN", "en") for form in ("both", "text")
    }
    said = told.run("edition", "preview", "-o", str(told.home / "shown"))
    assert f"nothing new since the last edition; this is the newest one, {edition['key']}" in said
    for name in ("zh_CN-both.html", "en-both.html", "zh_CN-text.txt", "en-text.txt"):
        assert "圆周率日" in (told.home / "shown" / name).read_text("utf-8")
    told.run("edition", "send")
    (sent,) = told.mails()
    assert opened_mail(sent)["Subject"] == next(one["subject"] for one in kinds if one["language"] == "zh_CN")


def test_a_correction_in_the_newest_edition_says_what_changed(told: Blog, article: type[Article]) -> None:
    told.refresh()
    told.run("edition", "cut")
    told.search("a.txt", article("圆周率日", body=("完全是另外一段话，说的是别的事。", "第二段。")))
    told.refresh()
    told.run("edition", "preview", "--format", "text", "-o", str(told.home / "now.txt"))
    told.run("edition", "cut")
    told.run("edition", "preview", "--format", "text", "-o", str(told.home / "again.txt"))
    again = (told.home / "again.txt").read_text("utf-8")
    assert "完全是另外一段话" in again
    assert again.split("--")[0] == (told.home / "now.txt").read_text("utf-8").split("--")[0]


@pytest.mark.parametrize(("ending", "begins"), [("html", "<!DOCTYPE html"), ("txt", "山上"), ("eml", "")])
def test_one_part_goes_into_a_file_by_its_ending(told: Blog, ending: str, begins: str) -> None:
    told.refresh()
    file = told.home / f"shown.{ending}"
    told.run("edition", "preview", "-o", str(file))
    written = file.read_bytes()
    if ending == "eml":
        assert opened_mail(written)["To"] == "reader@example.org"
    else:
        assert written.decode().lstrip().startswith(begins)
        assert "\ue0f0" not in written.decode()
        assert "reader@example.org" in written.decode()


# --- all others -----------------------------------------------------------------------------------


def test_each_mail_that_the_service_can_send_is_among_them() -> None:
    assert len(mails._CONFIRMED) == len(ConfirmationKind)
    assert len(mails._SINGLE) == len(SingleMailKind)
    assert len(mails._ALERTS) == len(NoticeKind)
    assert set(mails.WHEN) == set(mails.MailKind)


def test_all_are_shown_on_one_page_in_each_language(told: Blog) -> None:
    folder = told.home / "mails"
    said = told.run("mail", "preview", "-o", str(folder))
    assert said.splitlines()[-1] == str(folder / "index.html")
    page = lxml_html.document_fromstring((folder / "index.html").read_bytes())
    links = {str(link) for link in page.xpath("//a/@href | //iframe/@src") if not str(link).startswith("#")}
    assert links == {file.name for file in folder.iterdir()} - {"index.html"}
    for kind in ("confirmation", "welcome", "preferences", "new-address", "former-address"):
        chinese, english = (opened_mail((folder / f"{kind}-{one}.eml").read_bytes()) for one in ("zh_CN", "en"))
        assert chinese["Subject"] != english["Subject"]
        assert "山上" in chinese["Subject"] + (folder / f"{kind}-zh_CN.txt").read_text("utf-8")
        assert "<html" in (folder / f"{kind}-en.html").read_text("utf-8")
    assert "holds no dump" in (folder / "alert-en.txt").read_text("utf-8")
    assert "well again" in (folder / "alert-over-en.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "kind"), [("goodbye", "former-address"), ("confirm", "confirmation"), ("access", "preferences")]
)
def test_one_is_named_by_what_people_and_templates_call_it(told: Blog, name: str, kind: str) -> None:
    (english,) = (one for one in told.listed("mail", "preview", name) if one["language"] == "en")
    assert english["kind"] == kind
    text = told.run("mail", "preview", name, "--language", "en", "--format", "text", "-o", "-")
    assert "reader@example.org" in text or kind == "confirmation"
    assert "https://digest.example.org/" in text


def test_one_goes_into_a_file_or_onto_the_terminal(told: Blog, tmp_path: Path) -> None:
    told.run("mail", "preview", "welcome", "-o", str(tmp_path / "welcome.eml"))
    assert opened_mail((tmp_path / "welcome.eml").read_bytes())["To"] == "reader@example.org"
    assert told.run("mail", "preview", "welcome", "-o", "-").lstrip().startswith("<!DOCTYPE html")
    raw = told.run("mail", "preview", "alert", "--format", "eml", "-o", "-")
    assert opened_mail(raw.encode())["Subject"] == "[山上] trouble: source blog"
    assert "source blog: holds no dump" in told.run("mail", "preview", "alert", "-o", "-")


def test_their_links_act_on_nobody_and_nothing_is_stored(told: Blog) -> None:
    with opened(load(told.home / "digest.toml")) as store:
        with store.read() as tx:
            before = tx.subscribers.all()
        told.run("mail", "preview", "-o", str(told.home / "mails"))
        with store.read() as tx:
            assert tx.subscribers.all() == before
            assert tx.subscribers.get(NOBODY) is None
    assert told.mails() == []


def test_wrong_wishes_are_named_with_what_there_is(told: Blog) -> None:
    assert "one of confirmation, welcome" in told.run("mail", "preview", "birthday", code=1)
    assert "has no HTML" in told.run("mail", "preview", "alert", "--format", "html", "-o", "-", code=1)
    assert "give its KIND" in told.run("mail", "preview", "-o", "-", code=1)
    assert "give a KIND" in told.run("mail", "preview", "--format", "text", code=2)
    assert "zh_CN, en" in told.run("mail", "preview", "welcome", "--language", "fr", code=1)
