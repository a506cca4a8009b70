"""Rows as lines on a terminal and as the table of docs/performance.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.machine import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.measure import Row

_DOCS = ROOT / "docs" / "performance.md"
_BEGIN, _END = "<!-- table: written by `make bench-docs` -->", "<!-- end of table -->"
_BEGIN_PEERS, _END_PEERS = "<!-- peers: written by `make peers` -->", "<!-- end of peers -->"


def line(row: Row) -> str:
    """A row for people who watch."""
    sign = "≤" if row.at_most else "≥"
    said = f"{_figure(row.ours)} against {_figure(row.reference)} {row.unit}"
    return f"{'ok  ' if row.holds else 'MISS'} {row.name:<58} {said:<34} {row.ratio:8.3f} ({sign} {row.floor:g})"


def write(facts: Mapping[str, str], rows: Sequence[Row]) -> None:
    """Put the tables into the documentation, in the place of those that stand there; peers have one of their own."""
    peers = [row for row in rows if row.group == "peers"]
    others = [row for row in rows if row.group != "peers"]
    for begin, end, shown in ((_BEGIN, _END, others), (_BEGIN_PEERS, _END_PEERS, peers)):
        if shown:
            before, _, rest = _DOCS.read_text().partition(begin)
            _DOCS.write_text(f"{before}{begin}\n{_table(facts, shown)}\n{end}{rest.partition(end)[2]}")


def _table(facts: Mapping[str, str], rows: Sequence[Row]) -> str:
    lines = [
        f"{facts['machine']}; {facts['system']}; commit `{facts['commit']}`, {facts['date']}.",
        "",
        "| what | reference in the same run | ours | reference | unit | ratio | floor | measured in |",
        "|---|---|--:|--:|---|--:|--:|---|",
    ]
    for row in rows:
        floor = f"{'≤' if row.at_most else '≥'} {row.floor:g}"
        ratio = f"{row.ratio:.3g}" if row.holds else f"**{row.ratio:.3g}**"
        figures = f"{_figure(row.ours)} | {_figure(row.reference)} | {row.unit}"
        lines.append(f"| {row.name} | {row.against} | {figures} | {ratio} | {floor} | {row.clock} |")
    return "\n".join(lines)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
