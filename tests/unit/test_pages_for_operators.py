"""What docs/ tells an operator to type or to write into a file: commands that exist, files that parse."""

from __future__ import annotations

import ast
import re
import subprocess
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
import yaml

import digest
from digest.cli.commands import application
from tests.serving import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").glob("**/*.md"))
DEPLOY = (ROOT / "docs" / "deploy.md").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
_CODE = re.compile(r"^(?: {4,}|\t)(.*)$|`([^`\n]+)`", re.MULTILINE)
_OF_COMPOSE = re.compile(
    r"docker compose (?:--profile \w+ )?(exec|run) ((?:--rm |-T |-v \S+ |--entrypoint \w+ )*)(\S+) ?(.*)"
)
_COMMANDS: dict[str, Any] = typer.main.get_command(application()).commands  # type: ignore[attr-defined]


def typed(page: str) -> Iterator[tuple[str, str]]:
    """Each line of code of a page, as (the service it is typed into or '', the words after `digest`)."""
    for block, span in _CODE.findall(page):
        line = re.split(r"\s{2,}#", (block or span).strip())[0]
        if found := _OF_COMPOSE.search(line):
            how, options, service, rest = found.groups()
            if "--entrypoint" in options or (how == "exec" and not rest.startswith("digest ")):
                yield service, ""
            else:
                yield service, rest.removeprefix("digest ") if how == "exec" else rest
        elif found := re.match(r"(?:\S+/)?digest (.+)", line):
            yield "", found[1]


def test_each_command_that_a_page_names_exists() -> None:
    named = [(page.name, words) for page in PAGES for _, words in typed(page.read_text("utf-8")) if words[:1].islower()]
    assert len(named) > 60
    unknown = [
        (page, words) for page, words in named if not exists(*(word.strip("[].,:") for word in words.split()[:2]))
    ]
    assert unknown == []


def exists(first: str, second: str = "") -> bool:
    command = _COMMANDS.get(first)
    if command is None:
        return False
    inner = getattr(command, "commands", {})
    return second in inner or not second.islower() or not inner


def test_a_command_that_does_not_exist_would_be_found() -> None:
    (found,) = typed("    docker compose exec -T digest digest restart now\n")
    assert found == ("digest", "restart now")
    assert not exists("restart", "now")
    assert not exists("edition", "make")
    assert exists("edition", "cut")


def test_each_service_that_a_command_is_typed_into_exists() -> None:
    services = {service for page in PAGES for service, _ in typed(page.read_text("utf-8")) if service}
    assert {"digest", "scheduler", "postgres"} <= services <= set(COMPOSE["services"])


def block(opening: str) -> str:
    """The one block of code of docs/deploy.md whose first line begins so, with its indentation gone."""
    lines = DEPLOY.splitlines()
    (start,) = (n for n, line in enumerate(lines) if line.startswith("    ") and line.strip().startswith(opening))
    indent = len(lines[start]) - len(lines[start].lstrip())
    end = start
    while end < len(lines) and (not lines[end].strip() or lines[end].startswith(" " * indent)):
        end += 1
    return textwrap.dedent("\n".join(lines[start:end])).strip() + "\n"


def test_the_override_names_all_services_that_run_the_same() -> None:
    override = yaml.safe_load(block("x-digest: &digest"))
    ours = {name for name, service in COMPOSE["services"].items() if "build" in service} - {"digest-dev"}
    assert set(override["services"]) == ours
    assert all(service == override["x-digest"] for service in override["services"].values())
    assert {"DIGEST_BASE_URL", "DIGEST_TAG", "DIGEST_MAIL_TRANSPORT"} <= set(override["x-digest"]["environment"])
    assert set(override["secrets"]) == set(override["x-digest"]["secrets"])


def test_a_store_moves_before_anything_starts_on_the_new_one() -> None:
    lines = outgrowing()
    move = next(n for n, line in enumerate(lines) if "migrate-store" in line)
    assert f"-v {COMPOSE['name']}_state:/old scheduler " in lines[move]
    assert "state:/data" in COMPOSE["services"]["digest"]["volumes"]
    assert lines[move + 1] == "docker compose --profile single run --rm digest fence"
    before = lines[:move]
    assert before.index("docker compose stop") < before.index("docker compose up --detach --wait postgres")
    assert "docker compose up --detach" not in before
    assert "docker compose up --detach" in lines[move:]


def test_no_page_has_a_file_of_git_edited() -> None:
    tracked = r"(?:\.env|docker-compose\.yml|config/(?:container|example|demo/digest)\.toml|Makefile)"
    for page in PAGES:
        for line in (found[0] for found in _CODE.findall(page.read_text("utf-8"))):
            assert not re.search(rf"(?:sed -i .*|>>? ?){tracked}(?:\s|$)", line), line


def outgrowing() -> list[str]:
    """The lines of code about an installation that has outgrown its machine."""
    part = DEPLOY.partition("## Outgrowing")[2].partition("## Kubernetes")[0]
    return [line.strip() for line in part.splitlines() if line.startswith("    ")]


def test_the_pod_runs_what_the_image_is() -> None:
    pod = yaml.safe_load(block("containers:"))
    (container,) = pod["containers"]
    assert container["image"].endswith(f"/digest:{digest.__version__}")
    assert exists(*container["args"])
    assert {port["name"]: port["containerPort"] for port in container["ports"]} == {"http": 8080, "watch": 9464}
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        assert container[probe]["httpGet"]["port"] == "watch"
    allowed = container["securityContext"]
    assert allowed["runAsUser"] == pod["securityContext"]["fsGroup"] == 10001
    assert allowed["readOnlyRootFilesystem"] is allowed["runAsNonRoot"] is True
    assert allowed["allowPrivilegeEscalation"] is False
    assert allowed["capabilities"] == {"drop": ["ALL"]}
    mounts = {mount["mountPath"]: mount.get("readOnly", False) for mount in container["volumeMounts"]}
    assert mounts == {"/data": False, "/dumps": True, "/run/secrets": True, "/tmp": False}  # noqa: S108


def test_caddy_is_sent_to_the_port_that_is_published() -> None:
    caddy = block("digest.example.org {")
    assert caddy.count("{") == caddy.count("}") == 1
    ports = [port.rpartition(":")[0] for port in COMPOSE["services"]["digest"]["ports"]]
    assert re.findall(r"reverse_proxy (\S+)", caddy) == ports


def test_nginx_takes_what_stands_there(needs: Callable[[str], str], tmp_path: Path) -> None:
    from trustme import CA  # noqa: PLC0415 - for this test alone

    issued = CA().issue_cert("digest.example.org")
    for name, blobs in ("key", [issued.private_key_pem]), ("cert", issued.cert_chain_pems):
        (tmp_path / name).write_bytes(b"".join(blob.bytes() for blob in blobs))
    server = block("server {")
    assert "http://127.0.0.1:8080" in server
    port = free_port()
    server = server.replace("listen 443", f"listen 127.0.0.1:{port}").replace("listen [::]:443 ssl http2;", "")
    server = re.sub(r"/etc/letsencrypt\S+/fullchain\.pem", str(tmp_path / "cert"), server)
    server = re.sub(r"/etc/letsencrypt\S+/privkey\.pem", str(tmp_path / "key"), server)
    config = tmp_path / "nginx.conf"
    logs = f"pid {tmp_path}/pid;\nerror_log stderr;\n"
    config.write_text(f"{logs}events {{}}\nhttp {{\naccess_log off;\n{server}}}\n", "utf-8")
    tried = subprocess.run(
        [needs("nginx"), "-t", "-p", str(tmp_path), "-c", str(config)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert tried.returncode == 0, tried.stderr


def test_cron_runs_the_script_that_the_page_holds() -> None:
    *moments, user, command = block("15 3 * * *").strip().split(maxsplit=6)
    assert moments == ["15", "3", "*", "*", "*"]
    assert user == "root"
    script = command.rpartition(" ")[2]
    assert f"with this as `{script}`:" in DEPLOY
    text = block("#!/bin/sh")
    subprocess.run(["/bin/sh", "-n"], input=text.encode(), check=True, timeout=10)
    assert text.index("mkdir -p backups") < text.index('>"backups/')


def test_each_message_that_the_page_on_trouble_explains_is_one_of_the_program() -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    shown = [row for row in re.findall(r"^\| (.+?) \| .+ \| .+ \|$", page, re.MULTILINE) if row.startswith("`")]
    assert len(shown) > 40
    texts = "\n".join(
        node.value
        for file in (ROOT / "digest").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    of_a_server = re.compile(r"(?:login: )?\d{3} ")
    messages = [re.match(r"(`+) ?(.+?) ?\1(?!`)", row) for row in shown]
    parts = [
        (found[2], part.strip())
        for found in messages
        if found and not of_a_server.match(found[2])
        for part in found[2].split("…")
    ]
    assert [message for message, part in parts if part not in texts] == []


def test_a_link_of_a_page_leads_to_a_page_and_a_heading() -> None:
    pages = [*PAGES, *ROOT.glob("*.md")]
    for page in pages:
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)", page.read_text("utf-8")):
            file = (page.parent / target).resolve() if target else page
            assert file.exists(), (page.name, target)
            if anchor:
                headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
                anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
                assert anchor in anchors, (page.name, target, anchor)


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    assert {page.name for page in PAGES if page.parent.name == "docs"} - {"README.md"} == set(
        re.findall(r"\]\((\w+\.md)\)", index)
    )
    for inner in ("decisions", "zh"):
        assert f"({inner}/README.md)" in index
        listed = set(re.findall(r"\]\((\w+\.md)\)", (ROOT / "docs" / inner / "README.md").read_text("utf-8")))
        assert {page.name for page in PAGES if page.parent.name == inner} - {"README.md"} == listed


def test_both_readmes_type_the_same() -> None:
    english, chinese = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh.md"))
    walked = commands(english)
    assert len(walked) > 10
    assert commands(chinese)[: len(walked)] == walked


def commands(readme: str) -> list[str]:
    """The commands of a README, without their comments and without the address of the repository."""
    lines = "".join(re.findall(r"^```sh\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)).splitlines()
    return [re.sub(r"<.+?> digest", "digest", re.split(r"\s{2,}#", line)[0].strip()) for line in lines]


def test_a_folder_is_made_before_something_is_written_into_it() -> None:
    for folder in "backups", "secrets", "dumps":
        written = re.search(rf'(?:>"?|cp .+ ){folder}/', DEPLOY)
        assert written
        assert f"mkdir -p {folder}" in DEPLOY[: written.start()]


def test_what_the_page_installs_is_there() -> None:
    installed = re.findall(r"install .*?(config/[\w.]+)", DEPLOY)
    assert "config/digest.service" in installed
    assert all((ROOT / file).is_file() for file in installed)
    started = re.findall(r"systemctl enable --now (\w+)", DEPLOY)
    assert [f"{name}.service" for name in started] == ["digest.service"]


def test_the_unit_and_the_page_mean_the_same_place() -> None:
    assert set(re.findall(r"/opt/digest/bin/(\w+)", DEPLOY)) == {"digest", "pip"}
    assert "ExecStart=/opt/digest/bin/digest run" in (ROOT / "config" / "digest.service").read_text("utf-8")


def test_a_rollback_names_what_ran_before() -> None:
    for part in DEPLOY.partition("## Upgrade")[2].split("## Backup")[0], "\n".join(outgrowing()):
        assert re.search(r'git rev-parse HEAD >"backups/.*\.commit"', part)
        assert 'git checkout "$(cat backups/' in part
    assert "git checkout v" not in DEPLOY
