"""A PostgreSQL server for the tests: in its own folder, reached by a socket in it, ended with the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
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
        self._folder = Path(tempfile.mkdtemp(prefix="pg"))
        self._user = ("postgres" if _known("postgres") else "nobody") if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self._folder, self._user)
        self._numbers = count(1)
        self._emptying: dict[str, tuple[Engine, str]] = {}
        self._run("initdb", "-D", self._data, "-U", "digest", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C")
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
        # pg_ctl leaves the server with its output: a pipe would never end
        with (self._folder / "said").open("w+") as said:
            done = subprocess.run(
                [str(self._bin / program), *arguments],
                stdout=said,
                stderr=said,
                check=False,
                cwd="/",
                user=self._user,
                group=pwd.getpwnam(self._user).pw_gid if self._user else None,
                extra_groups=[] if self._user else None,
            )
            said.seek(0)
            assert done.returncode == 0, said.read()


def _known(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
