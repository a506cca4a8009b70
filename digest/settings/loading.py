"""Loads the settings from a file; changes override it, and variables and secrets override both."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from digest.errors import ConfigurationError, MistakesError, SettingError
from digest.settings.changes import keys_in, revision_in
from digest.settings.environment import demo_environment, environment, secrets
from digest.settings.former import former_names
from digest.settings.layers import Layer, added_file, data_folder, merged, read, toml, with_additions, with_sources
from digest.settings.mistakes import checked
from digest.settings.overlay import Changes, changed_templates, changes_in, overlaid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from digest.settings.rules import Broken
    from digest.settings.whole import Settings

DEFAULT_CONFIG = Path("config/digest.toml")
_DEMO = "demo.invalid,"  # only the tag of the demo begins like this
_Model = TypeVar("_Model", bound=BaseModel)


def _no_rules(_: Settings) -> Iterable[Broken]:
    return ()


@dataclass(frozen=True, slots=True)
class Read:
    """A configuration as it was read, unchecked: the layers, the weakest first, the file with its text.

    `before` are the settings of the file and of those beside it, without changes, and `mistakes` those of these files;
    `data_dir` is absolute.
    """

    layers: tuple[Layer, ...]
    file: Path
    text: str
    before: Mapping[str, object]
    mistakes: tuple[SettingError, ...]
    changes: Changes
    data_dir: Path

    @property
    def base(self) -> Path:
        """The folder that paths are relative to."""
        return self.file.absolute().parent


def load(
    path: Path | None = None,
    *,
    further: Callable[[Settings], Iterable[Broken]] = _no_rules,
    more: Sequence[Mapping[str, object]] = (),
    changes: Changes | None = None,
) -> Settings:
    """The settings from a file; changes override it, the environment overrides both, and secrets override all.

    Without `path`, the file is `DIGEST_CONFIG` or else `config/digest.toml`. `further` returns violated rules that
    other parts of the program know; `more` are tables of sources as if the file contained them; `changes` are used
    instead of those in `data_dir`.

    Raises:
        ConfigurationError: there is no such file.
        MistakesError: there are mistakes; it contains them all, each with its place and its remedy.
    """
    return checked_settings(read_layers(path, more=more, changes=changes), further)


def read_layers(
    path: Path | None = None, *, more: Sequence[Mapping[str, object]] = (), changes: Changes | None = None
) -> Read:
    """The configuration that `load` reads, unchecked.

    Raises:
        ConfigurationError: there is no such file, or it cannot be read.
        MistakesError: it is not TOML.
    """
    file = _chosen(path)
    if not file.exists():
        problem = "there is no such file" if file != DEFAULT_CONFIG else "there is no configuration here"
        remedy = "`digest init` writes one; --config FILE or DIGEST_CONFIG names one elsewhere"
        raise ConfigurationError(problem, place=str(file), remedy=remedy)
    return _read(file, (environment(), secrets()), more, changes)


def load_demo(file: Path) -> Settings:
    """The settings of the demo. It reads only `DIGEST_BASE_URL`, `DIGEST_WEB_…` and `DIGEST_LOG_…` from variables.

    So no setting of a real installation leads the demo to its database, its subscribers or its mail server.

    Raises:
        ConfigurationError: as `load`.
    """
    return checked_settings(_read(file, (demo_environment(),)))


def load_alone(file: Path) -> Settings:
    """The settings that a file gives by itself, without variables and secrets.

    Raises:
        ConfigurationError: as `load`.
    """
    return checked_settings(_read(file, ()))


def config_file(path: Path | None = None) -> Path | None:
    """The file that `load` reads; None if there is none."""
    file = _chosen(path)
    return file if file.exists() else None


def _chosen(path: Path | None) -> Path:
    return path or Path(os.environ.get("DIGEST_CONFIG") or DEFAULT_CONFIG)


def _read(
    file: Path,
    others: tuple[Layer, ...],
    more: Sequence[Mapping[str, object]] = (),
    changes: Changes | None = None,
) -> Read:
    text = read(file)
    try:
        given = toml(file, text)
    except SettingError as mistake:
        raise MistakesError([mistake, *(one for layer in others for one in layer.mistakes)]) from mistake
    if str(given.get("tag", "")).startswith(_DEMO):  # for every command: no setting of a real one leads it elsewhere
        others = (demo_environment(),)
    folder = data_folder(merged((Layer(given, {}), *others)), file.absolute().parent)
    below = with_additions(given, file.parent, added_file(folder))
    changes = changes_in(folder) if changes is None else changes
    return Read(
        (with_sources(overlaid(below, changes), more), *others),
        file,
        text,
        below.values,
        below.mistakes,
        changes,
        folder,
    )


def checked_settings(configuration: Read, further: Callable[[Settings], Iterable[Broken]] = _no_rules) -> Settings:
    """The settings of a configuration.

    Raises:
        MistakesError: as `load`.
    """
    layers, base = configuration.layers, configuration.base
    folder = changed_templates(configuration.data_dir)
    templates = folder if folder.is_dir() else None
    settings = checked(
        layers, str(configuration.file), configuration.text, base, further, (templates,) if templates else ()
    )
    settings = _absolute(settings, base)
    settings.came_from(configuration.file.absolute(), former_names(merged(layers)))
    changes = configuration.changes
    settings.have_changed(keys_in(changes.document), templates, revision_in(changes.text)[0])
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
