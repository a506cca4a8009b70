"""Calls of the API whose answers are checked against the OpenAPI document."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import jsonschema

from digest.operations import table
from digest.web.api.openapi import document

if TYPE_CHECKING:
    from tests.integration.api.conftest import Answered, Api


@cache
def _described() -> dict[str, Any]:
    return document(table.OPERATIONS, title="t", server="https://x", version="1")


@cache
def _validator(operation: str) -> Any:
    made = _described()
    found = next(one for way in made["paths"].values() for one in way.values() if one["operationId"] == operation)
    schema = found["responses"]["200"]["content"]["application/json"]["schema"]
    return jsonschema.Draft202012Validator({**schema, "components": made["components"]})


def ask(api: Api, operation: str, asked: dict[str, Any] | None = None, query: str = "", **path: str) -> Any:
    """The answer of an operation, which has the form that the document promises."""
    one = table.BY_NAME[operation]
    filled = one.path.replace(":path}", "}").format(**path)
    answered = api.ask(one.method, f"{filled}?{query}" if query else filled, asked)
    assert answered.status == 200, answered.text
    _validator(operation).validate(answered.body)
    return answered.body


def refused(answered: Answered, status: int, words: str = "") -> dict[str, Any]:
    """The problem document of a refusal."""
    problem: dict[str, Any] = answered.body
    assert answered.status == problem["status"] == status, problem
    assert words in problem["detail"]
    return problem
