"""Tokens of the API."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import Field

from digest.operations.core import Context, Listed, Nothing, Operation, Request, View
from digest.records.operating import ApiToken, Scope
from digest.service.operating import tokens


class TokenView(View):
    """A token without its secret. `used_at` is exact to a minute."""

    id: str
    name: str
    scopes: list[Scope]
    made_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


class NewTokenView(TokenView):
    """A new token; `token` is its whole text, which is never shown again."""

    token: str


class NewToken(Request):
    """The token to make."""

    name: str = Field(min_length=1, max_length=80, description="The program that uses it.")
    scopes: list[Scope] = Field(min_length=1, description="What it may do; each scope includes `read`.")
    days: int | None = Field(None, ge=1, le=3650, description="After how many days it expires; never if absent.")


class TokenName(Request):
    """One token."""

    token: str = Field(max_length=40, description="The id of the token.")


def _view(token: ApiToken) -> TokenView:
    return TokenView(**_facts(token))


def _facts(token: ApiToken) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": sorted(token.scopes),
        "made_at": token.made_at,
        "expires_at": token.expires_at,
        "used_at": token.used_at,
        "revoked_at": token.revoked_at,
    }


def listed(context: Context, _asked: Nothing) -> Listed[TokenView]:
    """List the tokens of the API, revoked ones too, the newest first."""
    with context.store.read() as tx:
        return Listed[TokenView](items=[_view(token) for token in tx.tokens.all()])


def create(context: Context, asked: NewToken) -> NewTokenView:
    """Create a token of the API. Its text is shown this once."""
    lifetime = timedelta(days=asked.days) if asked.days else None
    made = tokens.create(context.store, asked.name, asked.scopes, context.now(), lifetime=lifetime)
    return NewTokenView(**_facts(made.token), token=made.text)


def revoke(context: Context, asked: TokenName) -> TokenView:
    """Revoke a token of the API permanently."""
    return _view(tokens.revoke(context.store, asked.token, context.now()))


LIST = Operation("tokens.list", "GET", "/tokens", Scope.ADMIN, Nothing, Listed[TokenView], listed, "tokens list")
CREATE = Operation(
    "tokens.create",
    "POST",
    "/tokens",
    Scope.ADMIN,
    NewToken,
    NewTokenView,
    create,
    "tokens create",
    named=lambda made: f"{made.id} ({made.name}: {', '.join(made.scopes)})",
)
REVOKE = Operation(
    "tokens.revoke", "POST", "/tokens/{token}/revoke", Scope.ADMIN, TokenName, TokenView, revoke, "tokens revoke"
)
OPERATIONS = (LIST, CREATE, REVOKE)
