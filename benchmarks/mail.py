"""Mails: composing and signing one, and an edition to many into postfix's smtp-sink, against its smtp-source."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import subprocess
import sys
import time
from functools import cache, partial
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from benchmarks import edition, postfix, usual_mail
from benchmarks.machine import BUILD
from benchmarks.measure import Clock, Row, best, small, speed, times
from digest.mail.dkim import Key, sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PEOPLE = small(20_000, 2_000)
_FEWER = small(4_000, 400)  # through the slow relay
_USUAL = small(200, 50)  # mails of the usual stack, which is slow
_TIMES = 200


def rows() -> Iterator[Row]:
    """From one mail to an edition."""
    yield from _one()
    with postfix.sink() as port:
        yield from _many(port)
    yield from _usual()


# --- one mail -------------------------------------------------------------------------------------


def _one() -> Iterator[Row]:
    letters, words = edition.letters(), edition.words()
    html, people = words.html.encode(), [edition.delivery(number) for number in range(_TIMES)]
    reference, ours = best(
        lambda: [base64.b64encode(html) for _ in people], lambda: [letters.compose(one) for one in people], rounds=7
    )
    against = f"base64 of its HTML ({len(html) // 1000} kB)"
    yield times("mail", "composing one mail", against, ours / _TIMES, reference / _TIMES, 3)
    mails = [letters.compose(one) for one in people]
    for key, most in zip(_keys(), (1.4, 3), strict=True):
        ours, reference = best(lambda: _signed(mails, key), lambda: _bare(len(mails), key), rounds=5)  # noqa: B023 - run at once
        name = f"DKIM, {key.algorithm}"
        yield times("mail", name, "the bare signature", ours / _TIMES, reference / _TIMES, most)


def _signed(mails: list[bytes], key: Key) -> None:
    for mail in mails:
        sign(mail, [key])


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
    size = len(edition.letters().compose(edition.delivery(1)))
    for connections in (4, 16):
        source = partial(postfix.source, port, connections, size, _PEOPLE)
        for key, floor, processes in (("", 0.8, 1), ("ed25519", 0.8, 1), ("rsa", 0.35, 1), ("rsa", 0.5, 2)):
            ours, reference = _taking_turns(partial(_drained, port, connections, key, processes, _PEOPLE), source)
            name = f"edition, {key or 'unsigned'}, {connections} connections" + ", two processes" * (processes == 2)
            yield _edition(name, "smtp-source", _PEOPLE, ours, reference, floor)
    for connections in (16, 64):
        with postfix.relay(port) as slow:
            source = partial(postfix.source, slow, connections, size, _FEWER)
            ours, reference = _taking_turns(partial(_drained, slow, connections, "", 1, _FEWER), source)
        name = f"edition, {postfix.DELAY * 1000:.0f} ms a reply, {connections} connections"
        yield _edition(name, "smtp-source through the same relay", _FEWER, ours, reference, 2.5)


def _usual() -> Iterator[Row]:
    for key, floor in (("rsa", 20), ("ed25519", 50)):
        with postfix.sink() as port:
            words = edition.words()
            stack = usual_mail.Stack(words.html, words.text, words.subject, edition.key_file(key))
            reference = postfix.timed(lambda: asyncio.run(stack.send(port, 16, _USUAL))) / _USUAL  # noqa: B023 - run at once
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
    shutil.copytree(edition.store_for(people), folder)
    arguments = [str(folder), str(port), str(connections // processes), key]
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.edition", *arguments],
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
