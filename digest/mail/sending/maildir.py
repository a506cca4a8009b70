"""The transport that writes mails into a folder. Source: the maildir convention, `tmp/` then `new/`.

The mails contain addresses, and tokens with which anybody could act for the subscribers. So only the owner may read the
files. Decision 127.
"""

import asyncio
import contextlib
import hashlib
import os
import re
from pathlib import Path

from digest.errors import TransportError
from digest.files import FILE_MODE, make_folder, new_private_file, sync_names
from digest.mail.sending.session import Envelope, Outgoing, SendResult, Session

_FOLDER_MODE = 0o700
_MESSAGE_ID = re.compile(rb"^Message-ID: <([^>\r\n]+)>", re.MULTILINE)


class MaildirSession(Session):
    """Writes each message into its own file, named after its Message-ID.

    A second attempt at a delivery finds the file of the first attempt and writes nothing. So a crash between writing
    and recording causes no second copy here.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mail: Outgoing | None = None
        self._made = False

    async def prepare(self, mail: Outgoing) -> None:
        self._mail = mail

    async def commit(self, following: Envelope | None = None) -> SendResult:  # noqa: ARG002 - as every session
        """Write the message, with its envelope in front, as a local delivery does."""
        assert self._mail is not None  # noqa: S101 - it was prepared
        return SendResult(await asyncio.to_thread(self._write, self._mail))

    async def close(self) -> None:
        return None

    def _write(self, mail: Outgoing) -> str:
        found = _MESSAGE_ID.search(mail.message)
        name = hashlib.sha256(found[1] if found else mail.message).hexdigest()[:32] + ".digest"
        try:
            if not self._made:
                _make_private(self._folder)
                self._made = True
            if (self._folder / "new" / name).exists():
                sync_names(self._folder / "new")  # the process that wrote it may have been killed before that
                return f"{name} exists already"
            if any((self._folder / "cur").glob(f"{name}*")):
                return f"{name} exists already"
            draft = self._folder / "tmp" / name
            draft.unlink(missing_ok=True)  # left over from a crash
            with new_private_file(draft) as file:
                envelope = f"Return-Path: <{mail.sender}>\r\nDelivered-To: {mail.recipient}\r\n".encode()
                file.write((envelope + mail.message).replace(b"\r\n", b"\n"))
                file.flush()
                os.fsync(file.fileno())
            draft.rename(self._folder / "new" / name)
            sync_names(self._folder / "new")
        except OSError as error:
            raise TransportError(f"{self._folder}: {error.strerror}", phase="connect") from error
        return name


def _make_private(folder: Path) -> None:
    """Create the folders of a maildir. If existing ones are open to other users, close them and all their files."""
    make_folder(folder.parent)
    for part in (folder, folder / "tmp", folder / "new", folder / "cur"):
        make_folder(part, _FOLDER_MODE)
    for part in (folder / "tmp", folder / "new", folder / "cur", folder):
        if part.stat().st_mode & 0o077:
            with contextlib.suppress(PermissionError):  # another user owns it, and decides who may read it
                part.chmod(_FOLDER_MODE)
                for mail in part.iterdir() if part != folder else ():
                    if mail.is_file() and not mail.is_symlink():
                        mail.chmod(FILE_MODE)
