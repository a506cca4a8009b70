"""Which addresses may be fetched: by their spelling, and by where they lead."""

from __future__ import annotations

import pytest

from digest.errors import FetchError
from digest.fetching.addresses import Place, is_public, parsed, public_ones, shown, without_secrets


@pytest.mark.parametrize(
    "number",
    [
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "10.1.2.3",
        "100.64.0.1",
        "100.127.255.254",
        "127.0.0.1",
        "127.8.8.8",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:0:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_an_address_that_is_not_public_is_refused_unless_the_operator_allows_it(number: str) -> None:
    place = Place("https", "blog.example.org", 443)
    assert not is_public(number)
    with pytest.raises(FetchError, match=r"no public address .*allow_private"):
        public_ones(place, [number], allow_private=False)
    assert public_ones(place, [number], allow_private=True) == [number]


@pytest.mark.parametrize("number", ["8.8.8.8", "93.184.215.14", "192.0.1.1", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_a_public_address_may_be_fetched(number: str) -> None:
    assert is_public(number)


def test_of_a_host_with_public_and_other_addresses_only_the_public_ones_are_used() -> None:
    place = Place("https", "blog.example.org", 443)
    assert public_ones(place, ["64:ff9b::808:808", "8.8.8.8", "10.0.0.1"], allow_private=False) == ["8.8.8.8"]
    with pytest.raises(FetchError, match="has no address"):
        public_ones(place, [], allow_private=True)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("", "does not begin with http"),
        ("ftp://example.org/", "does not begin with http"),
        ("file:///etc/passwd", "does not begin with http"),
        ("gopher://example.org/", "does not begin with http"),
        ("//example.org/", "does not begin with http"),
        ("http:/example.org", "does not begin"),
        ("http://", "no host|no address"),
        ("http://./", "no host"),
        ("http://exa mple.org/", "a space"),
        ("http://example.org/\r\nHost: evil", "a control character"),
        ("http://example.org\\@127.0.0.1/", "a backslash"),
        ("http://example.org/" + "x" * 3000, "too long"),
        ("http://user@example.org/", "names a user"),
        ("http://user:pass@example.org/", "names a user"),
        ("http://example.org@127.0.0.1/", "names a user"),
        ("http://example.org:80@127.0.0.1/", "names a user"),
        ("http://example.org:25/", "port 25"),
        ("http://example.org:22/", "port 22"),
        ("http://example.org:0/", "port 0"),
        ("http://example.org:6379/", "port 6379"),
        ("http://example.org:99999/", "port 99999"),
        ("http://example.org:x/", "no address of the web"),
        ("http://0x7f.1/", "unusual spelling"),
        ("http://0x7f000001/", "unusual spelling"),
        ("http://2130706433/", "unusual spelling"),
        ("http://127.1/", "unusual spelling"),
        ("http://0177.0.0.1/", "Invalid IPv4"),
        ("http://127.0.0.1./", "unusual spelling"),
        ("http://example.0x1/", "unusual spelling"),
        ("http://[fe80::1%25eth0]/", "no address of the web|no host"),
        ("http://１２７.0.0.1/", "no address of the web"),
        ("http://[::1/", "no address of the web"),
    ],
)
def test_an_address_with_an_unusual_spelling_is_refused_in_words(address: str, says: str) -> None:
    with pytest.raises(FetchError, match=says) as refused:
        parsed(address)
    assert refused.value.remedy
    assert "pass" not in str(refused.value).replace("/etc/passwd", "")


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("https://Example.ORG/Feed?a=1#part", Place("https", "example.org", 443)),
        ("HTTP://example.org:8080", Place("http", "example.org", 8080)),
        ("http://[2001:db8::1]:8000/", Place("http", "2001:db8::1", 8000)),
        ("http://127.0.0.1:8000/", Place("http", "127.0.0.1", 8000)),
        ("https://科学.example/", Place("https", "xn--48st12e.example", 443)),
        ("http://127。0。0。1/", Place("http", "127.0.0.1", 80)),
    ],
)
def test_an_address_leads_to_one_place(address: str, place: Place) -> None:
    url, found = parsed(address)
    assert found == place
    assert not url.fragment


def test_an_origin_names_the_port_only_where_it_is_another() -> None:
    assert Place("https", "example.org", 443).origin == "https://example.org"
    assert Place("http", "2001:db8::1", 8000).origin == "http://[2001:db8::1]:8000"


def test_an_address_is_shown_without_user_and_without_secrets() -> None:
    assert shown("https://me:pass@example.org/feed?page=2&api_key=abc&Token=x&sig=") == (
        "https://example.org/feed?page=2&api_key=…&Token=…&sig="
    )
    assert shown("https://example.org/a@b") == "https://example.org/a@b"


def test_the_base_of_links_has_no_secrets() -> None:
    address = "https://me:pass@example.org/feed?page=2&api_key=abc&Token=x"
    assert without_secrets(address) == "https://example.org/feed?page=2"
    assert without_secrets("https://example.org/feed?key=1") == "https://example.org/feed"
    assert without_secrets("https://example.org/a?b") == "https://example.org/a?b"
