"""Changes settings and templates without editing the configuration, takes changes back, and keeps the files in step.

Every change is a new version in the store: complete, checked before it is written, and there for all processes. The
former versions stay for a while, to return to. Decisions 341 and 342.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from digest.errors import ConfigurationError, SettingError, UnknownError
from digest.mail.sending.transport import require_secrets
from digest.records.operating import SettingsVersion
from digest.service.settings.files import Written, candidate, locked, require_name
from digest.service.settings.following import (
    NOTHING_BEFORE,
    Content,
    adopt,
    announce,
    checked_content,
    configuration_of,
    content_of,
    newest_version,
    require_revision,
    store_version,
)
from digest.settings import Settings
from digest.settings.changes import UNSET, is_in_tables, key_of, keys_in, text_of, with_value, without_key
from digest.settings.effective import flat, needs_restart, variable_of, with_changes
from digest.settings.loading import Read, checked_settings
from digest.settings.overlay import Changes, changed_templates

if TYPE_CHECKING:
    from digest.store.transaction import Store

_LONGEST = 200  # characters of a summary
_PLACE = "the changed settings"


@dataclass(frozen=True, slots=True)
class Changed:
    """The result of a change: the present revision, the same as before if there was nothing to change.

    `keys` are the settings, whole tables and templates with another value than before, and the new values are in
    `settings`; those in `restart` hold only after a restart.
    """

    revision: int
    settings: Settings
    keys: tuple[str, ...]
    restart: tuple[str, ...]


def change(
    store: Store,
    settings: Settings,
    values: Mapping[str, object],
    *,
    actor: str,
    now: datetime,
    revision: int | None = None,
    tried: Callable[[Settings], object] | None = None,
) -> Changed:
    """Give settings other values, by their keys: `sources.blog.every`, `mail.per_second`, `language`.

    None unsets what the configuration sets. A mapping is a value for a whole table: `sources.blog` adds a source, or
    replaces its earlier changes; with None, it removes the source. Values have the types of TOML. `revision` is the one
    that the caller looked at; None means whatever is there. `tried` renders all templates of some settings, and raises
    if one is wrong.

    Raises:
        ConfigurationError: a value is wrong, a variable overrides it, or the files cannot be written.
        ConflictError: the present revision is another one.
    """
    keys = {written: key_of(written) for written in values}
    for written, key in keys.items():
        if is_in_tables(key) and len(key) == 1:
            remedy = f"name one of them: {written}.ID"
            raise SettingError("is a list of tables", setting=written, remedy=remedy)

    def edit(content: Content, configuration: Read) -> Content:
        document = content.document
        for written, key in keys.items():
            document = with_value(document, key, values[written], configuration.before)
        _require_no_variable(with_changes(configuration, Changes(document)), values)
        return Content(document, content.templates)

    return _apply(store, settings, edit, ", ".join(values), actor=actor, now=now, revision=revision, tried=tried)


def revert(
    store: Store, settings: Settings, keys: Sequence[str], *, actor: str, now: datetime, revision: int | None = None
) -> Changed:
    """Take back the changes of some keys, or of whole tables: what the configuration says holds again.

    Raises:
        UnknownError: nothing of one of them is changed.
        ConfigurationError: the other changes need it.
        ConflictError: as `change`.
    """

    def edit(content: Content, _: Read) -> Content:
        document = content.document
        for written in keys:
            left = without_key(document, tuple(written.split(".")))
            if left == document:
                known = ", ".join(keys_in(document)) or "nothing is changed"
                raise UnknownError("change of", written, remedy=f"changed: {known}")
            document = left
        return Content(document, content.templates)

    summary = f"reverted {', '.join(keys)}"
    return _apply(store, settings, edit, summary, actor=actor, now=now, revision=revision)


def change_template(
    store: Store,
    settings: Settings,
    name: str,
    text: str | None,
    *,
    tried: Callable[[Settings], object],
    actor: str,
    now: datetime,
    revision: int | None = None,
) -> Changed:
    """Edit a template, such as `web/home.html`; with None, take the edits back.

    `tried` renders all templates of some settings, and raises if one is wrong.

    Raises:
        ConfigurationError: the template is wrong, or has no name of one.
        UnknownError: there are no edits to take back.
        ConflictError: as `change`.
    """
    require_name(name)

    def edit(content: Content, _: Read) -> Content:
        others = {key: value for key, value in content.templates.items() if key != name}
        if text is None and name not in content.templates:
            raise UnknownError("edited template", name, remedy=f"edited: {', '.join(others) or 'none'}")
        return Content(content.document, others if text is None else {**others, name: text})

    summary = f"{'reverted' if text is None else 'edited'} {name}"
    return _apply(store, settings, edit, summary, actor=actor, now=now, revision=revision, tried=tried)


def undo(
    store: Store,
    settings: Settings,
    *,
    actor: str,
    now: datetime,
    revision: int | None = None,
    tried: Callable[[Settings], object] | None = None,
) -> Changed:
    """Return to the version before the last change; doing it again goes on to the one before that.

    Raises:
        UnknownError: there is none, or no longer.
        ConfigurationError: the configuration has changed since, so that this version no longer fits it.
        ConflictError: as `change`.
    """
    newest = newest_version(store)
    target = NOTHING_BEFORE if newest is None else newest.before
    with store.read() as tx:
        former = tx.settings.version(target)
    if target == NOTHING_BEFORE or (target and former is None):
        raise UnknownError(
            "earlier version of", _PLACE, remedy="`digest settings list --changed` lists what is changed"
        )
    content = content_of(former)
    before = former.before if former else NOTHING_BEFORE
    summary = f"undid: {newest.summary if newest else ''}"
    edit: Callable[[Content, Read], Content] = lambda *_: content  # noqa: E731 - it is one of several
    return _apply(store, settings, edit, summary, actor=actor, now=now, revision=revision, tried=tried, before=before)


def versions(store: Store) -> list[SettingsVersion]:
    """The versions that are kept, the newest first."""
    with store.read() as tx:
        return tx.settings.all()


def edited_templates(store: Store) -> dict[str, str]:
    """The templates that were edited, by their names."""
    return dict(content_of(newest_version(store)).templates)


def exported(store: Store) -> str:
    """The changes as TOML, to be moved into the configuration by hand; comments say what to remove there."""
    document = dict(content_of(newest_version(store)).document)
    removed = document.pop(UNSET, [])
    lines = [f"# Remove from the configuration: {', '.join(map(str, removed))}.\n"] if removed else []
    if any(map(is_in_tables, ([key] for key in document))):
        lines.append("# If the configuration has a table with the same id, write these keys into it.\n")
    return "".join(lines) + ("\n" if lines and document else "") + text_of(document)


# --- one change -----------------------------------------------------------------------------------


def _apply(
    store: Store,
    settings: Settings,
    edit: Callable[[Content, Read], Content],
    summary: str,
    *,
    actor: str,
    now: datetime,
    revision: int | None,
    tried: Callable[[Settings], object] | None = None,
    before: int | None = None,
) -> Changed:
    """Make a version of edited changes: checked as a whole, then written in one step."""
    configuration = configuration_of(settings)
    with locked(configuration.data_dir):
        adopt(store, settings, now)
        newest = newest_version(store)
        known, present = newest.revision if newest else 0, content_of(newest)
        require_revision(known, revision, newest)
        content = edit(present, configuration)
        after = checked_content(configuration, content.document)
        keys = (*_differing(configuration, present, after), *_differing_templates(present, content))
        if not keys and {*keys_in(present.document)} <= {*keys_in(content.document)}:
            return Changed(known, after, (), ())
        _require_usable(after, keys)
        text = _text(content)
        if tried and (content.templates or after.templates):  # ours can be rendered with any settings
            _try(after, content.templates, tried)
        version = SettingsVersion(
            known + 1,
            now,
            actor,
            summary if len(summary) <= _LONGEST else f"{summary[: _LONGEST - 1]}…",
            known if before is None else before,
            text,
            dict(content.templates),
        )
        with Written(settings.data_dir, content.document, content.templates, version.revision) as written:
            store_version(store, version, known)
            written.put()
    after.have_changed(
        after.changed, changed_templates(settings.data_dir) if content.templates else None, version.revision
    )
    announce()
    return Changed(version.revision, after, keys, tuple(key for key in keys if needs_restart(key)))


def _text(content: Content) -> str:
    """The changes as TOML, in which not everything can be written that JSON can express."""
    text = text_of(content.document)
    try:
        "".join((text, *content.templates.values())).encode()
        same = tomllib.loads(text) == content.document
    except ValueError:  # half of a character, or no TOML
        same = False
    if not same:
        raise ConfigurationError("a value has no form in TOML", place=_PLACE, remedy="leave out what has no value")
    return text


def _require_usable(settings: Settings, keys: Sequence[str]) -> None:
    """Check what a start needs besides right values: a source, and the secrets of what is changed.

    Raises:
        ConfigurationError: something is missing.
    """
    groups = {key.partition(".")[0] for key in keys}
    if "sources" in groups and not settings.sources:
        remedy = "pause it, or add another one first"
        raise ConfigurationError("the last source cannot be removed", place="sources", remedy=remedy)
    if groups & {"mail", "fallback", "dkim"}:
        require_secrets(settings)
    if "hooks" in groups and settings.hooks.on():
        from digest.service.bounces.webhooks import read_secrets  # noqa: PLC0415 - unneeded without a provider

        read_secrets(settings.hooks)


def _try(settings: Settings, templates: Mapping[str, str], tried: Callable[[Settings], object]) -> None:
    """Render all templates as they would be."""
    with candidate(settings, templates) as made:
        folder = made.edited_templates
        try:
            tried(made)
        except ConfigurationError as error:  # its place is the name of the template, which is not written yet
            raise ConfigurationError(
                error.problem.replace(f"{folder}/", ""),
                place=error.place.replace(f"{folder}/", ""),
                remedy=error.remedy,
            ) from error


def _require_no_variable(configuration: Read, keys: Mapping[str, object]) -> None:
    for written in keys:
        if variable := variable_of(configuration, key_of(written)):
            problem = "a variable sets it, and would override the change"
            raise SettingError(problem, setting=written, variable=variable, remedy="remove the variable")


def _differing(configuration: Read, present: Content, after: Settings) -> list[str]:
    """The keys of the settings that have another value than with the present changes; a new or removed table is one."""
    try:
        former = flat(checked_settings(with_changes(configuration, Changes(present.document))))
    except ConfigurationError:  # a change that mends the settings
        former = {}
    new = flat(after)
    tables = {_table_of(key) for key in former}.symmetric_difference(_table_of(key) for key in new)
    differing = [key for key in dict.fromkeys((*former, *new)) if former.get(key) != new.get(key)]
    return list(dict.fromkeys(_table_of(key) if former and _table_of(key) in tables else key for key in differing))


def _table_of(key: str) -> str:
    """`sources.blog` for `sources.blog.every`; the key itself if it is not in a table of a list."""
    parts = key.split(".")
    return ".".join(parts[:2]) if is_in_tables(parts) else key


def _differing_templates(present: Content, content: Content) -> list[str]:
    names = dict.fromkeys((*present.templates, *content.templates))
    return [f"templates/{name}" for name in names if present.templates.get(name) != content.templates.get(name)]
