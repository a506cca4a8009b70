"""`digest simulate`: writes the editions that the configuration would have made to a folder; sends nothing."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from digest.cli.common import ConfigOption, JsonOption, print_json, settings_of, write_file
from digest.cli.editions import entry_json
from digest.cli.progress import Progress
from digest.errors import DigestError
from digest.json_output import pick, to_json
from digest.model import Section
from digest.typeset.titles import headline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.service.upkeep.simulating import SimulatedEdition, Simulation
    from digest.settings import Digest

_FOLDER = Path("simulation")
_MARK = ".digest-simulate"  # marks a folder that this command may empty
_OURS = ("feeds", "editions", "report.txt", "report.json", ".report.txt.part", ".report.json.part")


def register(app: typer.Typer) -> None:
    app.command("simulate")(simulate)


def simulate(
    since: Annotated[
        str, typer.Option("--from", metavar="DATE", help="The first day, in the first digest's time zone; or a time.")
    ],
    until: Annotated[
        str, typer.Option("--to", metavar="DATE", help="The last day, up to its end; or a time, itself excluded.")
    ],
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="A new or empty folder, or one of an earlier run.")
    ] = _FOLDER,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Replay the stored history with a simulated clock, and write the editions, mails and feeds to a folder.

    Nothing is sent and the state does not change. The same state and configuration always give the same files.
    """
    from digest.app import opened_to_read
    from digest.protected_files import require_free
    from digest.service.upkeep import simulating

    settings = settings_of(config)
    begin, end = _window(settings.digests, since, until)
    kept = "Nothing was sent and the state is unchanged; the next run replaces the files written so far."
    with opened_to_read(settings, needed=True) as store, Progress("replaying", kept=kept) as progress:
        require_free(settings, output, config)
        _make_ready(output)
        done = simulating.simulate(
            store,
            settings,
            begin,
            end,
            write=lambda name, body: _write(output / name, body),
            progress=lambda done, total: progress(done, total=total),
        )
    _write(output / "report.json", f"{to_json(_json(done), indent=1)}\n".encode())
    lines = list(_lines(done))
    _write(output / "report.txt", ("\n".join(lines) + "\n").encode())
    if as_json:
        for told in done.editions:
            print_json(_told_json(told))
    else:
        typer.echo("\n".join((*lines, "", f"Nothing was sent. All files are in {output}")))


def _window(digests: Sequence[Digest], since: str, until: str) -> tuple[datetime, datetime]:
    zone = ZoneInfo(digests[0].timezone if digests else "UTC")
    begin = _moment(since, zone, "--from", end=False)
    end = _moment(until, zone, "--to", end=True)
    if begin >= end:
        raise typer.BadParameter(f"{until} is not after --from {since}", param_hint="--to")
    return begin, end


def _moment(written: str, zone: ZoneInfo, option: str, *, end: bool) -> datetime:
    """The time in UTC; for a day, its beginning or, with `end`, the beginning of the next day."""
    try:
        day = date.fromisoformat(written)
    except ValueError:
        try:
            moment = datetime.fromisoformat(written)
        except ValueError:
            problem = f"{written!r} is neither a day (2026-11-21) nor a time (2026-11-21T08:00, 2026-11-21T08:00Z)"
            raise typer.BadParameter(problem, param_hint=option) from None
    else:
        moment = datetime.combine(day + timedelta(days=end), time())
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _make_ready(folder: Path) -> None:
    """Create an empty folder with our mark; remove the files of an earlier run.

    Raises:
        DigestError: the folder contains other files, or cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        mark = folder / _MARK
        found = {path.name for path in folder.iterdir()}
        foreign = found - {_MARK, *_OURS} if mark.is_file() else found
        if foreign:
            named = ", ".join(sorted(foreign)[:3])
            raise DigestError(f"{folder}: is not empty: {named} (name another folder, or a new one)")
        mark.write_text("Written by `digest simulate`, which empties this folder before each run.\n", "utf-8")
        for name in _OURS:
            path = folder / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise DigestError(f"{folder}: cannot be written: {error.strerror}") from error


def _write(path: Path, body: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DigestError(f"{path.parent}: cannot be created: {error.strerror}") from error
    write_file(path, body)


def _lines(done: Simulation) -> Iterator[str]:
    window = f"From {done.since:%Y-%m-%d %H:%M} to {done.until:%Y-%m-%d %H:%M} UTC"
    yield f"{window} this configuration would have announced:"
    if not done.editions:
        yield "  nothing: no digest has a slot in this period"
    for told in done.editions:
        edition = told.edition
        yield ""
        yield f"{edition.key}, made {edition.closes_at:%Y-%m-%d %H:%M} UTC" + (": nothing new" if edition.empty else "")
        for section in Section:
            for one in told.selected:
                if one.section is section:
                    gained = f" (+{one.gained} readers)" if one.gained else ""
                    yield f"  {section.replace('_', ' ')}: {headline(one.entry.content)}{gained}"


def _json(done: Simulation) -> dict[str, object]:
    return {
        "from": done.since,
        "to": done.until,
        "editions": [_told_json(told) for told in done.editions],
        "feeds": list(done.feeds),
    }


def _told_json(told: SimulatedEdition) -> dict[str, object]:
    return {
        "edition": told.edition.key,
        **pick(told.edition, "digest", "slot_at", "opens_at", "closes_at", "empty"),
        "entries": [entry_json(one) for one in told.selected],
        **pick(told, "mails", "feed"),
    }
