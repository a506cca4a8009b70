"""Templates: all of them with who replaces them, and one to be edited, with a preview and checks before it is saved."""

from __future__ import annotations

import base64
import difflib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from digest import templating
from digest.errors import ConflictError, DigestError, UnknownError
from digest.mail.composing.templates import mark_as_test, render_short_mail
from digest.operations import core, templates
from digest.service.console.users import new_token
from digest.service.editions import drafts
from digest.service.mailing.samples.blog import SAMPLE_MAILS, SAMPLE_PREVIEW, SampleBlog, sample_blog
from digest.service.settings import changing, files
from digest.web import pages, template_trials
from digest.web.console.frame import Page
from digest.web.console.shown import frame, framed
from digest.web.console.visit import MISSING, OK, WRONG
from digest.web.sample_pages import sample_pages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.responses import Response

    from digest.web.console.visit import Visit

ROOT = "/console/templates"
_LARGEST = 4 * 1024 * 1024  # bytes of a form: each byte of a text can take three
_FONT, _PRELOAD = re.compile(r"@font-face\s*\{[^}]*\}"), re.compile(r'<link rel="preload"[^>]*>')
_SHEET = re.compile(r'<link rel="stylesheet" href="([^"]+)"[^>]*>')
_WHOLE_MAILS: dict[str, Mapping[str, object]] = {
    "preview.html": SAMPLE_PREVIEW,
    "mails.html": SAMPLE_MAILS,
}  # pages that commands write


@dataclass(frozen=True, slots=True)
class Sample:
    """A page or a mail with sample values. `name` is the template that it begins with; a page has HTML alone."""

    name: str
    html: str
    subject: str = ""
    text: str = ""


def overview(visit: Visit) -> Response:
    """All templates that can be replaced, and who replaces them."""
    found = visit.perform(templates.TEMPLATES, core.Nothing()).items
    areas: dict[str, list[templates.TemplateView]] = {}
    for one in found:
        areas.setdefault(one.name.rpartition("/")[0], []).append(one)
    return visit.show("templates", frame(visit, areas=areas, folder=visit.settings.templates))


def show(visit: Visit) -> Response:
    """One template with its text."""
    return _page(visit)


def change(visit: Visit) -> Response:
    """Preview an edited text, save it, or take the edit back."""
    name, chosen = visit.request.path_params["template"], visit.fields.one("act")
    given = visit.fields.one("revision")
    revision = int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else None  # noqa: PLR2004 - fits
    if chosen == "revert":
        visit.perform(templates.REVERT_TEMPLATE, templates.TemplateRevision(template=name, revision=revision))
        return visit.back(f"{ROOT}/of/{name}", visit.words("The edit is taken back."))
    text = visit.fields.text("text")
    if chosen != "save":
        return _page(visit, text, trial=True)
    try:
        asked = core.checked(templates.TemplateEdit, template=name, text=text, revision=revision)
        visit.perform(templates.EDIT_TEMPLATE, asked)
    except ConflictError:
        return _page(visit, text, wrong=visit.words("Somebody has changed something meanwhile. Look, and save again."))
    except UnknownError:
        raise
    except DigestError as error:
        return _page(visit, text, wrong=str(error))
    return visit.back(f"{ROOT}/of/{name}", visit.words("Saved. It holds at once."))


def _page(visit: Visit, text: str | None = None, *, wrong: str = "", trial: bool = False) -> Response:
    name = visit.request.path_params["template"]
    present = visit.perform(templates.TEMPLATE, core.checked(templates.TemplateName, template=name))
    shown = present.text if text is None else text
    language = visit.fields.one("language")
    language = language if language in templating.LANGUAGES else visit.language
    problems, sample = _tried(visit, name, shown, language) if trial else ([], None)
    values = frame(
        visit,
        one=present,
        text=shown,
        rows=min(max(shown.count("\n") + 2, 12), 34),
        wrong=wrong,
        tried=trial,
        problems=problems,
        sample=sample,
        token_of_frame=_keep(visit, sample.html) if sample and sample.html else "",
        languages=templating.LANGUAGES,
        chosen=language,
        difference=list(_difference(name, shown)),
    )
    return visit.show("template", values, WRONG if wrong else OK)


def _difference(name: str, text: str) -> Iterator[tuple[str, str]]:
    """The lines in which a text differs from ours, each with its kind: `@`, `+`, `-` or a space."""
    try:
        ours = templating.template_text(None, name)
    except UnknownError:
        return
    for line in list(difflib.unified_diff(ours.splitlines(), text.splitlines(), lineterm="", n=2))[2:]:
        yield line[0], line if line[0] == "@" else line[1:]


# --- a trial --------------------------------------------------------------------------------------


def _tried(visit: Visit, name: str, text: str, language: str) -> tuple[list[str], Sample | None]:
    """What is wrong with an edited text, and what it gives if nothing is."""
    edited = {**changing.edited_templates(visit.store), name: text}
    with files.candidate(visit.settings, edited) as settings:
        before = f"{settings.edited_templates}/"
        problems = [one.replace(before, "") for one in template_trials.try_templates(settings).problems]
        if problems:
            return problems, None
        with sample_blog(settings) as blog:
            return [], _sample(blog, name, language)


def _sample(blog: SampleBlog, name: str, language: str) -> Sample:
    """What a template gives with samples; one that only others use is shown in one of them."""
    area, _, rest = name.partition("/")
    if area == "mail":
        return _mail(blog, rest, language)
    drawn, wanted = pages.Pages(blog.settings), rest.removesuffix(".html")
    made = dict(reversed([*sample_pages(blog, language)]))  # the first state of each page
    if wanted == "form":
        made["form"] = {"digests": [blog.settings.digests[0].id], "back": ""}
    shown = wanted if wanted in made else "home"
    return Sample(f"web/{shown}.html", _whole(drawn, drawn.html(language, shown, made[shown])))


def _whole(drawn: pages.Pages, html: str) -> str:
    """A page with its style sheets and pictures in it, since its frame loads nothing."""

    def sheet(link: re.Match[str]) -> str:
        asset = drawn.assets.get(link[1])
        return f"<style>{_FONT.sub('', asset.body.decode())}</style>" if asset else ""

    html = _SHEET.sub(sheet, _PRELOAD.sub("", html))
    for path, asset in drawn.assets.items():
        if asset.media_type.startswith("image/"):
            html = html.replace(path, f"data:{asset.media_type};base64,{base64.b64encode(asset.body).decode()}")
    return html


def _mail(blog: SampleBlog, rest: str, language: str) -> Sample:
    kind, folder = rest.partition("/")[0], blog.settings.template_folders
    if kind in _WHOLE_MAILS:
        return Sample(f"mail/{kind}", templating.rendered(language, folder, f"mail/{kind}", _WHOLE_MAILS[kind]))
    kind = "confirm" if kind == "letter" else kind
    short = next((values for name, values in template_trials.short_mails(blog.settings) if name == kind), None)
    if short is not None:
        subject, text, html = render_short_mail(kind, language, folder, short)
        return Sample(f"mail/{kind}/html.html", html, subject, text)
    if kind == "trial":
        with blog.store.read() as tx:
            stored = tx.editions.body(blog.edition, language)
        assert stored  # noqa: S101 - it was made
        body = mark_as_test(replace(stored, language=language), folder)
        return Sample("mail/trial/html.html", body.html, body.subject, body.text)
    digest = next((one for one in blog.settings.digests if one.template == kind), blog.settings.digests[0])
    draft = drafts.draft_edition(blog.store, blog.settings, digest, blog.now, language)
    assert draft  # noqa: S101 - the samples are new
    html = drafts.with_pictures(draft.body.html, draft.pictures)
    return Sample(f"mail/{digest.template}/html.html", html, draft.body.subject, draft.body.text)


# --- the frame ------------------------------------------------------------------------------------


def _keep(visit: Visit, html: str) -> str:
    """Keep a preview until some others were made; the token by which its frame asks for it."""
    token = new_token()
    visit.console.previews.append((token, visit.me.user.id, html))
    return token


def preview(visit: Visit) -> Response:
    """A preview that was made a moment ago, alone, for the frame of its page."""
    token = visit.request.path_params["token"]
    found = [html for one, user, html in list(visit.console.previews) if one == token and user == visit.me.user.id]
    if not found:
        return visit.error(MISSING, visit.words("This preview is gone. Press the button again."), back=ROOT)
    return framed(found[0])


PAGES = (
    Page(ROOT, "read", overview),
    Page(f"{ROOT}/of/{{template:path}}", "read", show, change, "admin", _LARGEST),
    Page(f"{ROOT}/frame/{{token}}", "admin", preview),
)
