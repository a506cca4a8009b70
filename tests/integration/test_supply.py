"""Where the shipped parts come from: pins, licences, lists of parts, and two builds of an image held together."""

from __future__ import annotations

import importlib.util
import io
import json
import re
import subprocess
import sys
import tarfile
import tomllib
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = (ROOT / "requirements.txt").read_text("utf-8")
PINNED = re.findall(r"^([a-z0-9.-]+)==(\S+)", REQUIREMENTS, re.MULTILINE)


def supply() -> Any:
    """The script that `make check`, `make sbom` and `make reproduce` run."""
    spec = importlib.util.spec_from_file_location("supply", ROOT / ".ci" / "supply.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["supply"] = module  # where its dataclasses look for their annotations
    spec.loader.exec_module(module)
    return module


SUPPLY = supply()


def said(**fields: str) -> Message:
    message = Message()
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    return message


def test_every_dependency_is_pinned_with_hashes_and_may_be_shipped() -> None:
    assert list(SUPPLY.problems(SUPPLY.pins(REQUIREMENTS))) == []


def test_the_tests_run_with_what_is_shipped() -> None:
    of_tests = SUPPLY.pins((ROOT / "requirements-dev.txt").read_text("utf-8"))
    assert set(PINNED) <= {(pin.name, pin.version) for pin in of_tests}


def test_pins_are_read_with_their_version_place_and_hashes() -> None:
    read = SUPPLY.pins(REQUIREMENTS)
    assert [(pin.name, pin.version) for pin in read] == PINNED
    assert sum(len(pin.hashes) for pin in read) == REQUIREMENTS.count("--hash=sha256:") > 500
    assert {pin.name: pin.marker for pin in read}["colorama"] == "sys_platform == 'win32'"


@pytest.mark.parametrize(
    "line",
    [
        "httpx>=1",
        "httpx",
        "-e .",
        "httpx @ https://example.org/a.whl",
        "--extra-index-url https://example.org",
        "./a.whl",
    ],
)
def test_what_is_no_version_of_the_index_is_no_pin(line: str) -> None:
    with pytest.raises(ValueError, match=re.escape(line.split(maxsplit=1)[0])):
        SUPPLY.pins(f"six==1.17.0 \\\n    --hash=sha256:{'0' * 64}\n{line}\n")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"License_Expression": "MIT"}, ""),
        ({"License_Expression": "(MIT OR Apache-2.0) AND OFL-1.1"}, ""),
        ({"License_Expression": "MIT AND AGPL-3.0-only"}, "AGPL-3.0-only is not among"),
        ({"License": "Apache Software License"}, ""),
        ({"License": "GPLv3"}, "names no licence"),
        ({"Classifier": "License :: OSI Approved :: GNU Affero General Public License v3"}, "Affero General Public"),
        ({"License": "a text of many lines", "Classifier": "License :: OSI Approved :: MIT License"}, ""),
        ({}, "names no licence"),
        ({"License": "MIT", "Classifier": "Development Status :: 7 - Inactive"}, "given it up"),
    ],
)
def test_each_licence_has_to_be_known_and_allowed(
    fields: dict[str, str], problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SUPPLY, "installed", lambda _: said(**fields))
    found = list(SUPPLY.problems([SUPPLY.Pin("six", "1", "", ("0" * 64,))]))
    assert [line for line in found if not problem or problem not in line] == []
    assert bool(found) == bool(problem)


def test_a_pin_without_a_hash_or_a_package_is_named() -> None:
    found = list(SUPPLY.problems([SUPPLY.Pin("six", "1", "", ()), SUPPLY.Pin("is-nowhere", "1", "", ("0" * 64,))]))
    assert [line.partition(":")[0] for line in found] == ["six", "is-nowhere"]
    assert "no hash" in found[0]
    assert "not installed" in found[1]


def test_the_list_of_parts_has_every_pin_with_version_hashes_and_licence(tmp_path: Path) -> None:
    wheel = tmp_path / "digest.whl"
    wheel.write_bytes(b"")
    listed = SUPPLY.of_wheel(wheel)
    assert (listed["bomFormat"], listed["specVersion"]) == ("CycloneDX", "1.6")
    parts = {part["name"]: part for part in listed["components"]}
    assert {(name, part["version"]) for name, part in parts.items()} == set(PINNED)
    for pin in SUPPLY.pins(REQUIREMENTS):
        (source,) = parts[pin.name]["externalReferences"]
        assert {known["content"] for known in source["hashes"]} == set(pin.hashes) != set()
        assert parts[pin.name]["purl"] == f"pkg:pypi/{pin.name}@{pin.version}"
        assert parts[pin.name]["licenses"], pin.name
    shipped = listed["metadata"]["component"]
    assert shipped["hashes"][0]["content"].startswith("e3b0c44298fc")  # of an empty file
    assert shipped["version"] == tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]


def test_the_list_says_which_part_needs_which() -> None:
    listed = SUPPLY.of_wheel(None)
    needs = {entry["ref"]: entry["dependsOn"] for entry in listed["dependencies"]}
    own = listed["metadata"]["component"]["bom-ref"]
    assert set(needs) == {own} | {part["bom-ref"] for part in listed["components"]}
    assert any(ref.startswith("pkg:pypi/httpcore@") for ref in needs[_purl(listed, "httpx")])
    reached, waiting = set(), [own]
    while waiting:
        ref = waiting.pop()
        if ref not in reached:
            reached.add(ref)
            waiting += needs[ref]
    assert reached == set(needs)


def test_the_list_is_the_same_for_the_same_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764547200")
    one = SUPPLY.of_wheel(None)
    assert one == SUPPLY.of_wheel(None)
    assert one["metadata"]["timestamp"] == "2025-12-01T00:00:00Z"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764547201")
    assert one["serialNumber"] != SUPPLY.of_wheel(None)["serialNumber"]


def _purl(listed: dict[str, Any], name: str) -> str:
    (found,) = [part["purl"] for part in listed["components"] if part["name"] == name]
    return str(found)


def packed(folder: dict[str, bytes], mode: int = 0o644, mtime: int = 0) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as opened:
        for name, content in folder.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(content), mode, mtime
            opened.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def image(at: Path, layers: list[bytes], env: tuple[str, ...] = ("PYTHON_VERSION=3.13.0",)) -> Path:
    """An archive as `docker image save` writes it."""
    manifest = [{"Config": "blobs/config", "Layers": [f"blobs/{number}" for number in range(len(layers))]}]
    config = {"created": at.name, "config": {"Env": list(env), "User": "10001"}}
    parts = {f"blobs/{number}": layer for number, layer in enumerate(layers)}
    documents = {"manifest.json": json.dumps(manifest).encode(), "blobs/config": json.dumps(config).encode()}
    at.write_bytes(packed(documents | parts))
    return at


BASE = packed({"etc/os-release": b"Debian"})


@pytest.mark.parametrize(
    ("other", "env", "says"),
    [
        ([BASE, packed({"opt/a.pyc": b"1"}, mtime=9)], "A=1", ""),  # another time is no difference
        ([BASE, packed({"opt/a.pyc": b"2"})], "A=1", "layer 2: opt/a.pyc: "),
        ([BASE, packed({"opt/a.pyc": b"1"}, mode=0o600)], "A=1", "layer 2: opt/a.pyc: "),
        ([BASE, packed({"opt/a.pyc": b"1", "root/.cache": b""})], "A=1", "layer 2: root/.cache: missing"),
        ([BASE], "A=1", "2 layers against 1"),
        ([BASE, packed({"opt/a.pyc": b"1"})], "A=2", "the settings of the image"),
    ],
)
def test_two_builds_of_an_image_are_compared_file_by_file(
    other: list[bytes], env: str, says: str, tmp_path: Path
) -> None:
    one = image(tmp_path / "one.tar", [BASE, packed({"opt/a.pyc": b"1"})], ("A=1",))
    found = SUPPLY.main(["compare", str(one), str(image(tmp_path / "other.tar", other, (env,)))])
    assert str(found)[: len(says)] == says
    assert bool(found) == bool(says)


def test_the_script_ends_with_1_where_something_is_not_as_it_has_to_be(tmp_path: Path) -> None:
    one, other = image(tmp_path / "one.tar", [BASE]), image(tmp_path / "other.tar", [BASE, BASE])
    asked = subprocess.run(
        [sys.executable, str(ROOT / ".ci" / "supply.py"), "compare", str(one), str(other)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (asked.returncode, asked.stderr) == (1, "1 layers against 2\n")


def test_the_list_of_an_image_has_what_lies_in_its_layers(tmp_path: Path) -> None:
    (name, version), *_ = PINNED
    packages = f"opt/digest/lib/python3.13/site-packages/{name}-{version}.dist-info/METADATA"
    debian = (
        b"Package: libssl3t64\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.5.4-1~deb13u1\n\n"
        b"Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n"
    )
    layers = [
        packed({"var/lib/dpkg/status": debian}),
        packed({packages: f"Name: {name}\nVersion: {version}\nLicense: MIT\n".encode()}),
    ]
    listed = SUPPLY.of_image(SUPPLY.Image.read(image(tmp_path / "image.tar", layers)))
    parts = {part["name"]: part for part in listed["components"]}
    assert set(parts) == {"libssl3t64", name, "python"}
    assert parts["libssl3t64"]["purl"] == "pkg:deb/debian/libssl3t64@3.5.4-1~deb13u1?arch=amd64"
    assert parts[name]["licenses"] == [{"license": {"id": "MIT"}}]
    assert parts[name]["externalReferences"][0]["hashes"]
    assert parts["python"]["version"] == "3.13.0"
    (needs,) = listed["dependencies"]
    assert (needs["ref"], len(needs["dependsOn"])) == ("image", 3)
