"""Settings as they hold, changes of them by key, digests and topics among them, and the versions of the changes."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from digest.errors import DigestError
from digest.json_output import toml_value
from digest.operations import core, settings
from digest.settings import changes, effective, fields, is_name
from digest.web.console.frame import Page
from digest.web.console.shown import frame
from digest.web.console.visit import OK, WRONG

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.responses import Response

    from digest.operations.settings import ChangedView, SettingsView, SettingView
    from digest.web.console.visit import Visit

ROOT = "/console/settings"
_EDIT, _CHANGES, _ADD = f"{ROOT}/edit", f"{ROOT}/changes", f"{ROOT}/add"
ADDED = ("digests", "topics", "webhooks")  # tables that can be added here; sources and layouts have pages of their own
_LONG = 60  # characters that fit into a field of one line


@dataclass(frozen=True, slots=True)
class Row:
    """A setting of the list. `waits`: the running service has another value, until it is restarted.

    `fixed`: it is changed elsewhere, such as a secret.
    """

    one: SettingView
    name: str
    text: str
    before: str
    waits: bool
    fixed: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The settings of one table. `missing` are keys of a table in a list that it does not set."""

    name: str
    rows: list[Row]
    missing: list[str]


def overview(visit: Visit) -> Response:
    """The settings as they hold, by their tables; those with some words in their keys, or those that were changed."""
    query = visit.request.query_params
    words, only_changed = query.get("q", "").strip().lower(), query.get("changed") == "yes"
    found = visit.perform(settings.SETTINGS, settings.SettingsRequest(changed=only_changed))
    running = effective.flat(visit.settings)
    rows = [_row(one, running) for one in found.items]
    shown = [row for row in rows if words in row.one.key.lower()]
    values = frame(
        visit,
        groups=_groups(shown),
        waiting=[row for row in rows if row.waits],
        file=visit.settings.file,
        words=words,
        only_changed=only_changed,
        revision=found.revision,
        added=ADDED,
    )
    return visit.show("settings", values)


def _row(one: SettingView, running: dict[str, Any]) -> Row:
    waits = one.needs_restart and not one.secret and one.key in running and running[one.key] != one.value
    name = one.key.removeprefix(f"{_table(one.key)}.")
    fixed = one.secret or one.key in changes.WHERE_THEY_LIE
    return Row(one, name, _written(one.value), _written(one.before) if one.changed else "", waits, fixed)


def _written(value: object) -> str:
    """A value as a person writes it: a text without quotes, anything else as in TOML; empty for none."""
    if value is None or isinstance(value, str):
        return value or ""
    return toml_value(value)


def _table(key: str) -> str:
    """`mail` for `mail.per_second`, `sources.blog` for `sources.blog.every`; empty for a key at the top."""
    parts = key.split(".")
    if changes.is_in_tables(parts):
        return ".".join(parts[:2])
    return parts[0] if len(parts) > 1 else ""


def _groups(rows: Iterable[Row]) -> list[Group]:
    tables: dict[str, list[Row]] = {}
    for row in rows:
        tables.setdefault(_table(row.one.key), []).append(row)
    return [Group(name, inside, _missing(name, inside)) for name, inside in tables.items()]


def _missing(name: str, rows: list[Row]) -> list[str]:
    """The keys that a table of a list could have besides."""
    if not name or not changes.is_in_tables(name.split(".")):
        return []
    kind, known = name.partition(".")[0], {row.name for row in rows}
    return [path[1] for path in fields.paths() if path[0] == kind and len(path) == 2 and path[1] not in known | {"id"}]  # noqa: PLR2004 - list and key


# --- one setting ----------------------------------------------------------------------------------


def one(visit: Visit) -> Response:
    """One setting: what it means, its value, where that comes from, and a form for another one."""
    return _edit(visit, visit.request.query_params.get("key", "").strip())


def _edit(visit: Visit, key: str, written: str | None = None, wrong: str = "") -> Response:
    parts = changes.key_of(key)
    path = (parts[0], *parts[2:]) if changes.is_in_tables(parts) else parts
    field = fields.field_of(path)
    found: SettingsView = visit.perform(settings.SETTINGS, settings.SettingsRequest())
    present = next((row for row in found.items if row.key == key), None)
    if (len(path) == 1 and changes.is_in_tables(parts)) or (
        field is not None and fields.group_of(field) and present is None
    ):
        raise core.AskedError(key, "is a table", remedy="choose one of its settings")
    if written is None:
        written = _written(present.value) if present else ""
    values = frame(
        visit,
        key=key,
        present=present,
        before=_written(present.before) if present else "",
        about=field.description if field else "",
        flag=field is not None and field.annotation is bool,
        rows=1 + len(written) // _LONG,
        written=written,
        revision=visit.fields.one("revision") or found.revision,
        wrong=wrong,
    )
    return visit.show("setting", values, WRONG if wrong else OK)


def change(visit: Visit) -> Response:
    """Give a setting another value, or take its change back."""
    key, revision = visit.fields.one("key"), _revision(visit)
    if visit.fields.one("act") == "revert":
        done = visit.perform(settings.REVERT, settings.Keys(keys=[key[:500]], revision=revision))
        return visit.back(f"{ROOT}#{quote(_table(key))}", _said(visit, done))
    written = visit.fields.text("value").strip()
    try:
        values = {key: changes.typed(changes.key_of(key), written)}
        done = visit.perform(settings.SET, settings.Values(values=values, revision=revision))
    except DigestError as error:
        changes.key_of(key)
        return _edit(visit, key, written, str(error))
    return visit.back(f"{ROOT}#{quote(_table(key))}", _said(visit, done))


def _revision(visit: Visit) -> int | None:
    given = visit.fields.one("revision")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else None  # noqa: PLR2004 - fits


def _said(visit: Visit, done: ChangedView) -> str:
    if done.restart:
        return visit.words("Saved. This holds after a restart of the service: %(keys)s", keys=", ".join(done.restart))
    return visit.words("Saved. It holds at once.") if done.keys else visit.words("Nothing is different.")


# --- whole tables, and versions -------------------------------------------------------------------


def add(visit: Visit) -> Response:
    """Add a digest, a topic or a webhook, with settings as TOML; or remove one."""
    kind, name = visit.fields.one("kind"), visit.fields.one("id")
    if kind not in ADDED or not is_name(name):
        raise core.AskedError("id", f"{name!r} is not an id", remedy="use only a-z, 0-9, - and _")
    key, table = f"{kind}.{name}", None
    if visit.fields.one("act") == "remove":
        if visit.fields.one("sure") != "yes":
            return visit.back(f"{ROOT}#{key}", visit.words("Tick the box if you are sure."), bad=True)
    else:
        held = visit.perform(settings.SETTINGS, settings.SettingsRequest()).items
        if any(_table(row.key) == key for row in held):
            raise core.AskedError("id", f"there is {key} already", remedy="choose another id")
        table = {**_toml(visit.fields.text("toml")), "id": name}
    done = visit.perform(settings.SET, settings.Values(values={key: table}, revision=_revision(visit)))
    return visit.back(f"{ROOT}#{key}", _said(visit, done))


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise core.AskedError(
            "settings", str(error), remedy='write one on each line, such as title = "News"'
        ) from error


def versions(visit: Visit) -> Response:
    """The versions of the changes, and the present changes as TOML."""
    made = visit.perform(settings.EXPORT, core.Nothing())
    kept = visit.perform(settings.VERSIONS, core.Nothing()).items
    return visit.show("settings_changes", frame(visit, made=made, versions=kept))


def undo(visit: Visit) -> Response:
    """Undo the last change."""
    done = visit.perform(settings.UNDO, settings.Revision(revision=_revision(visit)))
    return visit.back(_CHANGES, _said(visit, done))


PAGES = (
    Page(ROOT, "admin", overview),
    Page(_EDIT, "admin", one, change),
    Page(_ADD, "admin", None, add),
    Page(_CHANGES, "admin", versions, undo),
)
