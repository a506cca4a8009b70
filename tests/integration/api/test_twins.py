"""Commands, API and console perform the same operations: none of the three has a way of its own to act."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

import digest.operations
from digest.operations.core import Operation
from digest.operations.table import OPERATIONS
from tests.conftest import ROOT
from tests.integration.cli.test_without_configuration import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator

# Commands that belong to the machine on which they run, with the reason.
OF_THE_MACHINE = {
    "adopt": "it makes a store the one of this configuration file",
    "demo": "it makes an installation of its own",
    "digests rename": "the service must be stopped meanwhile",
    "feed": "it writes a file; the service answers with the same document",
    "fence": "it is for a store that was copied by hand",
    "init": "it writes the configuration",
    "mail key": "it writes a key file",
    "migrate-store": "it moves a store to another database",
    "parse": "it reads a file and needs no installation",
    "restore": "it replaces the store, so no service may use it",
    "run": "it is the service",
    "simulate": "it replays files of this machine for minutes, and writes what would have been sent",
}

# Logging in and the settings of one's own account are no operations: they are about the session, and are recorded, too.
WRITES_ITSELF = {"account.py"}
# Commands that write the configuration, where there may be no store yet; the API changes a running service instead.
BEFORE_A_STORE = {"sources.add", "sources.import"}


def named() -> dict[str, Operation[Any, Any]]:
    """The operations by their place in the code, such as `entries.REMOVE`."""
    found: dict[str, Operation[Any, Any]] = {}
    for one in pkgutil.iter_modules(digest.operations.__path__):
        module = importlib.import_module(f"digest.operations.{one.name}")
        for name, value in vars(module).items():
            if isinstance(value, Operation):
                found.setdefault(f"{one.name}.{name}", value)
    return found


def used(folder: str) -> set[str]:
    """The names of operations in the modules of a folder: `module.NAME`, or NAME imported from its module."""
    found: set[str] = set()
    for file in (ROOT / folder).rglob("*.py"):
        tree = ast.parse(file.read_text("utf-8"))
        found |= set(_names(tree))
    return found


def _names(tree: ast.Module) -> Iterator[str]:
    modules: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "digest.operations":
            for one in node.names:
                modules.setdefault(one.asname or one.name, set()).add(one.name)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("digest.operations."):
            yield from (f"{(node.module or '').rpartition('.')[2]}.{one.name}" for one in node.names)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield from (f"{module}.{node.attr}" for module in modules.get(node.value.id, ()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isupper():
            yield from (f"{module}.{node.value}" for known in modules.values() for module in known)


def test_every_command_has_its_twin_in_the_api() -> None:
    twins = {one.command.partition(" --")[0] for one in OPERATIONS if one.command}
    assert set(COMMANDS) - twins == set(OF_THE_MACHINE)
    assert twins <= set(COMMANDS)


def test_a_command_that_acts_performs_the_operation_of_the_api() -> None:
    places: dict[str, list[str]] = {}
    for place, operation in named().items():
        places.setdefault(operation.name, []).append(place)
    mentioned = used("digest/cli")
    acting = [one for one in OPERATIONS if one.is_act and one.command]
    assert {one.name for one in acting if not mentioned & set(places[one.name])} == BEFORE_A_STORE


def test_the_console_acts_by_operations_alone() -> None:
    for file in (ROOT / "digest/web/console").glob("*.py"):
        called = [
            node.func.attr
            for node in ast.walk(ast.parse(file.read_text("utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        ]
        assert "write" not in called or file.name in WRITES_ITSELF, file.name
