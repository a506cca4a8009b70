"""What operators did, as a list and as a file; and the tokens with which programs use the API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.responses import Response, StreamingResponse

from digest.json_output import to_json
from digest.lists.table import csv_lines
from digest.operations import audit, core, tokens
from digest.records.operating import Scope
from digest.web.console.account import in_a_fresh_session
from digest.web.console.frame import Page
from digest.web.console.shown import frame, further

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.operations.audit import AuditView
    from digest.web.console.visit import Visit

AUDIT, TOKENS = "/console/audit", "/console/tokens"
_ROWS = 50
_HEADS = ("id", "at", "ended_at", "who", "via", "place", "act", "target", "outcome", "problem", "before", "after")
_DAYS = {"": None, "30": 30, "90": 90, "365": 365}  # after which a token expires


# --- the audit log --------------------------------------------------------------------------------


def acts(visit: Visit) -> Response:
    """The acts of operators, the newest first; those of one person, or on one target."""
    asked = _asked(visit, limit=_ROWS, cursor=visit.request.query_params.get("after", ""))
    found = visit.perform(audit.LIST, asked)
    values = frame(
        visit,
        acts=[(one, _pairs(one)) for one in found.items],
        asked=asked,
        kept=urlencode({"who": asked.who, "target": asked.target}),
        after=further(visit, found.next),
    )
    return visit.show("audit", values)


def _asked(visit: Visit, **page: object) -> audit.AuditRequest:
    query = visit.request.query_params
    who, target = query.get("who", "").strip(), query.get("target", "").strip()
    return core.checked(audit.AuditRequest, who=who, target=target, **page)


def _pairs(one: AuditView) -> list[tuple[str, str, str]]:
    """What differs since an act: the name, the value before and the one after, as text."""
    before, after = one.before or {}, one.after or {}
    return [(name, _text(before.get(name)), _text(after.get(name))) for name in dict.fromkeys((*before, *after))]


def _text(value: object) -> str:
    """A value as a page shows it; empty for none."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)


def export(visit: Visit) -> Response:
    """The acts that the list shows, all of them, as a file: JSON lines, or CSV."""
    first = visit.perform(audit.LIST, _asked(visit, limit=core.MOST_OF_A_PAGE))
    as_csv = visit.request.path_params["name"] == "acts.csv"
    if not as_csv and visit.request.path_params["name"] != "acts.jsonl":
        return visit.error(404, visit.words("There is no such page."), back=AUDIT)
    lines = _csv(visit, first) if as_csv else _json_lines(visit, first)
    made = StreamingResponse(lines, media_type=f"{'text/csv' if as_csv else 'application/jsonl'}; charset=utf-8")
    made.headers["Content-Disposition"] = f'attachment; filename="audit.{"csv" if as_csv else "jsonl"}"'
    return made


def _parts(visit: Visit, first: core.Listed[AuditView]) -> Iterator[list[AuditView]]:
    found = first
    yield found.items
    while found.next:
        found = visit.perform(audit.LIST, _asked(visit, limit=core.MOST_OF_A_PAGE, cursor=found.next))
        yield found.items


def _json_lines(visit: Visit, first: core.Listed[AuditView]) -> Iterator[str]:
    for part in _parts(visit, first):
        yield "".join(f"{to_json(one.model_dump())}\n" for one in part)


def _csv(visit: Visit, first: core.Listed[AuditView]) -> Iterator[str]:
    return csv_lines(_HEADS, (_row(one) for part in _parts(visit, first) for one in part))


def _row(one: AuditView) -> list[str]:
    shown = one.model_dump(mode="json")
    return [_text(shown[name]) for name in _HEADS]


# --- tokens ---------------------------------------------------------------------------------------


def listed(visit: Visit) -> Response:
    """The tokens of the API, and a form for a new one."""
    found = visit.perform(tokens.LIST, core.Nothing()).items
    return visit.show("tokens", frame(visit, tokens=found, now=visit.now, scopes=list(Scope), made=None, lives=_DAYS))


def change(visit: Visit) -> Response:
    """Make a token, which the answer shows this once; or revoke one."""
    if visit.fields.one("act") == "revoke":
        done = visit.perform(tokens.REVOKE, tokens.TokenName(token=visit.fields.one("token")[:40]))
        return visit.back(TOKENS, visit.words("The token %(name)s is revoked.", name=done.name))
    return _create(visit)


@in_a_fresh_session
def _create(visit: Visit) -> Response:
    chosen = [one for one in Scope if one in visit.fields.chosen("scope")]
    asked = core.checked(
        tokens.NewToken,
        name=visit.fields.one("name"),
        scopes=chosen,
        days=_DAYS.get(visit.fields.one("days")),
    )
    made = visit.perform(tokens.CREATE, asked)
    found = visit.perform(tokens.LIST, core.Nothing()).items
    return visit.show("tokens", frame(visit, tokens=found, now=visit.now, scopes=list(Scope), made=made, lives=_DAYS))


PAGES = (
    Page(AUDIT, "admin", acts),
    Page(f"{AUDIT}/export/{{name}}", "admin", export),
    Page(TOKENS, "admin", listed, change),
)
