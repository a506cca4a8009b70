"""A PostgreSQL server for the tests: in its own folder, reached by a socket in it, ended with the tests."""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path

import psycopg
from sqlalchemy import Engine, create_engine, text

from digest.store.database.meta import make_row
from digest.store.database.tables import metadata

_FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off"}
_QUIET = {"listen_addresses": "", "max_connections": "200", "shared_buffers": "64MB", "wal_level": "minimal"}
_QUIET |= {"max_wal_senders": "0", "logging_collector": "off", "dynamic_shared_memory_type": "posix"}


def programs() -> Path | None:
    """The folder of the newest server that is installed; Debian keeps it out of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def name_in(url: str) -> str:
    """The name of a database by its URL."""
    return url.partition("@/")[2].partition("?")[0]


class Server:
    """A server. `durable`: it keeps what is committed, as a real one does, whatever ends it."""

    def __init__(self, bin_: Path, *, durable: bool = False) -> None:
        self._bin = bin_
        self._folder = _folder()
        self._numbers = count(1)
        self._emptying: dict[str, tuple[Engine, str]] = {}
        _ran("cp", "-a", str(_cluster(bin_)), self._data, said=self._folder / "said")
        chosen = _QUIET | ({} if durable else _FAST) | {"unix_socket_directories": str(self._folder)}
        with (self._folder / "data" / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in chosen.items())
        self.start()

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def start(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-l", str(self._folder / "log"), "-w", "-t", "60", "start")

    def stop(self, mode: str = "fast") -> None:
        """`immediate` is how a crash looks: nothing is written any more."""
        self._run("pg_ctl", "-D", self._data, "-m", mode, "-w", "stop")

    def remove(self) -> None:
        for engine, _ in self._emptying.values():
            engine.dispose()
        self.stop("immediate")
        shutil.rmtree(self._folder)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://digest@/{database}?host={self._folder}"

    def database(self, template: str = "template0") -> str:
        """The URL of a new database."""
        name = f"d{next(self._numbers)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'")
        return self.url(name)

    def emptied(self, name: str) -> str:
        """The URL of a database with our schema, as if it were new; quicker than a new one."""
        if name not in self._emptying:
            engine = create_engine(f"postgresql+psycopg://digest@/{name}", connect_args={"host": str(self._folder)})
            with engine.connect() as connection:
                sequences = connection.execute(text("SELECT relname FROM pg_class WHERE relkind = 'S'")).scalars().all()
            tables = [table.name for table in reversed(metadata.sorted_tables)]
            tables.insert(tables.index("searched"), "search_index")
            statements = [f"DELETE FROM {table}" for table in tables]  # noqa: S608 - the names of our own tables
            statements += [f"ALTER SEQUENCE {sequence} RESTART" for sequence in sequences]
            self._emptying[name] = engine, "; ".join(statements)
        engine, emptying = self._emptying[name]
        with engine.begin() as connection:
            connection.exec_driver_sql(emptying)
            make_row(connection, datetime.now(UTC))
        return self.url(name)

    def _run(self, program: str, *arguments: str) -> None:
        _ran(str(self._bin / program), *arguments, said=self._folder / "said")


@cache
def _cluster(bin_: Path) -> Path:
    """The files of a server that never ran, made once in a process: each server takes a copy."""
    made = _folder()
    atexit.register(shutil.rmtree, made)
    how = ("-U", "digest", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C")
    _ran(str(bin_ / "initdb"), "-D", str(made / "data"), *how, said=made / "said")
    return made / "data"


@cache
def _user() -> str | None:
    """Whom the server runs as; None for ourselves. It refuses to run as root."""
    return ("postgres" if _known("postgres") else "nobody") if os.geteuid() == 0 else None


def _folder() -> Path:
    made = Path(tempfile.mkdtemp(prefix="pg"))
    if user := _user():
        shutil.chown(made, user)
    return made


def _ran(*command: str, said: Path) -> None:
    """Run a program as the server's user; what it prints goes to a file: pg_ctl leaves the server with its output."""
    user = _user()
    with said.open("w+") as output:  # a pipe would never end
        done = subprocess.run(
            command,
            stdout=output,
            stderr=output,
            check=False,
            cwd="/",
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
        )
        output.seek(0)
        assert done.returncode == 0, output.read()


def _known(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
