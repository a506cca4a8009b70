#!/usr/bin/env python3
"""What is shipped, and from where: `supply.py check | wheel [WHEEL] | image ARCHIVE | compare ARCHIVE ARCHIVE`.

`check` reads the pins of requirements.txt and the metadata of the packages that are installed beside it: each pin has a
version and hashes, each package a licence that is allowed here. `wheel` and `image` print a CycloneDX 1.6 document of
the wheel's dependencies, and of what an image holds. `compare` holds two builds of an image against each other, file by
file in each layer. ARCHIVE is what `docker image save` writes. Exit code 1: something is not as it has to be, and each
line names it. Needs nothing but Python; the documents are the same for the same input and SOURCE_DATE_EPOCH.
"""

from __future__ import annotations

import email
import hashlib
import json
import os
import re
import sys
import tarfile
import tomllib
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from email.message import Message

ROOT = Path(__file__).resolve().parents[1]
EPOCH = 1580601600  # as hatchling has it where no other time is given

# Licences with which a package may be shipped beside ours: as SPDX names them, or as classifiers do.
ALLOWED = frozenset({
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "LGPL-3.0-only", "LGPL-3.0-or-later", "MIT", "MIT-0",
    "MPL-2.0", "OFL-1.1", "PSF-2.0", "Unlicense", "BSD License",
})  # fmt: skip
# Older metadata says it in words. "BSD License" does not say which of them, and nothing is added to it.
WORDS = {
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "FreeBSD and LGPLv3+": "BSD-2-Clause AND LGPL-3.0-or-later",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
# Packages whose metadata says nothing; read in their file LICENSE. Colorama is installed on Windows alone.
READ = {"colorama": "BSD-3-Clause", "resvg-py": "MIT"}

_PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9.-]*)==(?P<version>[^\s;]+)(?: ; (?P<marker>[^\\\n]+?))?(?= \\\n|\n|$)")
_PACKAGE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")
_METADATA = re.compile(r"(?:^|/)(?:site|dist)-packages/[^/]+\.dist-info/METADATA$")


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of requirements.txt; `marker` says where it is installed, "" for everywhere."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]

    @property
    def purl(self) -> str:
        return f"pkg:pypi/{self.name}@{self.version}"


def pins(text: str) -> list[Pin]:
    """The packages of a file of requirements, in its order; ValueError for a line that pins nothing."""
    found = []
    for entry in re.split(r"\n(?!\s)", text.strip("\n")):
        pin = _PIN.match(entry)
        if not pin:
            raise ValueError(f"requirements.txt: {entry.splitlines()[0]!r} is no NAME==VERSION; run make lock")
        hashes = tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})\b", entry))
        found.append(Pin(pin["name"], pin["version"], (pin["marker"] or "").strip(), hashes))
    return found


def normalised(name: str) -> str:
    """The name of a package as requirements.txt writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def licence(said: Message | metadata.PackageMetadata | None, name: str) -> str:
    """An SPDX expression, or the words of a classifier; "" where neither the metadata nor we know."""
    if said is not None:
        if expression := said.get_all("License-Expression"):
            return str(expression[0])
        words = " ".join((said.get_all("License") or [""])[0].split())
        if (known := WORDS.get(words, words)) in ALLOWED or known != words:
            return known
        classified = [
            line.rpartition(" :: ")[2] for line in said.get_all("Classifier") or [] if line[:9] == "License :"
        ]
        if classified:
            return " OR ".join(WORDS.get(line, line) for line in classified)
    return READ.get(name, "")


def installed(name: str) -> metadata.PackageMetadata | None:
    """The metadata of a package beside this Python; None where it is not installed."""
    try:
        return metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None


def problems(packages: Iterable[Pin]) -> Iterator[str]:
    """One line for each pin without a hash, licence not allowed, other version, and package that is given up."""
    for pin in packages:
        if not pin.hashes:
            yield f"{pin.name}: no hash stands in requirements.txt; run make lock"
        said = installed(pin.name)
        if said is None and not pin.marker:
            yield f"{pin.name}: not installed here, so nothing is known of it; run make setup"
            continue
        stated = licence(said, pin.name)
        if not stated:
            yield f"{pin.name}: its metadata names no licence; read its LICENSE and add it to READ in .ci/supply.py"
        elif foreign := [part for part in re.split(r"[()]| AND | OR ", stated) if part.strip() and part not in ALLOWED]:
            yield f"{pin.name}: {' and '.join(foreign)} is not among the licences that .ci/supply.py allows"
        if said is not None and "Development Status :: 7 - Inactive" in (said.get_all("Classifier") or []):
            yield f"{pin.name}: its authors have given it up; look for another library"


def component(name: str, version: str, purl: str, stated: str, hashes: Iterable[str] = ()) -> dict[str, Any]:
    """A part of a document. The hashes are those of all files of the release, of which one is installed."""
    made: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    if re.search(r" (?:AND|OR) ", stated):
        made["licenses"] = [{"expression": stated}]
    elif stated:
        made["licenses"] = [{"license": {"name" if " " in stated else "id": stated}}]
    if known := [{"alg": "SHA-256", "content": digest} for digest in hashes]:
        address = f"https://pypi.org/project/{name}/{version}/#files"
        made["externalReferences"] = [{"type": "distribution", "url": address, "hashes": known}]
    return made


def document(
    shipped: dict[str, Any], parts: list[dict[str, Any]], needs: Mapping[str, Iterable[str]]
) -> dict[str, Any]:
    """A CycloneDX 1.6 document: what is shipped, its parts, and which needs which, by their references."""
    when = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH") or EPOCH), UTC)
    made: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tools": {"components": [{"type": "application", "name": ".ci/supply.py", "version": shipped["version"]}]},
            "component": shipped,
        },
        "components": sorted(parts, key=lambda part: str(part["bom-ref"])),
        "dependencies": [{"ref": ref, "dependsOn": sorted(set(needs[ref]))} for ref in sorted(needs)],
    }
    content = hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()
    return made | {"serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}"}


def of_wheel(wheel: Path | None) -> dict[str, Any]:
    """The wheel and everything that requirements.txt pins for it; with its hash, where the wheel is given."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    packages = pins((ROOT / "requirements.txt").read_text("utf-8"))
    purls = {pin.name: pin.purl for pin in packages}
    parts, needs = [], {}
    for pin in packages:
        said = installed(pin.name)
        part = component(pin.name, pin.version, pin.purl, licence(said, pin.name), pin.hashes)
        if pin.marker:
            part["properties"] = [{"name": "digest:installed-where", "value": pin.marker}]
        parts.append(part)
        wanted = [line for line in (said.get_all("Requires-Dist") or [] if said else []) if "extra ==" not in line]
        needs[pin.purl] = [purls[name] for name in _names(wanted) if name in purls]
    shipped = component(project["name"], project["version"], _own(project), project["license"])
    if wheel:
        shipped["hashes"] = [{"alg": "SHA-256", "content": hashlib.sha256(wheel.read_bytes()).hexdigest()}]
    needs[shipped["bom-ref"]] = [purls[name] for name in _names(project["dependencies"])]
    asked = {ref for refs in needs.values() for ref in refs}
    needs[shipped["bom-ref"]] += [purl for purl in purls.values() if purl not in asked]  # by an extra, such as a driver
    return document(shipped | {"type": "application"}, parts, needs)


def _own(project: Mapping[str, str]) -> str:
    return f"pkg:generic/{project['name']}@{project['version']}"  # another program has this name on PyPI


def _names(requirements: Iterable[str]) -> list[str]:
    return [normalised(found[0]) for line in requirements if (found := _PACKAGE.match(line))]


@dataclass(slots=True)
class Image:
    """What an archive of an image holds: for each layer, path → kind, mode, owner and hash or target of a link."""

    config: dict[str, Any]
    layers: list[dict[str, str]] = field(default_factory=list)
    kept: dict[str, bytes] = field(default_factory=dict)  # what says which packages there are, as the last layer has it

    @classmethod
    def read(cls, archive: Path) -> Image:
        with tarfile.open(archive) as outer:
            (manifest,) = json.loads(_content(outer, "manifest.json"))
            image = cls(json.loads(_content(outer, manifest["Config"])))
            for name in manifest["Layers"]:
                with tarfile.open(fileobj=outer.extractfile(name)) as layer:
                    image.layers.append({member.name: image._entry(layer, member) for member in layer})
        return image

    def _entry(self, layer: tarfile.TarFile, member: tarfile.TarInfo) -> str:
        """Everything of a file except its time and its device."""
        what = member.linkname
        if member.isreg():
            stream = layer.extractfile(member)
            content = stream.read() if stream else b""
            what = f"{len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}"
            if _METADATA.search(member.name) or member.name == "var/lib/dpkg/status":
                self.kept[member.name] = content
        return f"{member.type.decode()} {member.mode:o} {member.uid}:{member.gid} {what}".rstrip()


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    stream = archive.extractfile(name)
    if stream is None:
        raise ValueError(f"{name} of the archive is no file; give what docker image save writes")
    return stream.read()


def of_image(image: Image) -> dict[str, Any]:
    """The image, with its packages of Python, those of Debian and its Python itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    pinned = {pin.purl: pin for pin in pins((ROOT / "requirements.txt").read_text("utf-8"))}
    parts = {part["bom-ref"]: part for part in _of_debian(image.kept.get("var/lib/dpkg/status", b""))}
    for name in sorted(image.kept):
        if not _METADATA.search(name):
            continue
        said = email.message_from_bytes(image.kept[name])
        package = normalised(said["Name"])
        purl = _own(project) if package == project["name"] else f"pkg:pypi/{package}@{said['Version']}"
        hashes = pinned[purl].hashes if purl in pinned else ()
        parts[purl] = component(package, said["Version"], purl, licence(said, package), hashes)
    for variable in image.config["config"].get("Env") or []:
        if variable.startswith("PYTHON_VERSION="):
            version = variable.partition("=")[2]
            parts["python"] = component("python", version, f"pkg:generic/python@{version}", "PSF-2.0")
    shipped = {"type": "container", "bom-ref": "image", "name": project["name"], "version": project["version"]}
    return document(shipped, list(parts.values()), {"image": [part["bom-ref"] for part in parts.values()]})


def _of_debian(status: bytes) -> Iterator[dict[str, Any]]:
    for block in status.decode("utf-8").split("\n\n"):
        said = email.message_from_string(block)
        if said["Package"] and "installed" in (said["Status"] or "").split():
            name, version = said["Package"], said["Version"]
            purl = (
                f"pkg:deb/debian/{name}@{version.replace('+', '%2B').replace(':', '%3A')}?arch={said['Architecture']}"
            )
            yield component(name, version, purl, "")


def differences(one: Image, other: Image) -> Iterator[str]:
    """One line for each file that differs between two builds, layer by layer, and for each setting of the image."""
    if len(one.layers) != len(other.layers):
        yield f"{len(one.layers)} layers against {len(other.layers)}"
    for number, (left, right) in enumerate(zip(one.layers, other.layers, strict=False), 1):
        for name in sorted(left.keys() | right.keys()):
            if left.get(name) != right.get(name):
                yield f"layer {number}: {name}: {left.get(name, 'missing')} against {right.get(name, 'missing')}"
    if one.config["config"] != other.config["config"]:
        yield "the settings of the image differ: environment, command, user or labels"


def main(arguments: list[str]) -> int | str:
    """0, or the lines that say what is not as it has to be."""
    match arguments:
        case ["check"]:
            return "\n".join(problems(pins((ROOT / "requirements.txt").read_text("utf-8")))) or 0
        case ["compare", one, other]:
            return "\n".join(differences(Image.read(Path(one)), Image.read(Path(other)))) or 0
        case ["wheel", *wheels] if len(wheels) <= 1:
            made = of_wheel(Path(wheels[0]) if wheels else None)
        case ["image", archive]:
            made = of_image(Image.read(Path(archive)))
        case _:
            return f"{__doc__}".partition("\n")[0]
    sys.stdout.write(json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
