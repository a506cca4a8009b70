"""The envelope senders that name deliveries: what proves a bounce, and what does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.mail.tokens import bounce_token, claimed_subscriber, proven_edition, return_path, token_in
from digest.model import EditionKey, SubscriberId

SECRET = b"s" * 32
PERSON = SubscriberId(7)
EDITION, OTHER = EditionKey("weekly/2026-W47"), EditionKey("weekly/2026-W46")
TOKEN = bounce_token(SECRET, PERSON, EDITION)


def test_a_token_names_its_subscriber_and_proves_its_edition() -> None:
    assert claimed_subscriber(TOKEN) == PERSON
    assert proven_edition(SECRET, TOKEN, [OTHER, EDITION]) == EDITION


def test_a_token_survives_servers_that_change_its_case() -> None:
    assert TOKEN.lower() == TOKEN
    assert proven_edition(SECRET, TOKEN.upper(), [EDITION]) == EDITION
    assert token_in("Bounces@Digest.example.org", f"BOUNCES+{TOKEN.upper()}@DIGEST.EXAMPLE.ORG") == TOKEN


def test_the_longest_local_part_that_the_settings_allow_fits_into_an_envelope() -> None:
    local, _, _ = return_path(f"{'b' * 31}@digest.example.org", TOKEN).rpartition("@")
    assert len(local) == 64


def test_a_mail_for_somebody_else_has_no_token() -> None:
    address = "bounces@digest.example.org"
    assert token_in(address, "bounces@digest.example.org") == ""
    assert token_in(address, f"bounces+{TOKEN}@example.org") is None
    assert token_in(address, f"digest+{TOKEN}@digest.example.org") is None
    assert token_in(address, "") is None


@pytest.mark.parametrize(
    ("secret", "token", "editions"),
    [
        (b"t" * 32, TOKEN, [EDITION]),  # another store's
        (SECRET, bounce_token(b"t" * 32, PERSON, EDITION), [EDITION]),
        (SECRET, TOKEN, [OTHER]),
        (SECRET, TOKEN, []),
        (SECRET, bounce_token(SECRET, SubscriberId(8), EDITION)[:8] + TOKEN[8:], [EDITION]),  # somebody else's mark
        (SECRET, TOKEN[:-1], [EDITION]),
        (SECRET, TOKEN + "a", [EDITION]),
        (SECRET, "", [EDITION]),
        (SECRET, "é" * 32, [EDITION]),
        (SECRET, "1" * 32, [EDITION]),
    ],
)
def test_what_is_forged_foreign_or_mangled_proves_nothing(
    secret: bytes, token: str, editions: list[EditionKey]
) -> None:
    assert proven_edition(secret, token, editions) is None


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_no_other_letter_in_any_place_proves_anything(place: int, letter: str) -> None:
    forged = TOKEN[:place] + letter + TOKEN[place + 1 :]
    assert (proven_edition(SECRET, forged, [EDITION]) is None) == (forged != TOKEN)


@given(st.text())
def test_any_text_is_read_without_complaint(text: str) -> None:
    claimed_subscriber(text)
    token_in(text, text)
    assert proven_edition(SECRET, text, [EDITION]) is None or text.lower() == TOKEN
