"""The API about subscribers; and that no trace of an erased one stays where operators' acts are recorded."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import select

from digest.model import SubscriberId
from digest.store.database.tables.columns import metadata
from tests.integration.api.checked import ask, refused

if TYPE_CHECKING:
    from tests.conftest import Blog
    from tests.integration.api.conftest import Api

ADA, BO = "ada@example.org", "bo@example.org"


def test_people_are_added_searched_and_shown(api: Api, blog: Blog) -> None:
    added = ask(api, "subscribers.add", {"address": ADA, "name": "Ada Äpfel", "language": "en"})
    assert (added["id"], added["digests"]) == (1, ["weekly"])
    refused(api.post("/subscribers", {"address": ADA}), 422, "is subscribed already")
    refused(api.post("/subscribers", {"address": "no address"}), 422)
    ask(api, "subscribers.add", {"address": BO, "welcome": False})
    for words, found in (("ADA", [ADA]), ("äPFEL", [ADA]), ("example", [ADA, BO]), ("100%", []), ("", [ADA, BO])):
        assert [
            one["address"] for one in ask(api, "subscribers.list", query=f"search={quote(words)}")["items"]
        ] == found
    page = ask(api, "subscribers.list", query="limit=1")
    assert [one["address"] for one in ask(api, "subscribers.list", query=f"cursor={page['next']}")["items"]] == [BO]
    known = ask(api, "subscribers.show", subscriber="1")
    assert ask(api, "subscribers.show", subscriber=ADA) == known
    assert [one["act"] for one in known["consents"]] == ["joined"]
    printed = json.loads(blog.run("subscribers", "show", ADA, "--json"))
    assert {"id": 1} | printed == known
    refused(api.get("/subscribers/99"), 404, "no subscriber")
    refused(api.get("/subscribers?digest=other"), 404)
    refused(api.get("/subscribers?cursor=x"), 422)


def test_the_list_knows_states_as_one_person_does(api: Api) -> None:
    for number, name in enumerate(("active", "paused", "left", "suppressed"), 1):
        ask(api, "subscribers.add", {"address": f"{name}@example.org", "welcome": False})
        assert ask(api, "subscribers.show", subscriber=str(number))["address"] == f"{name}@example.org"
    ask(api, "subscribers.set", {"pause": "4w"}, subscriber="2")
    ask(api, "subscribers.leave", {}, subscriber="3")
    with api.store.write() as tx:
        tx.subscribers.suppress(SubscriberId(4), f"550 no {ADA} here", api.now)
    for digest in ("", "&digest=weekly"):
        every = {one["address"]: one["state"] for one in ask(api, "subscribers.list", query=digest)["items"]}
        assert every == {f"{state}@example.org": state for state in every.values()}
        for state in every.values():
            found = ask(api, "subscribers.list", query=f"state={state}{digest}")["items"]
            assert [one["address"] for one in found] == [f"{state}@example.org"]
    growth = ask(api, "subscribers.growth", query="weeks=2")
    assert growth["people"] == {"active": 1, "paused": 1, "left": 1, "suppressed": 1}
    assert [(week["joined"], week["left"]) for week in growth["weeks"]] == [(0, 0), (4, 1)]
    api.now += timedelta(weeks=1)
    assert [week["joined"] for week in ask(api, "subscribers.growth", query="weeks=2")["weeks"]] == [4, 0]


def test_choices_are_changed_and_recorded_without_the_address(api: Api) -> None:
    ask(api, "subscribers.add", {"address": ADA, "language": "en"})
    assert ask(api, "subscribers.set", {"language": "zh_CN", "pause": "30d"}, subscriber=ADA)["language"] == "zh_CN"
    act = api.get("/audit").body["items"][0]
    assert act["target"] == "subscriber 1 (a***@e***.org)"
    assert (act["before"]["language"], act["after"]["language"]) == ("en", "zh_CN")
    refused(api.post(f"/subscribers/{ADA}/set", {}), 422, "say what to change")
    refused(api.post("/subscribers/1/set", {"language": "xx"}), 422)
    refused(api.post("/subscribers/1/set", {"admin": True}), 422)
    left = ask(api, "subscribers.leave", {}, subscriber="1")
    assert (left["id"], left["left"]) == (1, ["weekly"])
    refused(api.post("/subscribers/1/leave"), 422, "follows none of them any more")


def test_suppressed_people_get_mail_again(api: Api) -> None:
    ask(api, "subscribers.add", {"address": ADA, "welcome": False})
    refused(api.post("/subscribers/unsuppress", {}), 422, "name somebody")
    refused(api.post("/subscribers/unsuppress", {"since": "2026-01-01T00:00:00"}), 422, "has no time zone")
    assert ask(api, "subscribers.unsuppress", {"subscribers": ["1"]})["problems"] == [f"{ADA}: is not suppressed"]
    with api.store.write() as tx:
        tx.subscribers.suppress(SubscriberId(1), f"550 no {ADA} here", api.now)
    (lifted,) = ask(api, "subscribers.unsuppress", {"subscribers": [ADA]})["people"]
    assert (lifted["id"], lifted["address"]) == (1, ADA)
    assert api.get("/audit").body["items"][0]["target"] == "subscriber 1"


def test_an_address_is_suppressed_by_hand(api: Api) -> None:
    ask(api, "subscribers.add", {"address": ADA, "welcome": False})
    assert ask(api, "subscribers.suppress", {"reason": "they moved"}, subscriber="1")["suppressed"] == "they moved"
    refused(api.post("/subscribers/1/suppress"), 422, "is suppressed already")
    act = api.get("/audit").body["items"][1]
    assert (act["act"], act["after"]) == ("subscribers.suppress", {"suppressed": True})


def test_a_list_is_tried_and_imported(api: Api) -> None:
    csv = f"email,name\n{ADA},Ada\nnot an address,Bo\n"
    tried = ask(api, "subscribers.try-import", {"csv": csv})
    assert tried["understood"]["columns"] == {"email": "address", "name": "name"}
    assert (tried["counts"]["added"], tried["counts"]["wrong"]) == (1, 1)
    assert ask(api, "subscribers.list")["items"] == []
    done = ask(api, "subscribers.import", {"csv": csv})
    assert done["counts"] == tried["counts"]
    assert [one["lines"] for one in done["problems"]] == [[3]]
    assert ask(api, "subscribers.import", {"csv": csv})["counts"]["known"] == 1
    refused(api.post("/subscribers/import", {"csv": 'email\n"open'}), 422)
    acts = [(one["act"], one["target"]) for one in api.get("/audit").body["items"]]
    assert acts[1:] == [
        ("subscribers.import", "a list: 0 added, 0 joined"),
        ("subscribers.import", "a list: 1 added, 0 joined"),
    ]


def test_everything_is_exported_page_by_page(api: Api) -> None:
    for address in (ADA, BO):
        ask(api, "subscribers.add", {"address": address, "welcome": False})
    first = ask(api, "subscribers.export", query="limit=1")
    second = ask(api, "subscribers.export", query=f"limit=1&cursor={first['next']}")
    assert [one["address"] for one in (*first["items"], *second["items"])] == [ADA, BO]
    assert second["next"] is None
    begun = ask(api, "subscribers.export-csv", query="limit=1")
    rest = ask(api, "subscribers.export-csv", query=f"limit=1&cursor={begun['next']}")
    lines = (begun["csv"] + rest["csv"]).splitlines()
    assert [line.split(",")[0] for line in lines] == ["address", ADA, BO]
    whole = ask(api, "subscribers.try-import", {"csv": begun["csv"] + rest["csv"]})
    assert whole["counts"]["known"] == 2


def test_the_form_leads_to_the_page(api: Api) -> None:
    assert "<form" in ask(api, "subscribers.form", query="digests=weekly")["html"]
    refused(api.get("/subscribers/form?digests=other"), 404)


def test_an_erased_person_leaves_no_trace_of_their_address(api: Api) -> None:
    """Not in the log of acts either, nor in the answers that are kept for idempotency keys."""
    acts: list[tuple[str, dict[str, Any]]] = [
        ("", {"address": ADA, "name": "Ada Lovelace"}),
        ("/ADA@example.org/set", {"language": "en"}),
        ("/ada@example.org/set", {"language": "nothing"}),
        ("/unsuppress", {"subscribers": ["Ada@Example.org"]}),
        ("/import", {"csv": f"email,name\nADA@example.org,Ada Lovelace\nx{ADA}x@,Ada\n"}),
        ("/ada@example.org/leave", {}),
        ("/ada@example.org/erase", {}),
    ]
    for number, (path, asked) in enumerate(acts):
        answered = api.post(f"/subscribers{path}", asked, **{"idempotency-key": f"k{number}"})
        assert answered.status == (422 if asked.get("language") == "nothing" else 200), answered.text
    with api.store._engine.begin() as connection:
        everything = [str(row) for table in metadata.tables.values() for row in connection.execute(select(table))]
    assert not [row for row in everything if "ada@example" in row.casefold() or "lovelace" in row.casefold()]
    assert api.get("/audit").body["items"][0]["target"] == "subscriber 1"
    refused(api.post("/subscribers/1/erase"), 404, "no subscriber")
    assert api.post("/subscribers/ada@example.org/erase", {}, **{"idempotency-key": "k6"}).body["erased"]
