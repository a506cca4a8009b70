"""The output of `digest parse` for a sighting."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digest.model import Sighting


def printed(sighting: Sighting, *, declared: bool = False) -> dict[str, object]:
    """The JSON object of a sighting, its keys in the order of printing; `declared` adds what declared layouts show."""
    date = (sighting.extras.printed or sighting.date) if declared else sighting.date
    made: dict[str, object] = {
        "dump": sighting.dump,
        "position": sighting.position,
        "layout": str(sighting.layout),
        "title": sighting.title or None,
        "author": sighting.author,
        "date": {"year": date.year, "month": date.month, "day": date.day} if date else None,
        "readers": sighting.readers,
        "paragraphs": list(sighting.paragraphs),
        "figures": list(sighting.figures),
        "complete": sighting.complete,
    }
    if declared:
        extras = sighting.extras
        made |= {
            "counts": dict(extras.counts),
            "tags": list(extras.tags),
            "link": extras.link,
            "fields": dict(extras.fields),
        }
    return made
