"""The form to subscribe is ours and fresh, wherever people began; other sites' forms only lead to it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from lxml import html as lxml_html

from digest.errors import ConfigurationError, UnknownError
from digest.mail import dns_records
from digest.mail.tokens import form_token, leave_token, read_form_token
from digest.model import DigestId, SubscriberId
from digest.service.people.forms import checked_return, foreign_form
from digest.web.application import application
from tests.integration.web.site import ADA, DAY, FORM, NOW, Desk, Reply, check_safe

if TYPE_CHECKING:
    from tests.conftest import Blog

BLOG = "https://blog.example.org/about?from=mail"
ROOT = Path(__file__).resolve().parents[3]
HOSTS = ("blog.example.org", "xn--fsqu00a.example")
FOREIGN = "/subscribe/from"
SECOND = timedelta(seconds=1)


def change(desk: Desk, **changes: object) -> None:
    signup = desk.settings.signup.model_copy(update=changes)
    desk.settings = desk.settings.model_copy(update={"signup": signup})
    desk._app = application(desk.store, desk.settings, now=lambda: desk.now)


@pytest.fixture
def linked(desk: Desk) -> Desk:
    change(desk, hosts=HOSTS)
    return desk


def field(reply: Reply, name: str) -> str:
    (found,) = reply.page.xpath("//form[@action='/subscribe']//input[@name=$name]", name=name)
    return str(found.get("value"))


def alert(reply: Reply) -> str:
    return " ".join(one.text_content() for one in reply.page.xpath("//*[@role='alert']"))


def asked(reply: Reply) -> bool:
    return reply.status == 200 and not reply.page.xpath("//main//form")


# --- the signed form ------------------------------------------------------------------------------


def test_the_form_of_our_page_is_accepted_after_two_seconds_and_for_a_day(desk: Desk) -> None:
    page = desk("/subscribe")
    signed = field(page, "form")
    assert read_form_token(desk.store.secret(), signed) == NOW
    for wait, accepted in (
        (0 * SECOND, False),
        (SECOND, False),
        (2 * SECOND, True),
        (DAY, True),
        (DAY + SECOND, False),
    ):
        desk.now = NOW + wait
        assert (
            asked(desk.post("/subscribe", address=f"at{wait.total_seconds():.0f}@example.org", form=signed)) is accepted
        )
    assert sorted(str(mail["To"]) for mail in desk.mailed()) == ["at2@example.org", "at86400@example.org"]


@pytest.mark.parametrize("after", [timedelta(), DAY + SECOND])
def test_who_is_too_quick_or_too_late_keeps_the_address_and_presses_once_more(linked: Desk, after: timedelta) -> None:
    signed = field(linked("/subscribe"), "form")
    linked.now += after
    fields = {"address": ADA, "digest": "daily", "choose": "yes", "return": BLOG}
    reply = linked.post("/subscribe", **fields, form=signed)
    assert (reply.status, reply.headers["cache-control"]) == (422, "no-store")
    assert alert(reply)
    assert (field(reply, "address"), field(reply, "return")) == (ADA, BLOG)
    assert reply.page.xpath("//input[@checked][@value='daily']")
    assert linked.mailed() == []

    linked.now += 2 * SECOND
    assert asked(linked.post("/subscribe", **fields, form=field(reply, "form")))
    assert len(linked.mailed()) == 1


@pytest.mark.parametrize("address", [ADA, "bob@example.org"])
def test_a_forged_form_asks_nothing(desk: Desk, address: str) -> None:
    desk.joined()
    secret, before = desk.store.secret(), desk.everything()
    forged = [
        "",
        "x",
        desk.signed()[:-2],
        f"{desk.signed()}=",
        form_token(b"another secret", desk.now),
        leave_token(secret, SubscriberId(1), DigestId("weekly")),
        form_token(secret, desk.now + DAY),  # from the future
        form_token(secret, desk.now - DAY - SECOND),
    ]
    replies = [desk.post("/subscribe", address=address, form=one) for one in forged]
    assert {reply.status for reply in replies} == {422}
    assert desk.everything() == before


def test_a_form_used_again_counts_like_any_other(desk: Desk) -> None:
    """It proves that a page was opened, and nothing about who opened it: the limits hold for each post."""
    signed = desk.signed()
    replies = [desk.post("/subscribe", address=f"{n}@example.org", form=signed).status for n in range(12)]
    assert replies == [200] * 10 + [429] * 2


def test_an_old_or_quick_form_says_the_same_to_everybody(desk: Desk) -> None:
    desk.joined()
    for age in (timedelta(), 2 * DAY):
        signed = desk.signed(age)
        known, unknown = (desk.post("/subscribe", address=one, form=signed) for one in (ADA, "eve@example.org"))
        assert (known.status, known.body.replace(ADA.encode(), b"")) == (
            unknown.status,
            unknown.body.replace(b"eve@example.org", b""),
        )


def test_the_trap_catches_before_anything_is_said_about_the_form(desk: Desk) -> None:
    assert (
        desk.post("/subscribe", address=ADA, form="", website="x").body
        == desk.post("/subscribe", address="b@example.org").body
    )


# --- forms on other sites -------------------------------------------------------------------------


def test_a_form_elsewhere_leads_to_ours_with_the_address_and_asks_nothing(linked: Desk) -> None:
    before = linked.everything()
    fields = urlencode({"address": " Ada@Example.ORG ", "digest": "daily", "return": BLOG}).encode()
    reply = linked(
        FOREIGN, "POST", fields, content_type=FORM, origin="https://blog.example.org", sec_fetch_site="cross-site"
    )
    assert reply.status == 200
    assert (reply.headers["cache-control"], reply.headers["x-robots-tag"]) == ("no-store", "noindex")
    check_safe(reply)
    assert (field(reply, "address"), field(reply, "return")) == ("Ada@example.org", BLOG)
    assert reply.page.xpath("//form//input[@checked]/@value") == ["daily", "yes"]
    assert linked.everything() == before

    linked.now += 2 * SECOND
    done = linked.post(
        "/subscribe", **{name: field(reply, name) for name in ("address", "form", "return")}, digest="daily"
    )
    assert asked(done)
    (back,) = done.page.xpath("//main//a")
    assert (back.get("href"), back.text_content()) == (BLOG, "返回 blog.example.org")
    assert len(linked.mailed()) == 1


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_post_of_another_site_to_our_own_form_only_shows_it(desk: Desk, site: str) -> None:
    """Somebody else's page cannot subscribe an address in a visitor's name, even with a form that is fresh."""
    body = urlencode({"address": ADA, "form": desk.signed()}).encode()
    reply = desk("/subscribe", "POST", body, content_type=FORM, sec_fetch_site=site)
    assert (reply.status, field(reply, "address")) == (200, ADA)
    assert desk.mailed() == []
    assert asked(desk("/subscribe", "POST", body, content_type=FORM, sec_fetch_site="same-origin", origin="null"))


@pytest.mark.parametrize(
    "written", ["ada", "<script>alert(1)</script>", "a@b\r\nBcc: eve@example.org", '"><b>@example.org']
)
def test_what_is_no_address_is_not_repeated(desk: Desk, written: str) -> None:
    for reply in (
        desk(FOREIGN, "POST", urlencode({"address": written, "digest": "<i>"}).encode(), content_type=FORM),
        desk(f"{FOREIGN}?{urlencode({'address': written})}"),
    ):
        assert (reply.status, field(reply, "address")) == (422, "")
        assert "eve@" not in reply.body.decode()
        assert "<script" not in reply.body.decode()
        check_safe(reply)
    assert desk.mailed() == []


def test_digests_that_are_not_ours_are_left_out(desk: Desk) -> None:
    for given in ("nothing", "weekly' OR 1=1", "../daily"):
        reply = desk.post(FOREIGN, address=ADA, digest=given)
        assert (reply.status, given in reply.body.decode()) == (200, False)
        assert reply.page.xpath("//form//input[@checked]/@value") == ["weekly", "yes"]


def test_without_an_address_or_without_signup_the_page_is_shown(desk: Desk) -> None:
    assert (desk.post(FOREIGN).status, alert(desk.post(FOREIGN)), desk(FOREIGN).status) == (200, "", 200)
    change(desk, open=False)
    reply = desk.post(FOREIGN, address=ADA)
    assert (reply.status, reply.page.xpath("//main//form")) == (200, [])


# --- the way back ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        "https://evil.example/",
        "//blog.example.org/",
        "\\\\blog.example.org/",
        "https:\\\\blog.example.org/",
        "https://evil.example\\@blog.example.org/",
        "https://blog.example.org\\.evil.example/",
        "https://blog.example.org@evil.example/",
        "https://ada@blog.example.org/",
        "https://ada:pw@blog.example.org/",
        "https://blog.example.org:443/",
        "https://blog.example.org:/",
        "https://blog.example.org/#top",
        "https://blog.example.org.evil.example/",
        "https://evil.example/?blog.example.org",
        "https://blog.example.org./",
        "https://.blog.example.org/",
        "https://bl\u043eg.example.org/",
        "https://例.example/",
        "https://blog.example.org/\r\nSet-Cookie: a=b",
        "https://blog.example.org/\x00",
        'https://blog.example.org/"><script>',
        "https:blog.example.org",
        "https:///blog.example.org/",
        "javascript:alert(1)//blog.example.org",
        "data:text/html,blog.example.org",
        "ftp://blog.example.org/",
        "/about",
        "blog.example.org",
        f"https://blog.example.org/{'a' * 2_000}",
    ],
)
def test_a_way_back_that_is_not_at_a_host_of_ours_is_no_link(written: str) -> None:
    assert checked_return(written, HOSTS) == ("", "")


def test_a_page_links_back_only_to_the_hosts_of_the_configuration(linked: Desk) -> None:
    replies = []
    for hosts, back in (((), BLOG), (("blog.example.org",), "https://evil.example/"), (("blog.example.org",), "")):
        change(linked, hosts=hosts)
        arrived = linked.post(FOREIGN, **{"address": ADA, "return": back})
        assert not arrived.page.xpath("//input[@name='return']")
        replies.append(linked.post("/subscribe", **{"address": ADA, "return": back}))
    assert {reply.body for reply in replies} == {replies[0].body}
    assert replies[0].page.xpath("//main//a") == []
    assert "location" not in replies[0].headers


@pytest.mark.parametrize(
    "back", ["http://blog.example.org", "https://BLOG.example.org?x=1&y=%E5%B1%B1", "https://xn--fsqu00a.example/a/"]
)
def test_a_way_back_is_linked_as_it_is_written(linked: Desk, back: str) -> None:
    reply = linked.post("/subscribe", **{"address": ADA, "return": back})
    assert reply.page.xpath("//main//a/@href") == [back]


# --- domains --------------------------------------------------------------------------------------


class Domains(dns_records.MailDomains):
    """Domains of which none takes mail but example.org, and those that end like a host, which takes their mail."""

    def take_mail(self, domain: str) -> bool:
        return domain == "example.org" or self.host_of(domain) != ""

    def host_of(self, domain: str) -> str:
        _, _, host = domain.partition(".at-")
        return host


def test_a_domain_without_mail_is_named_and_nothing_is_sent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns_records, "MAIL_DOMAINS", Domains())
    change(desk, mx=True)
    desk.joined("ada@gmial.com")
    before = desk.everything()
    replies = [desk.post("/subscribe", address=one) for one in ("ada@gmial.com", "eve@Gmial.com")]
    assert [reply.status for reply in replies] == [422, 422]
    assert len({alert(reply) for reply in replies}) == 1
    assert "gmial.com" in alert(replies[0])
    assert "gmail.com" in alert(replies[0])
    assert field(replies[0], "address") == "ada@gmial.com"
    assert alert(desk.post("/subscribe", address="a@nothing.like.these.example")).count("?") == 0
    assert desk.everything() == before
    assert asked(desk.post("/subscribe", address=ADA))


def test_where_the_setting_says_so_no_name_server_is_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns_records, "MAIL_DOMAINS", Domains())
    assert asked(desk.post("/subscribe", address="a@null.example"))


def test_an_attacker_locks_nobody_out_of_a_large_provider_as_cheaply_as_out_of_a_small_domain(desk: Desk) -> None:
    change(desk, per_domain=2, per_network=100)
    for domain, accepted in (("example.org", 2), ("gmail.com", 10), ("qq.com", 10)):
        replies = [desk.post("/subscribe", address=f"{n}@{domain}").status for n in range(12)]
        assert replies == [200] * accepted + [429] * (12 - accepted)


@pytest.mark.parametrize(
    ("host", "accepted"), [("mx.example.net", 2), ("mxbiz1.qq.com", 10), ("aspmx.l.google.com", 10)]
)
def test_domains_of_one_provider_have_one_limit(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, host: str, accepted: int
) -> None:
    monkeypatch.setattr(dns_records, "MAIL_DOMAINS", Domains())
    change(desk, mx=True, per_domain=2, per_network=100)
    replies = [desk.post("/subscribe", address=f"ada@d{n}.at-{host}").status for n in range(12)]
    assert replies == [200] * accepted + [429] * (12 - accepted)
    assert asked(desk.post("/subscribe", address="ada@d1.at-mx.other.example"))


def test_where_no_name_server_answers_each_domain_is_counted_by_itself(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = dns_records.MailDomains(clock=lambda: 0.0)
    silent._asked = lambda domain: None  # type: ignore[method-assign]
    monkeypatch.setattr(dns_records, "MAIL_DOMAINS", silent)
    change(desk, mx=True, per_domain=1, per_network=100)
    assert [desk.post("/subscribe", address=f"ada@d{n}.example").status for n in range(4)] == [200] * 4
    assert desk.post("/subscribe", address="bob@d1.example").status == 429


def test_the_spellings_of_one_mailbox_get_three_mails_a_day(desk: Desk) -> None:
    change(desk, per_network=100)
    victims = ["ada.l@gmail.com", "adal+1@gmail.com", "a.dal@gmail.com", "AdaL+2@gmail.com", "a.d.a.l+x+y@gmail.com"]
    replies = [desk.post("/subscribe", address=one) for one in victims]
    assert all(map(asked, replies))
    desk.post("/subscribe", address="adals@gmail.com")
    desk.post("/subscribe", address="adal@gmail.example")
    assert sorted(str(mail["To"]) for mail in desk.mailed()) == sorted(
        [*victims[:3], "adals@gmail.com", "adal@gmail.example"]
    )
    desk.now += DAY + SECOND
    desk.post("/subscribe", address=victims[3])
    assert len(desk.mailed()) == 6


def test_a_hundred_posts_of_other_sites_reach_no_victim(desk: Desk) -> None:
    desk.settings = desk.settings.model_copy(
        update={"web": desk.settings.web.model_copy(update={"proxies": ("127.0.0.1/32",)})}
    )
    change(desk)
    before = desk.everything()
    replies = {desk.post(FOREIGN, f"198.51.{n}.7", address=ADA).status for n in range(100)}
    assert replies == {200}
    assert desk.everything() == before


# --- the form for one's own site ------------------------------------------------------------------


def test_the_command_prints_a_form_that_leads_here(linked: Desk) -> None:
    form = foreign_form(linked.settings, ["daily"], BLOG)
    assert "script" not in form
    (made,) = lxml_html.fragments_fromstring(form.strip())
    assert (made.get("action"), made.get("method")) == ("https://digest.example.org/subscribe/from", "post")
    fields = {one.get("name"): one.get("value") or ADA for one in made.iter("input")}
    reply = linked.post(made.get("action").removeprefix("https://digest.example.org"), **fields)
    assert (field(reply, "address"), field(reply, "return")) == (ADA, BLOG)
    assert reply.page.xpath("//form//input[@checked]/@value") == ["daily", "yes"]


def test_the_documented_form_is_the_printed_one(linked: Desk) -> None:
    documented = (ROOT / "docs" / "subscribers.md").read_text("utf-8")
    english = linked.settings.model_copy(update={"language": "en"})
    assert f"```html\n{foreign_form(english, ['weekly'], 'https://blog.example.org/about')}```\n" in documented


def test_a_form_that_cannot_work_is_not_printed(linked: Desk) -> None:
    with pytest.raises(UnknownError, match="no digest 'nothing'"):
        foreign_form(linked.settings, ["nothing"], "")
    with pytest.raises(ConfigurationError, match=r"^signup\.hosts: 'https://evil\.example/'"):
        foreign_form(linked.settings, [], "https://evil.example/")
    change(linked, open=False)
    with pytest.raises(ConfigurationError, match=r"^signup\.open: "):
        foreign_form(linked.settings, [], "")


def test_the_preview_shows_the_form_and_its_html(filled: Blog) -> None:
    form = filled.run("subscribers", "form")
    preview = filled.home / "preview.html"
    made = json.loads(filled.run("subscribers", "form", "-o", str(preview), "--json"))
    page = lxml_html.document_fromstring(preview.read_text("utf-8"))
    assert page.xpath("//pre")[0].text_content() == form
    assert page.xpath("//form/@action") == ["https://digest.example.org/subscribe/from"]
    assert made == {"html": form, "preview": str(preview)}
