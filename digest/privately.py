"""New files that only their owner can read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

FILE_MODE = 0o600


def new_file(file: Path) -> BinaryIO:
    """Make a file and open it to write; its mode is right from the first moment, and no link is followed.

    Raises:
        FileExistsError: it is there already.
        OSError: it cannot be made.
    """
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb")
