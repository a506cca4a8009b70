"""Fills in the parts of an edition that differ between subscribers.

An edition's text contains marks in these places. They are replaced with values when a mail is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digest.model import Body

# Private-use characters that cannot come from a dump: `strip_unsafe` lets them pass, but titles are values by then.
LEAVE_URL = "\ue0f0leave\ue0f1"
PREFERENCES_URL = "\ue0f0preferences\ue0f1"
ADDRESS = "\ue0f0address\ue0f1"
AGREED = "\ue0f0agreed\ue0f1"
_MARK = re.compile("(\ue0f0[a-z]+\ue0f1)")


@dataclass(frozen=True, slots=True)
class Personal:
    """The personal values in a mail; `agreed` is the day of the consent, in the language of the mail."""

    leave_url: str
    preferences_url: str
    address: str
    agreed: str

    def by_mark(self) -> dict[str, str]:
        """The value for each mark."""
        return {
            LEAVE_URL: self.leave_url,
            PREFERENCES_URL: self.preferences_url,
            ADDRESS: self.address,
            AGREED: self.agreed,
        }


def personal(body: Body, person: Personal) -> Body:
    """The edition's text for one subscriber."""
    values = person.by_mark()
    escaped = {mark: escape(value) for mark, value in values.items()}
    return replace(
        body,
        html=_MARK.sub(lambda mark: escaped.get(mark[0], ""), body.html),
        text=_MARK.sub(lambda mark: values.get(mark[0], ""), body.text),
    )


def cut_at_marks(words: str) -> list[str]:
    """The text split at the marks: text and marks alternate, with text first and last."""
    return _MARK.split(words)


def without_marks(text: str) -> str:
    """The text from a dump, without any mark of ours."""
    return text.replace("\ue0f0", "").replace("\ue0f1", "")
