"""Which addresses people and the service may have, and how they are read."""

from __future__ import annotations

import pytest

from digest.addresses import address_key, ascii_domain, checked_address, former_spelling, mailbox, spellings
from digest.errors import AddressError


@pytest.mark.parametrize(
    ("written", "address"),
    [
        (" Ada@Example.org ", "Ada@example.org"),
        ("a.b+c@example.org", "a.b+c@example.org"),
        ("读者@例子.example", "读者@xn--fsqu00a.example"),
        ("o'brien@mail.example.org", "o'brien@mail.example.org"),
        ("a@" + "b" * 63 + ".example", "a@" + "b" * 63 + ".example"),
        ("a@straße.de", "a@xn--strae-oqa.de"),
        ("a@strasse.de", "a@strasse.de"),
        ("a@FAẞ.example", "a@xn--fa-hia.example"),
        ("a@νικος.example", "a@xn--uxachkp.example"),
        ("a@νικοσ.example", "a@xn--uxachku.example"),
        ("a@XN--MNCHEN-3YA.example", "a@xn--mnchen-3ya.example"),
        ("e\u0301t@example.org", "ét@example.org"),
        ("ada＠example．org", "ada@example.org"),
        ("ada.lee@例子。中国", "ada.lee@xn--fsqu00a.xn--fiqs8s"),
        ("ａｄａ．１＠ｅｘａｍｐｌｅ．ｏｒｇ", "ada.1@example.org"),
        ("\ufeffada@example.org\u200b", "ada@example.org"),
        ("\u202aada@example.org\u202c", "ada@example.org"),
        ("\u2066\u200f\u00adada@example.org\u3164\ufe0f\r\n", "ada@example.org"),
        ("\u3000ada@example.org\u00a0\t", "ada@example.org"),
        ("ada@mail.local", "ada@mail.local"),
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
        "a@example.org\x00",
        "\x07a@example.org",
        "a\u200b@example.org",
        "a@exam\u200dple.org",
        "a\u202eb@example.org",
        "a@exam\u2067ple.org",
        "a@exam\u00adple.org",
        "a@exam\ufe0fple.org",
        "a\u034f@example.org",
        "a\u3164@example.org",
        "a\u2800@example.org",
        "ab\u3000c@example.org",
        "a@localhost",
        "a@192.0.2.1",
        "a@[192.0.2.1]",
        "a@☃.example",
        "a@xn--n3h.example",
        "a@ab--cd.example",
        '"a b"@example.org',
        "ada" * 10_000 + "@example.org",
    ],
)
def test_any_other_text_is_refused_and_never_shown_whole(written: str) -> None:
    with pytest.raises(AddressError) as refused:
        checked_address(written)
    local = written.strip().rpartition("@")[0]
    assert len(local) < 2 or local not in str(refused.value)


@pytest.mark.parametrize("unseen", ["\u200b", "\u202e", "\u00ad", "\n"])
def test_what_nobody_sees_is_named(unseen: str) -> None:
    with pytest.raises(AddressError, match=f"U\\+{ord(unseen):04X}"):
        checked_address(f"a{unseen}da@example.org")


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("Digest <digest@example.org>", "Digest", "digest@example.org"),
        ("digest@example.org", "", "digest@example.org"),
        (" <digest@example.org> ", "", "digest@example.org"),
        ('"Kexue, Digest" <digest@example.org>', "Kexue, Digest", "digest@example.org"),
        ('"Digest: weekly" <digest@example.org>', "Digest: weekly", "digest@example.org"),
        ('"a \\"b\\" \\\\" <digest@example.org>', 'a "b" \\', "digest@example.org"),
        ("kexue.fm Digest<digest@example.org>", "kexue.fm Digest", "digest@example.org"),
        ("科学空间 每周 📬 <digest@科学.example>", "科学空间 每周 📬", "digest@xn--48st12e.example"),
        ("Digest <digest@straße.example>", "Digest", "digest@xn--strae-oqa.example"),
        ("Digest ＜digest＠example．org＞".replace("＜", "<").replace("＞", ">"), "Digest", "digest@example.org"),
        ("root@localhost", "", "root@localhost"),
    ],
)
def test_a_mailbox_is_read_in_whole_and_written_so_that_it_is_read_again(written: str, name: str, address: str) -> None:
    read = mailbox(written)
    assert (read.name, read.address) == (name, address)
    assert mailbox(str(read)) == read


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "Digest",
        "Dig\u202eest <digest@example.org>",
        "Digest <>",
        "Kexue, Digest <digest@example.org>",
        "Digest: weekly <digest@example.org>",
        "digest@example.org, other@example.org",
        "<digest@example.org> <other@example.org>",
        "Digest digest@example.org",
        "digest@example.org (Digest)",
        "Digest <digest@example.org> x",
        '"Digest <digest@example.org>',
        "Digest <digest@example.org",
        "other@example.org <digest@example.org>",
        "Digest <digest@example.org>\r\nBcc: <other@example.org>",
        '"Digest\r\nBcc: x" <digest@example.org>',
        "读者@example.org",
        "Digest <dig\u200best@example.org>",
    ],
)
def test_what_is_not_one_mailbox_is_refused(written: str) -> None:
    with pytest.raises(AddressError):
        mailbox(written)


def test_people_whom_an_older_program_stored_are_looked_for_under_each_spelling() -> None:
    assert spellings(" A@München.example")[0] == "a@xn--mnchen-3ya.example"
    assert spellings("a@☃.example") == ("a@☃.example",)
    assert former_spelling("a@☃.example") == "a@xn--n3h.example"
    assert former_spelling("a@straße.example") == "a@strasse.example"
    assert former_spelling("a@" + "ü" * 80) == ""
    assert address_key("E\u0301@example.org") == address_key("é@example.org")
    assert address_key("straße@example.org") != address_key("strasse@example.org")


def test_a_domain_alone_is_read_as_in_an_address() -> None:
    assert ascii_domain("Straße.example") == "xn--strae-oqa.example"
    with pytest.raises(AddressError):
        ascii_domain("a b.example")
