"""A mail that may be lost: the subscriber's next mail lists its entries once more, once, and nothing else does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from digest.mail.composing.lint import findings
from digest.model import DeliveryState, DigestId, EditionKey, EntryId, SubscriberId
from digest.records.editions import Recipient
from digest.service.bounces import dead_letters
from digest.service.editions import digests, making
from digest.service.mailing.composing import edition_mail
from digest.service.mailing.welcome import plan_latest
from digest.service.operating import alerts, health, status
from digest.service.people import subscribers
from digest.service.publishing import feeds
from digest.service.publishing.pages import Reading
from digest.service.upkeep import explaining
from digest.service.upkeep.invariants import violations
from digest.store import open_store
from tests.conftest import Article
from tests.integration.service.test_audience import ADA, Press
from tests.integration.service.test_editions import DAY, HOUR, MONDAY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from digest.model import Body

WEEK = 7 * DAY
BOB = "bob@example.org"
UNKNOWN, FAILED, SUPPRESSED = DeliveryState.UNKNOWN, DeliveryState.FAILED, DeliveryState.SUPPRESSED
HEADING = {"zh_CN": "您可能已经收到过", "en": "You may have received these already"}
SUBJECT = {"zh_CN": "可能未送达：", "en": "In case it got lost: "}


class Post(Press):
    """A blog whose mails are cut behind their last dot on demand, and the mails of each subscriber."""

    def cut_off(self, person: SubscriberId, ends: DeliveryState = UNKNOWN, times: int = 2) -> None:
        """The mail that is due is cut behind its dot so many times; at the last it ends so."""
        for at in range(times):
            state, again = (ends, None) if at + 1 == times else (UNKNOWN, self.now)
            with self.store.write() as tx:
                for one in tx.deliveries.lease(self.now, self.now + HOUR, 99):
                    if one.subscriber.id != person:
                        tx.deliveries.release(one.edition, one.subscriber.id)
                        continue
                    tx.deliveries.begin(one.edition, person, one.leased_until, self.now + HOUR, self.now)
                    tx.deliveries.record(one.edition, person, state, now=self.now, next_at=again, text="answer: cut")

    def next_week(self, *titles: str) -> str | None:
        """Publish these and make the next edition, if any."""
        self.now += DAY
        if titles:
            self.publish(*titles)
        made = self.tick(at=self.now + WEEK - DAY)
        return next((key for key in made if key.startswith("weekly")), None)

    def listed(self, person: SubscriberId) -> list[list[str]]:
        """What each mail to a person lists once more, oldest first; of editions that make them none, nothing."""
        found = []
        with self.store.read() as tx:
            for made in reversed(tx.editions.editions(DigestId("weekly"))):
                number = tx.deliveries.variant(made.edition.key, person)
                if number is not None:
                    held = tx.editions.selected(made.edition.key)
                    again = tx.editions.variants(made.edition.key)[number].again
                    found.append([held[at].entry.content.title for at in again])
        return found

    def body(self, key: str, person: SubscriberId) -> Body:
        with self.store.read() as tx:
            number = tx.deliveries.variant(EditionKey(key), person)
            assert number is not None
            return tx.editions.variants(EditionKey(key))[number].body

    def alert(self) -> str:
        alerts.decide(self.store, self.settings, self.now)
        with self.store.read() as tx:
            found = tx.alerts.all().get(health.DOUBTFUL)
        return found.problem if found and found.well_since is None else ""

    def counted(self) -> tuple[int, int]:
        """How many troubles of this kind `digest status` shows, and monitors count."""
        shown = status.status(self.store, self.settings, self.now).troubles
        watched = status.monitored_state(self.store, self.settings, self.now).troubles
        return sum(one.kind is health.Kind.DOUBTFUL for one in shown), watched[health.Kind.DOUBTFUL]


def made_at(folder: Path, url: str = "sqlite://") -> Post:
    post = Post(folder, Article, open_store(url))
    digests.register(post.store, post.settings.digests, post.now)
    feeds.register(post.store, post.settings)
    return post


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    made = made_at(tmp_path)
    yield made
    assert [str(one) for one in violations(made.store)] == []
    made.close()


def lost(post: Post, ends: DeliveryState = UNKNOWN) -> tuple[SubscriberId, SubscriberId]:
    """Two subscribers; the mail to the first one was cut twice, the other's arrived."""
    ada, bob = post.join(), post.join(address=BOB)
    post.publish("甲", "乙")
    post.tick(at=MONDAY)
    post.cut_off(ada, ends)
    post.deliver()
    return ada, bob


@pytest.mark.parametrize("ends", [UNKNOWN, FAILED])
def test_the_next_mail_lists_once_more_what_a_lost_one_announced_and_no_later_one_does(
    post: Post, ends: DeliveryState
) -> None:
    ada, bob = lost(post, ends)
    for title in ("丙", "丁"):
        post.next_week(title)
        post.deliver()
    assert post.listed(ada) == [[], ["乙", "甲"], []]
    assert post.listed(bob) == [[], [], []]
    assert [told for _, told in post.mails(ada)] == [["丙"], ["丁"]]


def test_a_lost_mail_counts_though_the_clock_stepped_back_behind_the_joining(post: Post) -> None:
    ada = post.join()
    post.publish("甲", "乙")
    post.tick(at=MONDAY)
    joined = post.now - HOUR
    with post.store.write() as tx:
        tx.subscribers.leave(ada, DigestId("weekly"), "them", joined)
        tx.subscribers.join(ada, DigestId("weekly"), "them", joined + 2 * HOUR)  # by a clock that was ahead
        tx.editions.plan(tx.editions.editions()[0].edition.key, Recipient(ada, "<a@b>", 0, post.now))
    post.cut_off(ada)
    post.next_week("丙")
    post.deliver()
    assert post.listed(ada)[-1] == ["乙", "甲"]


def test_a_mail_that_was_cut_once_and_then_taken_is_listed_by_none(post: Post) -> None:
    ada = post.join()
    post.publish("甲")
    post.tick(at=MONDAY)
    post.cut_off(ada, DeliveryState.ACCEPTED)
    post.next_week("乙")
    assert post.listed(ada) == [[], []]


def test_that_mail_comes_also_if_there_is_nothing_else_to_announce(post: Post) -> None:
    ada, bob = lost(post)
    key = post.next_week()
    assert key
    post.deliver()
    assert post.listed(ada) == [[], ["乙", "甲"]]
    assert [told for _, told in post.mails(bob)] == [["乙", "甲"]]
    assert post.next_week()
    assert post.listed(ada) == [[], ["乙", "甲"]]
    page = Reading(post.store, post.settings).edition(EditionKey(key), "en")
    assert page
    assert page.edition.empty
    links = [link.url for link in Reading(post.store, post.settings).editions("en")]
    assert [url for url in links if "weekly" in url] == ["/editions/weekly/2026-W47"]


def test_an_edition_that_is_cut_manually_mails_nobody_else(post: Post) -> None:
    ada, _ = lost(post)
    post.now += DAY
    made = making.cut(post.store, post.settings, post.settings.digests[1], post.now)
    assert made
    assert (made.edition.empty, made.deliveries) == (True, {DeliveryState.PLANNED: 1})
    assert post.listed(ada) == [[], ["乙", "甲"]]
    assert making.cut(post.store, post.settings, post.settings.digests[1], post.now) is None


def test_a_newcomer_who_wants_the_latest_edition_gets_the_one_that_announced_something(post: Post) -> None:
    lost(post)
    post.next_week()
    cleo = subscribers.add(post.store, post.settings, "cleo@example.org", digests=["weekly"], now=post.now)
    secret = post.store.secret()
    with post.store.write() as tx:
        key = plan_latest(tx, post.settings, secret, cleo.subscriber.id, DigestId("weekly"), post.now)
    assert key == "weekly/2026-W47"


@pytest.mark.parametrize("language", HEADING)
@pytest.mark.parametrize("with_news", [True, False])
def test_both_parts_say_so_in_both_languages(post: Post, language: str, *, with_news: bool) -> None:
    ada, bob = lost(post)
    post.wish(ada, language=language)
    post.wish(bob, language=language)
    key = post.next_week(*["丙"] * with_news)
    assert key
    body = post.body(key, ada)
    assert list(findings(body)) == []
    for part in (body.html, body.text):
        assert HEADING[language] in part
        assert "甲" in part
        assert "/entries/" in part
    assert body.subject.startswith("丙" if with_news else SUBJECT[language] + "乙")
    if with_news:
        other = post.body(key, bob)
        assert HEADING[language] not in other.html + other.text
        assert "甲" not in other.html + other.text


def test_the_mail_has_its_readers_own_links(post: Post) -> None:
    ada, _ = lost(post)
    key = post.next_week()
    assert key
    with post.store.read() as tx:
        record = tx.subscribers.get(ada)
    assert record
    mail = edition_mail(
        post.settings,
        post.store.secret(),
        EditionKey(key),
        DigestId("weekly"),
        record.subscriber,
        post.body(key, ada),
        {},
        message_id="<1@example.org>",
        written_at=post.now,
        agreed_at=post.now,
    )
    assert "\ue0f0" not in mail.text + mail.html
    assert ADA in mail.text


def test_a_person_who_left_gets_nothing_more_also_when_they_return(post: Post) -> None:
    ada, _ = lost(post)
    with post.store.write() as tx:
        tx.subscribers.leave(ada, DigestId("weekly"), "one click", post.now)
    post.next_week("丙")
    assert post.listed(ada) == [[]]
    with post.store.write() as tx:
        tx.subscribers.join(ada, DigestId("weekly"), "form", post.now + HOUR)
    post.next_week("丁")
    assert post.listed(ada) == [[], []]


def test_a_person_who_pauses_gets_it_afterwards(post: Post) -> None:
    ada, _ = lost(post)
    post.wish(ada, paused_until=post.now + 10 * DAY)
    assert post.next_week() is not None
    assert post.listed(ada) == [[]]
    post.next_week("丙")
    assert post.listed(ada) == [[], ["乙", "甲"]]


def test_a_person_who_changes_the_frequency_gets_it_from_the_other_digest(post: Post) -> None:
    ada, _ = lost(post)
    post.now += HOUR
    post.wish(ada, digests=("daily",))
    post.publish("丙")
    (key,) = [key for key in post.tick(at=MONDAY + DAY) if key.startswith("daily")]
    assert HEADING["zh_CN"] in post.body(key, ada).text


def test_what_was_removed_since_is_left_out(post: Post) -> None:
    ada, _ = lost(post)
    with post.store.read() as tx:
        (gone,) = [entry.id for entry in tx.entries.newest(limit=9) if entry.content.title == "甲"]
    feeds.remove(post.store, EntryId(gone), post.now)
    post.next_week("丙")
    assert post.listed(ada) == [[], ["乙"]]


def test_what_a_reader_of_a_topic_may_have_missed_is_of_that_topic(post: Post) -> None:
    ada = post.join()
    post.publish("数", "诗")
    post.tick(at=MONDAY)
    post.cut_off(ada)
    post.wish(ada, topics=("verse",))
    post.next_week("词")
    assert post.listed(ada) == [[], ["诗"]]
    assert post.alert() == ""


def test_a_correction_that_may_be_lost_is_listed_too(post: Post) -> None:
    ada = post.join()
    post.publish("甲")
    post.tick(at=MONDAY)
    post.deliver()
    post.articles[0] = Article("甲", post.articles[0].date, ("全是另外的话,和从前的正文没有一句相同,所以是更正。",))
    post.next_week("乙")
    post.cut_off(ada)
    post.next_week("丙")
    assert post.listed(ada)[-1] == ["乙", "甲"]


def test_a_list_that_surely_did_not_arrive_is_made_anew_and_one_that_may_have_is_not(post: Post) -> None:
    ada, _ = lost(post)
    post.next_week("丙")
    with post.store.write() as tx:  # the mail that lists it is refused permanently
        for one in tx.deliveries.lease(post.now, post.now + HOUR, 9):
            tx.deliveries.begin(one.edition, one.subscriber.id, one.leased_until, post.now + HOUR, post.now)
            tx.deliveries.record(one.edition, one.subscriber.id, FAILED, now=post.now)
            tx.subscribers.set_behind(DigestId("weekly"), [one.subscriber.id], behind=True)
    post.next_week("丁")
    assert post.listed(ada) == [[], ["乙", "甲"], ["乙", "甲"]]
    post.cut_off(ada)  # this one may be lost too: what it announced as new is listed, not what it listed
    post.next_week("戊")
    assert sorted(post.listed(ada)[-1]) == ["丁", "丙"]


def test_of_a_long_list_each_mail_has_a_part(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.service.editions.selecting.MOST_REPEATED", 1)
    ada, _ = lost(post)
    for _ in range(3):
        post.next_week()
        post.deliver()
    assert post.listed(ada) == [[], ["乙"], ["甲"]]


def test_nobody_retries_what_was_listed_and_an_operators_retry_makes_the_list_needless(post: Post) -> None:
    lost(post)
    (row,) = dead_letters.dead_letters(post.store, [UNKNOWN], None, [])
    assert row.uncertain == 2
    post.next_week("丙")
    assert dead_letters.retry(post.store, post.settings, [row], now=post.now) == []


def test_what_an_operator_sent_again_is_not_listed(post: Post) -> None:
    ada, _ = lost(post)
    (row,) = dead_letters.dead_letters(post.store, [UNKNOWN], None, [])
    assert dead_letters.retry(post.store, post.settings, [row], now=post.now) == [row]
    post.deliver()
    post.next_week("丙")
    assert post.listed(ada) == [[], []]


def test_the_operator_hears_of_it_until_it_is_listed(post: Post) -> None:
    lost(post)
    assert "weekly/2026-W47: nobody knows whether 1 mail arrived" in post.alert()
    assert post.counted() == (1, 1)
    post.next_week("丙")
    assert post.alert() == ""
    assert post.counted() == (0, 0)


def test_it_is_explained(post: Post) -> None:
    lost(post)
    key = post.next_week("丙")
    with post.store.read() as tx:
        (entry,) = [entry.id for entry in tx.entries.newest(limit=9) if entry.content.title == "甲"]
    told = explaining.explain(post.store, post.settings, entry, ADA, post.now)
    mine = [dealing for dealing in told.dealings if dealing.edition.startswith("weekly")]
    whys = [(dealing.edition, dealing.section, dealing.why) for dealing in mine]
    assert whys == [
        (
            "weekly/2026-W47",
            "new",
            f"the connection was lost: they may have it; what it told is listed once more in {key}",
        ),
        (key, "again", "it waits to be sent"),
    ]
    bobs = explaining.explain(post.store, post.settings, entry, BOB, post.now).dealings
    assert [dealing.why for dealing in bobs if dealing.edition == key] == [
        "their mail of this edition leaves it out: another topic, or they had got it before"
    ]


class CrashError(BaseException):
    """The process is gone."""


def crashing(post: Post, at: int) -> bool:
    """Make the next edition, and die at its n-th write, before its commit; whether it came to it."""
    write, left = post.store.write, [at]

    class Dying:
        def __init__(self, **options: Any) -> None:
            self._inner = write(**options)

        def __enter__(self) -> Any:
            return self._inner.__enter__()

        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
        ) -> Any:
            left[0] -= 1
            if left[0] < 0 and kind is None:
                crash = CrashError()
                self._inner.__exit__(CrashError, crash, None)
                raise crash
            return self._inner.__exit__(kind, error, trace)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(post.store, "write", Dying)
        try:
            post.tick()
        except CrashError:
            return True
    return False


@pytest.mark.parametrize("large", [False, True], ids=["few readers", "many readers"])
def test_a_crash_anywhere_in_the_making_lists_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, large: bool
) -> None:
    if large:
        monkeypatch.setattr(making, "LARGE_EDITION", 0)
    crashes = 0
    for at in range(20):
        folder = tmp_path / str(at)
        folder.mkdir()
        post = made_at(folder)
        ada, bob = lost(post)
        post.now += DAY
        post.publish("丙")
        post.now = MONDAY + WEEK
        crashed = crashing(post, at)
        crashes += crashed
        post.tick()
        post.deliver()
        post.next_week("丁")
        assert post.listed(ada) == [[], ["乙", "甲"], []]
        assert post.listed(bob) == [[], [], []]
        assert [str(one) for one in violations(post.store)] == []
        post.close()
        if not crashed:
            break
    assert crashes >= (4 if large else 1)
