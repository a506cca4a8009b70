"""The words of a short mail, from its templates: subject, text and HTML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from css_inline import CSSInliner, InlineError

from digest.errors import ConfigurationError
from digest.templating import rendered
from digest.typeset.characters import line
from digest.typeset.text import wrapped

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_WIDTH = 72
_LONGEST_LINE = 78  # RFC 5322, 2.1.1
_INLINER = CSSInliner(load_remote_stylesheets=False, minify_css=True)
_KEPT = re.compile(r' data-css-inline="[a-z]+"')
_BREAKS = re.compile(r"(?<=[;,>])(?=[^\s])|[ \n]+")  # where white space may stand: in a style, behind a tag, in words


def short_mail(name: str, language: str, folder: Path | None, values: Mapping[str, object]) -> tuple[str, str, str]:
    """Subject, text and HTML of the templates `mail/NAME/`; no line of text is longer than 72 cells but for long words.

    Raises:
        ConfigurationError: a template is wrong.
    """
    given = {
        "language": language.replace("_", "-"),
        "wrapped": lambda words: "\n".join(wrapped(words, _WIDTH)),
        **values,
    }
    subject = line(rendered(language, folder, f"mail/{name}/subject.txt", given))
    text = rendered(language, folder, f"mail/{name}/text.txt", given).strip() + "\n"
    page = rendered(language, folder, f"mail/{name}/html.html", given | {"subject": subject})
    try:
        return subject, text, narrow(_KEPT.sub("", _INLINER.inline(page)))
    except InlineError as error:
        raise ConfigurationError(f"its styles cannot be read: {error}", place=f"mail/{name}/html.html") from error


def narrow(page: str) -> str:
    """The same page in lines of at most 78 characters, as far as it has places to break them."""
    made: list[str] = []
    for written in page.splitlines():
        made.extend(_narrow(written))
    return "\n".join(made) + "\n"


def _narrow(written: str) -> list[str]:
    return [written]
