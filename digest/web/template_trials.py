"""Renders every template with sample values, in every language, strictly, and without a server."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from digest import files, templating
from digest.errors import ConfigurationError, DigestError
from digest.mail.composing.templates import mark_as_test, render_short_mail
from digest.service.editions import drafts
from digest.service.mailing.samples.blog import READER, SAMPLE_MAILS, SAMPLE_PREVIEW, sample_blog
from digest.service.mailing.single_mails import site_values
from digest.service.publishing.edition_feeds import EditionFeeds
from digest.service.publishing.syndication import Syndication
from digest.template_names import like, made_names, record_names, strays, unknown_names
from digest.web.pages import Pages
from digest.web.sample_pages import sample_pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from digest.service.mailing.samples.blog import SampleBlog
    from digest.service.publishing.documents import Document
    from digest.settings import Digest, Settings

_UNDEFINED = re.compile(r"(?P<file>.+):\d+: '(?P<name>\w+)' is undefined")
_URL = "https://digest.example.org/confirm/token"
Attempt = tuple[str, "Callable[[], object]"]


@dataclass(frozen=True, slots=True)
class TemplateTrial:
    """The result: how many templates there are, how many are the user's, what is wrong, and what is odd.

    `problems` name file and line. `odd` are files of the user that replace no template. `rendered` are the names of the
    templates that the samples reached.
    """

    templates: int
    own: int
    problems: tuple[str, ...]
    odd: tuple[str, ...]
    rendered: frozenset[str]


def try_templates(settings: Settings) -> TemplateTrial:
    """Render all templates; nothing is stored or sent. If all are built-in ones, this runs once per process.

    Raises:
        ConfigurationError: a file cannot be read.
    """
    ours = not settings.template_folders and all(digest.template == "weekly" for digest in settings.digests)
    return _ours() if ours else _tried(settings)


@lru_cache(maxsize=1)
def _ours() -> TemplateTrial:
    from digest.settings import Settings  # noqa: PLC0415 - only checks load pydantic

    return _tried(Settings())


def _tried(settings: Settings) -> TemplateTrial:
    folder = settings.template_folders
    problems: dict[str, None] = {}
    with templating.trial(folder) as environments:
        given = [record_names(environment) for environment in environments.values()]
        names = templating.template_names(folder)
        with sample_blog(settings) as blog:
            for language in templating.LANGUAGES:
                for what, attempt in (*_pages(blog, language), *_mails(blog, language)):
                    problems.update(dict.fromkeys(_problem(what, attempt)))
        together = {name: set().union(*(one.get(name, set()) for one in given)) for name in names}
        one = environments[templating.LANGUAGES[0]]
        used = _files() | {name for name in names if name.startswith(_folders(settings.digests))}
        checks = bool(folder) and not problems  # otherwise not all names are known
        made = made_names(one) if checks else frozenset()
        for name in templating.own_names(folder, names) if checks else ():
            file = templating.own_file(folder, name)
            for unknown, line, likely in unknown_names(one, name, _names_given(together, name) | made):
                problems[f"{file}:{line}: {unknown!r} is undefined{_did_you_mean(likely)}"] = None
        stray = [found for own in folder for found in strays(one, own, used)]
        odd = [f"{name} replaces no built-in template{_did_you_mean(likely)}" for name, likely in stray]
    odd += _without_note(folder, settings) if folder else []
    if settings.templates and not settings.templates.is_dir():
        odd = ["there is no such folder, so that our templates are used (mend templates, or make the folder)"]
    return TemplateTrial(
        len(names),
        len(templating.own_names(folder, names)),
        tuple(_with_likely(problem, folder, together) for problem in problems),
        tuple(odd),
        frozenset(key[1] for key in (one.cache or {})),
    )


def require_templates(settings: Settings) -> None:
    """Check that all templates can be rendered.

    Raises:
        ConfigurationError: one cannot; the error names the first that is wrong.
    """
    problems = try_templates(settings).problems
    if problems:
        more = f" (and {len(problems) - 1} more: see `digest check`)" if len(problems) > 1 else ""
        raise ConfigurationError(f"{problems[0]}{more}", place="templates")


def _problem(what: str, attempt: Callable[[], object]) -> Iterator[str]:
    try:
        attempt()
    except DigestError as error:
        yield str(error)
    except Exception as error:  # noqa: BLE001 - a template may do anything; the failure is reported as its fault
        yield f"{what}: {type(error).__name__}: {error}"


def _without_note(folder: tuple[Path, ...], settings: Settings) -> list[str]:
    """What to say of own templates that would not show an operator's note; one that extends another may show its."""
    shown = {"web/edition.html": "edition.note", "web/edition_content.html": "note_html"}
    for area in _folders(settings.digests):
        shown |= {f"{area}html.html": "note_html", f"{area}text.txt": "note"}
    said = []
    for name, variable in shown.items():
        file = templating.own_file(folder, name)
        own = file.read_text("utf-8") if file else variable
        if variable not in own and "mail/weekly/" not in own and f'extends "{name}"' not in own:
            written = "{{ note }}" if name.endswith(".txt") else f"{{{{ {variable} | safe }}}}"
            said.append(f"{name} shows no note of `digest edition note` (write {written} where it should stand)")
    return said


def _files() -> set[str]:
    ours = files.shipped_folder("templates")
    return {str(path.relative_to(ours)) for path in ours.rglob("*.*") if path.parent.name != templating.CONSOLE}


def _folders(digests: Sequence[Digest]) -> tuple[str, ...]:
    return tuple(f"mail/{digest.template}/" for digest in digests)


def _names_given(given: dict[str, set[str]], name: str) -> set[str]:
    """The names that a template is given; for one that no sample reached, those of its whole area."""
    if given[name]:
        return given[name]
    area = name.partition("/")[0]
    return set().union(*(names for other, names in given.items() if other.partition("/")[0] == area))


def _with_likely(problem: str, folder: Sequence[Path], given: dict[str, set[str]]) -> str:
    """The problem, with a suggestion if Jinja reports an undefined name."""
    found = _UNDEFINED.fullmatch(problem)
    own = next((one for one in folder if found and found["file"].startswith(f"{one}/")), None)
    if found is None or own is None:
        return problem
    name = found["file"].removeprefix(f"{own}/")
    return problem + _did_you_mean(like(found["name"], _names_given(given, name) if name in given else ()))


def _did_you_mean(likely: str) -> str:
    return f" (did you mean {likely}?)" if likely else ""


# --- pages ----------------------------------------------------------------------------------------


def _pages(blog: SampleBlog, language: str) -> Iterator[Attempt]:
    pages = Pages(blog.settings)
    yield "web/feed.html", lambda: _feed(blog, pages, language)
    yield "web/edition_content.html", lambda: _edition_feed(blog)
    for back in ("", "https://blog.example.org/"):
        form: dict[str, object] = {"digests": ["weekly"] * bool(back), "back": back}
        yield "web/form.html", lambda form=form: pages.html(language, "form", form)  # type: ignore[misc] # mypy ignores a lambda's defaults
    yield "web/form_preview.html", lambda: pages.html(language, "form_preview", {"form": "<form>"})
    for name, values in sample_pages(blog, language):
        yield f"web/{name}.html", lambda name=name, values=values: pages.html(language, name, values)  # type: ignore[misc] # mypy ignores a lambda's defaults


def _edition_feed(blog: SampleBlog) -> Document:
    syndication = Syndication(blog.store, blog.settings)
    return EditionFeeds(blog.store, blog.settings, syndication).feed(blog.settings.digests[0].id, "atom")


def _feed(blog: SampleBlog, pages: Pages, language: str) -> Document:
    """The feed in a browser, whose template is put into the feed."""
    shown = Syndication(blog.store, blog.settings, "/feed.css", pages.feed)
    return shown.feed(styled=True, language=language)


# --- mails ----------------------------------------------------------------------------------------


def _mails(blog: SampleBlog, language: str) -> Iterator[Attempt]:
    settings, folder = blog.settings, blog.settings.template_folders
    for digest in settings.digests:
        for now in (blog.now, blog.now + timedelta(days=400)):  # the second one shows years
            what = f"mail/{digest.template}/"
            yield what, lambda digest=digest, now=now: drafts.draft_edition(blog.store, settings, digest, now, language)  # type: ignore[misc] # mypy ignores a lambda's defaults
    yield "mail/trial/", lambda: _trial(blog, language)
    yield "mail/preview.html", lambda: templating.rendered(language, folder, "mail/preview.html", SAMPLE_PREVIEW)
    yield "mail/mails.html", lambda: templating.rendered(language, folder, "mail/mails.html", SAMPLE_MAILS)
    for name, values in short_mails(settings):
        yield f"mail/{name}/", lambda name=name, values=values: render_short_mail(name, language, folder, values)  # type: ignore[misc] # as above


def _trial(blog: SampleBlog, language: str) -> None:
    with blog.store.read() as tx:
        body = tx.editions.body(blog.edition, language)
    assert body  # noqa: S101 - it was made
    mark_as_test(replace(body, language=language), blog.settings.template_folders)


def short_mails(settings: Settings) -> Iterator[tuple[str, dict[str, object]]]:
    """The mails that are no editions, by name with sample values; a mail comes once for each of its states."""
    titles = [digest.title for digest in settings.digests]
    for postal in {settings.mail.postal, "", "1 Example Street"}:
        contact = READER if postal else settings.contact
        frame = {**site_values(settings), "address": READER, "contact": contact, "contact_url": f"mailto:{contact}"}
        asked = {**frame, "postal": postal, "titles": titles, "url": _URL, "hours": 48}
        for name in ("confirm", "move", "access"):
            yield name, asked
            yield name, {**asked, "titles": titles[:1]}
        told = {"title": titles[0], "frequency": "every Monday", "day": "30 November", "leave_url": _URL}
        for newest in ("", _URL):
            for count in (1, 2):
                known = {**frame, "postal": postal, "url": _URL, "preferences_url": _URL, "newest_url": newest}
                yield "welcome", {**known, "digests": [told] * count}
        yield "moved", {**frame, "postal": postal, "url": _URL}
