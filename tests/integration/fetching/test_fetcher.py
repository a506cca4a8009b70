"""The fetcher against sites that are slow, wrong, hostile or changing."""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import trustme

from digest.errors import FetchError
from digest.fetching import addresses, network
from digest.fetching.fetcher import Fetcher
from digest.fetching.values import Fetched, Limits, NotModified, Validators
from tests.sites import NOW, PAGE, Request, Site, fetch, fetcher, refused, response, sites, whole
from tests.waiting import ended

if TYPE_CHECKING:
    from collections.abc import Iterator

QUICK = Limits(connect=5.0, silence=0.2, whole=0.6)


def test_a_page_comes_with_what_its_site_says_of_it(site: Site) -> None:
    site.pages["/page"] = response(
        PAGE, content_type="text/html; charset=utf-8", etag='W/"1"', last_modified="Tue, 01 Dec 2026 10:00:00 GMT"
    )
    found = whole(site)
    assert found.body.decode() == PAGE
    assert found == Fetched(
        site.url + "/page",
        PAGE.encode(),
        NOW,
        "text/html; charset=utf-8",
        'W/"1"',
        "Tue, 01 Dec 2026 10:00:00 GMT",
    )
    fields = site.asked[-1].fields
    assert fields["user-agent"] == "Digest/1 (+mailto:me@example.org)"
    assert fields["host"] == f"127.0.0.1:{site.port}"
    assert fields["accept-encoding"] == "gzip, br"
    assert not {"cookie", "authorization", "if-none-match", "range"} & set(fields)


def test_a_proxy_of_the_environment_is_not_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9/")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9/")
    site.pages["/page"] = response(PAGE)
    assert whole(site).body


def test_cookies_are_not_kept(site: Site) -> None:
    site.pages["/page"] = response("", "302 Found", location="/next", set_cookie="id=1; Path=/")
    site.pages["/next"] = response(PAGE, set_cookie="id=2")
    one = fetcher()
    for _ in range(2):
        one.fetch(site.url + "/page", allow_private=True)
    assert not any("cookie" in request.fields for request in site.asked)


# --- conditional requests -----------------------------------------------------------------------


def test_a_held_body_is_asked_for_with_both_validators(site: Site) -> None:
    site.pages["/page"] = response("", "304 Not Modified")
    known = Validators(site.url + "/page", 'W/"1"', "Tue, 01 Dec 2026 10:00:00 GMT")
    assert fetch(site, known=known) == NotModified(site.url + "/page", NOW)
    fields = site.asked[-1].fields
    assert fields["if-none-match"] == 'W/"1"'
    assert fields["if-modified-since"] == "Tue, 01 Dec 2026 10:00:00 GMT"


def test_a_304_that_nobody_asked_for_is_a_failure(site: Site) -> None:
    site.pages["/page"] = response("", "304 Not Modified")
    assert refused(site).status == 304


def test_validators_of_another_place_are_not_sent(site: Site) -> None:
    site.pages["/page"] = response("", "302 Found", location="/other")
    site.pages["/other"] = response("", "304 Not Modified")
    refused(site, known=Validators(site.url + "/page", '"1"'))
    assert "if-none-match" not in site.asked[-1].fields
    assert isinstance(fetch(site, known=Validators(site.url + "/other", '"1"')), NotModified)


def test_a_validator_that_is_no_text_is_not_kept(site: Site) -> None:
    site.pages["/page"] = response(PAGE, etag='"' + "x" * 2000 + '"', last_modified="caf\xe9")
    found = whole(site)
    assert (found.etag, found.last_modified) == ("", "")


# --- redirects ----------------------------------------------------------------------------------


def test_redirects_are_followed_and_a_permanent_move_is_named(site: Site) -> None:
    site.pages["/page"] = response("", "301 Moved Permanently", location="next")
    site.pages["/next"] = response("", "308 Permanent Redirect", location=site.url + "/last")
    site.pages["/last"] = response(PAGE)
    found = whole(site)
    assert found.url == found.moved_to == site.url + "/last"


def test_a_move_is_permanent_only_if_each_step_is(site: Site) -> None:
    site.pages["/page"] = response("", "301 Moved Permanently", location="/next")
    site.pages["/next"] = response("", "302 Found", location="/last")
    site.pages["/last"] = response(PAGE)
    found = whole(site)
    assert found.url.endswith("/last")
    assert not found.moved_to


def test_redirects_in_a_circle_end(site: Site) -> None:
    site.pages["/page"] = response("", "302 Found", location="/page")
    assert "redirects more than 5 times" in str(refused(site))
    assert len(site.paths()) == 6


@pytest.mark.parametrize(
    "location", ["", "http://[::1", "http://user@127.0.0.1/", "file:///etc/passwd", "http://0x7f.1/"]
)
def test_a_redirect_to_no_usable_address_is_a_failure(site: Site, location: str) -> None:
    site.pages["/page"] = response("", "302 Found", location=location)
    refused(site)
    assert site.paths() == ["/page"]


def test_a_redirect_inwards_is_refused_before_anything_is_sent(site: Site) -> None:
    with sites(secret=response("secret")) as inner:
        inward = inner.url.replace("127.0.0.1", "inside.example.org")
        site.pages["/page"] = response("", "302 Found", location=f"{inward}/secret")
        met: list[str] = []

        def resolve(host: str, port: int) -> list[str]:
            met.append(host)
            return ["127.0.0.1"] if host == "outside.example.org" else ["169.254.169.254"]

        with _public("127.0.0.1"), pytest.raises(FetchError, match=r"leads to 169\.254\.169\.254"):
            fetcher(resolve).fetch(site.url.replace("127.0.0.1", "outside.example.org") + "/page", obey_robots=False)
        assert met == ["outside.example.org", "inside.example.org"]
        assert inner.asked == []


@pytest.mark.parametrize("target", ["http://169.254.169.254/latest/", "http://[::ffff:127.0.0.1]/", "http://[::1]/"])
def test_a_redirect_to_an_inner_number_is_refused(site: Site, target: str) -> None:
    site.pages["/page"] = response("", "302 Found", location=target)
    with _public("127.0.0.1"), pytest.raises(FetchError, match="no public address"):
        fetcher(lambda host, _: ["127.0.0.1"] if host == "outside.example.org" else [host]).fetch(
            site.url.replace("127.0.0.1", "outside.example.org") + "/page", obey_robots=False
        )


@contextlib.contextmanager
def _public(*numbers: str) -> Iterator[None]:
    """Let some numbers count as public, as if the test's site were outside."""
    before = addresses.is_public
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(addresses, "is_public", lambda one: one in numbers or before(one))
        yield


def test_a_host_is_resolved_once_and_the_checked_address_is_the_one_that_is_used(site: Site) -> None:
    """A name server that answers a public address first and the loopback afterwards gains nothing."""
    answers = iter([["127.0.0.9"], ["127.0.0.1"]])
    with _public("127.0.0.9"), pytest.raises(FetchError, match="cannot be reached"):
        fetcher(lambda *_: next(answers)).fetch(f"http://blog.example.org:{site.port}/", obey_robots=False)
    assert site.asked == []
    assert next(answers) == ["127.0.0.1"]  # nobody asked again


def test_a_host_with_several_addresses_is_reached_at_the_first_that_answers(site: Site) -> None:
    site.pages["/page"] = response(PAGE)
    url = f"http://blog.example.org:{site.port}/page"
    assert isinstance(fetcher(lambda *_: ["127.0.0.9", "127.0.0.1"]).fetch(url, allow_private=True), Fetched)


def test_the_request_names_the_host_and_not_the_number(site: Site) -> None:
    site.pages["/page"] = response(PAGE)
    url = f"http://blog.example.org:{site.port}/page"
    fetcher(lambda *_: ["127.0.0.1"]).fetch(url, allow_private=True)
    assert site.asked[-1].fields["host"] == f"blog.example.org:{site.port}"


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:{}/page", "http://localhost:{}/page", "http://[::ffff:127.0.0.1]:{}/page"]
)
def test_this_machine_is_refused(site: Site, address: str) -> None:
    site.pages["/page"] = response(PAGE)
    with pytest.raises(FetchError, match="no public address"):
        fetcher().fetch(address.format(site.port))
    assert site.asked == []


# --- TLS ----------------------------------------------------------------------------------------


def test_tls_is_checked_against_the_name_and_never_left_silently(monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("blog.example.org").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    monkeypatch.setattr(network, "_ssl_context", lambda: client)
    names: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: names.append(name)
    with sites() as site:
        site.tls = server
        site.pages["/page"] = response(PAGE)
        site.pages["/down"] = response("", "301 Moved Permanently", location="http://blog.example.org/page")
        one = fetcher(lambda *_: ["127.0.0.1"])
        home = f"https://blog.example.org:{site.port}"
        found = one.fetch(f"{home}/page", allow_private=True, obey_robots=False)
        assert isinstance(found, Fetched)
        assert names == ["blog.example.org"]
        with pytest.raises(FetchError, match=r"redirects from https to http://"):
            one.fetch(f"{home}/down", allow_private=True, obey_robots=False)
        with pytest.raises(FetchError, match=r"cannot be trusted .*Hostname mismatch"):
            one.fetch(f"https://other.example.org:{site.port}/page", allow_private=True, obey_robots=False)


# --- sizes and times ----------------------------------------------------------------------------


def test_a_head_without_end_is_refused(site: Site) -> None:
    def endless(request: Request) -> None:
        request.send(b"HTTP/1.1 200 OK\r\n")
        request.drip(b"x-more: " + b"y" * 4000 + b"\r\n", seconds=0)

    site.pages["/page"] = endless
    refused(site)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n"])
def test_a_site_that_drips_is_given_up(site: Site, head: bytes) -> None:
    def slow(request: Request) -> None:
        request.send(head)
        request.drip(b"x: y\r\n" if head else b"H")

    site.pages["/page"] = slow
    error = refused(site, limits=QUICK, obey_robots=False)
    assert "took longer than 0.6 seconds" in str(error) or "not in HTTP" in str(error)


def test_a_silent_site_is_given_up(site: Site) -> None:
    site.pages["/page"] = _silent
    assert "did not answer in time" in str(refused(site, limits=QUICK, obey_robots=False))


def _silent(request: Request) -> None:
    request.closing.wait(60)


def test_a_resolver_that_does_not_answer_is_given_up() -> None:
    release = threading.Event()

    def resolve(*_: object) -> list[str]:
        release.wait(60)
        return []

    with pytest.raises(FetchError, match="could not be resolved in time"):
        fetcher(resolve).fetch("http://blog.example.org/", obey_robots=False, limits=Limits(connect=0.05))
    release.set()


def test_a_fetch_ends_when_the_service_stops(site: Site) -> None:
    site.pages["/page"] = _silent
    stop = threading.Event()
    found: list[FetchError] = []
    one = Fetcher("Digest", clock=lambda: NOW, stopped=stop.is_set)

    def work() -> None:
        try:
            one.fetch(site.url + "/page", allow_private=True, obey_robots=False)
        except FetchError as error:
            found.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    stop.set()
    ended(thread)
    assert found[0].stopped


# --- what a site refuses ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("404 Not Found", "is not there (404 Not Found)"),
        ("410 Gone", "is gone permanently"),
        ("403 Forbidden", "refuses the request"),
        ("500 Internal Server Error", "answered (500 Internal Server Error)"),
        ("206 Partial Content", "answered (206 Partial Content)"),
        ("204 No Content", "answered (204 No Content)"),
        ("799 Whatever", "answered (799)"),
    ],
)
def test_a_refusal_names_its_status(site: Site, status: str, says: str) -> None:
    site.pages["/page"] = response(PAGE, status)
    error = refused(site)
    assert says in str(error)
    assert error.status == int(status[:3])
    assert error.retry_at is None


@pytest.mark.parametrize(
    ("wait", "at"),
    [
        ("120", NOW + timedelta(seconds=120)),
        ("99999999999999999999", NOW + timedelta(days=1)),
        ("Tue, 01 Dec 2026 13:00:00 GMT", NOW + timedelta(hours=1)),
        ("Tue, 01 Dec 2099 13:00:00 GMT", NOW + timedelta(days=1)),
        ("Tue, 01 Dec 2020 13:00:00 GMT", NOW),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_a_retry_after_is_obeyed_within_bounds(site: Site, status: str, wait: str, at: datetime | None) -> None:
    site.pages["/page"] = response("", status, retry_after=wait)
    assert refused(site, obey_robots=False).retry_at == at


# --- robots.txt and turns -----------------------------------------------------------------------


def test_a_robots_txt_is_obeyed_unless_the_operator_owns_the_site(site: Site) -> None:
    site.pages["/robots.txt"] = response("User-agent: *\nDisallow: /page\n")
    site.pages["/page"] = response(PAGE)
    site.pages["/free"] = response("", "302 Found", location="/page")
    error = refused(site)
    assert error.robots
    assert "robots = false" in error.remedy
    assert refused(site, "/free").robots
    assert "/page" not in site.paths()
    assert whole(site, obey_robots=False).body


def test_a_robots_txt_is_fetched_once_and_by_the_same_rules(site: Site) -> None:
    site.pages["/page"] = response(PAGE)
    site.pages["/robots.txt"] = response("", "301 Moved Permanently", location="/moved")
    site.pages["/moved"] = response("")
    one = fetcher()
    for _ in range(2):
        one.fetch(site.url + "/page", allow_private=True)
    assert [request.path for request in site.asked] == ["/robots.txt", "/moved", "/page", "/page"]
    site.pages["/robots.txt"] = response("", "500 Internal Server Error")
    assert "robots.txt cannot be read" in str(refused(site))
    site.pages["/robots.txt"] = response("x" * (600 << 10))
    assert "robots.txt cannot be read" in str(refused(site))


def test_one_request_at_a_time_goes_to_a_host(site: Site) -> None:
    met = threading.Event()

    def slow(request: Request) -> None:
        met.wait(0.02)
        request.send(response(PAGE))

    site.pages["/page"] = slow
    one = fetcher()
    threads = [threading.Thread(target=lambda: one.fetch(site.url + "/page", allow_private=True)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        ended(thread)
    assert site.paths() == ["/page"] * 5
    assert site.busiest == 1


def test_the_delay_that_a_site_asks_for_is_kept(site: Site) -> None:
    site.pages["/robots.txt"] = response("User-agent: *\nCrawl-delay: 0.2\n")
    site.pages["/page"] = response(PAGE)
    one = fetcher()
    one.fetch(site.url + "/page", allow_private=True)
    started = time.monotonic()
    one.fetch(site.url + "/page", allow_private=True)
    assert time.monotonic() - started >= 0.15
