"""Errors as problem details. Source: RFC 9457."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from digest import json_output
from digest.errors import (
    BusyError,
    ClockError,
    ConfigurationError,
    ConflictError,
    DigestError,
    FencedError,
    MistakesError,
    StoreError,
    UnknownError,
)
from digest.operations.core import AskedError, ForbiddenError
from digest.service.publishing.by_hand.acts import HandError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_core import ErrorDetails

MEDIA_TYPE = "application/problem+json"
_TITLES = {
    400: "Malformed request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "In conflict with the present state",
    413: "Request too large",
    415: "Unsupported media type",
    422: "Cannot be done",
    429: "Too many requests",
    500: "Internal error",
    503: "Unavailable for now",
}


class RefusedError(Exception):
    """A request that gets this response, before any operation."""

    def __init__(self, response: Response) -> None:
        self.response = response
        super().__init__(response.status_code)


def problem(
    status: int, detail: str, *, headers: Mapping[str, str] | None = None, errors: Sequence[Mapping[str, object]] = ()
) -> Response:
    """A problem as a response. `errors` names each wrong part of a request: its `field` and the `problem`."""
    document: dict[str, object] = {"title": _TITLES[status], "status": status, "detail": detail}
    if errors:
        document["errors"] = list(errors)
    body = json_output.to_json(document).encode("utf-8", "replace")
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, MEDIA_TYPE)


def problem_of(error: DigestError) -> Response:
    """The response to an error of an operation. Its text names the remedy."""
    if isinstance(error, BusyError):
        return problem(429, str(error), headers={"Retry-After": str(error.seconds)})
    if isinstance(error, MistakesError):
        return problem(422, str(error), errors=[{"field": one.place, "problem": one.problem} for one in error.mistakes])
    if isinstance(error, AskedError):
        return problem(422, str(error), errors=[{"field": error.field, "problem": error.problem}])
    return problem(status_of(error), str(error), headers={"Retry-After": "60"} if isinstance(error, StoreError) else {})


def status_of(error: DigestError) -> int:
    """The HTTP status of an error."""
    kinds: tuple[tuple[type[DigestError], int], ...] = (
        (ForbiddenError, 403),
        (HandError, 409),
        (UnknownError, 404),
        (ConflictError, 409),
        (FencedError, 409),
        (ClockError, 503),
        (StoreError, 503),
        (ConfigurationError, 422),
    )
    return next((status for kind, status in kinds if isinstance(error, kind)), 422)


def invalid(errors: Sequence[ErrorDetails]) -> Response:
    """The response to a request that has not the form which the operation takes."""
    named = [{"field": ".".join(map(str, one["loc"])), "problem": one["msg"]} for one in errors]
    said = "; ".join(f"{one['field']}: {one['problem']}" if one["field"] else one["problem"] for one in named[:3])
    return problem(422, said, errors=named)
