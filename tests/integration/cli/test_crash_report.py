"""No command ends in a traceback: an unexpected error is one line, and a file with the details."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from digest.cli import main
from tests.forking import run_digest

if TYPE_CHECKING:
    from tests.conftest import Blog


def fail(*_: Any, **__: Any) -> None:
    raise RuntimeError("no such luck for ada@example.org\nand more of it")


@pytest.fixture(params=["status", "run", "parse"])
def command(request: pytest.FixtureRequest, blog: Blog, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A command that fails as nobody foresaw, by each of the ways to run one."""
    monkeypatch.setattr("digest.app.opened_to_read", fail)
    monkeypatch.setattr("digest.cli.serving.exclusive_lock", fail)
    monkeypatch.setattr("digest.cli.parse_plainly", fail)
    monkeypatch.setenv("DIGEST_CONFIG", str(blog.home / "digest.toml"))
    (blog.home / "var").mkdir(exist_ok=True)
    return [request.param, "x.txt"] if request.param == "parse" else [request.param]


def said(command: list[str], capfd: pytest.CaptureFixture[str]) -> str:
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 1
    return capfd.readouterr().err


def test_what_nobody_foresaw_is_one_line_and_a_file(
    command: list[str], blog: Blog, capfd: pytest.CaptureFixture[str]
) -> None:
    line = said(command, capfd)

    found = re.fullmatch(
        r"digest: RuntimeError: no such luck for a\*\*\*@e\*\*\*\.org \(fault ([0-9a-f]{8}): details in (\S+); .*\)\n",
        line,
    )
    assert found, line
    file = Path(found[2])
    assert file == blog.home / "var" / f"digest-fault-{found[1]}.txt"
    details = file.read_text("utf-8")
    assert "Traceback" in details
    assert "in fail" in details
    assert f"digest {' '.join(command)}" in details
    assert "ada@example.org" not in details
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("place", ["there", "nowhere"])
def test_without_a_state_details_lie_in_the_systems_place_if_there_is_one(
    command: list[str],
    place: str,
    blog: Blog,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (blog.home / "var").rmdir()
    (tmp_path / "there").mkdir()
    with monkeypatch.context() as own:
        own.setattr("tempfile.tempdir", str(tmp_path / place))
        line = said(command, capfd)

    written = list((tmp_path / "there").glob("digest-fault-*.txt"))
    assert len(written) == (place == "there")
    assert (f"details in {written[0]}" if written else "its details could not be written") in line


@pytest.mark.parametrize("command", [["run"], ["run", "--role", "all"], ["source", "rename", "blog", "other"]])
def test_a_folder_that_cannot_be_written_is_named_with_the_remedy(
    command: list[str], blog: Blog, capfd: pytest.CaptureFixture[str]
) -> None:
    (blog.home / "var").write_text("in the way", "utf-8")
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([*command, "--config", str(blog.home / "digest.toml")])

    assert ended.value.code == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"digest: {blog.home / 'var'}: cannot be written: ")


def test_a_full_disk_behind_the_output_is_reported_in_one_line(blog: Blog) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123 - a device
        ended = run_digest(["status", "--config", str(blog.home / "digest.toml")], stdout=full)

    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("digest: OSError: No space left on device (fault ")
