"""Shell completion: offers ids and keys from the configuration and the store, by the name of the argument.

A shell calls it at each press of a key. It therefore reads the file and the store as they are, checks nothing, writes
nothing, and offers nothing if anything is wrong. Decision 259.
"""

from __future__ import annotations

import contextlib
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.core import TyperGroup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from typer._click.core import Command, Context, Parameter  # the click that Typer brings

    Offers = Callable[[dict[str, Any], str], Iterable[tuple[str, str]]]

_DEFAULT = Path("config/digest.toml")


@dataclass(frozen=True, slots=True)
class Offer:
    """One completion that a shell offers, with its description."""

    value: str
    help: str | None = None
    type: str = "plain"


class CompletingGroup(TyperGroup):
    """The commands; each of their arguments offers its possible values."""

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        found = super().get_command(ctx, cmd_name)
        if found is not None:
            _complete(found, cmd_name)
        return found


def _complete(command: Command, group: str) -> None:
    for name, inner in getattr(command, "commands", {}).items():
        _complete(inner, name if name in _KINDS else group)
    for param in command.params:
        if offers := offered(group, param):
            setattr(param, "shell_complete", _safe(offers))  # noqa: B010 - of this one argument, for mypy a method of all


def offered(group: str, param: Parameter) -> Offers | None:
    """The completions of an argument: the choices in its metavar, or names of its kind; None for free text."""
    metavar = str(param.metavar or "")
    if "|" in metavar and metavar == metavar.lower().replace("zh_cn", "zh_CN"):
        choices = metavar.strip("[]").split("|")
        return lambda _, begins: [(choice, "") for choice in choices if choice.startswith(begins)]
    if param.name == "language":
        return lambda _, begins: [(one, "") for one in ("zh_CN", "en") if one.startswith(begins)]
    return _BY_NAME.get(_KINDS.get(group, {}).get(param.name, param.name))


def _safe(offers: Offers) -> Callable[[Context, str], list[Offer]]:
    def complete(ctx: Context, incomplete: str) -> list[Offer]:
        try:
            found = dict(offers(_typed(ctx), incomplete))
        except Exception:  # noqa: BLE001 - a shell would print the error into the line being typed
            return []
        return [Offer(value, about or None) for value, about in found.items()]

    return complete


def _typed(ctx: Context) -> dict[str, Any]:
    """The options and arguments typed so far."""
    typed: dict[str, Any] = {}
    at: Context | None = ctx
    while at is not None:
        typed = {**at.params, **typed}
        at = at.parent
    return typed


# --- where names come from ------------------------------------------------------------------------


def _configured(typed: dict[str, Any]) -> tuple[dict[str, Any], Path]:
    """The unchecked configuration from its file, and the folder that its paths are relative to."""
    file = Path(typed.get("config") or os.environ.get("DIGEST_CONFIG") or _DEFAULT).absolute()
    return (tomllib.loads(file.read_text("utf-8")) if file.exists() else {}), file.parent


def _tables(typed: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The tables of a list in the configuration, and those that changes add to it."""
    given, folder = _configured(typed)
    data = os.environ.get("DIGEST_DATA_DIR") or given.get("data_dir") or "../var"
    changes = Path(os.path.normpath(folder / str(data))) / "changes" / "settings.toml"
    more = tomllib.loads(changes.read_text("utf-8")) if changes.is_file() else {}
    known = list(given.get(name, ()))
    ids = {one.get("id") for one in known}
    return known + [one for one in more.get(name, ()) if one.get("id") not in ids]


def _database(typed: dict[str, Any]) -> str:
    given, folder = _configured(typed)
    url = os.environ.get("DIGEST_DATABASE_URL") or given.get("database_url")
    data = os.environ.get("DIGEST_DATA_DIR") or given.get("data_dir") or "../var"
    return str(url or f"sqlite:///{os.path.normpath(folder / data)}/digest.db")


def _stored(kind: str) -> Offers:
    from digest.store.operating.completing import names

    return lambda typed, begins: names(_database(typed), kind, begins, str(typed.get("source") or ""))


def _named(tables: str, *, stored: bool = False) -> Offers:
    """Ids from the configuration with their titles, then ids that are only in the store."""

    def offers(typed: dict[str, Any], begins: str) -> Iterable[tuple[str, str]]:
        found = {str(one["id"]): str(one.get("title", "")) for one in _tables(typed, tables)}
        if stored:
            with contextlib.suppress(Exception):  # the store may be unavailable
                found = {name: found.get(name, about) for name, about in _stored(tables)(typed, "")} | found
        return [(name, title) for name, title in found.items() if name.startswith(begins)]

    return offers


def _dumps(typed: dict[str, Any], begins: str) -> Iterable[tuple[str, str]]:
    """Dumps as `SOURCE/PATH`; after the slash those of that source."""
    from digest.store.operating.completing import names

    sources = _named("sources", stored=True)(typed, "")
    for source, _ in sources:
        before = f"{source}/"
        if begins.startswith(before) or before.startswith(begins):
            rest = begins.removeprefix(before) if begins.startswith(before) else ""
            for path, about in names(_database(typed), "dumps", rest, source):
                yield before + path, about


def _fields(_: dict[str, Any], begins: str) -> Iterable[tuple[str, str]]:
    return [(one, "") for one in ("title", "author", "date", "all") if one.startswith(begins)]


def _settings(typed: dict[str, Any], begins: str) -> Iterable[tuple[str, str]]:
    """The keys of settings; those of tables in lists with the ids of their tables."""
    from digest.settings import fields

    for path in fields.paths():
        field = fields.field_of(path)
        if field is None or fields.is_list_of_tables(path) or fields.group_of(field):
            continue
        ids = [str(one["id"]) for one in _tables(typed, path[0])] if fields.is_in_list(path) else []
        for key in [".".join((path[0], name, *path[1:])) for name in ids] or [".".join(path)]:
            if key.startswith(begins) and not (fields.is_in_list(path) and not ids):
                yield key, (field.description or "").partition(".")[0]


def _new_values(typed: dict[str, Any], begins: str) -> Iterable[tuple[str, str]]:
    """The same for `KEY=VALUE`; in `source set` the keys of one source."""
    if source := str(typed.get("source") or ""):
        before = f"sources.{source}."
        return [(f"{key.removeprefix(before)}=", about) for key, about in _settings(typed, before + begins)]
    return [(f"{key}=", about) for key, about in _settings(typed, begins)]


def _mail_kinds(_: dict[str, Any], begins: str) -> Iterable[tuple[str, str]]:
    from digest.service.mailing.samples.mails import WHEN

    return [(str(kind), when) for kind, when in WHEN.items() if kind.startswith(begins)]


_BY_NAME: dict[str, Offers] = {
    "source": _named("sources"),
    "digest": _named("digests"),
    "untold": _named("digests"),
    "topic": _named("topics"),
    "topics": _named("topics"),
    "old_source": _named("sources", stored=True),
    "old_digest": _named("digests", stored=True),
    "entry": _stored("entries"),
    "entries": _stored("entries"),
    "keep": _stored("entries"),
    "other": _stored("entries"),
    "edition": _stored("editions"),
    "key": _stored("editions"),
    "address": _stored("subscribers"),
    "addresses": _stored("subscribers"),
    "dump": _stored("dumps"),
    "dumps": _stored("dumps"),
    "webhook": _named("webhooks"),
    "token": _stored("tokens"),
    "user": _stored("users"),
    "lift": _fields,
    "kind": _mail_kinds,
    "dump_of": _dumps,
    "values": _new_values,
    "unset": _settings,
    "setting": _settings,
}
# Arguments that mean something else in one group of commands than in the others.
_KINDS = {
    "source": {"source": "old_source", "old": "old_source", "path": "dump"},
    "digests": {"old": "old_digest", "digest": "old_digest"},
    **{name: {"after": "entry", "dump": "dump_of"} for name in ("entries", "entry")},
    "init": {"dumps": ""},
    "settings": {"keys": "setting"},
    "mail": {"key": "", "kind": "kind"},
    "key": {"kind": ""},
}
