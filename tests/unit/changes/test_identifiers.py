"""Which ids and links are the same, and which identify nothing."""

from __future__ import annotations

import pytest

from digest.changes.identifiers import differ, id_of, identifiers, normal_link, unique
from digest.model import NO_EXTRAS, Extras


@pytest.mark.parametrize(
    "link",
    [
        "https://blog.example/a/b?x=1",
        "http://blog.example/a/b?x=1",
        "HTTPS://Blog.Example:443/a/b?x=1",
        "http://blog.example:80/a/b?x=1#part",
        "https://blog.example/%61/./c/../b?x=1",
        "https://blog.example/a/b?utm_source=feed&x=1&utm_medium=rss",
        " https://blog.example./a/b?x=1&",
    ],
)
def test_links_to_one_place_have_one_form(link: str) -> None:
    assert normal_link(link) == "//blog.example/a/b?x=1"


@pytest.mark.parametrize(
    "link",
    [
        "https://blog.example/a/B?x=1",
        "https://www.blog.example/a/b?x=1",
        "https://blog.example/a/b/?x=1",
        "https://blog.example/a%2Fb?x=1",
        "https://blog.example:8080/a/b?x=1",
        "https://blog.example/a/b?x=1&ref=feed",
    ],
)
def test_links_that_may_lead_elsewhere_have_another_form(link: str) -> None:
    assert normal_link(link) not in ("", "//blog.example/a/b?x=1")


def test_a_link_in_chinese_is_that_in_its_escaped_form() -> None:
    assert normal_link("https://blog.example/数学") == normal_link("https://blog.example/%e6%95%b0%E5%AD%A6")


@pytest.mark.parametrize(
    "link",
    ["https://blog.example/", "https://blog.example", "https://blog.example/?utm_source=feed", "mailto:a@b.example",
     "/a/b", "https://[/a", "https://a.example:x/b", "https://a.example/" + "x" * 3000],
)  # fmt: skip
def test_what_leads_to_a_whole_site_or_nowhere_identifies_nothing(link: str) -> None:
    assert normal_link(link) == ""


def test_an_id_is_compared_by_characters_but_for_the_scheme() -> None:
    assert id_of("https://b.example/?p=1#x") == id_of("http://b.example/?p=1#x")
    assert len({id_of("a"), id_of("A"), id_of("a "), id_of("https://b.example/?p=1")}) == 4
    long = "长" * 5000
    assert len(id_of(long)) < 100
    assert id_of(long) != id_of(long + "x")


def test_a_link_that_several_sightings_have_identifies_none_of_them() -> None:
    page = "https://b.example/page"
    shown = [Extras(link=page, uid="1"), Extras(link=page), Extras(link="https://b.example/2"), NO_EXTRAS]
    assert unique(shown) == [("id 1",), (), ("link //b.example/2",), ()]
    assert identifiers(shown[0]) == ("id 1", "link //b.example/page")


def test_different_ids_or_links_tell_two_entries_apart() -> None:
    assert differ(Extras(uid="1"), Extras(uid="2"))
    assert not differ(Extras(uid="1", link="https://b.example/1"), Extras(uid="1", link="https://b.example/2"))
    assert differ(Extras(link="https://b.example/1"), Extras(link="https://b.example/2"))
    assert not differ(Extras(link="https://b.example/1"), Extras(link="http://b.example/1"))
    assert not differ(Extras(link="https://b.example/1"), NO_EXTRAS)
