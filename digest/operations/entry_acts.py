"""Changes to entries by hand: edit, merge, split, hide, publish, undo, remove and restore; most may be tried first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import Field

from digest.model import EntryId
from digest.operations.core import AskedError, Context, Operation, Request, Triable, View
from digest.operations.entries import EntryName
from digest.operations.forms import ChangeView, change_view, date_view
from digest.records.operating import Scope
from digest.records.publishing import EntryState
from digest.service.publishing import feeds
from digest.service.publishing.by_hand import acts, editing, merging, undoing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from digest.service.publishing.by_hand.acts import Outcome
    from digest.service.publishing.by_hand.editing import Words
    from digest.store.transaction import Transaction

Asked = TypeVar("Asked", bound=Request)
Given = TypeVar("Given", bound=View)
FIELDS = ("title", "author", "date")
Field_ = Literal["title", "author", "date"]
_ID = Field(min_length=1, max_length=200, description="The id of the entry.")


class Edit(Triable):
    """What to correct; what is absent stays. The correction applies until the pages themselves say something new."""

    entry: str = _ID
    title: str | None = Field(None, max_length=2000, description="The new title.")
    author: str | None = Field(None, max_length=2000, description="The new author.")
    date: str | None = Field(None, max_length=40, description="The new date: 2021-03-04, 2021-03, 2021, or 03-04.")
    clear: list[Literal["author", "date"]] = Field([], max_length=2, description="What is unknown.")
    lift: list[Field_] = Field([], max_length=3, description="For these, use again what the pages say.")
    silent: bool = Field(default=False, description="Do not announce the change to subscribers who got the entry.")


class Merge(Triable):
    """Two entries of one article."""

    entry: str = Field(min_length=1, max_length=200, description="The entry whose id, address and feed id stay.")
    other: str = Field(min_length=1, max_length=200, description="The other entry of the same article.")
    words: Literal["keep", "other"] | None = Field(
        None, description="Whose title, text and date to use: by default those of the entry that dumps show."
    )


class Split(Triable):
    """Where the other article begins: by default with the newest revision that brought another title, text or day."""

    entry: str = _ID
    revision: int | None = Field(None, ge=1, le=10**9, description="The first revision of the other article.")
    dump: str | None = Field(None, max_length=2000, description="The dump that shows it, as SOURCE/PATH.")
    silent: bool = Field(default=False, description="Announce nothing, neither a new entry nor a correction.")


class Several(Triable):
    """Some entries."""

    entries: list[str] = Field(min_length=1, max_length=1000, description="Their ids.")


class One(Triable):
    """One entry."""

    entry: str = _ID


class RemovedView(View):
    """A removed entry. The mails of `editions` that are not sent yet say in its place that it was taken back."""

    id: str
    state: EntryState
    editions: list[str]


class RestoredView(View):
    """An entry that is published again."""

    id: str
    state: EntryState


def edit(context: Context, asked: Edit) -> ChangeView:
    """Correct the title, author or date of an entry."""
    now, words = context.now(), _words(context, asked)
    return _made(
        context,
        asked,
        lambda tx: editing.edit(tx, context.settings, asked.entry, words, now, silent=asked.silent),
    )


def _words(context: Context, asked: Edit) -> Words:
    given: list[str] = [name for name in FIELDS if getattr(asked, name) is not None]
    cleared: set[str] = {*asked.clear}
    if both := next((name for name in given if name in cleared), None):
        raise AskedError("clear", f"the {both} is both given and cleared", remedy="choose one")
    named: set[str] = {*given, *asked.clear}
    if not named and not asked.lift:
        raise AskedError("title", "nothing to change", remedy="give a title, an author, a date, or what to lift")
    if both := next((name for name in FIELDS if name in named and name in asked.lift), None):
        raise AskedError("lift", f"the {both} is both given and lifted", remedy="choose one")
    return editing.Words(
        editing.read_line(asked.title, "title") if asked.title is not None else None,
        _cleared(asked, "author", lambda text: editing.read_line(text, "author")),
        _cleared(asked, "date", lambda text: editing.read_day(text, context.now())),
        tuple(asked.lift),
    )


def _cleared(asked: Edit, name: str, read: Callable[[str], Any]) -> tuple[Any] | None:
    """The new value of a field, which is None if it is cleared; None in place of the tuple if it stays."""
    if name in asked.clear:
        return (None,)
    text = getattr(asked, name)
    return None if text is None else (read(text),)


def merge(context: Context, asked: Merge) -> ChangeView:
    """Merge two entries that are one article. What was announced of either counts for both; old links redirect."""
    now = context.now()
    return _made(
        context,
        asked,
        lambda tx: merging.merge(tx, context.settings, asked.entry, asked.other, now, words=asked.words),
    )


def split(context: Context, asked: Split) -> ChangeView:
    """Split an entry that is two articles. The other article gets its own entry, announced as new once."""
    if asked.revision is not None and asked.dump is not None:
        raise AskedError("dump", "a revision is named too", remedy="name a revision or a dump")
    now = context.now()
    return _made(
        context,
        asked,
        lambda tx: merging.split(
            tx,
            context.settings,
            asked.entry,
            now,
            revision=asked.revision,
            dump=asked.dump,
            silent=asked.silent,
        ),
    )


def hide(context: Context, asked: Several) -> ChangeView:
    """Hide entries from feeds, pages, search and editions, without announcing it."""
    now = context.now()
    return _made(context, asked, lambda tx: undoing.hide(tx, asked.entries, now))


def publish(context: Context, asked: Several) -> ChangeView:
    """Publish hidden entries. Entries that were never announced are announced as new once."""
    now = context.now()
    return _made(context, asked, lambda tx: undoing.publish(tx, context.settings, asked.entries, now))


def undo(context: Context, asked: One) -> ChangeView:
    """Undo the last change by hand to an entry; once more undoes the change before that."""
    now = context.now()
    return _made(context, asked, lambda tx: undoing.undo(tx, context.settings, asked.entry, now))


def _made(context: Context, asked: Triable, work: Callable[[Transaction], Outcome]) -> ChangeView:
    return change_view(acts.perform(context.store, context.settings, work, dry_run=asked.dry_run))


def remove(context: Context, asked: EntryName) -> RemovedView:
    """Remove an entry from feeds, pages and mails that are not sent yet; its page says so."""
    from digest.service.editions.variants import take_back  # noqa: PLC0415 - other changes do without texts of mails

    editions = take_back(context.store, context.settings, asked.entry, context.now())
    return RemovedView(id=asked.entry, state=EntryState.REMOVED, editions=[*editions])


def restore(context: Context, asked: EntryName) -> RestoredView:
    """Publish a removed entry again."""
    feeds.restore(context.store, context.settings, asked.entry, context.now())
    return RestoredView(id=asked.entry, state=EntryState.PUBLISHED)


def _state_of(context: Context, entries: list[str]) -> dict[str, Any]:
    with context.store.read() as tx:
        known = [found for name in entries if (found := tx.by_hand.entry(EntryId(name)))]
    made = [
        {
            "state": str(one.state),
            "title": one.entry.content.title,
            "author": one.entry.content.author,
            "date": (date := date_view(one.entry.date)) and date.model_dump(),
            "revision": one.entry.revision,
            "merged_into": one.merged_into,
        }
        for one in known
    ]
    return made[0] if len(entries) == 1 and made else dict(zip([one.entry.id for one in known], made, strict=True))


def _of_one(context: Context, asked: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any request that names an entry
    return _state_of(context, [asked.entry])


def _of_two(context: Context, asked: Merge) -> Mapping[str, Any]:
    return _state_of(context, [asked.entry, asked.other])


def _of_several(context: Context, asked: Several) -> Mapping[str, Any]:
    return _state_of(context, asked.entries)


def _act(
    name: str,
    takes: type[Asked],
    gives: type[Given],
    run: Callable[[Context, Asked], Given],
    state: Callable[[Context, Asked], Mapping[str, Any]],
    *,
    several: bool = False,
) -> Operation[Asked, Given]:
    """An operation on one entry, or on several."""
    path = f"/entries/{name}" if several else f"/entries/{{entry}}/{name}"
    target: Callable[[Any], str] | None = (lambda asked: ", ".join(asked.entries[:10])) if several else None
    return Operation(
        f"entries.{name}",
        "POST",
        path,
        Scope.OPERATE,
        takes,
        gives,
        run,
        f"entries {name}",
        target=target,
        state=state,
    )


EDIT = _act("edit", Edit, ChangeView, edit, _of_one)
MERGE = _act("merge", Merge, ChangeView, merge, _of_two)
SPLIT = _act("split", Split, ChangeView, split, _of_one)
HIDE = _act("hide", Several, ChangeView, hide, _of_several, several=True)
PUBLISH = _act("publish", Several, ChangeView, publish, _of_several, several=True)
UNDO = _act("undo", One, ChangeView, undo, _of_one)
REMOVE = _act("remove", EntryName, RemovedView, remove, _of_one)
RESTORE = _act("restore", EntryName, RestoredView, restore, _of_one)
OPERATIONS = (EDIT, MERGE, SPLIT, HIDE, PUBLISH, UNDO, REMOVE, RESTORE)
