"""Templates in memory, as their files were when they were read; imported by who holds some, since Jinja is large."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jinja2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class HeldFiles(jinja2.BaseLoader):
    """What another loader finds now. The names of files stay, so that errors name them."""

    def __init__(self, files: jinja2.BaseLoader, extensions: Iterable[str]) -> None:
        finder = jinja2.Environment(loader=files, autoescape=True)
        self._sources = {
            name: files.get_source(finder, name)[:2] for name in finder.list_templates(extensions=tuple(extensions))
        }

    def get_source(
        self,
        environment: jinja2.Environment,  # noqa: ARG002 - it is given to every loader
        template: str,
    ) -> tuple[str, str | None, Callable[[], bool]]:
        if template not in self._sources:
            raise jinja2.TemplateNotFound(template)
        return (*self._sources[template], lambda: True)

    def list_templates(self) -> list[str]:
        return sorted(self._sources)
