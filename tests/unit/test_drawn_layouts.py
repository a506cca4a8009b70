"""Layouts in a configuration and in a folder beside it: all mistakes at once, each with its file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from digest.dumps.configured import layouts_of, load_settings
from digest.dumps.declared.known import known_layouts
from digest.dumps.declared.sightings import DeclaredLayouts
from digest.dumps.feeds.reading import FeedFirst
from digest.dumps.reading import BuiltIn
from digest.errors import MistakesError
from digest.model import Layout
from digest.settings.kinds import BUILT_IN_LAYOUTS
from digest.settings.layers import append

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from digest.settings import Settings

SOURCE = '[[sources]]\nid = "blog"\ntitle = "A"\npath = "x"\n'
NEWS = "[[layouts]]\nid = 'news'\nentry = '''\n{title}\non {date}\n{text}\n'''\n"


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings | list[str]]:
    """The settings of some files, or the report of their mistakes; the first file is `digest.toml`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIGEST_CONFIG", "digest.toml")

    def read(text: str, **files: str) -> Settings | list[str]:
        (tmp_path / "digest.toml").write_text(f'data_dir = "var"\n{text}', "utf-8")
        for name, content in files.items():
            file = tmp_path / name.replace("__", "/").replace("_toml", ".toml")
            file.parent.mkdir(exist_ok=True)
            file.write_text(content, "utf-8")
        try:
            return load_settings()
        except MistakesError as error:
            return [str(one).replace(f"{tmp_path}/", "") for one in error.mistakes]

    return read


def test_mistakes_of_all_files_are_reported_at_once(loaded: Callable[..., list[str]]) -> None:
    assert loaded(
        f"{SOURCE}layouts = ['newz', 'more']\nkep = 1\n{NEWS.replace('{title}', '{titel}')}",
        layouts__a_toml='[[layouts]]\nid = "more"\nentrie = "{title}"\nends = ["The end", "{text}"]\n',
        layouts__b_toml="[[layouts]\n",
        layouts__c_toml="[[layouts]]\nid = 'last'\nentry = ['{title} =', '{title} ({date:iso})']\ndate_order = 'ymd'\n",
        var__sources_toml='[[sources]]\nid = "added"\ntitle = "B"\npth = "y"\n',
    ) == [
        "digest.toml:6: sources.blog.layouts: there is no layout 'newz' (did you mean news?)",
        "digest.toml:7: sources.blog.kep: there is no such setting (did you mean keep?)",
        (
            "digest.toml:11: layouts.news.entry: {titel} is kept as a field of that name, and no {title} is drawn "
            "(did you mean {title}?)"
        ),
        "layouts/a.toml:1: layouts.more.entry: is missing (draw one entry, such as {title} and {date} on two lines)",
        "layouts/a.toml:3: layouts.more.entrie: there is no such key (did you mean entry?)",
        "layouts/b.toml:1: is not TOML: Expected ']]' at the end of an array declaration",
        (
            "layouts/c.toml:3: layouts.last.entry.#2: {date:iso} cannot have a type (write {date}; each form of it is "
            "read)"
        ),
        'layouts/c.toml:4: layouts.last.date_order: is \'ymd\' (write "dmy" or "mdy")',
        (
            "var/sources.toml:1: sources.added: nothing says where its dumps come from "
            "(write `path = ...`, `url = ...` or `command = [...]`)"
        ),
        "var/sources.toml:4: sources.added.pth: there is no such setting (did you mean path?)",
    ]


def test_an_id_belongs_to_one_layout_and_not_to_a_built_in_one(loaded: Callable[..., list[str]]) -> None:
    assert loaded(SOURCE + NEWS, layouts__a_toml=NEWS + NEWS.replace("news", "byline")) == [
        "layouts/a.toml:2: layouts.news.id: another layout has the id 'news' too",
        "layouts/a.toml:9: layouts.byline.id: a built-in layout has this id (use another id)",
    ]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", ": contains no [[layouts]] (write [[layouts]] above each of them)"),
        ("layouts = 3\n", ": contains no [[layouts]] (write [[layouts]] above each of them)"),
        (f"{NEWS}[web]\n", ":8: web: this file is only for [[layouts]] (move it elsewhere)"),
        ("[[layouts]]\n", ':1: layouts.#1.id: is missing or no text (write a short name, such as id = "news")'),
    ],
)
def test_a_file_of_the_folder_contains_layouts_and_nothing_else(
    written: str, said: str, loaded: Callable[..., list[str]]
) -> None:
    assert loaded(SOURCE, layouts__a_toml=written)[0] == f"layouts/a.toml{said}"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("layouts = 'news'\n", "digest.toml:2: layouts: must be a table of its own for each"),
        ("layouts = ['news']\n", 'digest.toml:2: layouts.#1: must be a table of settings, not "news"'),
        ("[layouts]\nid = 'news'\n", "digest.toml:2: layouts: must be a table of its own for each"),
    ],
)
def test_layouts_are_tables(written: str, said: str, loaded: Callable[..., list[str]]) -> None:
    (found,) = loaded(written)
    assert found.startswith(said)


def test_the_line_of_a_mistake_is_that_of_the_drawing_however_it_is_quoted(loaded: Callable[..., list[str]]) -> None:
    one_line = '"{title}\\n{date:iso}"'
    for entry, line in ((one_line, 4), ("'''{title}\n{date:iso}'''", 5), ('"""\n{title}\n{date:iso}"""', 6)):
        (found,) = loaded(f"[[layouts]]\nid = 'a'\nentry = {entry}\n")
        assert found.startswith(f"digest.toml:{line}: layouts.a.entry: ")


def test_a_mistake_in_a_selector_is_reported_with_its_place(loaded: Callable[..., list[str]]) -> None:
    found = loaded(
        f"{SOURCE}layouts = ['it']\n[[layouts]]\nid = 'it'\nhtml = {{ title = 'h2[', counts = {{ reads = 'b[' }} }}\n"
    )
    assert [message.partition(": Expected")[0] for message in found] == [
        "digest.toml:9: layouts.it.html.title: 'h2[' is no CSS selector",
        "digest.toml:9: layouts.it.html.counts.reads: 'b[' is no CSS selector",
    ]


def test_a_source_gets_the_layouts_that_it_names(loaded: Callable[..., Settings]) -> None:
    settings = loaded(
        f"{SOURCE}layouts = ['more', 'byline']\n{SOURCE.replace('blog', 'other')}{NEWS}",
        layouts__a_toml=NEWS.replace("news", "more"),
        var__sources_toml=f"{SOURCE.replace('blog', 'added')}layouts = ['byline']\n",
    )
    assert [source.id for source in settings.sources] == ["blog", "other", "added"]
    blog, other, added = map(layouts_of, settings.sources)
    assert isinstance(blog, DeclaredLayouts)
    assert [layout.id for layout in blog.layouts] == ["more", "byline"]
    assert isinstance(other, FeedFirst)
    assert isinstance(added, BuiltIn)


def test_what_layouts_would_read_otherwise_has_other_rules(loaded: Callable[..., Settings]) -> None:
    def rules(layouts: str) -> int:
        return layouts_of(loaded(f"{SOURCE}layouts = ['news']\n{layouts}").sources[0]).rules(3)

    assert rules(NEWS) == rules(f"# another comment\n{NEWS}")
    assert len({rules(NEWS), rules(NEWS.replace("on ", "at ")), rules(f"{NEWS}ends = ['x']\n"), 3}) == 4


def test_the_settings_know_the_names_of_the_built_in_layouts() -> None:
    assert set(BUILT_IN_LAYOUTS) == set(Layout) == {*known_layouts(), Layout.FEED}


def test_a_table_is_added_below_everything_else_and_comments_stay(tmp_path: Path) -> None:
    file, link = tmp_path / "digest.toml", tmp_path / "link.toml"
    file.write_text("# mine\ntitle = 'A'  # this one", "utf-8")
    file.chmod(0o640)
    link.symlink_to(file)
    append(link, SOURCE)
    assert file.read_text("utf-8") == f"# mine\ntitle = 'A'  # this one\n\n{SOURCE}"
    assert file.stat().st_mode & 0o777 == 0o640
    append(tmp_path / "new.toml", SOURCE)
    assert (tmp_path / "new.toml").stat().st_mode & 0o777 == 0o644
    (tmp_path / "new.toml").unlink()
    assert link.is_symlink()
    with pytest.raises(ValueError, match="sources"):
        append(file, "[sources]\n")
    assert sorted(tmp_path.iterdir()) == [file, link]
