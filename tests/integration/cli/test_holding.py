"""What holds a dump, what ends a hold, and what is announced then."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import Article
    from tests.integration.cli.conftest import Crawls


def titles(articles: list[Article]) -> list[str]:
    return sorted(article.title for article in articles)


def test_a_second_good_reading_that_agrees_ends_a_hold(crawls: Crawls) -> None:
    before, after = crawls.articles(0, 9), crawls.articles(20, 29)
    crawls.page("page.txt", *before)
    crawls.refresh()
    crawls.edition()

    crawls.page("page.txt", *after)
    held = crawls.refresh()
    trouble = crawls.troubled()["page.txt"]
    assert (held.code, held.counts["held"], held.counts["added"]) == (0, 1, 0)
    assert "page.txt: held: 0 of the 10 entries" in held.reported
    assert (trouble["agreed"], trouble["needed"]) == (1, 2)

    crawls.page("page.txt", *after)  # the same bytes, written once more
    released = crawls.refresh()
    assert (released.counts["held"], released.counts["added"], crawls.troubled()) == (0, 10, {})
    assert crawls.told() == (titles(after), [])


def test_nearly_the_same_bytes_agree(crawls: Crawls) -> None:
    crawls.page("page.txt", *crawls.articles(0, 9))
    crawls.refresh()

    crawls.page("page.txt", *crawls.articles(40, 49))
    assert crawls.refresh().counts["held"] == 1
    assert crawls.troubled()["page.txt"]["agreed"] == 1
    crawls.page("page.txt", *crawls.articles(41, 50))
    assert crawls.refresh().counts["added"] == 11  # the one that only the held reading showed, too


def test_a_page_that_was_replaced_and_moved_on_again_agrees_with_all_that_it_showed(crawls: Crawls) -> None:
    crawls.page("page.txt", *crawls.articles(0, 9))
    crawls.refresh()

    crawls.page("page.txt", *crawls.articles(20, 29))
    assert crawls.refresh().counts["held"] == 1
    crawls.page("page.txt", *crawls.articles(40, 49))
    counts = crawls.refresh().counts
    assert (counts["held"], counts["added"]) == (0, 20)


def test_readings_of_two_kinds_do_not_agree(crawls: Crawls) -> None:
    crawls.page("page.txt", *crawls.articles(0, 9))
    crawls.refresh()

    crawls.page("page.txt", *crawls.articles(0, 2))
    assert crawls.refresh().counts["held"] == 1
    crawls.page("page.txt", *crawls.articles(40, 49))
    assert crawls.refresh().counts["held"] == 1
    assert crawls.troubled()["page.txt"]["agreed"] == 1


def test_a_file_that_is_not_written_again_agrees_with_nothing(crawls: Crawls) -> None:
    crawls.page("page.txt", *crawls.articles(0, 9))
    crawls.page("other.txt", *crawls.articles(60, 62))
    crawls.refresh()

    crawls.page("page.txt", *crawls.articles(20, 29))
    for number in range(4):
        crawls.page("other.txt", *crawls.articles(60, 63 + number))  # reading it looks at the held one again
        assert crawls.refresh().counts["held"] == 1
    assert crawls.troubled()["page.txt"]["agreed"] == 1


def test_more_readings_are_asked_for_by_a_setting(crawls: Crawls) -> None:
    crawls.set("agree = 3")
    crawls.page("page.txt", *crawls.articles(0, 9))
    crawls.refresh()
    held = []
    for _ in range(3):
        crawls.page("page.txt", *crawls.articles(20, 29))
        held.append(crawls.refresh().counts["held"])
    assert held == [1, 1, 0]


def test_what_is_released_is_announced_once_and_only_its_backlog(crawls: Crawls) -> None:
    crawls.set("backlog = 3")
    crawls.page("page.txt", *crawls.articles(0, 9))
    crawls.refresh()
    crawls.edition()
    after = crawls.articles(20, 31)
    for _ in range(2):
        crawls.page("page.txt", *after)
        done = crawls.refresh()

    assert done.counts["added"] == 12
    assert set(titles(after)) <= set(crawls.texts())
    assert crawls.told() == (titles(crawls.articles(29, 31)), [])
    assert crawls.told() == ([], [])


def test_a_page_that_rolls_over_is_not_held_where_the_next_page_comes_one_crawl_later(crawls: Crawls) -> None:
    crawls.page("page-1.txt", *crawls.articles(8, 15))
    crawls.page("page-2.txt", *crawls.articles(0, 7))
    crawls.refresh()
    crawls.edition()

    crawls.page("page-1.txt", *crawls.articles(16, 23))
    crawls.refresh()
    crawls.page("page-2.txt", *crawls.articles(8, 15))
    late = crawls.refresh()

    assert late.counts["held"] == 0
    assert crawls.troubled() == {}
    assert crawls.told() == (titles(crawls.articles(16, 23)), [])


def test_a_second_page_that_rolls_over_first_is_recognised(crawls: Crawls) -> None:
    crawls.page("page-1.txt", *crawls.articles(8, 15))
    crawls.page("page-2.txt", *crawls.articles(0, 7))
    crawls.refresh()
    crawls.edition()

    crawls.page("page-2.txt", *crawls.articles(8, 15))
    assert crawls.refresh().counts["held"] == 0
    crawls.page("page-1.txt", *crawls.articles(16, 23))
    assert crawls.refresh().counts["held"] <= 1
    crawls.page("page-1.txt", *crawls.articles(16, 23))
    assert crawls.refresh().counts["held"] == 0
    assert crawls.told() == (titles(crawls.articles(16, 23)), [])


def test_a_changed_crawler_corrects_nothing(crawls: Crawls) -> None:
    crawls.set("backlog = 50")
    pages = {f"page-{n}.txt": (n * 10, n * 10 + 5) for n in range(3)}
    for name, (first, last) in pages.items():
        crawls.page(name, *crawls.articles(first, last))
    crawls.refresh()
    crawls.edition()
    old = crawls.texts()

    new = "此处由抓取程序多写了一句话。"
    for name, (first, last) in pages.items():  # two of six on each page: no page is suspicious by itself
        crawls.page(name, *crawls.articles(first + 2, last), *crawls.articles(first, first + 1, new))
    held = crawls.refresh()
    assert (held.counts["held"], held.counts["revised"]) == (3, 0)
    assert held.reported.count("the crawler seems to have changed: 6 of 18 entries") == 3
    assert (crawls.texts(), crawls.told()) == (old, ([], []))

    for name, (first, last) in pages.items():
        crawls.page(name, *crawls.articles(first + 2, last), *crawls.articles(first, first + 1, new))
    released = crawls.refresh()
    assert (released.counts["held"], crawls.troubled()) == (0, {})
    assert crawls.told() == ([], [])
    changed = {title for title, text in crawls.texts().items() if text != old[title]}
    assert changed == {a.title for first, _ in pages.values() for a in crawls.articles(first, first + 1)}
    assert all(crawls.texts()[title].endswith(new) for title in changed)


def test_a_changed_crawler_that_misses_pages_corrects_nothing_either(crawls: Crawls) -> None:
    new = "此处由抓取程序多写了一句话。"
    crawls.set("backlog = 50")
    pages = {f"page-{n}.txt": (n * 10, n * 10 + 5) for n in range(3)}
    for name, (first, last) in pages.items():
        crawls.page(name, *crawls.articles(first, last))
    crawls.refresh()
    crawls.edition()

    for missed in ("", "page-2.txt", "page-0.txt", "page-1.txt", ""):
        for name, (first, last) in pages.items():
            if name != missed:
                crawls.page(name, *crawls.articles(first + 2, last), *crawls.articles(first, first + 1, new))
        crawls.refresh()
        assert crawls.told() == ([], [])
    assert crawls.troubled() == {}
    assert sum(text.endswith(new) for text in crawls.texts().values()) == 6


def test_four_corrections_at_once_are_announced(crawls: Crawls) -> None:
    crawls.set("backlog = 50")
    crawls.page("page.txt", *crawls.articles(0, 11))
    crawls.refresh()
    crawls.edition()

    crawls.page("page.txt", *crawls.articles(4, 11), *crawls.articles(0, 3, "作者后来补充了一句话。"))
    done = crawls.refresh()

    assert (done.counts["held"], done.counts["revised"]) == (0, 4)
    assert crawls.told() == ([], titles(crawls.articles(0, 3)))


def test_a_held_dump_whose_file_is_deleted_lets_go(crawls: Crawls) -> None:
    crawls.page("page.txt", *crawls.articles(0, 9))
    crawls.page("other.txt", *crawls.articles(60, 62))
    crawls.refresh()
    crawls.page("page.txt", *crawls.articles(20, 29))
    assert crawls.refresh().counts["held"] == 1

    (crawls.blog.home / "dumps" / "page.txt").unlink()
    done = crawls.refresh()

    assert (done.code, done.counts["held"], crawls.troubled()) == (0, 0, {})
    assert set(titles(crawls.articles(0, 9))) <= set(crawls.texts())


def test_damaged_text_is_held_until_the_file_is_mended(crawls: Crawls) -> None:
    crawls.page("page.txt", *crawls.articles(0, 9))
    crawls.refresh()
    damaged = crawls.kind("锟斤拷锟斤拷锟斤拷", (2026, 2, 20), ("锟斤拷锟斤拷锟斤拷锟斤拷锟斤拷锟斤拷烫烫烫",))
    for _ in range(3):
        crawls.page("page.txt", damaged, *crawls.articles(0, 9))
        assert crawls.refresh().counts["held"] == 1
    trouble = crawls.troubled()["page.txt"]
    assert (trouble["agreed"], trouble["needed"]) == (0, None)
    crawls.page("page.txt", *crawls.articles(0, 10))
    assert crawls.refresh().counts["added"] == 1


def test_what_another_hold_keeps_back_is_no_sign_of_a_changed_crawler(crawls: Crawls) -> None:
    later = "作者后来补充了一句话。"
    crawls.set("backlog = 50\ncorrected = 0.1")
    crawls.page("page-1.txt", *crawls.articles(0, 11))
    crawls.page("page-2.txt", *crawls.articles(20, 28))
    crawls.refresh()
    crawls.edition()

    crawls.page("page-1.txt", *crawls.articles(9, 11), *crawls.articles(8, 8, later))  # too few are left
    crawls.page("page-2.txt", *crawls.articles(24, 28), *crawls.articles(20, 23, later))
    crawls.refresh()

    assert crawls.troubled().keys() == {"page-1.txt"}
    assert crawls.told() == ([], titles(crawls.articles(20, 23)))
