"""Invalid text anywhere in a provider's event: half a character, NUL, a table instead of a text."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from digest.mail.receiving.provider_payloads import Provider
from tests.integration.web.test_hooks import HOOKS, Hooked, hooked
from tests.unit.mail import webhooks
from tests.unit.mail.webhooks import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["HOOKS", "hooked"]
ODD: list[Any] = ["a\ud800\x00b", "<\udfff@x>", float("inf"), [["x"]], {}, None]


def places(payload: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all that stands in a payload."""
    inner = payload.items() if isinstance(payload, dict) else enumerate(payload) if isinstance(payload, list) else ()
    for name, value in inner:
        yield (*at, name)
        yield from places(value, (*at, name))


def changed(payload: Any, place: tuple[Any, ...], value: Any) -> Any:
    made = inner = copy.deepcopy(payload)
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    return made


@pytest.mark.parametrize("provider", Provider)
def test_an_odd_value_anywhere_is_answered(hooked: Hooked, provider: Provider) -> None:
    payload = webhooks.BOUNCED[provider](message_id=hooked.message_id())
    for number, place in enumerate(places(payload)):
        own = {Provider.MAILGUN: {"token": f"{number:050}"}, Provider.RESEND: {"number": f"msg_{number}"}}
        request = webhooks.BY[provider](changed(payload, place, ODD[number % len(ODD)]), **own.get(provider, {}))
        assert hooked.post(request).status == 200, place
        textual = webhooks.BY[provider](changed(payload, place, ODD[0]), **own.get(provider, {}))
        assert hooked.post(textual).status in {200, 403}, place  # Mailgun's token was used


@pytest.mark.parametrize(
    "raw",
    [
        b'{"signature": {"timestamp": "1", "token": "\\ud800", "signature": "\\ud800"}}',
        b'{"signature": {"timestamp": "\\ud800", "token": "x"}}',
        b'{"signature": [], "event-data": "\\udfff"}',
        b"null",
    ],
)
def test_half_a_character_is_no_signature(hooked: Hooked, raw: bytes) -> None:
    assert hooked.post(Request("/hooks/mailgun", raw)).status == 403
