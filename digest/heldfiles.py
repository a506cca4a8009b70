"""Templates held in memory: as they were when they were read, and compiled.

A module of its own, because importing Jinja takes long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jinja2

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from types import CodeType

    from jinja2.bccache import Bucket


class HeldFiles(jinja2.BaseLoader):
    """A loader with everything that another loader finds now. It keeps the file names, so that errors mention them.

    Files that are not text are left out.

    Raises:
        OSError: a file cannot be read.
        UnicodeDecodeError: a file with one of these `extensions` is not text.
    """

    def __init__(self, files: jinja2.BaseLoader, extensions: Collection[str]) -> None:
        finder = jinja2.Environment(loader=files, autoescape=True)
        self._sources: dict[str, tuple[str, str | None]] = {}
        for name in files.list_templates():
            try:
                self._sources[name] = files.get_source(finder, name)[:2]
            except UnicodeDecodeError:
                if name.rpartition(".")[2] in extensions:
                    raise

    def get_source(
        self,
        environment: jinja2.Environment,  # noqa: ARG002 - Jinja passes it to every loader
        template: str,
    ) -> tuple[str, str | None, Callable[[], bool]]:
        if template not in self._sources:
            raise jinja2.TemplateNotFound(template)
        return (*self._sources[template], lambda: True)

    def list_templates(self) -> list[str]:
        return sorted(self._sources)


class Compiled(jinja2.BytecodeCache):
    """Keeps the code of each template, so that one text is compiled once, whatever the language, in one process.

    Of a file, only the newest text is kept. Environments that share it have to be configured alike.
    """

    def __init__(self) -> None:
        self._codes: dict[str, tuple[str, CodeType | None]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give the code of a template, if it was compiled from this text."""
        checksum, code = self._codes.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template."""
        self._codes[bucket.key] = bucket.checksum, bucket.code
