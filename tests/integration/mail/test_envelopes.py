"""`digest check` before the first edition: who refuses our senders, and what mails would lead to."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from digest.checks import findings
from digest.findings import Finding
from digest.mail_checks import mail_findings, transport_findings
from digest.settings import Settings
from tests.integration.mail.conftest import NOW, Inbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SENDER, BOUNCES = "digest@example.org", "bounces@example.org"


@pytest.fixture
def settings_for(tmp_path: Path) -> Callable[..., Settings]:
    def made(port: int, **given: Any) -> Settings:
        values: dict[str, Any] = {
            "data_dir": tmp_path,
            "base_url": "https://digest.example.org",
            "tag": "digest.example.org,2026",
            "mail": {
                "transport": "smtp",
                "host": "127.0.0.1",
                "port": port,
                "security": "none",
                "sender": f'"Kexue, Digest" <{SENDER}>',
            },
            "bounces": {"address": BOUNCES},
        }
        return Settings(**values | given)

    return made


def envelopes(settings: Settings) -> dict[str, Finding]:
    found = [one for one in mail_findings(settings, lambda name, kind: None) if isinstance(one, Finding)]
    return {one.part.removeprefix("envelope "): one for one in found if one.part.startswith("envelope ")}


def test_a_server_that_takes_both_senders_is_right_and_gets_no_mail(
    settings_for: Callable[..., Settings], inbox: Inbox, port: int
) -> None:
    found = envelopes(settings_for(port))
    sender, verp = found
    assert sender == SENDER
    assert verp.startswith("bounces+")
    assert not any(one.problem for one in found.values())
    assert inbox.taken == {}


def test_a_missing_recipient_delimiter_is_found(settings_for: Callable[..., Settings], inbox: Inbox, port: int) -> None:
    inbox.at_recipient = lambda to: f"550 5.1.1 <{to}>: Recipient address rejected: User unknown" if "+" in to else None
    found = envelopes(settings_for(port))
    assert found.pop(SENDER).problem == ""
    (verp,) = found.values()
    assert "550" in verp.problem
    assert "User unknown" in verp.problem
    assert "recipient_delimiter = +" in verp.problem
    assert inbox.taken == {}


@pytest.mark.parametrize("at_recipient", [False, True], ids=["at MAIL", "at RCPT"])
def test_a_sender_that_the_relay_does_not_know_is_found(
    settings_for: Callable[..., Settings],
    inbox: Inbox,
    port: int,
    monkeypatch: pytest.MonkeyPatch,
    *,
    at_recipient: bool,
) -> None:
    refusal = f"550 5.1.0 <{SENDER}>: Sender address rejected: User unknown"
    if at_recipient:
        inbox.at_recipient = lambda to: refusal if to == SENDER else None
    else:

        async def refuse(_inbox: Inbox, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
            if address == SENDER:
                return refusal
            envelope.mail_from = address
            return "250 OK"

        monkeypatch.setattr(Inbox, "handle_MAIL", refuse, raising=False)
    found = envelopes(settings_for(port))
    assert "Sender address rejected" in found.pop(SENDER).problem
    assert [one.problem for one in found.values()] == [""]


def test_the_fallback_is_asked_too(settings_for: Callable[..., Settings], inbox: Inbox, port: int) -> None:
    settings = settings_for(port, fallback={"host": "127.0.0.1", "port": port, "security": "none"})
    found = [one for one in mail_findings(settings, lambda name, kind: None) if isinstance(one, Finding)]
    assert len([one for one in found if one.part.startswith("envelope ")]) == 4
    assert inbox.taken == {}


def test_a_relay_that_cannot_be_reached_is_reported_once(settings_for: Callable[..., Settings]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = [
        one
        for one in mail_findings(settings_for(port), lambda name, kind: None)
        if isinstance(one, Finding) and one.problem
    ]
    assert [one.part for one in found] == ["mail"]


@pytest.mark.parametrize(
    ("base_url", "says"),
    [
        ("http://127.0.0.1:8080", "their own machine"),
        ("https://localhost", "their own machine"),
        ("https://digest.localhost", "their own machine"),
        ("http://[::1]:8080", "their own machine"),
        ("https://127.9.9.9", "their own machine"),
        ("https://0.0.0.0", "their own machine"),
        ("http://digest.example.org", "not https"),
        ("https://digest.example.org", ""),
        ("https://192.0.2.7", ""),
    ],
)
def test_mails_must_lead_to_where_readers_can_go(
    settings_for: Callable[..., Settings], port: int, base_url: str, says: str
) -> None:
    found = {one.part: one.problem for one in findings(settings_for(port, base_url=base_url), NOW)}
    assert (says in found["links"]) if says else not found["links"]
    assert not says or 'base_url = "https://' in found["links"]


def test_ids_must_not_hang_on_where_the_pages_are(settings_for: Callable[..., Settings], port: int) -> None:
    found = {one.part: one.problem for one in findings(settings_for(port, tag=""), NOW)}
    assert 'set tag = "digest.example.org,2026"' in found["tag"]
    assert {one.part for one in findings(settings_for(port), NOW) if one.problem} == {"sources", "operator"}
    here = {one.part: one.problem for one in findings(settings_for(port, tag="", base_url="http://127.0.0.1"), NOW)}
    assert "a domain of yours" in here["tag"]
    assert "127.0.0.1" not in here["tag"]


def test_a_transport_that_writes_files_is_asked_for_neither(
    settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    settings = settings_for(0, mail={"path": tmp_path / "mail"}, base_url="http://127.0.0.1:8080", tag="")
    assert {one.part for one in findings(settings, NOW)}.isdisjoint({"links", "tag", "lease"})
    assert {one.part for one in findings(settings, NOW) if one.problem} <= {"sources", "operator", "bounces"}


@pytest.mark.parametrize(("minutes", "fails"), [(24, True), (25, True), (26, False)])
def test_a_lease_that_a_slow_server_outlasts_is_refused(minutes: int, *, fails: bool) -> None:
    settings = Settings(mail={"transport": "smtp", "host": "127.0.0.1", "lease": f"{minutes}m"})
    found = {one.part: one.problem for one in transport_findings(settings)}
    assert ('set it to "30m" or more' in (found["lease"] or "")) is fails
    assert envelopes(settings) == {}
