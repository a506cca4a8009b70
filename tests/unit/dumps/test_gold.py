"""The three real dumps, each field of each sighting. Sentences stand here as hashes, facts and numbers as they are."""

from __future__ import annotations

import hashlib
import itertools
from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from digest.dumps.snapshot import read_snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from digest.model import Sighting

# (title, (year, month, day), readers, hashes of paragraphs, places of figures among them)
Row = tuple[str, tuple[int | None, int, int], int | None, tuple[str, ...], tuple[int, ...]]
GOLD: dict[str, tuple[str, str | None, list[Row]]] = {
    "000": (
        "dateblock",
        None,
        [
            ("5638cb550b", (None, 11, 6), None, ("1859e3c55d", "17c4f0f783", "949b6becb0"), (1,)),
            ("b8492e4f97", (None, 11, 11), None, ("b8492e4f97", "057230663c", "193da70793"), (0,)),
            ("f1a95ea617", (None, 11, 13), None, ("e3b9a26716", "015d24367c", "63199300bb"), (1,)),
            ("91f26701ba", (None, 11, 20), None, ("2911fab2da", "9172fddd03", "f5e17e9491"), (1,)),
            (
                "ac50118a61",
                (None, 11, 24),
                None,
                ("282449f6e6", "6a3bfa9606", "72f97f96bf", "2e3af8d18d", "821658517f"),
                (),
            ),
            ("6039682477", (None, 12, 1), None, ("ba3e2be626", "7a5da43511", "f23e080146"), (1,)),
            ("7afc9a40ca", (None, 12, 4), None, ("ebe7fd81e5", "4c1925f4e8", "97e3459813"), (1,)),
            ("c6dc0105ed", (None, 12, 7), None, ("259b13631b", "259b07cce9"), (1,)),
        ],
    ),
    "001": (
        "byline",
        "1d309bbb3d",
        [
            (
                "18a6f590b8",
                (2018, 1, 6),
                932447,
                ("2b806f13a3", "072f889105", "5fad31c020", "c75c8e662c", "49ba28bdf3", "578ae73415", "d518c9ee4a"),
                (),
            ),
            ("36f0c0ae7e", (2018, 5, 2), 123419, ("bf9a7de1cf", "472dea3915", "c98e118e0a", "0d62822eff"), ()),
            (
                "ded177e515",
                (2018, 4, 15),
                453354,
                (
                    "e3b7fc14de",
                    "ed5cd893b6",
                    "f4b669c557",
                    "452f0f2595",
                    "469bef899c",
                    "16c4f5886c",
                    "415d23a99e",
                    "137063af8e",
                ),
                (),
            ),
            ("b0a728bc39", (2020, 3, 16), 99694, ("2b78f79459", "1bf0281e42", "3695ca1f69"), ()),
            (
                "95ef7574b6",
                (2018, 4, 24),
                87567,
                (
                    "a56b30c695",
                    "41ddf0d156",
                    "4838fbac69",
                    "3fb0917f38",
                    "2cb7115ab7",
                    "153b450068",
                    "1539ae0b03",
                    "0fa2074eae",
                    "5241f3dfbd",
                    "5806aa10c9",
                ),
                (),
            ),
            ("7adfdbe804", (2019, 1, 14), 44925, ("fe18bc639a", "52c911908c", "afb9850123", "b11469055d"), ()),
            (
                "471b35961a",
                (2018, 11, 20),
                179128,
                ("961ec83c2d", "f60c7752e7", "7fe72cbe86", "486248aa85", "b39349dbe3", "83a0b628ef", "4671bfa412"),
                (),
            ),
            ("e59cc41dee", (2019, 3, 6), 264843, ("565fcfd401",), ()),
        ],
    ),
    "003": (
        "byline",
        "1d309bbb3d",
        [
            (
                "2d6174853a",
                (2016, 9, 5),
                78428,
                ("49519d6d01", "17b4a33915", "bfdb4f0316", "7f177a4249", "d93f9bbb34"),
                (),
            ),
            (
                "dc3ebf7534",
                (2019, 10, 27),
                57508,
                (
                    "c89e748d9a",
                    "394afa1d07",
                    "7dfde9b1d6",
                    "6ee8b1a38f",
                    "a1358c60eb",
                    "95412b8159",
                    "914bdb1658",
                    "7846b00f19",
                    "bd7001cdb3",
                ),
                (),
            ),
            ("527ae52530", (2020, 4, 13), 123591, ("fa45ac1033", "797e05a0a6", "10fd02df3e", "18157b9b35"), ()),
            ("3f9682c6bf", (2020, 7, 10), 106056, ("f74fa14671", "d4d07f5fa4", "908bb0c0a1"), ()),
            ("3fdaa348d1", (2020, 7, 18), 33577, (), ()),
            ("91f26701ba", (2020, 11, 20), 69559, ("2911fab2da", "f5e17e9491"), ()),
            (
                "162f871518",
                (2021, 6, 2),
                56048,
                ("21fb275521", "c62eab2ab6", "76d62e45a4", "8e5c1c8ce0", "99b00c69ce"),
                (),
            ),
            ("0119209a20", (2022, 1, 12), 86805, ("a50e47fa6c", "4c8b48f846", "6b5f91ec75", "735dd69ab4"), ()),
        ],
    ),
}


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def row(found: Sighting) -> Row:
    assert found.date is not None
    return (
        hashed(found.title),
        (found.date.year, found.date.month, found.date.day),
        found.readers,
        tuple(map(hashed, found.paragraphs)),
        tuple(found.paragraphs.index(caption) for caption in found.figures),
    )


@pytest.mark.parametrize("number", GOLD)
def test_every_field_of_a_real_dump_is_read_right(number: str, real_dumps: Path) -> None:
    (file,) = real_dumps.glob(f"{number}_*.txt")
    layout, author, rows = GOLD[number]
    with file.open("rb") as stream:
        found = read_snapshot(stream, file.name).sightings

    assert [row(one) for one in found] == rows
    assert {(str(one.layout), one.author and hashed(one.author), one.complete, one.dump) for one in found} == {
        (layout, author, True, file.name)
    }
    assert [one.position for one in found] == list(range(len(rows)))


@pytest.mark.parametrize("between", [b"", b"\n", b"\r\n\r\n"])
def test_the_real_dumps_in_any_order_hold_the_same_entries(between: bytes, real_dumps: Path) -> None:
    files = {file.name[:3]: file.read_bytes() for file in sorted(real_dumps.glob("*.txt"))[:3]}
    for order in itertools.permutations(GOLD):
        found = read_snapshot(BytesIO(between.join(files[name] for name in order)), "all").sightings
        assert [row(one) for one in found] == [gold for name in order for gold in GOLD[name][2]]
