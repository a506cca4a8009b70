"""A relay on this machine replies before our event loop has turned: the reply is read all the same."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiosmtpd.controller import Controller

from digest.app import event_loop
from digest.mail.sending.session import Outgoing
from digest.mail.sending.smtp import SmtpSession
from digest.mail.sending.transaction import Timeouts
from digest.settings import Settings
from tests.serving import free_port

if TYPE_CHECKING:
    from pathlib import Path

MAILS = 1_500


class Taking:
    """Takes everything at once."""

    async def handle_DATA(self, *_: object) -> str:  # noqa: N802 - aiosmtpd's name
        return "250 2.0.0 taken"


async def send_all(settings: Settings) -> int:
    """One after the other; how many were taken."""
    taken = 0
    async with SmtpSession(settings.mail, "", timeouts=Timeouts(final=3.0)) as way:
        for n in range(MAILS):
            said = await way.send(Outgoing("a@example.org", f"p{n}@example.org", b"Subject: x\r\n\r\nHello.\r\n"))
            taken += said.endswith("taken")
    return taken


def test_no_answer_of_a_quick_relay_is_lost_in_the_loop_of_the_service(tmp_path: Path) -> None:
    port = free_port()
    server = Controller(Taking(), hostname="127.0.0.1", port=port)
    server.start()
    mail = {"transport": "smtp", "host": "127.0.0.1", "port": port, "security": "none"}
    loop = event_loop()
    try:
        sent = loop.run_until_complete(send_all(Settings(data_dir=tmp_path, mail=mail)))
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        server.stop()
    assert sent == MAILS
    assert not asyncio.all_tasks(loop)
