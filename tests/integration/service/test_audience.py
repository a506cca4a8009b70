"""What each subscriber gets: topics, frequencies, pauses, zones. Nobody gets an entry twice, nobody misses one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.mail.tokens import leave_token
from digest.model import DeliveryState, DigestId, EditionKey, Format, SubscriberId
from digest.service.bounces import dead_letters, lifting
from digest.service.editions import digests, making
from digest.service.people import consent, importing, preferences, subscribers
from digest.service.people.importing import read_people
from digest.service.people.preferences import Choices
from digest.settings import Settings
from digest.store import open_store
from tests.conftest import Article
from tests.examples import examples
from tests.integration.service.test_editions import DAY, HOUR, MONDAY, WEDNESDAY, Paper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FREQUENCIES = {"daily": "daily 08:00", "weekly": "mon 08:00", "monthly": "monthly 1 08:00"}
ADA = "ada@example.org"


class Press(Paper):
    """A blog with a digest at three frequencies and two topics."""

    @property
    def settings(self) -> Settings:
        made = super().settings
        zone = "Asia/Shanghai"
        return Settings(
            data_dir=made.data_dir,
            base_url=made.base_url,
            sources=[made.sources[0].model_dump()],
            digests=[{"id": name, "title": name, "schedule": at, "timezone": zone} for name, at in FREQUENCIES.items()],
            topics=[{"id": "maths", "title": "数学", "words": ["数"]}, {"id": "verse", "title": "诗", "words": ["诗"]}],
        )

    def join(self, digest: str = "weekly", address: str = ADA) -> SubscriberId:
        return subscribers.add(self.store, self.settings, address, digests=[digest], now=self.now).subscriber.id

    def wish(self, person: SubscriberId, **changes: Any) -> None:
        """What the preferences page stores, from the wishes that hold now."""
        with self.store.read() as tx:
            record = tx.subscribers.get(person)
        assert record is not None
        known = record.subscriber
        wishes = Choices(record.digests, known.topics, known.language, known.format, known.timezone, known.paused_until)
        preferences.change_preferences(self.store, self.settings, person, replace(wishes, **changes), self.now)

    def close(self) -> None:
        self.store.close()  # who opened it closes it

    def deliver(self) -> None:
        """Every mail that is due is taken by its server."""
        with self.store.write() as tx:
            for one in tx.deliveries.lease(self.now, self.now + HOUR, 1000):
                person = one.subscriber.id
                assert tx.deliveries.begin(one.edition, person, one.leased_until, self.now + 2 * HOUR, self.now)
                tx.deliveries.record(one.edition, person, DeliveryState.ACCEPTED, now=self.now)

    def mails(self, person: SubscriberId) -> list[tuple[str, list[str]]]:
        """The mails that a person got: edition and the titles that it announced as new."""
        with self.store.read() as tx:
            record = tx.subscribers.get(person)
            assert record is not None
            got = [key for key, state, _ in record.deliveries if state is DeliveryState.ACCEPTED]
            return [(key, self._told(tx, key, person)) for key in got]

    @staticmethod
    def _told(tx: Any, key: EditionKey, person: SubscriberId) -> list[str]:
        number = tx.deliveries.variant(key, person)
        held = tx.editions.selected(key)
        return [held[at].entry.content.title for at in tx.editions.variants(key)[number].told]

    def titles(self, person: SubscriberId) -> list[str]:
        return [title for _, told in self.mails(person) for title in told]


def made_at(folder: Path) -> Press:
    press = Press(folder, Article, open_store("sqlite://"))
    digests.register(press.store, press.settings.digests, press.now)
    return press


@pytest.fixture
def press(tmp_path: Path) -> Iterator[Press]:
    made = made_at(tmp_path)
    yield made
    made.close()


def test_a_person_who_wants_a_topic_gets_nothing_else(press: Press) -> None:
    ada, bob, cleo = press.join(), press.join(address="bob@example.org"), press.join(address="cleo@example.org")
    press.wish(ada, topics=("maths",))
    press.wish(cleo, topics=("maths", "verse"))
    press.publish("数", "诗", "散文")
    press.tick(at=MONDAY)
    press.deliver()
    assert press.titles(ada) == ["数"]
    assert press.titles(bob) == ["散文", "诗", "数"]
    assert press.titles(cleo) == ["诗", "数"]


def test_a_person_who_wants_a_topic_of_which_there_is_nothing_gets_no_mail(press: Press) -> None:
    ada = press.join()
    press.wish(ada, topics=("verse",))
    press.publish("数")
    press.tick(at=MONDAY)
    press.deliver()
    assert press.mails(ada) == []


def test_a_topic_that_is_configured_no_more_holds_everything(press: Press) -> None:
    ada = press.join()
    with press.store.write() as tx:
        tx.subscribers.prefer(ada, language="zh_CN", fmt=Format.BOTH, timezone="", topics=["gone"], paused_until=None)
    press.publish("数", "诗")
    press.tick(at=MONDAY)
    press.deliver()
    assert press.titles(ada) == ["诗", "数"]


def test_readers_of_the_same_get_the_same_words(press: Press) -> None:
    ada, bob = press.join(), press.join(address="bob@example.org")
    press.wish(ada, topics=("maths", "verse"))
    press.publish("数", "诗")
    (key,) = press.tick(at=MONDAY)[1:2]
    with press.store.read() as tx:
        assert tx.deliveries.variant(EditionKey(key), ada) == tx.deliveries.variant(EditionKey(key), bob)
        assert len(tx.editions.variants(EditionKey(key))) == 1


def test_a_person_who_changes_the_frequency_gets_nothing_twice_and_misses_nothing(press: Press) -> None:
    ada = press.join("daily")
    press.publish("甲")
    press.tick(at=WEDNESDAY + DAY)
    press.deliver()
    press.publish("乙")  # announced by no daily edition yet
    press.wish(ada, digests=("weekly",))
    press.tick(at=MONDAY)
    press.deliver()
    assert press.titles(ada) == ["甲", "乙"]


def test_what_another_frequency_announced_to_others_before_is_caught_up(press: Press) -> None:
    ada, bob = press.join("monthly"), press.join("daily", "bob@example.org")
    press.publish("甲")
    press.tick(at=WEDNESDAY + DAY)
    press.deliver()
    press.wish(ada, digests=("daily",))
    press.publish("乙")
    press.tick(at=WEDNESDAY + 2 * DAY)
    press.deliver()
    press.publish("丙")
    press.tick(at=WEDNESDAY + 3 * DAY)
    press.deliver()
    assert [told for _, told in press.mails(ada)] == [["乙", "甲"], ["丙"]]
    assert press.titles(bob) == ["甲", "乙", "丙"]


def test_after_a_pause_the_first_edition_announces_what_was_missed(press: Press) -> None:
    ada, bob = press.join(), press.join(address="bob@example.org")
    press.publish("甲")
    press.tick(at=MONDAY)
    press.wish(ada, paused_until=MONDAY + 10 * DAY)  # the mail of today is planned and not sent
    press.deliver()
    for week, title in enumerate("乙丙", start=1):
        press.now = MONDAY + week * 7 * DAY - HOUR
        press.publish(title)
        press.tick(at=MONDAY + week * 7 * DAY)
        press.deliver()
    assert [told for _, told in press.mails(ada)] == [["丙", "乙", "甲"]]
    assert press.titles(bob) == ["甲", "乙", "丙"]


def test_what_a_mail_has_no_room_for_comes_with_the_next(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    """What others got long ago stands on no page of the edition, so a link to it would not do."""
    ada = press.join()
    press.publish("甲")
    press.tick(at=MONDAY)
    press.wish(ada, paused_until=MONDAY + 6 * DAY)
    press.now += 3 * DAY
    press.publish("乙")
    press.now += 4 * DAY
    press.wish(ada, paused_until=press.now + DAY)
    press.tick()
    press.publish("丙", "丁")
    monkeypatch.setattr("digest.mail.composing.edition_text.LARGEST_HTML", 1)  # room for one entry
    for week, title in enumerate("戊己庚", start=2):
        press.tick(at=MONDAY + 7 * week * DAY)
        press.deliver()
        press.publish(title)
    told = [titles for _, titles in press.mails(ada)]
    # What is new stands on the page of the edition, so of the rest one has room each time.
    assert told == [["乙", "丁", "丙"], ["甲", "戊"], ["己"]]


def test_a_person_who_is_mailed_again_after_a_suppression_gets_what_was_missed(press: Press) -> None:
    ada = press.join()
    press.publish("甲")
    with press.store.write() as tx:
        tx.subscribers.suppress(ada, "550 no such user", press.now)
    press.tick(at=MONDAY)
    lifting.lift(press.store, lifting.ChosenPeople([ADA]), now=press.now)
    press.publish("乙")
    press.tick(at=MONDAY + 7 * DAY)
    press.deliver()
    assert sorted(press.titles(ada)) == ["乙", "甲"]


def test_what_failed_is_announced_by_the_next_edition_and_then_not_retried(press: Press) -> None:
    ada = press.join()
    press.publish("甲")
    press.tick(at=MONDAY)
    with press.store.write() as tx:
        (leased,) = tx.deliveries.lease(press.now, press.now + HOUR, 1)
        tx.deliveries.record(leased.edition, ada, DeliveryState.FAILED, now=press.now)
        tx.subscribers.set_behind(DigestId("weekly"), [ada], behind=True)
    (row,) = dead_letters.deliveries_in(press.store, [DeliveryState.FAILED])
    press.publish("乙")
    press.tick(at=MONDAY + 7 * DAY)
    assert dead_letters.retry(press.store, press.settings, [row], now=press.now) == []
    press.deliver()
    assert sorted(press.titles(ada)) == ["乙", "甲"]


def test_what_failed_and_is_retried_before_the_next_edition_is_not_announced_by_it(press: Press) -> None:
    ada = press.join()
    press.publish("甲")
    press.tick(at=MONDAY)
    with press.store.write() as tx:
        (leased,) = tx.deliveries.lease(press.now, press.now + HOUR, 1)
        tx.deliveries.record(leased.edition, ada, DeliveryState.FAILED, now=press.now)
        tx.subscribers.set_behind(DigestId("weekly"), [ada], behind=True)
    rows = dead_letters.deliveries_in(press.store, [DeliveryState.FAILED])
    assert dead_letters.retry(press.store, press.settings, rows, now=press.now) == rows
    press.publish("乙")
    press.tick(at=MONDAY + 7 * DAY)
    press.deliver()
    assert press.titles(ada) == ["甲", "乙"]


def test_catching_up_announces_nothing_of_topics_that_were_not_wanted_then(press: Press) -> None:
    ada = press.join()
    press.wish(ada, topics=("maths",))
    press.publish("数一", "诗一")
    press.tick(at=MONDAY)
    press.deliver()
    press.publish("诗二")
    press.wish(ada, topics=())
    press.wish(ada, paused_until=press.now + 8 * DAY)
    press.tick(at=MONDAY + 7 * DAY)
    press.publish("诗三")
    press.tick(at=MONDAY + 14 * DAY)
    press.deliver()
    assert sorted(press.titles(ada)) == sorted(["数一", "诗二", "诗三"])


def test_leaving_by_mistake_costs_nothing(press: Press) -> None:
    ada = press.join()
    press.publish("甲")
    press.tick(at=MONDAY)
    token = leave_token(press.store.secret(), ada, DigestId("weekly"))
    subscribers.leave(press.store, token, source="button", now=press.now)
    press.deliver()
    press.now += DAY
    assert consent.undo(press.store, press.settings, token, press.now)
    press.publish("乙")
    press.tick(at=MONDAY + 7 * DAY)
    press.deliver()
    assert sorted(press.titles(ada)) == ["乙", "甲"]


def test_leaving_can_be_undone_for_a_week(press: Press) -> None:
    ada = press.join()
    token = leave_token(press.store.secret(), ada, DigestId("weekly"))
    assert not consent.can_undo(press.store, token, press.now)
    subscribers.leave(press.store, token, source="button", now=press.now)
    assert consent.can_undo(press.store, token, press.now + 7 * DAY)
    assert not consent.can_undo(press.store, token, press.now + 7 * DAY + timedelta(seconds=1))
    assert not consent.undo(press.store, press.settings, token, press.now + 8 * DAY)
    assert not consent.undo(press.store, press.settings, token + "x", press.now)


def test_a_mail_waits_for_the_reader_s_own_morning(press: Press) -> None:
    ada, bob = press.join(), press.join(address="bob@example.org")
    press.wish(ada, timezone="Europe/Berlin")
    press.publish("甲")
    press.tick(at=MONDAY)
    press.deliver()
    assert press.mails(ada) == []
    assert press.titles(bob) == ["甲"]
    press.now = datetime(2026, 11, 16, 7, 0, tzinfo=UTC)  # eight in Berlin
    press.deliver()
    assert press.titles(ada) == ["甲"]


def test_the_latest_edition_comes_on_request_and_once(press: Press) -> None:
    press.publish("甲")
    press.tick(at=MONDAY)
    press.now += DAY
    ada, weekly = press.join(), DigestId("weekly")
    assert preferences.send_latest(press.store, press.settings, ada, weekly, press.now) == "weekly/2026-W47"
    assert preferences.send_latest(press.store, press.settings, ada, weekly, press.now) is None
    press.deliver()
    press.publish("乙")
    press.tick(at=MONDAY + 7 * DAY)
    press.deliver()
    assert press.titles(ada) == ["甲", "乙"]


def test_the_latest_edition_is_for_subscribers(press: Press) -> None:
    press.publish("甲")
    press.tick(at=MONDAY)
    ada = press.join("daily")
    assert preferences.send_latest(press.store, press.settings, ada, DigestId("weekly"), press.now) is None


def test_the_operator_cannot_subscribe_somebody_to_two_frequencies(press: Press) -> None:
    ada = press.join("daily")
    assert press.join("weekly") == ada
    with press.store.read() as tx:
        record = tx.subscribers.get(ada)
    assert record is not None
    assert record.digests == ("weekly",)
    with pytest.raises(Exception, match="one frequency"):
        press.wish(ada, digests=("daily", "weekly"))


def test_a_second_import_does_not_change_a_chosen_frequency(press: Press) -> None:
    importing.import_people(press.store, press.settings, read_people(f"{ADA}\n".encode(), press.now), now=press.now)
    with press.store.read() as tx:
        record = tx.subscribers.find(ADA)
    assert record is not None
    assert record.digests == ("daily",)
    press.wish(record.subscriber.id, digests=("monthly",))
    listed = read_people(f"{ADA}\n".encode(), press.now)
    report = importing.import_people(press.store, press.settings, listed, now=press.now)
    assert report.kinds["known"] == 1
    with press.store.read() as tx:
        again = tx.subscribers.find(ADA)
    assert again is not None
    assert again.digests == ("monthly",)


STEPS = st.one_of(
    st.tuples(st.just("frequency"), st.sampled_from(list(FREQUENCIES))),
    st.tuples(st.just("publish"), st.integers(1, 2)),
    st.tuples(st.just("pause"), st.integers(0, 20)),
    st.tuples(st.just("wait"), st.integers(1, 15)),
    st.tuples(st.just("leave_and_back"), st.integers(0, 6)),
    st.tuples(st.just("plan"), st.just(0)),
    st.tuples(st.just("hold"), st.just(0)),
    st.tuples(st.just("refuse"), st.integers(0, 15)),
)


class Course:
    """One subscriber and what they and the blog do, step by step."""

    def __init__(self, press: Press, frequency: str) -> None:
        self.press, self.ada = press, press.join(frequency)
        self.published = 0

    def frequency(self, digest: str) -> None:
        self.press.wish(self.ada, digests=(digest,))

    def publish(self, count: int) -> None:
        titles = [f"第{self.published + n}篇" for n in range(count)]
        self.published += count
        self.press.publish(*titles)

    def pause(self, days: int) -> None:
        self.press.wish(self.ada, paused_until=self.press.now + days * DAY if days else None)

    def plan(self, _: int) -> None:
        """Mails are planned, and wait for a drain when the next step comes."""
        self.press.tick()

    def hold(self, _: int) -> None:
        """A drain has leased the mails and begun none when the next step comes."""
        self.press.tick()
        with self.press.store.write() as tx:
            tx.deliveries.lease(self.press.now, self.press.now + HOUR, 1000)

    def refuse(self, days: int) -> None:
        """Their server refuses what comes for some days, permanently."""
        press = self.press
        for _ in range(days):
            press.tick(at=press.now + DAY)
            with press.store.write() as tx:
                for one in tx.deliveries.lease(press.now, press.now + HOUR, 1000):
                    tx.deliveries.record(one.edition, self.ada, DeliveryState.FAILED, now=press.now)
                    tx.subscribers.set_behind(one.digest, [self.ada], behind=True)

    def leave_and_back(self, days: int) -> None:
        press = self.press
        with press.store.read() as tx:
            record = tx.subscribers.get(self.ada)
        assert record is not None
        for digest in record.digests:
            token = leave_token(press.store.secret(), self.ada, digest)
            subscribers.leave(press.store, token, source="button", now=press.now)
            press.now += days * DAY
            assert consent.undo(press.store, press.settings, token, press.now)

    def wait(self, days: int) -> None:
        for _ in range(days):
            self.press.tick(at=self.press.now + DAY)
            self.press.deliver()


@settings(max_examples=examples(15))
@given(st.lists(STEPS, max_size=12), st.sampled_from(list(FREQUENCIES)), st.booleans())
def test_over_any_course_of_wishes_each_article_is_announced_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, Any]], frequency: str, large: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if large:  # as with many subscribers, planned a part at a time
            patch.setattr(making, "LARGE_EDITION", -1)
        press = made_at(tmp_path_factory.mktemp("press"))
        course = Course(press, frequency)
        for step, value in steps:
            getattr(course, step)(value)
        course.pause(0)
        course.publish(1)  # so that no edition is empty
        course.wait(33)
        assert sorted(press.titles(course.ada)) == sorted(article.title for article in press.articles)
        press.close()
