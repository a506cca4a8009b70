"""`digest status`: current problems and the state of sources, editions and mail, for people or as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, clock, print_json, store_to_read
from digest.cli.terminal import in_red, local_and_relative, relative_time, table, terminal_width, wrapped_lines
from digest.fetching.addresses import shown
from digest.records.intake import DumpState

if TYPE_CHECKING:
    from datetime import datetime

    from digest.records.intake import FetchState
    from digest.service.operating.health import Trouble
    from digest.service.operating.status import SourceStatus, Status

_INDENT = "    "
_NAMED = 10  # changed settings
_MANY = 30  # sources or troubles; of more, only a part is listed


def register(app: typer.Typer) -> None:
    app.command("status")(status)


def status(
    *,
    every: Annotated[bool, typer.Option("--all", help="List every source, however many there are.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show problems, sources, held dumps, editions and deliveries, in local time."""
    from digest.service.operating.status import status as state_of

    now = clock()
    with store_to_read(config) as (settings, store):
        state = state_of(store, settings, now)
    if as_json:
        from digest.operations.operating import status_view

        print_json(status_view(state).model_dump())
        return
    page = _Page(state, now, terminal_width(), every)
    page.print()


@dataclass(frozen=True)
class _Page:
    """The status for people, in lines of at most `width` cells."""

    state: Status
    now: datetime
    width: int
    every: bool

    def print(self) -> None:
        self._troubles()
        self._sources()
        self._dumps()
        self._digests()
        self._mail()
        self._rest()

    def _say(self, text: str, *, alarm: bool = False) -> None:
        for line in wrapped_lines(text, self.width, _INDENT):
            typer.echo(in_red(line) if alarm else line)

    def _troubles(self) -> None:
        """Print problems first, so that nobody overlooks them."""
        if not self.state.troubles:
            typer.echo("All is well.\n")
            return
        shown = self.state.troubles if self.every else self.state.troubles[:_MANY]
        for trouble in shown:
            self._say(self._told(trouble), alarm=True)
        if left := len(self.state.troubles) - len(shown):
            self._say(f"and {left:,} more troubles (`digest status --all` lists all)", alarm=True)
        typer.echo()

    def _told(self, trouble: Trouble) -> str:
        mark = "FENCED" if self.state.fenced and trouble.subject == "sending" else "trouble"
        told = f"{mark}: {trouble.subject}: {trouble.problem}"
        known = local_and_relative(trouble.since, self.now)
        return told if trouble.since == self.now else f"{told} (since {known})"

    @cached_property
    def _listed(self) -> list[SourceStatus]:
        """The sources to list: all, or of very many those in trouble, and of these the first."""
        sources = list(self.state.sources)
        if self.every or len(sources) <= _MANY:
            return sources
        return [one for one in sources if one.problem or one.troubled or not one.refreshed_at][:_MANY]

    def _totals(self) -> None:
        """Print sums over the sources in place of those that are not listed."""
        sources = self.state.sources
        fetches = [state for one in sources for _, state in one.fetches]
        failing = sum(bool(one.problem or one.troubled) for one in sources)
        facts = [
            f"{len(sources):,} sources",
            f"{sum(one.refreshed_at is None for one in sources):,} never read",
            f"{failing:,} with problems",
        ]
        if fetches:
            facts.append(f"{sum(state.failures > 0 for state in fetches):,} of {len(fetches):,} fetches failing")
        self._say(", ".join(facts) + (" (`digest status --all` lists all)" if len(self._listed) < len(sources) else ""))

    def _sources(self) -> None:
        if len(self.state.sources) > _MANY:
            self._totals()
        heads = ("source", "title", "entries", "dumps", "read", "next", "changed")
        rows = [
            (
                source.id,
                source.title,
                f"{source.entries:,}",
                f"{source.dumps:,}",
                relative_time(source.refreshed_at, self.now) if source.refreshed_at else "never",
                "paused" if source.paused else self._next(source.next_at),
                relative_time(source.changed_at, self.now) if source.changed_at else "never",
            )
            for source in self._listed
        ]
        left = self.width - 80
        if not rows:
            return
        for line in table(heads, rows, (12 + left // 2, 10 + left - left // 2, 9, 6, 10, 11, 10), numbers=heads[2:4]):
            typer.echo(line)

    def _next(self, at: datetime | None) -> str:
        return "now" if at is None or at <= self.now else relative_time(at, self.now)

    def _dumps(self) -> None:
        for source in self._listed:
            for page, state in source.fetches:
                self._fetch(f"{source.id}/{page}", state)
            for dump in source.troubled:
                self._say(f"{dump.state}: {source.id}/{dump.path}: {dump.reason}", alarm=True)
            for dump in source.noted:
                for note in dump.warnings:
                    self._say(f"note: {source.id}/{dump.path}: {note}")
        if any(dump.state is DumpState.HELD for source in self.state.sources for dump in source.troubled):
            self._say("`digest source show ID` shows what approving would do.")
            self._say("Then run `digest source approve ID` or `digest source discard ID`.")

    def _fetch(self, page: str, state: FetchState) -> None:
        if state.failures:
            good = local_and_relative(state.confirmed_at, self.now) if state.confirmed_at else "never"
            again = relative_time(state.next_try_at, self.now) if state.next_try_at > self.now else "at the next turn"
            self._say(f"fetch: {page}: {state.problem}; last good fetch {good}; tried again {again}", alarm=True)
        elif state.moved_to:
            self._say(f"note: {page}: moved permanently to {shown(state.moved_to)}; give the source that address")

    def _digests(self) -> None:
        typer.echo()
        for digest in self.state.digests:
            self._say(f"digest {digest.id}: {digest.title}")
            newest = f", the newest {digest.newest}" if digest.newest else ""
            people = "1 subscriber" if digest.subscribers == 1 else f"{digest.subscribers:,} subscribers"
            due = local_and_relative(digest.next_at, self.now)
            self._say(f"{_INDENT}next {due}; {digest.editions:,} made{newest}; {people}")
        typer.echo()

    def _mail(self) -> None:
        state = self.state
        counts = ", ".join(f"{count:,} {name}" for name, count in state.deliveries.items() if count)
        self._say(f"deliveries: {counts or 'none'}")
        if state.dead:
            self._say(f"dead letters: {state.dead}; `digest deliveries list` lists them")
        back = ", ".join(f"{count} {kind}" for kind, count in state.bounces.items())
        if back:
            self._say(f"bounces and complaints: {back}")
        for words in state.refusals:
            self._say(f"refused, perhaps because of a fault on our side: {words}")
        if state.suppressed:
            self._say(f"suppressed: {state.suppressed}; `digest subscribers list` lists them")
        ignored = ", ".join(f"{count} {reason}" for reason, count in state.ignored.items())
        if ignored:
            self._say(f"incoming bounces and complaints ignored: {ignored}")
        self._rests()

    def _rests(self) -> None:
        """Print what is slowed or paused, and until when; the reason is among the problems above."""
        for slowed in self.state.slowed:
            mail, who = (f"mail to {slowed.domain}", "its server") if slowed.domain else ("all mail", "the relay")
            since = f"as {who} has asked since {local_and_relative(slowed.since, self.now)}"
            self._say(f"{mail} is limited to {slowed.per_minute:.0f} per minute, {since}")
        for resting in self.state.resting:
            self._say(f"mail to {resting.domain} is paused until {local_and_relative(resting.until, self.now)}")
        if self.state.held:
            self._say("sending is paused until you decide on the suppressions above")
        if self.state.paused:
            self._say(f"sending is paused until {local_and_relative(self.state.paused[1], self.now)}")

    def _rest(self) -> None:
        state = self.state
        backup = local_and_relative(state.backed_up_at, self.now) if state.backed_up_at else "never"
        self._say(f"last backup: {backup}")
        if state.changed:
            shown = ", ".join(state.changed[:_NAMED]) + (", …" if len(state.changed) > _NAMED else "")
            self._say(f"changed settings: {shown}; `digest settings list --changed` says from what")
        if state.undrawn:
            self._say(f"formulas that could not be drawn and are shown as TeX: {state.undrawn}")
        for report in state.reports:
            self._say(f"ambiguous: {report.source}/{report.path}: {report.title}: {report.outcome}")
