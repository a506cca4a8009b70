"""Changed settings in every store: versions, files in step with them, conflicts, and crashes between two steps."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from digest.app import opened
from digest.dumps.configured import load_settings
from digest.errors import ConfigurationError, ConflictError, SettingError, UnknownError
from digest.service.settings import changing, files, following
from digest.store import open_store
from tests.contract.conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.settings import Settings
    from digest.store.transaction import Store
    from tests.postgres import Server

CONFIGURATION = """\
data_dir = "{data}"
database_url = "{url}"
title = "Blog"
[[sources]]
id = "blog"
title = "A"
path = "x"
"""


@dataclass
class Host:
    """A machine with its own data_dir on a store; each method does what a command or the service does there."""

    home: Path
    store: Store

    @property
    def file(self) -> Path:
        return self.home / "var" / "changes" / "settings.toml"

    @property
    def settings(self) -> Settings:
        return load_settings(self.home / "digest.toml")

    def change(self, values: dict[str, object], **more: Any) -> changing.Changed:
        return changing.change(self.store, self.settings, values, actor="ann", now=NOW, **more)

    def revert(self, *keys: str) -> changing.Changed:
        return changing.revert(self.store, self.settings, keys, actor="ann", now=NOW)

    def undo(self) -> changing.Changed:
        return changing.undo(self.store, self.settings, actor="ann", now=NOW)

    def template(self, name: str, text: str | None, **more: Any) -> changing.Changed:
        tried = more.pop("tried", lambda _: None)
        return changing.change_template(
            self.store, self.settings, name, text, tried=tried, actor="ann", now=NOW, **more
        )

    def follow(self) -> bool:
        return following.follow(self.store, self.settings, NOW)


def host(home: Path, store: Store, url: str) -> Host:
    home.mkdir()
    (home / "digest.toml").write_text(CONFIGURATION.format(data="var", url=url), "utf-8")
    return Host(home, store)


BOTH = pytest.mark.parametrize("url", ["file", "postgresql"], indirect=True)


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if getattr(request, "param", "file") == "file":
        return f"sqlite:///{tmp_path / 'digest.db'}"
    server: Server = request.getfixturevalue("postgres")
    return server.emptied(request.getfixturevalue("postgres_scratch"))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    made = open_store(url)
    yield made
    made.close()


@pytest.fixture
def here(tmp_path: Path, store: Store, url: str) -> Host:
    return host(tmp_path / "here", store, url)


@pytest.fixture
def there(tmp_path: Path, store: Store, url: str) -> Host:
    return host(tmp_path / "there", store, url)


@BOTH
def test_a_change_holds_and_says_what_it_did(here: Host) -> None:
    done = here.change({"title": "New", "sources.blog.every": "1h", "web.listen": "127.0.0.1:9090"})
    assert (done.revision, done.restart) == (1, ("web.listen",))
    assert set(done.keys) == {"title", "sources.blog.every", "web.listen"}
    assert (done.settings.title, here.settings.title) == ("New", "New")
    assert (here.settings.revision, here.settings.changed[0]) == (1, "title")
    assert changing.exported(here.store) == (
        "# If the configuration has a table with the same id, write these keys into it.\n\n"
        'title = "New"\n\n[[sources]]\nid = "blog"\nevery = "1h"\n\n[web]\nlisten = "127.0.0.1:9090"\n'
    )
    assert not here.follow(), "files and store are in step"


def test_a_new_source_and_a_removed_one_are_one_change_each(here: Host) -> None:
    assert here.change({"sources.more": {"title": "M", "path": "m"}}).keys == ("sources.more",)
    assert here.change({"sources.blog": None}).keys == ("sources.blog",)
    assert [one.id for one in here.settings.sources] == ["more"]
    here.revert("sources.blog")
    assert [one.id for one in here.settings.sources] == ["blog", "more"]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"sources.blog.every": "soon"}, "sources.blog.every: 'soon' is not a duration"),
        ({"title": "New", "sources.new": {"title": "N"}}, "sources.new: nothing says where its dumps come from"),
        ({"sources": []}, "sources: is a list of tables"),
        ({"mail.password": "x"}, "mail.password: is a secret"),
        ({"mail": {"password": "x"}}, "mail.password: is a secret"),
        ({"database_url": "x"}, "database_url: decides where this file lies"),
        ({"digests.weekly": {"title": "W", "template": "none"}}, "there is no template 'none'"),
        ({"layouts.news": {"entry": "{title"}}, "layouts.news"),
        ({"sources.blog": None}, "the last source cannot be removed"),
        ({"dkim.key_file": "nowhere", "dkim.domain": "example.org"}, "nowhere"),
    ],
)
def test_a_wrong_change_writes_nothing(here: Host, values: dict[str, object], problem: str) -> None:
    here.change({"title": "First"})
    before = here.file.read_bytes()
    with pytest.raises(ConfigurationError, match=problem.replace("{", r"\{")):
        here.change(values)
    assert (here.file.read_bytes(), following.revision_of(here.store)) == (before, 1)
    assert [one.name for one in here.file.parent.iterdir() if ".tmp" in one.name] == []


def test_a_change_that_a_variable_overrides_is_refused(here: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_TITLE", "Variable")
    with pytest.raises(SettingError, match=r"the variable DIGEST_TITLE: title: a variable sets it"):
        here.change({"title": "New"})


def test_a_change_to_the_present_value_is_none(here: Host) -> None:
    assert here.change({"title": "Blog", "sources.blog.every": "15m"}).revision == 0
    assert not here.file.exists()


@BOTH
def test_a_form_that_was_opened_earlier_does_not_overwrite_a_newer_change(here: Host) -> None:
    here.change({"title": "First"}, revision=0)
    with pytest.raises(ConflictError, match=r"changed by ann since: this is revision 1, not 0") as caught:
        here.change({"title": "Second"}, revision=0)
    assert caught.value.revision == 1
    with pytest.raises(ConflictError):
        here.template("web/about.html", "x", revision=0)
    assert here.settings.title == "First"


@BOTH
def test_writers_at_the_same_time_lose_nothing(here: Host) -> None:
    keys = ("title", "contact", "tick", "web.listen", "feed.newest", "sources.blog.every")
    values = ("T", "a@example.org", "2m", "127.0.0.1:9", 60, "2h")
    problems: list[Exception] = []

    def write(key: str, value: object) -> None:
        try:
            here.change({key: value})
        except Exception as error:  # noqa: BLE001 - it is shown below
            problems.append(error)

    writers = [threading.Thread(target=write, args=pair) for pair in zip(keys, values, strict=True)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)
    assert problems == []
    assert sorted(here.settings.changed) == sorted(keys)
    assert following.revision_of(here.store) == len(keys) == here.settings.revision


@BOTH
def test_undo_goes_back_step_by_step(here: Host) -> None:
    here.change({"title": "First"})
    here.change({"title": "Second"})
    here.template("web/about.html", "{{ site }}")
    assert here.undo().keys == ("templates/web/about.html",)
    assert here.undo().settings.title == "First"
    assert here.undo().settings.title == "Blog"
    with pytest.raises(UnknownError, match="no earlier version"):
        here.undo()
    here.change({"title": "Third"})
    assert here.undo().settings.title == "Blog"


def test_only_the_newest_versions_are_kept(here: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "KEPT", 3)
    for number in range(5):
        here.change({"title": f"T{number}"})
    assert [one.revision for one in changing.versions(here.store)] == [5, 4, 3]
    here.undo()
    assert here.settings.title == "T3"


def test_what_is_not_changed_cannot_be_reverted(here: Host) -> None:
    here.change({"title": "First"})
    with pytest.raises(UnknownError, match=r"no change of 'tick' \(changed: title\)"):
        here.revert("tick")
    with pytest.raises(UnknownError, match="no edited template"):
        here.template("web/about.html", None)


def test_a_change_that_others_need_is_not_reverted(here: Host) -> None:
    here.change({"layouts.news": {"entry": "{title}\non {date}\n{text}\n"}})
    here.change({"sources.blog.layouts": ["news"]})
    with pytest.raises(ConfigurationError, match="there is no layout 'news'"):
        here.revert("layouts.news")


# --- templates ------------------------------------------------------------------------------------


def test_an_edited_template_is_tried_before_it_is_written(here: Host) -> None:
    tried: list[str] = []

    def look(settings: Settings) -> None:
        (folder,) = settings.template_folders
        tried.append((folder / "web" / "about.html").read_text("utf-8"))
        if "wrong" in tried[-1]:
            raise ConfigurationError("'wrong' is undefined", place=f"{folder}/web/about.html:3")

    assert here.template("web/about.html", "good", tried=look).keys == ("templates/web/about.html",)
    with pytest.raises(ConfigurationError, match=r"^web/about.html:3: 'wrong' is undefined"):
        here.template("web/about.html", "wrong", tried=look)
    assert tried == ["good", "wrong"]
    (folder,) = here.settings.template_folders
    assert (folder / "web" / "about.html").read_text("utf-8") == "good"
    assert changing.edited_templates(here.store) == {"web/about.html": "good"}
    here.template("web/about.html", None, tried=lambda _: None)
    assert not (folder / "web" / "about.html").exists()


@pytest.mark.parametrize(
    "name", ["../x.html", "web/../../x.html", "/etc/x.html", "web/.x.html", "other/x.html", "web/x.py"]
)
def test_a_template_lies_nowhere_else(here: Host, name: str) -> None:
    with pytest.raises(ConfigurationError, match="is not the name of a template"):
        here.template(name, "x")


# --- in step --------------------------------------------------------------------------------------


@BOTH
def test_a_change_reaches_every_process(here: Host, there: Host) -> None:
    here.change({"title": "New"})
    here.template("web/about.html", "x")
    assert there.settings.title == "Blog"
    assert there.follow(), "its settings have to be read again"
    assert (there.settings.title, there.settings.revision) == ("New", 2)
    assert there.file.read_bytes() == here.file.read_bytes()
    there.change({"title": "Newer"})
    here.change({"tick": "2m"})
    assert (here.settings.title, following.revision_of(here.store)) == ("Newer", 4)


def test_what_does_not_fit_another_configuration_stays_away_from_it(here: Host, there: Host) -> None:
    (there.home / "digest.toml").write_text(
        (there.home / "digest.toml").read_text("utf-8").replace("path", "url"), "utf-8"
    )
    (there.home / "digest.toml").write_text(
        (there.home / "digest.toml").read_text("utf-8").replace('"x"', '"https://example.org/"'), "utf-8"
    )
    here.change({"sources.blog.path": "other"})
    with pytest.raises(ConfigurationError, match="has path and url"):
        there.follow()
    assert there.settings.sources[0].path is None
    assert not there.file.exists()


def test_what_was_written_by_hand_becomes_a_version(here: Host, there: Host) -> None:
    here.file.parent.mkdir(parents=True)
    here.file.write_text('title = "By hand"\n', "utf-8")
    assert not here.follow(), "the settings were read from it"
    here.change({"tick": "2m"})
    here.file.write_text(here.file.read_text("utf-8").replace("By hand", "Again"), "utf-8")
    (here.file.parent / "templates" / "web").mkdir(parents=True)
    (here.file.parent / "templates" / "web" / "about.html").write_text("x", "utf-8")
    here.follow()
    there.follow()
    assert (there.settings.title, str(there.settings.tick), len(there.settings.template_folders)) == (
        "Again", "0:02:00", 1,
    )  # fmt: skip
    assert here.undo().settings.title == "By hand"


def test_a_newer_version_wins_over_one_that_was_written_by_hand_meanwhile(here: Host, there: Host) -> None:
    here.change({"title": "First"})
    there.change({"title": "Second"})
    here.file.write_text(here.file.read_text("utf-8").replace("First", "By hand"), "utf-8")
    here.follow()
    assert here.settings.title == "Second"
    (aside,) = here.file.parent.glob("settings.toml.replaced-*")
    assert "By hand" in aside.read_text("utf-8")


def test_sources_that_an_earlier_version_added_are_among_the_changes_then(here: Host) -> None:
    earlier = here.home / "var" / "sources.toml"
    earlier.parent.mkdir(parents=True, exist_ok=True)
    earlier.write_text('[[sources]]\nid = "added"\ntitle = "B"\npath = "y"\n', "utf-8")
    here.change({"sources.added.every": "1h"})
    assert not earlier.exists()
    assert [(one.id, one.title, str(one.every)) for one in here.settings.sources][1:] == [("added", "B", "1:00:00")]
    here.revert("sources.added")
    assert [one.id for one in here.settings.sources] == ["blog"]


# --- crashes --------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process dies here."""


def steps(host: Host, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every step of a change at which the process may die, by its name."""
    done: list[str] = []
    for owner, name in STEPS:
        original = getattr(owner, name)

        def noted(*args: Any, _name: str = name, _do: Any = original, **named: Any) -> Any:
            done.append(_name)
            if host.home.joinpath("die").exists() and len(done) > int((host.home / "die").read_text()):
                raise Killed
            result = _do(*args, **named)
            done.append(_name)
            if host.home.joinpath("die").exists() and len(done) > int((host.home / "die").read_text()):
                raise Killed
            return result

        monkeypatch.setattr(owner, name, noted)
    return done


STEPS = [
    (files.Written, "_draft"),
    (files.Written, "put"),
    (Path, "replace"),
    (Path, "unlink"),
    (files, "_sync"),
    (changing, "store_version"),
]


@BOTH
def test_a_crash_at_any_step_leaves_the_old_or_the_new(here: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    here.change({"title": "T0"})
    here.template("web/about.html", "T0")
    here.template("web/gone.html", "T0")
    content = following.content_of(following.newest_version(here.store))
    done = steps(here, monkeypatch)

    def change_all(title: str) -> None:
        new = following.Content(
            {**content.document, "title": title}, {"web/about.html": title, f"web/{title}.html": title}
        )
        changing._apply(here.store, here.settings, lambda *_: new, title, actor="ann", now=NOW, revision=None)

    change_all("T1")
    count, seen = len(done), set()
    assert count > 20
    (here.home / "die").write_text(str(10**6))
    for step in range(count):
        before, after = here.settings.title, f"N{step}"
        done.clear()
        (here.home / "die").write_text(str(step))
        try:
            change_all(after)
        except Killed:
            seen.add(step)
        (here.home / "die").write_text(str(10**6))
        assert load_settings(here.home / "digest.toml").title in {before, after}, "a start is possible at once"
        here.follow()
        title = here.settings.title
        assert title in {before, after}
        (folder,) = here.settings.template_folders
        texts = {file.name: file.read_text("utf-8") for file in (folder / "web").glob("[!.]*")}
        assert texts == {"about.html": title, f"{title}.html": title}, "templates and settings are of one version"
    assert len(seen) >= count - 1


def test_the_store_opens_with_the_settings_of_a_change(here: Host) -> None:
    here.change({"digests.weekly": {"title": "W"}})
    with opened(here.settings) as store:
        assert following.revision_of(store) == 1
