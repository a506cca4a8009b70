"""The values that all mail templates share, and the processing of the pages that they produce."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from css_inline import CSSInliner, InlineError

from digest.errors import ConfigurationError
from digest.typeset.text import wrapped

if TYPE_CHECKING:
    from collections.abc import Mapping

WIDTH = 72  # cells in a line of text
_INLINER = CSSInliner(load_remote_stylesheets=False, minify_css=True)
_KEPT = re.compile(r' data-css-inline="[a-z]+"')


def common(language: str) -> Mapping[str, object]:
    """The values that every mail template receives."""
    return {
        "language": language.replace("_", "-"),
        "wrapped": lambda words, indent="": "\n".join(wrapped(words, WIDTH, indent=indent)),
    }


def inlined(page: str, template: str) -> str:
    """The page with the styles written on its elements, because mail programs drop style sheets.

    A style sheet with `data-css-inline="keep"` stays, for programs that support it.

    Raises:
        ConfigurationError: a style sheet of the template is wrong.
    """
    try:
        return _KEPT.sub("", _INLINER.inline(page))
    except InlineError as error:
        raise ConfigurationError(f"its styles cannot be read: {error}", place=template) from error
