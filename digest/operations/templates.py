"""Templates: their texts, and edits of them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from digest.operations.core import Context, Listed, Nothing, Operation, Request, View
from digest.operations.settings import REVISION, ChangedView, changed_view
from digest.records.operating import Scope
from digest.service.settings import changing, following
from digest.templating import own_names, template_names, template_text


class TemplateView(View):
    """A template that can be replaced. `own`: a file of the configuration replaces it; `edited`: an edit here does."""

    name: str
    own: bool
    edited: bool


class TemplateTextView(TemplateView):
    """A template with its text, and the revision of the changes."""

    revision: int
    text: str


class TemplateName(Request):
    """One template."""

    template: str = Field(max_length=200, description="The name, such as `web/home.html`.")


class TemplateEdit(TemplateName):
    """A template with its new text."""

    text: str = Field(max_length=1_000_000)
    revision: int | None = REVISION


class TemplateRevision(TemplateName):
    """An edited template, and the revision that was looked at."""

    revision: int | None = REVISION


def templates(context: Context, _asked: Nothing) -> Listed[TemplateView]:
    """List the templates that can be replaced, and who replaces them."""
    folders = context.settings.template_folders
    edited, own = changing.edited_templates(context.store), _own(context)
    return Listed[TemplateView](
        items=[
            TemplateView(name=name, own=name in own, edited=name in edited)
            for name in sorted({*template_names(folders), *edited})
        ]
    )


def template(context: Context, asked: TemplateName) -> TemplateTextView:
    """Show the text of a template as it holds."""
    edited = changing.edited_templates(context.store)
    text = edited.get(asked.template)
    if text is None:
        text = template_text(context.settings.template_folders, asked.template)
    return TemplateTextView(
        name=asked.template,
        own=asked.template in _own(context),
        edited=asked.template in edited,
        revision=following.revision_of(context.store),
        text=text,
    )


def _own(context: Context) -> set[str]:
    """The templates that files of the configuration replace."""
    folder = context.settings.templates
    return set(own_names(folder, template_names(folder))) if folder else set()


def edit_template(context: Context, asked: TemplateEdit) -> ChangedView:
    """Replace the text of a template, if all templates can be rendered with it."""
    return _template(context, asked.template, asked.text, asked.revision)


def revert_template(context: Context, asked: TemplateRevision) -> ChangedView:
    """Take the edit of a template back."""
    return _template(context, asked.template, None, asked.revision)


def _template(context: Context, name: str, text: str | None, revision: int | None) -> ChangedView:
    assert context.try_templates  # noqa: S101 - whatever performs operations can render templates
    return changed_view(
        changing.change_template(
            context.store,
            context.settings,
            name,
            text,
            tried=context.try_templates,
            actor=context.actor.name,
            now=context.now(),
            revision=revision,
        )
    )


def _edited(context: Context, asked: TemplateName) -> dict[str, Any]:
    text = changing.edited_templates(context.store).get(asked.template)
    return {} if text is None else {"characters": len(text)}


TEMPLATES = Operation("templates.list", "GET", "/templates", Scope.READ, Nothing, Listed[TemplateView], templates)
TEMPLATE = Operation(
    "templates.show", "GET", "/templates/{template:path}", Scope.READ, TemplateName, TemplateTextView, template
)
EDIT_TEMPLATE = Operation(
    "templates.edit", "PUT", "/templates/{template:path}", Scope.ADMIN, TemplateEdit, ChangedView, edit_template,
    state=_edited,
)  # fmt: skip
REVERT_TEMPLATE = Operation(
    "templates.revert",
    "DELETE",
    "/templates/{template:path}",
    Scope.ADMIN,
    TemplateRevision,
    ChangedView,
    revert_template,
    state=_edited,
)
OPERATIONS = (TEMPLATES, TEMPLATE, EDIT_TEMPLATE, REVERT_TEMPLATE)
