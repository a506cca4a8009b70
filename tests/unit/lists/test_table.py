"""How a list is divided into rows and cells, and which row is the heading."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import ListError
from digest.lists.people import ListedPerson, RefusedRow, read_rows
from digest.lists.table import csv_lines, parse_table

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def rows(text: str) -> list[ListedPerson | RefusedRow]:
    return list(read_rows(parse_table(text), NOW))


def people(text: str) -> list[tuple[str, str]]:
    return [(one.address, one.name) if isinstance(one, ListedPerson) else ("", one.problem) for one in rows(text)]


# The line of the open quote, counted as an editor counts.
OPEN = {
    "to the end": ('address,name\r\na1@example.org,"Bob\r\na2@example.org,Carl\r\n', 2),
    "up to the next quote": ('address,name\na1@example.org,Al\na2@example.org,"Bob\na3@example.org,"Carl"\n', 3),
    "behind a cell of two lines": ('address,note,name\na1@example.org,"one\ntwo","Bob\na2@example.org,x,Carl\n', 3),
    "doubled quotes before it": ('address,name\na1@example.org,"Bob ""the Man"""\na2@example.org,"Carl\n', 3),
    "beyond the longest cell": ('address,name\na0@example.org,Al\na1@example.org,"' + "x,y@example.org\n" * 20_000, 3),
    "a quote within quotes": ('address,name\na1@example.org,"Bob "the Man" Ray"\n', 2),
    "semicolons": ('address;name\na1@example.org;"Bob\n', 2),
}


@pytest.mark.parametrize(("text", "line"), OPEN.values(), ids=OPEN)
def test_an_open_quote_is_an_error_with_its_line(text: str, line: int) -> None:
    with pytest.raises(ListError, match=rf"^line {line}: a quote is opened") as raised:
        rows(text)
    assert raised.value.line == line


def test_quotes_that_close_are_fine() -> None:
    text = 'address,name\na1@example.org,"Bob, ""the Man"""\na2@example.org,Bob "the Man" Ray\n'
    assert people(text) == [("a1@example.org", 'Bob, "the Man"'), ("a2@example.org", 'Bob "the Man" Ray')]


def test_only_the_first_row_can_be_a_head() -> None:
    text = "address,name\nb1@example.org,Bob\nb2@example.org,Address\nb3@example.org,Email\nb4@example.org,Dora\n"
    assert [name for _, name in people(text)] == ["Bob", "Address", "Email", "Dora"]
    assert people("b1@example.org,Bob\naddress,name\n")[0] == ("b1@example.org", "Bob")
    assert len(people("b1@example.org,Bob\naddress,name\n")) == 2


@pytest.mark.parametrize(
    "head",
    [
        "name,email",
        "NAME,E-Mail",
        "Full Name,EMAIL_ADDRESS",
        "姓名,电子邮箱",
        " Name , e-mail address ",
        "Nom complet,Courriel",
    ],
)
def test_heads_are_known_by_name_in_any_order_and_case(head: str) -> None:
    assert people(f"{head}\nAda,ada@example.org\n") == [("ada@example.org", "Ada")]


def test_an_address_is_where_somebody_lives_where_there_is_a_column_of_mail_addresses() -> None:
    assert people("Address,Email,Name\n12 Hill Road,ada@example.org,Ada\n") == [("ada@example.org", "Ada")]
    assert people("Address,Name\nada@example.org,Ada\n") == [("ada@example.org", "Ada")]


def test_a_list_without_heads_has_ours() -> None:
    (one,) = rows("ada@example.org,Ada,en,text,weekly\n")
    assert isinstance(one, ListedPerson)
    assert (one.address, one.name, one.language, one.form, one.digests) == (
        "ada@example.org",
        "Ada",
        "en",
        "text",
        "weekly",
    )
    assert people("ada@example.org\nbob@example.org\n") == [("ada@example.org", ""), ("bob@example.org", "")]
    assert people("Ada,ada@example.org\n") == [("ada@example.org", "Ada")]
    assert "not an offered language" in people("ada@example.org,Ada,Lovelace\n")[0][1]


def test_a_column_with_a_strange_name_is_recognised_by_its_addresses() -> None:
    assert people("Wer,Wohin\nAda,ada@example.org\nBob,bob@example.org\n") == [
        ("ada@example.org", ""),
        ("bob@example.org", ""),
    ]


def test_a_list_without_addresses_is_refused_with_its_heads() -> None:
    with pytest.raises(ListError, match="line 1: the first row names no column with addresses: Username, Full Name"):
        parse_table("Username,Full Name\nada,Ada\n")
    with pytest.raises(ListError, match="contains no row"):
        parse_table("\n\n")


def test_more_cells_than_heads_are_refused() -> None:
    found = people("email,name\nada@example.org,Lovelace, Ada\nbob@example.org,Bob,\n")
    assert "has 3 cells, but there are 2 headings" in found[0][1]
    assert found[1] == ("bob@example.org", "Bob")


def test_lines_are_counted_with_those_that_say_nothing() -> None:
    text = 'email,name,note\n\n# a comment\nada@example.org,Ada,"two\nlines"\n\nbob@example.org,"B\nob",x\n'
    found = rows(text)
    assert [one.line for one in found] == [4, 7]
    assert isinstance(found[1], RefusedRow)


NAMES = {
    "a line break": '"Bob\nCarl"',
    "a carriage return": '"Bob\rCarl"',
    "a bell": "Bob\x07",
    "a nothing": "Bo\x00b",
    "a next line": "Bob\x85Carl",
    "a line separator": "Bob\u2028Carl",
    "an override of direction": "Bob\u202egro",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_with_a_control_character_is_refused(name: str) -> None:
    (one,) = rows(f"email,name\nada@example.org,{name}\n")
    assert isinstance(one, RefusedRow)
    assert one.line == 2
    assert "the name" in one.problem


@pytest.mark.parametrize(
    "name", ["bob@example.net", "Bob <bob@example.net>", "write to bob＠example.net", '"a2@example.org,Carl"']
)
def test_a_name_that_holds_an_address_is_left_out_and_the_row_kept(name: str) -> None:
    (one,) = rows(f"email,name\nada@example.org,{name}\n")
    assert isinstance(one, ListedPerson)
    assert (one.address, one.name) == ("ada@example.org", "")
    assert "contains a mail address" in one.warnings[0]


ADDRESSES = {
    "Ada Lovelace <ada@example.org>": "Ada Lovelace",
    '"""Lovelace, Ada"" <ada@example.org>"': "Lovelace, Ada",
    "<ada@example.org>": "",
    "mailto:ada@example.org": "",
    "林小满 <ada@example.org>": "林小满",
}


@pytest.mark.parametrize(("cell", "name"), ADDRESSES.items())
def test_an_address_may_stand_with_its_name(cell: str, name: str) -> None:
    assert people(f"email,status\n{cell},active\n") == [("ada@example.org", name)]
    assert people(f"email,name\n{cell},Countess\n") == [("ada@example.org", "Countess")]


def test_names_of_two_columns_are_joined_as_people_write_them() -> None:
    assert people("fname,lname,email\nAda,Lovelace,a@example.org\n小满,林,b@example.org\n,Solo,c@example.org\n") == [
        ("a@example.org", "Ada Lovelace"),
        ("b@example.org", "林小满"),
        ("c@example.org", "Solo"),
    ]


def test_a_state_that_nobody_knows_is_refused_and_a_kind_is_not() -> None:
    (one,) = rows("email,status\nada@example.org,sleeping\n")
    assert isinstance(one, RefusedRow)
    assert "'sleeping'" in one.problem
    assert people("email,type\nada@example.org,Yearly plan\n") == [("ada@example.org", "")]


# A line of a cell that may be an address is refused: it looks like rows that an open quote swallowed.
CELLS = st.text(st.characters(codec="utf-8"), max_size=20).filter(
    lambda cell: "@" not in cell or len(f"{cell}.".splitlines()) < 2
)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
def test_what_is_written_is_read_again(cells: list[tuple[str, str]]) -> None:
    written = "".join(csv_lines(("email", "source", "wording"), [("ada@example.org", *row) for row in cells]))
    found = rows(written)
    assert [(one.source, one.wording) for one in found if isinstance(one, ListedPerson)] == [
        (one.strip(), other.strip()) for one, other in cells
    ]


def test_no_cell_is_one_that_a_spreadsheet_computes() -> None:
    names = ["=1+1", "+1", "-1", "@sum", "'=1", "plain"]
    written = "".join(csv_lines(("email", "source"), [("ada@example.org", name) for name in names]))
    assert all(line.split(",")[1][0] not in "=+-@" for line in written.splitlines())
    assert [one.source for one in rows(written) if isinstance(one, ListedPerson)] == names


SWALLOWED = {
    "in a column of which nothing is taken": 'email,name,note\na@example.org,Al,"x\nb@example.org,Bob,y"\n'
    "c@example.org,Cy,\n",
    "in a list of addresses": '"a@example.org\nb@example.org"\nc@example.org\n',
}


@pytest.mark.parametrize("text", SWALLOWED.values(), ids=SWALLOWED)
def test_a_quote_that_closes_in_a_later_row_is_an_error_and_no_row_is_lost_silently(text: str) -> None:
    first, last = rows(text if text.startswith("email") else f"email\n{text}")
    assert isinstance(first, RefusedRow)
    assert "a quote is opened, and closed only in a later row" in first.problem
    assert isinstance(last, ListedPerson)
    assert last.address == "c@example.org"


def test_a_note_of_several_lines_may_name_an_address() -> None:
    assert people('email,name,note\na@example.org,Al,"met him\nwrite to: bob@example.org, he said"\n') == [
        ("a@example.org", "Al")
    ]


def test_a_row_whose_first_cell_is_a_number_after_a_hash_is_no_comment() -> None:
    assert people("#id,email,name\n#17,ada@example.org,Ada\n") == [("ada@example.org", "Ada")]
    assert people("name,email\n#1 fan,ada@example.org\n") == [("ada@example.org", "#1 fan")]
    assert people("# a list, of 2026\nemail,name\n#ada@example.org,Ada\nbob@example.org,Bob\n") == [
        ("bob@example.org", "Bob")
    ]


@pytest.mark.parametrize("note", ["x" * 200_000, "one\ntwo, three\n" * 20_000])
def test_a_long_cell_is_no_open_quote(note: str) -> None:
    assert people(f'email,note,name\nada@example.org,"{note}",Ada\n') == [("ada@example.org", "Ada")]


def test_a_name_of_many_lines_worth_is_refused() -> None:
    ((address, problem),) = people(f"email,name\nada@example.org,{'x' * 201}\n")
    assert not address
    assert "has 201 characters" in problem


def test_of_two_columns_the_one_that_holds_addresses_counts() -> None:
    assert people("Email,Email Address,Name\nyes,ada@example.org,Ada\n") == [("ada@example.org", "Ada")]
    assert people("Email,Address,Name\nada@example.org,12 Main St,Ada\n") == [("ada@example.org", "Ada")]


@pytest.mark.parametrize("sign", "=+-@＝＋－＠")
def test_no_cell_is_computed_and_each_is_read_back(sign: str) -> None:
    written = "".join(csv_lines(("email", "name"), [("ada@example.org", f"{sign}1+1")]))
    assert f",'{sign}1+1" in written
    assert people(written) == [("ada@example.org", f"{sign}1+1")]


@pytest.mark.parametrize("written", ["林小满＜lin＠example.org＞", "林小满<lin@example.org>", "＜lin@example.org＞"])
def test_brackets_and_the_sign_may_be_full_width(written: str) -> None:
    found = [(address.replace("＠", "@"), name) for address, name in people(f"{written}\nada@example.org\n")]
    assert found == [("lin@example.org", "林小满" if written.startswith("林") else ""), ("ada@example.org", "")]
