"""The changes in `data_dir`: the file that a start reads, and the folder of edited templates beside it.

The store holds the changes for all processes; each process has them in its own files, since it needs them to find out
which settings it has. The file says of which version it is. It is written last, so that a half-written version is
recognised and written again. Decision 342.
"""

import contextlib
import fcntl
import os
import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Self

from digest.errors import ConfigurationError
from digest.settings import Settings
from digest.settings.changes import file_text, revision_in, text_of
from digest.settings.layers import added_file
from digest.settings.overlay import changed_templates, changes_file

_FILE_MODE, _FOLDER_MODE = 0o644, 0o755  # the service may run as another user
_FORMER = ".former"
_EXTENSIONS = (".html", ".txt", ".xml", ".css")
_TEMPLATE = re.compile(r"(web|mail)(/[A-Za-z0-9][A-Za-z0-9_.-]*)+")


@contextlib.contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Let one process, and one thread of it, change the files of a `data_dir` at a time.

    Raises:
        ConfigurationError: nothing can be written there.
    """
    folder = changes_file(data_dir).parent
    try:
        _make_folder(folder, data_dir)
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise ConfigurationError(
            f"cannot be written: {error.strerror}", place=str(folder), remedy="check the rights of data_dir"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@dataclass(frozen=True, slots=True)
class OnDisk:
    """What lies in `data_dir`. `revision` is 0 if the file says none; `edited`: somebody wrote it by hand since.

    `former` are the tables of sources in `sources.toml`, to which earlier versions of Digest added them.
    """

    there: bool
    revision: int
    edited: bool
    document: dict[str, Any]
    templates: dict[str, str]
    former: tuple[dict[str, Any], ...]


def on_disk(data_dir: Path) -> OnDisk:
    """What lies in a `data_dir`.

    Raises:
        ConfigurationError: a file cannot be read, or is not TOML.
    """
    content, file = "", changes_file(data_dir)
    there = file.is_file()
    try:
        content = file.read_text("utf-8-sig") if there else ""
        revision, edited = revision_in(content)
        document = tomllib.loads(content)
        earlier = added_file(data_dir)
        former = tomllib.loads(earlier.read_text("utf-8-sig")).get("sources", []) if earlier.is_file() else []
        templates = _templates(changed_templates(data_dir))
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror}", place=str(error.filename)) from error
    except ValueError as error:
        raise ConfigurationError(f"is not TOML: {error}", place=str(file), remedy="mend it, or move it away") from error
    return OnDisk(there, revision, edited, document, templates, tuple(former))


def _templates(folder: Path) -> dict[str, str]:
    files = sorted(folder.rglob("*")) if folder.is_dir() else []
    found = (file for file in files if file.suffix in _EXTENSIONS and not file.name.startswith("."))
    return {file.relative_to(folder).as_posix(): file.read_text("utf-8") for file in found if file.is_file()}


class Written:
    """A version of the changes that is complete on the disk, under other names until `put` gives it its own.

    Use it as a context: what was not put is removed at its end.

    Raises:
        ConfigurationError: it cannot be written; nothing has changed.
    """

    def __init__(
        self, data_dir: Path, document: Mapping[str, Any], templates: Mapping[str, str], revision: int
    ) -> None:
        self._data_dir, self._file = data_dir, changes_file(data_dir)
        self._folder, self._names = changed_templates(data_dir), set(templates)
        self._drafts: list[tuple[Path, Path]] = []
        try:
            for name, text in templates.items():
                self._draft(self._folder / PurePosixPath(name), text)
            self._draft(self._file, file_text(text_of(document), revision))
        except OSError as error:
            self._remove()
            raise ConfigurationError(
                f"cannot be written: {error.strerror}", place=str(self._file), remedy="check the rights of data_dir"
            ) from error

    def _draft(self, target: Path, text: str) -> None:
        _make_folder(target.parent, self._data_dir)
        number, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
        self._drafts.append((Path(name), target))
        with os.fdopen(number, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(_FILE_MODE)
        _give(Path(name), self._data_dir)

    def put(self) -> None:
        """Give the files their names, the one with the revision last, and remove templates that are reverted.

        Raises:
            ConfigurationError: one cannot be written; the next start or change writes them again.
        """
        try:
            for name in _templates(self._folder).keys() - self._names:
                (self._folder / PurePosixPath(name)).unlink(missing_ok=True)
            for draft, target in self._drafts:
                draft.replace(target)
            if added_file(self._data_dir).is_file():  # its sources are among the changes now
                former = added_file(self._data_dir)
                former.replace(former.with_name(former.name + _FORMER))
            for folder in {target.parent for _, target in self._drafts}:
                _sync(folder)
        except (OSError, ValueError) as error:
            remedy = "check the rights of data_dir; the change is stored, and the next start or change writes it again"
            raise ConfigurationError(f"cannot be written: {error}", place=str(self._file), remedy=remedy) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()

    def _remove(self) -> None:
        for draft, _ in self._drafts:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)


def put_aside(data_dir: Path, stamp: str) -> Path | None:
    """Keep a copy of the file of changes beside it; its place, or None if there is no file.

    Raises:
        OSError: it cannot be written.
    """
    file = changes_file(data_dir)
    if not file.is_file():
        return None
    aside = file.with_name(f"{file.name}.replaced-{stamp}")
    aside.write_bytes(file.read_bytes())
    return aside


def move_aside(data_dir: Path, stamp: str) -> Path:
    """Move all files of changes away, to a folder beside theirs; the folder.

    Raises:
        ConfigurationError: they cannot be moved.
    """
    folder = changes_file(data_dir).parent
    aside = folder.with_name(f"{folder.name}.replaced-{stamp}")
    try:
        if folder.is_dir():
            folder.replace(aside)
        else:
            aside.mkdir()
        if added_file(data_dir).is_file():
            added_file(data_dir).replace(aside / added_file(data_dir).name)
    except OSError as error:
        raise ConfigurationError(f"cannot be moved: {error.strerror}", place=str(folder)) from error
    return aside


def _make_folder(folder: Path, data_dir: Path) -> None:
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        one.chmod(_FOLDER_MODE)
        _give(one, data_dir)


def _give(path: Path, data_dir: Path) -> None:
    """Give a file to the owner of `data_dir`, if a command runs as root and the service does not."""
    if os.geteuid() == 0 and data_dir.is_dir():
        state = data_dir.stat()
        os.chown(path, state.st_uid, state.st_gid)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def candidate(settings: Settings, templates: Mapping[str, str]) -> Iterator[Settings]:
    """Settings as they would be with these edited templates, whose files are there within it.

    Raises:
        ConfigurationError: one has no name of a template.
    """
    with tempfile.TemporaryDirectory(prefix="digest-") as name:
        folder = Path(name)
        for one, text in templates.items():
            require_name(one)
            (folder / one).parent.mkdir(parents=True, exist_ok=True)
            (folder / one).write_text(text, "utf-8")
        made = settings.model_copy()
        made.have_changed(settings.changed, folder if templates else None, 0)
        yield made


def require_name(name: str) -> None:
    """Check that a template may have this name, which becomes a path.

    Raises:
        ConfigurationError: it may not.
    """
    if not _TEMPLATE.fullmatch(name) or not name.endswith(_EXTENSIONS):
        remedy = "name one such as web/home.html or mail/weekly/html.html"
        raise ConfigurationError("is not the name of a template", place=name, remedy=remedy)
