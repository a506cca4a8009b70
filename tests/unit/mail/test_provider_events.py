"""What each provider's events mean, and which header makes it report the Message-ID."""

from __future__ import annotations

import json
from typing import Any

import pytest

from digest.mail.receiving.provider_events import MEANINGS, Meaning, events
from digest.mail.receiving.provider_payloads import Provider, carriers
from tests.unit.mail import webhooks
from tests.unit.mail.webhooks import (
    FULL,
    GMAIL,
    READER,
    UNSIGNED,
    brevo,
    mailgun,
    postmark,
    resend,
    sendgrid_event,
    ses,
)

SES, MAILGUN, POSTMARK = Provider.SES, Provider.MAILGUN, Provider.POSTMARK
SENDGRID, BREVO, RESEND = Provider.SENDGRID, Provider.BREVO, Provider.RESEND
OUR_SENDER = "550 5.1.0 <digest@example.org>: Sender address rejected"
OURS = ("digest@example.org",)
OTHERS: tuple[Any, ...] = (None, [], {}, [[]], 7, "x")

MEANT: list[tuple[Provider, Any, str]] = [
    (SES, ses(), "hard 5.1.1"),
    (SES, ses(name="eventType"), "hard 5.1.1"),
    (SES, ses(words=f"smtp; {UNSIGNED}", status="5.7.26"), "refused 5.7.26"),
    (SES, ses(words=f"smtp; {OUR_SENDER}", status="5.1.0"), "refused 5.1.0"),
    (SES, ses(sub="NoEmail", status=""), "hard "),
    (SES, ses(status=""), "soft "),
    (SES, ses(sub="Suppressed"), "soft 5.1.1"),  # Amazon did not try the recipient's server
    (SES, ses(sub="OnAccountSuppressionList"), "soft 5.1.1"),
    (SES, ses(kind="Transient", sub="MailboxFull", words=f"smtp; {FULL}", status="5.2.2"), "soft 5.2.2"),
    (SES, ses(kind="Transient", status=""), "delayed "),  # which away notes look like
    (SES, ses(kind="Transient", sub="ContentRejected", status=""), "refused "),
    (SES, ses(kind="Undetermined", sub="Undetermined", status=""), "delayed "),
    (SES, ses("Complaint"), "complaint "),
    (SES, ses("Complaint", feedback="not-spam"), ""),
    (SES, ses("DeliveryDelay"), "delayed 4.4.1"),
    (SES, ses("Reject"), "refused "),
    (SES, ses("Delivery"), ""),
    (MAILGUN, mailgun(), "hard 5.1.1"),
    (MAILGUN, mailgun(enhanced=""), "hard 5.1.1"),
    (MAILGUN, mailgun(words=FULL, enhanced="5.2.2"), "soft 5.2.2"),
    (
        MAILGUN,
        mailgun(reason="suppress-bounce", words="Not delivering to previously bounced address", enhanced=""),
        "soft ",
    ),
    (MAILGUN, mailgun(reason="suppress-complaint", words="Not delivering", enhanced=""), "complaint "),
    (MAILGUN, mailgun(words=OUR_SENDER, enhanced="5.1.0"), "refused 5.1.0"),
    (MAILGUN, mailgun(severity="temporary", reason="generic", words="No MX", enhanced=""), "delayed "),
    (MAILGUN, mailgun("complained"), "complaint "),
    (MAILGUN, mailgun("unsubscribed"), ""),
    (MAILGUN, mailgun("opened"), ""),
    (POSTMARK, postmark(), "hard 5.1.1"),
    (POSTMARK, postmark(words="The server was unable to deliver"), "soft "),
    (POSTMARK, postmark("BadEmailAddress", ""), "hard "),
    (POSTMARK, postmark("SoftBounce", f"smtp;{FULL}"), "soft 5.2.2"),
    (POSTMARK, postmark("Transient", "smtp;451 4.7.1 greylisted"), "delayed 4.7.1"),
    (POSTMARK, postmark("AutoResponder", "I am away. 550 5.1.1 user unknown"), ""),
    (POSTMARK, postmark("ChallengeVerification", ""), ""),
    (POSTMARK, postmark("AddressChange", ""), ""),
    (POSTMARK, postmark("Blocked", f"smtp;{GMAIL}"), "refused 5.1.1"),
    (POSTMARK, postmark("DMARCPolicy", ""), "refused "),
    (POSTMARK, postmark("SpamComplaint", "", "SpamComplaint"), "complaint "),
    (SENDGRID, sendgrid_event(), "hard 5.1.1"),
    (SENDGRID, sendgrid_event(status="", reason="Invalid"), "hard "),
    (SENDGRID, sendgrid_event(status="5.0.0", reason="550 no", bounce_classification="Unclassified"), "soft 5.0.0"),
    (SENDGRID, sendgrid_event(type="blocked", bounce_classification="Reputation"), "refused 5.1.1"),
    (SENDGRID, sendgrid_event(type="blocked", bounce_classification="Mailbox Unavailable"), "soft 5.1.1"),
    (SENDGRID, sendgrid_event(reason=OUR_SENDER, status="5.1.0"), "refused 5.1.0"),
    (SENDGRID, sendgrid_event("dropped", reason="Spam Reporting Address"), "complaint "),
    (SENDGRID, sendgrid_event("dropped", reason="Bounced Address"), "soft "),
    (SENDGRID, sendgrid_event("dropped", reason="Unsubscribed Address"), ""),
    (SENDGRID, sendgrid_event("deferred", response="451 4.7.1 slow down"), "delayed 4.7.1"),
    (SENDGRID, sendgrid_event("spamreport"), "complaint "),
    (SENDGRID, sendgrid_event("open"), ""),
    (BREVO, brevo(), "hard 5.1.1"),
    (BREVO, brevo(words=" RecipientError: 550 5.5.0 Requested action not taken: mailbox unavailable."), "soft 5.5.0"),
    (BREVO, brevo("soft_bounce", FULL), "soft 5.2.2"),
    (BREVO, brevo("soft_bounce", GMAIL), "soft 5.1.1"),
    (BREVO, brevo("invalid_email", ""), "hard "),
    (BREVO, brevo("blocked", "blocked : due to blacklist user"), "refused "),
    (BREVO, brevo("deferred", GMAIL), "delayed 5.1.1"),
    (BREVO, brevo("error", "no quota left"), "refused "),
    (BREVO, brevo("spam", ""), "complaint "),
    (BREVO, brevo("complaint", ""), "complaint "),
    (BREVO, brevo("unique_opened", ""), ""),
    (RESEND, resend(), "hard 5.1.1"),
    (RESEND, resend(words="The recipient's email address is on the suppression list", sub="Suppressed"), "soft "),
    (RESEND, resend(words="The recipient's provider sent a hard bounce message"), "soft "),
    (RESEND, resend(kind="Transient", words="try later"), "delayed "),
    (RESEND, resend("email.complained"), "complaint "),
    (RESEND, resend("email.delivery_delayed"), "delayed "),
    (RESEND, resend("email.failed"), "refused "),
    (RESEND, resend("email.opened"), ""),
]


@pytest.mark.parametrize(("provider", "payload", "meant"), MEANT)
def test_an_event_means_what_its_provider_says_as_far_as_the_servers_words_bear_it_out(
    provider: Provider, payload: Any, meant: str
) -> None:
    found = [f"{one.report.kind} {one.report.status}" for one in events(provider, payload, "request-7", OURS)]
    assert found == ([meant] if meant else [])


@pytest.mark.parametrize("provider", Provider)
def test_an_event_names_its_subscriber_its_own_number_and_the_message_id(provider: Provider) -> None:
    (one,) = events(provider, webhooks.BOUNCED[provider](message_id="<w.abc@example.org>"), "request-7")
    assert one.recipient == READER
    assert one.number
    assert "<w.abc@example.org>" in one.message_ids
    (again,) = events(provider, webhooks.BOUNCED[provider](message_id="<w.abc@example.org>"), "request-7")
    assert again.number == one.number


@pytest.mark.parametrize("provider", Provider)
def test_what_is_not_of_the_documented_shape_is_passed_over(provider: Provider) -> None:
    nonsense: list[Any] = [
        None,
        7,
        "x",
        [],
        [1, None, []],
        {},
        {"event-data": []},
        {"data": [], "type": "email.bounced"},
    ]
    whole = webhooks.BOUNCED[provider]()
    for name in whole if isinstance(whole, dict) else []:
        nonsense += [whole | {name: other} for other in OTHERS]
    for payload in nonsense:
        assert len(events(provider, payload, "request-7")) <= 1


def test_every_meaning_is_used_and_every_name_is_in_small_letters() -> None:
    used = {meaning for table in MEANINGS.values() for meaning in table.values()}
    assert used == set(Meaning)
    assert set(MEANINGS) == set(Provider)
    assert all(name == name.lower() and "/" in name for table in MEANINGS.values() for name in table)


def test_a_batch_is_bounded() -> None:
    assert len(events(SENDGRID, sendgrid_event() * 5000)) == 2000


@pytest.mark.parametrize("provider", Provider)
def test_a_header_carries_the_message_id(provider: Provider) -> None:
    ((name, value),) = carriers([provider], "<weekly.2026-W47.0123@example.org>").items()
    assert name.isascii()
    assert "<weekly.2026-W47.0123@example.org>" in value
    if value.startswith("{"):
        assert json.loads(value)
