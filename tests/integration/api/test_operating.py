"""The API about the service: status, numbers, alerts, webhooks, backups and the fence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from digest.app import opened
from digest.operations.core import Service
from digest.operations.operating import status_view
from digest.records.operating import Scope
from digest.service.operating import alerts
from digest.service.operating.status import status
from digest.service.upkeep import backups
from digest.settings import load
from digest.web.application import application
from tests.integration.api.checked import ask, refused
from tests.integration.api.conftest import Api

if TYPE_CHECKING:
    import pytest

    from digest.records.operating import AlertNotice
    from digest.settings import Settings
    from tests.conftest import Blog


def test_the_status_is_that_of_the_command(api: Api, blog: Blog) -> None:
    told, printed = ask(api, "status.show"), json.loads(blog.run("status", "--json"))
    assert told.keys() == printed.keys()
    assert [one["source"] for one in told["sources"]] == ["blog"]
    assert told["digests"][0].keys() == printed["digests"][0].keys()
    assert "fetches" not in told["sources"][0]


def test_a_held_dump_says_how_many_readings_agree(api: Api, blog: Blog) -> None:
    blog.write("bad.txt", "no dump at all")
    blog.refresh(code=1)
    (trouble,) = ask(api, "status.show")["sources"][0]["troubled"]
    assert trouble["dump"] == "bad.txt"
    assert "agreed" not in trouble
    assert status_view(status(api.store, api.settings, api.now)).sources[0].troubled[0].reason


def test_numbers_and_health(api: Api) -> None:
    assert ask(api, "health.show")["mail"] == "ok"
    numbers = ask(api, "metrics.show")
    assert (numbers["sources"], numbers["queue"]) == (1, 0)
    assert ask(api, "clocks.list")["items"] == []


def test_a_test_alert_goes_to_each_operator(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(api.post("/alerts/test"), 422, "no operator is set")
    settings = api.settings.model_copy(update={"operator": ("ops@example.net",)})
    told: list[str] = []

    async def send(_settings: Settings, notice: AlertNotice) -> str:
        told.append(notice.channel)
        return "it is down" if len(told) > 1 else ""

    monkeypatch.setattr(alerts, "send_notice", send)
    other = Api(api.store, settings)
    (sent,) = ask(other, "alerts.test")["items"]
    assert (sent["sent"], sent["problem"]) == (True, None)
    (failed,) = ask(other, "alerts.test")["items"]
    assert (failed["sent"], failed["problem"]) == (False, "it is down")
    assert api.get("/audit").body["items"][0]["act"] == "alerts.test"


def test_the_alerts_are_the_present_problems(api: Api, blog: Blog) -> None:
    assert ask(api, "alerts.list")["waiting"] == 0
    blog.write("bad.txt", "no dump at all")
    blog.refresh(code=1)
    assert "source blog" in [one["subject"] for one in ask(api, "alerts.list")["items"]]


def test_webhooks(blog: Blog) -> None:
    config = blog.home / "digest.toml"
    hook = '[[webhooks]]\nid = "chat"\nurl = "http://127.0.0.1:9/"\nsecret = "a secret of this test alone"\n'
    config.write_text(f"{config.read_text('utf-8')}[api]\non = true\n{hook}", "utf-8")
    settings = load(config)
    with opened(settings) as store:
        api = Api(store, settings)
        (one,) = ask(api, "webhooks.list")["items"]
        assert (one["id"], one["waiting"]) == ("chat", 0)
        assert ask(api, "webhooks.events", webhook="chat")["items"] == []
        assert ask(api, "webhooks.retry", {}, webhook="chat")["delivered"] == 0
        refused(api.post("/webhooks/chat/test"), 422)
        refused(api.post("/webhooks/other/test"), 404, "no webhook 'other'")
        acts = [(one["act"], one["target"], one["outcome"]) for one in api.get("/audit").body["items"]]
    assert acts == [
        ("webhooks.test", "other", "failed"),
        ("webhooks.test", "chat", "failed"),
        ("webhooks.retry", "chat", "done"),
    ]


def test_a_backup_is_made_listed_and_verified_in_one_folder(api: Api) -> None:
    assert ask(api, "backups.list")["items"] == []
    made = ask(api, "backups.make")
    (found,) = ask(api, "backups.list")["items"]
    assert (found["name"], found["bytes"]) == (made["file"], made["bytes"])
    before = (api.settings.data_dir / "backups" / made["file"]).read_bytes()
    assert ask(api, "backups.verify", name=made["file"])["right"]
    (api.settings.data_dir / "backups" / made["file"]).write_bytes(before[:5000])
    told = ask(api, "backups.verify", name=made["file"])
    assert not told["right"]
    assert told["problem"]
    for name in ("..%2fdigest.db", "digest-20260701T080000Z.db.x", "other"):
        refused(api.post(f"/backups/{name}/verify"), 404)
    assert api.get("/audit").body["items"][0]["target"] == made["file"]


def test_the_fence_is_shown_and_lifted(api: Api) -> None:
    assert ask(api, "fence.show")["fence"] is None
    refused(api.post("/fence/lift", {"as_sent": True}), 422, "not fenced")
    backups.fence(api.store, api.now)
    api.token = api.token_of(Scope.ADMIN)
    assert ask(api, "fence.show")["fence"]["digests"][0]["digest"] == "weekly"
    refused(api.post("/fence/lift", {"as_sent": True, "untold": ["other"]}), 404)
    assert ask(api, "fence.lift", {"as_sent": True})["mails"] == 0
    act = api.get("/audit").body["items"][0]
    assert (act["act"], act["target"], act["after"]) == ("fence.lift", "as sent", {"fenced": None})
    assert act["before"]["fenced"]


def test_the_service_checks_itself(api: Api) -> None:
    refused(api.post("/check"), 422, "run `digest check`")
    asked: list[bool] = []

    def check(_settings: Settings, mail: bool) -> list[tuple[str, str, str]]:
        asked.append(mail)
        return [("store", "ok", "it opens"), ("mail", "warning", "the relay does not answer")]

    api._app = application(api.store, api.settings, now=api.clock, service=Service(check=check))
    found = ask(api, "check.run", {"mail": True})["items"]
    assert [(one["part"], one["ok"], one["level"]) for one in found] == [
        ("store", True, "ok"),
        ("mail", False, "warning"),
    ]
    assert asked == [True]
    assert api.get("/audit").body["items"] == []
