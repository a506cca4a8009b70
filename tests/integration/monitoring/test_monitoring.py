"""The shipped alert rules and dashboard: valid, about existing metrics, and firing when they should."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from digest.settings import Settings
from digest.store import open_store
from digest.web.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[3]
RULES = ROOT / "config" / "prometheus" / "digest.rules.yml"
DASHBOARD = ROOT / "config" / "grafana" / "digest.json"
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",), "info": ("_info",)}
COLUMNS = 24
BESIDE = ("_sum", "_count", "_created", "digest_sources")  # told, and no part of a picture


@pytest.fixture(scope="module")
def promtool(needs: Callable[[str], str]) -> Callable[..., None]:
    program = needs("promtool")

    def run(*arguments: str, cwd: Path) -> None:
        done = subprocess.run([program, *arguments], cwd=cwd, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return run


@pytest.fixture(scope="module")
def exposed() -> set[str]:
    """The name of each sample that a service can expose."""
    store = open_store("sqlite://")
    text = Metrics(store, Settings(), lambda: datetime.now(UTC)).exposition("")[0].decode()
    store.close()
    return {
        family.name + suffix
        for family in text_string_to_metric_families(text)
        for suffix in SUFFIXES.get(family.type, ("",))
    }


@pytest.fixture(scope="module")
def dashboard() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(DASHBOARD.read_text("utf-8"))
    return made


def expressions(dashboard: dict[str, Any]) -> Iterator[str]:
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    yield from (annotation["expr"] for annotation in dashboard["annotations"]["list"])


def named(expression: str) -> set[str]:
    """The metrics that an expression names."""
    return set(re.findall(r"\b(?:digest|process)_[a-z_]+", expression))


def test_each_alert_fires_when_it_should_and_not_where_all_is_well(
    promtool: Callable[..., None], tmp_path: Path
) -> None:
    for file in (RULES, Path(__file__).with_name("rules.test.yml")):
        shutil.copy(file, tmp_path)
    promtool("check", "rules", RULES.name, cwd=tmp_path)
    promtool("test", "rules", "rules.test.yml", cwd=tmp_path)

    alerts = re.findall(r"- alert: (\w+)", RULES.read_text("utf-8"))
    tried = Path(__file__).with_name("rules.test.yml").read_text("utf-8")
    for alert in alerts:
        assert f"{{alertname: {alert}," in tried, f"{alert} is not proven silent"
        assert re.search(rf"alertname: {alert}\n\s+eval_time: \w+\n\s+exp_alerts:", tried), f"{alert} is not proven"


def test_rules_and_dashboard_use_existing_metrics_and_show_all_of_them(
    exposed: set[str], dashboard: dict[str, Any]
) -> None:
    alerts, shown = named(RULES.read_text("utf-8")), named(" ".join(expressions(dashboard)))
    assert (alerts | shown) - exposed == set()
    ours = {name for name in exposed if name.startswith("digest_")}
    unseen = {name for name in ours - alerts - shown if not name.endswith(BESIDE)}
    assert unseen == set()


def test_the_dashboards_expressions_are_promql(
    promtool: Callable[..., None], dashboard: dict[str, Any], tmp_path: Path
) -> None:
    rules = [
        {"record": f"shown:{number}", "expr": expression.replace("$__rate_interval", "5m")}
        for number, expression in enumerate(expressions(dashboard))
    ]
    assert len(rules) > 15
    (tmp_path / "shown.json").write_text(json.dumps({"groups": [{"name": "shown", "rules": rules}]}), "utf-8")
    promtool("check", "rules", "shown.json", cwd=tmp_path)


def test_the_dashboard_can_be_imported(dashboard: dict[str, Any]) -> None:
    panels = dashboard["panels"]
    assert dashboard["schemaVersion"] >= 36
    assert "id" not in dashboard  # Grafana gives one; a fixed one would replace another dashboard
    assert [variable["name"] for variable in dashboard["templating"]["list"]] == ["datasource"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= COLUMNS
        assert not cells & taken, panel["title"]
        taken |= cells
        assert panel["description"]
        for target in panel["targets"]:
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
