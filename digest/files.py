"""Files that are shipped with the code, and files that only their owner can read."""

from __future__ import annotations

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
