"""The pages with sample values, each in all of its states, to try the templates with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from digest.chinese import SCRIPTS
from digest.editions.schedule import Schedule, describe_schedule
from digest.model import ConfirmationKind
from digest.records.publishing import Among
from digest.service.mailing.samples.blog import READER
from digest.service.people import preferences
from digest.service.people.links import LinkState
from digest.service.publishing.browsing import Catalogue, MostRead
from digest.service.publishing.entry_views import Ways, month_name
from digest.service.publishing.pages import Home, Reading, TopicPage
from digest.templating import zone_name
from digest.web.api.page import SAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.service.mailing.samples.blog import SampleBlog

_URL = "https://digest.example.org/confirm/token"


def sample_pages(blog: SampleBlog, language: str) -> Iterator[tuple[str, dict[str, object]]]:
    """The pages by name with sample values; a page comes once for each of its states."""
    reading = Reading(blog.store, blog.settings)
    yield "home", {"home": reading.home(language)}
    yield "home", {"home": Home((), Ways(0)), "path": "/"}
    yield "reading", {"digests": blog.settings.digests}
    yield "source", {"source": reading.source(blog.source, language)}
    for entry in blog.entries:
        yield "entry", {"entry": reading.entry(entry, language)}
    yield "editions", {"editions": reading.editions(language), "digests": blog.settings.digests}
    yield "edition", {"edition": reading.edition(blog.edition, language)}
    yield from _lists(blog, language)
    spoken_of = {"spoken": lambda digest: _described_schedule(digest.schedule, digest.timezone, language)}
    yield "about", {"digests": blog.settings.digests, "hours": 48, **spoken_of}
    for name in ("busy", "erased", "missing", "removed"):
        yield name, {}
    yield "whose", {"address": READER}
    yield "api", {"root": "/api/v1", "subjects": {"tokens": [SAMPLE]}}
    yield from _of_people(blog, language)


def _lists(blog: SampleBlog, language: str) -> Iterator[tuple[str, dict[str, object]]]:
    """The ways to everything, in every state."""
    catalogue, none = Catalogue(blog.store, blog.settings), Ways(0)
    archive, most_read = catalogue.archive(), catalogue.most_read(language)
    months = [month_name(month, language) for month in range(1, 13)]
    for more in (True, False):
        yield "archive", {"archive": replace(archive, more_authors=more, undated=int(more)), "months": months}
    yield "archive", {"archive": replace(archive, total=0, authors=()), "months": months}
    yield "most_read", {"most_read": most_read}
    upcoming = catalogue.next_edition(blog.settings.digests[0].id, language)
    if upcoming:
        yield "next", {"upcoming": upcoming}
        yield "next", {"upcoming": replace(upcoming, new=most_read.ever, corrected=most_read.ever, waits=True)}
    rising = tuple(replace(view, gained=1_000) for view in most_read.ever)
    yield "most_read", {"most_read": MostRead(rising, ())}
    for authors in ((), archive.authors):
        yield "authors", {"authors": authors}
        for author in authors:
            found = catalogue.author(author.name, language)
            yield "author", {"author": author.name, "entries": found[0] if found else (), "ways": none}
    year = archive.years[0].year
    for of in ({"year": year, "month": ""}, {"year": year, "month": months[2]}, {"year": 0, "month": ""}):
        yield "titles", {"titles": catalogue.dated(year, None, language), **of}
    for query in ("", "圆周率", "nothing of this"):
        among = Among(year=year - 1 if query else None, author="x" * bool(query))
        yield "search", {"query": query, "found": catalogue.search(query, Among(), language), "among": among}
    home = blog.settings.topics and Reading(blog.store, blog.settings).topic(blog.settings.topics[0].id, language)
    yield "topic", {"topic": home or TopicPage("topic", "topic", (), Ways(3, "/page/2", "/page/1", "/page/1", 2, 3))}


def _of_people(blog: SampleBlog, language: str) -> Iterator[tuple[str, dict[str, object]]]:
    """The pages about a person, in every state."""
    titles = [digest.title for digest in blog.settings.digests]
    groups = [
        [(digest, _described_schedule(digest.schedule, digest.timezone, language), True) for digest in group]
        for group in preferences.selections(blog.settings)
    ]
    for kind in ConfirmationKind:
        known = {"kind": str(kind), "address": READER, "titles": titles}
        yield "confirm", {**known, "state": "asks"}
        for state in ("left", "suppressed", "subscribed"):
            for coming in (True, False):
                yield "confirm", {**known, "state": state, "coming": coming, "preferences_url": _URL}
        for link in set(LinkState) - {LinkState.OPEN, LinkState.USED}:  # their links lead to other pages
            yield "link", {"state": str(link), "kind": str(kind), "hours": 48}
    for status in ("subscribed", "left"):
        for back in (True, False):
            values = {"address": READER, "digest": titles[0], "preferences_url": _URL}
            yield "leave", {**values, "status": status, "back": back, "undo": not back}
    yield from _of_signup(groups)
    for said in ("", "saved", "latest", "no latest", "link", "move", "no address", "guarded", "wrong"):
        for owner in (True, False):
            yield "preferences", _choices(blog, groups, said, owner=owner)


def _of_signup(groups: object) -> Iterator[tuple[str, dict[str, object]]]:
    """The pages on which people subscribe, in every state."""
    back = "https://blog.example.org/"
    for wrong in ("", "address", "digest", "domain", "early", "late"):
        known = {"groups": groups, "address": READER, "signed": "token", "trap": "website", "latest": not wrong}
        of_domain = (
            {"domain": "gmial.com", "likely": "gmail.com"} if wrong == "domain" else {"domain": "", "likely": ""}
        )
        yield (
            "subscribe",
            {
                "scripts": dict.fromkeys(("", *SCRIPTS), "/subscribe"),
                **known,
                **of_domain,
                "wrong": wrong,
                "back": back * bool(wrong),
            },
        )
    for host in ("", "blog.example.org"):
        yield "asked", {"back": back * bool(host), "host": host}


def _choices(blog: SampleBlog, groups: object, said: str, *, owner: bool) -> dict[str, object]:
    return {
        "address": READER,
        "person": replace(blog.reader, topics=() if owner else ("x",)),
        "owner": owner,
        "said": said,
        "groups": groups,
        "subscribed": list(blog.settings.digests) if owner else [],
        "topics": blog.settings.topics,
        "feed_url": "https://digest.example.org/private/token/feed.atom" if owner else "",
        "zones": ("Asia/Shanghai", "Europe/London"),
        "paused_until": "2026-12-24" if owner else "",
        "today": "2026-11-30",
    }


def _described_schedule(schedule: str, zone: str, language: str) -> str:
    return describe_schedule(Schedule.parse(schedule, zone), language, zone_name(zone, language))
