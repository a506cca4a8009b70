"""The text of an edition, in both languages, for everybody and for one person."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from digest.errors import ConfigurationError
from digest.mail.composing.corrections import Correction, is_visible
from digest.mail.composing.edition_text import CONTENTS, LARGEST_HTML, LARGEST_PICTURES, edition_body
from digest.mail.composing.entry_views import Frame, shares
from digest.mail.composing.lint import findings
from digest.mail.composing.message import edition_message, picture_address
from digest.mail.composing.message_template import PersonalValues, personalized
from digest.model import (
    AtomId,
    Block,
    BlockKind,
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
from digest.settings import Digest
from digest.typeset.formulas import Size, formulas, pictured
from tests.unit.mail.test_message import LETTER, head, header

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 16, 0, 0, tzinfo=UTC)
FRAME = Frame(
    digest=Digest(id="weekly", title="科学空间 每周摘要"),
    key=EditionKey("weekly/2026-W47"),
    opens_at=NOW - timedelta(days=7),
    closes_at=NOW,
    zone=ZoneInfo("Asia/Shanghai"),
    base_url="https://digest.example.org",
    folder=None,
    channel=pictured({}, str),
)


def entry(name: str, title: str = "", *paragraphs: str, figures: tuple[str, ...] = ()) -> Entry:
    content = Content(title or name, "山客", paragraphs or (f"{name}的第一段。",), figures)
    day = EntryDate(11, 13, 2020, DateKind.EXACT)
    return Entry(EntryId(name), AtomId(name), (SourceId("blog"),), content, day, 9, NOW, NOW, 1, 0)


def corrected(before: Entry, after: Entry) -> dict[EntryId, tuple[Correction, ...]]:
    return {after.id: (Correction(before.content, after.content),)}


def text_of(page: str) -> str:
    return " ".join(lxml_html.document_fromstring(page).text_content().split())


def test_new_entries_come_first_then_the_corrected_then_the_most_read() -> None:
    selected = [
        Selected(Section.NEW, entry("甲", "甲的题目")),
        Selected(Section.MOST_READ, entry("乙", "乙的题目"), 42),
        Selected(Section.CORRECTED, entry("丙", "丙的新题目")),
    ]
    for language in ("zh_CN", "en"):
        made = edition_body(FRAME, selected, corrected(entry("丙", "丙的旧题目"), selected[2].entry), language)
        for words in (text_of(made.html), made.text):
            order = [words.rindex(part) for part in ("甲的题目", "丙的新题目", "丙的旧题目", "乙的题目", "42")]
            assert order == sorted(order)
            assert "https://digest.example.org/editions/weekly/2026-W47" in made.html + made.text
        assert "甲的第一段。" in made.text
        assert "山客" in made.text


def test_each_language_speaks_for_itself() -> None:
    selected = [Selected(Section.NEW, entry("甲"))]
    chinese, english = edition_body(FRAME, selected, {}, "zh_CN"), edition_body(FRAME, selected, {}, "en")
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
    made = edition_body(FRAME, [Selected(Section.NEW, partial), Selected(Section.NEW, undated)], {}, "zh_CN")
    told = made.text[: made.text.index("乙的第一段")]
    assert "11月20日" in told
    assert "年11月20日" not in told


def test_a_year_that_nobody_wrote_is_marked_as_inferred_and_no_other_is() -> None:
    inferred = replace(entry("甲"), date=EntryDate(11, 20, 2020, DateKind.INFERRED))
    told = [Selected(Section.NEW, inferred), Selected(Section.NEW, entry("乙"))]
    for language, note in (("zh_CN", "2020年11月20日（年份为推断）"), ("en", "20 November 2020 (year inferred)")):
        made = edition_body(FRAME, told, {}, language)
        for words in (text_of(made.html), made.text):
            assert note in words
            assert words.count(note[-5:]) == 1


def test_figures_show_as_captions_and_markup_stays_text() -> None:
    evil = entry("甲", "<script>alert(1)</script>{{ 7*7 }}", "<img src=x onerror=y>", "星空", figures=("星空",))
    both = [Selected(Section.NEW, evil), Selected(Section.CORRECTED, evil)]
    before = entry("甲", "<b>{{ 7*7 }}", "<script>alert(2)</script>", "<img src=x onerror=z>")
    made = edition_body(FRAME, both, corrected(before, evil), "zh_CN")
    document = lxml_html.document_fromstring(made.html)
    assert not document.xpath("//script | //img | //*[starts-with(name(@*), 'on')]")
    assert "<script>alert(1)</script>{{ 7*7 }}" in text_of(made.html)
    assert "<script>alert(1)</script>{{ 7*7 }}" in made.text
    assert "星空" in text_of(made.html)
    assert "［图：星空］" in made.text
    assert "<b>{{ 7*7 }}" in text_of(made.html)
    assert document.xpath("//del | //ins")


def test_an_edition_too_long_for_a_mail_says_what_it_leaves_out() -> None:
    many = [Selected(Section.NEW, entry(f"第{n}篇", "很长的题目" * 30, "字" * 400)) for n in range(200)]
    made = edition_body(FRAME, many, {}, "zh_CN")
    assert len(made.html.encode()) <= LARGEST_HTML
    shown = made.html.count("/entries/")
    assert 5 < shown < 200
    left_out = [n for n in range(200) if f"/entries/第{n}篇" not in made.text]
    assert left_out == list(range(200 - len(left_out), 200))
    assert f"还有 {len(left_out)} 篇" in made.text
    assert "200" in made.text + made.subject


def test_personal_parts_are_put_in_where_the_marks_stand_and_nowhere_else() -> None:
    forged = entry("甲", "\ue0f0address\ue0f1 \ue0f0leave\ue0f1", "\ue0f0leave\ue0f1在正文里")
    made = edition_body(FRAME, [Selected(Section.NEW, forged)], {}, "zh_CN")

    mine = personalized(
        made,
        PersonalValues(
            leave_url="https://x.example/leave/T?a=1&b=2",
            preferences_url="https://x.example/preferences/T",
            address="<me>\ue0f0leave\ue0f1@example.org",
            agreed="2026年3月14日",
        ),
    )

    assert "https://x.example/leave/T?a=1&amp;b=2" in mine.html
    assert "https://x.example/leave/T?a=1&b=2" in mine.text
    for words in (mine.html, mine.text):
        assert "https://x.example/preferences/T" in words
        assert "2026年3月14日" in words
        assert words.count("\ue0f0") == words.count("@example.org") == 1  # an address is a value, no template
    assert "&lt;me&gt;" in mine.html
    assert mine.text.count("https://x.example/leave/T") == made.text.count("\ue0f0leave\ue0f1") > 0


def test_a_user_overrides_one_template_and_the_others_stay(tmp_path: Path) -> None:
    folder = tmp_path / "mail" / "weekly"
    folder.mkdir(parents=True)
    (folder / "subject.txt").write_text("自家的题目 {{ count }}\n\n", "utf-8")
    made = edition_body(replace(FRAME, folder=tmp_path), [Selected(Section.NEW, entry("甲"))], {}, "zh_CN")
    assert made.subject == "自家的题目 1"
    assert made.html == edition_body(FRAME, [Selected(Section.NEW, entry("甲"))], {}, "zh_CN").html


def test_a_wrong_template_is_named_with_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "mail" / "weekly"
    folder.mkdir(parents=True)
    (folder / "text.txt").write_text("一\n{{ nothing.here }}\n", "utf-8")
    with pytest.raises(ConfigurationError, match=r"weekly/text\.txt:2: .*nothing"):
        edition_body(replace(FRAME, folder=tmp_path), [Selected(Section.NEW, entry("甲"))], {}, "zh_CN")


def test_the_footer_says_why_since_when_who_and_how_to_change_or_leave() -> None:
    made = edition_body(replace(FRAME, postal="山客,某街一号"), [Selected(Section.NEW, entry("甲"))], {}, "zh_CN")
    mine = personalized(
        made,
        PersonalValues(
            leave_url="https://l.example/", preferences_url="https://p.example/", address="a@b", agreed="X日"
        ),
    )
    links = lxml_html.document_fromstring(mine.html).xpath("//a/@href")
    assert {"https://l.example/", "https://p.example/", "https://digest.example.org/"} <= set(links)
    for words in (text_of(mine.html), mine.text):
        foot = words[words.index("您收到这封邮件") :]
        assert all(part in foot for part in ("a@b", "X日", "科学空间 每周摘要", "山客,某街一号"))
    assert "山客" not in edition_body(FRAME, [Selected(Section.MOST_READ, entry("甲"), 1)], {}, "zh_CN").text


def test_a_long_mail_begins_with_its_contents_and_a_short_one_does_not() -> None:
    many = [Selected(Section.NEW, entry(f"第{n}篇")) for n in range(CONTENTS)]
    for made in (text_of(edition_body(FRAME, many, {}, "zh_CN").html), edition_body(FRAME, many, {}, "zh_CN").text):
        rest = made[made.index("本期目录") :]
        assert rest.index("第4篇") < rest.index("第0篇的第一段")
    few = edition_body(FRAME, many[1:], {}, "zh_CN")
    assert "本期目录" not in few.html + few.text


def test_new_entries_stand_by_groups_in_their_order_where_there_are_several() -> None:
    new = [Selected(Section.NEW, entry(name)) for name in ("甲", "乙", "丙", "丁")]
    groups = [("后一半", lambda e: e.id in "丙丁"), ("乙丙", lambda e: e.id in "乙丙"), ("没有", lambda _: False)]
    made = edition_body(replace(FRAME, groups=groups), new, {}, "zh_CN")
    for words in (text_of(made.html), made.text):
        places = [
            words.index(word) for word in ("后一半", "丙的第一段", "丁的第一段", "乙丙", "乙的第", "其他", "甲的第")
        ]
        assert places == sorted(places)
        assert "没有" not in words
    assert made.subject.startswith("丙 等 4 篇 · ")
    one = edition_body(replace(FRAME, groups=groups), new[2:], {}, "zh_CN")
    assert "后一半" not in one.html + one.text
    headings = lxml_html.document_fromstring(one.html).xpath("//h3")
    assert [heading.text_content() for heading in headings] == ["丙", "丁"]


def test_the_most_read_show_how_far_they_lead() -> None:
    read = [Selected(Section.MOST_READ, entry(str(n)), n) for n in (1000, 500, 1)]
    made = edition_body(FRAME, read, {}, "en")
    assert lxml_html.document_fromstring(made.html).xpath("//td[@class='gain']/@width") == ["100%", "50%", "1%"]
    bars = [line.split()[0] for line in made.text.splitlines() if line.strip().startswith(("█", "▏", "▎"))]
    assert bars == ["█" * 24, "█" * 12, "▎"]


def test_bars_of_gains_that_are_nearly_the_same_differ_visibly() -> None:
    read = [Selected(Section.MOST_READ, entry(str(n)), n) for n in (4748, 4747, 4745, 4744, 4744)]
    made = edition_body(FRAME, read, {}, "zh_CN")
    widths = [int(w[:-1]) for w in lxml_html.document_fromstring(made.html).xpath("//td[@class='gain']/@width")]
    assert widths[3] == widths[4]
    assert all(a - b >= 4 for a, b in pairwise(widths[:4]))
    bars = [line.split()[0] for line in made.text.splitlines() if line.strip().startswith("█")]
    assert len(set(bars)) == 4
    for words in (text_of(made.html), made.text):
        assert words.count("同样新增4744位读者") == 1


def test_equal_gains_are_stated_in_words() -> None:
    read = [Selected(Section.MOST_READ, entry(str(n)), 12345) for n in range(3)]
    for language, said in (("zh_CN", "各新增1.2万位读者。"), ("en", "Each gained 12,345 readers.")):
        made = edition_body(FRAME, read, {}, language)
        assert "gain" not in re.sub(r"<style.*?</style>", "", made.html, flags=re.DOTALL).replace("gained", "")
        assert "█" not in made.text
        for words in (text_of(made.html), made.text):
            assert words.count(said) == 1
    alone = edition_body(FRAME, read[:1], {}, "en")
    assert "+12,345 readers" in alone.text
    assert "█" not in alone.text


def test_one_reader_is_no_plural() -> None:
    one, other = (Selected(Section.MOST_READ, entry(str(n)), 1) for n in range(2))
    for read, said in (([one], "+1 reader"), ([one, other], "Each gained 1 reader.")):
        made = edition_body(FRAME, read, {}, "en")
        for words in (text_of(made.html), made.text):
            assert said in words
            assert "1 readers" not in words
    assert "新增1位读者" in edition_body(FRAME, [one], {}, "zh_CN").text


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=20))
def test_bars_are_as_long_as_what_they_stand_for_and_never_alike(gains: list[int]) -> None:
    made = shares(sorted(gains, reverse=True))
    assert made[0] == 100
    assert all(1 <= share <= 100 for share in made)
    for (more, longer), (less, shorter) in pairwise(zip(sorted(gains, reverse=True), made, strict=True)):
        assert (longer == shorter) == (more == less)
        assert longer >= shorter


def test_a_correction_shows_what_was_and_what_is_and_nothing_of_the_rest() -> None:
    before = entry(
        "甲", "旧题", "没有变过的一段。", "学习率满足$\\eta\\leq\\frac{2}{L}$,证明分两步。", "删去的一段话。"
    )
    after = entry("甲", "新题", "没有变过的一段。", "学习率满足$\\eta\\leq\\frac{1}{L}$,证明分三步。")
    made = edition_body(FRAME, [Selected(Section.CORRECTED, after)], corrected(before, after), "zh_CN")
    page = lxml_html.document_fromstring(made.html)
    assert [mark.text_content() for mark in page.xpath("//del")] == ["$\\eta\\leq\\frac{2}{L}$", "两", "删去的一段话。"]
    assert [mark.text_content() for mark in page.xpath("//ins")] == ["$\\eta\\leq\\frac{1}{L}$", "三"]
    assert "原标题：旧题" in text_of(made.html)
    assert "没有变过" not in made.html + made.text
    assert "改前：学习率满足η ≤ 2/L，证明分两步。" in made.text
    assert "改后：学习率满足η ≤ 1/L，证明分三步。" in made.text
    assert "改前：删去的一段话。\n  改后：已删除" in made.text
    english = edition_body(FRAME, [Selected(Section.CORRECTED, after)], corrected(before, after), "en")
    assert "was: 学习率满足η ≤ 2/L，证明分两步。\n  now: 学习率满足η ≤ 1/L，证明分三步。" in english.text


def test_a_corrected_entry_is_typeset_as_a_new_one() -> None:
    one = entry("甲", "新题", "设有(一个)数,则$x^2$大于零。")
    frame = replace(FRAME, original=lambda entry: f"https://blog.example/{entry.id}")
    old = entry("甲", "旧题", "设有(一个)数,则$x$大于零。")
    made = edition_body(frame, [Selected(Section.CORRECTED, one)], corrected(old, one), "zh_CN")
    new = edition_body(frame, [Selected(Section.NEW, one)], {}, "zh_CN")
    for words in (made, new):
        page = lxml_html.document_fromstring(words.html)
        assert page.xpath("//h3[@class='title']/a/@href") == ["https://digest.example.org/entries/甲"]
        assert page.xpath("//p[@class='facts']/a[text()='原文']/@href") == ["https://blog.example/甲"]
        assert "山客 · 2020年11月13日" in words.text
        assert "原文：https://blog.example/甲" in words.text
        assert "设有（一个）数，则" in text_of(words.html)
        assert page.xpath("//sup/text()") == ["2"]


def test_a_correction_shows_whole_sentences_and_whole_formulas() -> None:
    formula = "\\begin{equation}a_%d\\leq b\\end{equation}"
    before = entry("甲", "", f"第一句不变。第二句说的是{formula % 1}就这样。第三句不变，但也很长很长。第四句错了。")
    after = entry("甲", "", f"第一句不变。第二句说的是{formula % 2}就这样。第三句不变，但也很长很长。第四句对了。")
    made = edition_body(FRAME, [Selected(Section.CORRECTED, after)], corrected(before, after), "zh_CN")
    marks = [mark.text_content() for mark in lxml_html.document_fromstring(made.html).xpath("//del | //ins")]
    assert marks == [formula % 1, "错", formula % 2, "对"]
    assert "第一句" not in made.text
    assert "改前：第二句说的是" in made.text
    assert "第四句对了。" in made.text


def test_a_sentence_that_was_added_or_taken_away_is_shown_alone() -> None:
    short, long = entry("甲", "", "原来有的一句。"), entry("甲", "", "原来有的一句。后来加的一句。")
    added = edition_body(FRAME, [Selected(Section.CORRECTED, long)], corrected(short, long), "zh_CN")
    assert "新增：后来加的一句。" in added.text
    assert "原来有的" not in added.text
    gone = edition_body(FRAME, [Selected(Section.CORRECTED, short)], corrected(long, short), "zh_CN")
    assert "改前：后来加的一句。\n  改后：已删除" in gone.text


def test_a_formula_or_mark_that_looks_the_same_is_no_correction() -> None:
    before = entry("甲", "", "即使(如此),$a\\leq b$ 也成立。", "另一段。")
    after = entry("甲", "", "即使（如此），$a \\le b$ 也成立。", "另一段。")
    assert not is_visible(corrected(before, after)[after.id])
    other = entry("甲", "", "即使（如此），$a < b$ 也成立。", "另一段。")
    assert is_visible(corrected(before, other)[other.id])
    assert is_visible(corrected(before, replace(after, content=replace(after.content, title="乙")))[after.id])


def test_corrections_stand_in_the_contents() -> None:
    one, two = entry("甲", "新文章题"), entry("乙", "改过的题")
    both = [Selected(Section.NEW, one), Selected(Section.CORRECTED, two)]
    for count in (1, 8, 30, 60):
        more = [Selected(Section.NEW, entry(f"第{n}篇")) for n in range(count - 1)]
        made = edition_body(FRAME, [*both, *more], corrected(entry("乙", "旧题"), two), "zh_CN")
        for words in (text_of(made.html), made.text):
            contents = words[words.index("本期目录") :]
            assert contents.index("改过的题") < contents.index("新文章", contents.index("改过的题"))


def test_of_many_changes_the_first_are_shown_and_the_others_counted() -> None:
    before = entry("甲", "", *(f"第{n}段,原来说的是这样的。" for n in range(9)))
    after = entry("甲", "", *(f"第{n}段,后来说的却是那样。{'很长' * 500}" for n in range(9)))
    made = edition_body(FRAME, [Selected(Section.CORRECTED, after)], corrected(before, after), "zh_CN")
    assert len(lxml_html.document_fromstring(made.html).xpath("//div[@class='change text']")) == 3
    assert "另有6处改动" in made.html
    assert "另有6处改动" in made.text
    assert made.text.count("很长") < 300


def test_a_title_alone_or_too_much_to_be_shown_is_announced_in_words() -> None:
    short, one = entry("甲", "新题"), entry("甲", "新题", *("<" * 400 for _ in range(3)))
    retitled = edition_body(FRAME, [Selected(Section.CORRECTED, short)], corrected(entry("甲", "旧题"), short), "zh_CN")
    assert "正文有修改" not in retitled.text + retitled.html
    before = entry("甲", "新题", *("&" * 400 for _ in range(3)))
    told = edition_body(FRAME, [Selected(Section.CORRECTED, one)], corrected(before, one), "zh_CN")
    for words in (told.text, told.html):
        assert "正文有修改" in words
        assert "改前：" not in words


SINCE, WRONG, RIGHT = (
    EntryDate(7, 26, None, DateKind.PARTIAL),
    EntryDate(7, 26, 2021, DateKind.INFERRED),
    EntryDate(7, 26, 2019, DateKind.EXACT),
)


def redated(one: Entry, *steps: Correction) -> list[str]:
    """What the HTML and the text of both languages say of a corrected entry, the Chinese first."""
    made = [
        edition_body(FRAME, [Selected(Section.CORRECTED, one)], {one.id: steps}, language)
        for language in ("zh_CN", "en")
    ]
    return [words for each in made for words in (text_of(each.html), each.text)]


def test_a_corrected_date_is_announced_with_both_days_and_the_text_is_not_called_another() -> None:
    one = replace(entry("甲"), date=RIGHT)
    *chinese, english, plain = redated(one, Correction(one.content, one.content, WRONG, RIGHT))
    for words in chinese:
        assert "日期：2021年7月26日 → 2019年7月26日" in words
        assert "正文有修改" not in words
        assert "现已恢复原样" not in words
    for words in (english, plain):
        assert "date: 26 July 2021 → 26 July 2019" in words
        assert "its text was corrected" not in words
        assert "as it was before" not in words


def test_several_corrected_dates_are_announced_from_the_first_to_the_last_with_the_title_and_the_text() -> None:
    old, one = entry("甲", "旧题", "证明分两步。"), replace(entry("甲", "新题", "证明分三步。"), date=RIGHT)
    between = EntryDate(8, 2, 2021, DateKind.EXACT)
    steps = (Correction(old.content, one.content, WRONG, between), Correction(one.content, one.content, between, RIGHT))
    for words in redated(one, *steps):
        assert "2021" in words
        assert "2019" in words
        assert "8月2日" not in words
        assert "2 August" not in words
        assert "旧题" in words
        assert "两" in words
        assert "三" in words


def test_a_date_that_was_known_better_is_no_correction_and_a_year_inferred_for_the_new_day_is_marked_as_inferred() -> (
    None
):
    old, one = entry("甲", "旧题"), replace(entry("甲", "新题"), date=RIGHT)
    for words in redated(one, Correction(old.content, one.content)):
        assert "日期：" not in words
        assert "date:" not in words
    again = replace(one, date=replace(WRONG, day=28))
    *_, english, plain = redated(again, Correction(one.content, one.content, SINCE, again.date))
    for words in (english, plain):
        assert "date: 26 July → 28 July 2021 (year inferred)" in words


def test_a_day_that_nobody_could_read_before_is_announced_alone() -> None:
    one = replace(entry("甲"), date=RIGHT)
    *_, english, plain = redated(one, Correction(one.content, one.content, None, RIGHT))
    for words in (english, plain):
        assert "date: 26 July 2019" in words
        assert "→" not in words


def test_what_returned_as_it_was_is_described_so_and_shows_no_date() -> None:
    one = replace(entry("甲", "新题"), date=RIGHT)
    back = (
        Correction(one.content, replace(one.content, title="旧题"), RIGHT, WRONG),
        Correction(replace(one.content, title="旧题"), one.content, WRONG, RIGHT),
    )
    chinese, english = redated(one, *back)[::2]
    assert "曾有改动，现已恢复原样" in chinese
    assert "changed, then changed back" in english
    for words in (chinese, english):
        assert "→" not in words
        assert "旧题" not in words
        assert "正文有修改" not in words


def test_too_heavy_pictures_leave_entries_out_as_too_much_html_does() -> None:
    paragraph = "公式$$\\frac{1}{%s}$$完。"
    many = [Selected(Section.NEW, entry(f"第{n}篇", "", paragraph % n)) for n in range(12)]
    found = [f for one in many for f in formulas([Block(BlockKind.PARAGRAPH, one.entry.content.paragraphs[0])])]
    assert len(found) == 12

    class Sizes(dict[str, Size]):
        def get(self, _name: str, _default: object = None) -> Size:
            return Size(20, 20, 3)

    frame = replace(FRAME, channel=pictured(Sizes(), picture_address), weight=lambda _: LARGEST_PICTURES // 10)
    made = edition_body(frame, many, {}, "zh_CN")
    assert made.html.count("<img") == 10
    assert "还有 2 篇" in made.html
    assert "还有 2 篇" in made.text


def test_an_excerpt_that_is_too_much_for_a_mail_is_left_out_whole() -> None:
    code = "\n".join(["def f(x):", *(f"    y = x + {n}  # {'x' * 80}" for n in range(400)), "    return y"])
    made = edition_body(
        FRAME, [Selected(Section.NEW, entry("甲", "", *code.split("\n"))), Selected(Section.NEW, entry("乙"))], {}, "en"
    )
    assert len(made.html.encode()) < 20_000
    assert "甲" in made.text
    assert "return y" not in made.text
    assert "乙的第一段" in made.text


@given(st.lists(st.text(max_size=300), min_size=1, max_size=8), st.sampled_from(["zh_CN", "en"]))
def test_whatever_the_titles_the_mail_has_no_flaw_and_one_subject(titles: list[str], language: str) -> None:
    new = [Selected(Section.NEW, entry(str(n), written)) for n, written in enumerate(titles)]
    made = edition_body(FRAME, new, {}, language)
    assert [found for found in findings(made) if "subject has" not in found] == []
    letter = replace(LETTER, subject=made.subject, text=made.text, html=made.html)
    raw = edition_message(letter)
    names = [line.split(b":")[0] for line in head(raw) if not line.startswith((b" ", b"\t"))]
    assert names == [
        line.split(b":")[0] for line in head(edition_message(LETTER)) if not line.startswith((b" ", b"\t"))
    ]
    assert header(raw, "Subject").split() == made.subject.split()
