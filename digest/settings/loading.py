"""Loads the settings from a file; variables and secrets override it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from digest.errors import ConfigurationError, MistakesError, SettingError
from digest.settings.environment import demo_environment, environment, secrets
from digest.settings.former import former_names
from digest.settings.layers import Layer, added_file, merged, read, toml, with_additions
from digest.settings.mistakes import checked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from digest.settings.rules import Broken
    from digest.settings.whole import Settings

DEFAULT_CONFIG = Path("config/digest.toml")
_DEMO = "demo.invalid,"  # only the tag of the demo begins like this
_Model = TypeVar("_Model", bound=BaseModel)


def _no_rules(_: Settings) -> Iterable[Broken]:
    return ()


def load(
    path: Path | None = None,
    *,
    further: Callable[[Settings], Iterable[Broken]] = _no_rules,
    more: Sequence[Mapping[str, object]] = (),
) -> Settings:
    """The settings from a file; the environment overrides it, and secrets override both.

    Without `path`, the file is `DIGEST_CONFIG` or else `config/digest.toml`. `further` returns violated rules that
    other parts of the program know; `more` are tables of sources as if the file contained them.

    Raises:
        ConfigurationError: there is no such file.
        MistakesError: there are mistakes; it contains them all, each with its place and its remedy.
    """
    file = _chosen(path)
    if not file.exists():
        problem = "there is no such file" if file != DEFAULT_CONFIG else "there is no configuration here"
        remedy = "`digest init` writes one; --config FILE or DIGEST_CONFIG names one elsewhere"
        raise ConfigurationError(problem, place=str(file), remedy=remedy)
    return _loaded(file, (environment(), secrets()), further=further, more=more)


def load_demo(file: Path) -> Settings:
    """The settings of the demo. It reads only `DIGEST_BASE_URL`, `DIGEST_WEB_…` and `DIGEST_LOG_…` from variables.

    So no setting of a real installation leads the demo to its database, its subscribers or its mail server.

    Raises:
        ConfigurationError: as `load`.
    """
    return _loaded(file, (demo_environment(),))


def load_alone(file: Path) -> Settings:
    """The settings that a file gives by itself, without variables and secrets.

    Raises:
        ConfigurationError: as `load`.
    """
    return _loaded(file, ())


def config_file(path: Path | None = None) -> Path | None:
    """The file that `load` reads; None if there is none."""
    file = _chosen(path)
    return file if file.exists() else None


def _chosen(path: Path | None) -> Path:
    return path or Path(os.environ.get("DIGEST_CONFIG") or DEFAULT_CONFIG)


def _loaded(
    file: Path,
    others: tuple[Layer, ...],
    *,
    further: Callable[[Settings], Iterable[Broken]] = _no_rules,
    more: Sequence[Mapping[str, object]] = (),
) -> Settings:
    text = read(file)
    try:
        given = toml(file, text)
    except SettingError as mistake:
        raise MistakesError([mistake, *(one for layer in others for one in layer.mistakes)]) from mistake
    if str(given.get("tag", "")).startswith(_DEMO):  # for every command: no setting of a real one leads it elsewhere
        others = (demo_environment(),)
    base = file.absolute().parent
    layers = (with_additions(given, file.parent, added_file(merged((Layer(given, {}), *others)), base), more), *others)
    settings = _absolute(checked(layers, str(file), text, base, further), base)
    settings.came_from(file.absolute(), former_names(merged(layers)))
    return settings


def _absolute(settings: _Model, base: Path) -> _Model:
    """The same settings with absolute paths; relative paths start from `base`."""
    return settings.model_copy(update={name: _placed(value, base) for name, value in settings})


def _placed(value: object, base: Path) -> object:
    match value:
        case Path():
            return Path(os.path.normpath(base / value))
        case BaseModel():
            return _absolute(value, base)
        case tuple():
            return tuple(_placed(one, base) for one in value)
    return value
