"""The work of `digest init`: finds dumps nearby, reads them, and writes a first configuration."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest import files
from digest.addresses import Mailbox
from digest.dumps.files import DumpFile, Refused, dump_files, is_read
from digest.dumps.pages import is_page, pages, passed
from digest.dumps.snapshot import page_sightings
from digest.errors import ConfigurationError, DumpError
from digest.files import new_private_file
from digest.settings import THIS_MACHINE
from digest.typeset.characters import WIDE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from digest.dumps.pages import Page

FILE = "digest.toml"
_DEPTH, _FOLDERS, _FILES, _RECORDS, _BYTES = 2, 300, 8, 8, 5_000_000  # the limits of the search for dumps
_NEVER = frozenset({"var", "venv", "node_modules", "build", "dist", "tests", "docs", "templates", "site-packages"})
_CHINESE = re.compile("[\u4e00-\u9fff]")
_PAGES = {"byline": "on search pages (byline)", "dateblock": "on index pages (dateblock)"}
_TABLE = re.compile(r"\[\[?(\w+)\]\]?\s*$")
_KEY = re.compile(r"(?P<off># )?(?P<key>\w+) = (?P<value>\"[^\"]*\"|\[[^\]]*\])(?P<comment>.*)")


@dataclass(slots=True)
class Recognised:
    """The content of a path: its number of files, its entries by layout, and the problems of files by name."""

    files: int = 0
    entries: Counter[str] = field(default_factory=Counter)
    problems: dict[str, str] = field(default_factory=dict)
    chinese: bool = False

    def __str__(self) -> str:
        if not self.files:
            return "no dump yet"
        files = "1 file" if self.files == 1 else f"{self.files:,} files"
        if not self.entries:
            name, problem = next(iter(self.problems.items()))
            return f"{files}, and no entry that can be read: {name} {problem}"
        counted = ", ".join(f"{count:,} {_PAGES[layout]}" for layout, count in self.entries.most_common())
        unread = f"; {len(self.problems)} without any, such as {next(iter(self.problems))}" if self.problems else ""
        return f"{files}, entries: {counted}{unread}"


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers that make a configuration. `dumps` is relative to the current folder; `operator` may be empty."""

    title: str
    timezone: str
    dumps: Path
    operator: str
    base_url: str
    chinese: bool = True


def recognised(path: Path, progress: Callable[[str], object] = lambda _: None) -> Recognised:
    """Read everything that a source with this path would read; call `progress` with the name of each file first.

    Raises:
        DumpError: there is no such file or folder, or it cannot be listed.
    """
    found = Recognised()
    for page in pages(path):
        if isinstance(page, DumpError):
            raise page
        if isinstance(page, Refused):
            found.files += not page.harmless
            found.problems[page.name] = page.reason
            continue
        found.files += 1
        progress(page.name)
        try:
            with page.open() as stream:
                for sighting in page_sightings(stream, page):
                    found.entries[str(sighting.layout)] += 1
                    found.chinese = found.chinese or _CHINESE.search(sighting.title) is not None
        except DumpError as error:
            if not passed(page, error):
                found.problems[page.name] = error.reason
        except OSError as error:
            found.problems[page.name] = f"cannot be read: {error.strerror}"
    return found


def require_dumps(path: Path, folder: Path) -> None:
    """Check that a source may read this path if its configuration is in `folder`.

    Raises:
        ConfigurationError: there is nothing, the path includes our own files, or it leads to the demo's samples.
    """
    try:
        files = [file for file in dump_files(path) if isinstance(file, DumpFile)]
    except DumpError as error:
        raise ConfigurationError(error.reason, place=str(path), remedy="create it first, or name another") from error
    if not files and not path.is_dir():
        raise ConfigurationError("there is no such file", place=str(path), remedy="check the name, or name a folder")
    state = folder.resolve() / FILE, folder.resolve() / "var" / "digest.db"
    if any(is_read(path, one) for one in state):
        raise ConfigurationError(
            "contains the folder of the configuration, which is not a dump",
            place=str(path),
            remedy="name the folder of the dumps alone, or a glob such as '*.txt'",
        )
    if any(_is_of_demo(parent) for file in files for parent in file.path.resolve().parents):
        raise ConfigurationError(
            "these are samples of the demo, invented articles", place=str(path), remedy="name your own dumps"
        )


def _is_of_demo(folder: Path) -> bool:
    try:
        return (folder / FILE).read_text("utf-8").startswith("# The demo:")
    except (OSError, UnicodeDecodeError):
        return False


def nearby(start: Path) -> Path | None:
    """The folder with the most likely dumps, at most two levels below `start`; a glob for `start` itself."""
    counts: dict[Path, int] = {}
    endings: Counter[str] = Counter()
    for folder in _folders(start):
        found = list(_looking_like_dumps(folder))
        if found:
            counts[folder] = len(found)
        if folder == start:
            endings = Counter(file.suffix for file in found)
    if not counts:
        return None
    best = max(counts, key=lambda folder: counts[folder])
    if best == start:
        return Path(f"*{endings.most_common(1)[0][0]}")
    together = [folder for folder in counts if folder.parent == best.parent]
    return best.parent if len(together) > 1 and best.parent != start else best


def _folders(start: Path) -> Iterator[Path]:
    """The folder and those below it that may contain an operator's dumps, the nearest first."""
    level, seen = [start], 0
    for _ in range(_DEPTH + 1):
        below: list[Path] = []
        for folder in level:
            if seen >= _FOLDERS:
                return
            seen += 1
            if _is_of_demo(folder) or (folder / "pyvenv.cfg").exists():
                continue
            yield folder
            with contextlib.suppress(OSError), os.scandir(folder) as entries:
                names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
                below += [folder / name for name in names if name[0] != "." and name not in _NEVER]
        level = below


def _looking_like_dumps(folder: Path) -> Iterator[Path]:
    """The files with entries among the first few of a folder; does not look into its subfolders."""
    try:
        with os.scandir(folder) as entries:
            files = sorted(
                entry.path
                for entry in entries
                if entry.is_file(follow_symlinks=False) and entry.name[0] != "." and entry.stat().st_size <= _BYTES
            )
    except OSError:
        return
    for name in files[:_FILES]:
        for page in islice(pages(Path(name)), _RECORDS):
            with contextlib.suppress(DumpError, OSError):
                if is_page(page) and _has_entry(page):
                    yield Path(name)
                    break


def _has_entry(page: Page) -> bool:
    with page.open() as stream:
        return next(page_sightings(stream, page), None) is not None


def configuration(answers: Answers, folder: Path, year: int) -> str:
    """The text of a configuration in `folder` with these answers; `year` is the present year."""
    host = urlsplit(answers.base_url).hostname or ""
    public = host not in THIS_MACHINE
    weekly = "每周摘要" if answers.chinese else "weekly"
    language, tag = ("zh_CN", "zh-CN") if answers.chinese else ("en", "en")
    values: dict[tuple[str, str], object] = {
        ("", "base_url"): answers.base_url,
        ("", "language"): language,
        ("sources", "title"): answers.title,
        ("sources", "path"): _seen_from(folder, answers.dumps),
        ("sources", "timezone"): answers.timezone,
        ("sources", "language"): tag,
        ("digests", "title"): answers.title
        + ("" if answers.chinese and WIDE.match(answers.title[-1:]) else " ")
        + weekly,
        ("digests", "timezone"): answers.timezone,
        ("digests", "language"): language,
    }
    if public:
        values["", "tag"] = f"{host},{year}"
        values["mail", "sender"] = str(Mailbox(answers.title, f"digest@{host}"))
    if answers.operator:
        values["", "operator"] = answers.operator
    return filled((files.shipped_folder("config") / "example.toml").read_text("utf-8"), values)


def _seen_from(folder: Path, path: Path) -> str:
    """The path as a configuration in `folder` names it; relative if the path is in or next to that folder."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - `resolve` would follow symbolic links, which may change
    near = folder.resolve().parent
    return os.path.relpath(absolute, folder.resolve()) if absolute.is_relative_to(near) else str(absolute)


def filled(text: str, values: dict[tuple[str, str], object]) -> str:
    """The configuration with other values, by table and key; a line with a new value is no longer commented out.

    Raises:
        ConfigurationError: the configuration has no line for one of the values.
    """
    table, left, lines = "", dict(values), []
    for written in text.splitlines():
        line = written
        if named := _TABLE.fullmatch(written.removeprefix("# ")):
            table = named[1]
            line = written.removeprefix("# ") if any(name == table for name, _ in left) else written
        elif (found := _KEY.fullmatch(written)) and (table, found["key"]) in left:
            value = json.dumps(left.pop((table, found["key"])), ensure_ascii=False)
            line = _line(
                f"{found['key']} = {value}", found["comment"].strip(), written.find("#", found.start("comment"))
            )
        lines.append(line)
    if left:
        raise ConfigurationError("lacks a line", place=", ".join(".".join(filter(None, key)) for key in left))
    return "\n".join(lines) + "\n"


def _line(setting: str, comment: str, column: int) -> str:
    """A line of a configuration, with its comment in the same column as before."""
    return f"{setting.ljust(column - 1)} {comment}" if comment else setting


def write_configuration(folder: Path, text: str, dumps: Path) -> Path:
    """Write the configuration in one step, readable only by its owner, and create the folder of dumps if needed.

    Raises:
        ConfigurationError: there is a configuration already, or it cannot be written.
    """
    file = folder / FILE
    made = [one for one in (folder, dumps) if not one.exists() and not set("*?[") & set(str(one))]
    draft = folder / f".{FILE}.{secrets.token_hex(4)}.part"
    try:
        for one in made:
            one.mkdir(parents=True, exist_ok=True)
        with new_private_file(draft) as opened:
            opened.write(text.encode())
        os.link(draft, file)  # fails if there is a file, unlike a rename
    except BaseException as error:
        _removed(draft, *reversed(made))
        if isinstance(error, FileExistsError):
            raise already_there(file) from error
        if isinstance(error, OSError):
            raise ConfigurationError(f"cannot be written: {error.strerror}", place=str(folder)) from error
        raise
    draft.unlink()
    return file


def _removed(draft: Path, *folders: Path) -> None:
    with contextlib.suppress(OSError):
        draft.unlink()
    for folder in folders:
        with contextlib.suppress(OSError):  # the folder is not empty
            folder.rmdir()


def already_there(file: Path) -> ConfigurationError:
    return ConfigurationError(
        "already exists, and is never replaced", place=str(file), remedy="edit it, or name a folder for another one"
    )
