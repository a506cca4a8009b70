"""Provides the password for a login, or an access token, which is read anew for each login. It caches nothing."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from typing import TYPE_CHECKING

from digest.errors import ConfigurationError, TransportError

if TYPE_CHECKING:
    from pathlib import Path

    from digest.settings import Relay

_COMMAND_SECONDS = 60.0


def password(relay: Relay) -> str:
    """The password, read from its file if one is configured.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    return relay.password if relay.password_file is None else _first_line(relay.password_file)


def uses_token(relay: Relay) -> bool:
    """Whether the relay logs in with XOAUTH2."""
    return bool(relay.oauth_token_file or relay.oauth_command)


def require_token(relay: Relay) -> None:
    """Check that a token can be obtained, if the relay needs one.

    Raises:
        ConfigurationError: the token's file cannot be read, or the command does not exist.
    """
    if relay.oauth_token_file:
        _first_line(relay.oauth_token_file)
    if relay.oauth_command and shutil.which(relay.oauth_command[0]) is None:
        raise ConfigurationError("is not a program on this machine", place=f"oauth_command {relay.oauth_command[0]}")


async def token(relay: Relay) -> str:
    """The current access token: the first line of the file, or of the command's output.

    Raises:
        TransportError: there is no token.
    """
    if relay.oauth_token_file:
        try:
            return _first_line(relay.oauth_token_file)
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


def _first_line(file: Path) -> str:
    try:
        return file.read_text("utf-8").splitlines()[0]
    except (OSError, IndexError, UnicodeDecodeError) as error:
        raise ConfigurationError("cannot be read, or is empty", place=str(file)) from error
