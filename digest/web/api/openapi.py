"""The OpenAPI document of the API, made from the table of operations and the models that validate. Pure.

Source: OpenAPI 3.1.1 and JSON Schema 2020-12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic.json_schema import models_json_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from digest.operations.core import Operation

_REFERENCE = "#/components/schemas/{model}"
_PROBLEM = {
    "type": "object",
    "description": "What went wrong, as RFC 9457 has it.",
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, and what to do about it."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "problem": {"type": "string"}},
                "required": ["field", "problem"],
            },
        },
    },
    "required": ["title", "status", "detail"],
}
_FAILURES = {
    400: "The request is malformed.",
    401: "The token is missing, wrong, expired or revoked.",
    403: "The token lacks the scope.",
    404: "There is no such thing.",
    409: "The present state does not allow it.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "A value is wrong, or the operation cannot be done; `errors` names the fields.",
    429: "Too many requests; `Retry-After` says when to come again.",
    503: "The service cannot do it now; come again later.",
}
_WITH_A_BODY = {413, 415}
_MALFORMED = 400  # a body that is no JSON, or an idempotency key that is no name
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A name of your choice for this request. The same request with the same key acts once, for a day.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}
_UNCHANGED = {
    "description": "You have the present state: `If-None-Match` named its ETag.",
    "headers": {"ETag": {"schema": {"type": "string"}}},
}


def document(operations: Sequence[Operation[Any, Any]], *, title: str, server: str, version: str) -> dict[str, Any]:
    """The whole document. `server` is the address of the API's root."""
    asked = [(one.takes, "validation") for one in operations]
    given = [(one.gives, "serialization") for one in operations]
    unique = list(dict.fromkeys([*asked, *given]))
    named, schemas = models_json_schema(unique, ref_template=_REFERENCE)  # type: ignore[arg-type] # literals in a tuple
    definitions: dict[str, Any] = schemas.get("$defs", {})
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        asked_schema = _resolved(named[one.takes, "validation"], definitions)
        answer = named[one.gives, "serialization"]
        paths.setdefault(one.path.replace(":path}", "}"), {})[one.method.lower()] = _operation(
            one, asked_schema, answer
        )
    bodies = {str(_resolved(named[one.takes, "validation"], definitions).get("title")): one for one in operations}
    kept = {
        name: schema
        for name, schema in definitions.items()
        if name not in bodies or any(_refers(other, name) for key, other in definitions.items() if key != name)
    }
    return {
        "openapi": "3.1.1",
        "info": {
            "title": title,
            "version": version,
            "description": "Everything that the operator of Digest can look at and do.",
        },
        "servers": [{"url": server}],
        "security": [{"token": []}],
        "tags": [{"name": name} for name in dict.fromkeys(_subject(one) for one in operations)],
        "paths": paths,
        "components": {
            "schemas": kept | {"Problem": _PROBLEM},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token that `digest tokens create` printed.",
                }
            },
        },
    }


def _operation(one: Operation[Any, Any], asked: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": one.name,
        "tags": [_subject(one)],
        "summary": one.summary,
        "description": f"Needs the scope `{one.scope}`."
        + (f" The command `digest {one.command}` does the same." if one.command else ""),
        "parameters": list(_parameters(one, asked)),
        "responses": _responses(one, answer),
    }
    body = {name: schema for name, schema in asked.get("properties", {}).items() if name not in one.in_path}
    if has_body(one):
        required = [name for name in asked.get("required", ()) if name not in one.in_path]
        schema: dict[str, Any] = {"type": "object", "properties": body, "additionalProperties": False}
        if required:
            schema["required"] = required
        made["requestBody"] = {"required": bool(required), "content": {"application/json": {"schema": schema}}}
    return made


def has_body(one: Operation[Any, Any]) -> bool:
    """Whether the fields of a request come as a JSON body; otherwise they come in the query."""
    return one.method not in {"GET", "DELETE"} and any(name not in one.in_path for name in one.takes.model_fields)


def _parameters(one: Operation[Any, Any], asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name, schema in asked.get("properties", {}).items():
        if name in one.in_path:
            yield {"name": name, "in": "path", "required": True, **_described(schema)}
        elif not has_body(one):
            yield {"name": name, "in": "query", "required": name in asked.get("required", ()), **_described(schema)}
    if one.is_act:
        yield _KEY


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter, with its description beside it. An absent parameter is absent, and never null."""
    bare = {key: value for key, value in schema.items() if key not in {"description", "title"}}
    variants = [one for one in bare.get("anyOf", ()) if one != {"type": "null"}]
    if len(variants) == 1:
        bare = {key: value for key, value in bare.items() if key not in {"anyOf", "default"}} | variants[0]
    return {"schema": bare} | ({"description": schema["description"]} if "description" in schema else {})


def _responses(one: Operation[Any, Any], answer: dict[str, Any]) -> dict[str, Any]:
    good: dict[str, Any] = {"description": "Done." if one.is_act else "What was asked for."}
    good["content"] = {"application/json": {"schema": answer}}
    if one.method == "GET":
        good["headers"] = {"ETag": {"schema": {"type": "string"}}}
    made: dict[str, Any] = {"200": good} | ({"304": _UNCHANGED} if one.method == "GET" else {})
    content = {"application/problem+json": {"schema": {"$ref": _REFERENCE.format(model="Problem")}}}
    for status, description in _FAILURES.items():
        if has_body(one) or (status not in _WITH_A_BODY and (status != _MALFORMED or one.is_act)):
            made[str(status)] = {"description": description, "content": content}
    if "413" in made:  # a very large one is refused before anything reads it
        made["413"] = {**made["413"], "content": content | {"text/plain": {"schema": {"type": "string"}}}}
    return made


def _subject(one: Operation[Any, Any]) -> str:
    return one.name.partition(".")[0]


def _resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """A schema, or the one that it refers to."""
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    found: dict[str, Any] = definitions.get(name, schema)
    return found


def _refers(schema: object, name: str) -> bool:
    return _REFERENCE.format(model=name) in str(schema)
