"""Providers' events at /hooks: about a mail that was sent, authenticated, once, and off by default."""

from __future__ import annotations

import email
import json
from datetime import timedelta
from email import policy
from typing import TYPE_CHECKING, Any

import pytest

from digest.app import opened
from digest.errors import ConfigurationError, StoreError
from digest.mail.receiving.provider_payloads import Provider, carriers
from digest.mail.tokens import bounce_token
from digest.model import BounceKind
from digest.service.bounces import lifting
from digest.service.people import subscribers
from digest.settings import load
from digest.web.application import application
from tests.integration.web.site import Reply, Site
from tests.unit.mail import webhooks
from tests.unit.mail.webhooks import NOW, READER, Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Article, Blog, Prepare

HOOKS = f"""
[hooks]
ses_topics = ["{webhooks.TOPIC}"]
mailgun_key = "{webhooks.MAILGUN_KEY}"
postmark_secret = "{webhooks.PATH_SECRET}"
sendgrid_key = "{webhooks.sendgrid()[1]}"
brevo_secret = "{webhooks.PATH_SECRET}"
resend_secret = "{webhooks.RESEND_SECRET}"
"""


class Hooked(Site):
    """A site to which providers report events, and its requests to Amazon."""

    def __init__(self, store: Any, settings: Any, blog: Blog) -> None:
        super().__init__(store, settings)
        self.now, self.away = NOW, False
        self.fetched: list[str] = []
        self._app = application(store, settings, now=lambda: self.now, fetch=self._fetch)
        self.mails = {
            str(mail["To"]): mail
            for mail in (email.message_from_bytes(raw, policy=policy.compat32) for raw in blog.mails())
        }

    def _fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        if self.away:
            raise TimeoutError("timed out")
        return webhooks.amazon()[1]

    def post(self, request: Request, **changed: str) -> Reply:
        headers = {name.replace("-", "_"): value for name, value in (request.headers | changed).items()}
        return self(request.path, "POST", request.raw, **headers)

    def message_id(self, reader: str = READER) -> str:
        return str(self.mails[reader]["Message-ID"])

    def counts(self) -> dict[BounceKind, int]:
        with self.store.read() as tx:
            return tx.bounces.counts()

    def ignored(self) -> dict[str, int]:
        with self.store.read() as tx:
            return tx.bounces.ignored()

    def ada(self) -> Any:
        with self.store.read() as tx:
            return tx.subscribers.find(READER)


@pytest.fixture
def hooked(blog: Blog, article: type[Article], request: pytest.FixtureRequest, prepared: Prepare) -> Iterator[Hooked]:
    """A site with all providers on, whose edition went to Ada and Bob."""
    config = blog.home / "digest.toml"

    def fill() -> None:
        blog.search("page.txt", article("甲", body=("第一段,说的是这篇文章为什么要写。",)))
        for reader in (READER, "bob@example.org"):
            blog.run("subscribers", "add", reader)
        blog.refresh()
        blog.run("edition", "cut")
        blog.run("edition", "send")

    with config.open("a", encoding="utf-8") as file:
        file.write(getattr(request, "param", HOOKS))
    if hasattr(request, "param"):
        fill()
    else:
        prepared(blog.home, fill)
    settings = load(config)
    with opened(settings) as store:
        yield Hooked(store, settings, blog)


@pytest.mark.parametrize("provider", Provider)
def test_a_bounce_and_a_complaint_count_once_however_often_they_are_reported(
    hooked: Hooked, provider: Provider
) -> None:
    bounced = webhooks.BY[provider](webhooks.BOUNCED[provider](message_id=hooked.message_id()))
    for _ in range(3):
        assert hooked.post(bounced).status == 200
    assert hooked.counts() == {BounceKind.HARD: 1}

    complained = webhooks.BY[provider](webhooks.complained(provider, hooked.message_id()))
    if provider in {Provider.RESEND, Provider.MAILGUN}:  # which number requests, not events
        other = {Provider.RESEND: {"number": "msg_2"}, Provider.MAILGUN: {"token": "u" * 50}}[provider]
        complained = webhooks.BY[provider](webhooks.complained(provider, hooked.message_id()), **other)
    if provider is Provider.SENDGRID:
        (event,) = webhooks.complained(provider, hooked.message_id())
        complained = webhooks.by_sendgrid([event | {"sg_event_id": "another"}])
    assert hooked.post(complained).status == 200
    assert hooked.counts() == {BounceKind.HARD: 1, BounceKind.COMPLAINT: 1}
    assert hooked.ada().suppressed
    assert hooked.ada().digests == ()

    lifting.lift(hooked.store, lifting.ChosenPeople([READER]), now=hooked.now)
    assert hooked.post(complained).status == 200
    assert hooked.ada().suppressed == ""
    assert hooked.ignored() == {}


@pytest.mark.parametrize("provider", Provider)
def test_what_is_not_the_providers_changes_nothing(hooked: Hooked, provider: Provider) -> None:
    request = webhooks.BY[provider](webhooks.BOUNCED[provider](message_id=hooked.message_id()))
    if provider in {Provider.POSTMARK, Provider.BREVO}:
        refused = [
            hooked.post(Request(f"/hooks/{provider}{path}", request.raw))
            for path in (
                "",
                "/",
                "/x",
                f"/{webhooks.PATH_SECRET}x",
                f"/{webhooks.PATH_SECRET.upper()}",
            )
        ]
        assert {reply.status for reply in refused} == {404}
    else:
        forged = request.raw.replace(b"0", b"1")
        assert forged != request.raw
        assert hooked.post(Request(request.path, forged, request.headers)).status == 403
        bare = json.loads(request.raw)
        if isinstance(bare, dict):
            bare.pop("signature", None)
            bare.pop("Signature", None)
        assert hooked.post(Request(request.path, json.dumps(bare).encode())).status == 403
    assert hooked.counts() == hooked.ignored() == {}
    assert hooked.post(Request(request.path, b"{")).status == 400
    assert hooked.post(Request(request.path, b"[" * 100_000)).status == 400
    assert hooked.post(Request(request.path, b" " * (1024**2 + 1))).status == 413
    assert hooked(request.path).status == 405
    assert hooked.post(request).status == 200


@pytest.mark.parametrize("provider", Provider)
def test_an_address_without_its_own_message_id_is_nobody(hooked: Hooked, provider: Provider) -> None:
    for message_id in (hooked.message_id("bob@example.org"), "<other.0123@example.org>", ""):
        payload = webhooks.complained(provider, message_id)
        request = webhooks.BY[provider](payload, token=f"{message_id:>50}") if provider is Provider.MAILGUN else None
        assert hooked.post(request or webhooks.BY[provider](payload)).status == 200
    assert hooked.counts() == {}
    assert hooked.ignored() == {f"{provider}: of no mail of ours": 3}
    assert hooked.ada().digests == ("weekly",)


@pytest.mark.parametrize("provider", Provider)
def test_an_event_that_the_store_cannot_take_is_reported_again_by_the_provider(
    hooked: Hooked, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    request = webhooks.BY[provider](webhooks.BOUNCED[provider](message_id=hooked.message_id()))
    with monkeypatch.context() as broken:
        broken.setattr("digest.store.mailing.bounces.Bounces.add", full)
        assert hooked.post(request).status == 503
    assert hooked.post(request).status == 200
    assert hooked.counts() == {BounceKind.HARD: 1}


@pytest.mark.parametrize("hooked", [""], indirect=True)
def test_nobody_is_on_unless_configured_and_no_mail_says_more(hooked: Hooked) -> None:
    for provider in Provider:
        assert hooked.post(webhooks.BY[provider](webhooks.BOUNCED[provider]())).status == 404
        ((name, _),) = carriers([provider], "").items()
        assert hooked.mails[READER][name] is None


def test_a_mail_carries_its_message_id_for_each_provider(hooked: Hooked) -> None:
    wanted = carriers(list(Provider), hooked.message_id())
    assert {name: hooked.mails[READER][name] for name in wanted} == wanted


@pytest.mark.parametrize("hooked", [HOOKS + '[bounces]\naddress = "bounces@digest.example.org"\n'], indirect=True)
def test_the_envelope_sender_that_amazon_reports_is_enough(hooked: Hooked) -> None:
    with hooked.store.read() as tx:
        (key,) = [made.edition.key for made in tx.editions.editions()]
    token = bounce_token(hooked.store.secret(), hooked.ada().subscriber.id, key)
    payload = webhooks.ses(source=f"bounces+{token}@digest.example.org", message_id="<replaced@eu-west-1.example>")
    assert hooked.post(webhooks.by_ses(payload)).status == 200
    assert hooked.counts() == {BounceKind.HARD: 1}


# --- Amazon ---------------------------------------------------------------------------------------


def test_a_subscription_of_a_known_topic_is_confirmed_and_no_other(hooked: Hooked) -> None:
    asked = {"Type": "SubscriptionConfirmation", "SubscribeURL": webhooks.SUBSCRIBE_URL, "Token": "2336412f37"}
    assert hooked.post(webhooks.by_ses("You have chosen to subscribe to the topic.", **asked)).status == 200
    assert hooked.fetched == [webhooks.CERTIFICATE_URL, webhooks.SUBSCRIBE_URL]

    elsewhere = asked | {"SubscribeURL": webhooks.SUBSCRIBE_URL.replace("sns.eu", "evil.example/sns.eu")}
    assert hooked.post(webhooks.by_ses("You have chosen …", **elsewhere)).status == 403
    assert hooked.post(webhooks.by_ses(webhooks.ses(), TopicArn=webhooks.TOPIC + "2")).status == 403
    assert hooked.post(webhooks.by_ses(webhooks.ses(), SigningCertURL="https://evil.example/x.pem")).status == 403
    assert (
        hooked.post(webhooks.by_ses("words", Type="UnsubscribeConfirmation", **dict(list(asked.items())[1:]))).status
        == 200
    )
    assert hooked.fetched == [webhooks.CERTIFICATE_URL, webhooks.SUBSCRIBE_URL]


def test_a_certificate_is_fetched_once_a_day_and_not_in_a_row_where_there_is_none(hooked: Hooked) -> None:
    request = webhooks.by_ses(webhooks.ses(message_id=hooked.message_id()), version="2")
    hooked.away = True
    assert [hooked.post(request).status for _ in range(3)] == [503] * 3
    assert len(hooked.fetched) == 1

    hooked.away, hooked.now = False, NOW + timedelta(minutes=11)
    assert [hooked.post(request).status for _ in range(3)] == [200] * 3
    assert len(hooked.fetched) == 2
    hooked.now += timedelta(days=1)
    assert hooked.post(request).status == 200
    assert len(hooked.fetched) == 3
    assert hooked.counts() == {BounceKind.HARD: 1}


def test_a_confirmation_that_cannot_be_fetched_is_asked_again(hooked: Hooked) -> None:
    asked = {"Type": "SubscriptionConfirmation", "SubscribeURL": webhooks.SUBSCRIBE_URL, "Token": "2336412f37"}
    request = webhooks.by_ses("You have chosen …", **asked)
    assert hooked.post(webhooks.by_ses("Successfully validated SNS topic")).status == 200
    hooked.away = True
    assert hooked.post(request).status == 503
    hooked.away = False
    assert hooked.post(request).status == 200


# --- the others -----------------------------------------------------------------------------------


def test_a_signature_of_mailgun_is_good_for_one_event(hooked: Hooked) -> None:
    assert hooked.post(webhooks.by_mailgun(webhooks.mailgun("opened"))).status == 200
    assert hooked.post(webhooks.by_mailgun(webhooks.complained(Provider.MAILGUN, hooked.message_id()))).status == 403
    assert hooked.counts() == {}


def test_a_batch_of_sendgrid_is_taken_in_parts(hooked: Hooked) -> None:
    (event,) = webhooks.sendgrid_event("deferred", message_id=hooked.message_id(), response="451 4.7.1 slow down")
    batch = [event | {"sg_event_id": f"event-{number}"} for number in range(120)]
    assert hooked.post(webhooks.by_sendgrid(batch)).status == 200
    assert hooked.counts() == {BounceKind.DELAYED: 50}  # no more is kept of one mail


def test_an_erased_reader_is_nobody(hooked: Hooked) -> None:
    message_id = hooked.message_id()
    subscribers.erase(hooked.store, READER, now=NOW)
    assert hooked.post(webhooks.by_postmark(webhooks.postmark(message_id=message_id))).status == 200
    assert hooked.counts() == {}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ('postmark_secret = "short"', "hooks.postmark_secret: has fewer than 16 characters"),
        ('brevo_secret = "a secret/with a path"', "hooks.brevo_secret: has characters other than"),
        ('resend_secret_file = "nowhere"', "nowhere: cannot be read, or is empty"),
    ],
)
def test_a_secret_that_is_none_is_named(blog: Blog, given: str, problem: str) -> None:
    config = blog.home / "digest.toml"
    config.write_text(config.read_text("utf-8") + f"[hooks]\n{given}\n", "utf-8")
    with opened(load(config)) as store, pytest.raises(ConfigurationError, match=problem):
        application(store, load(config), now=lambda: NOW)
    assert problem.rpartition(": ")[2] in blog.run("check", code=1)


def test_a_secret_may_stand_in_the_environment(blog: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_HOOKS_MAILGUN_KEY", webhooks.MAILGUN_KEY)
    settings = load(blog.home / "digest.toml")
    assert settings.hooks.on() == ("mailgun",)
    assert webhooks.MAILGUN_KEY not in repr(settings)


def test_a_secret_may_stand_in_a_file_and_check_says_where_providers_report(blog: Blog) -> None:
    config = blog.home / "digest.toml"
    (blog.home / "secret").write_text(f"{webhooks.PATH_SECRET}\n", "utf-8")
    config.write_text(config.read_text("utf-8") + '[hooks]\nbrevo_secret_file = "secret"\n', "utf-8")
    said = blog.run("check")
    assert "ok    hooks: accepted at https://digest.example.org/hooks/brevo/SECRET" in said
    assert webhooks.PATH_SECRET not in said
