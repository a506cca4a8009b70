"""The OpenAPI document as tables for people: each operation with what it takes and gives. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WORDS = {
    "date-time": "time",
    "date": "day",
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "nothing",
    "object": "object",
}


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field of a request or an answer: its name, its type in words, where it goes, and what it is for."""

    name: str
    kind: str
    place: str
    description: str


@dataclass(frozen=True, slots=True)
class OperationRow:
    """One operation; `gives` are the fields of its answer, or of each item of its list."""

    name: str
    method: str
    path: str
    summary: str
    description: str
    takes: tuple[FieldRow, ...]
    gives: tuple[FieldRow, ...]


SAMPLE = OperationRow(
    "tokens.revoke",
    "POST",
    "/tokens/{token}/revoke",
    "Revoke a token of the API permanently.",
    "Needs the scope `admin`.",
    (FieldRow("token", "text", "path", "The id of the token."),),
    (FieldRow("revoked_at", "time", "", ""),),
)  # to try a template with


def subjects(document: Mapping[str, Any]) -> dict[str, list[OperationRow]]:
    """All operations by their subject, in the order of the document."""
    schemas = document["components"]["schemas"]
    made: dict[str, list[OperationRow]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            answer = one["responses"]["200"]["content"]["application/json"]["schema"]
            row = OperationRow(
                one["operationId"],
                method.upper(),
                path,
                one["summary"],
                one["description"],
                tuple(_taken(one, schemas)),
                tuple(_fields(_item(answer, schemas), "", schemas)),
            )
            made[one["tags"][0]].append(row)
    return made


def _taken(one: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[FieldRow]:
    for parameter in one["parameters"]:
        needed = "" if parameter["required"] else ", optional"
        kind = kind_of(parameter["schema"], schemas)
        yield FieldRow(parameter["name"], kind, f"{parameter['in']}{needed}", parameter.get("description", ""))
    body = one.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    yield from _fields(body, "body", schemas)


def _fields(schema: Mapping[str, Any], place: str, schemas: Mapping[str, Any]) -> Iterator[FieldRow]:
    for name, field in schema.get("properties", {}).items():
        optional = place and name not in schema.get("required", ())
        where = f"{place}, optional" if optional else place
        yield FieldRow(name, kind_of(field, schemas), where, field.get("description", ""))


def _item(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """The form of an answer; of a list, that of its items."""
    found = _resolved(schema, schemas)
    items = found.get("properties", {}).get("items")
    return _resolved(items["items"], schemas) if items and "next" in found["properties"] else found


def kind_of(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """The type of a schema in words, such as `list of text` or `number, or nothing`."""
    schema = _resolved(schema, schemas)
    if "anyOf" in schema:
        return ", or ".join(dict.fromkeys(kind_of(one, schemas) for one in schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return ", ".join(map(str, schema.get("enum") or [schema["const"]]))
    if schema.get("type") == "array":
        return f"list of {kind_of(schema.get('items', {}), schemas)}"
    if schema.get("properties"):
        return f"object ({', '.join(schema['properties'])})"
    return _WORDS.get(schema.get("format", "")) or _WORDS.get(schema.get("type", ""), "anything")


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    found: Mapping[str, Any] = schemas.get(name, schema)
    return found
