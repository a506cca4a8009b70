"""Bounces and complaints over each transport: what they do, once, and which do nothing."""

from __future__ import annotations

import asyncio
import itertools
import os
import smtplib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from digest.errors import IntakeError, StoreError
from digest.mail.receiving import listener, mailboxes
from digest.mail.tokens import bounce_token, return_path
from digest.model import BounceKind, DigestId, EditionKey
from digest.service.bounces import lifting, messages
from digest.settings import Settings
from tests.integration.mail.conftest import KEY, NOW
from tests.unit.mail.test_reports import arf, block, dsn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from digest.model import SubscriberId
    from digest.records.mailing import Trouble
    from digest.service.bounces.messages import BounceResult
    from tests.integration.mail.conftest import Inbox, Post

ADDRESS = "bounces@digest.example.org"
ADA = "ada@example.org"


def configured(post: Post, **values: Any) -> Post:
    """The same post office with bounces set up."""
    known = post.settings.model_dump()
    post.settings = Settings(**known | {"bounces": known["bounces"] | {"address": ADDRESS} | values})
    return post


@pytest.fixture
def office(post: Post) -> Post:
    return configured(post)


@pytest.fixture
def ada(office: Post) -> SubscriberId:
    """A subscriber who was sent an edition, like another one at the same domain."""
    person, _ = office.people(ADA, "bob@example.org")
    office.drain()
    return person


def token_of(post: Post, person: SubscriberId, key: EditionKey = KEY) -> str:
    return return_path(ADDRESS, bounce_token(post.store.secret(), person, key))


def bounced(
    post: Post, person: SubscriberId, status: str = "5.1.1", *, action: str = "failed", number: int = 1
) -> bytes:
    raw = dsn(block(action, status), to=token_of(post, person))
    return raw.replace(b"<20261116000000.1@", f"<{number}@".encode())


def took(post: Post, raw: bytes, *recipients: str) -> BounceResult:
    return messages.handle_message(post.store, post.settings, raw, recipients, now=post.now)


def suppressed(post: Post, person: SubscriberId) -> str:
    with post.store.read() as tx:
        record = tx.subscribers.get(person)
    assert record
    return record.suppressed


def trouble(post: Post, person: SubscriberId) -> Trouble:
    with post.store.read() as tx:
        return tx.bounces.of([person])[person]


def ignored(post: Post) -> dict[str, int]:
    with post.store.read() as tx:
        return tx.bounces.ignored()


def full(*_: object, **__: object) -> None:
    raise StoreError("the disk is full")


# --- what a message does --------------------------------------------------------------------------


def test_an_address_that_does_not_exist_is_suppressed_and_its_waiting_mail_with_it(
    office: Post, ada: SubscriberId
) -> None:
    assert took(office, bounced(office, ada)) == messages.BounceResult(BounceKind.HARD, suppressed=True)
    assert suppressed(office, ada) == "bounced: 5.1.1 550 no"
    (bounce,) = trouble(office, ada).bounces
    assert (bounce.edition, bounce.kind, bounce.status, bounce.text, bounce.at) == (KEY, "hard", "5.1.1", "550 no", NOW)


def test_the_same_message_again_changes_nothing(office: Post, ada: SubscriberId) -> None:
    took(office, bounced(office, ada))
    lifting.lift(office.store, lifting.ChosenPeople([ADA]), now=office.now)
    before = trouble(office, ada)

    assert took(office, bounced(office, ada)).what == "known"
    assert took(office, b"Received: by another hop\n" + bounced(office, ada)).what == "known"

    assert trouble(office, ada) == before
    assert suppressed(office, ada) == ""


def test_what_follows_and_that_it_was_handled_are_one_step(
    office: Post, ada: SubscriberId, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("digest.store.people.subscribers.Subscribers.suppress", full)
        with pytest.raises(StoreError):
            took(office, bounced(office, ada))
    with office.store.read() as tx:
        assert tx.bounces.counts() == {}

    assert took(office, bounced(office, ada)).suppressed


def test_a_bounce_of_anybody_to_whom_the_mail_was_forwarded_counts(office: Post, ada: SubscriberId) -> None:
    raw = dsn(block("failed", "5.1.1", recipient="somebody@elsewhere.example"), to=token_of(office, ada))
    assert took(office, raw).suppressed


def editions(post: Post, count: int) -> list[EditionKey]:
    """So many more editions that went out, one a week."""
    with post.store.read() as tx:
        everybody = [one.id for one in tx.subscribers.active(DigestId("weekly"))]
    keys = []
    for week in range(1, count + 1):
        post.now += timedelta(weeks=1)
        keys.append(post.edition(f"weekly/{week}", *everybody))
        post.drain()
    return keys


def test_five_editions_in_a_row_that_fail_suppress_an_address(office: Post, ada: SubscriberId) -> None:
    keys = [KEY, *editions(office, 5)]
    struck = []
    for number, key in enumerate(keys[1:]):
        raw = dsn(block("failed", "5.2.2"), to=token_of(office, ada, key)).replace(b"<2026", b"<%d" % number)
        struck.append(took(office, raw).suppressed)
    assert struck == [False] * 4 + [True]


def test_many_failures_of_one_edition_are_one(office: Post, ada: SubscriberId) -> None:
    editions(office, 5)
    assert not any(took(office, bounced(office, ada, "5.2.2", number=n)).suppressed for n in range(9))
    assert suppressed(office, ada) == ""


@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [("delayed", "4.4.1", "delayed"), ("failed", "4.4.1", "delayed"), ("failed", "5.7.1", "refused")],
)
def test_a_delay_or_a_policy_is_recorded_and_no_more(
    office: Post, ada: SubscriberId, action: str, status: str, kind: str
) -> None:
    configured(office, soft=1)
    assert took(office, bounced(office, ada, status, action=action)) == messages.BounceResult(kind)
    assert suppressed(office, ada) == ""


def test_a_complaint_ends_everything(office: Post, ada: SubscriberId) -> None:
    with office.store.write() as tx:
        tx.subscribers.join(ada, DigestId("daily"), "operator", NOW)
    raw = arf("abuse", sender=token_of(office, ada))

    assert took(office, raw, ADDRESS) == messages.BounceResult(BounceKind.COMPLAINT, suppressed=True)

    with office.store.read() as tx:
        record = tx.subscribers.get(ada)
    assert record
    assert record.digests == ()
    assert record.suppressed == "feedback: abuse"
    left = [(c.digest, c.source) for c in record.consents if c.act == "left"]
    assert sorted(left) == [(digest, "complaint, by a feedback report") for digest in ("daily", "weekly")]


def test_an_address_taken_back_gets_mail_again_and_old_bounces_count_no_more(office: Post, ada: SubscriberId) -> None:
    took(office, bounced(office, ada))
    office.now += timedelta(days=1)
    lifting.lift(office.store, lifting.ChosenPeople([ADA]), now=office.now)

    assert not took(office, bounced(office, ada, number=2)).suppressed  # of an earlier mail, reported late
    (key,) = editions(office, 1)
    raw = dsn(block("failed", "5.1.1"), to=token_of(office, ada, key)).replace(b"<2026", b"<9")
    assert took(office, raw).suppressed
    assert [act.act for act in trouble(office, ada).suppressions] == ["suppressed", "unsuppressed", "suppressed"]


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        (ADDRESS, "no token"),
        ("somebody@digest.example.org", "no token"),
        ("bounces+mangled@digest.example.org", "token not ours"),
        (return_path(ADDRESS, bounce_token(b"x" * 32, 1, KEY)), "token not ours"),  # type: ignore[arg-type] # a number
        (return_path(ADDRESS, bounce_token(b"x" * 32, 2**31, KEY)), "token not ours"),  # type: ignore[arg-type]
    ],
)
def test_without_a_genuine_token_nobody_is_suppressed(office: Post, ada: SubscriberId, to: str, reason: str) -> None:
    for raw in (dsn(block("failed", "5.1.1", recipient=ADA), to=to), arf("abuse", sender=to)):
        assert took(office, raw, to) == messages.BounceResult(reason)
    assert suppressed(office, ada) == ""
    assert ignored(office) == {reason: 2}


def test_a_letter_to_a_genuine_token_is_no_report_and_gets_no_answer(
    office: Post, ada: SubscriberId, inbox: Inbox
) -> None:
    raw = b"From: Ada <ada@example.org>\nAuto-Submitted: auto-replied\nSubject: away\n\nuntil Monday\n"
    assert took(office, raw, token_of(office, ada)) == messages.BounceResult("automatic reply")
    assert suppressed(office, ada) == ""
    assert inbox.counts() == {1: 2}  # the edition itself


def test_a_bounce_of_somebody_erased_is_not_kept(office: Post, ada: SubscriberId) -> None:
    with office.store.write() as tx:
        tx.subscribers.erase(ada, "hash", NOW)
    assert took(office, bounced(office, ada)) == messages.BounceResult("erased")
    with office.store.read() as tx:
        assert tx.bounces.counts() == {}


# --- by a maildir ---------------------------------------------------------------------------------


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for part in ("tmp", "new", "cur"):
        (tmp_path / "bounced" / part).mkdir(parents=True)
    return tmp_path / "bounced"


def test_a_maildir_is_read_and_put_away_after_the_store_has_it(
    office: Post, ada: SubscriberId, maildir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(office, maildir=maildir)
    (maildir / "new" / "1.host").write_bytes(bounced(office, ada))
    (maildir / "new" / "2.host:2,").write_bytes(b"Subject: spam\n\n")
    os.mkfifo(maildir / "new" / "3.host")
    (maildir / "new" / "4.host").symlink_to("/etc/passwd")

    with monkeypatch.context() as broken:
        broken.setattr("digest.store.mailing.bounces.Bounces.add", full)
        with pytest.raises(StoreError):
            messages.read_mailboxes(office.store, office.settings, lambda: office.now)
    assert (maildir / "new" / "1.host").exists()

    assert messages.read_mailboxes(office.store, office.settings, lambda: office.now) == {
        "hard": 1,
        "suppressed": 1,
        "no token": 1,
    }
    assert {path.name for path in (maildir / "cur").iterdir()} == {"1.host:2,S", "2.host:2,S"}
    assert {path.name for path in (maildir / "new").iterdir()} == {"3.host", "4.host"}
    assert messages.read_mailboxes(office.store, office.settings, lambda: office.now) == {}


def test_a_message_that_could_not_be_put_away_is_not_handled_twice(
    office: Post, ada: SubscriberId, maildir: Path
) -> None:
    configured(office, maildir=maildir)
    (maildir / "new" / "1.host").write_bytes(bounced(office, ada))
    (maildir / "cur").rmdir()
    (maildir / "cur").write_text("no folder")

    with pytest.raises(IntakeError, match=r"1\.host: cannot be moved"):
        messages.read_mailboxes(office.store, office.settings, lambda: office.now)
    (maildir / "cur").unlink()

    assert messages.read_mailboxes(office.store, office.settings, lambda: office.now) == {"known": 1}
    assert len(trouble(office, ada).bounces) == 1


def test_a_maildir_that_nothing_came_to_is_empty_and_one_that_is_none_is_named(tmp_path: Path) -> None:
    assert list(mailboxes.maildir_messages(tmp_path / "none", 1000)) == []
    (tmp_path / "new").write_text("no folder")
    with pytest.raises(IntakeError, match="cannot be read"):
        list(mailboxes.maildir_messages(tmp_path, 1000))


def test_an_imap_server_that_is_away_is_named(office: Post) -> None:
    configured(office, imap_host="127.0.0.1", imap_port=1, imap_security="none", username="a", password="b")
    with pytest.raises(IntakeError, match="folder INBOX: "):
        messages.read_mailboxes(office.store, office.settings, lambda: office.now)


# --- by LMTP or SMTP ------------------------------------------------------------------------------


def spoken(post: Post, talk: Callable[[str, int], object], *, protocol: str = "smtp", largest: int = 65536) -> None:
    """Run a listener and talk to it in a thread."""
    configured(post, listen="127.0.0.1:0", protocol=protocol, largest=largest)

    async def run() -> None:
        async def take(raw: bytes, recipients: Any, sender: str) -> None:
            await asyncio.to_thread(
                messages.handle_message, post.store, post.settings, raw, recipients, now=post.now, sender=sender
            )

        server = listener.Listener(post.settings.bounces, take)
        await server.start()
        host, _, port = server.address.rpartition(":")
        try:
            await asyncio.to_thread(talk, host, int(port))
        finally:
            await server.stop()

    asyncio.run(run())


@pytest.mark.parametrize(("protocol", "client"), [("smtp", smtplib.SMTP), ("lmtp", smtplib.LMTP)])
def test_a_mail_server_hands_bounces_over(
    office: Post, ada: SubscriberId, protocol: str, client: type[smtplib.SMTP]
) -> None:
    def talk(host: str, port: int) -> None:
        with client(host, port) as server:
            server.sendmail("", [token_of(office, ada).upper()], bounced(office, ada))

    spoken(office, talk, protocol=protocol)
    assert suppressed(office, ada)


@pytest.mark.parametrize(
    ("sender", "header", "counts"),
    [("", b"", 1), ("", b"Return-Path: <x@y.example>\n", 1), ("mailer-daemon@y.example", b"Return-Path: <>\n", 0)],
)
def test_a_guess_needs_an_envelope_without_a_sender_whatever_the_header_says(
    office: Post, ada: SubscriberId, sender: str, header: bytes, counts: int
) -> None:
    raw = header + (
        b"From: MAILER-DAEMON@y.example\nSubject: failure notice\nMessage-ID: <1@y.example>\n\n"
        b"<else@y.example>:\nSorry, no mailbox here by that name. (#5.2.1)\n"
    )

    def talk(host: str, port: int) -> None:
        with smtplib.SMTP(host, port) as server:
            server.sendmail(sender, [token_of(office, ada)], raw)

    spoken(office, talk)
    with office.store.read() as tx:
        assert sum(tx.bounces.counts().values()) == counts


def test_only_the_address_for_bounces_is_taken_and_one_recipient_a_message(office: Post, ada: SubscriberId) -> None:
    def talk(host: str, port: int) -> None:
        with smtplib.SMTP(host, port) as server:
            server.ehlo()
            assert not server.has_extn("auth")
            server.mail("")
            assert server.rcpt("postmaster@digest.example.org")[0] == 550
            assert server.rcpt("bounces@elsewhere.example")[0] == 550
            assert server.rcpt(ADDRESS)[0] == 250
            assert server.rcpt(token_of(office, ada))[0] == 452
            assert server.verify(ADA)[0] == 252

    spoken(office, talk)


def test_a_message_that_is_too_large_is_refused(office: Post, ada: SubscriberId) -> None:
    def talk(host: str, port: int) -> None:
        with smtplib.SMTP(host, port) as server:
            server.ehlo()
            assert server.mail("", ["SIZE=70000"])[0] == 552
            server.rset()
            server.mail("")
            server.rcpt(ADDRESS)
            assert server.data(b"x" * 70 + b"\r\n" + b"y\r\n" * 25000)[0] == 552

    spoken(office, talk)
    assert ignored(office) == {}


def test_a_line_without_an_end_is_cut_off(office: Post) -> None:
    def talk(host: str, port: int) -> None:
        with smtplib.SMTP(host, port) as server:
            server.ehlo()
            server.mail("")
            server.rcpt(ADDRESS)
            server.putcmd("DATA")
            server.getreply()
            assert server.sock
            endless = itertools.repeat(b"x" * 65536)
            with pytest.raises(OSError):  # noqa: PT011 - reset or broken, as the system likes
                any(map(server.sock.sendall, endless))
            server.close()

    spoken(office, talk)


def test_so_many_connections_are_served_at_a_time(office: Post) -> None:
    def talk(host: str, port: int) -> None:
        open_ones = [smtplib.SMTP(host, port) for _ in range(20)]
        with pytest.raises(smtplib.SMTPConnectError) as refused:
            smtplib.SMTP(host, port)
        assert refused.value.smtp_code == 421
        for one in open_ones:
            assert one.noop()[0] == 250
            one.quit()
        with smtplib.SMTP(host, port) as again:
            assert again.noop()[0] == 250

    spoken(office, talk)


def test_a_store_that_cannot_take_it_has_it_sent_again(
    office: Post, ada: SubscriberId, monkeypatch: pytest.MonkeyPatch
) -> None:
    def talk(host: str, port: int) -> None:
        with smtplib.SMTP(host, port) as server:
            with monkeypatch.context() as broken:
                broken.setattr("digest.store.mailing.bounces.Bounces.add", full)
                with pytest.raises(smtplib.SMTPDataError) as refused:
                    server.sendmail("", [token_of(office, ada)], bounced(office, ada))
            assert refused.value.smtp_code == 451
            server.sendmail("", [token_of(office, ada)], bounced(office, ada))

    spoken(office, talk)
    assert suppressed(office, ada)
