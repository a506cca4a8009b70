"""What `digest parse` prints of a sighting."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digest.model import Sighting


def printed(sighting: Sighting) -> dict[str, object]:
    """The JSON object of a sighting, its keys in the order of printing."""
    date = sighting.date
    return {
        "dump": sighting.dump,
        "position": sighting.position,
        "layout": str(sighting.layout),
        "title": sighting.title,
        "author": sighting.author,
        "date": {"year": date.year, "month": date.month, "day": date.day} if date else None,
        "readers": sighting.readers,
        "paragraphs": list(sighting.paragraphs),
        "figures": list(sighting.figures),
        "complete": sighting.complete,
    }
