"""How much of each entry a mail shows, what its subject says, where its links lead."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from digest.mail.composing.edition_text import edition_body
from digest.mail.composing.entry_views import Length, length_of
from digest.mail.composing.lint import findings
from digest.model import Entry, Section, Selected, SourceId
from digest.typeset.text import cells
from tests.examples import examples
from tests.unit.mail.test_edition_text import FRAME, corrected, entry, text_of

SENTENCES = ("先说第一件事，它并不难。", "再说第二件事，它也不难。", "最后说第三件事，它还是不难。") * 4
LONG = ("".join(SENTENCES), "第二段从这里开始。" * 6, "第三段从这里开始。" * 6)


def new(count: int, *paragraphs: str) -> list[Selected]:
    return [Selected(Section.NEW, entry(f"第{n}篇", "", *(paragraphs or LONG))) for n in range(count)]


def of_entry(text: str, number: int) -> str:
    """What the text part says of an entry."""
    start = text.rindex(f"\n{number}. ")
    ends = [at for mark in (f"\n{number + 1}. ", "\n-- \n") if (at := text.find(mark, start)) > 0]
    return text[start : min(ends)]


@pytest.mark.parametrize(
    ("count", "length"),
    [
        (1, Length.TWO_PARAGRAPHS), (5, Length.TWO_PARAGRAPHS), (6, Length.ONE_PARAGRAPH), (12, Length.ONE_PARAGRAPH),
        (13, Length.TWO_LINES), (40, Length.TWO_LINES), (41, Length.CONTENTS), (400, Length.CONTENTS),
    ],
)  # fmt: skip
def test_the_more_entries_the_less_of_each(count: int, length: Length) -> None:
    assert length_of(count) is length


def test_up_to_five_have_two_paragraphs() -> None:
    made = edition_body(FRAME, new(5), {}, "zh_CN")
    assert "第一件事" in of_entry(made.text, 3)
    assert "第二段" in of_entry(made.text, 3)
    assert "第三段" not in made.text + made.html


def test_up_to_twelve_have_one_paragraph_of_up_to_140_characters() -> None:
    made = edition_body(FRAME, new(12), {}, "zh_CN")
    told = of_entry(made.text, 7).split("\n\n")[1].replace("\n", "").replace(" ", "")
    assert 70 <= len(told) <= 140
    assert told.endswith("。")
    assert "第二段" not in made.text + made.html


def test_up_to_forty_have_two_lines() -> None:
    made = edition_body(FRAME, new(40), {}, "zh_CN")
    told = of_entry(made.text, 7).splitlines()[2:]
    assert 1 <= len([line for line in told if line.strip() and "http" not in line]) <= 2
    shown = lxml_html.document_fromstring(made.html).xpath("//div[@class='lines']")
    assert len(shown) == 40
    assert all(0 < cells(one.text_content().strip()) <= 80 for one in shown)


@pytest.mark.parametrize(("written", "excerpts"), [("短的题目", 40), ("很长的题目" * 8, 0), ("很长很长的题目" * 20, 0)])
def test_a_title_of_more_than_two_lines_stands_alone_among_forty(written: str, excerpts: int) -> None:
    many = [Selected(Section.NEW, entry(f"第{n}篇", "", *LONG)) for n in range(40)]
    titled = [replace(one, entry=_called(one.entry, f"{written}{n}")) for n, one in enumerate(many)]
    made = lxml_html.document_fromstring(edition_body(FRAME, titled, {}, "zh_CN").html)
    assert len(made.xpath("//div[@class='lines']")) == excerpts
    titles = [name.text_content() for name in made.xpath("//td[@class='name short']/a[@name]")]
    assert len(titles) == 40
    assert all(cells(title) <= 164 for title in titles)
    few = edition_body(FRAME, titled[:3], {}, "zh_CN")
    assert all(f"{written}{n}" in few.html for n in range(3))


def _called(one: Entry, title: str) -> Entry:
    return replace(one, content=replace(one.content, title=title))


def test_an_english_excerpt_has_twice_as_many_letters() -> None:
    words = "Some words that tell what this is about, and then some more of them to fill the line. " * 3
    shown = edition_body(FRAME, new(30, words), {}, "en").text
    assert "Some words that tell what this is about" in shown


def test_more_than_forty_are_named_alone() -> None:
    two = entry("乙", "改过的题")
    selected = [*new(60), Selected(Section.CORRECTED, two)]
    made = edition_body(FRAME, selected, corrected(entry("乙", "旧题"), two), "zh_CN")
    assert "第一件事" not in made.html + made.text
    assert all(f"/entries/第{n}篇" in made.html and f"/entries/第{n}篇" in made.text for n in range(60))
    assert "旧题" not in made.html + made.text
    assert "/entries/乙" in made.html
    assert "/entries/乙" in made.text


@pytest.mark.parametrize("count", [5, 12, 40, 60])
def test_the_contents_jump_to_places_that_are_there_and_lead_to_our_pages(count: int) -> None:
    two = entry("乙", "改过的题")
    selected = [*new(count), Selected(Section.CORRECTED, two), Selected(Section.MOST_READ, entry("丙"), 9)]
    made = edition_body(FRAME, selected, corrected(entry("乙", "旧题"), two), "zh_CN")
    page = lxml_html.document_fromstring(made.html)
    jumps = [link.get("href")[1:] for link in page.xpath("//a[starts-with(@href, '#')]")]
    # Gmail and Outlook find places by their name, others by their id.
    assert set(jumps) <= set(page.xpath("//a/@name")) & set(page.xpath("//a/@id"))
    assert "read" in jumps
    assert (len(set(jumps)) == count + 2) == (count <= 12)
    assert len(page.xpath("//a[@name]/@name")) == len(set(page.xpath("//a[@name]/@name")))
    for number in range(count):
        assert page.xpath(f"//a[@href='https://digest.example.org/entries/第{number}篇']")
    assert findings(made) == []


def test_a_jump_to_nowhere_is_found() -> None:
    made = edition_body(FRAME, new(5), {}, "zh_CN")
    broken = replace(made, html=made.html.replace('name="e3"', "").replace('id="e3"', ""))
    assert findings(broken) == ["a link leads to a place that is not in the mail: #e3"]


@pytest.mark.parametrize("count", [1, 8, 30])
def test_the_original_is_linked_where_it_is_known(count: int) -> None:
    known = replace(FRAME, original=lambda one: f"https://blog.example/{one.id}" if one.id == "第0篇" else "")
    made = edition_body(known, new(count), {}, "zh_CN")
    assert lxml_html.document_fromstring(made.html).xpath("//a[text()='原文']/@href") == ["https://blog.example/第0篇"]
    assert made.text.count("原文：") == 1
    assert "原文：https://blog.example/第0篇" in made.text
    assert "继续阅读" not in made.html


def test_an_excerpt_never_announces_a_formula_that_is_left_out() -> None:
    formula = "$$" + "+".join(f"x_{n}" for n in range(400)) + "$$"
    for count in (1, 8, 30):
        for end in ("总有", "即：", "，即"):
            made = edition_body(
                FRAME,
                new(count, f"刚看到一个有意思的结论，对于任意实数$x$及偶数$n${end}", formula, "完。"),
                {},
                "zh_CN",
            )
            for words in (text_of(made.html), made.text):
                assert "……" in words
                assert f"{end}……" not in words
                assert "即……" not in words


@given(
    st.lists(st.sampled_from(["一句话。", "“引用。”", "没有完的", "即", "："]), min_size=1, max_size=40).map("".join),
    st.sampled_from([1, 8, 30]),
)
@settings(max_examples=examples(60))
def test_the_text_part_ends_each_excerpt_as_the_html_does(paragraph: str, count: int) -> None:
    made = edition_body(FRAME, new(count, paragraph), {}, "zh_CN")
    where = "//div[@class='lines']" if count == 30 else "//div[@class='text']"
    shown = lxml_html.document_fromstring(made.html).xpath(where)[0].text_content().strip()
    plain = "".join(of_entry(made.text, 1).split())
    assert "".join(shown.split()) in plain
    assert shown.endswith(("。", "”", "…"))
    assert not shown.rstrip("…").endswith(("即", "："))


WEEK = timedelta(days=7)


def test_a_subject_leads_with_what_is_new_and_names_the_days() -> None:
    made = edition_body(FRAME, new(3), {}, "zh_CN")
    assert made.subject == "第0篇 等 3 篇 · 科学空间 每周摘要（11月9日—15日）"
    assert edition_body(FRAME, new(3), {}, "en").subject == "第0篇 and 2 more · 科学空间 每周摘要, 9–15 November"
    assert edition_body(FRAME, new(1), {}, "zh_CN").subject == "第0篇 · 科学空间 每周摘要（11月9日—15日）"
    one = [Selected(Section.CORRECTED, entry("乙", "改过的题"))]
    told = corrected(entry("乙", "旧题"), one[0].entry)
    assert edition_body(FRAME, one, told, "zh_CN").subject == "改过的题 有修改 · 科学空间 每周摘要（11月9日—15日）"
    for words in (text_of(made.html), made.text):
        assert "2026年11月9日—15日" in words


def test_a_subject_that_an_edition_had_gets_the_year_and_then_a_number() -> None:
    taken: list[str] = []
    for _ in range(4):
        taken.append(edition_body(replace(FRAME, earlier_subjects=tuple(taken)), new(2), {}, "zh_CN").subject)
    assert taken == [
        "第0篇 等 2 篇 · 科学空间 每周摘要（11月9日—15日）",
        "第0篇 等 2 篇 · 科学空间 每周摘要（2026年11月9日—15日）",
        "第0篇 等 2 篇 · 科学空间 每周摘要（2026年11月9日—15日） (2)",
        "第0篇 等 2 篇 · 科学空间 每周摘要（2026年11月9日—15日） (3)",
    ]


def test_a_mail_in_another_language_says_in_a_line_what_the_blog_is_written_in() -> None:
    frame = replace(FRAME, languages={SourceId("blog"): "zh-CN"})
    english, chinese = edition_body(frame, new(1), {}, "en"), edition_body(frame, new(1), {}, "zh_CN")
    for words in (text_of(english.html), " ".join(english.text.split())):
        assert words.count("a blog in Chinese") == 1
    assert "博客" not in text_of(chinese.html) + chinese.text
    other = edition_body(replace(FRAME, languages={SourceId("blog"): "en-GB"}), new(1), {}, "zh_CN")
    assert "这是一个英语博客的摘要" in other.text
    unknown = edition_body(replace(FRAME, languages={SourceId("blog"): "xx"}), new(1), {}, "en")
    assert "blog in" not in unknown.text
