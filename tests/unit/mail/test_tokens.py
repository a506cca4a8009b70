"""Unsubscribe tokens: only ours, only for one person and digest, and never an exception."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from digest.mail.tokens import address_hash, leave_token, preferences_token, read_leave_token
from digest.model import DigestId, SubscriberId

SECRET = b"s" * 32
_names = st.from_regex(r"[a-z0-9_-]{1,20}", fullmatch=True)


@given(st.integers(1, 10**12), _names)
def test_a_token_gives_back_what_it_was_made_of(subscriber: int, digest: str) -> None:
    token = leave_token(SECRET, SubscriberId(subscriber), DigestId(digest))
    assert read_leave_token(SECRET, token) == (subscriber, digest)
    assert token.replace("-", "").replace("_", "").isalnum()
    assert read_leave_token(b"t" * 32, token) is None


@given(st.integers(1, 99), st.integers(0, 60), st.sampled_from("AZaz09-_=é/."))
def test_a_token_changed_in_one_place_is_nobodys(subscriber: int, at: int, put: str) -> None:
    token = leave_token(SECRET, SubscriberId(subscriber), DigestId("weekly"))
    changed = token[: at % len(token)] + put + token[at % len(token) + 1 :]
    assert changed == token or read_leave_token(SECRET, changed) is None
    assert read_leave_token(SECRET, token + put) is None


@given(st.text())
def test_any_other_text_is_no_token(text: str) -> None:
    assert read_leave_token(SECRET, text) is None


def test_an_address_is_known_again_whatever_its_case_and_is_not_readable() -> None:
    hashed = address_hash(SECRET, "Ada@Example.org")
    assert hashed == address_hash(SECRET, " ada@example.ORG ")
    assert hashed != address_hash(SECRET, "bob@example.org")
    assert hashed != address_hash(b"t" * 32, "ada@example.org")
    assert "ada" not in hashed


def test_a_token_for_preferences_is_one_persons_and_leaves_nothing() -> None:
    token = preferences_token(SECRET, SubscriberId(7))
    assert token == preferences_token(SECRET, SubscriberId(7))
    assert token != preferences_token(SECRET, SubscriberId(8))
    assert token != preferences_token(b"t" * 32, SubscriberId(7))
    assert read_leave_token(SECRET, token) is None
