"""Exports of other programs, remade with invented people: who may get mail, and what is known of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest.errors import ListError
from digest.lists.columns import unused_headings
from digest.lists.people import ListedPerson, read_rows
from digest.lists.table import decode_list, parse_table
from digest.lists.values import ListStatus

EXPORTS = Path(__file__).with_name("exports")
NOW = datetime(2026, 11, 30, tzinfo=UTC)


def rows(raw: bytes | str) -> list[ListedPerson]:
    text = raw if isinstance(raw, str) else decode_list(raw)[0]
    made = list(read_rows(parse_table(text), NOW))
    assert all(isinstance(one, ListedPerson) for one in made), made
    return [one for one in made if isinstance(one, ListedPerson)]


def read(name: str) -> dict[str, ListedPerson]:
    return {one.address: one for one in rows((EXPORTS / f"{name}.csv").read_bytes())}


# Who gets mail there with their names, then how the others stand.
READERS: list[tuple[str, dict[str, str], dict[str, ListStatus]]] = [
    (
        "listmonk",
        {"mira@example.org": "Mira Okafor", "lin@example.org": "林小满"},
        {"jonas@example.net": ListStatus.UNSUBSCRIBED, "spam.trap@example.com": ListStatus.UNSUBSCRIBED},
    ),
    ("mailchimp-subscribed", {"nadia@example.org": "Nadia Petrova", "tomas@example.net": "Tomás de la Cruz"}, {}),
    ("mailchimp-unsubscribed", {}, {"gone@example.org": ListStatus.UNSUBSCRIBED}),
    ("mailchimp-cleaned", {}, {"bounced@example.org": ListStatus.BOUNCED}),
    (
        "buttondown",
        {"ines@example.org": "", "paul@example.net": ""},
        {
            "quiet@example.com": ListStatus.UNCONFIRMED,
            "left@example.com": ListStatus.UNSUBSCRIBED,
            "wrong@example.com": ListStatus.BOUNCED,
            "angry@example.com": ListStatus.UNSUBSCRIBED,
        },
    ),
    (
        "ghost",
        {"grace@example.org": "Grace Mbeki", "kay@example.net": ""},
        {"nomail@example.com": ListStatus.UNSUBSCRIBED, "erased@example.com": ListStatus.UNSUBSCRIBED},
    ),
    ("substack", {"free@example.org": "", "yearly@example.net": ""}, {"off@example.com": ListStatus.UNSUBSCRIBED}),
    (
        "keila",
        {"astrid@example.org": "Astrid Lund"},
        {"out@example.com": ListStatus.UNSUBSCRIBED, "lost@example.com": ListStatus.BOUNCED},
    ),
    (
        "kit",
        {"maja@example.org": "Maja"},
        {"nils@example.com": ListStatus.UNSUBSCRIBED, "olga@example.com": ListStatus.BOUNCED},
    ),
    ("google", {"hanna@example.org": "Hanna Holm"}, {}),
    ("excel", {"lin@example.org": "林小满", "zhang@example.net": "张三", "li@example.com": "李四"}, {}),
]


@pytest.mark.parametrize(("name", "readers", "others"), READERS, ids=[name for name, _, _ in READERS])
def test_only_who_gets_mail_there_may_get_it_here(
    name: str, readers: dict[str, str], others: dict[str, ListStatus]
) -> None:
    found = read(name)
    assert {one.address: one.name for one in found.values() if one.status is ListStatus.GETS_MAIL} == readers
    assert {one.address: one.status for one in found.values() if one.status is not ListStatus.GETS_MAIL} == others


def test_tags_and_labels_are_taken_however_they_are_parted() -> None:
    assert read("mailchimp-subscribed")["nadia@example.org"].tags == ("Maths", "vip")
    assert read("buttondown")["ines@example.org"].tags == ("maths", "poetry")
    assert read("ghost")["grace@example.org"].tags == ("maths", "vip")
    assert read("excel")["zhang@example.net"].tags == ("数学", "诗")


def test_when_somebody_asked_and_confirmed_is_kept_with_the_source() -> None:
    nadia = read("mailchimp-subscribed")["nadia@example.org"]
    assert nadia.consented_at == datetime(2023, 4, 1, 9, 5, 30, tzinfo=UTC)
    assert nadia.asked_at == datetime(2023, 4, 1, 9, 0, tzinfo=UTC)
    assert nadia.timezone == "America/Los_Angeles"
    tomas = read("mailchimp-subscribed")["tomas@example.net"]
    assert (tomas.consented_at, tomas.asked_at) == (datetime(2022, 12, 24, 18, tzinfo=UTC), None)
    ines = read("buttondown")["ines@example.org"]
    assert ines.consented_at == datetime(2024, 2, 10, 8, 15, 0, 250_000, tzinfo=UTC)
    assert ines.source == "embedded_form"
    assert read("listmonk")["lin@example.org"].consented_at == datetime(2024, 3, 8, 22, 30, tzinfo=UTC)
    assert read("keila")["astrid@example.org"].consented_at == datetime(2024, 3, 1, 10, tzinfo=UTC)
    assert read("excel")["lin@example.org"].consented_at == datetime(2024, 3, 9, tzinfo=UTC)


def test_languages_of_a_spreadsheet_are_ours() -> None:
    assert [one.language for one in read("excel").values()] == ["zh_CN", "en", "zh_CN"]


def test_columns_of_which_nothing_is_taken_are_named() -> None:
    found = parse_table(decode_list((EXPORTS / "mailchimp-subscribed.csv").read_bytes())[0])
    left = unused_headings(found.heads, found.columns)
    assert {"Address", "OPTIN_IP", "MEMBER_RATING", "NOTES", "LAST_CHANGED"} <= set(left)
    assert not {"Email Address", "TAGS", "OPTIN_TIME"} & set(left)


EXCEL = (EXPORTS / "excel.csv").read_text("utf-8")
WAYS = {
    "utf-8 with a mark": b"\xef\xbb\xbf" + EXCEL.encode(),
    "utf-16": EXCEL.encode("utf-16"),
    "utf-16 big-endian": b"\xfe\xff" + EXCEL.encode("utf-16-be"),
    "gb18030": EXCEL.encode("gb18030"),
    "tabs in utf-16": EXCEL.removeprefix("sep=;\n").replace(";", "\t").encode("utf-16"),
    "commas": EXCEL.removeprefix("sep=;\n").replace(";", ",").encode(),
    "lines of windows": EXCEL.replace("\n", "\r\n").encode("gb18030"),
    "lines of old macs": EXCEL.replace("\n", "\r").encode(),
    "no hint": EXCEL.removeprefix("sep=;\n").encode(),
}


@pytest.mark.parametrize("raw", WAYS.values(), ids=WAYS)
def test_a_spreadsheet_is_read_however_it_was_saved(raw: bytes) -> None:
    expected = [(one.address, one.name, one.language, one.tags, one.consented_at) for one in rows(EXCEL)]
    assert [(one.address, one.name, one.language, one.tags, one.consented_at) for one in rows(raw)] == expected


def test_western_text_of_a_spreadsheet_is_not_taken_for_chinese() -> None:
    raw = "Email;Vorname;Nachname\njoel@example.org;Joël;Müller-Schultheiß\neliska@example.net;Eliška;Ñandú\n".encode(
        "cp1252"
    )
    assert [one.name for one in rows(raw)] == ["Joël Müller-Schultheiß", "Eliška Ñandú"]


def test_utf_16_without_its_mark_is_read() -> None:
    assert [one.address for one in rows("email,name\nada@example.org,Ada\n".encode("utf-16-le"))] == ["ada@example.org"]


def test_a_pause_ahead_is_kept_and_a_consent_ahead_is_not() -> None:
    ahead = (NOW + timedelta(days=9)).isoformat()
    (one,) = rows(f"email,paused_until,confirmed_at\nada@example.org,{ahead},{ahead}\n")
    assert (one.paused_until, one.consented_at) == (NOW + timedelta(days=9), None)
    assert "is in the future" in one.warnings[0]


TRADITIONAL = "電子郵件,姓名\nyu@example.org,林小滿\nchen@example.net,陳怡君與臺灣大學\n"


@pytest.mark.parametrize("encoding", ["big5", "gb18030", "utf-16", "utf-8"])
def test_traditional_chinese_is_read_in_each_of_its_encodings(encoding: str) -> None:
    assert [one.name for one in rows(TRADITIONAL.encode(encoding))] == ["林小滿", "陳怡君與臺灣大學"]


@pytest.mark.parametrize("name", ["Åsa", "ÁLVAREZ", "Ålesund Ärlig", "José", "Çelik"])
def test_capitals_with_accents_are_not_taken_for_big5(name: str) -> None:
    assert [one.name for one in rows(f"email,name\nada@example.org,{name}\n".encode("cp1252"))] == [name]


@pytest.mark.parametrize(
    ("raw", "remedy"),
    [
        (b"PK\x03\x04\x14\x00\x06\x00" + bytes(64), "save the sheet as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64), "save the sheet as CSV"),
        (b"\x1f\x8b\x08\x00" + bytes(64), "unpack it"),
    ],
)
def test_an_archive_is_called_so(raw: bytes, remedy: str) -> None:
    with pytest.raises(ListError, match=remedy):
        decode_list(raw)


@pytest.mark.parametrize(
    ("word", "standing"),
    [("declined", ListStatus.UNSUBSCRIBED), ("pending", ListStatus.UNCONFIRMED), ("no", ListStatus.UNSUBSCRIBED)],
)
def test_a_column_of_consent_may_hold_a_state(word: str, standing: ListStatus) -> None:
    (one,) = rows(f"email,consent\nada@example.org,{word}\n")
    assert one.status is standing
