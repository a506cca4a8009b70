"""What is shipped: from a checkout full of an operator's secrets, a wheel, an archive and an image without them."""

from __future__ import annotations

import importlib.util
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
NAMED: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["include"]
EPOCH = "1764547200"
BESIDES = ["requirements.txt", "requirements-build.txt", "pyproject.toml", "README.md", "LICENSE"]


def smoke() -> Any:
    """The markers that CI plants before it builds the image."""
    spec = importlib.util.spec_from_file_location("secrets_smoke", ROOT / ".ci" / "smoke" / "secrets.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MARKERS = smoke()


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with its files of git, and a secret beside each of them."""
    home = tmp_path_factory.mktemp("checkout")
    for name in ("digest", "templates", "config", ".ci", "docs"):
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (*BESIDES, ".gitignore", ".dockerignore", "Dockerfile", "docker-compose.yml", ".env", "Makefile"):
        shutil.copyfile(ROOT / name, home / name)
    assert len(MARKERS.plant(home)) > 80
    return home


def built(checkout: Path, target: str, into: Path, **environment: str) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(into)],
        cwd=checkout,
        env=os.environ | environment,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (made,) = into.iterdir()
    return made


@pytest.fixture(scope="session")
def packages(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What is built from the checkout, by its target."""
    into, said = tmp_path_factory.mktemp("packages"), {"SOURCE_DATE_EPOCH": EPOCH, "TZ": "UTC", "LC_ALL": "C"}
    return {target: built(checkout, target, into / target, **said) for target in ("wheel", "sdist")}


@pytest.fixture(scope="session")
def tracked(needs: Callable[[str], str]) -> set[str]:
    """The files of the project, as git knows them."""
    listed = subprocess.run(
        [needs("git"), "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}


def test_the_wheel_holds_what_the_program_needs_and_no_secret(packages: dict[str, Path], tracked: set[str]) -> None:
    with zipfile.ZipFile(packages["wheel"]) as wheel:
        contents = {name: wheel.read(name) for name in wheel.namelist() if ".dist-info/" not in name}
    assert [name for name, held in contents.items() if MARKERS.MARKER.encode() in held] == []
    needed = {name for name in tracked if name.startswith(("digest/", "templates/", "config/demo/"))}
    shipped = {name.removeprefix("digest/_bundled/") for name in contents}
    assert shipped == needed | {"config/example.toml"}


def test_a_source_archive_holds_no_secret(packages: dict[str, Path]) -> None:
    with tarfile.open(packages["sdist"]) as archive:
        names = archive.getnames()
        held = [archive.extractfile(member) for member in archive.getmembers() if member.isfile()]
        assert [stream for stream in held if stream and MARKERS.MARKER.encode() in stream.read()] == []
    assert any(name.endswith("/digest/__main__.py") for name in names)


@pytest.fixture(scope="session")
def other_checkout(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same files at another place, made in another order, at another time, by somebody who shares nothing."""
    home = tmp_path_factory.mktemp("another") / "place"
    files = sorted((file for file in checkout.rglob("*") if file.is_file()), reverse=True)
    for file in files:
        copy = home / file.relative_to(checkout)
        copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copyfile(file, copy)
        copy.chmod(0o700 if file.stat().st_mode & 0o100 else 0o600)
        os.utime(copy, (86400 * 5000, 86400 * 5000))
    return home


@pytest.mark.parametrize("target", ["wheel", "sdist"])
def test_the_same_commit_gives_the_same_bytes(
    target: str, packages: dict[str, Path], other_checkout: Path, tmp_path: Path
) -> None:
    other = built(other_checkout, target, tmp_path / "b", SOURCE_DATE_EPOCH=EPOCH, TZ="Asia/Tokyo", LC_ALL="C.UTF-8")
    assert other.name == packages[target].name
    assert other.read_bytes() == packages[target].read_bytes()
    if target == "wheel":
        with zipfile.ZipFile(other) as wheel:
            assert {entry.date_time for entry in wheel.infolist()} == {(2025, 12, 1, 0, 0, 0)}


def test_make_builds_with_the_time_of_the_commit(tmp_path: Path, needs: Callable[[str], str]) -> None:
    shutil.copyfile(ROOT / "Makefile", tmp_path / "Makefile")
    dated = os.environ | {"GIT_COMMITTER_DATE": f"{EPOCH} +0000", "GIT_AUTHOR_DATE": "1700000000 +0000"}
    environment = {name: value for name, value in dated.items() if name not in {"SOURCE_DATE_EPOCH", "MAKEFLAGS"}}
    git = [needs("git"), "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "--quiet"], ["add", "Makefile"], ["commit", "--quiet", "--message", "one"]):
        subprocess.run([*git, *command], check=True, capture_output=True, env=environment, timeout=60)
    shown = subprocess.run(
        [needs("make"), "-n", "-C", str(tmp_path), "--assume-old", ".venv/.ready", "release"],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
    )
    builds = [line for line in shown.stdout.splitlines() if "hatchling build" in line or ".ci/sbom" in line]
    assert len(builds) == 3
    assert all(line.startswith(f"SOURCE_DATE_EPOCH={EPOCH} ") for line in builds)


def test_the_builder_of_the_image_gets_what_the_wheel_needs_and_no_more() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line and line[0] != "#"]
    assert lines[0] == "*"
    wanted = [f"!{name}" for name in BESIDES] + [f"!{name.removeprefix('/')}" for name in NAMED]
    assert sorted(lines[1:]) == sorted([*wanted, "!config/container.toml"])


def test_in_config_files_are_named_one_by_one(tracked: set[str]) -> None:
    named = {name.removeprefix("/") for name in NAMED if name.startswith("/config/")}
    assert "config/digest.toml" not in named
    assert named == {name for name in tracked if name.startswith("config/demo/")} | {"config/example.toml"}


def test_git_sees_no_secret_wherever_the_documents_put_one(
    checkout: Path, tracked: set[str], needs: Callable[[str], str]
) -> None:
    git = [needs("git"), "-C", str(checkout)]
    subprocess.run([*git, "init", "--quiet"], check=True, capture_output=True, timeout=60)
    seen = subprocess.run(
        [*git, "status", "--porcelain", "--untracked-files=all"], check=True, capture_output=True, text=True, timeout=60
    )
    added = {line[3:] for line in seen.stdout.splitlines()} - tracked
    beside_code = {f"{folder}/{name}" for folder in MARKERS.SHIPPED for name in MARKERS.NAMES}
    assert added - beside_code == set()
    hidden = {name for name in added if name.endswith((".pem", "password"))}
    assert hidden == set()


def test_no_file_that_an_operator_edits_is_tracked(tracked: set[str]) -> None:
    assert "config/digest.toml" not in tracked
    assert [name for name in tracked if name.startswith("config/") and not name.startswith("config/demo/")]
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert {"/*", "/config/*"} <= set(ignored)
    assert not {"!/digest.toml", "!/docker-compose.override.yml", "!/secrets/", "!/dumps/", "!/backups/"} & set(ignored)


def archive(mode: str, name: str, content: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as opened:  # type: ignore[call-overload]
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        opened.addfile(entry, io.BytesIO(content))
    return made.getvalue()


@pytest.mark.parametrize(("content", "code"), [(MARKERS.MARKER, 1), ("words", 0)])
def test_what_ci_asks_of_an_image_finds_a_marker_in_a_layer(content: str, code: int) -> None:
    image = archive("w", "blobs/layer", archive("w:gz", "opt/key", content.encode()))
    asked = subprocess.run(
        [sys.executable, str(ROOT / ".ci" / "smoke" / "secrets.py"), "find"],
        input=image,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert asked.returncode == code, asked.stderr
    assert (b"blobs/layer: opt/key" in asked.stderr) == bool(code)
