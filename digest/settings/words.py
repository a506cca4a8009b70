"""Describes pydantic's errors about values in plain words."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from digest.settings import guesses
from digest.settings.kinds import WrongError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_LONGEST = 60  # characters of a value that is displayed
_LIST = 'must be a list in brackets, such as ["a", "b"]'
_JSON_LIST = """must be a list in JSON, such as '["a", "b"]'"""
_BY_KIND = (  # by the beginning of pydantic's error type
    ("missing", "is missing"),
    ("string_too_short", "must not be empty"),
    ("bool", "must be true or false"),
    ("int", "must be a whole number"),
    ("float", "must be a number"),
    ("finite_number", "must be a number"),
    ("string", "must be a text in quotes"),
    ("path", "must be a text in quotes"),
    ("time_delta", 'must be a duration such as "15m"'),
    ("date", "must be a day such as 2020-06-30, or a year such as 2020"),
    ("model", "must be a table of settings"),
    ("dict", "must be a table of settings"),
)
_BOUNDS = {
    "greater_than_equal": ("ge", "must be at least"),
    "greater_than": ("gt", "must be more than"),
    "less_than_equal": ("le", "must be at most"),
    "less_than": ("lt", "must be less than"),
}
_WITHOUT_VALUE = frozenset({"missing", "string_too_short"})


def in_words(error: ErrorDetails, *, secret: bool, in_json: bool, tables: bool) -> tuple[str, str]:
    """The problem and the remedy, which is empty if the problem already says it.

    A `secret` value is not displayed. `in_json` means that a variable or a secret file sets it, `tables` that the
    setting is a list of tables.
    """
    kind, context = error["type"], error.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, WrongError):
        return cause.problem, cause.remedy
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        guess = guesses.closest(str(error["input"]), choices)
        listed = f"{', '.join(choices[:-1])} or {choices[-1]}"
        return f"must be {listed}{_not(error, secret=secret)}", guesses.did_you_mean(guess)
    if kind in _BOUNDS:
        name, says = _BOUNDS[kind]
        bound = str(context[name]).removesuffix(".0")
        return f"{says} {bound}{_not(error, secret=secret)}", ""
    if kind in {"tuple_type", "list_type"}:
        if tables and not in_json:
            return "must be a table of its own for each", f"write [[{error['loc'][-1]}]] with two brackets"
        return (_JSON_LIST if in_json else _LIST) + _not(error, secret=secret), ""
    says = next(
        (says for start, says in _BY_KIND if kind.startswith(start)), "is not a value that this setting accepts"
    )
    shown = "" if kind in _WITHOUT_VALUE else _not(error, secret=secret)
    return f"{says}{shown}", "" if shown else "see docs/settings.md"


def _not(error: ErrorDetails, *, secret: bool) -> str:
    """The wrong value as it is written in the file; empty if it is secret or long."""
    value = error["input"]
    if secret or not isinstance(value, str | int | float):
        return ""
    shown = json.dumps(value, ensure_ascii=False)
    return f", not {shown}" if len(shown) <= _LONGEST else ""
