"""Settings as they hold, and changes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from digest.logs import safe
from digest.operations.core import AskedError, Context, ForbiddenError, Listed, Nothing, Operation, Request, View
from digest.records.operating import Scope, Via
from digest.service.settings import changing, following
from digest.settings.effective import Effective, Origin, effective, flat
from digest.settings.loading import checked_settings, read_layers

REVISION = Field(
    None, ge=0, description="The revision that was looked at; if it is no longer the present one, nothing is changed."
)
_PROGRAMS = {"command", "oauth_command"}
_GUARDED = {"path", "allow_private"}  # settings that let a source read this machine and its network


class SettingView(View):
    """A setting as it holds. A secret is masked.

    `place` is the file with the line, or the variable. `changed`: it was changed here, and was `before` without that.
    """

    key: str
    value: Any
    origin: Origin
    place: str
    needs_restart: bool
    secret: bool
    changed: bool
    before: Any


class SettingsView(View):
    """The settings, and the revision of their changes, which is 0 if nothing was ever changed."""

    revision: int
    items: list[SettingView]


class ChangedView(View):
    """The result of a change: the present revision, the settings and templates with another value than before.

    Those in `restart` hold only after a restart.
    """

    revision: int
    keys: list[str]
    restart: list[str]


class VersionView(View):
    """A version of the changes."""

    revision: int
    made_at: datetime
    actor: str
    summary: str


class ExportView(View):
    """The changes as TOML, to be moved into the configuration by hand."""

    revision: int
    toml: str


class SettingsRequest(Request):
    """Which settings."""

    changed: bool = Field(default=False, description="Only those that were changed here.")


class Values(Request):
    """Settings with their new values."""

    values: dict[str, Any] = Field(
        min_length=1,
        max_length=5_000,
        description="By key, such as `mail.per_second` or `sources.blog.every`; an object for a whole table, such as "
        "`sources.blog`; null for no value, whatever the configuration says.",
    )
    revision: int | None = REVISION


class Keys(Request):
    """Settings that were changed."""

    keys: list[str] = Field(min_length=1, max_length=200, description="Settings or whole tables, such as `mail`.")
    revision: int | None = REVISION


class Revision(Request):
    """The revision that was looked at."""

    revision: int | None = REVISION


def listed(context: Context, asked: SettingsRequest) -> SettingsView:
    """List the settings as they hold, each with its origin."""
    found = [one for one in _effective(context) if one.changed or not asked.changed]
    return SettingsView(revision=following.revision_of(context.store), items=[_setting(one) for one in found])


def _effective(context: Context) -> list[Effective]:
    if context.settings.file is None:
        return []
    return effective(read_layers(context.settings.file))


def _setting(one: Effective) -> SettingView:
    return SettingView(
        key=one.key,
        value=one.value,
        origin=one.origin,
        place=one.place,
        needs_restart=one.needs_restart,
        secret=one.secret,
        changed=one.changed,
        before=one.before,
    )


def put(context: Context, asked: Values) -> ChangedView:
    """Give settings other values. They hold at once, but for those that need a restart."""
    return change(context, asked.values, asked.revision)


def revert(context: Context, asked: Keys) -> ChangedView:
    """Take changes of settings back: what the configuration says holds again."""
    return changed_view(
        changing.revert(
            context.store,
            context.settings,
            asked.keys,
            actor=context.actor.name,
            now=context.now(),
            revision=asked.revision,
        )
    )


def undo(context: Context, asked: Revision) -> ChangedView:
    """Undo the last change of settings or templates."""
    return changed_view(
        changing.undo(
            context.store,
            context.settings,
            actor=context.actor.name,
            now=context.now(),
            revision=asked.revision,
            tried=context.try_templates,
        )
    )


def export(context: Context, _asked: Nothing) -> ExportView:
    """Give the changes of settings as TOML, to be moved into the configuration."""
    return ExportView(revision=following.revision_of(context.store), toml=changing.exported(context.store))


def versions(context: Context, _asked: Nothing) -> Listed[VersionView]:
    """List the versions of the changes that are kept, the newest first."""
    return Listed[VersionView](
        items=[
            VersionView(revision=one.revision, made_at=one.made_at, actor=one.actor, summary=one.summary)
            for one in changing.versions(context.store)
        ]
    )


def change(context: Context, values: Mapping[str, object], revision: int | None) -> ChangedView:
    """Change settings, if the actor may.

    Raises:
        DigestError: as `changing.change`, and if the actor may not.
    """
    _require_rights(context, values)
    return changed_view(
        changing.change(
            context.store,
            context.settings,
            values,
            actor=context.actor.name,
            now=context.now(),
            revision=revision,
            tried=context.try_templates,
        )
    )


def _require_rights(context: Context, values: Mapping[str, object]) -> None:
    """Check that the actor may set what reads files, asks machines of this network, or runs a program here."""
    named = set(_names(values))
    if named & _PROGRAMS and context.actor.via is not Via.COMMAND:
        remedy = "use `digest settings set` there, or the configuration file"
        raise AskedError("values", f"`{min(named & _PROGRAMS)}` runs a program on this machine", remedy=remedy)
    if named & _GUARDED and Scope.ADMIN not in context.actor.scopes:
        raise ForbiddenError(f"to set {', '.join(sorted(named & _GUARDED))}", Scope.ADMIN)
    if Scope.ADMIN not in context.actor.scopes and any(map(_private_sources(context).__contains__, _sources(values))):
        raise ForbiddenError("to change what a source with `allow_private` reads", Scope.ADMIN)


def _names(value: object) -> Iterator[str]:
    """The name of each setting in nested tables, as a change would read it: without its table, and without spaces."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key).rpartition(".")[2].strip()
            yield from _names(inner)
    elif isinstance(value, list):
        for one in value:
            yield from _names(one)


def _sources(values: Mapping[str, object]) -> Iterator[str]:
    """The sources whose address or whose whole table would be set."""
    for key, value in values.items():
        parts = [part.strip() for part in key.split(".")]
        if parts[0] == "sources" and parts[1:] and value is not None and parts[2:] in ([], ["url"]):
            yield parts[1]


def _private_sources(context: Context) -> set[str]:
    """The sources that may read this network: as settings hold, or as the configuration has one that was removed."""
    if context.settings.file is None:
        return set()
    tables = read_layers(context.settings.file).before.get("sources", ())
    declared = tables if isinstance(tables, list) else []
    removed = {str(one.get("id")) for one in declared if isinstance(one, Mapping) and one.get("allow_private")}
    return removed | {one.id for one in context.settings.sources if one.allow_private}


def changed_view(done: changing.Changed) -> ChangedView:
    """The result of a change as JSON."""
    return ChangedView(revision=done.revision, keys=list(done.keys), restart=list(done.restart))


def state_of(context: Context, keys: list[str]) -> dict[str, Any]:
    """The values of these keys, or of the keys of these tables, as they hold."""
    tables = tuple(f"{key}." for key in keys)
    if context.settings.file is None:
        return {}
    found = flat(checked_settings(read_layers(context.settings.file)))
    return {key: _masked(value) for key, value in found.items() if key in keys or key.startswith(tables)}


def _masked(value: object) -> Any:  # noqa: ANN401 - whatever JSON has
    """A value without whole addresses and tokens, as the audit log wants it."""
    if isinstance(value, dict):
        return {key: _masked(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_masked(one) for one in value]
    return safe(value) if isinstance(value, str) else value


# --- the table ------------------------------------------------------------------------------------

SETTINGS = Operation(
    "settings.list", "GET", "/settings", Scope.ADMIN, SettingsRequest, SettingsView, listed, "settings list"
)
SET = Operation(
    "settings.set",
    "PATCH",
    "/settings",
    Scope.ADMIN,
    Values,
    ChangedView,
    put,
    "settings set",
    target=lambda asked: ", ".join(asked.values),
    state=lambda context, asked: state_of(context, list(asked.values)),
)
REVERT = Operation(
    "settings.revert",
    "POST",
    "/settings/revert",
    Scope.ADMIN,
    Keys,
    ChangedView,
    revert,
    "settings revert",
    target=lambda asked: ", ".join(asked.keys),
    state=lambda context, asked: state_of(context, asked.keys),
)
UNDO = Operation(
    "settings.undo", "POST", "/settings/undo", Scope.ADMIN, Revision, ChangedView, undo, "settings undo",
    named=lambda done: ", ".join(done.keys),
)  # fmt: skip
EXPORT = Operation(
    "settings.export", "GET", "/settings/export", Scope.ADMIN, Nothing, ExportView, export, "settings export"
)
VERSIONS = Operation(
    "settings.versions", "GET", "/settings/versions", Scope.ADMIN, Nothing, Listed[VersionView], versions
)
OPERATIONS = (SETTINGS, SET, REVERT, UNDO, EXPORT, VERSIONS)
