"""The import contract of libraries: a new module cannot escape it, and its table stays true; and what imports load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from grimp import ImportGraph

import digest
from tests.homes import OneHome


def strays(homes: list[str], *imports: tuple[str, str]) -> list[str]:
    graph = ImportGraph()
    for importer, imported in imports:
        graph.add_module(importer)
        graph.add_module(imported, is_squashed=not imported.startswith("digest"))
        graph.add_import(importer=importer, imported=imported)
    contract = OneHome(name="homes", session_options={}, contract_options={"homes": homes})
    found: list[str] = contract.check(graph, verbose=False).metadata["strays"]
    return found


def test_a_home_and_what_lies_in_it_may_import_its_library() -> None:
    assert not strays(
        ["sqlalchemy: digest.store"], ("digest.store.database.engine", "sqlalchemy"), ("digest.store", "sqlalchemy")
    )


@pytest.mark.parametrize("importer", ["digest.records", "digest.brand_new", "digest.storehouse"])
def test_no_other_module_may(importer: str) -> None:
    kept = ("digest.store.database.engine", "sqlalchemy")
    assert strays(["sqlalchemy: digest.store"], kept, (importer, "sqlalchemy")) == [f"{importer} imports sqlalchemy"]


def test_a_library_without_a_line_has_no_home() -> None:
    assert strays([], ("digest.web", "flask")) == ["digest.web imports flask"]


def test_the_standard_library_is_everywhere_at_home() -> None:
    assert not strays([], ("digest.web", "json"))


def test_a_home_that_no_longer_imports_its_library_is_named() -> None:
    (found,) = strays(["re2: digest.patterns, digest.old"], ("digest.patterns", "re2"))
    assert found.startswith("digest.old is named as a home of re2")


def test_the_service_names_the_stores_classes_and_does_not_load_sqlalchemy() -> None:
    root = Path(digest.__file__).parents[1]
    files = [file.relative_to(root).with_suffix("") for file in root.glob("digest/service/**/*.py")]
    loading = f"import sys, {', '.join('.'.join(file.parts) for file in files)}; print('sqlalchemy' in sys.modules)"

    ended = subprocess.run([sys.executable, "-c", loading], capture_output=True, text=True, check=True)

    assert len(files) > 50
    assert ended.stdout == "False\n"
