"""Changes over a configuration: key by key, with their place in every mistake, and as a document that is edited."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from digest.dumps.configured import load_settings
from digest.errors import MistakesError, SettingError
from digest.settings import changes
from digest.settings.changes import key_of, text_of, typed, with_value, without_key
from digest.settings.effective import Origin, effective
from digest.settings.loading import read_layers

if TYPE_CHECKING:
    from pathlib import Path

    from digest.settings import Settings

CONFIGURATION = """\
data_dir = "var"
title = "Blog"
[mail]
host = "mx.example.org"
[[sources]]
id = "blog"
title = "A"
path = "x"
stale = "3d"
[[sources]]
id = "old"
title = "O"
path = "o"
[[sources]]
id = "last"
title = "L"
path = "l"
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "digest.toml").write_text(CONFIGURATION, "utf-8")
    (tmp_path / "var" / "changes").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIGEST_CONFIG", "digest.toml")
    return tmp_path


def loaded(home: Path, text: str) -> Settings:
    (home / "var" / "changes" / "settings.toml").write_text(text, "utf-8")
    return load_settings()


def mistakes(home: Path, text: str) -> list[str]:
    with pytest.raises(MistakesError) as caught:
        loaded(home, text)
    return [str(one).replace(f"{home}/", "") for one in caught.value.mistakes]


def test_a_change_overrides_only_what_it_names(home: Path) -> None:
    settings = loaded(
        home,
        'title = "New"\n[mail]\nport = 2525\n[[sources]]\nid = "blog"\nevery = "1h"\n'
        '[[sources]]\nid = "more"\ntitle = "M"\npath = "m"\n',
    )
    blog, *_, more = settings.sources
    assert (settings.title, settings.mail.host, settings.mail.port) == ("New", "mx.example.org", 2525)
    assert (blog.title, str(blog.every), blog.path) == ("A", "1:00:00", home / "x")
    assert (more.id, more.path) == ("more", home / "m"), "paths start from the configuration, as all do"
    assert settings.changed == (
        "title", "mail.port", "sources.blog.every", "sources.more.title", "sources.more.path",
    )  # fmt: skip


def test_what_is_unset_has_its_default_or_is_gone(home: Path) -> None:
    settings = loaded(home, 'unset = ["sources.blog.stale", "sources.old", "mail.host", "sources.gone"]\n')
    assert [source.id for source in settings.sources] == ["blog", "last"]
    assert settings.sources[0].stale is None
    assert settings.mail.host != "mx.example.org"


def test_variables_win_over_changes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_TITLE", "Variable")
    assert loaded(home, 'title = "New"\n').title == "Variable"


def test_mistakes_name_the_file_the_line_and_what_to_do(home: Path) -> None:
    file = "var/changes/settings.toml"
    assert mistakes(
        home,
        'unset = ["sources.old", "mail.hots"]\ndatabase_url = "postgresql://x"\n[mail]\npasswort = 1\npassword = "p"\n'
        '[[sources]]\nid = "last"\nevery = "soon"\n[[sources]]\ntitle = "no id"\n[[sources]]\nid = "new"\ntitle = "N"\n'
        '[[sources]]\nid = "blog"\nurl = "https://example.org/"\n',
    ) == [
        f"{file}:1: mail.hots: there is no such setting (did you mean host?)",
        (
            f"{file}:2: database_url: decides where this file lies, so it cannot be changed in it "
            "(set it in the configuration file, or by a variable)"
        ),
        f"{file}:4: mail.passwort: there is no such setting (did you mean password?)",
        (
            f"{file}:5: mail.password: is a secret, which is not written here "
            "(put it into a file that only Digest can read, and set password_file)"
        ),
        f"{file}:8: sources.last.every: 'soon' is not a duration: write 30s, 15m, 2h, 3d or 1w",
        f"{file}:9: sources.#2: has no id (write the id of the one of the sources that it changes)",
        (
            f"{file}:11: sources.new: nothing says where its dumps come from "
            "(write `path = ...`, `url = ...` or `command = [...]`)"
        ),
        (
            f"{file}:16: sources.blog.url: has path and url: the dumps of one source come from one place "
            "(make a second source)"
        ),
    ]


def test_lines_of_the_configuration_stay_right_behind_a_removed_table(home: Path) -> None:
    (home / "digest.toml").write_text(CONFIGURATION.replace('path = "l"', 'pth = "l"'), "utf-8")
    assert mistakes(home, 'unset = ["sources.old"]\n')[1] == (
        "digest.toml:17: sources.last.pth: there is no such setting (did you mean path?)"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = ", ":1: is not TOML: Invalid value"),
        ("[sources]\nid = 'x'\n", ":1: sources: must be a table of its own for each (write [[sources]] with two "),
        ("unset = 'title'\n", ":1: unset: must be a list of keys in brackets"),
        ("[[sources]]\nid = 'a'\n[[sources]]\nid = 'a'\n", ":3: sources.#2: another table has this id too"),
        ("data_dir = 'x'\n", ":1: data_dir: decides where this file lies"),
        ("nonsense = 1\n", ":1: nonsense: there is no such setting"),
    ],
)
def test_a_document_of_another_form_is_refused(home: Path, text: str, said: str) -> None:
    assert any(one.startswith(f"var/changes/settings.toml{said}") for one in mistakes(home, text))


def test_the_former_file_of_added_sources_is_still_read(home: Path) -> None:
    (home / "var" / "sources.toml").write_text('[[sources]]\nid = "added"\ntitle = "B"\npath = "y"\n', "utf-8")
    settings = loaded(home, '[[sources]]\nid = "added"\ntitle = "C"\n')
    assert [(one.id, one.title) for one in settings.sources][-1] == ("added", "C")


# --- documents ------------------------------------------------------------------------------------


def edited(home: Path, *pairs: tuple[str, object]) -> dict[str, Any]:
    before = read_layers(home / "digest.toml").before
    document: dict[str, Any] = {}
    for key, value in pairs:
        document = with_value(document, key_of(key), value, before)
    return document


def test_a_document_survives_its_text(home: Path) -> None:
    drawing = "{title}\non {date}\n{text}\n"
    document = edited(
        home,
        ("title", 'a "quote" and \\ and 中\x7f'),
        ("sources.blog.backlog", 3),
        ("sources.blog.allow_private", True),
        ("sources.more", {"title": "M", "url": ["https://a.example/", "https://b.example/"]}),
        ("layouts.news", {"entry": drawing, "ends": ["x", "'''\n'"], "fields": {"a b": 1}}),
        ("mail.per_domain", None),
        ("mail.host", None),
        ("sources.old", None),
    )  # fmt: skip
    text = text_of(document)
    assert tomllib.loads(text) == document
    assert f"entry = '''\n{drawing}'''" in text, "a drawing looks as it is drawn"
    assert document["unset"] == ["mail.host", "sources.old"], "only what the configuration sets"
    written = changes.file_text(text, 7)
    assert (changes.revision_in(written), tomllib.loads(written)) == ((7, False), document)
    assert changes.revision_in(written.replace("backlog = 3", "backlog = 4")) == (7, True)
    assert changes.revision_in("title = 'by hand'\n") == (0, True)


def test_each_change_can_be_taken_back(home: Path) -> None:
    pairs: list[tuple[str, object]] = [
        ("title", "N"),
        ("console.oidc.issuer", "https://id.example.org"),
        ("console.oidc.title", "ID"),
        ("mail.host", "other.example"),
        ("sources.blog.every", "1h"),
        ("sources.blog.stale", None),
        ("sources.more", {"title": "M", "path": "m"}),
        ("sources.old", None),
    ]
    document = edited(home, *pairs)
    for key in (
        "sources.more.path",
        "title",
        "console.oidc.title",
        "console",
        "mail",
        "sources.blog",
        "sources.more",
        "sources.old",
    ):
        smaller = without_key(document, key_of(key))
        assert smaller != document
        document = smaller
    assert document == {}


def test_a_removed_table_comes_back_with_its_next_value(home: Path) -> None:
    assert edited(home, ("sources.old", None), ("sources.old.every", "2h")) == {
        "sources": [{"id": "old", "every": "2h"}]
    }


def test_a_renamed_source_has_its_new_name_everywhere() -> None:
    document = {
        "unset": ["sources.old.stale", "sources.older", "sources.old"],
        "sources": [{"id": "old", "every": "1h"}, {"id": "older", "title": "old"}],
        "digests": [{"id": "old", "sources": ["old", "older"]}],
        "mail": {"host": "old"},
    }
    assert changes.with_name(document, "sources", "old", "new") == {
        "unset": ["sources.new.stale", "sources.older", "sources.new"],
        "sources": [{"id": "new", "every": "1h"}, {"id": "older", "title": "old"}],
        "digests": [{"id": "old", "sources": ["new", "older"]}],
        "mail": {"host": "old"},
    }


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("sources.blog.evry", "did you mean every"),
        ("nonsense", "there is no such setting"),
        ("mail.", "there is no such setting"),
        ("mail.password", "is a secret"),
        ("webhooks.a.secret", "is a secret"),
        ("console.oidc.client_secret", "is a secret"),
        ("data_dir", "decides where this file lies"),
        ("layouts.a.b.c", "there is no such setting"),
    ],
)
def test_a_key_that_changes_may_not_set_is_refused(key: str, problem: str) -> None:
    with pytest.raises(SettingError, match=problem):
        key_of(key)


@pytest.mark.parametrize(
    ("key", "written", "value"),
    [
        ("title", "2026", "2026"),
        ("sources.blog.every", "15m", "15m"),
        ("sources.blog.backlog", "3", 3),
        ("sources.blog.robots", "false", False),
        ("sources.blog.keep", "0.5", 0.5),
        ("sources.blog.layouts", '["a", "b"]', ["a", "b"]),
        ("sources.blog.url", "https://example.org/", "https://example.org/"),
        ("sources.blog.earliest", "2020", "2020"),
        ("layouts.news.ends", '["a"]', ["a"]),
        ("layouts.news.entry", "{title}", "{title}"),
    ],
)
def test_a_text_of_the_command_line_has_the_type_of_its_setting(key: str, written: str, value: object) -> None:
    assert typed(key_of(key), written) == value


# --- where values come from -----------------------------------------------------------------------


def test_each_value_names_its_origin(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_WEB_LISTEN", "127.0.0.1:9")
    monkeypatch.setenv("DIGEST_MAIL_PASSWORD", "geheim")
    loaded(home, 'unset = ["sources.old"]\ntitle = "New"\n[[sources]]\nid = "blog"\nevery = "90m"\n')
    found = {one.key: one for one in effective(read_layers())}
    every = found["sources.blog.every"]
    assert (every.value, every.origin, every.changed, every.before) == ("1h 30m", Origin.CHANGES, True, "15m")
    assert every.place == f"{home}/var/changes/settings.toml:5"
    assert (found["title"].value, found["title"].before) == ("New", "Blog")
    assert (found["mail.host"].origin, found["mail.host"].place) == (Origin.CONFIGURATION, "digest.toml:4")
    listen = found["web.listen"]
    assert (listen.origin, listen.place, listen.needs_restart) == (Origin.VARIABLE, "DIGEST_WEB_LISTEN", True)
    assert (found["mail.password"].value, found["mail.password"].secret) == ("***", True)
    assert (found["tick"].value, found["tick"].origin) == ("1m", Origin.DEFAULT)
    assert (found["sources.old"].value, found["sources.old"].origin) == (None, Origin.CHANGES)
    assert "sources.old.path" not in found
    assert "geheim" not in str(found)


def test_tables_in_tables_are_settings_like_others(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_CONSOLE_OIDC_CLIENT_SECRET", "geheim")
    text = text_of(edited(home, ("console.oidc", {"title": "ID"}), ("console.oidc.client_id", "digest")))
    assert tomllib.loads(text) == {"console": {"oidc": {"title": "ID", "client_id": "digest"}}}
    settings = loaded(home, text)
    assert settings.changed == ("console.oidc.title", "console.oidc.client_id")
    found = {one.key: one for one in effective(read_layers())}
    assert (found["console.oidc.title"].value, found["console.oidc.title"].origin) == ("ID", Origin.CHANGES)
    assert found["console.oidc.client_secret"].value == "***"
    assert "geheim" not in str(found)
    wrong = mistakes(home, '[console.oidc]\nclient_secret = "x"\n')
    assert wrong[0].startswith("var/changes/settings.toml:2: console.oidc.client_secret: is a secret")
