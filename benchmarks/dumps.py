"""Dumps to sightings, without and with their structure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import corpus
from benchmarks.machine import peak_over_start
from benchmarks.measure import Clock, Row, best, small, speed, times
from digest.dumps.cut import cuts
from digest.dumps.decode import text_blocks
from digest.dumps.snapshot import read_sightings
from digest.dumps.structure import blocks
from digest.model import Content

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MB = 1_000_000
_BLOCK = 1 << 20
_MARK = "点击阅读全文"
_MOST_MB = 16


def rows() -> Iterator[Row]:
    """Speed and peak memory."""
    size = small(200, 20) * _MB
    files = corpus.dumps(size, 20)
    reference, cut = best(lambda: reference_pass(files), lambda: _cut(files), rounds=5)
    decoding = "decode and find, the same bytes"
    yield speed("dumps", "cut into sightings", decoding, size / _MB, "MB/s", cut, reference, 0.5)
    few = files[: small(5, 10)]
    reference, seconds = best(lambda: reference_pass(few), lambda: structured(few), rounds=3)
    part = size * len(few) / len(files) / _MB
    yield speed("dumps", "cut, with structure", decoding, part, "MB/s", seconds, reference, 0.2)
    one = corpus.dumps(size, 1)[0]
    code = (
        "from digest.dumps.snapshot import read_sightings\n"
        "from digest.dumps.structure import blocks\n"
        "start()\n"
        f"with open({str(one)!r}, 'rb') as stream:\n"
        "    for sighting in read_sightings(stream, 'one'): pass"
    )
    name = f"peak memory over start, one file of {size // _MB} MB"
    yield times("dumps", name, "1 MB", peak_over_start(code), 1, _MOST_MB, "MB", Clock.MEMORY)


def reference_pass(files: list[Path]) -> None:
    """Decode, and one pass of `str.find` from mark to mark."""
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(_BLOCK):
                text, at = block.decode("utf-8", "replace"), -1
                while (at := text.find(_MARK, at + 1)) >= 0:
                    pass


def _cut(files: list[Path]) -> None:
    for file in files:
        with file.open("rb") as stream:
            for _ in cuts(text_blocks(stream, file.name)):
                pass


def structured(files: list[Path]) -> None:
    """Into sightings and their blocks."""
    for file in files:
        with file.open("rb") as stream:
            for sighting in read_sightings(stream, file.name):
                blocks(Content(sighting.title, sighting.author, sighting.paragraphs, sighting.figures))
