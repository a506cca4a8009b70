"""The frame of the API: tokens and scopes, the audit log, problem details, ETags, idempotency keys, limits, OpenAPI."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from pydantic import Field
from starlette.applications import Starlette

from digest.model import EntryId
from digest.operations import table
from digest.operations.core import Context, ForbiddenError, Operation, Request, Service, View, perform
from digest.records.operating import ActOutcome, Scope, Via
from digest.service.operating import tokens
from digest.service.operating.auditing import Actor
from digest.service.upkeep import backups
from digest.store import open_store
from digest.web.api.application import Rate, routes
from digest.web.api.openapi import document
from tests.integration.web.site import NOW, Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.api.conftest import Answered, Api

NEW = {"name": "nightly", "scopes": ["read"]}


def check_problem(answered: Answered, status: int) -> dict[str, Any]:
    assert answered.status == status
    assert answered.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answered.body
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    return problem


# --- who asks ------------------------------------------------------------------------------------


def test_the_api_is_off_unless_it_is_configured(api: Api) -> None:
    off = api.settings.model_copy(update={"api": api.settings.api.model_copy(update={"on": False})})
    assert Site(api.store, off)("/api/v1/tokens").status == 404


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer digest_abc_def", "Basic dXNlcjpwYXNz", "Bearer \xe9", "Bearer digest__"]
)
def test_a_request_without_a_right_token_is_refused(api: Api, header: str) -> None:
    answered = api.get("/tokens", authorization=header)
    check_problem(answered, 401)
    assert answered.headers["www-authenticate"] == "Bearer"


def test_the_secret_of_one_token_does_not_open_another(api: Api) -> None:
    other = api.token_of(Scope.READ).split("_")
    mixed = "_".join((*other[:2], api.token.split("_")[2]))
    check_problem(api.ask("GET", "/tokens", token=mixed), 401)


def test_a_token_ends_when_it_is_revoked_or_expires(api: Api) -> None:
    made = api.post("/tokens", NEW | {"days": 1, "scopes": ["admin"]}).body
    assert api.ask("GET", "/tokens", token=made["token"]).status == 200
    api.now += timedelta(days=1)
    check_problem(api.ask("GET", "/tokens", token=made["token"]), 401)
    lasting = api.post("/tokens", NEW | {"scopes": ["admin"]}).body
    assert api.post(f"/tokens/{lasting['id']}/revoke").status == 200
    check_problem(api.ask("GET", "/tokens", token=lasting["token"]), 401)


def test_a_token_shows_its_secret_once_and_its_last_use(api: Api) -> None:
    made = api.post("/tokens", NEW).body
    listed = {one["id"]: one for one in api.get("/tokens").body["items"]}[made["id"]]
    assert made["token"] not in json.dumps(listed)
    assert "token" not in listed
    assert listed["used_at"] is None
    api.ask("GET", "/audit", token=made["token"])
    api.now += timedelta(seconds=59)
    api.ask("GET", "/audit", token=made["token"])
    used = {one["id"]: one for one in api.get("/tokens").body["items"]}[made["id"]]["used_at"]
    assert used == NOW.isoformat()


@pytest.mark.parametrize("scope", [*Scope, None])
def test_each_operation_needs_its_scope(api: Api, scope: Scope | None) -> None:
    """Nothing is performed or read for a token without it: the answer is the same for a request that makes no sense."""
    token = api.token_of(scope) if scope else "digest_none_none"
    held = tokens.allowed([scope] if scope else [])
    context = Context(api.store, api.settings, api.clock, Actor("x", Via.API, held, "here"))
    refused = [one for one in table.OPERATIONS if one.scope not in held]
    assert bool(refused) == (scope is not Scope.ADMIN)
    for number, operation in enumerate(refused):
        with pytest.raises(ForbiddenError, match=f"needs the scope {operation.scope}"):
            perform(operation, context, operation.takes.model_construct())
        path = re.sub(r"\{[^}]*\}", "x", operation.path)
        asked: object = ["no", "sense"] if operation.method != "GET" else None
        check_problem(api.ask(operation.method, path, asked, token=token), 403 if scope else 401)
        if number % 15 == 14:
            api.rest()


def test_a_restored_store_knows_no_token_that_may_have_been_revoked_since(api: Api, tmp_path: Path) -> None:
    api.store.back_up(tmp_path / "copy.db", NOW)
    assert api.get("/tokens").status == 200
    with api.store.read() as tx:
        assert [one.revoked_at for one in tx.tokens.all()] == [None]
    store = open_store(f"sqlite:///{tmp_path / 'copy.db'}")
    with closing(store), store.read() as tx:
        assert [one.revoked_at for one in tx.tokens.all()] == [NOW]
    backups.fence(api.store, NOW)
    check_problem(api.get("/tokens"), 401)


# --- what is asked -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"name": "x"}, "scopes"),
        ({"name": "", "scopes": ["read"]}, "name"),
        ({"name": "x", "scopes": ["read"], "admin": True}, "admin"),
        ({"name": "x", "scopes": ["everything"]}, "scopes.0"),
        ({"name": "x", "scopes": ["read"], "days": "5"}, "days"),
    ],
)
def test_a_wrong_field_is_named(api: Api, asked: object, field: str) -> None:
    problem = check_problem(api.post("/tokens", asked), 422)
    assert field in [one["field"] for one in problem["errors"]]


def test_what_is_no_json_object_is_refused(api: Api) -> None:
    check_problem(api.post("/tokens", ["name"]), 422)
    check_problem(api.post("/tokens", NEW | {"name": "a\0b"}), 422)
    check_problem(api.post("/tokens", NEW, **{"content-type": "text/plain"}), 415)
    raw = api("/api/v1/tokens", "POST", b"{", authorization=f"Bearer {api.token}", content_type="application/json")
    assert raw.status == 400
    large = b'{"name": "%b"}' % (b"x" * 2**20)
    raw = api("/api/v1/tokens", "POST", large, authorization=f"Bearer {api.token}", content_type="application/json")
    assert raw.status == 413


def test_a_query_is_checked_like_a_body(api: Api) -> None:
    for query in ("limit=0", "limit=many", "colour=red", "limit=1&limit=2", "cursor=abc", "who=%00"):
        check_problem(api.get(f"/audit?{query}"), 422)


def test_unknown_paths_and_methods_are_problems_too(api: Api) -> None:
    check_problem(api.get("/nothing"), 404)
    refused = api.ask("DELETE", "/tokens")
    check_problem(refused, 405)
    assert {"GET", "POST"} <= set(refused.headers["allow"].split(", "))
    check_problem(api.post("/tokens/none/revoke"), 404)


# --- answers -------------------------------------------------------------------------------------


def test_an_answer_has_a_tag_and_is_not_sent_again(api: Api) -> None:
    first = api.get("/audit")
    again = api.get("/audit", **{"if-none-match": f'"other", W/{first.headers["etag"]}'})
    assert (again.status, again.text, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert "private" in first.headers["cache-control"]
    api.post("/tokens", NEW)
    assert api.get("/audit", **{"if-none-match": first.headers["etag"]}).status == 200


def test_a_long_list_is_read_page_by_page(api: Api) -> None:
    for number in range(5):
        api.post("/tokens", NEW | {"name": f"n{number}"})
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    for _ in range(3):
        page = api.get(f"/audit?limit=2&cursor={cursor}").body
        found += page["items"]
        cursor = page["next"]
    assert cursor is None
    assert [one["target"].split("(")[1].split(":")[0] for one in found] == ["n4", "n3", "n2", "n1", "n0"]


# --- acts ----------------------------------------------------------------------------------------


def test_an_act_stands_in_the_audit_log_with_who_when_and_from_where(api: Api) -> None:
    made = api.post("/tokens", NEW).body
    (act,) = api.get("/audit").body["items"]
    assert (act["who"], act["via"], act["place"]) == ("token tests", "api", "127.0.0.0/24")
    assert (act["act"], act["target"]) == ("tokens.create", f"{made['id']} (nightly: read)")
    assert (act["at"], act["ended_at"], act["outcome"]) == (NOW.isoformat(), NOW.isoformat(), "done")
    assert made["token"].split("_")[2] not in json.dumps(act)


def test_a_failed_act_stands_there_too(api: Api) -> None:
    api.post("/tokens/none/revoke")
    (act,) = api.get("/audit").body["items"]
    assert (act["outcome"], act["target"]) == ("failed", "none")
    assert "no token 'none'" in act["problem"]


class Thing(Request):
    name: str = "x"


class Seen(View):
    name: str


def acting(context: Context, asked: Thing) -> Seen:
    """Try something."""
    with context.store.read() as tx:
        (begun,) = tx.audit_log.listed()
    assert begun.outcome is ActOutcome.BEGUN  # it was recorded before it began
    return Seen(name=asked.name)


def test_an_act_is_recorded_before_it_begins_with_what_differs_after_it(api: Api) -> None:
    states: Iterator[dict[str, Any]] = iter([{"a": 1, "same": 2}, {"a": 3, "same": 2}])
    operation = Operation(
        "things.try", "POST", "/things/{name}", Scope.READ, Thing, Seen, acting, state=lambda *_: next(states)
    )
    context = Context(api.store, api.settings, api.clock, Actor("ada", Via.CONSOLE, frozenset({Scope.READ}), "there"))
    assert perform(operation, context, Thing(name="y")) == Seen(name="y")
    with api.store.read() as tx:
        (act,) = tx.audit_log.listed()
    assert (act.outcome, act.target, act.before, act.after) == (ActOutcome.DONE, "y", {"a": 1}, {"a": 3})


def test_what_is_done_by_hand_names_who_did_it_and_a_consent_the_way(api: Api) -> None:
    (entry,) = api.get("/entries").body["items"]
    assert api.post(f"/entries/{entry['id']}/edit", {"title": "Other"}).status == 200
    assert api.post("/subscribers", {"address": "ann@example.org"}).status == 200
    with api.store.read() as tx:
        (act,) = tx.by_hand.acts(EntryId(entry["id"]))
        (person,) = tx.subscribers.all()
    assert act.who == "token tests (api)"
    assert [one.source for one in person.consents] == ["operator, api"]


def test_the_same_request_with_the_same_key_acts_once(api: Api) -> None:
    first = api.post("/tokens", NEW, **{"idempotency-key": "k1"})
    again = api.post("/tokens", NEW, **{"idempotency-key": "k1"})
    assert (again.status, again.body) == (200, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    check_problem(api.post("/tokens", NEW | {"name": "other"}, **{"idempotency-key": "k1"}), 422)
    assert len(api.get("/audit").body["items"]) == 1
    api.now += timedelta(days=1, seconds=1)
    assert api.post("/tokens", NEW, **{"idempotency-key": "k1"}).body["id"] != first.body["id"]
    check_problem(api.post("/tokens", NEW, **{"idempotency-key": "a b"}), 400)


def test_the_answers_that_are_kept_for_a_key_are_secret_without_the_token(api: Api) -> None:
    """A copy of the store opens nothing, and tells nothing about somebody who was erased in the meantime."""
    made = api.post("/tokens", NEW, **{"idempotency-key": "k1"})
    person = {"address": "ann@example.org", "digests": ["weekly"]}
    added = api.post("/subscribers", person, **{"idempotency-key": "k2"})
    erased = api.post(f"/subscribers/{added.body['id']}/erase")
    assert (made.status, added.status, erased.status) == (200, 200, 200)
    with closing(sqlite3.connect(api.settings.data_dir / "digest.db")) as database:
        kept = str(database.execute("SELECT * FROM idempotency_keys").fetchall())
    assert "'k2'" in kept
    assert made.body["token"].rpartition("_")[2] not in kept
    assert "ann@example.org" not in kept
    again = api.post("/subscribers", person, **{"idempotency-key": "k2"})
    assert (again.body, again.headers["cache-control"]) == (added.body, "no-store")


def test_a_failed_request_with_a_key_fails_the_same_way_again(api: Api) -> None:
    first = api.post("/tokens/none/revoke", **{"idempotency-key": "k"})
    again = api.post("/tokens/none/revoke", **{"idempotency-key": "k"})
    assert (first.status, again.status, again.text) == (404, 404, first.text)
    assert again.headers["content-type"] == "application/problem+json"


def test_a_key_whose_request_was_interrupted_says_so(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.web.api.application.perform", lambda *_: 1 / 0)
    check_problem(api.post("/tokens", NEW, **{"idempotency-key": "k"}), 500)
    monkeypatch.undo()
    check_problem(api.post("/tokens", NEW, **{"idempotency-key": "k"}), 409)


# --- limits --------------------------------------------------------------------------------------


def test_a_token_that_asks_too_often_waits(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.web.api.application.time.monotonic", lambda: 100.0)
    statuses = [api.get("/audit").status for _ in range(62)]
    assert statuses[:60] == [200] * 60
    refused = api.get("/audit")
    check_problem(refused, 429)
    assert int(refused.headers["retry-after"]) >= 1
    assert api.ask("GET", "/audit", token=api.token_of(Scope.ADMIN)).status == 200


def test_a_network_that_guesses_tokens_is_slowed_down_and_a_right_token_from_there_is_not(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest.web.api.application.time.monotonic", lambda: 100.0)
    statuses = [api.ask("GET", "/audit", token=f"digest_a_{number}").status for number in range(22)]
    assert (statuses[0], statuses[-1]) == (401, 429)
    assert api.get("/audit").status == 200


def test_a_path_without_names_says_its_own_methods_and_no_path_leads_out_of_the_api(api: Api) -> None:
    assert api.ask("PUT", "/editions/hold").headers["allow"] == "POST"
    check_problem(api.get("/nothing/%0A"), 404)


def test_room_comes_back_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("digest.web.api.application.time.monotonic", lambda: now)
    rate = Rate(2)
    assert [rate.count("a"), rate.count("a"), rate.count("a"), rate.count("b")] == [0, 0, 31, 0]
    now += 30
    assert [rate.count("a"), rate.count("a")] == [0, 31]


def test_other_sites_may_use_it_only_if_they_are_configured(api: Api) -> None:
    asked = {"origin": "https://tools.example.org", "access_control_request_method": "GET"}
    assert "access-control-allow-origin" not in api("/api/v1/tokens", "OPTIONS", b"", **asked).headers
    changed = api.settings.api.model_copy(update={"origins": ("https://tools.example.org",)})
    open_to_one = type(api)(api.store, api.settings.model_copy(update={"api": changed}))
    allowed = open_to_one("/api/v1/tokens", "OPTIONS", b"", **asked).headers
    assert allowed["access-control-allow-origin"] == "https://tools.example.org"
    other = open_to_one("/api/v1/tokens", "OPTIONS", b"", **asked | {"origin": "https://evil.example"}).headers
    assert "access-control-allow-origin" not in other


# --- OpenAPI -------------------------------------------------------------------------------------


def test_the_document_names_each_operation_with_its_form(api: Api) -> None:
    made = api.get("/openapi.json", authorization="").body
    assert made["openapi"] == "3.1.1"
    named = {one["operationId"]: one for path in made["paths"].values() for one in path.values()}
    assert set(named) == {one.name for one in table.OPERATIONS}
    create = named["tokens.create"]
    schema = create["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["name", "scopes"]
    assert all(one["summary"].endswith(".") for one in named.values())


def test_answers_have_the_form_that_the_document_promises(api: Api) -> None:
    made = api.get("/openapi.json").body
    for method, path, asked, operation in (
        ("POST", "/tokens", NEW, "tokens.create"),
        ("GET", "/tokens", None, "tokens.list"),
        ("GET", "/audit", None, "audit.list"),
    ):
        answer = api.ask(method, path, asked).body
        found = next(one for way in made["paths"].values() for one in way.values() if one["operationId"] == operation)
        schema = found["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(answer, {**schema, "components": made["components"]})


def test_no_two_operations_share_a_name_or_a_place() -> None:
    names = [one.name for one in table.OPERATIONS]
    places = [(one.method, one.path) for one in table.OPERATIONS]
    assert len(set(names)) == len(names)
    assert len(set(places)) == len(places)


class Wanted(Request):
    states: list[str] = Field([])
    year: int | None = None


def wanted(_context: Context, asked: Wanted) -> Seen:
    """Try a query."""
    return Seen(name=f"{','.join(asked.states)} {asked.year}")


def test_a_query_is_described_as_it_is_read(api: Api) -> None:
    operation = Operation("things.list", "GET", "/things", Scope.READ, Wanted, Seen, wanted)
    made = document([operation], title="t", server="https://x", version="1")
    states, year = made["paths"]["/things"]["get"]["parameters"]
    assert states["schema"]["type"] == "array"
    assert year["schema"] == {"type": "integer"}
    api._app = Starlette(routes=routes(api.store, api.settings, Service(), now=api.clock, operations=[operation]))
    found = api("/api/v1/things?states=a&states=b&year=7", authorization=f"Bearer {api.token}")
    assert json.loads(found.body) == {"name": "a,b 7"}


def test_the_page_for_people_names_each_operation_and_each_of_its_fields(api: Api) -> None:
    page = api("/api").page
    text = page.text_content()
    for one in table.OPERATIONS:
        assert f"{one.method} {one.path.replace(':path}', '}')}" in text
        assert page.get_element_by_id(one.name) is not None
        for field in one.takes.model_fields:
            assert field in page.get_element_by_id(one.name).text_content()
