"""A private Postfix with a private Dovecot behind it, on free ports of loopback, all of it in one folder."""

from __future__ import annotations

import contextlib
import imaplib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.serving import free_port
from tests.waiting import lines

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "open sesame"
SERVICES = """\
127.0.0.1:{smtp} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
SETTINGS = """\
compatibility_level = 3.6
queue_directory = {home}/spool
data_directory = {home}/data
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.reader.test
mydestination =
alias_maps =
local_recipient_maps =
smtputf8_enable = no
"""
_POSTFIX = """\
maillog_file = /dev/stdout
smtpd_reject_unlisted_recipient = no
virtual_mailbox_domains = reader.test
virtual_transport = lmtp:[127.0.0.1]:{lmtp}
relay_domains = digest.test
transport_maps = inline:{{ {{ digest.test = lmtp:[127.0.0.1]:{bounces} }} }}
"""
_DOVECOT = """\
base_dir = {home}/run
log_path = /dev/stderr
listen = 127.0.0.1
protocols = imap lmtp
ssl = no
disable_plaintext_auth = no
postmaster_address = postmaster@reader.test
mail_location = maildir:~/Maildir
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = {home}/users
}}
userdb {{
  driver = passwd-file
  args = {home}/users
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
"""


@dataclass
class Chain:
    """What is to be known of it. Mail to `*@reader.test` goes to Dovecot, mail to `*@digest.test` to `bounces`."""

    home: Path
    smtp: int
    imap: int
    lmtp: int
    bounces: int
    said: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def mailbox(self, name: str) -> Iterator[imaplib.IMAP4]:
        """The inbox of somebody at reader.test."""
        with imaplib.IMAP4("127.0.0.1", self.imap, timeout=30) as server:
            server.login(f"{name}@reader.test", PASSWORD)
            server.select("INBOX")
            yield server


def idle_until_mail(server: imaplib.IMAP4) -> None:
    """Wait until the server says that a mail is there. Source: RFC 2177."""
    server.send(b"x1 IDLE\r\n")
    line = b""
    while b" EXISTS" not in line or line.startswith(b"* 0 "):
        line = server.readline()
        assert line, "the connection ended"
    server.send(b"DONE\r\n")
    while not line.startswith(b"x1 "):
        line = server.readline()
        assert line, "the connection ended"


@contextlib.contextmanager
def chain(*users: str) -> Iterator[Chain]:
    """Run it; the mailboxes of these users exist at reader.test."""
    home = Path(tempfile.mkdtemp(prefix="digest-chain-"))
    home.chmod(0o755)  # both servers work as users of their own
    made = Chain(home, free_port(), free_port(), free_port(), free_port())
    try:
        _configure(made, users)
        dovecot = ["dovecot", "-F", "-c", str(home / "dovecot.conf")]
        postfix = ["postfix", "-c", str(home / "postfix")]
        with (
            _running(made, dovecot, "starting up"),
            _running(made, [*postfix, "start-fg"], "daemon started", stop=[*postfix, "stop"]),
        ):
            yield made
    finally:
        shutil.rmtree(home)


def _configure(made: Chain, users: tuple[str, ...]) -> None:
    ports = {"home": made.home, "smtp": made.smtp, "imap": made.imap, "lmtp": made.lmtp, "bounces": made.bounces}
    nobody, postfix = pwd.getpwnam("nobody"), pwd.getpwnam("postfix")
    for folder in ("postfix", "spool", "data", "mail"):
        (made.home / folder).mkdir()
    os.chown(made.home / "data", postfix.pw_uid, postfix.pw_gid)
    os.chown(made.home / "mail", nobody.pw_uid, nobody.pw_gid)
    (made.home / "postfix" / "main.cf").write_text((SETTINGS + _POSTFIX).format(**ports))
    (made.home / "postfix" / "master.cf").write_text(SERVICES.format(**ports))
    (made.home / "dovecot.conf").write_text(_DOVECOT.format(**ports))
    (made.home / "users").write_text(
        "".join(
            f"{user}@reader.test:{{PLAIN}}{PASSWORD}:{nobody.pw_uid}:{nobody.pw_gid}::{made.home}/mail/{user}\n"
            for user in users
        )
    )


@contextlib.contextmanager
def _running(made: Chain, command: list[str], ready: str, *, stop: list[str] | None = None) -> Iterator[None]:
    """Start a server and wait until it is ready; end it and its children, by `stop` where it needs that."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    assert process.stdout
    reading = threading.Thread(target=lambda: None)
    try:
        for line in lines(process):
            made.said.append(line)
            if ready in line:
                break
        else:
            raise AssertionError(f"{command[0]} did not start: {made.said}")
        reading = threading.Thread(target=made.said.extend, args=(process.stdout,))
        reading.start()
        yield
    finally:
        if stop:  # its master works in a session of its own, and knows its children
            subprocess.run(stop, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=30, check=False)
        else:
            process.terminate()
        try:
            process.wait(timeout=15)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # what its session still holds
            reading.join(timeout=15)
            process.stdout.close()
