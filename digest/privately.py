"""Creates files that only their owner can read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

FILE_MODE = 0o600


def new_file(file: Path) -> BinaryIO:
    """Create a file and open it for writing. Its mode is correct from the start, and links are not followed.

    Raises:
        FileExistsError: the file exists already.
        OSError: it cannot be created.
    """
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb")
