"""Settings from environment variables and secret files: each key has a variable, such as DIGEST_MAIL_HOST.

Decision 249.
"""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from digest.errors import SettingError
from digest.settings import fields, guesses
from digest.settings.former import RENAMED
from digest.settings.layers import Layer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from digest.settings import positions

PREFIX = "DIGEST_"
# Variables that are not settings: the path of the file, and the options of the tests.
_OTHERS = re.compile(r"DIGEST_(CONFIG|(TEST|FUZZ|FAULTS|YEARS)_\w+)")
# Variables that Kubernetes sets in every container of a namespace for a service whose name begins with `digest`.
_SERVICE_LINK = re.compile(r"DIGEST_(\w+_)?(SERVICE_(HOST|PORT\w*)|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)")
_DEMO = ("DIGEST_BASE_URL", "DIGEST_WEB_", "DIGEST_LOG_")
_SECRETS = Path("/run/secrets")


def environment(variables: Mapping[str, str] = os.environ) -> Layer:
    """The settings from variables. An unknown variable with our prefix is a mistake."""
    return _layer({name: value for name, value in variables.items() if _is_ours(name, variables)})


def demo_environment(variables: Mapping[str, str] = os.environ) -> Layer:
    """The variables that set the address and the log of the demo, and no others."""
    return environment({name: value for name, value in variables.items() if _canonical(name).startswith(_DEMO)})


def secrets() -> Layer:
    """The settings from files under /run/secrets whose names begin with `digest_`."""
    found: dict[str, str] = {}
    mistakes = []
    for file in sorted(_SECRETS.glob("digest_*")) if _SECRETS.is_dir() else ():
        try:
            found[str(file)] = file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            mistakes.append(
                SettingError(f"cannot be read: {reason}", variable=str(file), remedy="check its permissions")
            )
    layer = _layer(found)
    return Layer(layer.values, layer.origins, (*mistakes, *layer.mistakes))


@cache
def names() -> dict[str, positions.Path]:
    """Each known variable, with the path of its setting: `DIGEST_MAIL_HOST` sets `("mail", "host")`."""
    settings = (path for path in fields.paths() if not fields.is_in_list(path))
    return {_name(path): path for path in (*settings, *(former.before for former in RENAMED))}


def _name(path: positions.Path) -> str:
    return PREFIX + "_".join(map(str, path)).upper()


def _canonical(name: str) -> str:
    """`DIGEST_MAIL_HOST` for `DIGEST_MAIL__HOST`, a usual spelling, and for `/run/secrets/digest_mail__host`."""
    return name.rpartition("/")[2].upper().replace("__", "_")


def _is_ours(name: str, variables: Mapping[str, str]) -> bool:
    if not name.upper().startswith(PREFIX) or _OTHERS.fullmatch(name.upper()):
        return False
    return "KUBERNETES_SERVICE_HOST" not in variables or not _is_link(name, variables[name])


def _is_link(name: str, value: str) -> bool:
    """Whether Kubernetes set the variable, as it sets `DIGEST_WEB_PORT=tcp://…` for a service `digest-web`."""
    if not _SERVICE_LINK.fullmatch(name):
        return False
    return name not in names() or re.match(r"(tcp|udp|sctp)://", value) is not None


def _layer(given: Mapping[str, str]) -> Layer:
    """The settings from variables or files, by their names."""
    values: dict[str, object] = {}
    origins: dict[positions.Path, str] = {}
    mistakes: list[SettingError] = []
    for name in sorted(given, key=lambda name: (_canonical(name).count("_"), name)):  # whole tables before their keys
        path = names().get(_canonical(name))
        if path is None:
            guess = _guess(name)
            mistakes.append(SettingError("there is no such setting", variable=name, remedy=guess))
        elif path in origins:
            mistakes.append(
                SettingError(f"{origins[path]} sets the same key", variable=name, remedy="remove one of them")
            )
        else:
            origins[path] = name
            _put(values, path, _value(given[name], path))
    return Layer(values, origins, tuple(mistakes))


def _guess(name: str) -> str:
    """The remedy for an unknown name, in the same spelling."""
    known = {wanted.removeprefix(PREFIX): wanted for wanted in names()}
    wanted = known.get(guesses.closest(_canonical(name).removeprefix(PREFIX), known), "")
    if wanted and "/" in name:
        return guesses.did_you_mean(f"digest_{'__'.join(map(str, names()[wanted]))}")
    return guesses.did_you_mean(wanted) or "remove it, or see docs/settings.md"


def _value(text: str, path: positions.Path) -> object:
    """The value; a table or a list is read as JSON. A text that is not JSON stays as it is, for the later checks."""
    if path not in _structured():
        return text
    try:
        return json.loads(text)
    except (RecursionError, ValueError):
        return text


@cache
def _structured() -> frozenset[positions.Path]:
    """The settings that are tables or lists, without former names, which parse lists themselves."""
    found = ((path, fields.field_of(path)) for path in names().values())
    return frozenset(path for path, field in found if field and (fields.is_list(field) or fields.group_of(field)))


def _put(values: dict[str, object], path: positions.Path, value: object) -> None:
    """Set a value at a path; a table is merged into the present one."""
    table = values
    for name in path[:-1]:
        inner = table.setdefault(str(name), {})
        if not isinstance(inner, dict):
            return  # the value is not a table, which is reported elsewhere
        table = inner
    table[str(path[-1])] = value
