"""Whatever the program prints, on whatever occasion, contains no secret."""

from __future__ import annotations

import base64
import os
import socketserver
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from unittest import mock

import pytest
import structlog

from digest import logs
from digest.app import opened
from digest.settings import load
from tests.conftest import CONFIG, Article
from tests.faults.places import Place
from tests.faults.sink import Sink
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MARKERS = {
    name: f"m4rk3r-{name}-d0-n0t-s4y"
    for name in (
        *("mail-password", "fallback-token", "imap-password", "webhook", "database", "given-in-the-environment"),
        *("printed-token", "refresh-token", "mailgun-key", "postmark-secret", "brevo-secret", "resend-secret", "user"),
    )
}
HOOKS = {"mailgun": "key", "brevo": "secret", "resend": "secret"}
USER = f"{MARKERS['user']}@example.org"
MORE = """
[fallback]
host = "127.0.0.1"
port = {sink}
security = "none"
username = "{user}"
oauth_token_file = "token"
[dkim]
key_file = "dkim.pem"
[bounces]
address = "bounces@example.org"
imap_host = "127.0.0.1"
imap_port = {imap}
imap_security = "none"
username = "{user}"
password_file = "imap-password"
[hooks]
mailgun_key = "{mailgun}"
postmark_secret_file = "postmark-secret"
brevo_secret = "{brevo}"
resend_secret = "{resend}"
[alerts]
webhook = "http://127.0.0.1:9/{webhook}"
"""
COMMANDS = [
    ("check",), ("check", "--json"), ("check", "--mail"), ("status", "--json"), ("refresh",), ("feed",),
    ("edition", "cut"), ("edition", "send"), ("edition", "list", "--json"), ("deliveries", "list", "--json"),
    ("subscribers", "list", "--json"), ("entries", "list", "--json"), ("bounces", "read"), ("alerts", "--json"),
    ("alerts", "test"), ("status",), ("check", "--deep"), ("edition", "list"), ("edition", "show", "weekly/{week}"),
    ("edition", "preview"), ("edition", "preview", "--format", "text"), ("explain", "一篇", "ada@example.org"),
    ("explain", "一篇", "--json"), ("subscribers", "show", "ada@example.org", "--json"), ("deliveries", "list"),
    ("backup", "{home}/copy"), ("simulate", "--from", "{day}", "--to", "{day}", "-o", "{home}/simulated", "--json"),
    ("restore", "{home}/copy", "--yes"), ("unfence",), ("unfence", "--json"), ("unfence", "--as-sent", "--yes"),
    ("mail", "key", "{home}/another.pem"),
]  # fmt: skip
PRINTS = """#!/bin/sh
echo "asked with {refresh}" >&2
echo {token}
exit {code}
"""


class Refusing(socketserver.ThreadingTCPServer):
    """An IMAP server that lets nobody in."""

    daemon_threads = True

    class Conversation(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"* OK ready\r\n")
            for line in self.rfile:
                tag, _, verb = line.partition(b" ")
                known = verb.strip().upper() == b"CAPABILITY"
                untagged = b"* CAPABILITY IMAP4rev1\r\n" if known else b"* OK you said " + line
                self.server.asked.append(verb.strip())  # type: ignore[attr-defined]
                refused = b" NO [AUTHENTICATIONFAILED] not with " + verb.strip() + b"\r\n"
                self.wfile.write(untagged + tag + (b" OK done\r\n" if known else refused))

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), self.Conversation)
        self.asked: list[bytes] = []


@pytest.fixture
def imap() -> Iterator[Refusing]:
    server = Refusing()
    with serving(server):
        yield server


@pytest.fixture
def place(tmp_path: Path, imap: Refusing) -> Iterator[Place]:
    """An installation with every kind of secret, whose relays and mailbox let nobody in."""
    with Sink() as sink:
        sink.extensions, sink.repeats = ("AUTH PLAIN LOGIN XOAUTH2",), True
        (tmp_path / "dumps").mkdir()
        made = Place(tmp_path)
        made.write("page.txt", [Article("一篇")])
        ports = {"user": USER, "sink": sink.port, "imap": imap.server_address[1], "webhook": MARKERS["webhook"]}
        hooks = {name: MARKERS[f"{name}-{kind}"] for name, kind in HOOKS.items()}
        smtp = f'transport = "smtp"\nhost = "127.0.0.1"\nport = {sink.port}\nsecurity = "none"\nusername = "{USER}"\n'
        mail = f'[mail]\n{smtp}password_file = "mail-password"\n'
        (tmp_path / "digest.toml").write_text(CONFIG.replace("[mail]\n", mail) + MORE.format(**ports, **hooks), "utf-8")
        for file, marker in {
            "mail-password": "mail-password",
            "token": "fallback-token",
            "imap-password": "imap-password",
            "postmark-secret": "postmark-secret",
        }.items():
            (tmp_path / file).write_text(MARKERS[marker] + "\n", "utf-8")
        made.env |= {
            "DIGEST_LOG_LEVEL": "debug",
            "DIGEST_LOG_JSON_LINES": "true",
            "DIGEST_BASE_URL": "http://127.0.0.1",
        }
        made.here("mail", "key", str(tmp_path / "dkim.pem"))
        made.here("refresh")
        made.here("subscribers", "add", "ada@example.org")
        yield made
        assert sink.taken == []
        assert sink.refused
        assert all(USER in " ".join(told) for told in sink.refused)


def forms(place: Place) -> set[str]:
    """Each secret as it is, and as programs and protocols write it."""
    with opened(load(place.home / "digest.toml")) as store:
        secret = store.secret()
    texts = [*MARKERS.values(), *(place.home / "dkim.pem").read_text("ascii").splitlines()[1:-1]]
    found = {secret.hex(), repr(secret), base64.b64encode(secret).decode(), *texts}
    for text in texts:
        said = [text, f"\0{USER}\0{text}", f"user={USER}\1auth=Bearer {text}\1\1"]
        found |= {text.encode().hex(), *(base64.b64encode(one.encode()).decode() for one in said)}
    return found


def said_by(place: Place, *command: str) -> str:
    """What a command says, which may fail."""
    today = datetime.now(UTC)
    words = {"home": str(place.home), "day": f"{today:%Y-%m-%d}", "week": f"{today:%G-W%V}"}
    ended = place.here(*(word.format(**words) for word in command), code=None)
    assert ended.code in {0, 1}, ended.err
    return ended.out + ended.err


def test_no_command_says_a_secret(place: Place) -> None:
    secrets = forms(place)
    for command in COMMANDS:
        said = said_by(place, *command)
        assert not [one for one in secrets if one in said], command
    simulated = [file for file in (place.home / "simulated").rglob("*") if file.is_file()]
    assert simulated
    for file in simulated:
        held = file.read_bytes()
        assert not [one for one in secrets if one.encode() in held], file.name
    copied = (place.home / "copy").read_bytes()
    assert not [marker for marker in MARKERS.values() if marker.encode() in copied]


@pytest.mark.parametrize("code", [0, 1])
def test_neither_a_printed_token_nor_what_its_program_complains_of_is_printed(place: Place, code: int) -> None:
    program = place.home / "token.sh"
    words = {"refresh": MARKERS["refresh-token"], "token": MARKERS["printed-token"]}
    program.write_text(PRINTS.format(**words, code=code), "utf-8")
    program.chmod(0o700)
    config = place.home / "digest.toml"
    file, command = 'oauth_token_file = "token"', f'oauth_command = ["{program}"]'
    config.write_text(config.read_text("utf-8").replace(file, command), "utf-8")
    secrets = forms(place)
    said = [said_by(place, *one) for one in (("edition", "cut"), ("edition", "send"), ("check", "--mail"), ("status",))]
    assert ("ended with 1" in "".join(said)) == bool(code), said
    assert not [one for one in secrets if one in "".join(said)]


@pytest.mark.parametrize("json_lines", [True, False])
def test_a_trace_of_calls_shows_no_values(capsys: pytest.CaptureFixture[str], *, json_lines: bool) -> None:
    def logs_in(password: str) -> None:
        raise ValueError(f"a refusal of {len(password)} characters")

    logs.configure("info", json_lines=json_lines)
    try:
        logs_in(MARKERS["mail-password"])
    except ValueError:
        structlog.get_logger().exception("unexpected")
    said = "".join(capsys.readouterr())
    assert "a refusal of" in said
    assert MARKERS["mail-password"] not in said


@pytest.mark.parametrize("as_json", ["true", "false"])
def test_neither_the_log_nor_the_numbers_of_the_service_say_a_secret(
    place: Place, imap: Refusing, as_json: str
) -> None:
    secrets = forms(place)
    place.env["DIGEST_LOG_JSON_LINES"] = as_json
    place.here("edition", "cut")
    with place.serving() as service:
        assert service.until(lambda: "bounces failed" in service.said()), service.said()
        said = [service.ask(path)[2].decode() for path in ("/metrics", "/readyz?full", "/", "/healthz", "/nothing")]
        assert "digest_sending" in said[0]
        service.stop()
        said.append(service.said())
    assert any(verb.startswith(b"LOGIN") and MARKERS["imap-password"].encode() in verb for verb in imap.asked)
    for one in said:
        assert not [secret for secret in secrets if secret in one]
    for file in (place.home / "var").iterdir():
        held = file.read_bytes()
        assert not [marker for marker in MARKERS.values() if marker.encode() in held], file.name


def test_settings_show_no_secret(place: Place) -> None:
    marker = MARKERS["given-in-the-environment"]
    given = {f"DIGEST_{group}_PASSWORD": marker for group in ("MAIL", "BOUNCES")}
    given["DIGEST_DATABASE_URL"] = f"postgresql://u:{MARKERS['database']}@127.0.0.1/digest"
    config = place.home / "digest.toml"
    config.write_text(config.read_text("utf-8").replace('password_file = "mail-password"\n', ""), "utf-8")
    with mock.patch.dict(os.environ, given):
        settings = load(place.home / "digest.toml")
    assert settings.mail.password == settings.bounces.password == marker
    shown = [repr(settings), str(settings), *(repr(getattr(settings, name)) for name in ("mail", "fallback", "alerts"))]
    place.env |= given
    ended = place.here("check", code=None)
    passwords = [marker for name, marker in MARKERS.items() if name != "user"]  # who logs in is a setting like others
    for one in [*shown, ended.out, ended.err]:
        assert not [marker for marker in passwords if marker in one]
