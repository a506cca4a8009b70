"""A confirmation or a welcome that cannot be made is reported, waits, and holds up no other mail."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from digest.model import ConfirmationKind, DigestId, Format
from digest.service.editions import digests
from digest.service.mailing import single_mails
from digest.service.operating.health import Kind
from digest.service.operating.status import status
from digest.settings import Settings
from digest.store import open_store

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
WEEKLY = DigestId("weekly")


@pytest.mark.parametrize("name", ["confirm", "welcome"])
def test_a_mail_whose_template_is_wrong_waits_until_it_is_mended_and_the_others_go_out(
    tmp_path: Path, name: str
) -> None:
    settings = Settings(
        data_dir=tmp_path,
        templates=tmp_path / "own",
        digests=[{"id": "weekly", "title": "每周"}],
        mail={"path": tmp_path / "mail", "sender": "Digest <digest@example.org>"},
    )
    wrong = tmp_path / "own" / "mail" / name / "subject.txt"
    wrong.parent.mkdir(parents=True)
    wrong.write_text("{{ spam }}", "utf-8")
    with closing(open_store("sqlite://")) as store:
        digests.register(store, settings.digests, NOW)
        with store.write() as tx:
            person = tx.subscribers.add(
                "bob@example.org", name="", language="en", fmt=Format.BOTH, digests=[WEEKLY], source="x", now=NOW
            )
            assert person
            tx.single_mails.welcome(person.subscriber.id, NOW)
            for kind, known in ((ConfirmationKind.JOIN, None), (ConfirmationKind.ACCESS, person.subscriber.id)):
                tx.confirmations.ask(
                    kind,
                    "ada@example.org",
                    subscriber=known,
                    digests=[WEEKLY],
                    language="en",
                    latest=False,
                    network="",
                    mail=True,
                    now=NOW,
                    expires_at=NOW + timedelta(hours=48),
                )

        def sent(now: datetime) -> int:
            return asyncio.run(single_mails.send_confirmations(store, settings, lambda: now)) + asyncio.run(
                single_mails.send_single_mails(store, settings, lambda: now)
            )

        assert sent(NOW) == 2  # of three
        (trouble,) = status(store, settings, NOW).troubles
        assert (trouble.kind, trouble.certain) == (Kind.LETTER, True)
        assert trouble.problem == f"1 cannot be made and wait: {wrong}:1: 'spam' is undefined"

        later = NOW + timedelta(hours=1)
        for _ in range(12):  # more often than an absent server is tried
            assert sent(later) == 0
            later += timedelta(hours=1)
        wrong.write_text("Hello", "utf-8")
        assert sent(later) == 1
        assert status(store, settings, later).troubles == ()
