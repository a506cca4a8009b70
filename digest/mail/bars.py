"""How far the most read entries lead: bars for HTML and text that differ where the numbers do. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_STEP = 4  # hundredths of the longest bar by which two bars differ at least
_CELLS = 24
_EIGHTHS = " ▏▎▍▌▋▊▉"
_WAN = 10_000


def shares(gains: Sequence[int]) -> list[int]:
    """The length of a bar for each number, in hundredths of the longest: equal for equal numbers, else never alike.

    They are in proportion, but for what is needed to tell two numbers apart.
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
    """A bar of eighths of a cell for text, never empty."""
    eighths = max(1, round(share * _CELLS * 8 / 100))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def counted(number: int, language: str) -> str:
    """A number of readers: `4,812`; in Chinese `4812`, from ten thousand on `1.2万`."""
    if not language.startswith("zh"):
        return f"{number:,}"
    if number < _WAN:
        return str(number)
    return f"{number / _WAN:.1f}".removesuffix(".0") + "万"
