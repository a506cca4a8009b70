"""Files that are shipped with the code, files that only their owner can read, and names that survive a power cut."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

_PACKAGE = Path(__file__).resolve().parent
FILE_MODE = 0o600


def shipped_folder(name: str) -> Path:
    """The folder `templates` or `config`, inside an installed wheel or beside the package in a checkout."""
    installed = _PACKAGE / "_bundled" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def new_private_file(file: Path) -> BinaryIO:
    """Create a file and open it for writing. Its mode is correct from the start, and links are not followed.

    Raises:
        FileExistsError: the file exists already.
        OSError: it cannot be created.
    """
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb")


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Create a folder with its parents, unless it is there. Its name survives a power cut from then on.

    An existing folder is synced, too: a process may have created it and been killed before it synced.

    Raises:
        OSError: it cannot be created.
    """
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(mode=mode, parents=True, exist_ok=True)
    for one in {folder, *made}:
        sync_names(one.parent)


def sync_names(folder: Path) -> None:
    """Write the names in a folder to the disk, so that a new one survives a power cut. Source: POSIX, fsync.

    Raises:
        OSError: the disk fails.
    """
    with contextlib.suppress(PermissionError):  # another user's folder, in which we can create nothing
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
