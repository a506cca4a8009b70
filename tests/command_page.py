"""Writes docs/commands.md from the program's own commands; `make docs` runs this module."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from digest.cli.commands import application

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).resolve().parents[1] / "docs" / "commands.md"
_INTRODUCTION = """\
# Commands

All commands, with their arguments and options, as `digest COMMAND --help` prints them. `make docs` writes this page.

Commands that need a configuration take `--config FILE` too (default: `config/digest.toml`, or the value of
`DIGEST_CONFIG`). All take `-h` and `--help`. [operating.md](operating.md#commands) explains exit codes, progress and
completion.
"""
_EVERYWHERE = {"--config", "--help"}


def main() -> None:
    """Write the page anew."""
    PAGE.write_text(page(), "utf-8")


def page() -> str:
    """The page as the commands are now."""
    root: Any = typer.main.get_command(application())
    single = {name: command for name, command in root.commands.items() if not hasattr(command, "commands")}
    groups = {name: command for name, command in root.commands.items() if hasattr(command, "commands")}
    parts = [_INTRODUCTION, "## Single commands\n"]
    parts += [_command(f"digest {name}", command) for name, command in single.items() if not command.hidden]
    for name, group in groups.items():
        if group.hidden:
            continue
        parts.append(f"## digest {name}\n\n{_text(group.help)}\n")
        if group.invoke_without_command:
            parts += _table(group)
        parts += [_command(f"digest {name} {inner}", it) for inner, it in group.commands.items() if not it.hidden]
    return "\n".join(parts)


def _command(name: str, command: Any) -> str:
    arguments = " ".join(_argument(one) for one in command.params if one.param_type_name == "argument")
    parts = [
        f"### {name}\n",
        f"    {name} {arguments}".rstrip() + "\n",
        f"{textwrap.fill(_text(command.help), 120)}\n",
        *_table(command),
    ]
    return "\n".join(parts)


def _table(command: Any) -> Iterator[str]:
    rows = [
        f"| `{_cell(_name(one))}` | {_cell(_meaning(one))} |"
        for one in command.params
        if not one.hidden and not _EVERYWHERE & set(one.opts)
    ]
    if rows:
        yield "\n".join(["| argument or option | meaning |", "|---|---|", *rows]) + "\n"


def _argument(one: Any) -> str:
    return _name(one) if one.required else f"[{_name(one)}]"


def _name(one: Any) -> str:
    value = str(one.metavar or one.name.upper())
    if one.param_type_name == "argument":
        return f"{value}..." if one.nargs == -1 else value
    names = ", ".join([*one.opts, *one.secondary_opts])
    return names if one.is_flag else f"{names} {value}"


def _meaning(one: Any) -> str:
    default = one.default
    stated = one.show_default and default not in (None, False, "", (), []) and not callable(default)
    text = _text(one.help)
    note = f" Default: `{getattr(default, 'value', default)}`." if stated else ""
    return f"{text}{note}{' Required.' if one.required and one.param_type_name == 'option' else ''}"


def _text(written: str | None) -> str:
    return " ".join((written or "").split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    main()
