"""Reads what a request of the API asks, from its path, its query and its body."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from digest.web.api.openapi import has_body
from digest.web.api.problems import RefusedError, invalid, problem
from digest.web.requests import body_of, media_type

if TYPE_CHECKING:
    from starlette.requests import Request

    from digest.operations.core import Operation

_LARGEST = 1024**2  # bytes of a body, which may be a subscriber list


async def read_request(request: Request, operation: Operation[Any, Any]) -> Any:  # noqa: ANN401 - what the operation takes
    """What is asked, as the operation takes it.

    Raises:
        RefusedError: it has not the right form.
    """
    given: dict[str, Any] = dict(request.path_params)
    fields = await _body(request) if has_body(operation) else _query(request, operation)
    if both := sorted(set(fields) & set(given)):
        wrong = {"field": both[0], "problem": "is named by the path"}
        raise RefusedError(problem(422, f"{both[0]} is named by the path", errors=[wrong]))
    whole = json.dumps(fields | given)
    if "\\u0000" in whole:
        raise RefusedError(problem(422, "a text contains the character U+0000, which nothing can store"))
    try:
        if has_body(operation):
            return operation.takes.model_validate_json(whole, strict=True)  # "5" is no number, a time is a text
        return operation.takes.model_validate(fields | given)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise RefusedError(invalid(found)) from None


async def _body(request: Request) -> dict[str, Any]:
    body = await body_of(request, _LARGEST)
    if body is None:
        raise RefusedError(problem(413, f"the body has more than {_LARGEST} bytes"))
    if body and media_type(request.headers.get("content-type", "")) != "application/json":
        raise RefusedError(problem(415, "the body is not JSON (send `Content-Type: application/json`)"))
    try:
        fields = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        raise RefusedError(problem(400, "the body is not JSON")) from None
    if not isinstance(fields, dict):
        raise RefusedError(problem(422, "the body is not a JSON object"))
    return fields


def _query(request: Request, operation: Operation[Any, Any]) -> dict[str, Any]:
    """The fields of the query: a list where the operation takes one, otherwise one value each."""
    made: dict[str, Any] = {}
    for name in request.query_params:
        values = request.query_params.getlist(name)
        field = operation.takes.model_fields.get(name)
        if field is not None and str(field.annotation).startswith(("list", "tuple")):
            made[name] = values
        elif len(values) > 1:
            wrong = {"field": name, "problem": "is given twice"}
            raise RefusedError(problem(422, f"{name} is given twice", errors=[wrong]))
        else:
            made[name] = values[0]
    return made
