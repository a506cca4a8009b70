"""Provides passwords and access tokens for logins, and removes them from servers' replies.

A token is read anew for each login. Some servers repeat the command that they refuse, with the user name, the password
or the token in it, often in base64. Such replies are stored with deliveries, displayed by `digest status`, logged, and
mailed as alerts. Decision 126.
"""

import asyncio
import base64
import binascii
import contextlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from digest.errors import ConfigurationError, TransportError
from digest.settings import Relay

_COMMAND_SECONDS = 60.0
HIDDEN = "***"
_SHORT = 4  # a shorter secret only matches as a whole word, a longer one anywhere
_RUN = re.compile(r"[A-Za-z0-9+/=_%\-]{6,}")  # the characters of base64, hex and URLs
_LIKE_A_KEY = 24  # a run of this length may be a key, unless it is a plain word


def password(relay: Relay) -> str:
    """The password, read from its file if one is configured.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    return relay.password if relay.password_file is None else first_line(relay.password_file)


def uses_token(relay: Relay) -> bool:
    """Whether the relay logs in with XOAUTH2."""
    return bool(relay.oauth_token_file or relay.oauth_command)


def require_token(relay: Relay) -> None:
    """Check that a token can be obtained, if the relay needs one.

    Raises:
        ConfigurationError: the token's file cannot be read, or the command does not exist.
    """
    if relay.oauth_token_file:
        first_line(relay.oauth_token_file)
    if relay.oauth_command and shutil.which(relay.oauth_command[0]) is None:
        raise ConfigurationError("is not a program on this machine", place=f"oauth_command {relay.oauth_command[0]}")


async def token(relay: Relay) -> str:
    """The current access token: the first line of the file, or of the command's output.

    Raises:
        TransportError: there is no token.
    """
    if relay.oauth_token_file:
        try:
            return first_line(relay.oauth_token_file)
        except ConfigurationError as error:
            raise TransportError(str(error), phase="login") from error
    return await _token_from_command(relay.oauth_command)


async def _token_from_command(command: tuple[str, ...]) -> str:
    """The error for a failed command contains only its exit code, because its output may contain secrets."""
    failed = f"oauth_command {command[0]}"
    try:
        run = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        raise TransportError(f"{failed}: {error.strerror}", phase="login") from error
    try:
        output, _ = await asyncio.wait_for(run.communicate(), _COMMAND_SECONDS)
    except TimeoutError as error:
        with contextlib.suppress(ProcessLookupError):
            run.kill()
        await run.wait()
        raise TransportError(f"{failed}: took longer than {_COMMAND_SECONDS:.0f} s", phase="login") from error
    line = output.decode("ascii", "replace").partition("\n")[0].strip()
    if run.returncode or not line:
        raise TransportError(f"{failed}: ended with {run.returncode} and no token", phase="login")
    return line


def first_line(file: Path) -> str:
    """The first line of a file with a secret.

    Raises:
        ConfigurationError: it cannot be read, or is empty.
    """
    try:
        return file.read_text("utf-8").splitlines()[0]
    except (OSError, IndexError, UnicodeDecodeError) as error:
        raise ConfigurationError("cannot be read, or is empty", place=str(file)) from error


@dataclass(frozen=True, slots=True)
class Credentials:
    """The user name and secret that were sent to a server at login. The repr hides both."""

    username: str
    secret: str

    def __repr__(self) -> str:
        return "Credentials(***)"

    def redacted(self, reply: str, *, names: bool = True) -> str:
        """The text with `***` for the secret; with `names`, also for the user name and anything that may be a key."""
        if not self.username and not self.secret:
            return reply
        local = self.username.partition("@")[0]
        secrets = [(self.secret, len(self.secret) < _SHORT)]
        if names:
            secrets += [(self.username, True), (local, True)]
        for text, whole in secrets:
            for form in sorted(_forms(text), key=len, reverse=True):
                reply = _without(reply, form, whole=whole)
        return _RUN.sub(lambda run: HIDDEN if self._reveals(run.group(), names=names) else run.group(), reply)

    def _reveals(self, run: str, *, names: bool) -> bool:
        """Whether a run of characters is part of the login, contains it when decoded, or could be a key."""
        if run.strip("=") == HIDDEN or run.isdigit():
            return False
        whole = (
            self.secret,
            f"\0{self.username}\0{self.secret}",
            f"user={self.username}\1auth=Bearer {self.secret}\1\1",
        )
        folded = run.casefold()
        if folded in self.secret.casefold() or any(folded in one.casefold() for text in whole for one in _coded(text)):
            return True
        wanted = [text.casefold() for text in (self.secret, self.username if names else "") if len(text) >= _SHORT]
        if any(text in found for found in _decoded(run) for text in wanted):
            return True
        return names and len(run) >= _LIKE_A_KEY and re.search(r"[A-Z0-9+=]", run) is not None


def _forms(text: str) -> set[str]:
    """The text itself, and the ways in which protocols, logs and URLs write it; none for an empty text."""
    if not text:
        return set()
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return {text, escaped, repr(text)[1:-1], quote(text, safe="", errors="surrogateescape"), *_coded(text)}


def _coded(text: str) -> set[str]:
    raw = text.encode("utf-8", "surrogateescape")
    coded = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    return {raw.hex(), *coded, *(one.rstrip("=") for one in coded)}


def _without(reply: str, form: str, *, whole: bool) -> str:
    """Any amount of white space matches any other, because the lines of a reply are joined."""
    pattern = r"\s+".join(re.escape(part) for part in form.split()) or re.escape(form)
    if whole:
        pattern = rf"(?<![^\W_]){pattern}(?![^\W_])"
    return re.sub(pattern, HIDDEN, reply, flags=re.IGNORECASE)


def _decoded(run: str) -> list[str]:
    """What a run may encode: base64 from each of four offsets, hex, and part of a URL; all case-folded."""
    found = [unquote(run)]
    plain = run.rstrip("=").translate(str.maketrans("-_", "+/"))
    for skipped in range(4):
        part = plain[skipped:]
        part = part[:-1] if len(part) % 4 == 1 else part  # base64 never has such a length: its end was cut off
        try:
            decoded = base64.b64decode(part + "=" * (-len(part) % 4))
        except binascii.Error:
            continue
        found.append(decoded.decode("utf-8", "replace"))
    if re.fullmatch(r"(?:[0-9A-Fa-f]{2})+", run):
        found.append(bytes.fromhex(run).decode("utf-8", "replace"))
    return [text.casefold() for text in found if text]
