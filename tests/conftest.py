"""Fixtures for all tests: a blog whose dumps are written, and the command line in this process."""

from __future__ import annotations

import calendar
import contextlib
import functools
import gc
import importlib
import importlib.util
import json
import os
import pkgutil
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
import typer.main
from hypothesis import HealthCheck, settings

import digest
from digest.cli import main
from digest.store import open_store
from digest.store.database import schema
from tests import engines, schemas
from tests.examples import examples
from tests.postgres import Server, name_in, programs

if TYPE_CHECKING:
    from collections.abc import Iterator

# Commands import what they need when they run. What is first imported while a test has put a double somewhere would
# keep the double for ever, so all is imported before.
for _module in pkgutil.walk_packages(digest.__path__, "digest."):
    if not _module.name.startswith(("digest.__main__", "digest.store.database.migrations.")):
        importlib.import_module(_module.name)

# A busy machine is no failure: no example is timed.
settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=examples(100)
)
settings.load_profile("untimed")

engines.share_statements()
schema.upgrade = schemas.made  # a session's, as long as none asks for `by_migrations`
typer.main.get_command = functools.cache(typer.main.get_command)  # a process builds the commands once, tests call often

# What tests write goes to memory where there is plenty: a disk takes milliseconds a sync, and no test cuts the power.
_MEMORY, _PLENTY = Path("/dev/shm"), 4 << 30  # noqa: S108 - bytes; pytest and tempfile make folders of their own in it
if "TMPDIR" not in os.environ and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _PLENTY:
    os.environ["TMPDIR"] = str(_MEMORY)
    tempfile.tempdir = None  # it is looked up anew


def pytest_collection_finish() -> None:
    """What is loaded by now stays: each search for garbage would look at all of it, ten thousand tests among it."""
    gc.collect()
    gc.freeze()


ROOT = Path(__file__).resolve().parents[1]
DUMPS = ROOT.parent / "shared" / "dumps"


@pytest.fixture
def by_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    """New stores are made by the migrations, as for users."""
    monkeypatch.setattr(schema, "upgrade", schemas.by_migrations)


@pytest.fixture
def real_dumps() -> Path:
    """The folder of real dumps; they lie beside the project, never in it."""
    if not DUMPS.is_dir():
        pytest.skip(f"needs the real dumps in {DUMPS}")
    return DUMPS


@pytest.fixture(scope="session")
def needs(cannot_run: Callable[[str], NoReturn]) -> Callable[[str], str]:
    """The path of a program by its name, of a Python package (`python:NAME`), of a file below the project by its path.

    Where it is missing, the test cannot run.
    """

    def path_of(wanted: str) -> str:
        file = ROOT / wanted
        if wanted.startswith("python:"):
            module = importlib.util.find_spec(wanted.removeprefix("python:"))
            found = module.origin if module else None
        else:
            found = (str(file) if file.exists() else None) if "/" in wanted else shutil.which(wanted)
        if found is None:
            cannot_run(f"needs {wanted}, which is not installed; .ci/run installs it")
        return found

    return path_of


@pytest.fixture(scope="session")
def cannot_run() -> Callable[[str], NoReturn]:
    """Ends the test for want of something: it is skipped; with DIGEST_TEST_REQUIRE_ALL=1, as CI sets it, it fails."""

    def end(missing: str) -> NoReturn:
        if os.environ.get("DIGEST_TEST_REQUIRE_ALL") == "1":
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)

    return end


@pytest.fixture(scope="session")
def postgres(needs: Callable[[str], str]) -> Iterator[Server]:
    """A PostgreSQL server."""
    found = programs()
    server = Server(found or Path(needs("initdb")).parent)
    yield server
    server.remove()


@pytest.fixture(scope="session")
def postgres_template(postgres: Server) -> str:
    """A database with our schema, to copy others from."""
    open_store(url := postgres.database()).close()
    return name_in(url)


@pytest.fixture(scope="session")
def postgres_scratch(postgres: Server, postgres_template: str) -> str:
    """A database with our schema that each test empties first, which is quicker than to make one."""
    return name_in(postgres.database(postgres_template))


@dataclass(frozen=True)
class Article:
    """An article of a made-up blog."""

    title: str
    date: tuple[int, int, int] = (2026, 3, 14)
    body: tuple[str, ...] = ("第一段,说的是这篇文章为什么要写,以及读者读完以后会知道些什么。", "第二段。")
    readers: int = 100
    author: str = "山客"

    def dateblock(self) -> str:
        _, month, day = self.date
        name = calendar.month_abbr[month]
        return "\n\n".join([f"{day} {name}", self.title, *self.body, "点击阅读全文..."]) + "\n\n"

    def byline(self) -> str:
        year, month, day = self.date
        first, *rest = self.body or ("",)
        line = f"By {self.author} | {year}-{month:02}-{day:02} | {self.readers}位读者 | 引用{first}"
        return "\n".join([self.title, line, *rest]) + "\n"


@pytest.fixture(scope="session")
def article() -> type[Article]:
    """The class itself: test modules cannot import from here."""
    return Article


@dataclass
class Blog:
    """A folder with a configuration and dumps, and the program to run on it.

    `run` calls the command line in this process and returns what it printed, on stderr too where it failed; the exit
    code must be `code`.
    """

    home: Path
    run: Callable[..., str]

    def write(self, name: str, text: str, *, encoding: str = "utf-8") -> Path:
        path = self.home / "dumps" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode(encoding))
        return path

    def index(self, name: str, *articles: Article) -> Path:
        return self.write(name, "".join(article.dateblock() for article in articles))

    def search(self, name: str, *articles: Article) -> Path:
        return self.write(name, "".join(article.byline() for article in articles) + "最近评论\n")

    def refresh(self, code: int = 0) -> dict[str, Any]:
        counts: dict[str, Any] = json.loads(self.run("refresh", "--json", code=code).splitlines()[0])
        return counts

    def listed(self, *command: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run(*command, "--json").splitlines()]

    def entries(self) -> dict[str, dict[str, Any]]:
        return {entry["title"]: entry for entry in self.listed("entries", "list")}

    def feed(self) -> bytes:
        path = self.home / "feed.atom"
        self.run("feed", "-o", str(path))
        return path.read_bytes()

    def mails(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted((self.home / "mail" / "new").glob("*"))]


Prepare = Callable[[Path, Callable[[], object]], None]
_HOUR = 3600.0
_BETWEEN_CLOCKS = time.time() - time.monotonic()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepare:
    """Fill a folder as a function does: it is called once in a session, and what it made is copied from then on.

    It makes the same at each call, and is called each time where a test has another clock or settings of its own.
    """
    made: dict[str, tuple[Path, str]] = {}  # the copy, and where it was made, which the store holds

    def fill(home: Path, by: Callable[[], object]) -> None:
        name = f"{by.__module__}.{by.__qualname__}"
        own = any(setting.startswith("DIGEST_") and "_TEST_" not in setting for setting in os.environ)
        if own or abs(time.time() - time.monotonic() - _BETWEEN_CLOCKS) > _HOUR:
            by()
        elif name in made:
            kept, place = made[name]
            shutil.copytree(kept, home, dirs_exist_ok=True)
            with contextlib.closing(sqlite3.connect(home / "var" / "digest.db")) as moved, moved:
                moved.execute("UPDATE meta SET installation = replace(installation, ?, ?)", (place, str(home)))
        else:
            by()
            made[name] = tmp_path_factory.mktemp("prepared") / "home", str(home)
            shutil.copytree(home, made[name][0])

    return fill


CONFIG = """
data_dir = "var"
base_url = "https://digest.example.org"
[[sources]]
id = "blog"
title = "山上"
path = "dumps"
timezone = "Asia/Shanghai"
link = "https://blog.example.org/search/{title}/"
[[digests]]
id = "weekly"
title = "山上 每周摘要"
timezone = "Asia/Shanghai"
[mail]
path = "mail"
sender = "Digest <digest@example.org>"
"""


@pytest.fixture
def blog(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Blog:
    config = tmp_path / "digest.toml"
    config.write_text(CONFIG, "utf-8")
    (tmp_path / "dumps").mkdir()

    def run(*arguments: str, code: int = 0) -> str:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--config", str(config)])
        out, err = capfd.readouterr()
        assert (ended.value.code or 0) == code, err or out
        return out + err if code else out

    return Blog(tmp_path, run)
