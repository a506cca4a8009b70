"""`digest settings` and `digest source set|pause|resume|remove`: changes without an editor, and without harm."""

from __future__ import annotations

import json
import shutil
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from digest.cli import completing

if TYPE_CHECKING:
    from tests.conftest import Article, Blog


def setting(blog: Blog, key: str) -> dict[str, Any]:
    (found,) = [one for one in blog.listed("settings", "list") if one["key"] == key]
    return found


def test_a_setting_is_set_listed_exported_and_reverted(blog: Blog) -> None:
    assert "nothing is changed" in blog.run("settings", "list", "--changed")
    out = blog.run("settings", "set", "title=Berg", "sources.blog.every=1h", "web.listen=127.0.0.1:9")
    assert "Changed: title, sources.blog.every, web.listen." in out
    assert "Restart `digest run` for web.listen" in out
    listed = blog.run("settings", "list", "--changed")
    assert 'otherwise "15m"' in listed
    assert "needs a restart" in listed
    assert len(blog.listed("settings", "list", "--changed")) == 3
    assert (setting(blog, "title")["value"], setting(blog, "title")["origin"]) == ("Berg", "changes")
    exported = tomllib.loads(blog.run("settings", "export"))
    assert exported == {"title": "Berg", "sources": [{"id": "blog", "every": "1h"}], "web": {"listen": "127.0.0.1:9"}}
    blog.run("settings", "revert", "title", "web")
    assert [one["key"] for one in blog.listed("settings", "list", "--changed")] == ["sources.blog.every"]
    blog.run("settings", "undo")
    assert len(blog.listed("settings", "list", "--changed")) == 3
    assert json.loads(blog.run("settings", "set", "title=Berg", "--json"))["keys"] == []


def test_what_is_unset_is_said_in_the_export(blog: Blog) -> None:
    blog.run("source", "set", "blog", "every=2h", "--unset", "link")
    out = blog.run("settings", "export")
    assert out.startswith("# Remove from the configuration: sources.blog.link.\n")
    assert tomllib.loads(out) == {"sources": [{"id": "blog", "every": "2h"}]}
    assert setting(blog, "sources.blog.link")["before"] == "https://blog.example.org/search/{title}/"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("set", "title"), "has no value: write title=VALUE"),
        (("set",), "give at least one KEY=VALUE"),
        (("set", "sources.blog.evry=1h"), "sources.blog.evry: there is no such setting (did you mean every?)"),
        (("set", "sources.blog.every=soon"), "sources.blog.every: 'soon' is not a duration"),
        (("set", "mail.password=geheim"), "put it into a file that only Digest can read, and set password_file"),
        (("set", "data_dir=x"), "decides where this file lies"),
        (("set", "--unset", "sources.blog"), "the last source cannot be removed"),
    ],
)
def test_a_wrong_change_is_refused_with_what_to_do(blog: Blog, arguments: tuple[str, ...], said: str) -> None:
    assert said in " ".join(blog.run("settings", *arguments, code=2).replace("│", " ").split())
    assert not (blog.home / "var" / "changes" / "settings.toml").exists()


def test_changes_that_are_wrong_by_hand_can_be_taken_back(blog: Blog) -> None:
    blog.run("settings", "set", "title=Berg", "tick=2m")
    file = blog.home / "var" / "changes" / "settings.toml"
    file.write_text(file.read_text("utf-8").replace('"2m"', '"often"'), "utf-8")
    assert f"{file}:7: tick: 'often' is not a duration" in blog.run("status", code=2)
    blog.run("settings", "revert", "tick")
    assert [one["key"] for one in blog.listed("settings", "list", "--changed")] == ["title"]
    file.write_text("title = ", "utf-8")
    assert "is not TOML" in blog.run("settings", "undo", code=2)


def test_a_paused_source_is_not_read_and_no_trouble(blog: Blog, article: type[Article]) -> None:
    blog.search("a.txt", article("甲"))
    blog.refresh()
    assert "sources.blog.paused" in blog.run("source", "pause", "blog")
    blog.search("b.txt", article("乙"))
    assert blog.run("refresh").count("blog") == 0
    (source,) = blog.listed("status")[0]["sources"]
    assert (source["paused"], source["next_at"], source["entries"]) == (True, None, 1)
    assert "paused" in blog.run("status")
    assert "is paused (`digest source resume blog` reads it again)" in blog.run("check")
    assert "`digest source resume blog`" in blog.run("source", "show", "blog")
    blog.run("source", "resume", "blog")
    assert blog.refresh()["added"] == 1
    assert set(blog.entries()) == {"甲", "乙"}


def test_a_source_is_removed_and_its_entries_stay(blog: Blog, article: type[Article]) -> None:
    blog.search("a.txt", article("甲"))
    blog.refresh()
    (blog.home / "other").mkdir()
    blog.run("settings", "set", f'sources.other={{ title = "O", path = "{blog.home}/other" }}')
    blog.run("source", "remove", "blog", "--yes")
    assert [one["source"] for one in blog.listed("status")[0]["sources"]] == ["other"]
    assert set(blog.entries()) == {"甲"}
    assert "no source 'blog'" in blog.run("source", "pause", "blog", code=1)
    blog.run("settings", "revert", "sources.blog")
    assert [one["source"] for one in blog.listed("status")[0]["sources"]] == ["blog", "other"]


def test_checks_and_the_status_say_what_is_changed(blog: Blog, article: type[Article]) -> None:
    blog.search("a.txt", article("甲"))
    blog.run("settings", "set", "title=Berg", "web.listen=127.0.0.1:9")
    file = blog.home / "var" / "changes" / "settings.toml"
    assert f"{file} overrides title, web.listen; web.listen holds after a restart" in blog.run("check")
    assert blog.listed("status")[0]["settings"] == {"revision": 1, "changed": ["title", "web.listen"]}
    assert "changed settings: title, web.listen" in blog.run("status")
    file.write_text(file.read_text("utf-8").replace("Berg", "Tal"), "utf-8")
    assert "was written by hand" in blog.run("check")


def test_a_command_that_acts_takes_over_what_another_host_changed(blog: Blog) -> None:
    blog.run("settings", "set", "title=Berg")
    file = blog.home / "var" / "changes" / "settings.toml"
    older = file.read_text("utf-8")
    blog.run("settings", "set", "sources.blog.paused=true")
    newer = file.read_text("utf-8")
    file.write_text(older, "utf-8")
    assert "the store has revision 2, and the file here 1" in blog.run("check")
    assert blog.run("refresh").count("blog") == 0, "it is paused"
    assert file.read_text("utf-8") == newer


def test_each_change_stands_in_the_audit_log_without_addresses(blog: Blog) -> None:
    blog.run("settings", "set", "operator=me@example.org", "sources.blog.every=1h")
    (act,) = [one for one in blog.listed("audit", "list") if one["act"] == "settings.set"]
    assert (act["target"], act["outcome"]) == ("operator, sources.blog.every", "done")
    assert act["before"]["sources.blog.every"] == "15m"
    assert act["after"]["operator"] == ["m***@e***.org"]


def test_completion_offers_keys_and_sources_that_were_added(blog: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_CONFIG", str(blog.home / "digest.toml"))
    blog.run("settings", "set", 'sources.more={ title = "More", path = "x" }')
    assert dict(completing._named("sources")({}, "")) == {"blog": "山上", "more": "More"}
    assert "mail.per_second=" in dict(completing._new_values({}, "mail.p"))
    assert "every=" in dict(completing._new_values({"source": "more"}, "ev"))
    assert "sources.more.every" in dict(completing._settings({}, "sources.more"))


def test_a_source_that_was_added_by_a_change_can_be_renamed(blog: Blog, article: type[Article]) -> None:
    blog.search("a.txt", article("甲"))
    more = blog.home / "more"
    more.mkdir()
    (more / "b.txt").write_text(article("乙").byline() + "最近评论\n", "utf-8")
    blog.run("settings", "set", f'sources.more={{ title = "M", path = "{more}" }}', 'digests.weekly.sources=["more"]')
    blog.run("refresh")
    blog.run("source", "rename", "more", "other")
    assert tomllib.loads(blog.run("settings", "export").partition("\n\n")[2]) == {
        "sources": [{"id": "other", "title": "M", "path": str(more)}],
        "digests": [{"id": "weekly", "sources": ["other"]}],
    }
    assert [one["entries"] for one in blog.listed("status")[0]["sources"]] == [1, 1]


# --- backups --------------------------------------------------------------------------------------


def test_a_backup_brings_changed_settings_and_templates_back(blog: Blog) -> None:
    copy, folder = blog.home / "copy.db", blog.home / "var" / "changes"
    blog.run("settings", "set", "title=Berg")
    (folder / "templates" / "web").mkdir(parents=True)
    (folder / "templates" / "web" / "about.html").write_text("Hi {{ site }}", "utf-8")
    blog.run("backup", str(copy))
    shutil.rmtree(folder)
    assert "title" not in blog.run("settings", "list", "--changed")
    blog.run("restore", str(copy), "--yes")
    assert setting(blog, "title")["value"] == "Berg"
    assert (folder / "templates" / "web" / "about.html").read_text("utf-8") == "Hi {{ site }}"
    blog.run("unfence", "--as-sent", "--yes")
    assert blog.listed("status")[0]["settings"]["changed"] == ["title", "templates/web/about.html"]


def test_a_restore_replaces_newer_changes_only_if_told_to(blog: Blog) -> None:
    copy = blog.home / "copy.db"
    blog.run("settings", "set", "title=Berg")
    blog.run("backup", str(copy))
    blog.run("settings", "set", "title=Tal")
    said = blog.run("restore", str(copy), "--yes", code=2)
    assert "are newer than those of the backup (revision 1, of " in said
    assert "--changes keep to keep them, or --changes backup to move them aside" in said
    assert not blog.listed("status")[0]["fenced"]
    assert "not backup or keep" in blog.run("restore", str(copy), "--yes", "--changes", "mine", code=2)
    blog.run("restore", str(copy), "--yes", "--changes", "keep")
    assert setting(blog, "title")["value"] == "Tal"
    restored = json.loads(blog.run("restore", str(copy), "--yes", "--json", "--changes", "backup"))
    assert setting(blog, "title")["value"] == "Berg"
    assert "Tal" in (blog.home / "var" / restored["previous_changes"] / "settings.toml").read_text("utf-8")
    blog.run("settings", "set", "title=Fluss")
    assert [one["value"] for one in blog.listed("settings", "list", "--changed")] == ["Fluss"]


def test_an_older_backup_without_changes_is_restored_as_before(blog: Blog) -> None:
    copy = blog.home / "copy.db"
    blog.run("backup", str(copy))
    assert "is restored" in blog.run("restore", str(copy), "--yes")
    blog.run("settings", "set", "title=Berg")
    assert "(it has none)" in blog.run("restore", str(copy), "--yes", code=2)
    blog.run("restore", str(copy), "--yes", "--changes", "backup")
    assert blog.listed("settings", "list", "--changed") == []
