"""Bugs that the tests must find: each replaces a text that stands once in a file, and names the tests to run.

They are of the kind that would break the promise in silence: what is told twice, missed, false, or let in.
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
MUTANTS = (
    Mutant(
        "a delivery is begun without saying so",
        "digest/store/deliveries.py",
        'begun = {"begun": True, ',
        'begun = {"begun": False, ',
        (MAIL,),
    ),
    Mutant(
        "a begun delivery counts as not begun when its lease ends",
        "digest/store/deliveries.py",
        "(True, _uncertain(now))",
        '(True, {"state": deliveries.c.leased_from})',
        (MAIL, "tests/contract/test_deliveries.py"),
    ),
    Mutant(
        "leased deliveries are due again at once",
        "digest/store/deliveries.py",
        "deliveries.c.leased_until <= now",
        "deliveries.c.leased_until >= now",
        (MAIL, "tests/contract/test_deliveries.py"),
    ),
    Mutant(
        "who left is mailed",
        "digest/store/deliveries.py",
        "reachable = and_(subscriptions.c.subscriber_id.is_not(None), REACHABLE)",
        "reachable = and_(subscribers.c.id.is_not(None), subscribers.c.id.is_not(None))",
        ("tests/contract/test_deliveries.py", MAIL),
    ),
    Mutant(
        "a lost answer is a plain refusal",
        "digest/mail/transaction.py",
        'phase="answer", uncertain=True) from error',
        'phase="answer", uncertain=False) from error',
        (MAIL,),
    ),
    Mutant(
        "any refusal of a recipient suppresses them",
        "digest/mail/replies.py",
        'suppress=_status(error)[0] == "1"',
        "suppress=True",
        ("tests/unit/mail/test_replies.py",),
    ),
    Mutant(
        "STARTTLS is only tried",
        "digest/mail/smtp.py",
        'start_tls=relay.security == "starttls",',
        "start_tls=None,",
        (MAIL, "tests/integration/mail/test_sessions.py"),
    ),
    Mutant(
        "a token's mark is not compared",
        "digest/mail/tokens.py",
        "hmac.compare_digest(mark, _mark(secret, purpose, said)) and token == _encoded(raw)",
        "token == _encoded(raw)",
        ("tests/unit/mail/test_tokens.py", "tests/integration/web/test_application.py"),
    ),
    Mutant(
        "control characters stay in headers",
        "digest/mail/message.py",
        'clean = _CONTROL.sub(" ", text).strip()\n    if clean.isascii()',
        "clean = text.strip()\n    if clean.isascii()",
        ("tests/unit/mail/test_message.py",),
    ),
    Mutant(
        "a first import is published dump by dump",
        "digest/service/refresh.py",
        "first_import = state is None or state.settled_at is None",
        "first_import = False",
        ("tests/integration/cli/test_refresh.py",),
    ),
    Mutant(
        "nothing is ever held",
        "digest/service/refresh.py",
        "        if reason:\n            held = ",
        "        if reason and not reason:\n            held = ",
        ("tests/integration/cli/test_refresh.py",),
    ),
    Mutant(
        "the stamp of a fresh file is believed",
        "digest/service/refresh.py",
        "return replace(stamp, mtime_ns=0) if fresh else stamp",
        "return stamp",
        ("tests/faults/test_dumps.py",),
    ),
    Mutant(
        "a transaction that writes begins like one that reads",
        "digest/store/engine.py",
        '"BEGIN IMMEDIATE" if writes else "BEGIN"',
        '"BEGIN"',
        ("tests/contract/test_transactions.py",),
    ),
    Mutant(
        "what is deleted stays in the file",
        "digest/store/engine.py",
        '"secure_delete = ON"',
        '"secure_delete = OFF"',
        ("tests/contract",),
    ),
    Mutant(
        "a busy mailbox gives up at once",
        "digest/mail/replies.py",
        "attempts >= _FEWEST_ATTEMPTS and now + wait > made_at + patience.give_up:",
        "now + wait > made_at:",
        (MAIL,),
    ),
    Mutant(
        "a clock that steps back makes an edition again",
        "digest/editions/due.py",
        "slot <= last_slot_at:",
        "slot == last_slot_at:",
        ("tests/unit/editions", "tests/integration/service/test_editions.py"),
    ),
)
