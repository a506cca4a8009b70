"""Whether a signature is a provider's: any other byte, key, time or place is refused."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from digest.mail.receiving.provider_events import (
    certificate_url,
    signed_by_amazon,
    signed_by_mailgun,
    signed_by_sendgrid,
    signed_by_svix,
    subscribe_url,
)
from tests.unit.mail import webhooks
from tests.unit.mail.webhooks import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = timedelta(days=1)


@pytest.mark.parametrize("version", ["1", "2"])
def test_amazon_signs_with_either_version(version: str) -> None:
    message = json.loads(webhooks.by_ses(webhooks.ses(), version=version).raw)
    assert signed_by_amazon(message, webhooks.amazon()[1], NOW)
    for name in ("Message", "MessageId", "Subject", "Timestamp", "TopicArn"):
        assert not signed_by_amazon(message | {name: message[name] + "x"}, webhooks.amazon()[1], NOW)
    other = "2" if version == "1" else "1"
    for wrong in ({"SignatureVersion": other}, {"SignatureVersion": "3"}, {"Signature": "%"}, {"Type": "Other"}):
        assert not signed_by_amazon(message | wrong, webhooks.amazon()[1], NOW)


def test_a_certificate_that_is_none_or_another_or_of_another_time_proves_nothing() -> None:
    message = json.loads(webhooks.by_ses(webhooks.ses()).raw)
    key = webhooks.amazon()[0]
    assert not signed_by_amazon(message, b"", NOW)
    assert not signed_by_amazon(message, webhooks.certificate(rsa.generate_private_key(65537, 2048)), NOW)
    assert not signed_by_amazon(message, webhooks.certificate(key, until=NOW - DAY), NOW)
    assert not signed_by_amazon(message, webhooks.certificate(key), NOW - 400 * DAY)
    assert not signed_by_amazon(
        message,
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        NOW,
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0123.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0123.pem",
        "https://evil@sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0123.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem",
        "https://sns.evil.example/SimpleNotificationService-0123.pem",
        "https://sns.amazonaws.com/SimpleNotificationService-0123.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123.pem",  # another region than the topic's
        "https://xsns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem",
        "https://s3.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem",
        "https://sns.eu-west-1.amazonaws.com/bucket/SimpleNotificationService-0123.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem?x=y",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem#x",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-../x.pem",
        "https://sns.eu-west-1.amazonaws.com\\@evil.example/SimpleNotificationService-0123.pem",
        "https://sns.eu-west-1.amazonaws.com\n/SimpleNotificationService-0123.pem",
        "https://[::1/SimpleNotificationService-0123.pem",
        "",
    ],
)
def test_a_certificate_comes_from_amazon_or_from_nowhere(url: str) -> None:
    assert certificate_url({"SigningCertURL": url, "TopicArn": webhooks.TOPIC}) is None


def test_amazons_own_places_are_known() -> None:
    assert (
        certificate_url({"SigningCertURL": webhooks.CERTIFICATE_URL, "TopicArn": webhooks.TOPIC})
        == webhooks.CERTIFICATE_URL
    )
    asked = {
        "SubscribeURL": webhooks.SUBSCRIBE_URL,
        "TopicArn": webhooks.TOPIC,
        "Token": "2336412f37",
    }
    assert subscribe_url(asked) == webhooks.SUBSCRIBE_URL
    assert subscribe_url(asked | {"Token": "other"}) is None
    assert subscribe_url(asked | {"TopicArn": webhooks.TOPIC + "2"}) is None
    for wrong in (("Confirm", "Delete"), ("sns.eu", "evil.example/sns.eu"), ("https", "http")):
        assert subscribe_url(asked | {"SubscribeURL": webhooks.SUBSCRIBE_URL.replace(*wrong)}) is None


def test_mailgun_signs_its_moment_and_a_token() -> None:
    signature = json.loads(webhooks.by_mailgun({}).raw)["signature"]
    assert signed_by_mailgun(signature, webhooks.MAILGUN_KEY, NOW)
    assert signed_by_mailgun(signature, webhooks.MAILGUN_KEY, NOW + timedelta(hours=9))  # tried again for eight hours
    assert not signed_by_mailgun(signature, webhooks.MAILGUN_KEY, NOW + 2 * DAY)
    assert not signed_by_mailgun(signature, webhooks.MAILGUN_KEY, NOW - 2 * DAY)
    assert not signed_by_mailgun(signature, "another key", NOW)
    assert not signed_by_mailgun({}, webhooks.MAILGUN_KEY, NOW)
    of_a_subaccount = signature | {"signature": "0" * 64, "parent-signature": signature["signature"]}
    assert signed_by_mailgun(of_a_subaccount, webhooks.MAILGUN_KEY, NOW)
    for name in signature:
        assert not signed_by_mailgun(signature | {name: "1" + signature[name]}, webhooks.MAILGUN_KEY, NOW)
        assert not signed_by_mailgun(signature | {name: ""}, webhooks.MAILGUN_KEY, NOW)


def test_resend_signs_number_moment_and_body_and_not_for_long() -> None:
    request = webhooks.by_resend(webhooks.resend())

    def holds(change: Callable[[dict[str, str]], dict[str, str]], raw: bytes = request.raw, late: int = 0) -> bool:
        moment = NOW + timedelta(seconds=late)
        return signed_by_svix(change(request.headers), raw, webhooks.RESEND_SECRET, moment)

    assert holds(lambda given: given)
    assert holds(lambda given: given, late=299)
    assert not holds(lambda given: given, late=301)
    assert not holds(lambda given: given, late=-301)
    assert not holds(lambda given: given, request.raw + b" ")
    for name in request.headers:
        assert not holds(lambda given, name=name: given | {name: ""})  # type: ignore[misc] # a loop's variable
        assert not holds(lambda given, name=name: given | {name: given[name] + "1"})  # type: ignore[misc]
    assert not signed_by_svix(request.headers, request.raw, "whsec_%%%", NOW)
    assert not signed_by_svix(request.headers, request.raw, "whsec_AAAA" + webhooks.RESEND_SECRET[10:], NOW)


def test_sendgrid_signs_moment_and_body() -> None:
    request = webhooks.by_sendgrid(webhooks.sendgrid_event())
    key = webhooks.sendgrid()[1]
    assert signed_by_sendgrid(request.headers, request.raw, key)
    assert not signed_by_sendgrid(request.headers, request.raw.strip(), key)  # its last line end is signed, too
    assert not signed_by_sendgrid({}, request.raw, key)
    for name in request.headers:
        assert not signed_by_sendgrid(request.headers | {name: "1"}, request.raw, key)
        assert not signed_by_sendgrid(request.headers | {name: ""}, request.raw, key)
    assert not signed_by_sendgrid(request.headers, request.raw, "no key")
    rsa_key = webhooks.amazon()[0].public_key()
    der = rsa_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert not signed_by_sendgrid(request.headers, request.raw, base64.b64encode(der).decode())
