"""What an operation is, and the one way to perform it: rights first, and a line in the audit log for whatever acts.

Decision 337.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)

from digest.errors import DigestError
from digest.service.operating.auditing import Actor, recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    from digest.model import EditionKey
    from digest.records.operating import Scope
    from digest.settings import Settings
    from digest.store.transaction import Store

    Check = Callable[[Settings, bool], Iterable[tuple[str, str, str]]]

MOST_OF_A_PAGE = 500
_NAMED = re.compile(r"\{(\w+)(?::path)?\}")


class View(BaseModel):
    """The JSON form of a thing, for commands with `--json` and for the API alike."""

    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True)


class SparseView(View):
    """A view that leaves out what it does not have: its JSON form has the members that were set, and no other."""

    @model_serializer(mode="wrap")
    def _only_set(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if name in self.model_fields_set}

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: GetJsonSchemaHandler) -> Any:  # noqa: ANN401 - as pydantic has it
        """The schema of the members, which the serializer would hide."""
        return handler({name: value for name, value in core_schema.items() if name != "serialization"})


class Request(BaseModel):
    """What is asked of an operation: the names in its path, and the fields of its query or of its JSON body."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Nothing(Request):
    """Nothing is asked."""


class Triable(Request):
    """An act that may be tried: then nothing is stored, and nothing stands in the audit log."""

    dry_run: bool = Field(default=False, description="Only say what it would do.")


class PageRequest(Request):
    """One page of a list that may be long."""

    limit: int = Field(50, ge=1, le=MOST_OF_A_PAGE, description="At most this many items.")
    cursor: str = Field("", max_length=200, description="The `next` of the page before; empty for the first page.")


Item = TypeVar("Item")
Asked = TypeVar("Asked", bound=Request)
Given = TypeVar("Given", bound=View)


class Listed(View, Generic[Item]):
    """One page of a list. `next` is the cursor of the next page, absent on the last; some lists know their `total`."""

    items: list[Item]
    next: str | None = None
    total: int | None = None


class ForbiddenError(DigestError):
    """The actor lacks the scope that an operation needs."""

    def __init__(self, name: str, scope: Scope) -> None:
        self.scope = scope
        super().__init__(f"{name} needs the scope {scope} (ask an admin for it)")


class AskedError(DigestError):
    """A request that has the right form, and asks for what cannot be. `field` is the part that is wrong."""

    def __init__(self, field: str, problem: str, *, remedy: str = "") -> None:
        self.field, self.problem, self.remedy = field, problem, remedy
        super().__init__(f"{field}: {problem}" + (f" ({remedy})" if remedy else ""))


def checked(takes: type[Asked], **values: object) -> Asked:
    """A request with these values, such as a form has.

    Raises:
        AskedError: one of them has not the right form.
    """
    try:
        return takes(**values)
    except ValidationError as error:
        raise asked_wrongly(error) from error


def asked_wrongly(error: ValidationError) -> AskedError:
    """The first thing that is wrong with the form of a request; it repeats nothing of what was given."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return AskedError(".".join(map(str, first["loc"])) or "the form", first["msg"])


class Steps(Protocol):
    """Shows the progress of slow work: called with what is done, what stays after an interruption, and the number of
    steps if that is known, it returns a context with a function to call with the name of each step.
    """

    def __call__(
        self, what: str, *, kept: str, total: int | Callable[[], int | None] | None = None
    ) -> AbstractContextManager[Callable[[str], None]]: ...


@contextlib.contextmanager
def unseen(what: str, *, kept: str, total: object = None) -> Iterator[Callable[[str], None]]:  # noqa: ARG001 - as `Steps`
    """Progress that nobody sees."""
    yield lambda _: None


@dataclass(frozen=True, slots=True)
class Service:
    """What only a running service, or only a command, can do for an operation; a command shows `steps`."""

    follow: Callable[[], None] | None = None  # use the settings as they are stored now
    # Send the mails of an edition or of all, waiting ones too or not; returns how many ended in each state. A command
    # has this one only.
    send: Callable[[EditionKey | None, bool], Mapping[str, int]] | None = None
    # The findings of `digest check`, of mail alone or of everything: each its part, its level, and what it says.
    check: Check | None = None
    steps: Steps = unseen


@dataclass(frozen=True, slots=True)
class Context:
    """What an operation works with: the store, the settings, the time, and who asks."""

    store: Store
    settings: Settings
    now: Callable[[], datetime]
    actor: Actor
    service: Service = field(default_factory=Service)
    # Renders all templates of some settings with samples, and raises if one is wrong; it stands above this station.
    try_templates: Callable[[Settings], object] | None = None


@dataclass(frozen=True, slots=True)
class Operation(Generic[Asked, Given]):
    """One thing that an operator can look at or do.

    `run` calls the service; the first line of its docstring is the summary. `path` is relative to the API's root, and
    names fields of what it `takes`. `gives` is what it returns. `command` is the command that does the same.
    What `acts` gets a line in the audit log, about `target` (by default what the path names) and with its `state`
    before and after: a JSON object without whole mail addresses.
    """

    name: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    scope: Scope
    takes: type[Asked]
    gives: type[Given]
    run: Callable[[Context, Asked], Given]
    command: str = ""
    acts: bool | None = None  # by default whatever is not a GET
    target: Callable[[Asked], str] | None = None
    named: Callable[[Given], str] | None = None  # the target, where only the result knows it
    state: Callable[[Context, Asked], Mapping[str, Any]] | None = None

    @property
    def is_act(self) -> bool:
        return self.method != "GET" if self.acts is None else self.acts

    @property
    def in_path(self) -> tuple[str, ...]:
        """The fields that the path names."""
        return tuple(_NAMED.findall(self.path))

    @property
    def summary(self) -> str:
        return (self.run.__doc__ or "").strip().split("\n")[0]

    def target_of(self, asked: Asked) -> str:
        """What a request is about, as one name."""
        if self.target:
            return self.target(asked)
        return "/".join(str(getattr(asked, name)) for name in self.in_path)


def perform(operation: Operation[Asked, Given], context: Context, asked: Asked) -> Given:
    """Perform an operation.

    Raises:
        ForbiddenError: the actor may not.
        DigestError: what the operation raises.
    """
    require_scope(operation, context)
    if not operation.is_act or (isinstance(asked, Triable) and asked.dry_run):
        return operation.run(context, asked)
    with recorded(context.store, context.actor, operation.name, operation.target_of(asked), context.now) as act:
        act.before = _state(operation, context, asked)
        result = operation.run(context, asked)
        act.after = _state(operation, context, asked)
        if operation.named:
            act.target = operation.named(result)
    return result


def require_scope(operation: Operation[Any, Any], context: Context) -> None:
    """Check that the actor may perform an operation.

    Raises:
        ForbiddenError: they lack its scope.
    """
    if operation.scope not in context.actor.scopes:
        raise ForbiddenError(operation.name, operation.scope)


def require(context: Context, scope: Scope, name: str) -> None:
    """Require one more scope, for a part of what an operation can do.

    Raises:
        ForbiddenError: the actor lacks it.
    """
    if scope not in context.actor.scopes:
        raise ForbiddenError(name, scope)


def _state(operation: Operation[Asked, Given], context: Context, asked: Asked) -> Mapping[str, Any]:
    """The target as a JSON object; empty if it does not exist (yet, or any more)."""
    if operation.state is None:
        return {}
    try:
        return operation.state(context, asked)
    except DigestError:
        return {}
