"""The API about editions and their mails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from digest.model import DigestId, SubscriberId
from digest.records.operating import Scope
from tests.integration.api.checked import ask, refused

if TYPE_CHECKING:
    from tests.conftest import Blog
    from tests.integration.api.conftest import Api

ADA = "ada@example.org"


@pytest.fixture
def made(api: Api) -> str:
    """The key of an edition with one planned mail."""
    ask(api, "subscribers.add", {"address": ADA, "name": "Ada"})
    key: str = ask(api, "editions.cut", {}, digest="weekly")["edition"]["key"]
    return key


def test_the_next_edition_is_planned(api: Api) -> None:
    (entry,) = ask(api, "editions.plan", digest="weekly")["entries"]
    assert entry["title"] == entry["headline"]
    plan = ask(api, "editions.note", {"text": "Hello *all*"}, digest="weekly")
    assert plan["note"] == "Hello *all*"
    plan = ask(api, "editions.leave-out", {"entries": [entry["id"]], "once": True}, digest="weekly")
    assert ([one["entry"] for one in plan["left_out"]], plan["entries"]) == ([entry["id"]], [])
    plan = ask(api, "editions.leave-out", {"entries": [entry["id"]], "undo": True}, digest="weekly")
    assert plan["left_out"] == []
    assert ask(api, "editions.order", {"entries": [entry["id"]]}, digest="weekly")["entries"]
    act = api.get("/audit").body["items"][0]
    assert (act["act"], act["target"]) == ("editions.order", "weekly")
    assert (act["before"], act["after"]) == ({"first": []}, {"first": [entry["id"]]})
    refused(api.post("/digests/weekly/order", {"entries": ["nothing"]}), 404, "no entry 'nothing'")
    refused(api.post("/digests/other/note", {"text": "x"}), 404)
    refused(api.post("/digests/weekly/note", {"text": ""}), 422)


def test_an_edition_is_made_shown_held_and_cancelled(api: Api, made: str) -> None:
    (listed,) = ask(api, "editions.list")["items"]
    assert (listed["key"], listed["deliveries"]) == (made, {"planned": 1})
    shown = ask(api, "editions.show", edition=made)
    assert len(shown["entries"]) == 1
    assert ask(api, "editions.hold", {"edition": made})["state"] == "held"
    refused(api.post("/editions/hold", {"edition": made}), 422, "held already")
    assert ask(api, "editions.progress", edition=made)["held"]
    assert ask(api, "editions.resume", {"edition": made})["state"] == "resumed"
    assert ask(api, "editions.cancel", {"edition": made}) == {"edition": made, "state": "cancelled", "mails": 1}
    acts = [(one["kind"], one["who"]) for one in ask(api, "editions.show", edition=made)["acts"]]
    assert [kind for kind, _ in acts] == ["hold", "resume", "cancel"]
    refused(api.get("/editions/weekly/none"), 404, "no edition")
    assert api.get("/audit").body["items"][0]["after"]["cancelled_at"]


def test_editions_are_listed_page_by_page(api: Api, made: str) -> None:
    assert ask(api, "editions.list", query=f"limit=1&cursor={made}")["items"] == []
    assert ask(api, "editions.list", query="digest=weekly&limit=1")["next"] is None
    refused(api.get("/editions?digest=other"), 404)


def test_a_digest_without_news_makes_no_edition_and_none_waits(api: Api, made: str) -> None:
    assert ask(api, "editions.cut", {}, digest="weekly")["edition"] is None
    refused(api.post("/digests/weekly/approve"), 422, "no edition waits for approval")
    refused(api.post("/digests/weekly/skip"), 422, "no edition waits for approval")
    (digest,) = ask(api, "digests.list")["items"]
    assert (digest["newest"], digest["subscribers"], digest["waits_until"]) == (made, 1, None)


def test_the_service_sends_what_is_made_due(api: Api, made: str, blog: Blog) -> None:
    done = ask(api, "editions.send", {"edition": made, "now": True})
    assert (done["accepted"], done["open"]) == (0, 1)
    refused(api.post("/editions/send", {"edition": "weekly/none"}), 404)
    blog.run("edition", "send")
    assert ask(api, "editions.progress", edition=made)["done"] == 1


def test_a_mail_is_sent_once_more(api: Api, made: str, blog: Blog) -> None:
    refused(api.post("/editions/resend", {"edition": made, "subscriber": "1"}), 422, "is still to be sent")
    act = api.get("/audit").body["items"][0]
    assert (act["outcome"], ADA in str(act)) == ("failed", False)
    blog.run("edition", "send")
    assert ask(api, "editions.resend", {"edition": made, "subscriber": "1"})["subject"]
    assert len(blog.mails()) == 2
    refused(api.post("/editions/resend", {"edition": made, "subscriber": "99"}), 404)


def test_a_test_mail_goes_to_an_operator_or_needs_people(api: Api, blog: Blog) -> None:
    refused(api.post("/digests/weekly/test"), 422, "no operator is set")
    assert ask(api, "editions.test", {"address": "me@example.net"}, digest="weekly")["subject"]
    operate = api.token_of(Scope.OPERATE)
    answered = api.ask("POST", "/digests/weekly/test", {"address": "me@example.net"}, token=operate)
    refused(answered, 422, "is not that of an operator")
    assert len(blog.mails()) == 1


def test_previews_show_each_kind_of_subscriber(api: Api) -> None:
    every = ask(api, "editions.preview", digest="weekly")
    assert {(one["language"], one["format"]) for one in every["items"]} == {
        (language, form) for language in ("en", "zh_CN") for form in ("both", "text")
    }
    assert every["shows"] == "now"
    (one,) = ask(api, "editions.preview", query="language=en&content=true", digest="weekly")["items"]
    assert "<html" in one["html"]
    assert one["text"]
    refused(api.get("/digests/weekly/preview?language=xx"), 404, "no language 'xx'")


def test_all_other_mails_are_previewed(api: Api, blog: Blog) -> None:
    every = ask(api, "mails.preview")["items"]
    printed = blog.listed("mail", "preview")
    assert [{name: one[name] for name in ("kind", "language", "subject")} for one in every] == printed
    (welcome,) = ask(api, "mails.preview", query="kind=welcome&language=en&content=true")["items"]
    assert welcome["text"]
    assert welcome["when"]
    assert "text" not in every[0]
    refused(api.get("/mails/preview?language=xx"), 404, "no language 'xx'")
    refused(api.get("/mails/preview?kind=nothing"), 422)


def test_the_fate_of_each_mail(api: Api, made: str, blog: Blog) -> None:
    (mail,) = ask(api, "deliveries.list", query=f"edition={made}&subscriber=1&states=planned")["items"]
    assert (mail["address"], mail["state"], mail["subscriber"]) == (ADA, "planned", 1)
    assert ask(api, "deliveries.list", query="states=failed")["items"] == []
    assert ask(api, "deliveries.list", query=f"limit=1&cursor={made}%201")["items"] == []
    refused(api.get("/deliveries?cursor=x"), 422)
    assert ask(api, "deliveries.leased")["items"] == []
    assert ask(api, "deliveries.retry", {"edition": made}) == {"planned": 0, "left": 0}
    refused(api.post("/deliveries/retry", {"states": ["planned"]}), 422, "planned is not one of")
    assert ask(api, "deliveries.release", {"edition": made}) == {"released": 0, "unknown": 0, "left": 0}
    with api.store.write() as tx:
        tx.deliveries.lease(api.now, api.now, 1)
        ((edition, person, until),) = [(r.edition, r.subscriber, r.leased_until) for r in tx.deliveries.leased()]
        assert until
        tx.deliveries.begin(edition, person, until, until, api.now)
    assert ask(api, "deliveries.leased")["items"][0]["begun"]
    refused(api.post("/deliveries/release", {}), 422, "1 of 1 may have arrived")
    assert ask(api, "deliveries.release", {"sure": True})["unknown"] == 1


def test_single_mails_need_the_scope_people(api: Api, made: str) -> None:
    operate = api.token_of(Scope.OPERATE)
    for path, asked in (("retry", {"subscribers": ["1"]}), ("release", {"who": [ADA]})):
        refused(api.ask("POST", f"/deliveries/{path}", asked, token=operate), 403, "needs the scope people")


def test_bounces_and_the_suppressions_that_wait(api: Api, made: str) -> None:
    assert ask(api, "bounces.list")["items"] == []
    refused(api.post("/bounces/read"), 422)
    assert ask(api, "suppressions.list", edition=made)["items"] == []
    refused(api.post("/suppressions", {"edition": made, "confirm": True}), 422, "asks for no suppressions")
    refused(api.get("/suppressions/weekly/none"), 404)


def test_a_digest_that_is_configured_is_not_ended(api: Api, made: str) -> None:
    refused(api.post("/digests/weekly/end"), 422, "is configured")
    with api.store.write() as tx:
        tx.subscribers.join(SubscriberId(1), DigestId("old"), "operator", api.now)
    assert [one["configured"] for one in ask(api, "digests.list")["items"]] == [True, False]
    assert ask(api, "digests.end", {}, digest="old") == {"digest": "old", "unsubscribed": 1}
