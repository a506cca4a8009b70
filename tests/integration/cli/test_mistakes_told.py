"""What commands print about a configuration that is wrong, or that deserves advice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from tests.conftest import Blog


def changed(blog: Blog, old: str, new: str) -> None:
    config = blog.home / "digest.toml"
    text = config.read_text("utf-8")
    assert old in text
    config.write_text(text.replace(old, new, 1), "utf-8")


def test_check_prints_each_mistake_on_a_line_or_as_an_object(blog: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    file = blog.home / "digest.toml"
    changed(blog, 'title = "山上"', 'titel = "山上"')
    monkeypatch.setenv("DIGEST_TICK", "often")
    lines = [
        f"digest: {file}:4: sources.blog.title: is missing (see docs/settings.md)",
        f"digest: {file}:6: sources.blog.titel: there is no such setting (did you mean title?)",
        "digest: the variable DIGEST_TICK: tick: 'often' is not a duration: write 30s, 15m, 2h, 3d or 1w",
    ]

    assert blog.run("check", code=2).splitlines() == lines
    assert blog.run("status", code=2).splitlines() == lines
    printed = [json.loads(line) for line in blog.run("check", "--json", code=2).splitlines()[:3]]
    assert {(one["part"], one["ok"], one["level"]) for one in printed} == {("configuration", False, "error")}
    assert [(one["setting"], one["file"], one["line"], one["variable"]) for one in printed] == [
        ("sources.blog.title", str(file), 4, None),
        ("sources.blog.titel", str(file), 6, None),
        ("tick", None, None, "DIGEST_TICK"),
    ]
    assert printed[1]["says"] == "there is no such setting (did you mean title?)"


def test_run_names_all_that_it_lacks_at_once(blog: Blog) -> None:
    written = (blog.home / "digest.toml").read_text("utf-8")
    changed(blog, written[written.index("[[sources]]") : written.index("[[digests]]")], "")
    relay = 'transport = "smtp"\nhost = "127.0.0.1"\nusername = "me"\npassword_file = "no-password"'
    fallback = '[fallback]\nhost = "127.0.0.1"\nusername = "me"\noauth_token_file = "no-token"'
    hooks = '[hooks]\nbrevo_secret = "short"\nresend_secret_file = "no-secret"'
    changed(blog, 'path = "mail"', f"{relay}")
    with (blog.home / "digest.toml").open("a", encoding="utf-8") as config:
        config.write(f'{fallback}\n[dkim]\nkey_file = "no-key"\n{hooks}\n')

    said = blog.run("run", code=2).splitlines()

    assert len(said) == 6, said
    for line, words in zip(
        said,
        ("sources: no source", "no-key", "no-password", "no-token", "hooks.brevo_secret: has fewer", "no-secret"),
        strict=True,
    ):
        assert line.startswith("digest: ")
        assert words in line
    assert not (blog.home / "var").exists()


def test_check_says_what_is_lost_without_an_operator(blog: Blog) -> None:
    blog.write("page.txt", "甲\nBy 山客 | 2026-03-14 | 100位读者 | 引用第一段。\n最近评论\n")

    def said() -> list[str]:
        lines = [json.loads(line) for line in blog.run("check", "--json").splitlines()]
        return [one["says"] for one in lines if one["part"] == "operator"]

    (lost,) = said()
    assert "nobody is alerted to problems" in lost
    changed(blog, "[mail]", '[alerts]\nmail = ["me@example.org"]\n[mail]')
    (former,) = said()
    assert "write operator instead" in former
    changed(blog, '[alerts]\nmail = ["me@example.org"]\n', "")
    changed(blog, "data_dir", 'operator = "me@example.org"\ndata_dir')
    assert said() == []
