"""The service is killed while people press buttons: what a page confirmed is true afterwards."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.faults.conftest import ALL
from tests.faults.links import confirm_path, leave_paths
from tests.faults.places import Injection, counting, stored
from tests.faults.states import state_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.places import Place
    from tests.faults.verdicts import Verdict

pytestmark = pytest.mark.usefixtures("traced")

EACH = 6  # so many leave, and so many confirm: more than the start of the service has syncs, which count as well


@dataclass(frozen=True)
class Button:
    """A button: what it does, for which person, on which page."""

    act: str
    person: str
    path: str


def buttons(place: Place) -> list[Button]:
    """What people are about to press. Their links were mailed before, so that the service has nothing else to do."""
    leaving = [Button("leaving", str(person), path) for person, path in leave_paths(place.database, EACH).items()]
    new = [f"new{number}@example.org" for number in range(EACH)]
    confirming = [Button("confirming", address, confirm_path(place, address)) for address in new]
    turns = enumerate(zip(leaving, confirming, strict=True))
    return [one for turn, both in turns for one in (both if turn % 2 else reversed(both))]


def done(place: Place, act: str) -> set[str]:
    """The people for whom an act is stored completely."""
    if act == "leaving":
        left = {
            str(person)
            for (person,) in stored(place, "SELECT subscriber_id FROM subscriptions WHERE left_at IS NOT NULL")
        }
        acts = [str(person) for (person,) in stored(place, "SELECT subscriber_id FROM consents WHERE act = 'left'")]
        assert sorted(acts) == sorted(left), "an act without its record, or twice"
        return left
    person = "SELECT address FROM subscribers"
    parts = [
        "SELECT address FROM confirmations WHERE done_at IS NOT NULL",
        f"{person} WHERE address LIKE 'new%'",
        f"{person} JOIN subscriptions ON id = subscriber_id WHERE address LIKE 'new%' AND left_at IS NULL",
        f"{person} JOIN consents c ON c.subscriber_id = subscribers.id WHERE wording > '' AND c.asked_at IS NOT NULL",
    ]
    found = [sorted(address for (address,) in stored(place, part)) for part in parts]
    assert found == found[:1] * len(parts), "somebody is subscribed by half"
    return set(found[0])


def pressed(place: Place, wanted: list[Button], traced_by: tuple[str, ...] = ()) -> list[Button]:
    """What was answered with success, before the service died."""
    answered = []
    with place.serving(traced_by=traced_by) as service:
        for button in wanted:
            status, _, _ = service.ask(button.path, post=True)
            assert status in {0, 200}
            if status == 0:
                break
            answered.append(button)
    return answered


def test_what_people_were_shown_is_so_whenever_the_service_is_killed(
    told: Place, verdict: Callable[[str], Verdict]
) -> None:
    acts = ("starting", "leaving", "confirming")
    rows = {act: verdict(f"kill -9 at the n-th fdatasync of the service: {act}") for act in acts}
    told.env["DIGEST_MAIL_TRANSPORT"] = "maildir"
    told.here("edition", "send")
    wanted = buttons(told)
    clean = told.copy("clean")
    assert pressed(clean, wanted, counting("fdatasync")) == wanted
    last = clean.counted("fdatasync")
    orders = (wanted, [wanted[at ^ 1] for at in range(len(wanted))])  # the other one for an act that none struck
    for order, nth in itertools.product(orders, range(last, 0, -1)):
        if (order is not wanted or not ALL) and all(rows[act].tried for act in acts[1:]):
            break
        victim = told.copy("victim")
        answered = pressed(victim, order, Injection("fdatasync", nth).tracer())
        assert state_of(victim.database)
        if len(answered) == len(order):
            continue  # threads share the syncs as they like
        row = rows[order[len(answered)].act if answered else "starting"]
        row.tried += 1
        stand = {act: done(victim, act) for act in acts[1:]}
        lost = [button for button in answered if button.person not in stand[button.act]]
        row.losses += len(lost)
        assert not lost, "somebody saw so, and it is not"
        may_be = order[: len(answered) + 1]  # the last one was at it
        for act, people in stand.items():
            assert people <= {button.person for button in may_be if button.act == act}
        if ALL or row.tried == 1:
            assert pressed(victim, wanted) == wanted, "pressed again, after the start"
            assert all(done(victim, button.act) >= {button.person} for button in wanted)
    assert all(rows[act].tried for act in acts[1:])
