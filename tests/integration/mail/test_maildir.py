"""The maildir: only its owner can read it, whatever the umask, and older ones are closed."""

from __future__ import annotations

import asyncio
import os
import stat
from typing import TYPE_CHECKING

import pytest

from digest.mail.sending.maildir import MaildirSession
from digest.mail.sending.session import Outgoing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RAW = b"Message-ID: <%d@example.org>\r\nSubject: x\r\n\r\nhttps://digest.example.org/leave/token\r\n"


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def write(folder: Path, number: int = 1) -> str:
    async def once() -> str:
        async with MaildirSession(folder) as way:
            return await way.send(Outgoing("digest@example.org", "ada@example.org", RAW % number))

    return asyncio.run(once())


def modes(folder: Path) -> dict[str, int]:
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*")}
    return {name: stat.S_IMODE(path.lstat().st_mode) for name, path in {".": folder, **found}.items()}


@pytest.mark.usefixtures("umask")
def test_folders_are_of_mode_700_and_files_of_600(tmp_path: Path) -> None:
    name = write(tmp_path / "a" / "mail")
    folders = dict.fromkeys((".", "tmp", "new", "cur"), 0o700)
    assert modes(tmp_path / "a" / "mail") == {**folders, f"new/{name}": 0o600}


@pytest.mark.parametrize("open_part", ["tmp", "new", "cur", "."])
def test_a_maildir_of_an_older_program_is_closed_with_what_lies_in_it(tmp_path: Path, open_part: str) -> None:
    folder, outside = tmp_path / "mail", tmp_path / "outside"
    outside.write_text("of somebody else", "utf-8")
    outside.chmod(0o644)
    for part in ("tmp", "new", "cur"):
        (folder / part).mkdir(parents=True)
        (folder / part / "old").write_text("to: ada", "utf-8")
        (folder / part / "old").chmod(0o644 if part == open_part else 0o600)
        (folder / part).chmod(0o755 if part == open_part else 0o700)
    (folder / "cur" / "link").symlink_to(outside)
    folder.chmod(0o755 if open_part == "." else 0o700)
    name = write(folder)
    found = modes(folder)
    assert {found[part] for part in (".", "tmp", "new", "cur")} == {0o700}
    assert {found[f"{part}/old"] for part in ("tmp", "new", "cur")} == {found[f"new/{name}"]} == {0o600}
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644


def test_what_a_crash_left_in_tmp_is_written_anew_and_closed(tmp_path: Path) -> None:
    name = write(tmp_path / "one")
    (tmp_path / "two" / "tmp").mkdir(parents=True)
    (tmp_path / "two" / "tmp" / name).write_text("half", "utf-8")
    (tmp_path / "two" / "tmp" / name).chmod(0o644)
    assert write(tmp_path / "two") == name
    assert (tmp_path / "two" / "new" / name).read_bytes() == (tmp_path / "one" / "new" / name).read_bytes()
    assert modes(tmp_path / "two")[f"new/{name}"] == 0o600
