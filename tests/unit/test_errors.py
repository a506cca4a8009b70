"""Errors that are reported together."""

from __future__ import annotations

import pytest

from digest.errors import ConfigurationError, MistakesError, SettingError, together


def failing(*errors: ConfigurationError) -> None:
    raise MistakesError(errors) if len(errors) > 1 else errors[0]


def test_all_parts_are_tried_and_all_mistakes_reported() -> None:
    one, two, three = (ConfigurationError(f"wrong {number}", place="here") for number in (1, 2, 3))
    tried = []

    with pytest.raises(MistakesError) as caught:
        together(lambda: failing(one, two), lambda: tried.append("right"), lambda: failing(three))

    assert caught.value.mistakes == (one, two, three)
    assert str(caught.value) == "here: wrong 1; here: wrong 2; here: wrong 3"
    assert tried == ["right"]


def test_a_mistake_alone_is_raised_as_it_is() -> None:
    one = ConfigurationError("wrong")

    with pytest.raises(ConfigurationError) as caught:
        together(lambda: None, lambda: failing(one))

    assert caught.value is one
    together(lambda: None)


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (SettingError("is wrong", setting="a.b", file="x.toml", line=3), "x.toml:3: a.b: is wrong"),
        (SettingError("is wrong", file="x.toml", remedy="mend it"), "x.toml: is wrong (mend it)"),
        (SettingError("is wrong", setting="a.b", variable="DIGEST_A_B"), "the variable DIGEST_A_B: a.b: is wrong"),
        (SettingError("is wrong", setting="a.b", variable="/run/x"), "/run/x: a.b: is wrong"),
    ],
)
def test_a_mistake_of_a_setting_says_where_it_stands(mistake: SettingError, says: str) -> None:
    assert str(mistake) == says
