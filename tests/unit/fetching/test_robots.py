"""What a robots.txt allows us."""

from __future__ import annotations

import pytest

from digest.errors import FetchError
from digest.fetching.robots import Robots, parsed

SITE = "https://example.org"


def test_the_rules_for_us_win_over_those_for_all() -> None:
    rules = parsed(b"User-agent: *\nDisallow: /\n\nUser-agent: digest\nDisallow: /private\nCrawl-delay: 7\n")
    assert rules.allowed(f"{SITE}/blog")
    assert not rules.allowed(f"{SITE}/private/1")
    assert rules.delay == 7


def test_rules_for_another_program_are_not_ours() -> None:
    rules = parsed(b"User-agent: OtherBot\nUser-agent: Digestive\nDisallow: /\n\nUser-agent: *\nDisallow: /x\n")
    assert rules.allowed(f"{SITE}/blog")
    assert not rules.allowed(f"{SITE}/x")


def test_what_is_no_robots_txt_allows_everything() -> None:
    assert parsed(b"<html>hello</html>").allowed(f"{SITE}/blog")
    assert parsed(b"\xff\xfe\x00").allowed(f"{SITE}/blog")
    assert parsed(b"").delay == 0


def test_a_delay_is_bounded() -> None:
    assert parsed(b"User-agent: *\nCrawl-delay: 86400\n").delay == 30


def test_a_robots_txt_that_is_made_to_take_long_does_not() -> None:
    """It would take hours, if each of the names had rules of its own."""
    names = "".join(f"User-agent: bot{number}\n" for number in range(12_000))
    rules = "".join(f"Disallow: /{number}*a*b$\n" for number in range(12_000))
    assert parsed((names + rules).encode()).allowed(f"{SITE}/blog")


def test_rules_are_fetched_once() -> None:
    asked: list[str] = []

    def get(url: str) -> bytes:
        asked.append(url)
        return b"User-agent: *\nDisallow: /x\n"

    robots = Robots()
    assert not robots.rules(SITE, get).allowed(f"{SITE}/x")
    assert robots.rules(SITE, get).allowed(f"{SITE}/y")
    assert asked == [f"{SITE}/robots.txt"]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_site_without_robots_txt_allows_everything(status: int) -> None:
    def get(url: str) -> bytes:
        raise FetchError(url, "is not there", status=status)

    assert Robots().rules(SITE, get).allowed(f"{SITE}/x")


@pytest.mark.parametrize("status", [429, 500, 503, None])
def test_while_a_robots_txt_cannot_be_reached_nothing_is_fetched(status: int | None) -> None:
    def get(url: str) -> bytes:
        raise FetchError(url, "did not answer", status=status)

    robots = Robots()
    with pytest.raises(FetchError, match=r"robots\.txt cannot be read, so nothing is fetched: did not answer"):
        robots.rules(SITE, get)
    assert robots.rules(SITE, lambda _url: b"").allowed(f"{SITE}/x")  # it was not remembered
