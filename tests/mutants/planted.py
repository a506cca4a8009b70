"""Bugs that the tests must find: each replaces a text that stands once in a file, and names the tests to run.

They are of the kind that would break the promise in silence: what is announced twice, missed, false, or let in.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """A planted bug. `tests` are what has to fail with it, as pytest takes them."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


MAIL = "tests/integration/mail/test_draining.py"
ENCRYPTED = "tests/integration/mail/test_encrypted_sessions.py"
INTERRUPTED = "tests/integration/mail/test_interrupted_drains.py"
MUTANTS = (
    Mutant(
        "a mail in the maildir can be read by everybody",
        "digest/files.py",
        "FILE_MODE = 0o600",
        "FILE_MODE = 0o644",
        ("tests/integration/mail/test_maildir.py",),
    ),
    Mutant(
        "what a relay repeats of a login is recorded",
        "digest/mail/sending/smtp.py",
        "reply_text(error, self._credentials.redacted)",
        "reply_text(error)",
        ("tests/security/test_secrets.py",),
    ),
    Mutant(
        "a Content-Type can be added to a signed mail",
        "digest/mail/dkim.py",
        '("mime-version", "content-type", ',
        '("mime-version", ',
        ("tests/unit/mail/test_dkim.py",),
    ),
    Mutant(
        "a password among the arguments is taken",
        "digest/cli/backups.py",
        "if has_password(given):",
        "if not given and has_password(given):",
        ("tests/integration/postgres/test_moving.py",),
    ),
    Mutant(
        "the demo heeds settings of a real installation",
        "digest/settings/environment.py",
        "if _canonical(name).startswith(_DEMO)",
        "if _canonical(name)",
        ("tests/acceptance/test_service.py",),
    ),
    Mutant(
        "a delivery is begun without saying so",
        "digest/store/mailing/deliveries.py",
        '"begun": True, ',
        '"begun": False, ',
        (MAIL, INTERRUPTED),
    ),
    Mutant(
        "a begun delivery counts as not begun when its lease ends",
        "digest/store/mailing/leases.py",
        "_uncertain() if begun else",
        "_uncertain() if not begun and begun else",
        (MAIL, INTERRUPTED, "tests/contract/test_deliveries.py"),
    ),
    Mutant(
        "leased deliveries are due again at once",
        "digest/store/mailing/leases.py",
        "deliveries.c.leased_until <= _NOW",
        "deliveries.c.leased_until >= _NOW",
        (MAIL, INTERRUPTED, "tests/contract/test_deliveries.py"),
    ),
    Mutant(
        "who left is mailed",
        "digest/store/mailing/leases.py",
        "and_(subscriptions.c.subscriber_id.is_not(None), REACHABLE)",
        "and_(subscribers.c.id.is_not(None), subscribers.c.id.is_not(None))",
        ("tests/contract/test_deliveries.py", MAIL),
    ),
    Mutant(
        "a lost answer is a plain refusal",
        "digest/mail/sending/transaction.py",
        'phase="answer", uncertain=True) from error',
        'phase="answer", uncertain=False) from error',
        (MAIL,),
    ),
    Mutant(
        "any refusal of a recipient suppresses them",
        "digest/service/bounces/judging.py",
        "gone=verdict.state is DeliveryState.FAILED and verdict.diagnosis.about is About.ADDRESS",
        "gone=verdict.state is DeliveryState.FAILED",
        ("tests/integration/mail/test_who_is_to_blame.py", "tests/integration/mail/test_sink.py"),
    ),
    Mutant(
        "STARTTLS is only tried",
        "digest/mail/sending/smtp.py",
        'start_tls=relay.security == "starttls",',
        "start_tls=None,",
        (ENCRYPTED, "tests/integration/mail/test_sessions.py"),
    ),
    Mutant(
        "a token's mark is not compared",
        "digest/mail/tokens.py",
        "return content.decode() if hmac.compare_digest(mark, _mark(secret, purpose, content)) else None",
        "return content.decode() if raw else None",
        ("tests/unit/mail/test_tokens.py", "tests/integration/web/test_application.py"),
    ),
    Mutant(
        "control characters stay in headers",
        "digest/mail/composing/message.py",
        'clean = _CONTROL.sub(" ", text).strip()\n    if clean.isascii()',
        "clean = text.strip()\n    if clean.isascii()",
        ("tests/unit/mail/test_message.py",),
    ),
    Mutant(
        "a first import is published dump by dump",
        "digest/service/intake/apply_dump.py",
        "first_import = state is None or state.settled_at is None",
        "first_import = False",
        ("tests/integration/cli/test_refresh.py",),
    ),
    Mutant(
        "nothing is ever held",
        "digest/service/intake/apply_dump.py",
        "        if compared.hold:\n            tx.readings",
        "        if compared.hold and not compared.hold:\n            tx.readings",
        ("tests/integration/cli/test_refresh.py",),
    ),
    Mutant(
        "the stamp of a fresh file is believed",
        "digest/service/intake/reading_dumps.py",
        "return now.timestamp() * 1e9 - stamp.mtime_ns >= _UNSETTLED_CLOCK_NS",
        "return now.timestamp() > 0",
        ("tests/faults/test_dumps.py",),
    ),
    Mutant(
        "a transaction that writes begins like one that reads",
        "digest/store/database/engine.py",
        '"BEGIN IMMEDIATE" if writes else "BEGIN"',
        '"BEGIN"',
        ("tests/contract/test_transactions.py",),
    ),
    Mutant(
        "what is deleted stays in the file",
        "digest/store/database/engine.py",
        '"secure_delete = ON"',
        '"secure_delete = OFF"',
        ("tests/contract",),
    ),
    Mutant(
        "a busy mailbox gives up at once",
        "digest/mail/replies/outcome.py",
        "attempts >= _FEWEST_ATTEMPTS and now + wait > made_at + patience.give_up:",
        "now + wait > made_at:",
        (MAIL,),
    ),
    Mutant(
        "a clock that steps back makes an edition again",
        "digest/editions/schedule.py",
        "slot <= last_slot_at)",
        "slot == last_slot_at)",
        ("tests/unit/editions", "tests/integration/service/test_editions.py"),
    ),
    Mutant(
        "a delivery is begun for a person who left or was suppressed since it was leased",
        "digest/store/mailing/deliveries.py",
        ".where(not_begun(count), _REACHED)",
        ".where(not_begun(count))",
        ("tests/contract/test_deliveries.py", MAIL),
    ),
    Mutant(
        "a mail that may have been taken before it failed was not told",
        "digest/store/editions/selecting.py",
        "deliveries.c.uncertain > 0,",
        "deliveries.c.uncertain < 0,",
        ("tests/contract/test_readers.py",),
    ),
    Mutant(
        "what may be lost is listed in every mail from then on",
        "digest/store/mailing/dead_letters.py",
        " - listed.get(row.subscriber_id, set())",
        "",
        ("tests/contract/test_doubts.py",),
    ),
    Mutant(
        "what may be lost is listed though its subscriber left and subscribed again",
        "digest/store/mailing/dead_letters.py",
        "if _counts(row)]",
        "]",
        ("tests/integration/service/test_doubts.py",),
    ),
    Mutant(
        "a lease is freed that is another one by now",
        "digest/store/mailing/leases.py",
        "                    deliveries.c.leased_until == leased_until,\n",
        "",
        ("tests/contract/test_doubts.py",),
    ),
    Mutant(
        "a subscriber who is behind gets again what a mail announced",
        "digest/service/editions/selecting.py",
        "    mine -= announced\n",
        "",
        ("tests/integration/service/test_audience.py",),
    ),
    Mutant(
        "a link to confirm is valid for the next person with its number",
        "digest/mail/tokens.py",
        "return (at - _EPOCH) // timedelta(microseconds=1)",
        "return 0",
        (
            "tests/unit/mail/test_tokens.py",
            "tests/integration/web/test_people.py",
            "tests/integration/web/test_preferences.py",
        ),
    ),
    Mutant(
        "a bounce is believed without its mark",
        "digest/mail/tokens.py",
        "if hmac.compare_digest(raw[_ID_BYTES:], _delivery_mark(secret, subscriber, edition)):",
        "if secret:",
        ("tests/unit/mail/test_verp.py", "tests/integration/mail/test_coming_back.py"),
    ),
    Mutant(
        "a drain knows no fence",
        "digest/service/mailing/drain/delivery.py",
        "if since := tx.backups.fenced():",
        "if (since := tx.backups.fenced()) and not since:",
        ("tests/integration/state/test_backup.py",),
    ),
    Mutant(
        "a mail goes out behind a fence that came up meanwhile",
        "digest/service/mailing/drain/ledger.py",
        "if deliveries and (since := tx.backups.fenced()):",
        "if not results and (since := tx.backups.fenced()):",
        ("tests/faults/test_copies.py",),
    ),
    Mutant(
        "a mail goes out while it is being recorded that it begins",
        "digest/service/mailing/drain/ledger.py",
        "return await self.done is DeliveryState.LEASED",
        "return self.started.done() or await self.done is DeliveryState.LEASED",
        (MAIL, INTERRUPTED, "tests/faults/test_disks.py"),
    ),
    Mutant(
        "the final dot of a mail does not wait",
        "digest/mail/sending/pipelining.py",
        "            await self._drained()\n\n    async def commit(",
        "            await self._drained()\n        self._write_quietly(END)\n\n    async def commit(",
        ("tests/integration/mail/test_pipelining.py",),
    ),
    Mutant(
        "a recipient whom the server refused gets the mail of the next recipient",
        "digest/mail/sending/smtp.py",
        "if self._pipeline and not self._pipeline.accepts(mail.envelope):",
        "if self._pipeline and not self._pipeline.usable:",
        ("tests/integration/mail/test_pipelining.py",),
    ),
    Mutant(
        "a corrected title is looked for among a few entries of the day only",
        "digest/changes/matching.py",
        "_RIVALS = 1000",
        "_RIVALS = 5",
        ("tests/unit/changes", "tests/integration/cli/test_refresh.py"),
    ),
    Mutant(
        "a few entries answer for their day",
        "digest/store/intake/answering.py",
        "_OF_A_DAY = 1000",
        "_OF_A_DAY = 5",
        ("tests/contract/test_readings.py", "tests/integration/cli/test_refresh.py"),
    ),
    Mutant(
        "an edition is made for people who left or were suppressed",
        "digest/store/people/subscribers.py",
        ".where(subscriptions.c.digest == digest, REACHABLE)",
        ".where(subscriptions.c.digest == digest)",
        ("tests/contract/test_subscribers.py", "tests/integration/service/test_audience.py"),
    ),
)
