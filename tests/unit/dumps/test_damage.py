"""Damaged text is recognised; sound text of any language is not."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from digest.dumps.damage import damage
from digest.dumps.snapshot import read_snapshot

if TYPE_CHECKING:
    from pathlib import Path

CHINESE = "这是第一段文字,讲的是某种变换的来历,以及为什么它在实践中会比原来的方法更稳定一些。"
TRADITIONAL = "這是繁體中文的文字,關於區塊鏈技術與機器學習的討論,以及鏈條、體會和過程。"
SOUND = [
    "",
    "Plain English, 100 %.",
    CHINESE,
    TRADITIONAL,
    "“弯引号”和‘单引号’,——破折号……省略号·间隔号《书名》",
    "« Où est-ce que l’été s’achève… à Noël ? » — œuvre, garçon, ÉTÉ",
    "Größe, Übermäßig, „Straße“ — Ärger… 20 °C, § 3",
    "São Paulo, ação, não, SÃO, ÂNGULO",
    "Þórður, ÁÐUR, ÞÆGÐ",
    "これは日本語の文章です。カタカナも、漢字も。縁側で蝶々を見る。",
    "한국어 문장도 있습니다.",
    "Поезд шёл всю ночь. Ελληνικά. Tiếng Việt có nhiều dấu.",
    "∑ α β ∫ ≤ ≥ ℝ √ ± × ÷ ¬ ° µ x² y³ 𝒳 $\\alpha \\to \\beta$ ½ ①",
    "😀👍🏽👩\u200d💻🇨🇳 ✔️",
    "洹洧浣浯逍遥迨 邋遢 泸泺 澹台",
    "图标\ue001",  # one icon of a web font
    CHINESE * 40 + "这种乱码就像锟斤拷,或者 Ã© 那样。",  # an article about encodings
]


@pytest.mark.parametrize("text", SOUND)
def test_sound_text_is_not_damaged(text: str) -> None:
    assert damage([text]) == ""
    assert damage([text, CHINESE, "a title"]) == ""


WRONG = {
    "U+FFFD": ["一个\ufffd字", "caf\ufffd"],
    "private-use": ["图标\ue001和\ue002", "\U000f0001\U0010fffd"],
    "lost": ["锟斤拷锟斤拷", "烫烫烫"],
    "read as GBK": ["鐨勬", "涓€", "鏈枃", CHINESE.encode().decode("gbk", "ignore").replace("\ue045", "")],
    "read as Latin-1": [
        "CafÃ©",
        "donâ€™t say â€œnoâ€\x9d",
        "æ–‡",
        CHINESE.encode().decode("latin-1"),
        CHINESE.encode().decode("cp1252", "ignore"),
        "ÎÒÃÇ",
        CHINESE.encode("gbk").decode("latin-1"),
    ],
    "Shift JIS": [CHINESE.encode().decode("cp932", "ignore")],
    "wrong encoding": [(CHINESE * 5).encode("gbk").decode("big5", "ignore")],
}


@pytest.mark.parametrize(("reason", "text"), [(reason, text) for reason, texts in WRONG.items() for text in texts])
def test_damaged_text_is_named_in_one_sentence(reason: str, text: str) -> None:
    said = damage([text])

    assert reason in said
    assert said.endswith(".")
    assert "\n" not in said
    assert damage(iter(["a title", text])) == said


def test_a_page_of_damaged_text_is_damaged_between_sound_ones() -> None:
    assert damage([CHINESE, *[CHINESE.encode().decode("gbk", "ignore")] * 3, CHINESE])


def test_the_real_dumps_are_sound(real_dumps: Path) -> None:
    for file in sorted(real_dumps.glob("*.txt")):
        with file.open("rb") as stream:
            found = read_snapshot(stream, file.name).sightings
        assert damage(text for one in found for text in (one.title, *one.paragraphs)) == ""


def page(title: str, count: int = 3) -> str:
    entry = "{} Nov\n\n" + title + "{}\n\n" + CHINESE + "\n\n点击阅读全文...\n\n"
    return "".join(entry.format(day, day) for day in range(1, count + 1))


@pytest.mark.parametrize("counts", [(1, 1), (1, 9), (9, 1), (3, 28), (28, 3)])
@pytest.mark.parametrize("larger", [1, 60])  # the second encoding begins in the first block, or behind it
@pytest.mark.parametrize(
    ("first", "second"), [("utf-8", "gb18030"), ("gb18030", "utf-8"), ("utf-8", "big5"), ("big5", "utf-8")]
)
def test_two_encodings_in_one_file_are_damage_and_never_wrong_text(
    first: str, second: str, larger: int, counts: tuple[int, int]
) -> None:
    one, other = page("甲的题目", counts[0]) * larger, page("乙的题目", counts[1]) * larger
    data = one.encode(first, "ignore") + other.encode(second, "ignore")

    found = read_snapshot(io.BytesIO(data), "a.txt").sightings

    assert "U+FFFD" in damage(text for one in found for text in (one.title, *one.paragraphs))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16", "big5hkscs"])
def test_a_file_in_one_encoding_is_sound(encoding: str) -> None:
    text = page("甲的题目", 28) if encoding != "big5hkscs" else page("甲", 28).replace(CHINESE, TRADITIONAL)
    found = read_snapshot(io.BytesIO(text.encode(encoding, "ignore")), "a.txt").sightings

    assert len(found) == 28
    assert damage(text for one in found for text in (one.title, *one.paragraphs)) == ""
