"""Taking turns with a reference and keeping the best of each, so that a noisy machine is unfair to both alike."""

from __future__ import annotations

import gc
import os
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SMALL = os.environ.get("BENCH_SIZE") == "small"  # corpora that continuous integration has the time for
SLACK = float(os.environ.get("BENCH_SLACK", "1"))  # 0.5: half a floor is enough, since that machine is noisy


class Clock(StrEnum):
    """What is measured. Processor time is the fair one for work of one process; a disk and a server take wall time."""

    CPU = "processor time"
    WALL = "wall time"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class Row:
    """A figure beside its reference. `floor` is the least `ratio`, or the most where `at_most`.

    `ours` and `reference` are in `unit`; the ratio is the one of the two that the floor speaks of.
    """

    group: str
    name: str
    against: str
    ours: float
    reference: float
    unit: str
    ratio: float
    floor: float
    at_most: bool
    clock: Clock

    @property
    def holds(self) -> bool:
        """Whether the floor is met, with the slack that the environment grants."""
        return self.ratio <= self.floor / SLACK if self.at_most else self.ratio >= self.floor * SLACK


def small(full: int, short: int) -> int:
    """A size: the full one, or the one for continuous integration."""
    return short if SMALL else full


def best(*contestants: Callable[[], object], rounds: int = 3, clock: Clock = Clock.CPU) -> list[float]:
    """The least seconds that each took; they take turns, so that a slow minute hits all of them."""
    now = time.process_time if clock is Clock.CPU else time.perf_counter
    least = [float("inf")] * len(contestants)
    for _ in range(rounds):
        for at, contestant in enumerate(contestants):
            gc.collect()
            started = now()
            contestant()
            least[at] = min(least[at], now() - started)
    return least


def speed(
    group: str, name: str, against: str, work: float, unit: str, ours: float, reference: float, floor: float,
    clock: Clock = Clock.CPU,
) -> Row:  # fmt: skip
    """A row that says how fast: `work` done in seconds, and the share of the reference's speed."""
    ratio = reference / ours
    return Row(group, name, against, work / ours, work / reference, unit, ratio, floor, at_most=False, clock=clock)


def times(
    group: str, name: str, against: str, ours: float, reference: float, most: float, unit: str = "ms",
    clock: Clock = Clock.CPU,
) -> Row:  # fmt: skip
    """A row that says how long (seconds in, milliseconds out), or how much: so many times the reference."""
    scale = 1000 if unit == "ms" else 1
    return Row(
        group, name, against, ours * scale, reference * scale, unit, ours / reference, most, at_most=True, clock=clock
    )
