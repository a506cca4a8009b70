"""Mails: composing and signing one, and an edition to many into postfix's smtp-sink, against its smtp-source."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from benchmarks import usual_mail
from benchmarks.machine import BUILD
from benchmarks.measure import Clock, Row, best, small, speed, times
from digest import logs
from digest.app import event_loop
from digest.mail import transport
from digest.mail.dkim import Key, signed, write_key
from digest.mail.words import Frame, body
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
from digest.ports import Recipient
from digest.service.delivery import drain
from digest.service.letters import Letters
from digest.settings import Settings
from digest.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_PEOPLE = small(20_000, 2_000)
_FEWER = small(4_000, 400)  # through the slow relay
_USUAL = small(200, 50)  # mails of the usual stack, which is slow
_FOLDER = BUILD / "mail-1"
_KEY = EditionKey("weekly/2026-W47")
_NOW = datetime(2026, 11, 16, tzinfo=UTC)
_SITE = "https://digest.example.org"
_SENTENCE = "我们可以把这个问题看成一个优化问题,参数的分布由样本决定,梯度沿着曲线收敛到极限。"
_DELAY = 0.02
_TIMES = 200


def rows() -> Iterator[Row]:
    """From one mail to an edition."""
    yield from _one()
    with _sink() as port:
        yield from _many(port)
    yield from _usual()


# --- one mail -------------------------------------------------------------------------------------


def _one() -> Iterator[Row]:
    letters, words = _letters(), _words()
    html, people = words.html.encode(), [_delivery(number) for number in range(_TIMES)]
    reference, ours = best(
        lambda: [base64.b64encode(html) for _ in people], lambda: [letters.mail(one) for one in people], rounds=7
    )
    against = f"base64 of its HTML ({len(html) // 1000} kB)"
    yield times("mail", "composing one mail", against, ours / _TIMES, reference / _TIMES, 3)
    mails = [letters.mail(one) for one in people]
    for key, most in zip(_keys(), (1.4, 3), strict=True):
        ours, reference = best(lambda: _signed(mails, key), lambda: _bare(len(mails), key), rounds=5)  # noqa: B023 - run at once
        name = f"DKIM, {key.algorithm}"
        yield times("mail", name, "the bare signature", ours / _TIMES, reference / _TIMES, most)


def _signed(mails: list[bytes], key: Key) -> None:
    for mail in mails:
        signed(mail, [key])


def _bare(count: int, key: Key) -> None:
    content = b"x" * 1500  # as long as the fields that are signed
    for _ in range(count):
        if isinstance(key.private, rsa.RSAPrivateKey):
            key.private.sign(content, padding.PKCS1v15(), hashes.SHA256())
        else:
            key.private.sign(content)


@cache
def _keys() -> tuple[Key, Key]:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048), ed25519.Ed25519PrivateKey.generate()
    return Key("example.org", "a", made[0]), Key("example.org", "b", made[1])


# --- an edition -----------------------------------------------------------------------------------


def _many(port: int) -> Iterator[Row]:
    size = len(_letters().mail(_delivery(1)))
    for connections in (4, 16):
        source = partial(_source, port, connections, size, _PEOPLE)
        for key, floor, processes in (("", 0.8, 1), ("ed25519", 0.8, 1), ("rsa", 0.35, 1), ("rsa", 0.5, 2)):
            ours, reference = _taking_turns(partial(_drained, port, connections, key, processes, _PEOPLE), source)
            name = f"edition, {key or 'unsigned'}, {connections} connections" + ", two processes" * (processes == 2)
            yield _edition(name, "smtp-source", _PEOPLE, ours, reference, floor)
    for connections in (16, 64):
        with _relay(port) as slow:
            source = partial(_source, slow, connections, size, _FEWER)
            ours, reference = _taking_turns(partial(_drained, slow, connections, "", 1, _FEWER), source)
        name = f"edition, {_DELAY * 1000:.0f} ms a reply, {connections} connections"
        yield _edition(name, "smtp-source through the same relay", _FEWER, ours, reference, 2.5)


def _usual() -> Iterator[Row]:
    for key, floor in (("rsa", 20), ("ed25519", 50)):
        with _sink() as port:
            words = _words()
            stack = usual_mail.Stack(words.html, words.text, words.subject, _key_file(key))
            reference = _timed(lambda: asyncio.run(stack.send(port, 16, _USUAL))) / _USUAL  # noqa: B023 - run at once
            ours = _drained(port, 16, key, 1, _FEWER) / _FEWER
        yield speed(
            "mail", f"edition, {key}", "the usual stack", 1, "mails/s", ours, reference, floor, clock=Clock.WALL
        )


def _edition(name: str, against: str, people: int, ours: float, reference: float, floor: float) -> Row:
    return speed("mail", name, against, people, "mails/s", ours, reference, floor, clock=Clock.WALL)


def _taking_turns(ours: Callable[[], float], reference: Callable[[], float]) -> tuple[float, float]:
    """The least seconds of two runs each."""
    pairs = [(ours(), reference()) for _ in range(2)]
    return min(one for one, _ in pairs), min(one for _, one in pairs)


def _drained(port: int, connections: int, key: str, processes: int, people: int) -> float:
    """Seconds to hand over the edition to all, each delivery recorded durably."""
    folder = BUILD / f"mail-run-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(_edition_store(people), folder)
    arguments = [str(folder), str(port), str(connections // processes), key]
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.mail", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # where the line of each mail goes
        )
        for _ in range(processes)
    ]
    for one in started:  # all have imported what they need
        if one.stdout:
            one.stdout.readline()
    begun = time.perf_counter()
    for one in started:
        if one.stdin:
            one.stdin.write(b"go\n")
            one.stdin.flush()
    sent = sum(int(one.communicate()[0]) for one in started)
    seconds = time.perf_counter() - begun
    shutil.rmtree(folder)
    if sent != people:
        raise RuntimeError(f"{sent} of {people} mails were taken")
    return seconds


def drain_when_told(folder: str, port: str, connections: str, key: str) -> None:
    """What a child does: hand over what is due, with the log of the service, and say how many were taken."""
    settings = _settings(port=int(port), connections=int(connections), key=key)
    logs.configure(settings.log.level, json_lines=settings.log.json_lines)
    store = open_store(f"sqlite:///{folder}/digest.sqlite")
    if key == "ed25519":  # alone, which no configuration can say: many servers read RSA only
        private = load_pem_private_key(_key_file(key).read_bytes(), None)
        if not isinstance(private, ed25519.Ed25519PrivateKey):
            raise TypeError(type(private))
        transport.signing_keys = lambda _: (Key("example.org", "b", private),)
    print("ready", flush=True)
    sys.stdin.readline()
    with asyncio.Runner(loop_factory=event_loop) as runner:  # the service's own
        report = runner.run(drain(store, settings, lambda: datetime.now(UTC)))
    print(report.counts()["accepted"])
    store.close()


def _source(port: int, connections: int, size: int, people: int) -> float:
    """Seconds of smtp-source for as many mails of that size."""
    options = ["-s", str(connections), "-m", str(people), "-l", str(size)]
    command = [_program("smtp-source"), *options, "-f", "a@example.org", "-t", "b@example.org", f"127.0.0.1:{port}"]
    return _timed(lambda: subprocess.run(command, check=True))


def _timed(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


@contextlib.contextmanager
def _sink() -> Iterator[int]:
    """A server that takes all and keeps nothing."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    user = ["-u", "root"] if os.getuid() == 0 else []
    running = subprocess.Popen([_program("smtp-sink"), *user, f"127.0.0.1:{port}", "200"])
    try:
        _reachable(port)
        yield port
    finally:
        running.kill()
        running.wait()


def _reachable(port: int) -> None:
    for _ in range(500):
        with contextlib.suppress(OSError):
            return socket.create_connection(("127.0.0.1", port), 1).close()
        time.sleep(0.02)
    raise RuntimeError("the server did not start")


@contextlib.contextmanager
def _relay(port: int) -> Iterator[int]:
    """A way to a server on which each reply takes a while longer; in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        mine: int = probe.getsockname()[1]
    running = subprocess.Popen([sys.executable, "-m", "benchmarks.slow_relay", str(mine), str(port), str(_DELAY)])
    try:
        _reachable(mine)
        yield mine
    finally:
        running.kill()
        running.wait()


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        raise RuntimeError(f"{name} is missing: apt-get install postfix")
    return found


# --- what is sent ---------------------------------------------------------------------------------


@cache
def _words() -> Body:
    frame = Frame(
        title="科学空间 每周摘要",
        key=_KEY,
        closes_at=_NOW,
        zone=ZoneInfo("Asia/Shanghai"),
        base_url=_SITE,
        template="weekly",
        folder=None,
        channel=lambda _: "",
    )
    return body(frame, [Selected(Section.NEW, _entry(number)) for number in range(10)], {}, "zh_CN")


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


def _letters() -> Letters:
    letters = Letters(_settings(), b"s" * 32)
    letters.learn(_KEY, 0, _words(), {})
    return letters


def _delivery(number: int) -> Delivery:
    person = Subscriber(SubscriberId(number), f"reader{number}@example.org", "", "zh_CN", Format.BOTH, _NOW)
    marked = f"<weekly.2026-W47.{number:032x}@example.org>"
    return Delivery(_KEY, DigestId("weekly"), person, 0, marked, 1, 0, _NOW, _NOW, _NOW, _NOW)


@cache
def _edition_store(people: int) -> Path:
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
        tx.editions.make(Edition(_KEY, weekly, _NOW, None, _NOW, empty=False), [], [Variant(_words(), ())], recipients)
    store.close()
    draft.rename(folder)
    return folder


def _settings(*, port: int = 25, connections: int = 4, key: str = "") -> Settings:
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
        dkim={"key_file": _key_file(key)} if key == "rsa" else {},
    )


def _key_file(kind: str) -> Path:
    file = _FOLDER / kind
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        write_key(file, kind)
    return file


if __name__ == "__main__":
    drain_when_told(*sys.argv[1:])
