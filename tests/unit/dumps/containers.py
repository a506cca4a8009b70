"""Containers of every kind, made in memory from the same pages."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from typing import TYPE_CHECKING

import zstandard

from digest.dumps.containers.container import Container, RecordPage
from digest.dumps.containers.kinds import Terms
from digest.dumps.files import DumpFile, dump_files
from digest.dumps.snapshot import BUILT_IN, page_sightings
from digest.errors import DumpError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from digest.model import Sighting

SITE = "https://blog.example.org/"
HTTP = (("Content-Type", "text/plain; charset=utf-8"),)


def zipped(pages: Mapping[str, bytes]) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in pages.items():
            archive.writestr(name, text)
    return into.getvalue()


def tarred(pages: Mapping[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w", format=form) as archive:
        for name, text in pages.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(text), 1_700_000_000
            archive.addfile(info, io.BytesIO(text))
    return into.getvalue()


def oldest_tarred(pages: Mapping[str, bytes]) -> bytes:
    """A tar archive without the word `ustar` in its heads."""
    data = bytearray(tarred(pages, tarfile.USTAR_FORMAT))
    at = 0
    while (at := data.find(b"ustar\x0000", at)) >= 0:
        start = at - 257
        data[at : at + 8] = bytes(8)
        data[start + 148 : start + 156] = b" " * 8
        data[start + 148 : start + 156] = b"%06o\0 " % sum(data[start : start + 512])
    return bytes(data)


def json_lines(pages: Mapping[str, bytes], **more: object) -> bytes:
    return b"".join(
        json.dumps({"url": SITE + name, "title": "a title", "text": text.decode()} | more).encode() + b"\n"
        for name, text in pages.items()
    )


def warc(
    pages: Mapping[str, bytes],
    kind: str = "response",
    *,
    packed: bool = False,
    http: Iterable[tuple[str, str]] = HTTP,
) -> bytes:
    """One record for each page; `packed` compresses each one alone, as crawlers do."""
    made = []
    for name, body in pages.items():
        media_type, block = "text/plain", body
        if kind == "response":
            head = "".join(f"{key}: {said}\r\n" for key, said in http)
            media_type, block = "application/http; msgtype=response", f"HTTP/1.1 200 OK\r\n{head}\r\n".encode() + body
        headers = (
            f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {SITE}{name}\r\nWARC-Date: 2026-01-02T03:04:05Z\r\n"
            f"Content-Type: {media_type}\r\nContent-Length: {len(block)}\r\n\r\n"
        )
        made.append(headers.encode() + block + b"\r\n\r\n")
    return b"".join(map(gzip.compress, made) if packed else made)


MAKERS: dict[str, Callable[[Mapping[str, bytes]], bytes]] = {
    "zip": zipped,
    "tar": tarred,
    "tar of the oldest kind": oldest_tarred,
    "tar.gz": lambda pages: gzip.compress(tarred(pages)),
    "tar.zst": lambda pages: zstandard.compress(tarred(pages)),
    "JSON Lines": json_lines,
    "JSON Lines, gz": lambda pages: gzip.compress(json_lines(pages)),
    "WARC": warc,
    "WARC.gz": lambda pages: warc(pages, packed=True),
    "WARC, all packed at once": lambda pages: zstandard.compress(warc(pages)),
    "WET": lambda pages: warc(pages, "conversion"),
}


def container(path: Path, data: bytes, terms: Terms | None = None) -> Container:
    path.write_bytes(data)
    (file,) = dump_files(path)
    assert isinstance(file, DumpFile)
    return Container(file, terms or Terms(), BUILT_IN)


def text_of(page: RecordPage) -> bytes:
    with page.open() as stream:
        return stream.read()


def texts(opened: Container) -> dict[str, bytes]:
    """The bytes of each record by its name without that of the container; a record that cannot be read is left out."""
    found = {}
    for page in opened.pages():
        try:
            found[page.name.removeprefix(f"{opened.page.name}!")] = text_of(page)
        except DumpError as error:
            opened.flaws.append(error)  # type: ignore[arg-type] # a test looks only at its text
    return found


def sightings(page: RecordPage | DumpFile) -> list[Sighting]:
    with page.open() as stream:
        return list(page_sightings(stream, page))
