"""`digest check` renders each template with samples: what would break a page or mail is reported with its line."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from digest import files, templating
from digest.service.mailing.samples.blog import sample_blog
from digest.settings import Settings
from digest.templating import template_names
from digest.web.sample_pages import sample_pages
from digest.web.template_trials import try_templates

if TYPE_CHECKING:
    from tests.conftest import Blog

ROOT = Path(__file__).resolve().parents[3]
OURS = files.shipped_folder("templates")


@pytest.fixture
def own(blog: Blog) -> Path:
    """The folder of the operator's templates."""
    config = blog.home / "digest.toml"
    config.write_text('templates = "own"\n' + config.read_text("utf-8"), "utf-8")
    return blog.home / "own"


def put(own: Path, name: str, text: str) -> Path:
    file = own / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def test_the_samples_come_by_every_template_of_ours_and_all_are_right() -> None:
    tried = try_templates(Settings())
    assert (tried.problems, tried.odd) == ((), ())
    never = {name for name in templating.template_names(None) if name not in tried.rendered}
    assert never == {"web/latinmodern-math-LICENSE.txt"}
    assert tried.templates > 45


def test_every_page_that_is_served_is_tried_with_the_values_that_it_is_given() -> None:
    given: dict[str, set[str]] = {}
    web = ROOT / "digest" / "web"
    for file in (*web.glob("*.py"), web / "api" / "application.py"):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                continue
            if call.func.attr == "page":
                names = {one.arg for one in call.keywords if one.arg} - {"code", "private"}
            elif call.func.attr == "_page" and len(call.args) == 3:
                written = call.args[2]
                assert isinstance(written, ast.Dict)
                names = {str(key.value) for key in written.keys if isinstance(key, ast.Constant)}
                assert len(names) == len(written.keys)
            else:
                continue
            page = call.args[1]
            assert isinstance(page, ast.Constant)
            given.setdefault(str(page.value), set()).update(names)
    with sample_blog(Settings()) as blog:
        tried: dict[str, set[str]] = {}
        for name, values in sample_pages(blog, "en"):
            tried.setdefault(name, set()).update(values.keys() - {"path"})  # which every page is given
    assert tried == given


WRONG = [
    {
        "mail/weekly/subject.txt": ("{{ span }}\n{{ titel }}", r":2: 'titel' is undefined \(did you mean title\?\)"),
        "mail/confirm/text.txt": ("\n\n{{ link }}", r":3: 'link' is undefined"),
        "mail/access/html.html": ('{% include "mail/none.html" %}', r"there is no template mail/none\.html"),
        "mail/welcome/html.html": ("{{ digests[0].titel }}", r":1: .*'titel'"),
        "mail/move/subject.txt": ("{% if %}", r":1: "),
        "mail/trial/html.html": ("{{ subjekt }}", r":1: 'subjekt' is undefined \(did you mean subject\?\)"),
        "web/missing.html": ("{{ sight }}", r":1: 'sight' is undefined"),
        "web/busy.html": ("{{ 1 // 0 }}", r":1: .*zero"),
        "web/facts.html": ("{{ entry.reeders }}", r":1: .*'reeders'"),
    },
    {
        "mail/weekly/html.html": ("<p>{{ new[0].titel }}</p>", r":1: .*no attribute 'titel'"),
        "web/base.html": ("{{ sitee }}{% block content %}{% endblock %}", r":1: 'sitee' is undefined"),
    },
    {  # what no sample comes by
        "mail/weekly/subject.txt": (
            "{{ span }}\n\n{% if count > 1000 %}{{ countt }}{% endif %}",
            r":3: 'countt' is undefined \(did you mean count\?\)",
        ),
        "web/missing.html": ("{% if site == 'x' %}{{ siet }}{% endif %}", r":1: 'siet' is undefined"),
    },
]


@pytest.mark.parametrize("wrong", WRONG)
def test_each_template_that_would_fail_is_reported_with_file_and_line(
    tmp_path: Path, wrong: dict[str, tuple[str, str]]
) -> None:
    for name, (text, _) in wrong.items():
        put(tmp_path, name, text)
    problems = "\n".join(try_templates(Settings(templates=tmp_path)).problems)
    for name, (_, says) in wrong.items():
        place = "" if says.startswith("there") else re.escape(str(tmp_path / name))
        assert re.search(place + says, problems), problems


def test_check_reports_all_that_is_wrong_at_once_and_fails(blog: Blog, own: Path) -> None:
    put(own, "web/missing.html", "{{ a_thing }}")
    put(own, "mail/access/subject.txt", "{{ another }}")
    said = blog.run("check", code=1)
    assert re.search(r"^FAIL  templates: .*missing\.html:1: 'a_thing'", said, re.MULTILINE)
    assert re.search(r"^FAIL  templates: .*subject\.txt:1: 'another'", said, re.MULTILINE)


def test_a_copy_of_ours_is_right_as_it_is(tmp_path: Path) -> None:
    for name in templating.template_names(None):
        put(tmp_path, name, (OURS / name).read_text("utf-8"))
    tried = try_templates(Settings(templates=tmp_path))
    assert (tried.problems, tried.odd) == ((), ())
    assert tried.own == tried.templates


def test_what_is_right_passes_though_it_is_not_ours(blog: Blog, own: Path) -> None:
    put(own, "mail/weekly/subject.txt", "{% set x = count %}{{ site | default(title) }} {{ x }} {{ _('New') }}")
    put(own, "mail/weekly/mine.txt", "{% for one in new %}{{ loop.index }} {{ one.title }}\n{% endfor %}")
    text = '{% include "mail/weekly/mine.txt" %}{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1) }}'
    put(own, "mail/weekly/text.txt", text)
    put(own, "web/style.css", "body { color: black }")
    put(own, ".git/config", "hidden")
    said = blog.run("check", "--strict", code=1)  # of the dumps alone
    count = len(template_names(own))
    assert f"templates: {count} were rendered with samples, in every language, 3 replaced by" in said
    assert "warn  templates" not in said


ODD = {
    "mail/wekly/subject.txt": " (did you mean mail/weekly/subject.txt?)",
    "web/mising.html": " (did you mean web/missing.html?)",
    "weekly/subject.txt": "",
    "logo.png": "",
}


def test_a_file_that_replaces_nothing_is_named(blog: Blog, own: Path) -> None:
    for name in ODD:
        put(own, name, "x")
    said = blog.run("check")
    for name, likely in ODD.items():
        told = re.escape(f"{name} replaces no built-in template{likely}")
        assert re.search(rf"^warn  templates: \S+/own: {told}", said, re.MULTILINE), said


def test_check_names_own_templates_that_show_no_note(tmp_path: Path) -> None:
    put(tmp_path / "own", "mail/weekly/html.html", "<p>{{ title }}</p>")
    put(tmp_path / "own", "mail/weekly/text.txt", "{{ title }} {{ note }}")
    sources = [{"id": "blog", "title": "Blog", "path": tmp_path}]
    digests = [{"id": "weekly", "title": "Weekly"}]
    tried = try_templates(Settings(templates=tmp_path / "own", sources=sources, digests=digests))
    assert [one.partition(" (")[0] for one in tried.odd] == [
        "mail/weekly/html.html shows no note of `digest edition note`"
    ]


@pytest.mark.usefixtures("own")
def test_a_folder_of_templates_that_is_not_there_is_named(blog: Blog) -> None:
    said = blog.run("check")
    assert re.search(r"^warn  templates: .*/own: there is no such folder", said, re.MULTILINE)


def test_a_template_folder_of_a_digests_own_is_tried_and_replaces_nothing_to_be_named(blog: Blog, own: Path) -> None:
    config = blog.home / "digest.toml"
    config.write_text(config.read_text("utf-8").replace("[mail]", 'template = "mine"\n[mail]'), "utf-8")
    assert "there is no template 'mine'" in blog.run("check", code=2)
    for part in ("html.html", "text.txt"):
        put(own, f"mail/mine/{part}", '{% extends "mail/weekly/' + part + '" %}')
    put(own, "mail/mine/subject.txt", "{{ titel }}")
    assert "mine/subject.txt:1: 'titel' is undefined (did you mean title?)" in blog.run("check", code=1)
    put(own, "mail/mine/subject.txt", "{{ title }}")
    assert "warn  templates" not in blog.run("check")


def test_trying_templates_leaves_no_trace_in_the_log(
    blog: Blog, own: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGEST_LOG_JSON_LINES", "true")
    own.mkdir()
    blog.run("check")
    assert "edition made" not in capfd.readouterr().err
