"""`digest console`: the first link, and who may log in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Blog


@pytest.fixture
def on(blog: Blog) -> Blog:
    config = blog.home / "digest.toml"
    config.write_text(f"{config.read_text('utf-8')}[console]\non = true\n", "utf-8")
    return blog


def test_without_the_console_there_is_no_link(blog: Blog) -> None:
    assert "console.on: the console is off" in blog.run("console", "link", code=2)


def test_a_link_adds_a_user_and_another_does_not(on: Blog) -> None:
    first, second = on.run("console", "link"), on.run("console", "link")
    assert first.startswith("https://digest.example.org/console/link/")
    assert "It logs in admin (admin), once, within 15 minutes." in first
    assert first != second
    made = json.loads(on.run("console", "link", "--user", "ben", "--role", "viewer", "--json"))
    assert (made["name"], made["role"]) == ("ben", "viewer")
    assert "cannot be the name" in on.run("console", "link", "--user", "a/b", code=1)
    users = [json.loads(line) for line in on.run("console", "users", "--json").splitlines()]
    assert [(one["name"], one["role"], one["disabled"], one["sessions"]) for one in users] == [
        ("admin", "admin", False, 0),
        ("ben", "viewer", False, 0),
    ]


def test_a_revoked_user_gets_no_link_until_they_are_enabled(on: Blog) -> None:
    on.run("console", "link")
    on.run("console", "link", "--user", "ben", "--role", "editor")
    assert "may log in" not in on.run("console", "revoke", "ben", "--sessions")
    assert "may not log in any more" in on.run("console", "revoke", "ben")
    assert "ben is disabled" in on.run("console", "link", "--user", "ben", code=1)
    assert "editor, disabled" in on.run("console", "users")
    on.run("console", "enable", "ben")
    on.run("console", "link", "--user", "ben")
    assert "only admin" in on.run("console", "revoke", "admin", code=1)
    assert "no user 'nobody'" in on.run("console", "revoke", "nobody", code=1)


def test_what_the_commands_do_is_in_the_audit_log(on: Blog) -> None:
    url = on.run("console", "link", "--user", "ben", "--role", "editor").split()[0]
    on.run("console", "link", "--user", "ann")
    on.run("console", "revoke", "ben")
    log = on.run("audit", "list", "--json")
    acts = [json.loads(line) for line in log.splitlines()]
    assert [(one["act"], one["target"], one["via"]) for one in acts] == [
        ("users.disable", "ben", "command"),
        ("users.link", "ann", "command"),
        ("users.link", "ben", "command"),
    ]
    assert (acts[0]["before"], acts[0]["after"]) == ({"disabled": False}, {"disabled": True})
    assert url.rpartition("/")[2] not in log
