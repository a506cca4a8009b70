"""Templates that a service holds in memory: all that it can load, unchanged, and none that is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jinja2
import pytest

from digest import files, templating
from digest.errors import ConfigurationError
from digest.templating import LANGUAGES, environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXTS = ("html", "txt", "xml", "css", "svg")


@pytest.fixture(autouse=True)
def _none_held() -> Iterator[None]:
    yield
    templating.release_templates()


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_is_text_is_held_style_sheets_too(language: str) -> None:
    files = environment(language, None)
    templating.prepare_templates(None)()
    held = environment(language, None)

    assert held is not files
    names = files.list_templates(extensions=TEXTS)
    assert "mail/style.css" in names
    assert files.loader
    assert held.loader
    for name in names:
        assert held.loader.get_source(held, name)[:2] == files.loader.get_source(files, name)[:2]


def test_what_is_held_stays_whatever_becomes_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    own = tmp_path / "mail" / "own.txt"
    own.write_text("first", "utf-8")
    templating.prepare_templates(tmp_path)()
    own.unlink()

    assert environment("en", tmp_path).get_template("mail/own.txt").render() == "first"
    templating.release_templates()
    with pytest.raises(ConfigurationError, match="no template"):
        templating.rendered("en", tmp_path, "mail/own.txt", {})


@pytest.mark.parametrize("wrong", [b"{% if %}", b"\xff\xfe"])
def test_a_wrong_template_changes_nothing(tmp_path: Path, wrong: bytes) -> None:
    own = tmp_path / "own.txt"
    own.write_text("first", "utf-8")
    templating.prepare_templates(tmp_path)()
    own.write_bytes(wrong)

    with pytest.raises(ConfigurationError):
        templating.prepare_templates(tmp_path)
    assert environment("en", tmp_path).get_template("own.txt").render() == "first"


def test_a_picture_among_templates_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\xff")

    templating.prepare_templates(tmp_path)()
    assert (files.shipped_folder("templates") / "web").is_dir()


def test_a_text_is_compiled_once_for_all_languages_and_anew_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []
    compile_source = jinja2.Environment.compile

    def counted(self: jinja2.Environment, source: str, *more: str) -> object:
        compiled.append(source)
        return compile_source(self, source, *more)  # type: ignore[call-overload]

    monkeypatch.setattr(jinja2.Environment, "compile", counted)
    own = tmp_path / "own.txt"
    for text in ("first {{ _('New') }}", "second {{ _('New') }}", "first {{ _('New') }}"):
        own.write_text(text, "utf-8")
        compiled.clear()
        with templating.trial(tmp_path):
            shown = [templating.rendered(language, tmp_path, "own.txt", {}) for language in LANGUAGES]
        assert compiled == [text]
        assert [one.split()[0] for one in shown] == [text.split()[0]] * len(LANGUAGES)
        assert len(set(shown)) == len(LANGUAGES), "each in its own words"
