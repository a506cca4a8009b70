"""The parts of an edition's words that differ from person to person: marks when it is made, values when it is sent."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digest.model import Body

# Private-use characters that no dump brings in: `shown` lets them pass, but titles are put in as values before.
LEAVE_URL = "\ue0f0leave\ue0f1"
PREFERENCES_URL = "\ue0f0preferences\ue0f1"
ADDRESS = "\ue0f0address\ue0f1"
AGREED = "\ue0f0agreed\ue0f1"
_MARK = re.compile("\ue0f0[a-z]+\ue0f1")


def personal(body: Body, *, leave_url: str, preferences_url: str, address: str, agreed: str) -> Body:
    """The words for one person; `agreed` is the day of their consent, in the language of the words."""
    values = {LEAVE_URL: leave_url, PREFERENCES_URL: preferences_url, ADDRESS: address, AGREED: agreed}
    escaped = {mark: escape(value) for mark, value in values.items()}
    return replace(
        body,
        html=_MARK.sub(lambda mark: escaped.get(mark[0], ""), body.html),
        text=_MARK.sub(lambda mark: values.get(mark[0], ""), body.text),
    )


def without_marks(text: str) -> str:
    """A text from a dump, sure to hold no mark of ours."""
    return text.replace("\ue0f0", "").replace("\ue0f1", "")
