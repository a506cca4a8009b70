"""Which response a request gets: RFC 9110's tables of validators and codings, row by row."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from digest.service.publishing.documents import CODINGS, Document
from digest.web.conditional import best_coding, preferred, respond, unchanged, wants_page, weight

TAG = "0123456789abcdef"
CHANGED = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)
BODY = "<feed>山上</feed>".encode() * 20
CACHE = "public, max-age=60, stale-if-error=86400"
DOCUMENT = Document(BODY, "application/atom+xml; charset=utf-8", TAG, CHANGED)

SAME = "Sat, 14 Mar 2026 09:26:53 GMT"
OLDER = "Sat, 14 Mar 2026 09:26:52 GMT"
NEWER = "Sat, 14 Mar 2026 09:26:54 GMT"


def status(**headers: str) -> int:
    return respond(DOCUMENT, {name.replace("_", "-"): value for name, value in headers.items()}, cache=CACHE).status


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        (f'"{TAG}"', 304),
        (f'W/"{TAG}"', 304),
        (f'"{TAG}-gzip"', 304),
        (f'W/"{TAG}-gzip"', 304),
        (f'"{TAG}-br"', 304),
        (f'W/"{TAG}-zstd"', 304),
        ("*", 304),
        (" * ", 304),
        (f'"other", "{TAG}"', 304),
        (f'"other",W/"{TAG}","third"', 304),
        (f'"a, b", "{TAG}"', 304),
        (f'  "{TAG}"  ', 304),
        ('"other"', 200),
        ('W/"other"', 200),
        ('"other", "another"', 200),
        (f'"{TAG}0"', 200),
        (f'"{TAG[:-1]}"', 200),
        (f'"{TAG.upper()}"', 200),
        ('"*"', 200),
        ('""', 200),
        ("", 200),
        (TAG, 200),
        ('"', 200),
    ],
)
def test_a_tag_that_names_the_document_is_enough(tags: str, code: int) -> None:
    assert status(if_none_match=tags) == code
    assert status(if_none_match=tags, accept_encoding="gzip") == code


@pytest.mark.parametrize(
    ("since", "code"),
    [
        (OLDER, 200),
        (SAME, 304),
        (NEWER, 304),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 200),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 304),
        ("Saturday, 14-Mar-26 09:26:53 GMT", 304),
        ("Saturday, 14-Mar-26 09:26:52 GMT", 200),
        ("Sat Mar 14 09:26:53 2026", 304),
        ("Sat Mar 14 09:26:52 2026", 200),
        ("yesterday", 200),
        ("", 200),
        ("0", 200),
        ("2026-03-14T09:26:53Z", 200),
        ("Sat, 32 Mar 2026 09:26:53 GMT", 200),
        ("Sat, 14 Mar 99999 09:26:53 GMT", 200),
        ("Sat, 14 Mar 2026 25:26:53 GMT", 200),
        ("Sat, 14 Mar 2026 09:26:53 +9999", 200),
        ("\x00", 200),
    ],
)
def test_without_a_tag_the_date_decides_if_it_is_one(since: str, code: int) -> None:
    assert status(if_modified_since=since) == code


@pytest.mark.parametrize("since", [OLDER, SAME, NEWER, "yesterday", ""])
@pytest.mark.parametrize(("tags", "code"), [(f'"{TAG}"', 304), ('"other"', 200), ("", 200), ("*", 304), (TAG, 200)])
def test_beside_a_tag_the_date_is_ignored(tags: str, since: str, code: int) -> None:
    assert status(if_none_match=tags, if_modified_since=since) == code


def test_without_validators_the_whole_document_is_sent() -> None:
    assert status() == 200


DECODED = {"": bytes, "gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstandard.decompress}


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", ""),
        ("gzip", "gzip"),
        ("GZip", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, deflate", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate, zstd", "zstd"),
        ("gzip;q=1.0, br;q=0.8, *;q=0.1", "gzip"),
        ("gzip;q=0.001", "gzip"),
        ("gzip ; q=0.5", "gzip"),
        ("gzip;Q=1", "gzip"),
        ("*", "br"),
        ("*;q=0.5", "br"),
        ("identity;q=0, *", "br"),
        ("identity, gzip;q=0.5", ""),
        ("identity", ""),
        ("br", "br"),
        ("deflate", ""),
        ("gzip;q=0", ""),
        ("gzip;q=0.000", ""),
        ("gzip; q=0", ""),
        ("gzip;q=0, br;q=0, *", "zstd"),
        ("*;q=0", ""),
        ("*, gzip;q=0", "br"),
        ("identity, *;q=0", ""),
        ("gzipped", ""),
        ("not-gzip", ""),
        ("gzip;q=1.2.3", ""),
        (",,,", ""),
        (", gzip ,", "gzip"),
    ],
)
def test_a_client_gets_the_coding_that_it_wants_most(accepted: str, coding: str) -> None:
    made = respond(DOCUMENT, {"accept-encoding": accepted}, cache=CACHE)

    assert best_coding(accepted) == coding
    assert made.status == 200
    assert made.headers.get("Content-Encoding", "") == coding
    assert DECODED[coding](made.body) == BODY
    assert made.headers["Vary"] == "Accept-Encoding"


def test_what_was_chosen_by_headers_names_them() -> None:
    assert respond(DOCUMENT, {}, cache=CACHE, negotiated=["Accept"]).headers["Vary"] == "Accept, Accept-Encoding"


ATOM, RSS = "application/atom+xml", "application/rss+xml"


@pytest.mark.parametrize(
    ("accepted", "html", "atom"),
    [
        ("", 1, 1),
        ("*/*", 1, 1),
        ("text/html", 1, 0),
        ("TEXT/HTML;Q=0.5", 0.5, 0),
        ("text/html;q=0", 0, 0),
        ("text/html;q=0, */*;q=0.5", 0, 0.5),
        ("text/*;q=0.3, text/html;q=0.7, */*;q=0.1", 0.7, 0.1),
        ("*/*;q=0.1, text/*;q=0.3", 0.3, 0.1),
        ("text/html;level=1, text/html;q=0.4", 0.4, 0),
        ("text/html;charset=utf-8;q=0.4, text/html;q=0.9", 0.4, 0),
        ("application/atom+xml;type=feed, application/atom+xml;type=entry;q=0.1", 0, 1),
        ('application/atom+xml;charset="UTF-8" ; q=0.250', 0, 0.25),
        ('application/atom+xml;profile="a, text/html", text/plain', 0, 0),
        ('application/x;y="a\\", text/html;q=1", application/atom+xml;q=0.2', 0, 0.2),
        ("text/html;q=0.5;ext=1;charset=x, application/*;q=1.000", 0.5, 1),
        ("text/html;q=2, application/atom+xml;q=-1, */*;q=0.1", 0.1, 0.1),
        ("text/html;q=, text/html;q=0.3", 0.3, 0),
        ("text/html/x, text, html, ;q=1, ,", 0, 0),
        (" text/html , application/atom+xml\t;\tq=0.9 ", 1, 0.9),
        ("text/htmlx, atext/html, application/atom+xml2", 0, 0),
    ],
)
def test_an_accept_header_is_read_by_its_rules(accepted: str, html: float, atom: float) -> None:
    assert (weight(accepted, "text/html"), weight(accepted, ATOM)) == (html, atom)


CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accepted", "page"),
    [
        (CHROME, True),
        ("text/html", True),
        ("text/html, */*;q=0.1", True),
        ("", False),
        ("*/*", False),
        ("application/atom+xml, application/rss+xml, application/xml;q=0.9, text/html;q=0.8, */*;q=0.1", False),
        ("text/html;q=0, */*", False),
        ("application/xml, text/html;q=0, */*;q=0.5", False),
        ("application/rss+xml, application/atom+xml, text/html", False),
        ("application/xml", False),
    ],
)
def test_only_who_prefers_html_gets_the_feed_for_browsers(accepted: str, page: bool) -> None:
    assert [wants_page(accepted, own) for own in (ATOM, RSS)] == [page, page]


@given(st.text(st.sampled_from('a/*+;=q01."\\, \t'), max_size=40))
def test_any_accept_header_has_a_weight(accepted: str) -> None:
    assert 0 <= weight(accepted, "a/a") <= 1


def test_links_are_sent_with_and_without_the_body() -> None:
    linked = replace(DOCUMENT, links='<https://hub.example/>; rel="hub"')
    for headers in ({}, {"if-none-match": "*"}):
        assert respond(linked, headers, cache=CACHE).headers["Link"] == linked.links


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", ""),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh_CN"),
        ("zh-TW", "zh_CN"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("fr, en;q=0.3", "en"),
        ("fr", ""),
        ("en;q=0", ""),
        ("en;q=0.2, zh;q=0.9", "zh_CN"),
        ("zhx, enough", ""),
        ("*", ""),
        (";;,=q", ""),
    ],
)
def test_a_page_speaks_the_language_that_its_reader_likes_most(accepted: str, language: str) -> None:
    assert preferred(accepted, ("zh_CN", "en")) == language


def test_no_two_codings_share_a_strong_tag() -> None:
    plain = respond(DOCUMENT, {}, cache=CACHE).headers["ETag"]
    coded = [respond(DOCUMENT, {"accept-encoding": coding}, cache=CACHE).headers["ETag"] for coding in CODINGS]

    assert plain == f'"{TAG}"'
    assert coded == [f'"{TAG}-{coding}"' for coding in CODINGS]


@pytest.mark.parametrize("coding", ["", "gzip", "gzip;q=0"])
def test_not_modified_is_sent_with_the_headers_a_cache_needs_and_no_others(coding: str) -> None:
    whole = respond(DOCUMENT, {"accept-encoding": coding}, cache=CACHE)
    short = respond(DOCUMENT, {"accept-encoding": coding, "if-none-match": whole.headers["ETag"]}, cache=CACHE)

    assert (short.status, short.body) == (304, b"")
    assert set(short.headers) == {"ETag", "Last-Modified", "Cache-Control", "Vary"}
    assert short.headers.items() <= whole.headers.items()
    assert set(whole.headers) - set(short.headers) <= {"Content-Type", "Content-Encoding"}
    assert whole.headers["Content-Type"] == DOCUMENT.media_type


def test_the_headers_say_when_it_changed_and_how_long_it_holds() -> None:
    headers = respond(DOCUMENT, {}, cache=CACHE).headers

    assert headers["Last-Modified"] == SAME
    assert headers["Cache-Control"] == "public, max-age=60, stale-if-error=86400"


@given(
    st.integers(0, 4_000_000_000_000_000),
    st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-3, minutes=-30))]),
    st.sampled_from(["", "gzip", "*"]),
)
def test_what_an_answer_says_makes_the_next_request_short(microseconds: int, zone: timezone, coding: str) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    document = Document(BODY, "text/plain", TAG, moment.astimezone(zone))
    said = respond(document, {"accept-encoding": coding}, cache=CACHE).headers

    assert unchanged(document, {"if-none-match": said["ETag"]})
    assert unchanged(document, {"if-modified-since": said["Last-Modified"]})
    assert not unchanged(document, {"if-modified-since": format_datetime(moment - timedelta(seconds=1), usegmt=True)})


@given(st.text(max_size=40) | st.text("gzip*q=;,.01 ", max_size=30), st.text(max_size=40), st.text(max_size=40))
def test_no_header_at_all_breaks_it(coding: str, tags: str, since: str) -> None:
    for headers in ({"if-none-match": tags}, {"if-modified-since": since}):
        assert respond(DOCUMENT, {"accept-encoding": coding, **headers}, cache=CACHE).status in {200, 304}
