"""What several pages show: moments in the zone of the readers, shares of a bar, and the next part of a list."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.responses import HTMLResponse

from digest.model import DeliveryState
from digest.operations import editions
from digest.operations.core import Nothing

if TYPE_CHECKING:
    from datetime import datetime

    from digest.operations.core import Listed
    from digest.operations.editions import EditionSummary, EditionView, PlanView, ProgressView
    from digest.web.console.visit import Visit

# A mail or a page in a frame: no script, nothing from elsewhere, no form; its styles and pictures are in it.
_FRAME_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
_DAYS = ("一", "二", "三", "四", "五", "六", "日")
_OPEN = (DeliveryState.PLANNED, DeliveryState.LEASED, DeliveryState.DEFERRED)
_WIDTH = 1000  # of a bar, in its own units


def zone(visit: Visit) -> ZoneInfo:
    """The time zone in which pages show moments: that of the first digest."""
    return ZoneInfo(visit.settings.digests[0].timezone if visit.settings.digests else "UTC")


def moment(visit: Visit, at: datetime | None) -> str:
    """A moment to the minute, with the day of the week if it is near; empty without one."""
    if at is None:
        return ""
    here = zone(visit)
    local, today = at.astimezone(here), visit.now.astimezone(here)
    near = abs((local.date() - today.date()).days) <= 7  # noqa: PLR2004 - a week
    if visit.language.startswith("zh"):
        year = "" if local.year == today.year else f"{local.year}年"
        day = f" 星期{_DAYS[local.weekday()]}" if near else ""
        return f"{year}{local.month}月{local.day}日{day} {local.hour}:{local.minute:02}"
    year = "" if local.year == today.year else f" {local.year}"
    return (
        f"{local:%a} {local.day} {local:%b}{year} {local:%H:%M}"
        if near
        else f"{local.day} {local:%b}{year} {local:%H:%M}"
    )


def frame(visit: Visit, **values: object) -> dict[str, Any]:
    """The values of a page, with what every page of this kind needs."""
    return {"when": partial(moment, visit), "zone_name": zone(visit).key, **values}


def framed(html: str) -> HTMLResponse:
    """HTML of a mail or a page alone, for a frame of ours, in which nothing of it can act."""
    made = HTMLResponse(html)
    made.headers["Content-Security-Policy"] = _FRAME_POLICY
    made.headers["X-Frame-Options"] = "SAMEORIGIN"
    return made


def bar(counts: dict[DeliveryState, int]) -> dict[str, Any]:
    """The shares of a bar: what arrived, what is still open, what failed; each with its place and its width."""
    mails = sum(counts.values())
    good, still = counts.get(DeliveryState.ACCEPTED, 0), sum(counts.get(state, 0) for state in _OPEN)
    failed = counts.get(DeliveryState.FAILED, 0) + counts.get(DeliveryState.UNKNOWN, 0)
    parts, start = [], 0
    for name, count in (("a", good), ("c", failed), ("b", still)):
        width = round(_WIDTH * count / mails) if mails else 0
        parts.append({"name": name, "count": count, "x": start, "width": width})
        start += width
    return {"mails": mails, "good": good, "open": still, "failed": failed, "parts": parts, "width": _WIDTH}


def is_under_way(made: EditionView | ProgressView) -> bool:
    """Whether some of its mails are still to be sent."""
    return any(made.deliveries.get(state, 0) for state in _OPEN)


def language(visit: Visit) -> Literal["en", "zh_CN"]:
    """The visitor's language, as operations take it."""
    return "zh_CN" if visit.language == "zh_CN" else "en"


def made_editions(visit: Visit, number: int, after: str = "") -> Listed[EditionSummary]:
    """The newest editions, or those behind one of them; named in the visitor's language."""
    return visit.perform(editions.LIST, editions.EditionsRequest(limit=number, cursor=after, language=language(visit)))


def plans(visit: Visit) -> list[tuple[editions.DigestSummary, PlanView]]:
    """The configured digests with their plans, the next one due first."""
    digests = [one for one in visit.perform(editions.DIGESTS, Nothing()).items if one.configured]
    made = [(one, visit.perform(editions.PLAN, editions.DigestName(digest=one.digest))) for one in digests]
    return sorted(made, key=lambda pair: pair[0].next_at)


def further(visit: Visit, cursor: str | None) -> str:
    """The address of the next part of a list; empty on the last one."""
    if not cursor:
        return ""
    kept = [(name, value) for name, value in visit.request.query_params.multi_items() if name != "after"]
    return f"{visit.request.url.path}?{urlencode([*kept, ('after', cursor)])}"
