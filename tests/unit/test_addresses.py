"""Which addresses people may have."""

from __future__ import annotations

import pytest

from digest.errors import AddressError
from digest.service.subscribers import checked_address


@pytest.mark.parametrize(
    ("written", "address"),
    [
        (" Ada@Example.org ", "Ada@example.org"),
        ("a.b+c@example.org", "a.b+c@example.org"),
        ("读者@例子.example", "读者@xn--fsqu00a.example"),
        ("o'brien@mail.example.org", "o'brien@mail.example.org"),
        ("a@" + "b" * 63 + ".example", "a@" + "b" * 63 + ".example"),
    ],
)
def test_an_address_is_kept_as_mail_servers_take_it(written: str, address: str) -> None:
    assert checked_address(written) == address


@pytest.mark.parametrize(
    "written",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "a b@example.org",
        "a@b@example.org",
        ".a@example.org",
        "a..b@example.org",
        "a@-example.org",
        "a@exam_ple.org",
        "a@" + "b" * 64 + ".example",
        "a@..org",
        "a@例" + "子" * 80 + ".org",
        "a@\u2024.org",
        "a" * 65 + "@example.org",
        "a@" + "b." * 130 + "org",
        "a\r\nBcc:b@example.org",
        "<a@example.org>",
        "\udcff@example.org",
        "a@exam\x00ple.org",
    ],
)
def test_any_other_text_is_refused_and_never_shown_whole(written: str) -> None:
    with pytest.raises(AddressError) as refused:
        checked_address(written)
    local = written.strip().rpartition("@")[0]
    assert len(local) < 2 or local not in str(refused.value)
