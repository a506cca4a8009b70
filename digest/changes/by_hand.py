"""What an operator said of an entry beside what its pages say: which of both is published. Pure.

A page is compared with what it and the others printed, as if no operator had said anything. So it neither undoes an
edit by showing what it showed before, nor is taken for another article. Where it comes to say something else, it wins.
Decisions 57 and 58.
"""

from dataclasses import replace

from digest.changes.dates import better, redates
from digest.changes.values import Printed
from digest.model import NO_EXTRAS, Content, EntryDate, realigned

NOTHING = Printed()


def as_printed(content: Content, date: EntryDate | None, printed: Printed) -> tuple[Content, EntryDate | None]:
    """Content and date as the pages say them."""
    if printed.title is not None:
        content = replace(content, title=printed.title)
    if printed.author is not None:
        content = replace(content, author=printed.author[0])
    return content, printed.date[0] if printed.date is not None else date


def as_published(
    standing: tuple[Content, EntryDate | None], printed: Printed, now: tuple[Content, EntryDate | None]
) -> tuple[Content, EntryDate | None, Printed]:
    """What is published when the pages come to say `now`, and what of it an operator's word still covers.

    `standing` is what was published, `printed` what the pages said until now. A word ends where the pages say
    something else than they did; more of the same, as a year that becomes known, does not end it.
    """
    from digest.changes.text import folded_title  # noqa: PLC0415 - a start does not pay for rapidfuzz

    (content, date), (shown, said) = standing, now
    published = shown
    if printed.title is not None:
        holds = folded_title(shown.title) == folded_title(printed.title)
        published = replace(published, title=content.title) if holds else published
        printed = replace(printed, title=shown.title if holds else None)
    if printed.author is not None:
        holds = shown.author == printed.author[0]
        published = replace(published, author=content.author) if holds else published
        printed = printed if holds else replace(printed, author=None)
    if printed.date is None:
        return published, said, printed
    if redates(printed.date[0], said):
        return published, said, replace(printed, date=None)
    return published, date, replace(printed, date=(said,))


def followed(
    into: tuple[Content, EntryDate | None],
    before: tuple[Content, EntryDate | None],
    after: tuple[Content, EntryDate | None],
) -> tuple[Content, EntryDate | None]:
    """An entry with what the pages of another one, merged into it, changed: all of them as the pages say them.

    What both said alike is said alike again. Of another text, the lines are changed that changed there.
    """
    from digest.changes.edits import edited  # noqa: PLC0415 - as above
    from digest.changes.text import folded_title, same_text  # noqa: PLC0415 - as above

    content, date = into
    old, new = before[0], after[0]
    if new.title != old.title and folded_title(content.title) == folded_title(old.title):
        content = replace(content, title=new.title)
    if new.author != old.author and content.author in (old.author, None):
        content = replace(content, author=new.author)
    if new.extras != old.extras and content.extras in (old.extras, NO_EXTRAS):
        content = replace(content, extras=new.extras)
    if not same_text(old, new):
        same = same_text(content, old)
        text = new if same else edited(content, old, new)
        kinds = realigned(text.paragraphs, new, content)
        extras = replace(content.extras, kinds=kinds) if kinds != content.extras.kinds else content.extras
        content = replace(content, paragraphs=text.paragraphs, figures=text.figures, extras=extras)
        content = replace(content, complete=new.complete if same else content.complete)
    if after[1] != before[1] and (date == before[1] or (better(date, after[1]) and not redates(date, after[1]))):
        date = after[1]
    return content, date
