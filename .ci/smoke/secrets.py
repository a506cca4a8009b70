"""Marker secrets in a checkout: `secrets.py plant CHECKOUT` leaves them as operators do, `secrets.py find` reads a tar.

`find` takes what `docker image save` writes on its standard input, looks into every layer, and ends with 1 where a
marker stands in it.
"""

from __future__ import annotations

import io
import sys
import tarfile
from pathlib import Path
from typing import IO

MARKER = "m4rk3r-s3cr3t-of-the-operator"
FOLDERS = ("", "config", "config/demo", "config/demo/samples", "config/keys", "secrets", "var", "backups")
SHIPPED = ("digest", "digest/mail", "digest/typeset/math/fonts", "templates", "templates/mail/confirm", "templates/web")
NAMES = ("dkim-rsa.pem", "smtp-password", "digest.toml", "digest.local.toml", "token", ".env.local", "digest.db")


def plant(checkout: Path) -> list[Path]:
    """Write the files that are not there yet; which."""
    planted = []
    for folder in (*FOLDERS, *SHIPPED):
        (checkout / folder).mkdir(parents=True, exist_ok=True)
        for name in NAMES:
            file = checkout / folder / name
            if not file.exists():
                file.write_text(f"{MARKER}\n", "utf-8")
                planted.append(file)
    return planted


def found(archive: IO[bytes]) -> list[str]:
    """The members of a tar archive that hold a marker, in the archives within it too."""
    holding = []
    with tarfile.open(fileobj=archive, mode="r|*") as outer:
        for member in outer:
            stream = outer.extractfile(member) if member.isfile() else None
            if stream is None:
                continue
            content = stream.read()
            if MARKER.encode() in content:
                holding.append(member.name)
            holding += [f"{member.name}: {name}" for name in _inside(content)]
    return holding


def _inside(content: bytes) -> list[str]:
    try:
        return found(io.BytesIO(content))
    except tarfile.TarError:
        return []


if __name__ == "__main__":
    if sys.argv[1:2] == ["plant"]:
        sys.exit(not plant(Path(sys.argv[2])))
    sys.exit("\n".join(f"holds a secret: {name}" for name in found(sys.stdin.buffer)) or 0)
