"""The parts of an edition's words that differ from person to person: marks when it is made, values when it is sent."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digest.model import Body

# Private-use characters that no dump brings in: `shown` lets them pass, but titles are put in as values before.
LEAVE_URL = "\ue0f0leave\ue0f1"
PREFERENCES_URL = "\ue0f0preferences\ue0f1"
ADDRESS = "\ue0f0address\ue0f1"
AGREED = "\ue0f0agreed\ue0f1"
_MARK = re.compile("(\ue0f0[a-z]+\ue0f1)")


@dataclass(frozen=True, slots=True)
class Personal:
    """What the words say of one person; `agreed` is the day of their consent, in the language of the words."""

    leave_url: str
    preferences_url: str
    address: str
    agreed: str

    def by_mark(self) -> dict[str, str]:
        """What stands in the place of each mark."""
        return {
            LEAVE_URL: self.leave_url,
            PREFERENCES_URL: self.preferences_url,
            ADDRESS: self.address,
            AGREED: self.agreed,
        }


def personal(body: Body, person: Personal) -> Body:
    """The words for one person."""
    values = person.by_mark()
    escaped = {mark: escape(value) for mark, value in values.items()}
    return replace(
        body,
        html=_MARK.sub(lambda mark: escaped.get(mark[0], ""), body.html),
        text=_MARK.sub(lambda mark: values.get(mark[0], ""), body.text),
    )


def cut_at_marks(words: str) -> list[str]:
    """Words and marks in turn, words first and last."""
    return _MARK.split(words)


def without_marks(text: str) -> str:
    """A text from a dump, sure to hold no mark of ours."""
    return text.replace("\ue0f0", "").replace("\ue0f1", "")
