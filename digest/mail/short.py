"""Renders the subject, text and HTML of a short mail from its templates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from digest.mail.templates import common, inlined
from digest.templating import rendered
from digest.typeset.characters import line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_LONGEST_LINE = 78  # RFC 5322, 2.1.1
_BLOCK = re.compile(r"</?(?:body|div|h1|head|html|li|meta|p|style|table|tbody|td|title|tr|ul)\b", re.IGNORECASE)


def short_mail(name: str, language: str, folder: Path | None, values: Mapping[str, object]) -> tuple[str, str, str]:
    """Subject, text and HTML from the templates `mail/NAME/`.

    Lines of text have at most 72 cells, except for long words.

    Raises:
        ConfigurationError: a template is wrong.
    """
    given = {**common(language), **values}
    subject = line(rendered(language, folder, f"mail/{name}/subject.txt", given))
    text = rendered(language, folder, f"mail/{name}/text.txt", given).strip() + "\n"
    page = rendered(language, folder, f"mail/{name}/html.html", given | {"subject": subject})
    return subject, text, narrow(inlined(page, f"mail/{name}/html.html"))


def narrow(page: str) -> str:
    """The page in lines of at most 78 characters, broken where white space may stand; with `<pre>`, unchanged."""
    if "<pre" in page:
        return page
    return "".join(f"{line}\n" for written in page.splitlines() for line in _narrow(written))


def _narrow(written: str) -> Iterator[str]:
    made = ""
    for space, piece in _pieces(written):
        if made and len(made) + len(space) + len(piece) > _LONGEST_LINE:
            yield made
            made = piece
        else:
            made += space + piece
    yield made


def _pieces(written: str) -> Iterator[tuple[str, str]]:
    """The pieces between which a line may break, each with the white space before it.

    A line may break at a space (unless it is part of a name in a style), after a declaration, and at the inner edges of
    a block.
    """
    space, start, tag, quoted = "", 0, -1, False
    for at, character in enumerate(written):
        if character == "<":
            tag, quoted = at, False
        quoted ^= tag >= 0 and character == "'"
        if character == " " and not quoted:
            yield space, written[start:at]
            space, start = " ", at + 1
        elif (character == ";" and tag >= 0 and not quoted) or (
            character == ">" and _BLOCK.match(written, tag if tag >= 0 else at)
        ):
            yield space, written[start : at + 1]
            space, start = "", at + 1
        if character == ">":
            tag = -1
    yield space, written[start:]
