"""Pages behind mailed links: open, used, left, damaged, expired, erased; and the first mail to a newcomer."""

from __future__ import annotations

import asyncio
import email
import re
from datetime import UTC, datetime, timedelta
from email import policy
from typing import TYPE_CHECKING

import pytest

from digest.mail.tokens import leave_token, preferences_token
from digest.model import DigestId, SubscriberId
from digest.service.mailing import single_mails
from digest.service.people import consent, subscribers
from digest.web.application import application
from tests.integration.web.site import ADA, DAY, HOUR, Desk, link_in, words_of

if TYPE_CHECKING:
    from email.message import EmailMessage

    from digest.model import Confirmation
    from tests.integration.web.site import Reply

WEEKLY = DigestId("weekly")
DAMAGED, EXPIRED, ERASED = "链接不完整", "链接已过期", "不会再发送邮件"


def heading(reply: Reply) -> str:
    (found,) = reply.page.xpath("//h1")
    return str(found.text_content())


def asked(desk: Desk, address: str = ADA, **fields: str) -> str:
    """Ask to subscribe; the path of the link."""
    before = len(desk.mailed())
    desk.post("/subscribe", address=address, digest="weekly", choose="yes", **fields)
    return link_in(newest(desk.mailed(), before))


def newest(mails: list[EmailMessage], before: int) -> EmailMessage:
    assert len(mails) == before + 1
    return max(mails, key=lambda mail: str(mail["Date"].datetime))


def singles(desk: Desk) -> list[EmailMessage]:
    """Send what single mails are due; all mails so far."""
    asyncio.run(single_mails.send_single_mails(desk.store, desk.settings, lambda: desk.now))
    return [email.message_from_bytes(raw, policy=policy.default) for raw in desk.blog.mails()]


def set_welcome(desk: Desk, welcome: str) -> None:
    signup = desk.settings.signup.model_copy(update={"welcome": welcome})
    desk.settings = desk.settings.model_copy(update={"signup": signup})
    desk._app = application(desk.store, desk.settings, now=lambda: desk.now)


# --- the link to confirm --------------------------------------------------------------------------


@pytest.mark.parametrize("later", [HOUR, 30 * DAY], ids=["soon", "long after"])
def test_a_used_link_says_that_they_are_subscribed_and_leads_to_their_choices(desk: Desk, later: timedelta) -> None:
    link = asked(desk)
    desk.post(link)
    desk.now += later
    consent.expire(desk.store, desk.now)
    for reply in (desk(link), desk.post(link)):
        assert (reply.status, heading(reply)) == (200, "订阅成功")
        assert "山上 每周摘要" in reply.page.text_content()
        (choices,) = reply.page.xpath("//a[starts-with(@href, '/preferences/')]/@href")
        assert desk(choices).status == 200
        assert not reply.page.xpath("//main//button")
    record = desk.record()
    assert record is not None
    assert len(record.consents) == 1
    if later > DAY:
        assert sum(ADA in line for line in desk.everything()) == 1, "the address is kept with its person alone"


def test_a_used_link_names_what_they_get_now(desk: Desk) -> None:
    link = asked(desk)
    desk.post(link)
    record = desk.record()
    assert record is not None
    choices = f"/preferences/{preferences_token(desk.store.secret(), record.subscriber.id)}"
    desk.post(choices, act="save", digest0="daily", language="en")
    assert "山上 每日摘要" in desk(link).page.text_content()
    assert "山上 每周摘要" not in desk(link).page.text_content()


def test_after_leaving_a_used_link_says_so_and_joins_nobody(desk: Desk) -> None:
    link = asked(desk)
    desk.post(link)
    record = desk.record()
    assert record is not None
    desk.post(f"/leave/{leave_token(desk.store.secret(), record.subscriber.id, WEEKLY)}")
    for reply in (desk(link), desk.post(link)):
        assert heading(reply) == "您已退订"
        assert "订阅成功" not in reply.page.text_content()
        assert reply.page.xpath("//a[@href='/subscribe']")
    after = desk.record()
    assert after is not None
    assert after.digests == ()


def test_a_used_link_says_when_mails_bounced(desk: Desk) -> None:
    link = asked(desk)
    desk.post(link)
    record = desk.record()
    assert record is not None
    with desk.store.write() as tx:
        tx.subscribers.suppress(record.subscriber.id, "550 5.1.1 no such user", desk.now)
    assert heading(desk(link)) == "您已订阅，但邮件被退回"


def test_a_damaged_link_is_called_damaged(desk: Desk) -> None:
    link = asked(desk)
    token = link.rpartition("/")[2]
    desk.joined("bob@example.org")
    person = desk.record("bob@example.org")
    assert person is not None
    secret = desk.store.secret()
    leave = f"/leave/{leave_token(secret, person.subscriber.id, WEEKLY)}"
    choices = f"/preferences/{preferences_token(secret, person.subscriber.id)}"
    changed = token[:5] + ("A" if token[5] != "A" else "B") + token[6:]
    for path in (
        *(link[:-1], f"{link}.", f"{link}>", f"/confirm/{changed}", "/confirm/x", "/confirm/%E5%B1%B1"),
        *(f"/preferences/{token}", choices[:-1], f"{choices})", f"/confirm/{choices.rpartition('/')[2]}"),
        *(leave[:-2], f"{leave}=", f"/leave/{token}"),
    ):
        assert heading(desk(path)) == DAMAGED
        assert desk.post(path).status in {404, 410}
    assert desk.record() is None
    assert desk.record("bob@example.org") == person
    assert heading(desk(link)) == "确认订阅"


def test_an_old_link_is_called_expired_also_when_nothing_is_stored_of_it(desk: Desk) -> None:
    link = asked(desk)
    for days in (2, 40):
        desk.now += days * DAY
        assert (desk(link).status, heading(desk(link))) == (410, EXPIRED)
        assert "48 小时" in desk(link).page.text_content()
        assert desk.post(link).status == 410
        consent.expire(desk.store, desk.now)
    assert desk.record() is None


def test_an_old_link_to_all_data_says_how_to_get_another(desk: Desk) -> None:
    record = desk.joined()
    consent.request_access(desk.store, desk.settings.signup, record, language="zh_CN", network="x", now=desk.now)
    own = desk.link()
    desk.now += HOUR
    assert heading(desk(own)) == EXPIRED
    assert "订阅设置" in desk(own).page.text_content()


@pytest.mark.parametrize("later", [timedelta(0), 30 * DAY], ids=["at once", "long after"])
def test_an_erased_person_s_links_say_that_no_mail_is_sent_any_more(desk: Desk, later: timedelta) -> None:
    link = asked(desk)
    desk.post(link)
    record = desk.record()
    assert record is not None
    consent.request_access(desk.store, desk.settings.signup, record, language="zh_CN", network="x", now=desk.now)
    own = next(link_in(mail) for mail in desk.mailed() if str(mail["Message-ID"]).startswith("<access"))
    secret, number = desk.store.secret(), record.subscriber.id
    subscribers.erase(desk.store, ADA, now=desk.now)
    assert not any(ADA in line for line in desk.everything())
    if not later:
        assert heading(desk(own)) == ERASED
    desk.now += later
    consent.expire(desk.store, desk.now)
    leave = f"/leave/{leave_token(secret, number, WEEKLY)}"
    for path in (link, f"/preferences/{preferences_token(secret, number)}", leave):
        assert (desk(path).status, heading(desk(path))) == (410, ERASED)
    one_click = desk.post(leave, **{"List-Unsubscribe": "One-Click"})
    assert (one_click.status, heading(one_click)) == (200, ERASED)


def test_a_person_who_was_erased_before_confirming_learns_that(desk: Desk) -> None:
    desk.joined()
    link = asked(desk)
    subscribers.erase(desk.store, ADA, now=desk.now)
    assert heading(desk(link)) == ERASED
    assert desk.post(link).status == 410
    assert desk.record() is None


def test_links_of_test_mails_belong_to_nobody(desk: Desk) -> None:
    secret = desk.store.secret()
    for number in (SubscriberId(0), SubscriberId(4711)):
        for path in (
            f"/leave/{leave_token(secret, number, WEEKLY)}",
            f"/preferences/{preferences_token(secret, number)}",
        ):
            assert heading(desk(path)) == "链接没有对应的订阅"


def test_links_that_were_mailed_before_they_were_short_still_confirm(desk: Desk) -> None:
    link = asked(desk)
    with desk.store.read() as tx:
        (found,) = [one for one in map(tx.confirmations.get, range(1, 9)) if one]  # type: ignore[arg-type]
    long = f"/confirm/{of_before(desk.store.secret(), found)}"
    assert len(long) > len(link)
    assert heading(desk(long)) == "确认订阅"
    assert desk.post(long).status == 200
    assert heading(desk(link)) == "订阅成功"


def of_before(secret: bytes, asked: Confirmation) -> str:
    """A token as the program made them before."""
    import base64  # noqa: PLC0415 - of this one alone
    import hmac  # noqa: PLC0415

    said = f"{asked.id}.{asked.asked_at.timestamp():.6f}".encode()
    mark = hmac.digest(secret, f"confirm {asked.kind}".encode() + b"\0" + said, "sha256")[:20]
    return base64.urlsafe_b64encode(mark + said).decode().rstrip("=")


# --- the page for leaving -------------------------------------------------------------------------


def test_the_link_of_an_old_mail_leaves_a_digest_that_has_another_name_now(desk: Desk) -> None:
    record = desk.joined()
    with desk.store.write() as tx:
        tx.digest_names.rename(DigestId("former"), WEEKLY, desk.now)
    path = f"/leave/{leave_token(desk.store.secret(), record.subscriber.id, DigestId('former'))}"
    assert heading(desk(path)) == "要退订《山上 每周摘要》吗？"
    assert heading(desk(path, "POST", b"List-Unsubscribe=One-Click")) == "已退订《山上 每周摘要》"
    assert heading(desk(path)) == "已退订《山上 每周摘要》"
    assert heading(desk.post(path, act="undo")) == "已恢复订阅《山上 每周摘要》"
    assert heading(desk(path)) == "要退订《山上 每周摘要》吗？"


@pytest.mark.parametrize(
    ("language", "asks", "never"),
    [
        ("zh-CN", "点击按钮后，将不再收到这份邮件", ("已退订", "不会再收到")),
        (
            "en",
            "If you press the button, we send it no more editions",
            ("You have unsubscribed", "receives no more editions", "will receive"),
        ),
    ],
)
def test_the_page_before_leaving_asks_and_states_nothing_in_advance(
    desk: Desk, language: str, asks: str, never: tuple[str, ...]
) -> None:
    record = desk.joined()
    path = f"/leave/{leave_token(desk.store.secret(), record.subscriber.id, WEEKLY)}"
    before = desk(path, accept_language=language)
    said = before.page.text_content()
    assert asks in said
    assert not [words for words in never if words in said]
    assert before.page.xpath("//form//button")
    assert desk.record() == record
    after = desk(path, "POST", b"List-Unsubscribe=One-Click", accept_language=language)
    assert any(words in after.page.text_content() for words in never)
    assert heading(desk(path)) == "已退订《山上 每周摘要》"


@pytest.mark.parametrize(
    "kind",
    [
        "Application/X-WWW-Form-Urlencoded",
        "APPLICATION/X-WWW-FORM-URLENCODED; CHARSET=UTF-8",
        "application/x-www-form-urlencoded;charset=utf-8",
        " application/x-www-form-urlencoded ; a=b",
    ],
)
def test_content_types_compare_without_case(desk: Desk, kind: str) -> None:
    record = desk.joined()
    path = f"/preferences/{preferences_token(desk.store.secret(), record.subscriber.id)}"
    reply = desk(path, "POST", b"act=save&digest0=daily&language=en", content_type=kind)
    assert reply.page.xpath("//*[@role='status']")
    changed = desk.record()
    assert changed is not None
    assert changed.digests == ("daily",)


# --- the mails ------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_mail_to_confirm_is_html_and_text_with_a_button_and_short_lines(desk: Desk, language: str) -> None:
    desk(
        "/subscribe",
        "POST",
        f"address={ADA}&form={desk.signed()}".encode(),
        content_type="application/x-www-form-urlencoded",
        accept_language=language,
    )
    (mail,) = desk.mailed()
    assert mail.get_content_type() == "multipart/alternative"
    text, page = mail.iter_parts()
    assert [part.get_content_type() for part in (text, page)] == ["text/plain", "text/html"]
    link = link_in(mail)
    for part in (text, page):
        said = part.get_content()
        assert ADA in said
        assert link in said
        assert max(map(len, said.splitlines())) <= 78
    assert max(map(len, bytes(mail).splitlines())) <= 78
    button = re.search(rf'<a\s+href="[^"]*{re.escape(link)}"[^>]*>\s*(确认订阅|Confirm)</a>', page.get_content())
    assert button
    assert button[1] in text.get_content()
    assert heading(desk(link, accept_language=language)) in {"确认订阅", "Confirm your subscription"}
    assert button[1] in desk(link, accept_language=language).page.xpath("//form//button")[0].text_content()


def test_a_signature_begins_as_mail_programs_know_it(desk: Desk) -> None:
    record = desk.joined()
    asked(desk, "bob@example.org")
    consent.request_access(desk.store, desk.settings.signup, record, language="en", network="x", now=desk.now)
    desk.blog.run("edition", "cut", "weekly")
    desk.blog.run("edition", "send")
    desk.mailed()
    with desk.store.write() as tx:
        tx.single_mails.tell_moved(record.subscriber.id, ADA, desk.now, guards_until=None)
    mails = singles(desk)
    assert len(mails) == 4
    for mail in mails:
        assert "\n-- \n" in words_of(mail).replace("\r\n", "\n")
        assert "\n--\n" not in words_of(mail).replace("\r\n", "\n")


def test_answers_to_a_short_mail_go_where_answers_go(desk: Desk) -> None:
    mail = desk.settings.mail.model_copy(update={"reply_to": '"Us, all" <us@example.org>'})
    desk.settings = desk.settings.model_copy(update={"mail": mail})
    desk.post("/subscribe", address=ADA)
    (sent,) = desk.mailed()
    (address,) = sent["Reply-To"].addresses
    assert (address.display_name, address.addr_spec) == ("Us, all", "us@example.org")


# --- what a newcomer is sent ----------------------------------------------------------------------


def test_a_person_who_confirms_is_sent_the_newest_edition_at_once_and_once(desk: Desk) -> None:
    desk.blog.run("edition", "cut", "weekly")
    page = desk("/subscribe").page
    assert page.xpath("//input[@name='latest'][@checked]")
    link = asked(desk, latest="yes")
    done = desk.post(link)
    assert "第一封邮件正在发送" in done.page.text_content()
    before = len(singles(desk))
    desk.blog.run("edition", "send")
    assert sum("数的故事" in str(mail["Subject"]) for mail in desk.mailed()) == 1
    assert len(singles(desk)) == before + 1
    assert "第一封邮件正在发送" not in desk(link).page.text_content()
    desk.post(link)
    desk.blog.run("edition", "send")
    assert len(singles(desk)) == before + 1


def test_the_short_form_sends_the_newest_edition_too(desk: Desk) -> None:
    desk.blog.run("edition", "cut", "weekly")
    desk.post("/subscribe", address=ADA)
    desk.post(desk.link())
    desk.blog.run("edition", "send")
    assert sum("数的故事" in str(mail["Subject"]) for mail in desk.mailed()) == 1


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_where_there_is_no_edition_a_welcome_is_sent_once(desk: Desk, language: str) -> None:
    fields = f"address={ADA}&digest=weekly&choose=yes&latest=yes&form={desk.signed()}".encode()
    desk("/subscribe", "POST", fields, content_type="application/x-www-form-urlencoded", accept_language=language)
    desk.post(desk.link())
    (welcome,) = [mail for mail in singles(desk) if str(mail["Message-ID"]).startswith("<welcome")]
    said = words_of(welcome)
    assert ADA in said
    assert "山上 每周摘要" in said
    assert ("6 July 2026" if language == "en" else "2026年7月6日") in said
    assert "/preferences/" in said
    (leave,) = re.findall(r"https://digest\.example\.org(/leave/\S+)", said)
    assert welcome["List-Unsubscribe"] == f"<https://digest.example.org{leave}>"
    assert welcome["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for _ in range(2):
        desk.now += DAY
        assert len(singles(desk)) == 2
    desk.post(leave)
    again = asked(desk, latest="yes")
    desk.post(again)
    assert len([mail for mail in singles(desk) if str(mail["Message-ID"]).startswith("<welcome")]) == 1


def test_a_welcome_that_an_edition_overtook_is_not_sent(desk: Desk) -> None:
    desk.post(asked(desk))
    desk.blog.run("edition", "cut", "weekly")
    desk.blog.run("edition", "send")
    assert not [mail for mail in singles(desk) if str(mail["Message-ID"]).startswith("<welcome")]


def test_a_welcome_to_a_person_who_left_meanwhile_is_not_sent(desk: Desk) -> None:
    desk.post(asked(desk))
    record = desk.record()
    assert record is not None
    desk.post(f"/leave/{leave_token(desk.store.secret(), record.subscriber.id, WEEKLY)}")
    assert len(singles(desk)) == 1


@pytest.mark.parametrize(("welcome", "editions", "letters"), [("edition", 1, 0), ("letter", 0, 1), ("none", 0, 0)])
def test_the_operator_chooses_what_newcomers_get(desk: Desk, welcome: str, editions: int, letters: int) -> None:
    desk.blog.run("edition", "cut", "weekly")
    set_welcome(desk, welcome)
    assert bool(desk("/subscribe").page.xpath("//input[@name='latest'][@checked]")) == (welcome == "edition")
    desk.post("/subscribe", address=ADA)
    desk.post(desk.link())
    desk.blog.run("edition", "send")
    mails = [mail for mail in singles(desk) if mail["To"] == ADA]
    assert sum("数的故事" in str(mail["Subject"]) for mail in mails) == editions
    assert sum(str(mail["Message-ID"]).startswith("<welcome") for mail in mails) == letters


def test_a_person_whom_the_operator_adds_is_sent_a_first_mail_unless_asked_otherwise(desk: Desk) -> None:
    desk.now = datetime.now(UTC) + DAY  # the command line has no clock of ours
    desk.blog.run("subscribers", "add", "early@example.org", "--digest", "weekly")
    assert [mail["To"] for mail in singles(desk)] == ["early@example.org"]
    desk.blog.run("edition", "cut", "weekly")
    desk.blog.run("edition", "send")
    desk.blog.run("subscribers", "add", ADA, "--digest", "weekly")
    desk.blog.run("subscribers", "add", "quiet@example.org", "--digest", "weekly", "--no-welcome")
    desk.blog.run("edition", "send")
    assert sorted(str(mail["To"]) for mail in singles(desk)) == [ADA, "early@example.org", "early@example.org"]


def test_a_welcome_that_cannot_be_sent_comes_later_as_the_same(desk: Desk) -> None:
    desk.post(asked(desk))
    blocked = desk.blog.home / "mail"
    kept = desk.blog.home / "kept"
    blocked.rename(kept)
    blocked.write_text("not a folder", "utf-8")
    assert singles(desk) == []
    blocked.unlink()
    kept.rename(blocked)
    assert len(singles(desk)) == 1
    desk.now += timedelta(minutes=5)
    assert len(singles(desk)) == 2


def test_a_process_that_dies_while_sending_leaves_one_more_try_with_the_same_bytes(desk: Desk) -> None:
    """As in the ledger: nobody knows what became of what was begun."""
    desk.post(asked(desk))
    made = []
    for _ in range(2):
        with desk.store.write() as tx:
            mail = tx.single_mails.begin(desk.now, desk.now + HOUR)
        assert mail is not None
        made.append(single_mails.single_message(desk.store, desk.settings, mail))
        with desk.store.write() as tx:
            assert tx.single_mails.begin(desk.now, desk.now + HOUR) is None
        desk.now += HOUR
    assert made[0] == made[1]
    assert len(singles(desk)) == 1
