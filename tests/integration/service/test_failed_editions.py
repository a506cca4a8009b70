"""An edition that cannot be made is in `status` with its reason, alerts at once, and holds up no other."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from digest.errors import EditionError, FencedError
from digest.model import DigestId
from digest.records.operating import NoticeKind
from digest.service.editions import digests, making, variants
from digest.service.intake import refresh
from digest.service.operating import alerts
from digest.service.operating.status import status
from digest.settings import Settings
from digest.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from digest.store.transaction import Store
    from tests.conftest import Article

WEDNESDAY = datetime(2026, 11, 11, 12, tzinfo=UTC)
MONDAY = datetime(2026, 11, 16, 8, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Press:
    """Three digests of one blog, the second of which has a template of its own that is wrong."""

    def __init__(self, folder: Path, store: Store, article: type[Article]) -> None:
        self.store, self.now = store, WEDNESDAY
        self.subject = folder / "own" / "mail" / "mine" / "subject.txt"
        self.subject.parent.mkdir(parents=True)
        for part in ("html.html", "text.txt"):
            (self.subject.parent / part).write_text('{% extends "mail/weekly/' + part + '" %}', "utf-8")
        self.subject.write_text("\n{{ spam }}", "utf-8")
        self.settings = Settings(
            data_dir=folder,
            templates=folder / "own",
            sources=[{"id": "blog", "title": "山上", "path": folder / "dumps", "every": "30d"}],
            digests=[
                {"id": "first", "title": "一"},
                {"id": "second", "title": "二", "template": "mine"},
                {"id": "third", "title": "三"},
            ],
            alerts={"webhook": "http://127.0.0.1:1/"},
        )
        digests.register(store, self.settings.digests, self.now)
        (folder / "dumps").mkdir()
        page = article("甲", (2026, 11, 10), ("甲的正文。",)).byline() + "最近评论\n"
        (folder / "dumps" / "page.txt").write_text(page, "utf-8")
        refresh.refresh(store, self.settings, self.settings.sources[0], now=self.now)

    def tick(self, now: datetime) -> list[str]:
        """Make what is due; the digests that got an edition."""
        self.now = now
        return [made.edition.digest for made in making.make_due(self.store, self.settings, now)]

    def troubles(self) -> list[str]:
        found = status(self.store, self.settings, self.now).troubles
        return [f"{one.subject}: {one.problem}" for one in found]

    def told(self) -> list[tuple[NoticeKind, str]]:
        return [(one.kind, one.alert.subject) for one in alerts.decide(self.store, self.settings, self.now)]


@pytest.fixture
def press(tmp_path: Path, article: type[Article]) -> Iterator[Press]:
    with closing(open_store("sqlite://")) as store:
        yield Press(tmp_path, store, article)


def test_a_failure_is_reported_at_once_with_its_reason_and_the_other_editions_are_made(press: Press) -> None:
    assert press.tick(MONDAY) == ["first", "third"]
    (trouble,) = press.troubles()
    assert trouble == f"edition of second: cannot be made: {press.subject}:2: 'spam' is undefined"
    assert press.told() == [(NoticeKind.TROUBLE, "edition of second")]
    assert press.tick(MONDAY + MINUTE) == []
    assert press.told() == []
    with press.store.read() as tx:
        failure = tx.editions.failure(DigestId("second"))
    assert failure
    assert failure.since == MONDAY


def test_it_is_made_when_the_template_is_mended_and_all_is_well_at_once(press: Press) -> None:
    press.tick(MONDAY)
    press.subject.write_text("{{ title }}", "utf-8")
    assert press.tick(MONDAY + MINUTE) == ["second"]
    assert press.troubles() == []


def test_one_that_is_too_late_to_be_made_is_well_when_it_could_be_made_again(press: Press) -> None:
    press.tick(MONDAY)
    late = MONDAY + press.settings.digests[1].late + MINUTE
    press.tick(late)
    assert any("edition of second" in one for one in press.troubles())
    press.subject.write_text("{{ title }}", "utf-8")
    assert press.tick(late + MINUTE) == []
    assert not any("edition of second" in one for one in press.troubles())


def test_a_fault_of_ours_is_reported_as_one_and_holds_up_no_other(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = variants.edition_frame

    def broken(tx: object, settings: object, digest: object, *more: object) -> object:
        if getattr(digest, "id", "") == "first":
            raise ZeroDivisionError("a bug")
        return usual(tx, settings, digest, *more)  # type: ignore[arg-type] # as it was called

    press.subject.write_text("{{ title }}", "utf-8")
    monkeypatch.setattr(making, "edition_frame", broken)
    assert press.tick(MONDAY) == ["second", "third"]
    (trouble,) = press.troubles()
    assert "edition of first: cannot be made: cannot be rendered: ZeroDivisionError: a bug" in trouble
    assert "please report it" in trouble


def test_an_edition_that_is_cut_manually_says_why_it_cannot_be_made(press: Press) -> None:
    with pytest.raises(EditionError, match="'spam' is undefined"):
        making.cut(press.store, press.settings, press.settings.digests[1], press.now)
    assert len(press.troubles()) == 1


def test_a_fence_is_no_failure_of_an_edition(press: Press) -> None:
    with press.store.write() as tx:
        tx.backups.fence(press.now)
    assert press.tick(MONDAY) == []
    with pytest.raises(FencedError):
        making.cut(press.store, press.settings, press.settings.digests[0], press.now)
    with press.store.read() as tx:
        assert [tx.editions.failure(DigestId(one.id)) for one in press.settings.digests] == [None] * 3
