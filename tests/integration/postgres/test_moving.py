"""`digest migrate-store`: all rows, equal, or nothing; from a file to a server and back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, insert, select

from digest.changes.values import Cause, Printed
from digest.cli import main
from digest.errors import StoreError
from digest.model import EntryId
from digest.records.publishing import OPERATOR, Act, ActKind
from digest.store import move_store, open_store
from digest.store.database.tables import metadata
from digest.store.database.tables.publishing import entries, pictures
from tests.contract.conftest import NOW, Hand

if TYPE_CHECKING:
    from pathlib import Path

    from digest.store.transaction import Store


def everything(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.reading() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def fill(store: Store) -> None:
    hand = Hand(store)
    hand.read(hand.added("甲乙", date=hand.exact(2026, 3, 1)), hand.added("丙丁", 1), readers={"甲乙": 7})
    hand.read(hand.revised("甲乙", "甲乙改"), now=NOW + timedelta(hours=1))
    hand.subscriber("one@example.org")
    hand.edition(new=["甲乙", "丙丁"], to=[hand.subscriber("two@example.org")])
    with store.write() as tx:
        content, date = hand.content("人工乙改"), hand.exact(2020, 5, 5)
        printed = Printed("甲乙改", ("山客",), (hand.exact(2026, 3, 1),))
        tx.by_hand.revise(EntryId("甲乙"), (content, date), printed, Cause.EDITED, NOW)
        tx.by_hand.merge(EntryId("丙丁"), EntryId("甲乙"), NOW)
        tx.by_hand.record(
            Act(
                0,
                NOW,
                OPERATOR,
                ActKind.MERGE,
                EntryId("甲乙"),
                EntryId("丙丁"),
                None,
                {"merged": []},
                {"z": 1, "a": "b"},
            )
        )
    with store.writing() as connection:
        connection.execute(insert(pictures).values(name="f", png=b"\x89\0\xff", width=1, height=1, depth=0))


@pytest.fixture
def file(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'digest.db'}"
    store = open_store(url)
    fill(store)
    store.close()
    return url


def silent(_done: int, _total: int, _name: str) -> None:
    pass


def test_a_store_goes_to_a_server_and_back_and_is_the_same(file: str, url: str, tmp_path: Path) -> None:
    back = f"sqlite:///{tmp_path / 'back.db'}"
    seen: list[tuple[int, int, str]] = []
    rows = move_store(file, url, lambda *how: seen.append(how))
    assert move_store(url, back, silent) == rows
    contents = []
    for place in (file, url, back):
        store = open_store(place)
        contents.append(everything(store))
        assert store.secret()
        with store.read() as tx:
            assert [entry.id for entry in tx.entries.search("乙改")] == ["甲乙"]
        store.close()
    assert contents[0] == contents[1] == contents[2]
    assert sum(map(len, contents[0].values())) == rows
    assert seen[-1][:2] == (2 * rows, 2 * rows)


def test_a_copy_goes_on_where_the_numbers_of_the_old_one_end(file: str, url: str) -> None:
    move_store(file, url, silent)
    store = open_store(url)
    hand = Hand(store)
    assert hand.subscriber("three@example.org") == 3
    hand.read(hand.added("新", 5), path="b.txt", now=NOW + timedelta(days=1))
    assert hand.newest()[0] == "新"
    store.close()


def test_a_target_that_holds_something_is_refused(file: str, store: Store, tmp_path: Path) -> None:
    fill(store)
    before = everything(store)
    with pytest.raises(StoreError, match=r"is not empty: it holds .*\(name a new file, or an empty database\)"):
        move_store(file, store._url, silent)
    assert everything(store) == before


def test_a_copy_that_breaks_off_leaves_an_empty_store(file: str, url: str) -> None:
    def break_off(_done: int, _total: int, name: str) -> None:
        if name == "deliveries":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move_store(file, url, break_off)
    store = open_store(url)
    assert {name for name, rows in everything(store).items() if rows} == {"meta"}
    store.close()
    assert move_store(file, url, silent)


def test_a_copy_that_is_not_equal_is_not_kept(file: str, url: str) -> None:
    target = open_store(url)

    def spoil(_mapper: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith("INSERT INTO entries"):
            for row in parameters if isinstance(parameters, list) else [parameters]:
                row["page_order"] += 1  # type: ignore[index]

    from digest.store.upkeep.moving import move  # noqa: PLC0415 - the function below `move_store`, over open stores

    event.listen(target._writing, "before_cursor_execute", spoil)
    source = open_store(file)
    with pytest.raises(StoreError, match="entries is not what it was"):
        move(source, target, silent)
    with target.reading() as connection:
        assert connection.execute(select(entries)).all() == []
    source.close()
    target.close()


def test_where_there_is_nothing_to_copy_nothing_is_made(url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"none\.db: there is no store"):
        move_store(f"sqlite:///{tmp_path / 'none.db'}", url, silent)
    assert not (tmp_path / "none.db").exists()


def test_the_command_says_what_to_do_next_and_no_password(
    file: str, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "database-url"
    secret.write_text(url.replace("digest@", "digest:g3h31m@") + "\n", "utf-8")
    monkeypatch.setenv("OLD_STORE", file)
    with pytest.raises(SystemExit) as ended:
        main(["migrate-store", "env:OLD_STORE", f"file:{secret}"])
    assert not ended.value.code
    out, err = capfd.readouterr()
    assert "rows are copied to postgresql://" in out
    assert "Never start the service on the old store again" in out
    with pytest.raises(SystemExit) as ended:
        main(["migrate-store", "env:OLD_STORE", f"file:{secret}"])
    assert ended.value.code == 1
    out, refused = capfd.readouterr()
    assert "is not empty" in refused
    assert "g3h31m" not in err + refused + out


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://digest:g3h31m@127.0.0.1/digest",
        "postgres://digest:g3h31m@127.0.0.1/digest",
        "postgresql+psycopg://:g3h31m@/digest",
        "postgresql://127.0.0.1/digest?user=digest&password=g3h31m",
        "postgresql://127.0.0.1/digest?sslpassword=g3h31m",
        "postgresql://digest:g3h31m@[::1/digest",
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_password_among_the_arguments_is_refused_and_not_printed(
    url: str, first: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    other = f"sqlite:///{tmp_path / 'digest.db'}"
    with pytest.raises(SystemExit) as ended:
        main(["migrate-store", *((url, other) if first else (other, url))])
    out, refused = capfd.readouterr()
    assert ended.value.code in {1, 2}
    assert "g3h31m" not in out + refused
    assert ("file:PATH" in refused and "env:NAME" in refused) or "cannot be read" in refused
    assert not (tmp_path / "digest.db").exists()


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ("env:NO_SUCH_VARIABLE", "TO: the variable NO_SUCH_VARIABLE: contains no URL"),
        ("file:none", "TO: none: cannot be read"),
        ("file:empty", "TO: empty: contains no URL"),
    ],
)
def test_an_argument_that_is_no_url_is_named(
    named: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").touch()
    with pytest.raises(SystemExit) as ended:
        main(["migrate-store", "sqlite:///none.db", named])
    assert ended.value.code == 2
    assert says in capfd.readouterr().err
