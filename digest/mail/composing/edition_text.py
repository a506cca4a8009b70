"""Renders an edition: subject, HTML and text from templates, once for each language and for all subscribers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from digest.mail.composing import corrections, message, message_template, notes, templates
from digest.mail.composing.entry_views import EntryPresenter, EntryView, Frame, Length, group_of, in_groups, length_of
from digest.model import Body, EntryId, Section, Selected
from digest.templating import language_name, rendered
from digest.typeset import characters, dates, excerpt

LARGEST_HTML = 80_000  # bytes; some mail programs cut off longer ones
LARGEST_PICTURES = 400_000  # bytes of all pictures in a mail
_LONGEST_FIRST = 40  # characters of a title in the subject
_LONGEST_PREHEADER = 140  # characters
_MOST_CORRECTED = {Length.TWO_LINES: 4, Length.CONTENTS: 0}  # corrected entries with their changes; for other lengths:
_MOST_CORRECTED_ELSE = 12
CONTENTS = 5  # the table of contents appears from this number of entries on


@dataclass(frozen=True, slots=True)
class Group:
    """A group of new entries. The title is empty if there is only one group, and for entries without a group."""

    title: str
    entries: list[EntryView]


def edition_body(
    frame: Frame,
    selected: Sequence[Selected],
    before: Mapping[EntryId, Sequence[corrections.Correction]],
    language: str,
) -> Body:
    """The text of an edition in a language, with marks for the personal parts; see `fitted_body`."""
    return fitted_body(frame, selected, before, language)[0]


def fitted_body(
    frame: Frame,
    selected: Sequence[Selected],
    before: Mapping[EntryId, Sequence[corrections.Correction]],
    language: str,
) -> tuple[Body, int]:
    """The text of an edition, and the number of its new entries that it names, counted from the first.

    `before` gives the corrections of each corrected entry since it was announced, oldest first. The more new entries
    there are, the less of each is displayed (see `Length`). If the edition is still too long for a mail, it names fewer
    entries, says how many are left out, and links to all of them.

    Raises:
        ConfigurationError: a template is wrong.
    """
    grouped = _grouped(frame, selected)
    length = length_of(sum(one.section is Section.NEW for one in selected))
    presenter = EntryPresenter(frame, language, length, grouped=grouped)
    views = {section: presenter.present(section, selected, before) for section in Section}
    about = _about(frame, selected, language)
    named_count = len(views[Section.NEW])
    while True:
        values = _values(frame, views, named_count, length, language) | {"grouped": grouped, "about": about}
        page = templates.inline_styles(
            _render(frame, "html.html", values, language), f"mail/{frame.digest.template}/html.html"
        )
        size = max(
            len(page.encode()) / LARGEST_HTML, sum(map(frame.weight, message.pictures_in(page))) / LARGEST_PICTURES
        )
        if size <= 1 or named_count <= 1:
            break
        named_count = max(1, min(named_count - 1, int(named_count / size)))
    made = _render(frame, "text.txt", values, language).strip() + "\n"
    return Body(language, _subject(frame, values, language), page, made), named_count


def _subject(frame: Frame, values: Mapping[str, object], language: str) -> str:
    """A subject that no other edition has: if its days are not enough, it adds the year, then a number."""
    for span in (values["span"], values["day"]):
        made = characters.line(_render(frame, "subject.txt", {**values, "span": span}, language))
        if made not in frame.earlier_subjects:
            return made
    return next(other for number in count(2) if (other := f"{made} ({number})") not in frame.earlier_subjects)


def _render(frame: Frame, name: str, values: Mapping[str, object], language: str) -> str:
    return rendered(language, frame.folder, f"mail/{frame.digest.template}/{name}", values)


def _values(
    frame: Frame, views: Mapping[Section, list[EntryView]], named_count: int, length: Length, language: str
) -> dict[str, object]:
    closes = frame.closes_at.astimezone(frame.zone)
    again = views[Section.AGAIN]
    groups, corrected = _numbered(_groups(frame, views[Section.NEW][:named_count]), views[Section.CORRECTED])
    new = [one for group in groups for one in group.entries]
    first = next(iter(new or corrected or again), None)
    detailed = _MOST_CORRECTED.get(length, _MOST_CORRECTED_ELSE)
    days = {
        year: dates.covered(frame.opens_at, frame.closes_at, frame.zone, language, year=year) for year in (False, True)
    }
    return {
        **templates.common_values(language),
        "digest": frame.digest,
        "title": frame.digest.title,
        "span": days[False],
        "day": days[True],
        "month": closes.month,  # as the two below: for custom templates whose subjects name a week of a month
        "month_name": closes.strftime("%B"),
        "week": (closes.day - 1) // 7 + 1,
        "first": excerpt.cut(first.title, _LONGEST_FIRST) if first else "",
        "preheader": _preheader(new or corrected or again),
        "new": new,
        "groups": groups,
        "length": length.name.lower(),
        "contents": len(new) + len(corrected) >= CONTENTS or bool(new and corrected),
        "count": len(views[Section.NEW]),
        "left_out": len(views[Section.NEW]) - len(new),
        "most_read": views[Section.MOST_READ],
        "equal_gains": _equal(views[Section.MOST_READ]),
        "all_corrected": corrected[:_MOST_CORRECTED_ELSE],
        "corrected": corrected[:detailed],
        "again": again,
        "more_corrected": max(0, len(corrected) - (detailed or _MOST_CORRECTED_ELSE)),
        "edition_url": f"{frame.base_url}/editions/{frame.key}",
        "home_url": f"{frame.base_url}/",
        "subscribe_url": frame.subscribe_url,
        "leave_url": message_template.LEAVE_URL,
        "preferences_url": message_template.PREFERENCES_URL,
        "address": message_template.ADDRESS,
        "agreed": message_template.AGREED,
        "note": frame.note,
        "note_html": notes.note_html(frame.note),
        "contact": frame.contact[0],
        "contact_url": frame.contact[1],
        "postal": characters.line(frame.postal),
    }


def _numbered(groups: Iterator[Group], corrected: Sequence[EntryView]) -> tuple[list[Group], list[EntryView]]:
    """The entries with their numbers and link targets."""
    numbers = count(1)

    def number(one: EntryView) -> EntryView:
        at = next(numbers)
        return replace(one, number=at, anchor=f"e{at}")

    made = [Group(group.title, [number(one) for one in group.entries]) for group in groups]
    return made, [number(one) for one in corrected]


def _equal(most_read: Sequence[EntryView]) -> bool:
    """Whether all entries gained the same. Bars would then show nothing."""
    return len(most_read) > 1 and len({one.gained for one in most_read}) == 1


def _preheader(views: Sequence[EntryView]) -> str:
    """The preview beside the subject in a list of mails: the other titles, or the beginning of the only entry."""
    others = " · ".join(one.title for one in views[1:])
    return excerpt.cut(others or characters.joined("\n".join(one.text for one in views)), _LONGEST_PREHEADER)


def _about(frame: Frame, selected: Sequence[Selected], language: str) -> str:
    """The name of the entries' language, if all share one that differs from the mail's language; else empty."""
    languages = {frame.languages.get(one.entry.sources[0], "").partition("-")[0].lower() for one in selected}
    mine = language.partition("_")[0]
    return language_name(languages.pop(), language) if len(languages) == 1 and mine not in languages else ""


def _grouped(frame: Frame, selected: Sequence[Selected]) -> bool:
    """Whether the new entries fall into more than one group."""
    return len({group_of(frame.groups, one.entry) for one in selected if one.section is Section.NEW}) > 1


def _groups(frame: Frame, entries: Sequence[EntryView]) -> Iterator[Group]:
    """The entries by group, with the groups in their order."""
    return (Group(name, inside) for name, inside in in_groups(frame.groups, entries, lambda one: one.group))
