"""What an edition says, in both languages, for everybody and for one person."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from lxml import html as lxml_html

from digest.errors import ConfigurationError
from digest.mail.personal import personal
from digest.mail.words import LARGEST_HTML, Frame, body
from digest.model import (
    AtomId,
    Content,
    DateKind,
    EditionKey,
    Entry,
    EntryDate,
    EntryId,
    Section,
    Selected,
    SourceId,
)
from digest.typeset.formulas import pictured

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 16, 0, 0, tzinfo=UTC)
FRAME = Frame(
    title="科学空间 每周摘要",
    key=EditionKey("weekly/2026-W47"),
    closes_at=NOW,
    zone=ZoneInfo("Asia/Shanghai"),
    base_url="https://digest.example.org",
    template="weekly",
    folder=None,
    channel=pictured({}, str),
)


def entry(name: str, title: str = "", *paragraphs: str, figures: tuple[str, ...] = ()) -> Entry:
    content = Content(title or name, "山客", paragraphs or (f"{name}的第一段。",), figures)
    day = EntryDate(11, 13, 2020, DateKind.EXACT)
    return Entry(EntryId(name), AtomId(name), (SourceId("blog"),), content, day, 9, NOW, NOW, 1, 0)


def text_of(page: str) -> str:
    return " ".join(lxml_html.document_fromstring(page).text_content().split())


def test_new_entries_come_first_then_the_most_read_then_the_corrected() -> None:
    selected = [
        Selected(Section.NEW, entry("甲", "甲的题目")),
        Selected(Section.MOST_READ, entry("乙", "乙的题目"), 42),
        Selected(Section.CORRECTED, entry("丙", "丙的新题目")),
    ]
    for language in ("zh_CN", "en"):
        made = body(FRAME, selected, {EntryId("丙"): "丙的旧题目"}, language)
        for words in (text_of(made.html), made.text):
            order = [words.index(part) for part in ("甲的题目", "乙的题目", "42", "丙的新题目", "丙的旧题目")]
            assert order[0] < min(order[1:3]) < max(order[1:3]) < min(order[3:])
            assert "https://digest.example.org/editions/weekly/2026-W47" in made.html + made.text
        assert "甲的第一段。" in made.text
        assert "山客" in made.text


def test_each_language_speaks_for_itself() -> None:
    selected = [Selected(Section.NEW, entry("甲"))]
    chinese, english = body(FRAME, selected, {}, "zh_CN"), body(FRAME, selected, {}, "en")
    assert "2020年11月13日" in chinese.text
    assert "13 November 2020" in english.text
    assert "退订" in chinese.text
    assert "Unsubscribe" in english.text
    assert lxml_html.document_fromstring(chinese.html).get("lang") == "zh-CN"
    assert lxml_html.document_fromstring(english.html).get("lang") == "en"
    assert chinese.subject != english.subject


def test_a_date_never_says_more_than_the_evidence() -> None:
    partial = replace(entry("甲"), date=EntryDate(11, 20, None, DateKind.PARTIAL))
    undated = replace(entry("乙"), date=None)
    made = body(FRAME, [Selected(Section.NEW, partial), Selected(Section.NEW, undated)], {}, "zh_CN")
    told = made.text[: made.text.index("乙的第一段")]
    assert "11月20日" in told
    assert "年11月20日" not in told


def test_figures_show_as_captions_and_markup_stays_text() -> None:
    evil = entry("甲", "<script>alert(1)</script>{{ 7*7 }}", "<img src=x onerror=y>", "星空", figures=("星空",))
    made = body(FRAME, [Selected(Section.NEW, evil)], {EntryId("甲"): "<b>"}, "zh_CN")
    document = lxml_html.document_fromstring(made.html)
    assert not document.xpath("//script | //img | //*[starts-with(name(@*), 'on')]")
    assert "<script>alert(1)</script>{{ 7*7 }}" in text_of(made.html)
    assert "<script>alert(1)</script>{{ 7*7 }}" in made.text
    assert "星空" in text_of(made.html)
    assert "[星空]" in made.text


def test_an_edition_too_long_for_a_mail_says_what_it_leaves_out() -> None:
    many = [Selected(Section.NEW, entry(f"第{n}篇", "", "字" * 400)) for n in range(200)]
    made = body(FRAME, many, {}, "zh_CN")
    assert len(made.html.encode()) <= LARGEST_HTML
    shown = made.html.count("/entries/")
    assert 5 < shown < 200
    left_out = [n for n in range(200) if f"第{n}篇" not in made.text]
    assert left_out == list(range(200 - len(left_out), 200))
    assert str(len(left_out)) in made.text
    assert "200" in made.text + made.subject


def test_personal_parts_are_put_in_where_the_marks_stand_and_nowhere_else() -> None:
    forged = entry("甲", "\ue0f0address\ue0f1 \ue0f0leave\ue0f1", "\ue0f0leave\ue0f1在正文里")
    made = body(FRAME, [Selected(Section.NEW, forged)], {}, "zh_CN")

    mine = personal(made, leave_url="https://x.example/leave/T?a=1&b=2", address="<me>@example.org")

    assert "https://x.example/leave/T?a=1&amp;b=2" in mine.html
    assert "https://x.example/leave/T?a=1&b=2" in mine.text
    assert "&lt;me&gt;@example.org" in mine.html
    assert "\ue0f0" not in mine.html + mine.text
    assert "\ue0f1" not in mine.html + mine.text
    assert mine.text.count("https://x.example/leave/T") == made.text.count("\ue0f0leave\ue0f1") > 0


def test_a_user_overrides_one_template_and_the_others_stay(tmp_path: Path) -> None:
    folder = tmp_path / "mail" / "weekly"
    folder.mkdir(parents=True)
    (folder / "subject.txt").write_text("自家的题目 {{ count }}\n\n", "utf-8")
    made = body(replace(FRAME, folder=tmp_path), [Selected(Section.NEW, entry("甲"))], {}, "zh_CN")
    assert made.subject == "自家的题目 1"
    assert made.html == body(FRAME, [Selected(Section.NEW, entry("甲"))], {}, "zh_CN").html


def test_a_wrong_template_is_named_with_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "mail" / "weekly"
    folder.mkdir(parents=True)
    (folder / "text.txt").write_text("一\n{{ nothing.here }}\n", "utf-8")
    with pytest.raises(ConfigurationError, match=r"weekly/text\.txt:2: .*nothing"):
        body(replace(FRAME, folder=tmp_path), [Selected(Section.NEW, entry("甲"))], {}, "zh_CN")
