"""The parts of an edition's words that differ from person to person: marks when it is made, values when it is sent."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digest.model import Body

# Private-use characters that no dump brings in: `shown` lets them pass, but titles are put in as values before.
LEAVE_URL = "\ue0f0leave\ue0f1"
ADDRESS = "\ue0f0address\ue0f1"


def personal(body: Body, *, leave_url: str, address: str) -> Body:
    """The words for one person."""
    values = {LEAVE_URL: leave_url, ADDRESS: address}
    html, text = body.html, body.text
    for mark, value in values.items():
        html = html.replace(mark, escape(value))
        text = text.replace(mark, value)
    return replace(body, html=html, text=text)


def without_marks(text: str) -> str:
    """A text from a dump, sure to hold no mark of ours."""
    return text.replace("\ue0f0", "").replace("\ue0f1", "")
