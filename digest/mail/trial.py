"""Marks a test mail, so that nobody takes it for an edition."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from digest.mail.templates import common
from digest.templating import rendered
from digest.typeset.characters import line

if TYPE_CHECKING:
    from pathlib import Path

    from digest.model import Body

_BODY = re.compile(r"<body[^>]*>", re.IGNORECASE)


def marked_as_test(body: Body, folder: Path | None) -> Body:
    """The mail's text with a mark in the subject and at the very top, whatever its template is.

    Raises:
        ConfigurationError: a template is wrong.
    """
    values = {**common(body.language), "subject": body.subject}
    subject, page, text = (
        rendered(body.language, folder, f"mail/trial/{name}", values)
        for name in ("subject.txt", "html.html", "text.txt")
    )
    start = _BODY.search(body.html)
    at = start.end() if start else 0
    return replace(
        body, subject=line(subject), html=body.html[:at] + page + body.html[at:], text=f"{text.strip()}\n\n{body.text}"
    )
