"""How the look for an entry ended, and what it found."""

from dataclasses import dataclass
from enum import Enum

from digest.dumps.declared.found import Gathered
from digest.dumps.declared.lines import Line


class Ending(Enum):
    """How the look at an entry ended.

    `DONE`: all that is drawn was there. `OPEN`: its last text goes on to the end of the file. `BROKEN`: something else
    begins before all was there. `PENDING`: the file ends before that. `NONE`: it is no entry.
    """

    DONE = "done"
    OPEN = "open"
    BROKEN = "broken"
    PENDING = "pending"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found. `end` is the place behind it; `sure` is false where title or date may be yet to come.

    `glued` is what takes the place of the line at `end`: the rest of it, where the next entry's title is glued to the
    label of an empty text.
    """

    ending: Ending
    end: int = 0
    got: Gathered | None = None
    sure: bool = True
    glued: Line | None = None

    @property
    def whole(self) -> bool:
        return self.ending in {Ending.DONE, Ending.OPEN}


def same_evidence(one: Outcome, other: Outcome) -> bool:
    """Whether two ways to read an entry agree on title and date."""
    first, second = one.got, other.got
    return (
        first is not None
        and second is not None
        and first.texts.get("title") == second.texts.get("title")
        and (first.dated, first.date) == (second.dated, second.date)
    )
