"""What the recorded programs do. After each act they say on the standard output what was reported to people by then.

`python -m tests.power.scenes NAME HOME` does one of them, in a process of its own that strace watches.
"""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from digest.app import clock, opened
from digest.cli import main
from digest.mail.tokens import confirmation_token, leave_token
from digest.model import ConfirmationId, DigestId
from digest.settings import load
from digest.web.application import application
from tests.faults.sink import Moment, Sink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp, Message

    from digest.store.transaction import Store


def report(line: str) -> None:
    """Say something to the world, which will hold us to it."""
    os.write(1, f"{line}\n".encode())  # at once, and past what a command redirects


def command(*arguments: str) -> None:
    """Run a command that has to succeed; then the operator knows that it did."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    code = 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main([*arguments, "--config", "digest.toml"])
        except SystemExit as ended:
            code = int(ended.code or 0)
    if code:
        sys.exit(err.getvalue())
    report(f"done: {' '.join(arguments)}")


def first_import() -> None:
    command("refresh")


def refresh() -> None:
    command("refresh")


def edition() -> None:
    command("edition", "cut")


def drain() -> None:
    command("edition", "send")


def drain_smtp() -> None:
    """Send an edition to a mail server, which says whose mail it has taken before it answers."""
    with Sink() as sink:

        def taken(moment: Moment, recipient: str) -> None:
            if moment is Moment.STORED:
                mail = next(one for one in reversed(sink.taken) if one.recipient == recipient)
                report(f"got: {recipient} {mail.message_id}")

        sink.at = taken
        os.environ.update(to_sink(sink))
        command("edition", "send")


def to_sink(sink: Sink) -> dict[str, str]:
    """The variables with which mails go to this server."""
    return {
        "DIGEST_MAIL_TRANSPORT": "smtp",
        "DIGEST_MAIL_HOST": "127.0.0.1",
        "DIGEST_MAIL_PORT": str(sink.port),
        "DIGEST_MAIL_SECURITY": "none",
    }


def backup() -> None:
    command("backup", "copies/copy.db")


def restore() -> None:
    command("restore", "copies/copy.db", "--yes")


def migration() -> None:
    command("refresh")


def erase() -> None:
    command("subscribers", "erase", "p00@example.org", "--yes")


def confirm() -> None:
    """Three people who asked to subscribe press the button behind the link in their mails, one after the other."""
    with _site() as (store, press):
        for number in range(3):
            with store.read() as tx:
                asked = tx.confirmations.get(ConfirmationId(number + 1))
            assert asked
            press(f"/confirm/{confirmation_token(store.secret(), asked)}")
            report(f"subscribed: {asked.address}")


def leave() -> None:
    """Three people leave, one after the other."""
    with _site() as (store, press):
        for number in range(3):
            with store.read() as tx:
                record = tx.subscribers.find(f"p0{number}@example.org")
            assert record
            press(f"/leave/{leave_token(store.secret(), record.subscriber.id, DigestId('weekly'))}")
            report(f"left: {record.subscriber.address}")


@contextmanager
def _site() -> Iterator[tuple[Store, Callable[[str], None]]]:
    """The web server of the store, and how a person presses the only button of one of its pages."""
    settings = load(Path("digest.toml"))
    with opened(settings) as store:
        app = application(store, settings, now=clock)

        def press(path: str) -> None:
            status = asyncio.run(_posted(app, path))
            if status != 200:
                sys.exit(f"{path}: {status}")

        yield store, press


async def _posted(app: ASGIApp, path: str) -> int:
    sent: list[Message] = []
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"digest.example.org"), (b"content-type", b"application/x-www-form-urlencoded")],
        "client": ("127.0.0.1", 5),
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return int(sent[0]["status"])


SCENES: dict[str, Callable[[], None]] = {
    one.__name__: one
    for one in (first_import, refresh, edition, drain, drain_smtp, backup, restore, migration, erase, confirm, leave)
}

if __name__ == "__main__":
    vars(shutil)["_USE_CP_SENDFILE"] = False  # so that the trace has the bytes of copied files
    SCENES[sys.argv[1]]()
