"""A private Postfix in front of a scripted server: real refusals of real configurations, on free ports of loopback.

It takes mail for the mailboxes at reader.test that it lists, forwards it to a port, and knows the senders of
digest.test that it lists. Bounces for `bounces@digest.test` go by LMTP to another port.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.integration.mail.chain import SERVICES, SETTINGS
from tests.serving import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SMTP = "smtp unix - - n - - smtp\n"
_SETTINGS = """\
maillog_file_prefixes = {home}
maillog_file = {home}/log
mynetworks = 127.0.0.0/8
smtpd_reject_unlisted_sender = yes
relay_domains = reader.test
relay_recipient_maps = inline:{{ {readers} }}
virtual_mailbox_domains = digest.test
virtual_mailbox_maps = inline:{{ {{ bounces@digest.test = x }} }}
transport_maps = inline:{{
 {{ reader.test = smtp:[127.0.0.1]:{onward} }} {{ digest.test = lmtp:[127.0.0.1]:{bounces} }} }}
"""


@dataclass
class Gate:
    """What is to be known of it: it answers at `port`, hands mail on to `onward`, and bounces to `bounces`."""

    home: Path
    port: int
    onward: int
    bounces: int
    readers: Sequence[str]

    def configure(self, **more: str) -> None:
        """Write its configuration, with these settings at the end."""
        listed = " ".join(f"{{ {one} = x }}" for one in self.readers)
        places = {"home": self.home, "onward": self.onward, "bounces": self.bounces}
        settings = (SETTINGS + _SETTINGS).format(**places, readers=listed)
        settings += "".join(f"{name} = {value}\n" for name, value in more.items())
        (self.home / "etc" / "main.cf").write_text(settings)

    def reload(self, **more: str) -> None:
        """Let it continue with these settings, as its operator would."""
        self.configure(**more)
        self._postfix("reload")

    def _postfix(self, command: str) -> None:
        program = ["postfix", "-c", str(self.home / "etc")]
        subprocess.run([*program, command], check=True, capture_output=True, timeout=60)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        self._postfix("start")
        try:
            for _ in range(600):
                with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self.port), 5):
                    break
                time.sleep(0.05)
            yield
        finally:
            self._postfix("stop")


@contextlib.contextmanager
def gate(*readers: str, onward: int, **more: str) -> Iterator[Gate]:
    """Run it for these mailboxes."""
    home = Path(tempfile.mkdtemp(prefix="digest-gate-"))
    home.chmod(0o755)  # it works as users of its own
    made = Gate(home, free_port(), onward, free_port(), readers)
    try:
        for folder in ("etc", "spool", "data"):
            (home / folder).mkdir()
        owner = pwd.getpwnam("postfix")
        os.chown(home / "data", owner.pw_uid, owner.pw_gid)
        (home / "etc" / "master.cf").write_text(SERVICES.format(smtp=made.port) + _SMTP)
        made.configure(**more)
        with made.running():
            yield made
    finally:
        shutil.rmtree(home)
