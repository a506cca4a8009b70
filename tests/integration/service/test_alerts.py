"""Alerts by real HTTP and real mail files: once for each trouble and once when it is over."""

from __future__ import annotations

import asyncio
import email
import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from digest.dumps.files import Stamp
from digest.model import Body, BounceKind, DeliveryState, DigestId, Edition, EditionKey, Format, SourceId, Variant
from digest.records.editions import Recipient
from digest.records.intake import DumpState, KnownDump
from digest.records.mailing import Bounce
from digest.service.intake import refresh
from digest.service.operating import alerts
from digest.settings import Settings
from digest.store import open_store
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from digest.model import SubscriberId
    from digest.store.transaction import Store
    from tests.conftest import Article

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)  # a Monday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
KEY = EditionKey("weekly/2026-W47")
BLOG = SourceId("blog")


class Hook(ThreadingHTTPServer):
    """A webhook: what it was sent, and how it answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.posted: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.code = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook/"


class _Answers(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        hook = self.server
        assert isinstance(hook, Hook)
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        hook.paths.append(self.path)
        if hook.code == 200:
            hook.posted.append(said)
        self.send_response(hook.code)
        if hook.code == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST  # noqa: N815 - as above

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    with serving(server):
        yield server


class Watch:
    """A service that is looked at, with a clock that the test moves."""

    def __init__(self, store: Store, folder: Path, hook: Hook) -> None:
        self.store, self.folder, self.hook, self.now = store, folder, hook, NOW
        self.settings = Settings(
            data_dir=folder,
            title="山上",
            sources=[{"id": "blog", "title": "山上", "path": folder / "dumps", "every": "365d"}],
            digests=[{"id": "weekly", "title": "每周", "schedule": "mon 08:00"}],
            mail={"path": folder / "mail", "sender": "Digest <digest@example.org>"},
            operator=["op@example.org"],
            alerts={"webhook": hook.url},
        )
        with store.write() as tx:
            tx.readings.register_source(BLOG, NOW)
            tx.editions.register_digest(DigestId("weekly"), NOW - 2 * HOUR)

    def look(self, after: timedelta = timedelta(0)) -> list[str]:
        """One tick, so much later; what it decided to report."""
        self.now += after
        decided = alerts.decide(self.store, self.settings, self.now)
        self.problems = asyncio.run(alerts.send_due_notices(self.store, self.settings, lambda: self.now))
        return [f"{one.kind}: {one.alert.subject}: {one.alert.problem}" for one in decided]

    def mails(self) -> list[str]:
        found = []
        for path in (self.folder / "mail" / "new").glob("*"):
            mail = email.message_from_bytes(path.read_bytes())
            assert mail["To"] == "op@example.org"
            assert mail["Auto-Submitted"] == "auto-generated"
            found.append((mail["Date"], str(make_header(decode_header(mail["Subject"])))))
        return [subject for _, subject in sorted(found)]

    def refreshed(self, problem: str = "", *, held: bool = False) -> None:
        with self.store.write() as tx:
            tx.readings.refreshed(BLOG, self.now, problem, held=held)

    def edition(self, *states: DeliveryState) -> None:
        """An edition made now, with a delivery of each state."""
        with self.store.write() as tx:
            people = [self._person(tx, f"{number}@example.org") for number in range(len(states))]
            tx.editions.make(
                Edition(KEY, DigestId("weekly"), NOW, None, self.now, empty=False),
                [],
                [Variant(Body("zh_CN", "主题", "<p>字</p>", "字"), ())],
                [Recipient(person, f"<{person}@example.org>", 0, self.now) for person in people],
            )
        self.ended(*states)

    @staticmethod
    def _person(tx: Any, address: str) -> SubscriberId:
        record = tx.subscribers.add(
            address, name="", language="en", fmt=Format.BOTH, digests=["weekly"], source="operator", now=NOW
        )
        number: SubscriberId = record.subscriber.id
        return number

    def ended(self, *states: DeliveryState) -> None:
        with self.store.write() as tx:
            leased = tx.deliveries.lease(self.now, self.now + HOUR, 100)
            for one, state in zip(leased, states, strict=False):
                if state is DeliveryState.PLANNED:
                    tx.deliveries.release(one.edition, one.subscriber.id)
                else:
                    tx.deliveries.begin(one.edition, one.subscriber.id, one.leased_until, self.now + HOUR, self.now)
                    later = self.now + HOUR if state is DeliveryState.DEFERRED else None
                    tx.deliveries.record(one.edition, one.subscriber.id, state, now=self.now, next_at=later)


@pytest.fixture
def watch(tmp_path: Path, hook: Hook) -> Iterator[Watch]:
    store = open_store("sqlite://")
    yield Watch(store, tmp_path, hook)
    store.close()


def test_nothing_is_reported_while_all_is_well(watch: Watch) -> None:
    watch.refreshed()
    assert watch.look() == []
    assert watch.mails() == []


def test_a_source_is_reported_after_three_failures_by_mail_and_webhook_and_once_when_it_is_well(
    watch: Watch, hook: Hook
) -> None:
    for _ in range(2):
        watch.refreshed("no such folder")
        assert watch.look(MINUTE) == []
    for _ in range(9):
        watch.refreshed("no such folder")
        watch.look(MINUTE)
    assert watch.mails() == ["[山上] trouble: source blog"]
    (told,) = hook.posted
    assert (told["kind"], told["subject"], told["problem"]) == ("trouble", "source blog", "no such folder")
    assert told["since"] == (NOW + MINUTE).isoformat()
    assert hook.paths == ["/hook/"]

    watch.refreshed()
    assert watch.look(MINUTE) == []
    assert watch.look(HOUR) == ["well: source blog: no such folder"]
    assert watch.look(HOUR) == []
    assert watch.mails() == ["[山上] trouble: source blog", "[山上] well again: source blog"]
    assert [one["kind"] for one in hook.posted] == ["trouble", "well"]


def test_a_blip_is_reported_to_nobody(watch: Watch) -> None:
    for _ in range(5):
        watch.refreshed("changed while it was read")
        assert watch.look(MINUTE) == []
        watch.refreshed()
        assert watch.look(MINUTE) == []
    with watch.store.read() as tx:
        assert tx.alerts.all() == {}


def test_a_dump_that_stays_held_is_reported_with_its_reason(watch: Watch) -> None:
    with watch.store.write() as tx:
        dump = KnownDump(BLOG, "page.txt", Stamp(1, 2, 3), "ab", DumpState.HELD, "only 1 of 9 entries", NOW, 9)
        tx.readings.store_dump(dump)
    for _ in range(3):
        watch.refreshed(held=True)
    assert watch.look() == ["trouble: source blog: page.txt: held: only 1 of 9 entries"]


def test_a_run_that_pauses_is_reported_at_once_and_well_when_mail_goes_out_again(watch: Watch) -> None:
    watch.edition(DeliveryState.PLANNED, DeliveryState.PLANNED)
    with watch.store.write() as tx:
        tx.deliveries.pause("login: 535 refused", NOW + 15 * MINUTE)
    assert watch.look() == ["trouble: sending: paused: login: 535 refused"]
    assert watch.look(2 * HOUR) == []  # the pause has ended, and nothing shows that it was of use
    with watch.store.write() as tx:
        tx.deliveries.got_through(watch.now)
    assert watch.look(MINUTE) == []
    assert watch.look(HOUR) == ["well: sending: no mail got through since it was paused: login: 535 refused"]


def test_a_fence_is_reported_at_once_and_well_when_it_is_lifted(watch: Watch) -> None:
    with watch.store.write() as tx:
        tx.backups.fence(NOW)
    (told,) = watch.look()
    assert told.startswith("trouble: sending: the store is fenced: it was restored from a backup of")
    with watch.store.write() as tx:
        tx.backups.lift()
    watch.look(MINUTE)
    assert watch.look(HOUR)[0].startswith("well: sending: the store is fenced")


def test_an_edition_that_is_not_made_is_reported_after_so_long(watch: Watch) -> None:
    assert watch.look(6 * HOUR) == []
    assert watch.look(MINUTE) == ["trouble: digest weekly: the edition of 2026-11-16 08:00 UTC is not made"]
    watch.edition()
    watch.look()
    assert watch.look(HOUR) == ["well: digest weekly: the edition of 2026-11-16 08:00 UTC is not made"]


@pytest.mark.parametrize(
    ("states", "told"),
    [
        (["accepted", "planned"], ["trouble: digest weekly: weekly/2026-W47: mails not sent: 1"]),
        (["accepted", "deferred"], []),  # one mailbox is full
        (
            ["accepted", "deferred", "deferred"],
            ["trouble: digest weekly: weekly/2026-W47: mails refused for now: 2"],
        ),
        (["accepted", "failed"], []),
    ],
)
def test_an_edition_whose_mails_are_not_out_is_reported_after_so_long(
    watch: Watch, states: list[str], told: list[str]
) -> None:
    watch.edition(*map(DeliveryState, states))
    assert watch.look(6 * HOUR) == []
    assert watch.look(MINUTE) == told


def test_many_refusals_by_policy_are_reported_and_nobody_is_suppressed(watch: Watch) -> None:
    watch.edition(*[DeliveryState.ACCEPTED] * 5)
    with watch.store.write() as tx:
        for number, record in enumerate(tx.subscribers.all()):
            if number == 4:
                break
            bounce = Bounce(record.subscriber.id, KEY, str(number), BounceKind.REFUSED, "5.7.26", "no DKIM", NOW)
            tx.bounces.add(bounce)
    assert watch.look() == []
    with watch.store.write() as tx:
        last = tx.subscribers.all()[4].subscriber.id
        tx.bounces.add(Bounce(last, KEY, "last", BounceKind.REFUSED, "5.7.26", "no DKIM", NOW))
    (told,) = watch.look()
    assert told.startswith("trouble: refused mail: the servers of 5 readers refused our mail within a day")


def test_what_was_reported_is_not_reported_again_after_a_restart(watch: Watch, tmp_path: Path, hook: Hook) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'kept.db'}")
    first = Watch(store, tmp_path, hook)
    for _ in range(3):
        first.refreshed("no such folder")
    first.look()
    store.close()

    store = open_store(f"sqlite:///{tmp_path / 'kept.db'}")
    second = Watch(store, tmp_path, hook)
    assert second.look(MINUTE) == []
    store.close()
    assert len(hook.posted) == 1


def test_a_crash_between_deciding_and_telling_loses_nothing_and_one_after_telling_repeats_once(
    watch: Watch, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for _ in range(3):
        watch.refreshed("no such folder")
    with monkeypatch.context() as dying:
        dying.setattr(alerts, "send_notice", die)
        with pytest.raises(KeyboardInterrupt):
            watch.look()
    assert hook.posted == []
    with monkeypatch.context() as dying:
        dying.setattr("digest.store.operating.monitoring.Alerts.delete_notice", die)
        with pytest.raises(KeyboardInterrupt):
            watch.look()
    assert watch.mails() == ["[山上] trouble: source blog"]

    assert watch.look(MINUTE) == []
    assert watch.mails() == ["[山上] trouble: source blog"]  # the maildir knows the Message-ID
    assert len(hook.posted) == 1


@pytest.mark.parametrize("code", [500, 302])
def test_a_channel_that_fails_is_tried_again_later_and_holds_no_other_back(watch: Watch, hook: Hook, code: int) -> None:
    hook.code = code
    for _ in range(3):
        watch.refreshed("no such folder")
    watch.look()
    assert watch.problems == [f"webhook: answered {code}"]
    assert hook.paths == ["/hook/"]  # where it points to is never asked
    assert watch.mails() == ["[山上] trouble: source blog"]
    watch.look(MINUTE - timedelta(seconds=1))
    assert watch.problems == []
    watch.look(timedelta(seconds=1))
    assert watch.problems == [f"webhook: answered {code}"]
    hook.code = 200
    watch.look(MINUTE)
    assert hook.posted == []  # the second wait is twice the first
    watch.look(MINUTE)
    assert [one["kind"] for one in hook.posted] == ["trouble"]
    assert watch.mails() == ["[山上] trouble: source blog"]


def test_a_channel_that_fails_for_a_week_is_given_up(watch: Watch, hook: Hook) -> None:
    hook.code = 500
    for _ in range(3):
        watch.refreshed("no such folder")
    watch.look()
    watch.look(8 * DAY)
    with watch.store.read() as tx:
        assert [one.subject for one in tx.alerts.notices(watch.now + DAY)] == ["digest weekly"]  # what came since


def test_what_is_no_longer_configured_is_forgotten(watch: Watch) -> None:
    for _ in range(3):
        watch.refreshed("no such folder")
    watch.look()
    watch.settings = watch.settings.model_copy(update={"sources": ()})
    assert watch.look(MINUTE) == []
    with watch.store.read() as tx:
        assert tx.alerts.all() == {}


def test_a_hook_that_is_away_is_named(watch: Watch, hook: Hook) -> None:
    watch.settings = watch.settings.model_copy(
        update={
            "operator": (),
            "alerts": watch.settings.alerts.model_copy(update={"webhook": "http://127.0.0.1:1/"}),
        }
    )
    for _ in range(3):
        watch.refreshed("no such folder")
    watch.look()
    (problem,) = watch.problems
    assert "refused" in problem.lower()


# --- what a pass over real dumps says ---------------------------------------------------------------


class Read(Watch):
    """The same, with dumps that are read before each look."""

    def pass_over(self, **texts: str) -> list[str]:
        """Write these dumps (an empty one: delete it), and read the source and look `alerts.after` times."""
        folder = self.folder / "dumps"
        folder.mkdir(exist_ok=True)
        for name, text in texts.items():
            path = folder / f"{name}.txt"
            path.write_text(text, "utf-8") if text else path.unlink()
        said = []
        for _ in range(self.settings.alerts.after):
            refresh.refresh(self.store, self.settings, self.settings.sources[0], now=self.now)
            said += [one for one in self.look(HOUR) if ": source blog: " in one]
        return said


@pytest.fixture
def read(tmp_path: Path, hook: Hook) -> Iterator[Read]:
    with closing(open_store("sqlite://")) as store:
        made = Read(store, tmp_path, hook)
        fields = made.settings.model_dump(include={"data_dir", "title", "mail", "operator", "alerts", "digests"})
        source = {"id": "blog", "title": "山上", "path": tmp_path / "dumps", "stale": "60d", "every": "365d"}
        made.settings = Settings(**fields, sources=[source])
        yield made


def byline(article: type[Article], *numbers: int) -> str:
    made = (article(f"第{n}篇", (2026, 3, n), (f"第{n}篇的第一段,它与别的段落都不相同。",)) for n in numbers)
    return "".join(one.byline() for one in made) + "最近评论\n"


def test_a_pass_that_breaks_off_is_reported_with_its_reason(
    read: Read, article: type[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    read.pass_over(page=byline(article, 1))
    monkeypatch.setattr(refresh, "Moved", broken)
    for _ in range(read.settings.alerts.after):
        with pytest.raises(ZeroDivisionError):
            refresh.refresh(read.store, read.settings, read.settings.sources[0], now=read.now)
    (told,) = [one for one in read.look() if ": source blog: " in one]
    assert "its pass broke off: ZeroDivisionError: a bug at digest/service/intake/refresh.py" in told


def test_what_makes_a_source_fail_is_reported_in_its_words(read: Read, article: type[Article]) -> None:
    assert read.pass_over(page=byline(article, 1, 2, 3)) == []

    (unread,) = read.pass_over(other=byline(article, 4, 5).replace("2026-03-04", "前几天"))
    assert unread.startswith("trouble: source blog: other.txt: line 2 looks like the start of an entry")
    assert read.pass_over(other=byline(article, 4, 5)) == ["well: source blog: " + unread.partition("blog: ")[2]]

    read.now += 60 * DAY
    (stale,) = read.pass_over()
    assert stale.startswith("trouble: source blog: no dump changed since 2026-11-16 ")
    assert [one.partition(": ")[0] for one in read.pass_over(page=byline(article, 1, 2, 3, 6))] == ["well"]

    (emptied,) = read.pass_over(page="", other="")
    assert emptied.startswith("trouble: source blog: has no dump any more, and had some before")
    assert read.hook.posted[-1]["problem"] in emptied
