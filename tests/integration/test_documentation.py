"""What the documentation must name: every command, address and metric, each found in the program itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from prometheus_client.parser import text_string_to_metric_families

from digest.cli.commands import application
from digest.settings import load
from digest.store import open_store
from tests import command_page
from tests.conftest import CONFIG
from tests.integration.web.site import Site
from tests.integration.web.test_hooks import HOOKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.routing import Route

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
_OF_A_FILE = re.compile(r"-[0-9a-f]{12}\.")
_SPAN = re.compile(r"`([^`]+)`")


def rows(page: str) -> list[str]:
    """The first cells of all tables of a page."""
    return re.findall(r"^\| ((?:\\\||[^|])+) \|", (DOCS / page).read_text("utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[Route], str]]:
    """All routes of the web server with every provider, the API and the console switched on, and its metrics."""
    home = tmp_path_factory.mktemp("documented")
    (home / "digest.toml").write_text(f"{CONFIG}{HOOKS}[api]\non = true\n[console]\non = true\n", "utf-8")
    settings = load(home / "digest.toml")
    store = open_store("sqlite://")
    try:
        site = Site(store, settings)
        exposed, _ = site.metrics.exposition("")
        yield site.routes(), exposed.decode()
    finally:
        store.close()


def commands(group: Any, before: str = "digest") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if not command.hidden:
            yield f"{before} {name}", command
            yield from commands(command, f"{before} {name}") if hasattr(command, "commands") else ()


COMMANDS = dict(commands(typer.main.get_command(application())))


def test_the_page_of_commands_is_current() -> None:
    assert command_page.page() == (DOCS / "commands.md").read_text("utf-8"), "run `make docs`"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_each_of_its_options_says_what_it_is_for(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    assert [one.name for one in command.params if not one.hidden and not one.help] == []
    assert re.search(rf"^##+ {name}$", (DOCS / "commands.md").read_text("utf-8"), re.MULTILINE)


def test_every_address_is_documented_and_no_other(served: tuple[list[Route], str]) -> None:
    documented = [span for row in rows("addresses.md") for span in _SPAN.findall(row)]
    answering = [_answering(path, served[0]) for path in documented]
    assert [path for path, route in zip(documented, answering, strict=True) if route is None] == []
    missing = [route.path for route in served[0] if route not in answering]
    assert [path for path in missing if not path.startswith("/console/")] == []  # one line stands for its pages


def _answering(documented: str, routes: list[Route]) -> Route | None:
    """The first route that answers at an address of the page, as the server looks for it."""
    path = re.sub(r"\bN\b", "1", documented)
    for route in routes:
        static = _OF_A_FILE.sub("-HASH.", route.path)
        if path == static or route.path_regex.match(path):
            return route
    return None


def test_an_address_that_does_not_exist_would_be_found(served: tuple[list[Route], str]) -> None:
    assert _answering("/nothing/ID", served[0]) is None
    assert _answering("/archive/N.KIND", served[0]) is not None


def test_every_metric_is_documented(served: tuple[list[Route], str]) -> None:
    named = {re.sub(r"\{.*\}", "", span) for row in rows("monitoring.md") for span in _SPAN.findall(row)}
    exposed = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in text_string_to_metric_families(served[1])
        if not family.name.startswith("process_") and not family.name.endswith("_created")
    }
    assert len(exposed) > 20
    assert exposed - named == set()
    assert {name for name in named if name.startswith("digest_")} - exposed <= {"digest_build_info"}


def test_each_test_that_a_page_names_exists() -> None:
    tests = [file for file in (ROOT / "tests").rglob("test_*.py") if "node_modules" not in file.parts]
    names = {file.stem for file in tests} | {
        name for file in tests for name in re.findall(r"def (test_\w+)", file.read_text("utf-8"))
    }
    pages = [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
    named = {(page.name, span) for page in pages for span in re.findall(r"\btest_\w+…?", page.read_text("utf-8"))}
    assert len(named) > 60
    missing = [
        (page, span)
        for page, span in sorted(named)
        if not any(name.startswith(span.rstrip("…")) if span.endswith("…") else name == span for name in names)
    ]
    assert missing == []


def test_each_path_that_a_page_names_exists() -> None:
    pages = [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
    paths = re.compile(r"`((?:digest|tests|templates|docs|config|benchmarks|\.ci)/[\w./-]*)`")
    named = {
        (page.name, path)
        for page in pages
        if page.name != "CHANGELOG.md"
        for path in paths.findall(page.read_text("utf-8"))
    }
    assert len(named) > 80
    of_an_operator = re.compile(r"config/(?!demo|example|container|nginx|digest\.service|grafana|prometheus)")
    assert [at for at in sorted(named) if not of_an_operator.match(at[1]) and not (ROOT / at[1]).exists()] == []
