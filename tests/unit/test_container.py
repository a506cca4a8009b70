"""What the container may and holds: the Dockerfile and the compose file, read as they are written.

CI runs both for real, in an engine that hardens what it runs by itself; that the files ask for it is shown here.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import digest

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("digest", "digest-dev", "web", "worker", "scheduler")


def instructions(word: str) -> list[str]:
    """The arguments of each such instruction of the last stage."""
    last = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") + 1 :]
    return [" ".join(found.split()) for found in re.findall(rf"^{word} +(.*)$", last, re.MULTILINE)]


def test_ours_are_the_services_that_are_built_here() -> None:
    assert {name for name, service in SERVICES.items() if "build" in service} == set(OURS)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_writes_nowhere_and_may_nothing(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert [place for place in service["tmpfs"] if place.partition(":")[0] == "/tmp"]  # noqa: S108 - in the container
    assert not {"privileged", "cap_add", "devices", "pid", "network_mode", "ipc"} & set(service)


@pytest.mark.parametrize("name", OURS)
def test_ours_write_to_one_named_volume_and_read_dumps(name: str) -> None:
    mounts = {mount.split(":")[1]: mount for mount in SERVICES[name]["volumes"]}
    assert mounts.pop("/dumps") == "./dumps:/dumps:ro"
    state = mounts.pop("/data")
    assert state.partition(":")[0] in COMPOSE["volumes"]
    assert state.count(":") == 1
    assert all(mount.endswith(":ro") for mount in mounts.values())


@pytest.mark.parametrize("name", OURS)
def test_ours_begin_again_and_end_in_time(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert service["init"] is True
    assert service["stop_grace_period"] == "10s"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_ports_are_for_this_machine_alone(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", ()))


def test_secrets_come_by_file_and_stand_in_no_environment() -> None:
    assert {tuple(secret) for secret in COMPOSE["secrets"].values()} == {("file",)}
    assert all(secret["file"].startswith("./secrets/") for secret in COMPOSE["secrets"].values())
    for name in ("web", "worker", "scheduler"):
        assert "digest_database_url" in SERVICES[name]["secrets"]
    told = {key for service in SERVICES.values() for key in service.get("environment", {})}
    assert not [key for key in told if re.search("PASSWORD(?!_FILE)|SECRET|TOKEN|DATABASE_URL", key)]


def test_the_first_service_needs_no_secret() -> None:
    assert "secrets" not in SERVICES["digest"]


def test_one_profile_starts_where_none_is_named() -> None:
    started = re.search(r"^COMPOSE_PROFILES=(\w+)$", (ROOT / ".env").read_text("utf-8"), re.MULTILINE)
    assert started
    assert [name for name, service in SERVICES.items() if started[1] in service["profiles"]] == ["digest"]
    assert {profile for service in SERVICES.values() for profile in service["profiles"]} == {"single", "dev", "scale"}


def test_many_are_two_web_servers_two_workers_and_a_scheduler() -> None:
    for name, many in ("web", 2), ("worker", 2), ("scheduler", 1):
        assert SERVICES[name]["command"] == ["run", "--role", name]
        assert SERVICES[name].get("deploy", {}).get("replicas", 1) == many


def test_the_image_runs_as_a_fixed_user_who_owns_its_one_volume() -> None:
    assert instructions("USER") == ["10001:10001"]
    assert instructions("VOLUME") == ["/data"]
    assert instructions("STOPSIGNAL") == ["SIGTERM"]
    assert any("--uid 10001 " in run and "install -d -o digest -g digest /data" in run for run in instructions("RUN"))


def test_the_image_asks_after_its_health() -> None:
    (check,) = instructions("HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])
    assert command[:2] == ["python", "-c"]
    assert "/healthz" in command[2]
    compile(command[2], "HEALTHCHECK", "exec")
    for name in ("worker", "scheduler"):
        assert "/healthz" in SERVICES[name]["healthcheck"]["test"][-1]


def test_labels_are_the_same_for_the_same_source() -> None:
    labels = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="([^"]*)"', " ".join(instructions("LABEL"))))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(labels) == {"title", "description", "version", "licenses"}  # neither date nor commit
    assert labels["version"] == project["version"] == digest.__version__
    assert labels["licenses"] == project["license"]
    assert "$" not in "".join(labels.values())


def test_two_builds_have_the_same_files() -> None:
    times = re.findall(r"^ARG SOURCE_DATE_EPOCH=(\d+)$", DOCKERFILE, re.MULTILINE)
    assert len(times) == 2
    assert len(set(times)) == 1  # of the wheel, and of the day on which the user was made
    assert [copy for copy in instructions("COPY") if not copy.startswith(("--chmod=", "--from=build "))] == []
    assert re.search(r"install --no-compile .*compileall -q -f --invalidation-mode unchecked-hash", DOCKERFILE)
    assert "PIP_NO_COMPILE" not in DOCKERFILE  # pip reads its 1 as "compile", with the time of the build inside


def test_each_line_of_the_container_way_is_typed_by_the_smoke() -> None:
    smoke = (ROOT / ".ci" / "smoke" / "default.sh").read_text("utf-8")
    typed = [sys.executable, str(ROOT / ".ci" / "smoke" / "typed.py"), "docs/deploy.md"]
    found = subprocess.run(
        [*typed, "## Feed and mail in five minutes"], cwd=ROOT, check=True, capture_output=True, text=True, timeout=30
    )
    lines = found.stdout.splitlines()
    assert lines[:2] == ["mkdir -p dumps", "docker compose up --detach --build"]
    known = smoke.partition("case $line in")[2].partition("esac")[0]
    assert [line for line in lines if f"'{line}')" not in known and f'"{line}")' not in known] == []
    assert "*) echo" in known  # and a line that it does not know ends it
