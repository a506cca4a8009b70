"""Changes of the configuration that were made without editing it: a document that overrides it key by key.

It is TOML of the same form. A table of a list, such as a source, overrides only the keys that it has if the
configuration has a table with its id, and is a new one otherwise. `unset` names what the configuration sets and what
does not hold: a key, or a whole table of a list. Decision 341.
"""

from __future__ import annotations

import copy
import hashlib
import re
import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from digest.errors import SettingError
from digest.json_output import toml_key, toml_value
from digest.settings import fields
from digest.settings.unknown import remedy_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.settings.positions import Path

UNSET = "unset"
WHERE_THEY_LIE = ("data_dir", "database_url")
_ELSEWHERE = "set it in the configuration file, or by a variable"
_HEAD = """\
# Digest writes this file: what was changed in the console, by the API or by a command. It overrides the configuration.
# `digest settings list --changed` lists it, `digest settings revert KEY` takes one change back,
# `digest settings export` prints it to be moved into the configuration. Comments do not survive the next change.
"""
_MARK = re.compile(r"^# revision (\d+) ([0-9a-f]{64})$", re.MULTILINE)

Key = tuple[str, ...]
Document = Mapping[str, Any]


# --- a document and its text ----------------------------------------------------------------------


def text_of(document: Document) -> str:
    """The changes as TOML."""
    tops = [(key, value) for key, value in document.items() if not _is_table(value) and not _are_tables(key, value)]
    parts = ["".join(f"{toml_key(key)} = {_written(value)}\n" for key, value in tops)]
    for key, value in document.items():
        if _is_table(value):
            parts.append(_table(f"[{toml_key(key)}]", value))
        elif _are_tables(key, value):
            parts += [_table(f"[[{toml_key(key)}]]", one) for one in value]
    return "\n".join(filter(None, parts))


def _table(head: str, table: Document) -> str:
    return f"{head}\n" + "".join(f"{toml_key(key)} = {_written(value)}\n" for key, value in table.items())


def _written(value: object) -> str:
    """A value; a text in several lines, such as a drawing, as it looks."""
    if not isinstance(value, str) or "\n" not in value or value.endswith("'"):
        return toml_value(value)
    return toml_value(value) if re.search(r"'''|[\x00-\x08\x0b-\x1f\x7f]", value) else f"'''\n{value}'''"


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping)


def _are_tables(key: str, value: object) -> bool:
    return fields.is_list_of_tables((key,)) and isinstance(value, list) and bool(value)


def file_text(text: str, revision: int) -> str:
    """The content of the file with the changes `text`: with a head that says what it is, and its revision."""
    return f"{_HEAD}# revision {revision} {_checksum(text)}\n{text and chr(10)}{text}"


def revision_in(content: str) -> tuple[int, bool]:
    """The revision of a file's content, 0 if it says none; and whether it was edited by hand since."""
    mark = _MARK.search(content)
    if mark is None:
        return 0, bool(content.strip())
    body = content[mark.end() :].removeprefix("\n").removeprefix("\n")
    return int(mark[1]), _checksum(body) != mark[2]


def body_of(content: str) -> str:
    """The changes in a file's content: without the head, if it has the one that Digest wrote."""
    mark = _MARK.search(content)
    return content if mark is None else content[mark.end() :].removeprefix("\n").removeprefix("\n")


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# --- keys -----------------------------------------------------------------------------------------


def key_of(written: str) -> Key:
    """The parts of a key, such as `mail.per_second`, `sources.blog.every`, or `sources.blog` for the whole table.

    Raises:
        SettingError: there is no such setting, or changes may not set it.
    """
    parts = tuple(part.strip() for part in written.strip().split("."))
    path = tuple(part for number, part in enumerate(parts) if not (number == 1 and is_in_tables(parts)))
    if parts[0] == fields.DRAWN and all(parts) and len(parts) <= 3:  # noqa: PLR2004 - list, id and key
        return parts
    if fields.field_of(path) is None or not all(parts):
        remedy = "docs/settings.md lists all settings" if not all(parts) else remedy_for(path, "")
        raise SettingError("there is no such setting", setting=written, remedy=remedy)
    require_changeable(path, setting=written)
    return parts


def require_changeable(path: Path, *, setting: str, file: str = "", line: int | None = None) -> None:
    """Check that changes may set the setting at a path (without the ids of tables).

    Raises:
        SettingError: they may not; `setting`, `file` and `line` are its place.
    """
    if path[0] in WHERE_THEY_LIE:
        problem = "decides where this file lies, so it cannot be changed in it"
        raise SettingError(problem, setting=setting, file=file, line=line, remedy=_ELSEWHERE)
    found = fields.field_of(path)
    if found is not None and not found.repr:
        name = f"{path[-1]}_file"
        beside = fields.field_of((*path[:-1], name)) is not None
        remedy = f"put it into a file that only Digest can read, and set {name}" if beside else _ELSEWHERE
        raise SettingError(
            "is a secret, which is not written here", setting=setting, file=file, line=line, remedy=remedy
        )


def is_in_tables(parts: Sequence[str]) -> bool:
    """Whether a key is that of a list of tables, of one of its tables, or of a setting there."""
    return fields.is_list_of_tables(tuple(parts[:1]))


def is_group(path: Sequence[str]) -> bool:
    """Whether there is a table of settings at a path, such as `mail` and `console.oidc`."""
    found = fields.field_of(tuple(path))
    return found is not None and not fields.is_list(found) and fields.group_of(found) is not None


def value_at(document: Document, key: Key) -> object:
    """The value of a key in unchecked settings; None if they do not set it."""
    holder: Any = document
    parts = key
    if is_in_tables(key) and len(key) > 1:
        holder, parts = _with_id(holder.get(key[0]), key[1]), key[2:]
    for part in parts:
        if not isinstance(holder, Mapping):
            return None
        holder = holder.get(part)
    return holder


def _with_id(tables: object, name: str) -> dict[str, Any] | None:
    listed = tables if isinstance(tables, list) else ()
    return next((one for one in listed if isinstance(one, dict) and one.get("id") == name), None)


def keys_in(document: Document) -> list[str]:
    """Every key that changes set or unset, in their order; of a table that has nothing else, its `id`."""
    found: list[str] = []
    for name, value in document.items():
        if name == UNSET:
            continue
        if isinstance(value, Mapping):
            found += _inner_keys(value, name)
        elif _are_tables(name, value):
            tables = (one for one in value if isinstance(one, Mapping))
            found += [f"{name}.{one.get('id')}.{key}" for one in tables for key in one if key != "id" or len(one) == 1]
        else:
            found.append(name)
    unset = document.get(UNSET, ())
    return found + [str(one) for one in unset] if isinstance(unset, list) else found


def _inner_keys(table: Document, name: str) -> list[str]:
    """The keys in a table that is no setting itself."""
    found = []
    for key, value in table.items():
        inner = f"{name}.{key}"
        found += _inner_keys(value, inner) if isinstance(value, Mapping) and is_group(inner.split(".")) else [inner]
    return found


# --- other changes --------------------------------------------------------------------------------


def with_value(document: Document, key: Key, value: object, before: Document) -> dict[str, Any]:
    """The changes with one more: a setting has a value, or with None none, whatever the settings `before` them say.

    A value for a whole table of a list is a mapping; it replaces the earlier changes of this table.
    """
    made = without_key(document, key)
    if value is None:
        if value_at(before, key) is not None:
            made[UNSET] = [*made.get(UNSET, ()), ".".join(key)]
        return made
    made = _without_unset(made, key)
    if is_in_tables(key) and len(key) > 1:
        given = {key[2]: value} if len(key) > 2 else as_mapping(value)  # noqa: PLR2004 - list, id and key
        rest = {name: one for name, one in given.items() if one is not None}
        tables = [dict(one) for one in made.get(key[0], [])]
        own = _with_id(tables, key[1])
        if own is None:
            tables.append(own := {"id": key[1]})
        own.update(rest)
        made[key[0]] = tables
    else:
        _put(made, key, value)
    return made


def _put(holder: dict[str, Any], key: Key, value: object) -> None:
    """Set a value; a mapping is put into the table that is there."""
    for part in key[:-1]:
        holder[part] = holder = as_mapping(holder.get(part))
    inner = as_mapping(holder.get(key[-1]))
    holder[key[-1]] = {**inner, **value} if isinstance(value, Mapping) else value


def without_key(document: Document, key: Key) -> dict[str, Any]:
    """The changes without those of a key, or of the keys of a whole table."""
    made = copy.deepcopy(dict(document))
    if is_in_tables(key) and len(key) > 1:
        tables = []
        for one in made.get(key[0], []):
            if one.get("id") == key[1]:
                one = {name: value for name, value in one.items() if len(key) > 2 and name != key[2]}  # noqa: PLR2004, PLW2901 - as above
            if set(one) - {"id"}:
                tables.append(one)
        made[key[0]] = tables
        if not tables:
            del made[key[0]]
    else:
        _drop(made, key)
    text = ".".join(key)
    return _with_unset(made, [one for one in made.get(UNSET, ()) if one != text and not one.startswith(f"{text}.")])


def _drop(holder: dict[str, Any], key: Key) -> None:
    """Remove a value, and the tables that are empty without it."""
    inner = holder.get(key[0])
    if len(key) == 1:
        holder.pop(key[0], None)
    elif isinstance(inner, dict):
        _drop(inner, key[1:])
        if not inner:
            del holder[key[0]]


def _without_unset(document: dict[str, Any], key: Key) -> dict[str, Any]:
    """The changes without an `unset` of a table that contains the key."""
    holders = {".".join(key[:length]) for length in range(1, len(key) + 1)}
    return _with_unset(document, [one for one in document.get(UNSET, ()) if one not in holders])


def _with_unset(document: dict[str, Any], unset: Sequence[str]) -> dict[str, Any]:
    rest = {name: value for name, value in document.items() if name != UNSET}
    return {UNSET: list(unset), **rest} if unset else rest


def as_mapping(value: object) -> dict[str, Any]:
    """A copy of a table; an empty one for anything else."""
    return dict(value) if isinstance(value, Mapping) else {}


def with_name(document: Document, name: str, old: str, new: str) -> dict[str, Any]:
    """The changes after one of a list of tables, such as a source, was renamed: its id, and where others name it."""

    def renamed(key: str, value: Any) -> Any:  # noqa: ANN401 - whatever TOML has
        if key == UNSET:
            return [".".join((name, new, *one.split(".")[2:])) if is_it(one) else one for one in value]
        if key == name and isinstance(value, list):
            return [renamed("", {**one, "id": new} if one.get("id") == old else one) if isinstance(one, dict)
                    else new if one == old else one for one in value]  # fmt: skip
        if isinstance(value, Mapping):
            return {inner: renamed(inner, one) for inner, one in value.items()}
        if isinstance(value, list):
            return [renamed("", one) for one in value]
        return value

    def is_it(key: str) -> bool:
        return key.split(".")[:2] == [name, old]

    return {key: renamed(key, value) for key, value in document.items()}


def typed(key: Key, written: str) -> object:
    """The value that a text on a command line stands for: a number, a flag or a list where the setting wants one."""
    if _is_text(key):
        return written
    try:
        return tomllib.loads(f"value = {written}")["value"]
    except ValueError:
        return written


def _is_text(key: Key) -> bool:
    path = (key[0], *key[2:]) if is_in_tables(key) else key
    found = fields.field_of(path)
    if found is None:
        return False
    return not fields.is_list(found) and not fields.is_number(found)
