"""Drafts selectors for a page: what stands around its dates, and recurs, is an entry."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from digest.dumps.html.blocks import line_of
from digest.dumps.html.tree import Element, classes_of, is_furniture, names

if TYPE_CHECKING:
    from digest.dumps.declared.dates import Grammar

_MOST_ELEMENTS = 50_000  # of a page that are looked at
_MOST_DATES = 400
_LONGEST_DATE = 80  # characters of the text around a date
_LEAST = 2  # entries
_MOST_CHILDREN = 20  # of an element that shows a date
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_PLAIN = re.compile(r"-?[A-Za-z_][A-Za-z0-9_-]*")
_NUMBERED = re.compile(r"\d{2,}|-\d+$")  # classes such as `post-123`, which name one entry
_TEXTS = names(
    "entry-content post-content article-content post-body entry-body entry-summary post-excerpt excerpt summary content"
    " description desc text body intro abstract post-text entry-text markdown-body"
)
_MOST_USUAL = 0.6  # share of the entries in which a part is found


def draft(root: Element, grammar: Grammar) -> dict[str, object] | None:
    """The table `html` of a layout that may read the page; None if nothing on it recurs around dates."""
    dates = list(_dates(root, grammar))
    single = Counter(around for date in dates for around in date.iterancestors())
    entries = {entry: date for date in dates if (entry := _entry(date, single)) is not None}
    groups: dict[str, list[Element]] = {}
    for entry in entries:
        groups.setdefault(_kind(entry), []).append(entry)
    likely = sorted(groups.items(), key=lambda one: -len(one[1]))
    for kind, alike in likely[:3]:
        if len(alike) >= _LEAST and (title := _title(alike)) is not None:
            table: dict[str, object] = {"entry": kind, **title, "date": _date(alike, entries)}
            if text := _text(alike):
                table["text"] = text
            return table
    return None


def _dates(root: Element, grammar: Grammar) -> Iterator[Element]:
    """The innermost elements that show a date and hardly anything else."""
    found = 0
    for number, element in enumerate(root.iter()):
        if number > _MOST_ELEMENTS or found >= _MOST_DATES:
            return
        if is_furniture(element, classes_of(element)):
            continue
        if element.tag != "time":
            own = [element.text or "", *(child.tail or "" for child in element[:_MOST_CHILDREN])]
            text = " ".join("".join(own).split())
            if len(text) < 4 or len(text) > _LONGEST_DATE or not any(map(str.isdigit, text)):  # noqa: PLR2004
                continue
            read = grammar.read(text) or grammar.read(grammar.stretch(text))
            if read is None or not (read.ambiguous or (read.parts and read.parts.month and read.parts.day)):
                continue
        found += 1
        yield element


def _entry(date: Element, dated: Counter[Element]) -> Element | None:
    """The largest element with this date alone, if it holds a link or a heading."""
    found = None
    for around in date.iterancestors():
        if dated[around] > 1 or around.tag in {"html", "body", "document"}:
            break
        found = around
    if found is None:
        return None
    return found if any(line_of(one) for one in found.iter("a", *_HEADINGS)) else None


def _kind(entry: Element) -> str:
    """A selector for elements like this one: by its own class, or its place in one that has a class or is a list."""
    own = selector_of(entry)
    if "." in own or entry.tag == "article":
        return own
    around = entry.getparent()
    while around is not None and around.tag not in {"body", "html", "document"}:
        outer = selector_of(around)
        if "." in outer:
            return f"{outer} > {own}" if around is entry.getparent() else f"{outer} {own}"
        around = around.getparent()
    return own


def selector_of(element: Element) -> str:
    """The tag of an element with its first class that names no single entry."""
    for name in sorted(classes_of(element), key=(element.get("class") or "").find):
        if _PLAIN.fullmatch(name) and not _NUMBERED.search(name):
            return f"{element.tag}.{name}"
    return str(element.tag)


def _title(entries: Sequence[Element]) -> dict[str, object] | None:
    """The parts `title` and, where it is not the link of the title, `link`."""
    for tag in _HEADINGS:
        if all(any(line_of(one) for one in entry.iter(tag)) for entry in entries):
            has_link = all(
                any(
                    one.find(".//a") is not None or next(one.iterancestors("a"), None) is not None
                    for one in entry.iter(tag)
                )
                for entry in entries
            )
            return {"title": tag} if has_link else {"title": tag, "link": "a"}
    usual = Counter(kind for entry in entries for kind in {selector_of(one) for one in entry.iter("a") if line_of(one)})
    named = [kind for kind, times in usual.items() if times >= _MOST_USUAL * len(entries)]
    if not named:
        return None
    longest = max(named, key=lambda kind: (sum(_length(entry, kind) for entry in entries), "." in kind))
    return {"title": longest}


def _length(entry: Element, kind: str) -> int:
    return next((len(line_of(one)) for one in entry.iter("a") if selector_of(one) == kind and line_of(one)), 0)


def _date(entries: Sequence[Element], dates: dict[Element, Element]) -> str:
    shown = [dates[entry] for entry in entries]
    kind = Counter(map(selector_of, shown)).most_common(1)[0][0]
    if all(one.tag == "time" and one.get("datetime") for one in shown):
        return "time@datetime"
    if "." not in kind and kind not in {"time", "h1", "h2", "h3", "h4", "h5", "h6"}:
        around = Counter(selector_of(one.getparent()) for one in shown).most_common(1)[0][0]
        return f"{around} {kind}" if "." in around else kind
    return kind


def _text(entries: Sequence[Element]) -> str:
    """The element with the text that most entries have; empty if there is none."""
    usual = Counter(
        selector_of(one)
        for entry in entries
        for one in {selector_of(part): part for part in entry.iterdescendants() if _says_text(part)}.values()
    )
    named = next((kind for kind, times in usual.most_common() if times >= _MOST_USUAL * len(entries)), "")
    if named:
        return named
    paragraphs = sum(any(line_of(one) for one in entry.iter("p")) for entry in entries)
    return "p" if paragraphs >= _MOST_USUAL * len(entries) else ""


def _says_text(element: Element) -> bool:
    return any(name.lower() in _TEXTS for name in classes_of(element)) and selector_of(element).split(".")[-1] in _TEXTS
