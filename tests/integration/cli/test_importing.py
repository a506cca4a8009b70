"""`digest subscribers import`: what is reported before and after, and what the store contains then."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Blog

EXPORTS = Path(__file__).parents[2] / "unit" / "lists" / "exports"
TOPICS = """
[[topics]]
id = "maths"
title = "数学"
words = ["数"]
[[topics]]
id = "poetry"
title = "诗"
words = ["诗"]
"""


@pytest.fixture
def wide(blog: Blog) -> Blog:
    """A blog with two digests and two topics."""
    config = blog.home / "digest.toml"
    text = config.read_text("utf-8").replace(
        "[mail]", '[[digests]]\nid = "notes"\ntitle = "札记"\nsources = ["blog"]\n[mail]'
    )
    config.write_text(text + TOPICS, "utf-8")
    return blog


def written(blog: Blog, text: str | bytes, name: str = "people.csv") -> str:
    file = blog.home / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(file)


def imported(blog: Blog, text: str | bytes, *more: str, code: int = 0) -> str:
    return blog.run("subscribers", "import", written(blog, text), *more, code=code)


def people(blog: Blog) -> dict[str, dict[str, Any]]:
    return {one["address"]: one for one in map(json.loads, blog.run("subscribers", "export").splitlines())}


def counts(said: str) -> dict[str, int]:
    line = next(line for line in said.splitlines() if line.split(" ")[0].isdigit())
    return {name: int(count) for count, name in (part.split(" ", 1) for part in line.split(", "))}


@pytest.mark.parametrize("export", [file.stem for file in sorted(EXPORTS.glob("*.csv"))])
def test_exports_of_other_programs_come_in_as_they_are(wide: Blog, export: str) -> None:
    copy = wide.home / f"{export}.csv"
    shutil.copyfile(EXPORTS / copy.name, copy)
    tried = json.loads(wide.run("subscribers", "import", str(copy), "--dry-run", "--json"))
    assert wide.listed("subscribers", "list") == []
    done = json.loads(wide.run("subscribers", "import", str(copy), "--json"))
    assert {name: tried[name] for name in done} == done
    assert done["wrong"] == 0
    assert len(wide.listed("subscribers", "list")) == done["added"]
    again = json.loads(wide.run("subscribers", "import", str(copy), "--json"))
    assert (again["added"], again["known"]) == (0, done["added"])


def test_what_is_understood_is_shown_before_anything_is_stored(wide: Blog, capfd: pytest.CaptureFixture[str]) -> None:
    file = wide.home / "mailchimp.csv"
    shutil.copyfile(EXPORTS / "mailchimp-subscribed.csv", file)
    said = wide.run("subscribers", "import", str(file), "--dry-run")
    assert "2 rows, utf-8, separated by comma, headings in the first row" in said
    assert "columns ignored: Address, Phone Number, MEMBER_RATING" in said
    assert "Nadia Petrova" in said
    assert "2023-04-01 09:05" in said
    assert "tags that match no topic: vip (1)" in said
    assert "nothing is stored" in said
    assert counts(said)["added"] == 2
    assert people(wide) == {}
    shown = json.loads(wide.run("subscribers", "import", str(file), "--dry-run", "--json"))
    assert shown["columns"]["Email Address"] == "address"
    assert shown["columns"]["CONFIRM_TIME"] == "confirmed at"
    assert "OPTIN_IP" in shown["ignored"]
    assert [row["address"] for row in shown["first"]] == ["nadia@example.org", "tomas@example.net"]
    assert shown["tags_without_topic"] == {"vip": 1}


def test_consent_topics_and_zone_of_a_list_are_kept(wide: Blog) -> None:
    shutil.copyfile(EXPORTS / "mailchimp-subscribed.csv", wide.home / "people.csv")
    wide.run("subscribers", "import", str(wide.home / "people.csv"))
    nadia = people(wide)["nadia@example.org"]
    assert (nadia["topics"], nadia["timezone"]) == (["maths"], "America/Los_Angeles")
    assert [(c["act"], c["at"], c["asked_at"]) for c in nadia["consents"]] == [
        ("joined", "2023-04-01T09:05:30+00:00", "2023-04-01T09:00:00+00:00")
    ] * len(nadia["digests"])
    imported(wide, "email,source,subscribed_at,tags\nada@example.org,book fair,2024-01-02,诗;maths;other\n")
    ada = people(wide)["ada@example.org"]
    assert ada["topics"] == ["poetry", "maths"]
    assert {(c["source"], c["at"]) for c in ada["consents"]} == {
        ("operator, digest subscribers import: book fair", "2024-01-02T00:00:00+00:00")
    }


def test_a_person_who_left_or_bounced_elsewhere_is_counted_and_never_subscribed(wide: Blog) -> None:
    text = (EXPORTS / "buttondown.csv").read_text("utf-8")
    with_errors = text + "broken,,,,,,regular,,,,\n"
    said = imported(wide, with_errors, code=1)
    assert counts(said) == counts(said) | {"added": 2, "unsubscribed": 2, "bounced": 1, "unconfirmed": 1, "wrong": 1}
    assert "2 had unsubscribed there, and are not subscribed" in said
    assert "1 could not be reached there" in said
    assert "1 had never confirmed there" in said
    assert sorted(people(wide)) == ["ines@example.org", "paul@example.net"]


def test_one_row_that_says_so_keeps_somebody_away_in_all_rows(wide: Blog) -> None:
    imported(wide, "email,status\nada@example.org,active\nbob@example.org,active\nADA@example.org,unsubscribed\n")
    assert sorted(people(wide)) == ["bob@example.org"]


def test_somebody_may_have_left_one_of_two_digests(wide: Blog) -> None:
    rows = "ada@example.org,weekly,unsubscribed\nada@example.org,notes,subscribed\n"
    imported(wide, f"email,digest,status\n{rows}")
    assert people(wide)["ada@example.org"]["digests"] == ["notes"]


def test_an_open_quote_stores_nothing_and_names_its_line(blog: Blog) -> None:
    said = imported(blog, 'address,name\r\na1@example.org,"Bob\r\na2@example.org,Carl\r\n', code=1)
    assert "people.csv: line 2: a quote is opened here and not closed" in said
    assert people(blog) == {}


def test_errors_name_the_line_and_show_what_the_operator_wrote(blog: Blog) -> None:
    text = 'email,name,digest\nada@example.org,"A\nda",\nbob example.org,Bob,\ncarl@example.org,Carl,hourly\n'
    said = imported(blog, text + "dora@example.org,x@example.org,\n", code=1)
    assert "line 2: the name 'A\\nda' contains a line break" in said
    assert "line 4: bob example.org: " in said
    assert "line 5: no digest 'hourly'" in said
    assert "line 6: the name 'x@example.org' contains a mail address, and is left out" in said
    assert {address: one["name"] for address, one in people(blog).items()} == {"dora@example.org": ""}


def test_what_is_strange_in_a_row_is_left_out_with_a_word(blog: Blog) -> None:
    rows = "".join(f"r{n}@example.org,fr,2024-13-45,Mars/North\n" for n in range(15))
    said = blog.run("subscribers", "import", written(blog, f"email,language,created_at,timezone\n{rows}"), "--json")
    assert json.loads(said)["added"] == 15
    assert {one["language"] for one in people(blog).values()} == {"zh_CN"}


def test_warnings_of_many_rows_are_one(blog: Blog, capfd: pytest.CaptureFixture[str]) -> None:
    rows = "".join(f"r{n}@example.org,fr\n" for n in range(15)) + "broken,fr\n"
    said = imported(blog, f"email,language\n{rows}", code=1)
    assert "lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 5 more: 'fr' is not an offered language, and is left out" in said


def test_a_person_who_is_suppressed_stays_so_and_learns_how_to_lift_it(blog: Blog) -> None:
    imported(blog, "email\nada@example.org\n")
    suppress(blog, "ada@example.org", "550 5.1.1 no such user")
    said = imported(blog, "email\nAda@example.org\nbroken\n", code=1)
    assert counts(said)["suppressed"] == 1
    assert "line 2: Ada@example.org: 550 5.1.1 no such user" in said
    assert "1 address is suppressed" in said
    assert "`digest subscribers unsuppress Ada@example.org`" in said
    assert people(blog)["ada@example.org"]["suppressed"] == "550 5.1.1 no such user"


def test_many_who_are_suppressed_are_lifted_by_the_list_itself(blog: Blog) -> None:
    text = "email\nada@example.org\nbob@example.org\ncarl@example.org\n"
    imported(blog, text)
    for address in ("ada@example.org", "bob@example.org"):
        suppress(blog, address, "550 5.1.1 no such user")
    said = imported(blog, f"{text}broken\n", code=1)
    assert "2 addresses are suppressed" in said
    assert f"`digest subscribers unsuppress --file {blog.home / 'people.csv'}`" in said
    assert "2 get mail again" in blog.run("subscribers", "unsuppress", "--file", str(blog.home / "people.csv"))
    assert counts(imported(blog, text))["suppressed"] == 0


def test_what_nobody_sees_is_written_out_and_addresses_are_shown_as_understood(blog: Blog) -> None:
    text = "email\n\u202eada＠example．org\nb\u202eob@example.org\ncarl @example.org\n"
    said = imported(blog, text, "--dry-run", code=1)
    assert "\u202e" not in said
    assert " ada@example.org " in said
    assert "line 3: b\\u202eob@example.org: is not a mail address: it contains RIGHT-TO-LEFT OVERRIDE (U+202E)" in said
    assert "line 4: carl @example.org: is not a mail address: it contains a space" in said


def test_of_many_warnings_and_columns_the_first_are_named(blog: Blog) -> None:
    rows = "".join(f"r{n}@example.org,3/4/{1000 + n}\n" for n in range(99))
    said = imported(blog, f"email,created_at\n{rows}broken\n", code=1)
    assert "49 more warnings like these" in said
    assert said.count("\n") < 60
    wide = ",".join(f"c{n}" for n in range(99))
    assert "c39, and 59 more" in imported(blog, f"email,{wide}\na@example.org\n", "--dry-run")


def suppress(blog: Blog, address: str, reason: str) -> None:
    from digest.app import clock, opened  # noqa: PLC0415 - one test's own
    from digest.settings import load  # noqa: PLC0415

    with opened(load(blog.home / "digest.toml")) as store, store.write() as tx:
        record = tx.subscribers.find(address)
        assert record is not None
        tx.subscribers.suppress(record.subscriber.id, reason, clock())


def test_known_people_keep_their_choices_and_people_who_left_or_were_erased_stay_away(blog: Blog) -> None:
    imported(blog, "email,name,language\nada@example.org,Ada,en\nbob@example.org,Bob,en\ncarl@example.org,Carl,en\n")
    blog.run("subscribers", "leave", "bob@example.org")
    blog.run("subscribers", "erase", "carl@example.org", "--yes")
    said = imported(blog, "email,name,language\nADA@example.org,Eve,zh\nbob@example.org,,\ncarl@example.org,,\n")
    assert counts(said) == counts(said) | {"known": 1, "left": 1, "erased": 1, "added": 0}
    assert (people(blog)["ada@example.org"]["name"], people(blog)["ada@example.org"]["language"]) == ("Ada", "en")
    assert people(blog)["bob@example.org"]["digests"] == []


def test_the_encoding_may_be_named(blog: Blog) -> None:
    imported(blog, "email,name\nada@example.org,林\n".encode("big5"), "--encoding", "big5")
    assert people(blog)["ada@example.org"]["name"] == "林"
    assert "is unknown" in imported(blog, b"email\n", "--encoding", "nonsense", code=1)


def test_an_export_is_read_again_with_every_consent(wide: Blog) -> None:
    for name in ("mailchimp-subscribed", "buttondown", "listmonk", "excel"):
        shutil.copyfile(EXPORTS / f"{name}.csv", wide.home / f"{name}.csv")
        wide.run("subscribers", "import", str(wide.home / f"{name}.csv"))
    wide.run("subscribers", "add", "new@example.org", "--name", "=1+1", "--digest", "notes")
    wide.run("subscribers", "set", "ines@example.org", "--pause", "30d", "--format", "text")
    wide.run("subscribers", "leave", "mira@example.org", "--digest", "notes")
    before = people(wide)
    exported = wide.home / "all.csv"
    wide.run("subscribers", "export", "--csv", "-o", str(exported))

    shutil.rmtree(wide.home / "var")
    done = json.loads(wide.run("subscribers", "import", str(exported), "--json"))
    assert (done["added"], done["unsubscribed"], done["wrong"]) == (len(before), 1, 0)
    after = people(wide)
    assert list(after) == list(before)
    for address, one in before.items():
        one["digests"] = [digest for digest in one["digests"] if digest in after[address]["digests"]]
        kept = [c for c in one["consents"] if c["act"] == "joined" and c["digest"] in one["digests"]]
        assert {c["digest"]: c for c in after[address]["consents"]} == {c["digest"]: c for c in kept}
        for what in ("name", "language", "format", "timezone", "topics", "paused_until", "digests"):
            assert after[address][what] == one[what], (address, what)
    again = wide.home / "again.csv"
    wide.run("subscribers", "export", "--csv", "-o", str(again))
    said = {line for line in exported.read_text("utf-8").splitlines() if ",unsubscribed," not in line}
    assert set(again.read_text("utf-8").splitlines()) == said
