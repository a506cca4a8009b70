"""The JSON form of sightings, and dates as pages print them."""

from digest.model import DateEvidence, Extras, Layout, PrintedDate, Sighting, kind_of


def printed(sighting: Sighting, *, declared: bool = False) -> dict[str, object]:
    """The JSON object of a sighting, its keys in the order of printing; `declared` adds what declared layouts show.

    A sighting of a feed has that too, and what its date is: `updated` if the feed only says when it was changed.
    """
    date = (sighting.extras.printed or sighting.date) if declared else sighting.date
    made: dict[str, object] = {
        "dump": sighting.dump,
        "position": sighting.position,
        "layout": str(sighting.layout),
        "title": sighting.title or None,
        "author": sighting.author,
        "date": _date_json(date),
        "readers": sighting.readers,
        "paragraphs": list(sighting.paragraphs),
        "figures": list(sighting.figures),
        "complete": sighting.complete,
    }
    extras, is_feed = sighting.extras, sighting.layout == Layout.FEED
    if is_feed:
        changed = extras.updated if sighting.date is None else None
        made["date"] = _date_json(sighting.date or changed)
        made["dated_by"] = "updated" if changed else "published" if sighting.date else None
        made["uid"] = extras.uid or None
    if declared or is_feed:
        made |= {
            "counts": dict(extras.counts),
            "tags": list(extras.tags),
            "link": extras.link,
            "fields": dict(extras.fields),
        }
        if extras.kinds:
            made |= {"kinds": kinds_json(extras), "links": [list(link[:2]) for link in extras.links]}
    return made


def _date_json(date: DateEvidence | PrintedDate | None) -> dict[str, int | None] | None:
    return {"year": date.year, "month": date.month, "day": date.day} if date else None


def kinds_json(extras: Extras) -> list[str | None]:
    """The kinds of the paragraphs; empty where the dump has no markup, and null for one that it does not show."""
    return [kind_of(letter) for letter in extras.kinds]


def day_printed(date: DateEvidence | PrintedDate | None) -> str:
    """A date, with question marks for the parts that a page does not print."""
    if date is None:
        return "no date"
    month, day = (f"{part:02}" if part is not None else "??" for part in (date.month, date.day))
    return f"{date.year or '????'}-{month}-{day}"
