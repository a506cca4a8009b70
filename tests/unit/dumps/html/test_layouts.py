"""Layouts of HTML: pages of many programs for blogs, what is wrong in selectors, and hostile pages."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.dumps.declared import LayoutError, compiled
from digest.dumps.declared.known import known_layouts
from digest.dumps.declared.sightings import DeclaredLayouts
from digest.dumps.snapshot import is_unknown, read_sightings
from digest.errors import DumpError
from digest.model import Layout, NoteKind, PrintedDate
from tests.unit.dumps.html.pages import BLOG_LD, SAMPLES, TYPECHO

if TYPE_CHECKING:
    from digest.model import Note, Sighting
    from tests.unit.dumps.html.pages import Sample

URL = "https://example.org/blog/"
SHANGHAI = ZoneInfo("Asia/Shanghai")


def read(
    page: str | bytes,
    html: object,
    *,
    notes: list[Note] | None = None,
    url: str = URL,
    media_type: str = "",
    **more: object,
) -> list[Sighting]:
    layouts = DeclaredLayouts(compiled([{"id": "it", "html": html, **more}], "a test"), SHANGHAI)
    raw = page if isinstance(page, bytes) else page.encode()
    return list(read_sightings(io.BytesIO(raw), "page", layouts=layouts, notes=notes, url=url, media_type=media_type))


def day(sighting: Sighting) -> str:
    date = sighting.dated
    return f"{date.year}-{date.month:02}-{date.day:02}" if date and date.month and date.day else ""


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_pages_of_many_programs_are_read(sample: Sample) -> None:
    found = read(sample.page, sample.html)
    assert [(one.title, day(one), one.extras.link, (one.paragraphs or ("",))[0]) for one in found] == sample.entries
    first, said = found[0], dict(sample.more)
    assert (first.author or "") == said.pop("author", first.author or "")
    assert list(first.figures) == said.pop("figures", [])
    assert len(first.paragraphs) == said.pop("paragraphs", len(first.paragraphs))
    for key, value in said.items():
        shown = getattr(first.extras, key)
        assert (list(shown) if key == "tags" else dict(shown)) == value
    assert all(one.complete and len(one.extras.kinds) in {0, len(one.paragraphs)} for one in found)


def test_the_built_in_names_are_layouts() -> None:
    known = known_layouts()
    for name in (Layout.JSON_LD, Layout.MICROFORMATS, Layout.ARTICLES):
        html = known[name].declared.html
        assert html is not None
        assert html.format == name


def test_a_text_that_is_no_html_is_read_as_drawn() -> None:
    layouts = DeclaredLayouts(
        compiled([{"id": "flat", "entry": "{title}\n{date}"}, {"id": "it", "html": "articles"}], "a test")
    )
    for page in (b"A title\n2021-02-11\n", b"<html><body><article><h2>A title</h2><time>2021-02-11</time></article>"):
        (one,) = read_sightings(io.BytesIO(page), "page", layouts=layouts)
        assert (one.title, one.date) == ("A title", (2, 11, 2021))


def test_a_day_is_that_of_the_time_zone_of_the_source_where_a_zone_is_written() -> None:
    days = {
        "2021-02-11T23:30:00Z": 12,
        "2021-02-11T23:30:00+0000": 12,
        "2021-02-11T23:30:00": 11,
        "2021-02-11 23:30 +00:00": 12,
        "Thu, 11 Feb 2021 23:30:00 GMT": 12,
        "1613086200": 12,
        "1613086200000": 12,
        "2021-02-11": 11,
        "Posted on February 11, 2021 by Ann": 11,
        "发表于 2021年2月11日": 11,
    }
    for written, expected in days.items():
        (one,) = read(f'<time datetime="{written}"></time><h2>T</h2>', {"title": "h2", "date": "time@datetime"})
        assert one.extras.printed == PrintedDate(2021, 2, expected), written


@pytest.mark.parametrize("written", ["3 days ago", "yesterday", "05/02/22", "99999999999999999999", "x" * 5000, ""])
def test_what_is_no_certain_date_is_none(written: str) -> None:
    (one,) = read(f"<time>{written}</time><h2>T</h2>", {"title": "h2", "date": "time"})
    assert one.dated is None


def test_the_order_of_day_and_month_is_learned_from_the_page_or_declared() -> None:
    page = "<p><b>A</b><i>05/02/2022</i></p><p><b>B</b><i>13/02/2022</i></p>"
    html = {"entry": "p", "title": "b", "date": "i"}
    assert [one.date for one in read(page, html)] == [(2, 5, 2022), (2, 13, 2022)]
    assert [one.date for one in read(page.split("</p>", 1)[0], html, date_order="mdy")] == [(5, 2, 2022)]


def test_an_entry_without_its_title_is_reported_and_left_out() -> None:
    notes: list[Note] = []
    page = "<html>\n<article><h2>One</h2></article>\n<article><p>Some words of an entry</p></article>"
    assert [one.title for one in read(page, {"entry": "article", "title": "h2", "text": "p"}, notes=notes)] == ["One"]
    assert [(note.line, note.kind, note.text) for note in notes] == [(3, NoteKind.UNREAD, "Some words of an entry")]


def test_a_page_that_stops_matching_is_unknown() -> None:
    with pytest.raises(DumpError, match="holds no entry as drawn in it") as raised:
        read("<html><body><p>Nothing</p></body></html>", {"entry": "article", "title": "h2"})
    assert is_unknown(raised.value)
    with pytest.raises(DumpError, match="line 1 looks like the start of an entry"):
        read("<article>words</article>", {"entry": "article", "title": "h2"})


def test_broken_json_is_named() -> None:
    notes: list[Note] = []
    assert len(read(BLOG_LD, "json-ld", notes=notes)) == 2
    ((kind, text),) = [(note.kind, note.text) for note in notes]
    assert kind is NoteKind.BROKEN
    assert "Blog" in text
    deep = '<script type="application/ld+json">' + "[" * 100_000 + "</script>"
    with pytest.raises(DumpError, match="JSON-LD that cannot be read"):
        read(deep, "json-ld")


def test_all_that_is_wrong_is_named_with_its_place() -> None:
    table = {
        "entry": "article[",
        "titel": "h2",
        "date": "time:foo",
        "text": "p::before",
        "link": 7,
        "counts": "x",
        "skip": "a@href",
        "author": "x" * 501,
    }
    with pytest.raises(LayoutError) as raised:
        compiled(
            [{"id": "it", "html": table, "entry": "{title}", "heading": "x"}, {"id": "no", "html": "rss"}], "a.toml"
        )
    said = [f"{problem.key}: {problem.reason}"[:60] for problem in raised.value.problems]
    assert said == [
        "layout it: entry: does not stand beside html",
        "layout it: heading: does not stand beside html",
        "layout it: html.titel: there is no such part of an entry",
        "layout it: html.entry: 'article[' is no CSS selector: Expect",
        "layout it: html.link: is neither a selector nor a list of th",
        "layout it: html.date: 'time:foo' cannot be used: The pseudo-",
        "layout it: html.author: '" + "x" * 35,
        "layout it: html.text: 'p::before' cannot be used: Pseudo-ele",
        "layout it: html.counts: is no table",
        "layout it: html.skip: 'a@href' is an attribute",
        "layout no: html: is 'rss'",
    ]


def test_a_changed_selector_or_zone_is_another_rule() -> None:
    def rules(html: object, zone: ZoneInfo | None = SHANGHAI) -> int:
        return DeclaredLayouts(compiled([{"id": "it", "html": html}], "a test"), zone).rules(1)

    one = rules({"title": "h2"})
    assert len({one, rules({"title": "h3"}), rules({"title": "h2"}, ZoneInfo("UTC")), rules("articles")}) == 4
    assert one == rules({"title": "h2"})


@pytest.mark.parametrize(
    ("encoding", "meta", "media_type"),
    [
        ("gb18030", "gb2312", ""),
        ("gb18030", "", "text/html; charset=GBK"),
        ("big5hkscs", "big5", ""),
        ("cp932", "shift_jis", "text/html"),
        ("euc_jp", "x-euc-jp", ""),
        ("iso2022_jp", "iso-2022-jp", ""),
        ("cp1251", "windows-1251", "text/html; charset=iso-8859-1"),
        ("utf-8", "gbk", "text/html; charset=gb2312"),
        ("utf-8-sig", "", "text/html; charset=latin1"),
        ("utf-16", "utf-8", ""),
        ("utf-16-le", "", 'text/html; charset="utf-16"'),
    ],
)
def test_the_encoding_is_what_server_or_page_say_unless_the_bytes_say_otherwise(
    encoding: str, meta: str, media_type: str
) -> None:
    title = {
        "cp932": "日本語の記事",
        "euc_jp": "日本語の記事",
        "iso2022_jp": "日本語の記事",
        "cp1251": "Зима в горах",
    }.get(encoding, "中文的文章")
    head = f'<meta http-equiv="Content-Type" content="text/html; charset={meta}">' if meta else ""
    page = f"<html><head>{head}</head><body><h2>{title}</h2></body></html>".encode(encoding)
    assert [one.title for one in read(page, {"title": "h2"}, media_type=media_type)] == [title]


@pytest.mark.parametrize("label", ["utf-7", "unicode_escape", "idna", "base64", "rot13", "nothing"])
def test_no_label_runs_a_codec_that_is_no_encoding_of_pages(label: str) -> None:
    page = f"<meta charset={label}><h2>+ADw-b+AD4- \\u0041 ".encode() + "é".encode("latin-1") + b"</h2>"
    (one,) = read(page, {"title": "h2"}, media_type=f"text/html; charset={label}")
    assert one.title.startswith("+ADw-b+AD4- \\u0041")


PIECES = """<article> </article> <h2>T </h2> <time/datetime=2021-02-11> </time> <a/href=x> </a> word <div/class=h-entry>
</div> <b/class=p-name>n <i/class=e-content>c <p> <script/type=application/ld+json> {"@type":"Article","headline":"h"}
</script> <!-- <![CDATA[ &#0;"""


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES.split()), max_size=25),
    st.sampled_from(["articles", "microformats", "json-ld", {"entry": "article", "title": "h2, b", "text": "p, i"}]),
)
def test_no_page_raises_anything_but_what_it_lacks(parts: list[str], html: object) -> None:
    try:
        found = read("<html>" + "".join(parts), html)
    except DumpError:
        return
    assert all(one.title or one.paragraphs for one in found)


def test_values_of_hostile_json_are_left_out() -> None:
    article = {
        "@type": "Article",
        "headline": ["<b>Bold</b> title", 5],
        "url": "javascript:alert(1)",
        "datePublished": {"@value": "2021-02-11"},
        "author": [{"name": {"x": 1}}, "https://evil.example/", None, 7, {"name": "Ann"}],
        "keywords": [None, {"name": "k"}, "a, b"],
        "interactionStatistic": [{"interactionType": 5}, {"interactionType": "ReadAction", "userInteractionCount": -4}],
        "articleBody": "<img src=x onerror=alert(1)>text &lt;script&gt;",
    }
    (one,) = read(f'<script type="application/ld+json">{json.dumps(article)}</script>', "json-ld", url="")
    assert (one.title, one.author, one.extras.link, day(one)) == ("Bold title", "Ann", None, "2021-02-11")
    assert one.paragraphs == ("text <script>",)
    assert one.extras.counts == ()


def test_the_page_says_its_own_address_where_it_is_unknown() -> None:
    assert read(TYPECHO, {"title": "h2"}, url="")[0].extras.link == "https://kexue.fm/archives/8512"
    page = "<link rel=canonical href=https://c.example/x/><h2><a href=y>T</a></h2>"
    assert read(page, {"title": "h2"}, url="")[0].extras.link == "https://c.example/x/y"
    assert read("<h2><a href=y>T</a></h2>", {"title": "h2"}, url="")[0].extras.link is None
