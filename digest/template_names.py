"""What templates ask for, found without rendering them: names that nobody gives, files that replace nothing."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import jinja2
from jinja2 import meta, nodes
from jinja2.runtime import Context

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

_JINJAS = frozenset(("self", "super", "caller", "varargs", "kwargs", "loop"))


def record_names(environment: jinja2.Environment) -> dict[str, set[str]]:
    """Have an environment record which names each template is given; the names, by template, as renderings go on."""
    given: dict[str, set[str]] = {}

    class Recording(Context):
        def __init__(
            self,
            environment: jinja2.Environment,
            parent: dict[str, Any],
            name: str | None,
            *more: Any,  # noqa: ANN401 - they are Jinja's
            **named: Any,  # noqa: ANN401 - as above
        ) -> None:
            given.setdefault(name or "", set()).update(parent)
            super().__init__(environment, parent, name, *more, **named)

    environment.context_class = Recording
    return given


def unknown_names(environment: jinja2.Environment, name: str, given: Collection[str]) -> Iterator[tuple[str, int, str]]:
    """Each name that a template uses and nobody gives it, also where a rendering does not come by.

    Yields: the name, the line of its first use, and a known name like it, empty where there is none.
    """
    parsed = _parsed(environment, name)
    known = {*given, *environment.globals, *_JINJAS}
    for unknown in sorted(meta.find_undeclared_variables(parsed) - known - _guarded(parsed)):
        line = min((one.lineno for one in parsed.find_all(nodes.Name) if one.name == unknown), default=1)
        yield unknown, line, like(unknown, known)


def made_names(environment: jinja2.Environment) -> frozenset[str]:
    """The names that templates set, import or define, which others see, too: blocks, included files, heirs."""
    made: set[str] = set()
    for name in environment.list_templates(extensions=("html", "txt", "xml")):
        try:
            parsed = _parsed(environment, name)
        except (jinja2.TemplateError, UnicodeDecodeError):  # a wrong one, which is reported elsewhere
            continue
        made |= {one.name for one in parsed.find_all(nodes.Name) if one.ctx != "load"}
        made |= {one.name for one in parsed.find_all(nodes.Macro)}
        made |= {one.target for one in parsed.find_all(nodes.Import)}
        for imported in parsed.find_all(nodes.FromImport):
            made |= {one if isinstance(one, str) else one[1] for one in imported.names}
    return frozenset(made)


def _guarded(parsed: nodes.Template) -> set[str]:
    """The names that a template asks for only where they are given: `x is defined`, `x | default("")`."""
    asked = [one.node for one in parsed.find_all(nodes.Test) if one.name in {"defined", "undefined"}]
    asked += [one.node for one in parsed.find_all(nodes.Filter) if one.name in {"default", "d"} and one.node]
    return {one.name for one in asked if isinstance(one, nodes.Name)}


def strays(environment: jinja2.Environment, folder: Path, used: Collection[str]) -> Iterator[tuple[str, str]]:
    """Each file of a folder that no template of `used` is, or asks for; hidden ones and their like are left out.

    Yields: its name, and the name of a template like it, empty where there is none.
    """
    reached = _reached(environment, used)
    if reached is None:
        return
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        hidden = name.startswith(".") or "/." in name or name.endswith("~")
        if path.is_file() and not hidden and name not in reached:
            yield name, like(name, used)


def _reached(environment: jinja2.Environment, used: Collection[str]) -> set[str] | None:
    """The templates that these ask for, and they; None where one asks for what only a rendering knows."""
    reached: set[str] = set()
    waiting = list(used)
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        try:
            asked = list(meta.find_referenced_templates(_parsed(environment, name)))
        except (jinja2.TemplateError, UnicodeDecodeError):  # no template, or a wrong one, which is reported elsewhere
            continue
        if None in asked:
            return None
        waiting += [one for one in asked if one]
    return reached


def _parsed(environment: jinja2.Environment, name: str) -> nodes.Template:
    assert environment.loader  # noqa: S101 - ours all have one
    source, file, _ = environment.loader.get_source(environment, name)
    return environment.parse(source, name, file)


def like(name: str, known: Collection[str]) -> str:
    """The known name that is most like one; empty where none is."""
    return next(iter(difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.7)), "")
