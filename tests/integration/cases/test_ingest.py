"""The outcome of each case of `ingest/`: what is stored, announced, displayed and reported, crawl by crawl.

The input files are made up. Numbered folders are successive crawls of one source in the zone Asia/Shanghai.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.integration.cases.conftest import Crawled

ORIGIN, QUESTION, GRADIENT, GARDEN, SQUARES, PI = (
    *("变换的来历", "另一个问题", "梯度再探", "植物园一日"),
    *("最小二乘推广", "圆周率小史"),
)
GREETING = "新年快乐!"


def test_a_day_that_two_years_may_mean_gets_none_until_a_byline_says_it(site: Crawled) -> None:
    site.crawl("02-tag-page-new-year/1", "2021-03-04")
    after_2 = site.crawl("02-tag-page-new-year/2", "2022-04-16")
    after_3 = site.crawl("02-tag-page-new-year/3", "2022-04-20")

    assert (after_2.dates[SQUARES], after_2.new) == ((None, 4, 15, "partial"), [SQUARES])
    assert after_3.dates[SQUARES] == (2022, 4, 15, "exact")
    assert after_3.entry(SQUARES)["id"] == after_2.entry(SQUARES)["id"]
    assert sorted(after_3.dates) == sorted([SQUARES, QUESTION, GRADIENT, GARDEN])
    assert len(after_3.entries) == 4
    assert (after_3.new, after_3.corrected) == ([], [])
    assert site.told == {entry["id"]: 1 for entry in after_3.entries}


def test_a_count_in_wan_is_read_and_costs_no_article(site: Crawled) -> None:
    site.crawl("03-count-1.2wan/1")
    after_2 = site.crawl("03-count-1.2wan/2")
    after_3 = site.crawl("03-count-1.2wan/3-new-article")

    assert (after_2.counts["added"], after_2.counts["revised"], after_2.counts["vanished"]) == (0, 0, 0)
    assert after_2.entry(QUESTION)["readers"] == 12_000
    assert {entry["revisions"] for entry in after_2.entries} == {1}
    assert (after_2.new, after_2.corrected) == ([], [])
    assert (after_3.new, after_3.corrected) == ([PI], [])
    assert after_3.entry(PI)["readers"] == 10_000
    assert len(after_3.entries) == 6
    assert all("读者" not in "".join(entry["paragraphs"]) for entry in after_3.entries)


def test_a_month_is_read_in_each_of_its_abbreviations(site: Crawled) -> None:
    crawl = site.crawl("05-date-6-Sept")

    days = {title: (month, day) for title, (_, month, day, _) in crawl.dates.items()}
    assert days == {ORIGIN: (11, 8), QUESTION: (9, 6), GRADIENT: (9, 3)}
    assert [crawl.entry(title)["complete"] for title in days] == [True] * 3
    assert (crawl.code, sorted(crawl.new)) == (0, sorted(days))


def test_an_old_text_in_another_file_reverts_no_correction(site: Crawled) -> None:
    site.crawl("06-stale-file/1")
    after_2 = site.crawl("06-stale-file/2")
    after_3 = site.crawl("06-stale-file/3")

    assert (after_2.new, after_2.corrected) == ([], [ORIGIN])
    assert after_3.counts["revised"] == 0
    assert (after_3.new, after_3.corrected) == ([], [])
    assert after_3.entry(ORIGIN)["revisions"] == after_2.entry(ORIGIN)["revisions"] == 2
    assert "订正了原先公式" in "".join(after_3.entry(ORIGIN)["paragraphs"])
    assert after_3.entry(ORIGIN)["readers"] == 30


def test_the_greeting_of_the_next_year_is_another_article(site: Crawled) -> None:
    crawls = [
        site.crawl(f"08-greeting/{number}", day)
        for number, day in enumerate(("2021-01-05", "2021-03-05", "2021-06-05", "2022-01-05"), 1)
    ]
    greetings = {entry["paragraphs"][0][:4]: entry for entry in crawls[-1].entries if entry["title"] == GREETING}

    assert [(crawl.new, crawl.corrected) for crawl in crawls[1:3]] == [([GRADIENT], []), ([GARDEN, SQUARES], [])]
    assert (crawls[3].new, crawls[3].corrected) == ([GREETING], [])
    assert sorted(greetings) == ["2021", "2022"]
    assert [greetings[year]["date"]["year"] in {None, int(year)} for year in greetings] == [True, True]
    assert crawls[0].entry(GREETING)["id"] == greetings["2021"]["id"]
    assert "61篇" in greetings["2021"]["paragraphs"][0]
    assert greetings["2021"]["atom_id"] != greetings["2022"]["atom_id"]
    assert (crawls[3].counts["added"], crawls[3].counts["revised"], len(crawls[3].entries)) == (1, 0, 7)
    assert site.told == {entry["id"]: 1 for entry in crawls[3].entries}


def test_a_title_that_gains_the_mark_of_a_part_is_corrected(site: Crawled) -> None:
    before = site.crawl("09-title-gets-part-mark/1")
    after = site.crawl("09-title-gets-part-mark/2")

    assert sorted(after.dates) == sorted([ORIGIN, "无损放大模型(一)"])
    assert (after.new, after.corrected) == ([], ["无损放大模型(一)"])
    assert after.entry("无损放大模型(一)")["id"] == before.entry("无损放大模型")["id"]
    assert after.entry("无损放大模型(一)")["revisions"] == 2
    assert (after.counts["added"], after.counts["revised"], len(after.entries)) == (0, 1, 2)


def test_a_note_in_front_together_with_a_new_title_is_a_correction(site: Crawled) -> None:
    title = "【已更新】另一个问题"
    before = site.crawl("10-title-and-note/1")
    after = site.crawl("10-title-and-note/2")

    assert sorted(after.dates) == sorted([ORIGIN, title, SQUARES])
    assert (after.new, after.corrected) == ([], [title])
    assert after.entry(title)["id"] == before.entry(QUESTION)["id"]
    assert after.entry(title)["paragraphs"][0].startswith("更新(3月1日)")
    assert (after.counts["added"], after.counts["revised"], len(after.entries)) == (0, 1, 3)


def test_a_paragraph_that_the_same_dump_takes_back_is_gone_and_announced(site: Crawled) -> None:
    retracted = "割圆术"
    site.crawl("11-retracted-paragraph/1")
    assert [retracted in shown for shown in site.shown(QUESTION)] == [True, True]
    after = site.crawl("11-retracted-paragraph/2")

    assert (after.counts["added"], after.counts["revised"]) == (0, 1)
    assert (after.new, after.corrected) == ([], [QUESTION])
    assert after.entry(QUESTION)["revisions"] == 2
    assert [retracted in shown for shown in site.shown(QUESTION)] == [False, False]


def test_a_count_beyond_belief_is_unknown_and_named(site: Crawled) -> None:
    crawl = site.crawl("13-huge-count")

    assert {entry["title"]: entry["readers"] for entry in crawl.entries} == {ORIGIN: 10, QUESTION: None}
    assert sorted(crawl.new) == sorted([ORIGIN, QUESTION])
    assert any("s.txt" in line and "count" in line for line in crawl.reported.splitlines()), crawl.reported
    assert crawl.troubled() == {}


def test_a_recurring_read_more_mark_ends_entries_and_is_reported(site: Crawled) -> None:
    crawl = site.crawl("17-end-mark-changed")

    assert {entry["title"]: (len(entry["paragraphs"]), entry["complete"]) for entry in crawl.entries} == {
        ORIGIN: (1, True),
        QUESTION: (1, True),
    }
    assert sorted(crawl.new) == sorted([ORIGIN, QUESTION])
    assert any("s.txt" in line and "阅读全文 »" in line for line in crawl.reported.splitlines()), crawl.reported
    assert crawl.troubled() == {}


def test_pages_on_which_everything_moved_on_are_not_held(site: Crawled) -> None:
    before = site.crawl("18-page-roll-held/1", "2021-04-10")
    after = site.crawl("18-page-roll-held/2", "2021-05-20")

    titles = [f"第{number}号文章谈某事" for number in range(20, 28)]
    assert len(before.entries) == 16
    assert (after.counts["added"], after.counts["revised"], after.counts["held"]) == (8, 0, 0)
    assert after.troubled() == {}
    assert len(after.entries) == 24
    assert (sorted(after.new), after.corrected) == (sorted(titles), [])
    assert (after.code, max(site.told.values())) == (0, 1)


def test_the_topmost_article_of_a_first_reading_may_be_pinned(site: Crawled) -> None:
    after_1 = site.crawl("19-pinned/1", "2021-07-27")
    after_2 = site.crawl("19-pinned/2", "2021-07-28")

    assert after_1.dates[ORIGIN] == (None, 7, 26, "partial")
    assert after_1.dates[QUESTION] == (2021, 7, 20, "exact")
    assert {after_1.dates[title][0] for title in (GRADIENT, GARDEN)} <= {None, 2021}
    assert after_2.dates[ORIGIN] == (2019, 7, 26, "exact")
    assert after_2.entry(ORIGIN)["id"] == after_1.entry(ORIGIN)["id"]
    assert (after_2.counts["added"], after_2.new, after_2.corrected, len(after_2.entries)) == (0, [], [], 4)
    assert site.told == {entry["id"]: 1 for entry in after_2.entries}


def test_a_page_of_events_is_no_listing(site: Crawled) -> None:
    crawl = site.crawl("20-events-page/1")

    assert (crawl.entries, crawl.new, crawl.counts["added"]) == ([], [], 0)
    assert (crawl.code, "events.txt" in crawl.reported) == (1, True)
    assert crawl.troubled() == {"events.txt": "failed"}
