"""The link to the original of an entry: the one that its page shows, if it is an address, or that of its source."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import NO_EXTRAS, Content, Extras
from digest.service.publishing.feeds import via, web_address
from digest.settings import Source


def content(title: str = "T&T", link: str | None = None) -> Content:
    return Content(title, None, ("x",), (), extras=Extras(link=link) if link else NO_EXTRAS)


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("https://a.example/1?a=1&b=2#c", "https://a.example/1?a=1&b=2#c"),
        ("http://a.example:8080/%E7%BE%A4", "http://a.example:8080/%E7%BE%A4"),
        ("https://a.example/群?q=环", "https://a.example/%E7%BE%A4?q=%E7%8E%AF"),
        ("https://例子.example/群", "https://例子.example/%E7%BE%A4"),
        ("https://a.example/'x'", "https://a.example/'x'"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("/2021/06/11", ""),
        ("//a.example/1", ""),
        ("a.example", ""),
        ("https:///1", ""),
        ("https://me:secret@a.example/", ""),
        ("https://a.example:99999/", ""),
        ("https://a.example/ b", ""),
        ('https://a.example/"><script>', ""),
        ("https://a.example/\u202egnp.exe", ""),
        ("https://[a.example/", ""),
        ("https://a.example/" + "x" * 2_000, ""),
    ],
)
def test_only_an_address_on_the_web_is_a_link(link: str, address: str) -> None:
    assert web_address(link) == address


@given(st.text(max_size=40))
def test_a_link_contains_nothing_that_ends_an_attribute_or_a_line(rest: str) -> None:
    found = web_address(f"https://a.example/{rest}")
    assert not set(found) & set('"<>\r\n\t \x00')
    assert found.isascii()


def test_the_link_of_a_page_goes_before_that_of_its_source() -> None:
    source = Source(id="a", title="A", path="a", link="https://a.example/find/{title}/")
    assert via(source, content()) == "https://a.example/find/T%26T/"
    assert via(source, content(link="https://b.example/1")) == "https://b.example/1"
    assert via(source, content(link="javascript:alert(1)")) == "https://a.example/find/T%26T/"
    assert via(None, content(link="https://b.example/1")) == "https://b.example/1"
    assert via(None, content()) == ""


def test_without_a_title_no_address_is_made_of_one() -> None:
    source = Source(id="a", title="A", path="a", link="https://a.example/find/{title}/")
    assert via(source, content("")) == ""
    assert via(source, content("", "https://b.example/1")) == "https://b.example/1"
    fixed = Source(id="a", title="A", path="a", link="https://a.example/")
    assert via(fixed, content("")) == "https://a.example/"
