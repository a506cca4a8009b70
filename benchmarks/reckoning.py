"""The reckoned part of docs/scale.md, from the figures in its measured tables: `python -m benchmarks.reckoning`.

Every number is the value of the formula beside it; what is assumed and not measured stands in the formula as a number.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scale.md"
MEASURED = "<!-- measured: begin -->", "<!-- measured: end -->"
RECKONED = "<!-- reckoned: begin -->", "<!-- reckoned: end -->"
_FIGURE = re.compile(r"^\| `(\w)` \|.*\| ([\d,.]+) \|$", re.MULTILINE)
_ROW = re.compile(r"^\| (\d+) \| ([\d,.]+) \| ([\d,.]+) \| ([\d,.]+) \|$", re.MULTILINE)
_MILLION, _HOUR = 10**6, 3600
_READERS = _MILLION, 100 * _MILLION
_SOURCES = 10_000, _MILLION
_COUNTS = 10**8, 10**10
_A_YEAR = 365 * 24 * 4  # counts of an entry, four an hour
_UNITS = (10**12, "TB"), (10**9, "GB"), (10**6, "MB")


def figures(page: str) -> dict[str, float]:
    """The measured figures by letter: a capital for the best row of the first table, a small one for its first row."""
    measured = page.partition(MEASURED[0])[2].partition(MEASURED[1])[0]
    rows = [[_number(cell) for cell in row[1:]] for row in _ROW.findall(measured)]
    known = {letter: _number(value) for letter, value in _FIGURE.findall(measured)}
    for at, letter in enumerate("mfu"):
        known |= {letter: rows[0][at], letter.upper(): max(row[at] for row in rows)}
    return known


def reckoned(page: str) -> str:
    """The page with its reckoned part made anew."""
    before, _, rest = page.partition(RECKONED[0])
    after = rest.partition(RECKONED[1])[2]
    x = figures(page)
    made = "\n\n".join((_readers(x), _sources(x), _counts(x)))
    return f"{before}{RECKONED[0]}\n{made}\n{RECKONED[1]}{after}"


def _readers(x: Mapping[str, float]) -> str:
    rates = [readers / (6 * _HOUR) for readers in _READERS]
    hours = _MILLION / x["M"] * x["n"] / _HOUR
    rows = [
        _row("databases, a million readers each", "*R* / 10⁶", [_whole(r / _MILLION) for r in _READERS]),
        _row("planning an edition, all databases at once", "10⁶ / *p*", [_time(_MILLION / x["p"])] * 2),
        _row("mails a second, to send within 6 hours", "*R* / 21,600", [_rate(rate) for rate in rates]),
        _row("workers for that, by their rate", "*R* / 21,600 / *m*", [_whole(r / x["m"]) for r in rates]),
        _row("connections to relays kept busy, 20 ms an answer", "*R* / 21,600 × 0.02", [_rate(r / 50) for r in rates]),
        _row("transactions a second", "*R* / 21,600 × *t*", [_rate(rate * x["t"]) for rate in rates]),
        _row("write-ahead log an edition", "*R* × *w*", [_bytes(r * x["w"]) for r in _READERS]),
        _row("deliveries kept: 57 editions in 400 days", "*R* × 57 × *d*", [_bytes(r * 57 * x["d"]) for r in _READERS]),
        _row("processor hours a million mails", "10⁶ / *M* × *n* / 3,600", [f"{hours:.1f}"] * 2),
        _row("… at 0.05 an hour", "10⁶ / *M* × *n* / 3,600 × 0.05", [f"{hours * 0.05:.2f}"] * 2),
        _row("a million mails by a relay service, at 0.10 a thousand", "10⁶ × 0.0001", ["100"] * 2),
        _row("feed requests a second, each reader once an hour", "*R* / 3,600", [_rate(r / _HOUR) for r in _READERS]),
        _row("web processes for that", "*R* / 3,600 / *g*", [_whole(r / _HOUR / x["g"]) for r in _READERS]),
        _row(
            "… behind a CDN: 200 edges, 6 documents, 15 minutes",
            "200 × 6 / 900 / *g*",
            [_whole(200 * 6 / 900 / x["g"])] * 2,
        ),
    ]
    head = ["| *R* readers, weekly | | 1 million | 100 million |", "|---|---|---:|---:|"]
    told = [
        f"- A worker sends a batch of 500 in {_time(500 / x['m'])} (500 / *m*): as many mails wait for `mail.lease`",
        "  to end where it dies, so larger ones only make that worse.",
        f"- The 20 connections of the measurement keep up with answers that take {_time(20 / x['m'])} (20 / *m*).",
    ]
    return "\n".join(["### Readers", "", *head, *rows, "", *told])


def _sources(x: Mapping[str, float]) -> str:
    rates = [sources / 900 for sources in _SOURCES]
    databases = [max(1, math.ceil(rate / x["U"])) for rate in rates]
    imports = [_time(s / n / x["F"]) for s, n in zip(_SOURCES, databases, strict=True)]
    rows = [
        _row("passes a second, each source once in 15 minutes", "*S* / 900", [_rate(rate) for rate in rates]),
        _row("databases, nothing changed", "*S* / 900 / *U*", [str(n) for n in databases]),
        _row("workers, nothing changed", "*S* / 900 / *u*", [_whole(rate / x["u"]) for rate in rates]),
        _row("… and one in 100 is new", "*S* / 900 / 100 / *f*", [_whole(rate / 100 / x["f"]) for rate in rates]),
        _row("the first import of all", "*S* / databases / *F*", imports),
    ]
    head = ["| *S* sources | | 10,000 | 1 million |", "|---|---|---:|---:|"]
    return "\n".join(["### Sources", "", *head, *rows])


def _counts(x: Mapping[str, float]) -> str:
    kept = [count * x["k"] / _A_YEAR for count in _COUNTS]
    rows = [
        _row("all of them", "*C* × *c*", [_bytes(count * x["c"]) for count in _COUNTS]),
        _row("what stays after a year", "*C* × *k* / 35,040 × *c*", [_bytes(count * x["c"]) for count in kept]),
        _row("… a database, of 100", "*C* × *k* / 35,040 × *c* / 100", [_bytes(n * x["c"] / 100) for n in kept]),
        _row("an entry more each later year", "12 × *c*", [f"{12 * x['c'] / 1000:.1f} kB"] * 2),
        _row("thinning out, 100 databases at once", "*C* / *h* / 100", [_time(n / x["h"] / 100) for n in _COUNTS]),
    ]
    head = ["| *C* reader counts, four an hour | | 100 million | 10 billion |", "|---|---|---:|---:|"]
    return "\n".join(["### Reader counts", "", *head, *rows])


def _row(name: str, formula: str, values: list[str]) -> str:
    return f"| {name} | {formula} | {' | '.join(values)} |"


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def _whole(value: float) -> str:
    return f"{max(1, math.ceil(value)):,}"


def _rate(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _time(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def _bytes(value: float) -> str:
    size, unit = next((one for one in _UNITS if value >= one[0]), _UNITS[-1])
    return f"{value / size:.1f} {unit}"


if __name__ == "__main__":
    PAGE.write_text(reckoned(PAGE.read_text("utf-8")), "utf-8")
