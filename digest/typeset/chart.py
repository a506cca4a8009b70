"""Draws reader counts over time as a small picture (inline SVG) with a title that describes it.

No styles, no scripts.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from html import escape
from itertools import pairwise
from operator import itemgetter

from digest.typeset.dates import format_day

MOST_POINTS = 120
_WIDTH, _HEIGHT = 320, 80
_LEFT, _RIGHT, _TOP, _BOTTOM = 4, 316, 18, 64  # the area of the line; the values are above it, the days below
_WAN = 10_000
_LONGEST = 10**15  # longer numbers do not fit beside each other


def chart(counts: Sequence[tuple[datetime, int]], *, language: str) -> str:
    """The counts as an `svg` element of well-formed XML, in zh_CN or English; empty for fewer than two counts.

    The height covers the smallest to the largest count, and the width the first to the last time. A series of any
    length is drawn with at most MOST_POINTS points. They include its first, last, smallest and largest count.
    """
    if len(counts) < 2:  # noqa: PLR2004 - a line needs two points
        return ""
    series = sorted(counts, key=itemgetter(0))
    points = [f"{x:.1f},{y:.1f}" for x, y in _places(_thinned(series))]
    (since, first), (until, last) = series[0], series[-1]
    end_x, end_y = points[-1].split(",")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">'
        f"<title>{escape(_words(series, language))}</title>"
        f'<polygon class="chart-area" fill="currentColor" fill-opacity="0.12"'
        f' points="{_LEFT},{_BOTTOM} {" ".join(points)} {_RIGHT},{_BOTTOM}"/>'
        f'<polyline class="chart-line" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round"'
        f' stroke-linecap="round" points="{" ".join(points)}"/>'
        f'<circle class="chart-end" fill="currentColor" cx="{end_x}" cy="{end_y}" r="2.5"/>'
        f"{_label('value', 'start', _number(first))}{_label('value', 'end', _number(last))}"
        f"{_label('day', 'start', format_day(since.date(), language))}"
        f"{_label('day', 'end', format_day(until.date(), language))}"
        "</svg>"
    )


def _thinned(series: list[tuple[datetime, int]]) -> list[tuple[datetime, int]]:
    """The series in at most MOST_POINTS points: the ends, and the lowest and highest count of each stretch between."""
    if len(series) <= MOST_POINTS:
        return series
    stretches = MOST_POINTS // 2 - 1
    inner = len(series) - 2
    kept = {0, len(series) - 1}
    for start, end in pairwise(1 + inner * n // stretches for n in range(stretches + 1)):
        kept.add(min(range(start, end), key=lambda at: series[at][1]))
        kept.add(max(range(start, end), key=lambda at: series[at][1]))
    return [series[at] for at in sorted(kept)]


def _places(series: list[tuple[datetime, int]]) -> list[tuple[float, float]]:
    """The position of each count.

    Counts of the same time are side by side; if all are equal, they are at half height.
    """
    since, took = series[0][0], series[-1][0] - series[0][0]
    low = min(readers for _, readers in series)
    span = max(readers for _, readers in series) - low
    return [
        (
            _LEFT + (_RIGHT - _LEFT) * ((at - since) / took if took else n / (len(series) - 1)),
            _BOTTOM - (_BOTTOM - _TOP) * ((readers - low) / span if span else 0.5),
        )
        for n, (at, readers) in enumerate(series)
    ]


def _words(series: list[tuple[datetime, int]], language: str) -> str:
    """A sentence with the ends of the series, and with any lower or higher value between them."""
    first, last = series[0][1], series[-1][1]
    low, high = min(readers for _, readers in series), max(readers for _, readers in series)
    lower, higher = low < min(first, last), high > max(first, last)
    days = list(dict.fromkeys(format_day(at.date(), language) for at, _ in (series[0], series[-1])))
    a, z = _number(first), _number(last)
    # After a fall the counter started again, so the sentence claims neither a rise nor a fall from the first count to
    # the last.
    anew = first < last and any(later < earlier for (_, earlier), (_, later) in pairwise(series))
    if language.startswith("zh"):
        course = f"从 {a} {'增' if first < last else '降'}至 {z}" if first != last else f"始末均为 {a}"
        course = f"始为 {a}，末为 {z}" if anew else course
        beyond = [f"最低 {_number(low)}"] * lower + [f"最高 {_number(high)}"] * higher
        return "，".join(("读者数" + course, *beyond, "至".join(days)))
    course = f"{'rose' if first < last else 'fell'} from {a} to {z}" if first != last else f"began and ended at {a}"
    course = f"began at {a} and ended at {z}" if anew else course
    beyond = [f"lowest {_number(low)}"] * lower + [f"highest {_number(high)}"] * higher
    return ", ".join(("Readers " + course, *beyond, " to ".join(days)))


def _number(count: int) -> str:
    """The number in full; in powers of ten if the picture has no room for it."""
    return str(count) if abs(count) < _LONGEST else f"{Decimal(count):.2e}"


def _label(kind: str, anchor: str, words: str) -> str:
    x, y = _LEFT if anchor == "start" else _RIGHT, 10 if kind == "value" else 76
    return (
        f'<text class="chart-{kind}" fill="currentColor" font-size="10" text-anchor="{anchor}" x="{x}" y="{y}">'
        f"{escape(words)}</text>"
    )


def format_count(number: int, language: str) -> str:
    """A number of readers as text: `4,812`; in Chinese `4812`, and from ten thousand on `1.2万`."""
    if not language.startswith("zh"):
        return f"{number:,}"
    if number < _WAN:
        return str(number)
    return f"{number / _WAN:.1f}".removesuffix(".0") + "万"
