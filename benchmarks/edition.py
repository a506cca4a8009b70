"""An edition of ten entries as the mail benchmarks send it, and the process that hands it over."""

from __future__ import annotations

import asyncio
import shutil
import sys
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from benchmarks.machine import BUILD
from digest import logs
from digest.app import event_loop
from digest.mail.composing.edition_text import edition_body
from digest.mail.composing.entry_views import Frame
from digest.mail.dkim import Key, write_key
from digest.mail.sending import transport
from digest.model import (
    AtomId,
    Body,
    Content,
    DateKind,
    Delivery,
    DigestId,
    Edition,
    EditionKey,
    Entry,
    EntryDate,
    EntryId,
    Format,
    Section,
    Selected,
    SourceId,
    Subscriber,
    SubscriberId,
    Variant,
)
from digest.records.editions import Recipient
from digest.service.mailing.composing import MailComposer
from digest.service.mailing.drain.delivery import drain
from digest.settings import Digest, Settings
from digest.store import open_store

if TYPE_CHECKING:
    from pathlib import Path

_FOLDER = BUILD / "mail-1"
_KEY = EditionKey("weekly/2026-W47")
_NOW = datetime(2026, 11, 16, tzinfo=UTC)
_SITE = "https://digest.example.org"
_SENTENCE = "我们可以把这个问题看成一个优化问题,参数的分布由样本决定,梯度沿着曲线收敛到极限。"


@cache
def words() -> Body:
    frame = Frame(
        digest=Digest(id="weekly", title="科学空间 每周摘要"),
        key=_KEY,
        opens_at=_NOW - timedelta(days=7),
        closes_at=_NOW,
        zone=ZoneInfo("Asia/Shanghai"),
        base_url=_SITE,
        folder=None,
        channel=lambda _: "",
    )
    return edition_body(frame, [Selected(Section.NEW, _entry(number)) for number in range(10)], {}, "zh_CN")


def _entry(number: int) -> Entry:
    paragraphs = tuple(f"第{number}篇第{at}段:{_SENTENCE * 3}" for at in range(4))
    return Entry(
        id=EntryId(f"2026-11-{number + 1:02}-1"),
        atom_id=AtomId(f"tag:example.org,2026:{number}"),
        content=Content(f"第{number}个问题的几何解释与数值实验", "山客", paragraphs, ()),
        date=EntryDate(11, number + 1, 2026, DateKind.EXACT),
        readers=None,
        sources=(SourceId("kexue"),),
        first_seen_at=_NOW,
        updated_at=_NOW,
        revision=1,
        page_order=number,
    )


def letters() -> MailComposer:
    letters = MailComposer(settings_of(), b"s" * 32)
    letters.add_body(_KEY, 0, words(), {})
    return letters


def delivery(number: int) -> Delivery:
    person = Subscriber(SubscriberId(number), f"reader{number}@example.org", "", "zh_CN", Format.BOTH, _NOW)
    marked = f"<weekly.2026-W47.{number:032x}@example.org>"
    return Delivery(_KEY, DigestId("weekly"), person, 0, marked, 1, 0, _NOW, _NOW, _NOW, _NOW)


@cache
def store_for(people: int) -> Path:
    """A folder with a store that holds the edition and a planned delivery for each."""
    folder = _FOLDER / str(people)
    if folder.exists():
        return folder
    draft = folder.with_suffix(".part")
    shutil.rmtree(draft, ignore_errors=True)
    store = open_store(f"sqlite:///{draft}/digest.sqlite")
    weekly = DigestId("weekly")
    with store.write() as tx:
        tx.editions.register_digest(weekly, _NOW)
        add = partial(tx.subscribers.add, name="", language="zh_CN", fmt=Format.BOTH, now=_NOW, digests=[weekly])
        added = [add(f"reader{number}@example.org") for number in range(people)]
        recipients = [
            Recipient(one.subscriber.id, f"<weekly.2026-W47.{one.subscriber.id:032x}@example.org>", 0, _NOW)
            for one in added
            if one
        ]
        tx.editions.make(Edition(_KEY, weekly, _NOW, None, _NOW, empty=False), [], [Variant(words(), ())], recipients)
    store.close()
    draft.rename(folder)
    return folder


def settings_of(*, port: int = 25, connections: int = 4, key: str = "") -> Settings:
    return Settings(
        data_dir=BUILD,
        base_url=_SITE,
        digests=[{"id": "weekly", "title": "科学空间 每周摘要", "schedule": "mon 00:00"}],
        mail={
            "transport": "smtp",
            "host": "127.0.0.1",
            "port": port,
            "security": "none",
            "connections": connections,
            "sender": "科学空间 <digest@example.org>",
        },
        dkim={"key_file": key_file(key)} if key == "rsa" else {},
    )


def key_file(kind: str) -> Path:
    file = _FOLDER / kind
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        write_key(file, kind)
    return file


def sign_by_ed25519_alone() -> None:
    """What no configuration can say, since many servers read RSA only."""
    private = load_pem_private_key(key_file("ed25519").read_bytes(), None)
    if not isinstance(private, ed25519.Ed25519PrivateKey):
        raise TypeError(type(private))
    transport.signing_keys = lambda _: (Key("example.org", "b", private),)


def drain_when_told(folder: str, port: str, connections: str, key: str) -> None:
    """What a child does: hand over what is due, with the log of the service, and say how many were taken."""
    settings = settings_of(port=int(port), connections=int(connections), key=key)
    logs.configure(settings.log.level, json_lines=settings.log.json_lines)
    store = open_store(f"sqlite:///{folder}/digest.sqlite")
    if key == "ed25519":
        sign_by_ed25519_alone()
    print("ready", flush=True)
    sys.stdin.readline()
    with asyncio.Runner(loop_factory=event_loop) as runner:  # the service's own
        report = runner.run(drain(store, settings, lambda: datetime.now(UTC)))
    print(report.counts()["accepted"])
    store.close()


if __name__ == "__main__":
    drain_when_told(*sys.argv[1:])
