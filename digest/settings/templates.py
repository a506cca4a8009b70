"""Checks that the templates of the digests exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest import files
from digest.settings import guesses
from digest.settings.rules import broken

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from digest.settings.rules import Broken
    from digest.settings.whole import Settings

_SUBJECT = "subject.txt"  # a file in every folder of mail templates


def template_rules(settings: Settings, base: Path, changed: Sequence[Path] = ()) -> Iterator[Broken]:
    """A violated rule for each digest whose template folder is missing, in our templates and in those of the settings.

    `base` is the folder that paths are relative to, and `changed` are folders of templates edited in the console.
    """
    ours = files.shipped_folder("templates")
    own = [base / settings.templates] if settings.templates else []
    folders = [folder / "mail" for folder in (*changed, *own, ours)]
    for number, digest in enumerate(settings.digests):
        if any((folder / digest.template / _SUBJECT).is_file() for folder in folders):
            continue
        known = sorted({file.parent.name for folder in folders for file in folder.glob(f"*/{_SUBJECT}")})
        remedy = guesses.did_you_mean(guesses.closest(digest.template, known))
        problem = f"there is no template {digest.template!r}: no folder templates/mail/{digest.template}"
        yield broken(problem, ("digests", number, "template"), remedy=remedy)
