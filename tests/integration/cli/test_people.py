"""`digest subscribers list|set|leave`: what an operator sees and changes."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

from tests.integration.cli.test_importing import TOPICS, imported, people, suppress

if TYPE_CHECKING:
    from tests.conftest import Blog


@pytest.fixture
def town(blog: Blog) -> Blog:
    """Five people of two digests, each in another state."""
    config = blog.home / "digest.toml"
    text = config.read_text("utf-8").replace(
        "[mail]", '[[digests]]\nid = "notes"\ntitle = "札记"\nsources = ["blog"]\n[mail]'
    )
    config.write_text(text + TOPICS, "utf-8")
    rows = ["ada@example.org,Ada Lovelace,weekly", "bob@example.net,Bob,notes", "lin@example.org,林小满,weekly"]
    rows += ["paused@example.org,,weekly", "gone@example.org,,weekly"]
    imported(blog, "email,name,digest\n" + "\n".join(rows))
    suppress(blog, "lin@example.org", "550 5.1.1 unknown")
    blog.run("subscribers", "set", "paused@example.org", "--pause", "2w")
    blog.run("subscribers", "leave", "gone@example.org")
    return blog


def found(blog: Blog, *options: str) -> list[str]:
    return [one["address"].partition("@")[0] for one in blog.listed("subscribers", "list", *options)]


def test_people_are_found_by_text_state_and_digest(town: Blog) -> None:
    assert found(town) == ["ada", "bob", "lin", "paused", "gone"]
    assert found(town, "--search", "LOVE") == ["ada"]
    assert found(town, "--search", "小满") == ["lin"]
    assert found(town, "--search", "example.NET") == ["bob"]
    assert found(town, "--state", "active") == ["ada", "bob"]
    assert found(town, "--state", "paused") == ["paused"]
    assert found(town, "--state", "left") == ["gone"]
    assert found(town, "--state", "suppressed") == ["lin"]
    assert found(town, "--digest", "notes") == ["bob"]
    assert found(town, "--digest", "weekly", "--state", "left") == ["gone"]
    assert "no digest 'hourly'" in town.run("subscribers", "list", "--digest", "hourly", code=1)
    assert "asleep" in town.run("subscribers", "list", "--state", "asleep", code=2)


def test_a_list_is_csv_too(town: Blog) -> None:
    rows = list(csv.DictReader(io.StringIO(town.run("subscribers", "list", "--csv", "--digest", "weekly"))))
    assert [(row["address"], row["state"], row["digests"]) for row in rows] == [
        ("ada@example.org", "active", "weekly"),
        ("lin@example.org", "suppressed", "weekly"),
        ("paused@example.org", "paused", "weekly"),
        ("gone@example.org", "left", ""),
    ]


def test_choices_are_set_by_the_operator(town: Blog) -> None:
    options = [
        "--language",
        "English",
        "--format",
        "text",
        "--topics",
        "诗,maths",
        "--zone",
        "Asia/Tokyo",
        "--digest",
        "notes",
    ]
    said = town.run("subscribers", "set", "ADA@example.org", *options, "--pause", "2099-01-31")
    assert "language en, format text, digests notes, timezone Asia/Tokyo, topics poetry, maths" in said
    ada = people(town)["ada@example.org"]
    assert (ada["language"], ada["format"], ada["topics"], ada["timezone"]) == (
        "en",
        "text",
        ["poetry", "maths"],
        "Asia/Tokyo",
    )
    assert (ada["digests"], ada["paused_until"]) == (["notes"], "2099-01-31T00:00:00+00:00")
    acts = [(c["digest"], c["act"], c["source"]) for c in ada["consents"]][1:]
    assert sorted(acts) == [
        ("notes", "joined", "operator, digest subscribers set"),
        ("weekly", "left", "operator, digest subscribers set"),
    ]
    town.run("subscribers", "set", "ada@example.org", "--pause", "off", "--topics", "", "--zone", "")
    ada = people(town)["ada@example.org"]
    assert (ada["paused_until"], ada["topics"], ada["timezone"], ada["language"]) == (None, [], None, "en")


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("--language", "fr", "no language"),
        ("--format", "video", "no format"),
        ("--topics", "cooking", "no topic 'cooking'"),
        ("--zone", "Mars/North", "no time zone"),
        ("--digest", "hourly", "no digest 'hourly'"),
        ("--pause", "soon", "no pause"),
        ("--pause", "2001-01-01", "is past"),
    ],
)
def test_a_choice_that_does_not_exist_changes_nothing(town: Blog, option: str, value: str, problem: str) -> None:
    before = people(town)["ada@example.org"]
    assert problem in town.run("subscribers", "set", "ada@example.org", option, value, code=1)
    assert people(town)["ada@example.org"] == before


def test_a_person_who_is_added_manually_is_subject_to_the_same_rules(town: Blog) -> None:
    town.run("subscribers", "add", "eve@example.org", "--language", "zh-Hans")
    assert people(town)["eve@example.org"]["language"] == "zh_CN"
    assert "line break" in town.run("subscribers", "add", "fay@example.org", "--name", "Fay\nX", code=1)
    assert "no language" in town.run("subscribers", "add", "fay@example.org", "--language", "Klingon", code=1)
    assert "fay@example.org" not in people(town)


def test_somebody_leaves_by_the_operators_hand(town: Blog) -> None:
    assert "left weekly" in town.run("subscribers", "leave", "Ada@example.org")
    last = people(town)["ada@example.org"]["consents"][-1]
    assert (last["act"], last["digest"], last["source"]) == ("left", "weekly", "operator, digest subscribers leave")
    assert "follows none of them" in town.run("subscribers", "leave", "ada@example.org", code=1)
    assert "no subscriber" in town.run("subscribers", "leave", "nobody@example.org", code=1)
    assert "no digest 'hourly'" in town.run("subscribers", "leave", "bob@example.net", "--digest", "hourly", code=1)
    assert people(town)["bob@example.net"]["digests"] == ["notes"]
