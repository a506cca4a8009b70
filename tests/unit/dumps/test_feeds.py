"""What feeds of all formats are read as, and what is made of broken and hostile ones."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from digest.dumps.feeds.reading import FeedFirst
from digest.dumps.reading import BuiltIn
from digest.dumps.snapshot import BUILT_IN, read_snapshot
from digest.errors import DumpError
from digest.model import DateEvidence, NoteKind, PrintedDate

if TYPE_CHECKING:
    from digest.dumps.interface import Layouts
    from digest.model import Sighting, Snapshot

RSS = '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
HEAD = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n{RSS}\n<channel><title>Blog</title><link>https://blog.example/</link>\n'
)
END = "</channel></rss>\n"
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://blog.example/">'


def read(text: str | bytes, *, url: str = "", layouts: Layouts = BUILT_IN, zone: str | None = None) -> Snapshot:
    written = text if isinstance(text, bytes) else text.encode()
    chosen = FeedFirst(BuiltIn(), ZoneInfo(zone)) if zone else layouts
    return read_snapshot(io.BytesIO(written), "feed.xml", url=url, layouts=chosen)


def rss(*items: str) -> str:
    return HEAD + "\n".join(f"<item>{item}</item>" for item in items) + END


def atom(*entries: str, head: str = "") -> str:
    return ATOM + head + "".join(f"<entry>{entry}</entry>" for entry in entries) + "</feed>"


def one(text: str | bytes, **how: Any) -> Sighting:
    (found,) = read(text, **how).sightings
    return found


def test_an_item_of_rss_has_all_that_its_feed_says() -> None:
    found = one(
        rss(
            "<title>Hello &lt;em&gt;there&lt;/em&gt; &amp;amp; more</title><link>/p/1?a=1</link>"
            '<guid isPermaLink="false">tag:1</guid><dc:creator>Ann</dc:creator>'
            "<category>a</category><category>b</category>"
            "<pubDate>Mon, 01 Jun 2026 23:30:00 +0000</pubDate><description>short</description>"
            "<content:encoded><![CDATA[<h2>Part</h2><p>First.</p><pre>x = 1\n  y</pre><img src='a.png' alt='A hill'>]]>"
            "</content:encoded>"
        ),
        zone="Asia/Shanghai",
    )
    assert (found.title, found.author, found.date) == ("Hello there & more", "Ann", DateEvidence(6, 2, 2026))
    assert found.extras.link == "https://blog.example/p/1?a=1"
    assert (found.extras.uid, found.extras.tags, found.layout) == ("tag:1", ("a", "b"), "feed")
    assert found.paragraphs == ("Part", "First.", "x = 1\n  y", "A hill")
    assert found.figures == ("A hill",)
    assert found.complete


@pytest.mark.parametrize(
    ("written", "zone", "day"),
    [
        ("Mon, 01 Jun 2026 23:30:00 +0000", None, (6, 1)),
        ("Mon, 01 Jun 2026 23:30:00 +0000", "Asia/Shanghai", (6, 2)),
        ("Tue, 02 Jun 2026 01:00:00 +0800", "America/New_York", (6, 1)),
        ("2026-06-02", "America/New_York", (6, 2)),
        ("2026-06-02T01:00:00", "America/New_York", (6, 2)),
        ("2026-06-02T01:00:00Z", "America/New_York", (6, 1)),
        ("1 Jun 2026 23:30 EST", "Asia/Shanghai", (6, 2)),
        ("Mon, 32 Jun 2026 23:30:00 +0000", None, None),
        ("yesterday", None, None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None, None),
    ],
)
def test_a_day_is_that_of_the_zone_of_the_source(written: str, zone: str | None, day: tuple[int, int] | None) -> None:
    found = one(rss(f"<title>T</title><pubDate>{written}</pubDate>"), zone=zone)
    assert (found.date and (found.date.month, found.date.day)) == day


def test_atom_has_texts_of_three_kinds_and_the_author_of_the_feed() -> None:
    found = read(
        atom(
            '<title type="html">A &lt;b&gt;bold&lt;/b&gt; move</title><id>urn:1</id><link href="p/1"/>'
            "<published>2026-06-01T00:00:00Z</published><updated>2026-07-01T00:00:00Z</updated>"
            '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>One.</p><p>Two.</p></div></content>',
            "<title>1 &lt; 2 &amp;amp; 3</title><id>urn:2</id><author><name>Ben</name></author>"
            '<content type="text">First.\n\nSecond.</content>',
            "<title>S</title><id>urn:3</id><summary>Only this.</summary>",
            head="<author><name>Ann</name><email>ann@blog.example</email></author>",
        )
    ).sightings
    assert [one.title for one in found] == ["A bold move", "1 < 2 &amp; 3", "S"]
    assert [one.author for one in found] == ["Ann", "Ben", "Ann"]
    assert [one.paragraphs for one in found] == [("One.", "Two."), ("First.", "Second."), ("Only this.",)]
    assert [one.complete for one in found] == [True, True, False]
    assert found[0].date == DateEvidence(6, 1, 2026)
    assert found[0].extras.link == "https://blog.example/p/1"


def test_the_day_of_a_change_is_no_date_and_is_marked_as_what_it_is() -> None:
    found = one(atom("<title>T</title><id>urn:1</id><updated>2026-06-01T00:00:00Z</updated>"))
    assert (found.date, found.extras.updated) == (None, PrintedDate(2026, 6, 1))


ITEM = "<title>T</title><link>https://b.example/1</link>"
FORMATS = {
    "rss 0.91": f'<rss version="0.91"><channel><title>B</title><item>{ITEM}</item></channel></rss>',
    "rss 1.0": '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
    f'<channel rdf:about="x"><title>B</title></channel><item rdf:about="https://b.example/1">{ITEM}</item></rdf:RDF>',
    "atom 0.3": '<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>B</title><entry><title>T</title>'
    '<link rel="alternate" href="https://b.example/1"/><id>1</id><issued>2026-06-01T00:00:00Z</issued></entry></feed>',
    "atom with a prefix": '<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:entry><a:title>T</a:title><a:id>1</a:id>'
    '<a:link href="https://b.example/1"/></a:entry></a:feed>',
    "json 1": '{"version": "https://jsonfeed.org/version/1", "items": [{"title": "T", "url": "https://b.example/1"}]}',
}


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_recognised(form: str) -> None:
    found = one("\ufeff\n" + FORMATS[form])
    assert (found.title, found.extras.link) == ("T", "https://b.example/1")


def test_a_json_feed_is_read_with_its_own_fields() -> None:
    items: list[Any] = [
        {
            "id": 7,
            "url": "/1",
            "title": "A <b> tag",
            "content_html": "<p>One.</p><p>Two.</p>",
            "date_published": "2026-06-01T23:00:00+02:00",
            "tags": ["x", "x", "y"],
            "authors": [{"name": "Ann"}, {"name": "Ben"}],
        },
        {"id": "b", "content_text": "First.\n\nSecond.", "date_modified": "2026-06-03"},
        {"id": "c", "title": "C", "summary": "s"},
        "no item",
    ]
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "home_page_url": "https://b.example/",
        "authors": [{"name": "Eve"}],
        "items": items,
    }
    found = read(json.dumps(feed)).sightings
    assert [one.title for one in found] == ["A <b> tag", "", "C"]
    assert [one.author for one in found] == ["Ann, Ben", "Eve", "Eve"]
    assert [one.extras.uid for one in found] == ["7", "b", "c"]
    assert [one.paragraphs for one in found] == [("One.", "Two."), ("First.", "Second."), ("s",)]
    assert [one.complete for one in found] == [True, True, False]
    assert found[0].extras.tags == ("x", "y")
    assert found[0].extras.link == "https://b.example/1"
    assert found[1].extras.updated == PrintedDate(2026, 6, 3)


def test_a_description_is_a_whole_text_only_if_it_has_blocks_and_no_cut() -> None:
    whole = "&lt;p&gt;One.&lt;/p&gt;&lt;p&gt;Two.&lt;/p&gt;"
    found = read(
        rss(
            f"<title>A</title><description>{whole}</description>",
            f"<title>B</title><description>{whole[:-17]} and so on […]&lt;/p&gt;</description>",
            f"<title>C</title><description>{whole}&lt;a href='/c'&gt;Continue reading&lt;/a&gt;</description>",
            "<title>D</title><description>One sentence.</description>",
            "<title>E</title>",
        )
    ).sightings
    assert [one.complete for one in found] == [True, False, False, False, False]


# --- ids -------------------------------------------------------------------------------------------


def test_an_id_that_all_entries_share_is_ignored_and_reported() -> None:
    found = read(rss(*(f"<title>T{at}</title><link>/p/{at}</link><guid>same</guid>" for at in range(3))))
    assert [one.extras.uid for one in found.sightings] == ["", "", ""]
    assert [(note.kind, note.entries, note.text) for note in found.notes] == [(NoteKind.SHARED_ID, 3, "same")]


def test_of_two_versions_of_an_entry_the_newer_one_is_read() -> None:
    versions = [
        f"<title>T</title><id>urn:1</id><updated>2026-06-0{day}T00:00:00Z</updated><content>v{day}</content>"
        for day in (1, 3, 2)
    ]
    assert one(atom(*versions)).paragraphs == ("v3",)


def test_a_deleted_entry_is_no_entry() -> None:
    tombstone = (
        '<at:deleted-entry xmlns:at="http://purl.org/atompub/tombstones/1.0" ref="urn:2" when="2026-06-01T00:00:00Z">'
        "<at:comment>Removed</at:comment></at:deleted-entry>"
    )
    text = atom("<title>T</title><id>urn:1</id>", head=tombstone).replace("</feed>", tombstone + "</feed>")
    assert one(text).extras.uid == "urn:1"


# --- broken and hostile feeds ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("gb18030", "gbk"), ("big5", "Big5"), ("windows-1251", "windows-1251"), ("shift_jis", "Shift_JIS"),
     ("iso-2022-jp", "ISO-2022-JP"), ("iso-8859-1", "ISO-8859-1"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16"),
     ("utf-16-le", "UTF-16"), ("utf-8", "gbk")],
)  # fmt: skip
def test_the_declared_encoding_is_believed_unless_the_bytes_are_another_one(encoding: str, declared: str) -> None:
    title = {"windows-1251": "Привет, мир", "iso-8859-1": "Déjà vu naïf", "big5": "數學與詩"}.get(encoding, "日本")
    text = rss(f"<title>{title}</title>").replace("UTF-8", declared)
    assert one(text.encode(encoding)).title == title


@pytest.mark.parametrize("end", range(len(HEAD), len(rss("<title>First</title>", "<title>Second one</title>")) - 20, 3))
def test_an_item_that_is_cut_off_is_left_out(end: int) -> None:
    text = rss("<title>First</title>", "<title>Second one</title>")[:end]
    if "</item>" not in text:
        with pytest.raises(DumpError, match="is a feed without any entry"):
            read(text)
        return
    found = read(text)
    assert [one.title for one in found.sightings] == ["First", "Second one"][: text.count("</item>")]
    assert [note.kind for note in found.notes] == [NoteKind.CUT_OFF]


def test_the_items_of_a_json_feed_before_its_cut_are_read() -> None:
    items = [{"id": str(at), "title": f"T{at}"} for at in range(3)]
    text = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items})
    found = read(text[:-9])
    assert [one.title for one in found.sightings] == ["T0", "T1"]
    assert [note.kind for note in found.notes] == [NoteKind.CUT_OFF]


def test_broken_xml_is_read_and_reported_with_its_line() -> None:
    found = read(rss("<title>A &nbsp; B & C</title><description>x</wrong></description>", "<title>D</title>"))
    assert [one.title for one in found.sightings] == ["A B & C", "D"]
    assert [(note.kind, note.line) for note in found.notes] == [(NoteKind.MALFORMED, 4)]


def test_entities_are_not_expanded() -> None:
    bomb = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10}">' for at in range(1, 10))
    types = f'<!DOCTYPE rss [<!ENTITY l0 "lol">{bomb}<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    text = rss("<title>T &l9; &x;</title><description>&l9;</description>").replace("?>", "?>" + types, 1)
    found = one(text)
    assert len(found.title) < 50
    assert "root:" not in str(found)


def test_illegal_characters_are_removed() -> None:
    found = one(rss("<title>A\x00\x08 B&#0;&#x1F;</title><guid>a\x0bb</guid>").encode())
    assert found.title.startswith("A B")
    assert all(character.isprintable() for character in found.title + found.extras.uid)


def test_deep_markup_does_not_exhaust_the_stack() -> None:
    deep = "&lt;div&gt;" * 5000
    assert one(rss(f"<title>T</title><description>{deep}end</description>")).title == "T"
    assert one(rss(f"<title>T</title>{'<a>' * 5000}{'</a>' * 5000}")).title == "T"
    with pytest.raises(DumpError, match="cannot be read"):
        read('{"version": "https://jsonfeed.org/version/1", "x": ' + "[" * 100_000)


def test_a_number_that_is_no_character_is_left_out() -> None:
    assert one(rss("<title>A&#xfffffff;&#99999999999; B</title>")).title == "A B"


def test_no_markup_survives() -> None:
    script = "&lt;script&gt;alert(1)&lt;/script&gt;&lt;p onclick='x'&gt;Text&lt;/p&gt;&lt;p&gt;&lt;iframe src='x'&gt;"
    found = one(
        rss(
            f"<title>T&lt;script&gt;x&lt;/script&gt;</title><link>javascript:alert(1)</link><description>{script}</description>"
        )
    )
    assert found.paragraphs == ("Text",)
    assert found.extras.link is None


def test_a_source_that_demands_a_feed_names_what_it_gets_instead() -> None:
    demanding = FeedFirst(None, ZoneInfo("UTC"), demanded=True)
    with pytest.raises(DumpError, match='is an HTML page, not a feed: "502 Bad Gateway"'):
        read("<!DOCTYPE html><html><head><title>502 Bad\nGateway</title></head></html>", layouts=demanding)
    with pytest.raises(DumpError, match="holds no feed"):
        read("1 Jun\n\nT\n\nText\n\n点击阅读全文...\n", layouts=demanding)
    assert one("Warning: deprecated in x.php\n" + rss("<title>T</title>"), layouts=demanding).title == "T"


def test_an_error_page_in_place_of_a_feed_is_named_by_any_source() -> None:
    page = "<html><head><title>Not found</title></head><body><p>404</p></body></html>"
    with pytest.raises(DumpError, match='holds no entry in a known layout: it is an HTML page, "Not found"'):
        read(page)


def test_a_source_without_layouts_reads_both_and_one_that_names_others_no_feed() -> None:
    page = "1 Jun\n\nT\n\nText\n\n点击阅读全文...\n"
    assert read(page).sightings == read(page, layouts=BuiltIn()).sightings
    with pytest.raises(DumpError, match="no entry in a known layout"):
        read(rss("<title>T</title>"), layouts=BuiltIn())


def test_the_rules_of_other_dumps_are_as_before() -> None:
    assert BUILT_IN.rules(7) == 7
    shanghai, utc = (FeedFirst(None, ZoneInfo(zone), demanded=True).rules(7) for zone in ("Asia/Shanghai", "UTC"))
    assert len({7, shanghai, utc}) == 3


def test_a_feed_in_a_file_that_breaks_off_has_one_note_and_its_whole_items_are_complete() -> None:
    body = "<content:encoded><![CDATA[<p>Said {0}.</p>]]></content:encoded>"
    text = rss(*(f"<title>{name}</title>{body.format(name)}" for name in "abc"))
    half = text[: text.index("Said c")].encode()
    found = read_snapshot(io.BytesIO(half), "feed.xml", is_cut=True)
    assert [note.kind for note in found.notes] == [NoteKind.CUT]
    assert [(one.title, one.complete) for one in found.sightings] == [("a", True), ("b", True)]


@pytest.mark.parametrize(("dump", "said"), [("https://blog.example/", "suggest URL"), ("a.html", "suggest PATH")])
def test_the_remedy_for_a_page_without_entries_fits_where_it_came_from(dump: str, said: str) -> None:
    with pytest.raises(DumpError) as error:
        read_snapshot(io.BytesIO(b"Nothing that is known\n"), dump)
    assert said in error.value.remedy
