"""Bars for HTML and text that compare the gains of the most read entries.

Equal numbers have equal bars, and different numbers have visibly different ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_STEP = 4  # least difference between two bars, in hundredths of the longest
_CELLS = 24
_EIGHTHS = " ▏▎▍▌▋▊▉"
_WAN = 10_000


def shares(gains: Sequence[int]) -> list[int]:
    """The length of the bar for each number, in hundredths of the longest bar.

    Equal numbers have equal lengths, and different numbers have different lengths. The lengths are proportional, except
    where two numbers could not be told apart.
    """
    order = sorted({gain for gain in gains if gain > 0})
    if not order:
        return [1 for _ in gains]
    step = min(_STEP, 100 // (len(order) + 1)) or 1
    made: list[int] = []
    for gain in order:
        made.append(max(round(100 * gain / order[-1]), made[-1] + step if made else 1))
    ceiling = 100
    for at in range(len(made) - 1, -1, -1):
        made[at] = max(1, min(made[at], ceiling))
        ceiling = made[at] - step
    by_gain = dict(zip(order, made, strict=True))
    return [by_gain.get(gain, 1) for gain in gains]


def bar(share: int) -> str:
    """A bar for text, drawn in eighths of a cell; never empty."""
    eighths = max(1, round(share * _CELLS * 8 / 100))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def format_count(number: int, language: str) -> str:
    """A number of readers as text: `4,812`; in Chinese `4812`, and from ten thousand on `1.2万`."""
    if not language.startswith("zh"):
        return f"{number:,}"
    if number < _WAN:
        return str(number)
    return f"{number / _WAN:.1f}".removesuffix(".0") + "万"
