"""Renders mail templates: the values that all share, inlined styles, short mails, and the mark of test mails.

Decision 159.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from css_inline import CSSInliner, InlineError

from digest.errors import ConfigurationError
from digest.model import Body
from digest.templating import Folders, language_tag, rendered
from digest.typeset.characters import line
from digest.typeset.text import wrapped

WIDTH = 72  # cells in a line of text
_INLINER = CSSInliner(load_remote_stylesheets=False, minify_css=True)
_KEPT = re.compile(r' data-css-inline="[a-z]+"')
_LONGEST_LINE = 78  # RFC 5322, 2.1.1
_BLOCK = re.compile(r"</?(?:body|div|h1|head|html|li|meta|p|style|table|tbody|td|title|tr|ul)\b", re.IGNORECASE)
_BODY = re.compile(r"<body[^>]*>", re.IGNORECASE)


def common_values(language: str) -> Mapping[str, object]:
    """The values that every mail template receives."""
    return {
        "language": language_tag(language),
        "wrapped": lambda words, indent="": "\n".join(wrapped(words, WIDTH, indent=indent)),
    }


def inline_styles(page: str, template: str) -> str:
    """The page with the styles written on its elements, because mail programs drop style sheets.

    A style sheet with `data-css-inline="keep"` stays, for programs that support it.

    Raises:
        ConfigurationError: a style sheet of the template is wrong.
    """
    try:
        return _KEPT.sub("", _INLINER.inline(page))
    except InlineError as error:
        raise ConfigurationError(f"its styles cannot be read: {error}", place=template) from error


def render_short_mail(name: str, language: str, folder: Folders, values: Mapping[str, object]) -> tuple[str, str, str]:
    """Subject, text and HTML from the templates `mail/NAME/`.

    Lines of text have at most 72 cells, except for long words.

    Raises:
        ConfigurationError: a template is wrong.
    """
    given = {**common_values(language), **values}
    subject = line(rendered(language, folder, f"mail/{name}/subject.txt", given))
    text = rendered(language, folder, f"mail/{name}/text.txt", given).strip() + "\n"
    page = rendered(language, folder, f"mail/{name}/html.html", given | {"subject": subject})
    return subject, text, break_lines(inline_styles(page, f"mail/{name}/html.html"))


def break_lines(page: str) -> str:
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


def mark_as_test(body: Body, folder: Folders) -> Body:
    """The mail's text with a mark in the subject and at the very top, whatever its template is.

    Raises:
        ConfigurationError: a template is wrong.
    """
    values = {**common_values(body.language), "subject": body.subject}
    subject, page, text = (
        rendered(body.language, folder, f"mail/trial/{name}", values)
        for name in ("subject.txt", "html.html", "text.txt")
    )
    start = _BODY.search(body.html)
    at = start.end() if start else 0
    return replace(
        body, subject=line(subject), html=body.html[:at] + page + body.html[at:], text=f"{text.strip()}\n\n{body.text}"
    )
