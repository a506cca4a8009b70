"""Compares a sighting with the known content of its entry, and decides which revision follows, if any.

Only what a page itself started or stopped to show counts as a change. What it shows for the first time may be an old
copy, so a text or title that the entry had before is not a change there. Decision 19.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from digest.changes.edits import edited, is_cut_elsewhere, shows_retracted
from digest.changes.identifiers import id_of
from digest.changes.keys import entry_key, title_key
from digest.changes.prepared import Prepared
from digest.changes.text import Relation, equal, folded_title, is_longer, looks_same, merged, relation, same_text
from digest.changes.values import Cause, Known, Placing
from digest.model import NO_EXTRAS, Content, EntryDate, EntryId, Extras, Fingerprint, Layout, realigned

_ALTERNATING = "alternating:"  # prefix of the view of a sighting whose text was not accepted


@dataclass(slots=True)
class State:
    """An entry while the sightings of a dump are applied to it."""

    entry: EntryId
    content: Content
    date: EntryDate | None
    first_position: int | None = None  # only for a new entry
    longest: Prepared | None = None  # the sighting with the longest plain text, only for a new entry
    known: Known | None = None
    cause: Cause | None = None
    dated: bool = False

    def revise(self, content: Content, cause: Cause) -> None:
        """Accept a content, and keep the most significant cause."""
        self.content = content
        if self.cause is None or (cause.significant and not self.cause.significant):
            self.cause = cause


def compare(
    state: State,
    one: Prepared,
    own: Sequence[Placing],
    titles: AbstractSet[str] = frozenset(),
    alike: Sequence[Placing] = (),
) -> bool:
    """Apply a sighting that this dump did not show before to the entry's content.

    Return whether two texts alternate.

    `own` is how the dump showed the entry before, and `titles` are the titles on the page. `alike` is how
    other dumps with the same rendering showed it. If two texts alternate, nothing changes, and the caller must report
    it.
    """
    if state.first_position == one.sighting.position:
        return False
    if own and _has_swallowed(state.content, one.content, own, titles):
        state.revise(_text_of(state.content, one.content), Cause.CRAWLER)
        return False
    if any(placing.view == alternating(one.view) for placing in own):
        settled = replace(state.content, title=one.content.title or state.content.title)
        state.revise(_text_of(settled, one.content), Cause.SETTLED)
        return False
    before, cause = state.content, state.cause
    if state.known and not own and _is_rendered_otherwise(state.known, one):
        _compare_with_alike(state, state.known, one.content, alike)
    else:
        _compare_title(state, one.content, own)
        if one.sighting.layout == Layout.FEED and not one.content.complete:
            _compare_summary(state, one.content, own)
        _compare_text(state, one.content, own)
    significant = state.cause is not None and state.cause.significant and state.content is not before
    if significant and own and state.known and _alternates(state.known, state.content):
        state.content, state.cause = before, cause
        return True
    shown = one.content
    if shown.extras != state.content.extras or state.content.extras.kinds:
        _compare_details(state, shown, own, before)
    if shown.author and shown.author != state.content.author and (own or state.content.author is None):
        state.revise(replace(state.content, author=shown.author), Cause.AUTHOR)
    return any(placing.view.startswith(_ALTERNATING) for placing in own)


def alternating(view: Fingerprint) -> Fingerprint:
    """The view of a sighting whose text alternates with another one."""
    return Fingerprint(_ALTERNATING + view)


def _compare_title(state: State, shown: Content, own: Sequence[Placing]) -> None:
    """Accept a title if this dump newly shows it.

    A title that the entry had before counts only if this dump showed another one.
    """
    title = state.content.title
    if not shown.title:
        return
    if not title:  # a title that became known is no correction
        state.revise(replace(state.content, title=shown.title), Cause.COMPLETED if own else Cause.MERGED)
        return
    if shown.title == title or any(placing.title == shown.title for placing in own):
        return
    if folded_title(shown.title) == folded_title(title):
        if own:
            state.revise(replace(state.content, title=shown.title), Cause.SPACING)
        return
    if any(folded_title(placing.title) == folded_title(shown.title) for placing in own):
        return
    aliases = state.known.titles if state.known else frozenset([entry_key(state.content)])
    if own or title_key(shown.title) not in aliases:
        cause = Cause.TITLE if state.first_position is None else Cause.MERGED
        state.revise(replace(state.content, title=shown.title), cause)


def _is_rendered_otherwise(known: Known, one: Prepared) -> bool:
    """Whether a feed or HTML first shows what texts showed, or the reverse. Each renders a text in its way."""
    if bool(one.content.extras.kinds) is not bool(known.content.extras.kinds):
        return True
    uid = one.sighting.extras.uid
    if not uid:
        return known.is_of_feed
    return not any(name == id_of(uid) for _, name in known.uids)


def _compare_with_alike(state: State, known: Known, shown: Content, alike: Sequence[Placing]) -> None:
    """Accept what differs from each dump with the same rendering, if there is one; else only more of the text."""
    texts = [text for text in (_before([one], known) for one in alike) if text is not None and text.complete]
    aliases = known.titles | {title_key(one.title) for one in alike if one.title}
    if alike and shown.title and title_key(shown.title) not in aliases and state.content.title:
        state.revise(replace(state.content, title=shown.title), Cause.TITLE)
    edits = [text for text in texts if relation(text, shown) is Relation.OTHER]
    old = any(relation(one.content, shown) in (Relation.SAME, Relation.LESS) for one in known.earlier)
    if shown.complete and edits and len(edits) == len(texts) and not old:
        made = edited(state.content, edits[0], shown)
        if made is not state.content and not same_text(made, state.content):
            state.revise(made, Cause.TEXT)
        return
    _add_to(state, shown)


def _add_to(state: State, shown: Content) -> None:
    """Accept more of a text silently, even if it is rendered otherwise; the longer text stays. Decision 294."""
    content = state.content
    if not content.title and shown.title:
        state.revise(replace(state.content, title=shown.title), Cause.MERGED)
    if (content.complete and not shown.complete) or (state.known and _is_old(state.known, shown)):
        return
    if shown.complete == content.complete and relation(content, shown) is Relation.OTHER:
        if is_longer(shown, content):
            state.revise(_text_of(state.content, shown), Cause.MERGED)
        return
    _compare_with_others(state, shown, ())


def _compare_summary(state: State, shown: Content, own: Sequence[Placing]) -> None:
    """Accept another summary silently where nothing but the former one is known of the text."""
    before = _before(own, state.known) if own else None
    if before is not None and not state.content.complete and same_text(before, state.content):
        made = _text_of(state.content, shown)
        if made != state.content:
            state.revise(made, Cause.COMPLETED)


def _compare_details(state: State, page: Content, own: Sequence[Placing], standing: Content) -> None:
    """Accept what this page changed in tags, link and fields; what it shows for the first time only adds to them.

    The kinds of paragraphs follow the paragraphs; `standing` is the content before the page was compared with it.
    Decision 286.
    """
    known, shown = state.content.extras, page.extras
    before = own[0].extras.lasting if own else NO_EXTRAS
    tags = [tag for tag in known.tags if tag in shown.tags or tag not in before.tags]
    tags += [tag for tag in shown.tags if tag not in before.tags and tag not in tags]
    moved = shown.link != before.link and (bool(own) or known.link is None)
    fields = {
        name: text for name, text in known.fields if name in dict(shown.fields) or (name, text) not in before.fields
    }
    for name, text in shown.fields:
        if (name, text) not in before.fields and (own or name not in fields):
            fields[name] = text
    link = shown.link if moved else known.link
    kinds = realigned(state.content.paragraphs, page, standing)
    links = shown.links or known.links
    made = Extras(tags=tuple(tags), link=link, fields=tuple(fields.items()), kinds=kinds, links=links).lasting
    if made != known:
        state.revise(replace(state.content, extras=made), Cause.DETAILS)


def _compare_text(state: State, shown: Content, own: Sequence[Placing]) -> None:
    """Accept what this page changed since its last full reading as a revision; more text elsewhere is silent."""
    content = state.content
    if content.complete and shown.complete and own and all(placing.complete for placing in own):
        before = _before(own, state.known)
        if before is not None:
            _compare_with_itself(state, before, shown)
            return
    if not own and state.known and _is_old(state.known, shown):
        return
    _compare_with_others(state, shown, own)


def _compare_with_itself(state: State, before: Content, shown: Content) -> None:
    content = state.content
    if same_text(before, shown) or is_cut_elsewhere(before, shown):
        if same_text(content, shown) and shown.paragraphs != content.paragraphs and not _is_flat(shown, content):
            state.revise(_text_of(content, shown), Cause.SPACING)
        return
    made = edited(content, before, shown)
    if made is content and state.known and state.known.has_renderings:
        return  # another page, which renders the text otherwise, brought the edit already
    if relation(made, shown) in (Relation.MORE, Relation.MORE_AT_END):  # it shows all of that and more
        made = _text_of(content, shown)
    if made is not content and not same_text(made, content):
        state.revise(made, Cause.SPACING if looks_same(made, content) else Cause.TEXT)


def _compare_with_others(state: State, shown: Content, own: Sequence[Placing]) -> None:
    """Accept more of the same text silently and another text as a revision. A half-written text waits."""
    content = state.content
    if content.complete and not shown.complete:
        return
    found = relation(content, shown)
    if found is Relation.SAME and equal(content, shown) and content.complete == shown.complete:
        return
    if found is Relation.OTHER and not shown.complete:
        return
    if shown.complete and not content.complete:
        _complete(state, found, shown, own)
        return
    growing = not content.complete or any(not placing.complete for placing in own)
    if found in (Relation.SAME, Relation.LESS):
        differs = found is Relation.SAME and shown.paragraphs != content.paragraphs
        better = (own and not _is_flat(shown, content)) or _is_flat(content, shown)
        fuller = shown if differs and better else content
        cause = Cause.SPACING if fuller is shown else Cause.MERGED
    elif found is Relation.OTHER:
        fuller, cause = shown, Cause.COMPLETED if growing else Cause.TEXT
        if looks_same(content, shown):
            cause = Cause.SPACING
    else:
        inserted = found is Relation.MORE and own and not growing
        fuller, cause = shown, Cause.TEXT if inserted else Cause.COMPLETED if own else Cause.MERGED
    if state.first_position is not None and cause.significant:
        cause = Cause.MERGED
    made = replace(shown if found is Relation.OTHER else merged(content, shown, fuller=fuller), title=content.title)
    made = replace(made, author=content.author, extras=content.extras)
    if made != content:
        state.revise(made, cause)


def _is_flat(one: Content, other: Content) -> bool:
    """Whether only the other of two contents was cut from HTML, so that it alone has indentation and markers."""
    return not one.extras.kinds and bool(other.extras.kinds)


def _complete(state: State, found: Relation, shown: Content, own: Sequence[Placing]) -> None:
    """Apply a complete reading of an entry of which only half was read before.

    The half-written text may have ended with the title of the next entry, so the complete one is right. If it shows
    less of the same text, it removes that end.
    """
    content = state.content
    if found is Relation.LESS and not own and len(content.paragraphs) > 1:
        kept = content.paragraphs[:-1]
        less = replace(content, paragraphs=kept, figures=tuple(f for f in content.figures if f in kept), complete=True)
        fuller = less if relation(less, shown) in (Relation.LESS, Relation.SAME) else shown
        made = merged(less, shown, fuller=fuller)
    else:
        made = shown if found is Relation.OTHER else merged(content, shown, fuller=shown)
    cause = Cause.COMPLETED if own and found is not Relation.SAME else Cause.MERGED
    made = replace(made, title=content.title, author=content.author, extras=content.extras)
    state.revise(replace(made, complete=True), cause)


def _has_swallowed(content: Content, shown: Content, own: Sequence[Placing], titles: AbstractSet[str]) -> bool:
    """Whether an older version of the rules took another article of the page for the continuation of this one.

    This is so if the text of that reading was not stored, the page now shows less of the same text, and the missing
    part contains the title of another article.
    """
    if any(placing.keeps_text for placing in own) or relation(content, shown) is not Relation.LESS:
        return False
    return any(line in titles for line in content.paragraphs if line not in shown.paragraphs)


def _text_of(content: Content, shown: Content) -> Content:
    """The content with the displayed text. Its figures stay if the layout shows none."""
    made = merged(content, shown, fuller=shown)
    return replace(made, title=content.title, author=content.author, extras=content.extras)


def _before(own: Sequence[Placing], known: Known | None) -> Content | None:
    """What this dump showed of the entry at its last reading; None if that was not stored."""
    placing = own[0]
    if placing.body is not None:
        return Content(placing.title, None, placing.body.paragraphs, placing.body.figures, placing.complete)
    if placing.revision is None or known is None:
        return None
    return known.text(placing.revision)


def _is_old(known: Known, shown: Content) -> bool:
    """Whether a dump that shows the entry for the first time shows a text that the entry had before."""
    if not known.earlier or same_text(known.content, shown):
        return False
    contents = [one.content for one in known.earlier if not same_text(one.content, known.content)]
    if any(same_text(content, shown) for content in contents):
        return True
    if relation(known.content, shown) is Relation.OTHER:
        return any(relation(content, shown) is not Relation.OTHER for content in contents)
    return shows_retracted(shown, known.content, contents)


def _alternates(known: Known, now: Content) -> bool:
    """Whether the entry would return to an earlier title and text, and has already returned to one before."""
    announced = [one.content for one in known.earlier if one.told or one.number == 1]
    states: list[Content] = []
    for content in [*announced, known.content]:
        if not states or not _same(states[-1], content):
            states.append(content)
    returns = sum(any(_same(state, old) for old in states[:at]) for at, state in enumerate(states))
    return returns > 0 and any(_same(now, old) for old in states)


def _same(one: Content, other: Content) -> bool:
    return folded_title(one.title) == folded_title(other.title) and same_text(one, other)
