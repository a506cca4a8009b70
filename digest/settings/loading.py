"""Reads the settings of a file, and says what is wrong with them."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from digest.errors import ConfigurationError
from digest.settings.whole import DemoSettings, Settings

DEFAULT_CONFIG = Path("config/digest.toml")
_Settings = TypeVar("_Settings", bound=BaseModel)


def load(path: Path | None = None) -> Settings:
    """The settings of a file, the environment over it, secrets over both.

    Without `path` it is `DIGEST_CONFIG`, or `config/digest.toml`; only that default may be absent.

    Raises:
        ConfigurationError: naming the file, the key and the remedy.
    """
    chosen = _chosen(path)
    file = (chosen or DEFAULT_CONFIG).absolute()
    if chosen and not file.exists():
        raise ConfigurationError("there is no such file", place=str(chosen), remedy="`digest init` writes one")
    return _loaded(file, Settings)


def load_demo(file: Path) -> Settings:
    """The settings of the demo. Of the environment only `DIGEST_BASE_URL`, `DIGEST_WEB_…` and `DIGEST_LOG_…` count.

    So nothing that is set for a real installation leads the demo to its database, its readers or its mail server.

    Raises:
        ConfigurationError: as `load`.
    """
    return _loaded(file.absolute(), DemoSettings)


def _loaded(file: Path, kind: type[Settings]) -> Settings:
    given = _toml(file) if file.exists() else {}
    try:
        settings = kind(**given)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "settings"
        problem = str(first["msg"]).removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            problem = "there is no such setting"
        raise ConfigurationError(problem, place=f"{file}: {key}", remedy="see docs/settings.md") from error
    return _absolute(settings, file.parent)


def config_file(path: Path | None = None) -> Path | None:
    """The file that `load` reads, None where there is none and it need not be."""
    file = _chosen(path) or DEFAULT_CONFIG
    return file if file.exists() else None


def _chosen(path: Path | None) -> Path | None:
    return path or (Path(os.environ["DIGEST_CONFIG"]) if os.environ.get("DIGEST_CONFIG") else None)


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror}", place=str(file)) from error
    except ValueError as error:
        raise ConfigurationError(f"is not TOML: {error}", place=str(file)) from error


def _absolute(settings: _Settings, base: Path) -> _Settings:
    """The same settings, each path in them as it is seen from a folder."""
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
