"""Client addresses as sockets and proxies write them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from digest.web.requests import Networks, network_of, read_address


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        (" 192.0.2.7:51234 ", "192.0.2.7"),
        ('"192.0.2.7:51234"', "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ('"[2001:db8::7]:443"', "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%eth0]:80", "fe80::1"),
        ("2001:db8:0:0:0:0:0:7", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("[::ffff:192.0.2.7]:1", "192.0.2.7"),
    ],
)
def test_an_address_is_read_with_port_brackets_quotes_and_zone(written: str, address: str) -> None:
    assert str(read_address(written)) == address


@pytest.mark.parametrize(
    "written",
    ["", "unknown", "_hidden", "192.0.2", "192.0.2.7:", "192.0.2.7:x", "192.0.2.7:123456", "[192.0.2.7", "2001:db8::7]",
     "[2001:db8::7]x", "[]:80", "localhost", "192.0.2.7 192.0.2.8", "1.2.3.4.5", ":", "::ffff:1.2.3"],
)  # fmt: skip
def test_anything_else_is_no_address(written: str) -> None:
    assert read_address(written) is None


@given(st.text(alphabet='0123456789abcdef:.[]%" x', max_size=50))
def test_whatever_a_header_holds_is_read_or_not(written: str) -> None:
    read_address(written)


def test_a_long_one_is_looked_at_once() -> None:
    for unit in (" ", '"', "0", "1.", ":", "[", "%", " 0"):
        assert read_address(unit * 30_000 + "x") is None


def network(client: str, *forwarded: str, proxies: tuple[str, ...] = ("10.0.0.0/8", "fd00::/8")) -> str:
    headers = Headers(raw=[(b"x-forwarded-for", line.encode()) for line in forwarded])
    request: Any = SimpleNamespace(client=SimpleNamespace(host=client), headers=headers)
    return network_of(request, proxies)


def test_the_last_address_that_is_no_proxy_counts_however_it_is_written() -> None:
    assert network("10.0.0.1", "203.0.113.9, 192.0.2.7:4321") == "192.0.2.0/24"
    assert network("10.0.0.1", "192.0.2.7:4321, 10.0.0.2:99") == "192.0.2.0/24"
    assert network("10.0.0.1", "192.0.2.7", "[fd00::1]:99") == "192.0.2.0/24"
    assert network("::ffff:10.0.0.1", "[2001:db8:1:2::7]:443") == "2001:db8:1::/48"
    assert network("192.0.2.7", "198.51.100.1:80") == "192.0.2.0/24"
    assert network("10.0.0.1", "192.0.2.7, unknown") == "unknown"


def test_an_ipv6_network_is_a_48() -> None:
    assert len({network(f"2001:db8:7:{n:x}00::1", proxies=()) for n in range(256)}) == 1
    assert len({network(f"2001:db8:{n:x}::1", proxies=()) for n in range(256)}) == 256


def test_networks_hold_addresses_of_both_kinds() -> None:
    assert read_address("10.1.2.3") in Networks(["10.0.0.0/8"])
    assert read_address("::1") not in Networks(["10.0.0.0/8"])
    assert None not in Networks(["0.0.0.0/0"])
