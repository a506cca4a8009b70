"""`digest edition preview|test`: preview the mails of an edition, or send one as a test."""

from __future__ import annotations

import sys
import tempfile
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import common
from digest.cli.editions import DigestArgument, digest_named
from digest.cli.progress import Progress
from digest.cli.terminal import address_for_terminal
from digest.errors import DigestError

if TYPE_CHECKING:
    from digest.service.mailing.samples.previews import DigestPreview, MailPreview
    from digest.settings import Digest, Settings

_TERMINAL = Path("-")
_KB = 1000
_FORMS = ("html", "text", "eml")


def register(app: typer.Typer) -> None:
    app.command("preview")(preview)
    app.command("test")(send_one)


LanguageOption = Annotated[str | None, typer.Option(help="zh_CN or en (default: the digest's).")]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FOLDER|FILE",
        help="Write all to a folder, or one part to a file; - for the terminal.",
    ),
]


def preview(
    digest: DigestArgument = None,
    *,
    form: Annotated[
        str | None, typer.Option("--format", metavar="html|text|eml", help="Show only this part, in one language.")
    ] = None,
    language: LanguageOption = None,
    output: OutputOption = None,
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Preview and check the mails of an edition made now, for each kind of subscriber. Stores and sends nothing.

    If nothing is new, it shows the newest edition; if there is no edition yet, the samples of the demo. With --format,
    --language or a FILE with an ending (.html, .txt, .eml), it shows one part of one mail.
    """
    from digest.model import Format
    from digest.operations.previews import preview_view
    from digest.protected_files import require_free
    from digest.service.mailing.samples import previews

    if form not in {None, *_FORMS}:
        raise typer.BadParameter("html, text or eml", param_hint="--format")
    one = form is not None or language is not None or (output is not None and _is_file(output))
    with common.store_to_read(config) as (settings, store):
        if output and output != _TERMINAL:
            require_free(settings, output, config)
        chosen = digest_named(settings, digest)
        only = previews.SubscriberKind(previews.chosen_language(language, chosen), Format.BOTH) if one else None
        with Progress("composing", kept="Nothing was stored."):
            shown = previews.preview_digest(store, settings, chosen, common.clock(), only=None if as_json else only)
    if origin := _origin(chosen, shown):
        typer.echo(origin, err=as_json or output == _TERMINAL)
    if as_json:
        for look in shown.mails:
            common.print_json(preview_view(look, shown).model_dump())
    elif only:
        (look,) = shown.mails
        show_part(_part(look, form or _form_of(output)), look.mail.subject, chosen.id, output)
    else:
        _show_all(settings, chosen, shown, output)


def _origin(digest: Digest, shown: DigestPreview) -> str:
    """A sentence about where the entries come from, if they are not new; else empty."""
    from digest.service.mailing.samples.previews import Origin

    if shown.origin is Origin.NEWEST:
        return f"{digest.id}: nothing new since the last edition; this is the newest one, {shown.key}"
    if shown.origin is Origin.SAMPLES:
        return f"{digest.id}: nothing new and no edition yet; these are the samples of the demo, in your templates"
    return ""


def _form_of(output: Path | None) -> str:
    return {".txt": "text", ".eml": "eml"}.get(output.suffix if output else "", "html")


def _part(look: MailPreview, form: str) -> tuple[str, bytes]:
    """One part of a mail: the ending of its file, and its content."""
    from digest.service.editions.drafts import with_pictures

    match form:
        case "eml":
            return ".eml", look.raw
        case "text":
            return ".txt", look.mail.text.encode()
    return ".html", with_pictures(look.mail.html, dict(look.mail.pictures)).encode()


def _is_file(output: Path) -> bool:
    return output == _TERMINAL or (bool(output.suffix) and not output.is_dir())


def show_part(part: tuple[str, bytes], subject: str, name: str, output: Path | None) -> None:
    """Show one part of a mail on the terminal, in a file, or in the browser."""
    ending, words = part
    if output == _TERMINAL:
        sys.stdout.buffer.write(words)
        sys.stdout.flush()
    elif output:
        common.write_file(output, words)
    else:
        page = scratch() / f"{name}{ending}"
        page.write_bytes(words)
        typer.echo(f"{subject}\n{page}")
        webbrowser.open(page.as_uri())


def _show_all(settings: Settings, digest: Digest, shown: DigestPreview, output: Path | None) -> None:
    """Write a page that links to all mails, each as HTML, text and message."""
    from digest.mail.composing.edition_text import LARGEST_HTML
    from digest.operations.previews import preview_view
    from digest.templating import rendered

    folder, looks = output or scratch(), shown.mails
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DigestError(f"{folder}: cannot be created: {error.strerror}") from error
    for look in looks:
        for form in _FORMS if look.html_bytes else _FORMS[1:]:
            ending, words = _part(look, form)
            common.write_file(folder / f"{look.kind.name}{ending}", words)
    reports = [preview_view(look, shown).model_dump() | {"name": look.kind.name} for look in looks]
    values = {"title": digest.title, "reports": reports, "largest": LARGEST_HTML}
    values |= {"shows": str(shown.origin), "edition": shown.key}
    index = folder / "index.html"
    common.write_file(index, rendered("en", settings.template_folders, "mail/preview.html", values).encode())
    common.print_table(
        ("language", "format", "topics", "subscribers", "html KB", "mail KB", "pictures", "findings"),
        [_row(look) for look in looks],
        numbers=("subscribers", "html KB", "mail KB", "pictures"),
    )
    for look in looks:
        for finding in look.findings:
            typer.echo(f"{look.kind.name}: {finding}")
    typer.echo(str(index))
    if output is None:
        webbrowser.open(index.as_uri())


def scratch() -> Path:
    return Path(tempfile.mkdtemp(prefix="digest-preview-"))


def _row(look: MailPreview) -> tuple[object, ...]:
    kind = look.kind
    return (
        kind.language,
        kind.format,
        ", ".join(kind.topics) or "all",
        look.subscribers,
        f"{look.html_bytes / _KB:.1f}",
        f"{len(look.raw) / _KB:.1f}",
        look.pictures,
        len(look.findings) or "none",
    )


def send_one(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Where to send it.")],
    *,
    digest: Annotated[
        str | None, typer.Option("--digest", metavar="ID", help="The digest, if there are several.")
    ] = None,
    language: LanguageOption = None,
    form: Annotated[
        str, typer.Option("--format", metavar="both|text", help="Send HTML and text, or text only.")
    ] = "both",
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Send one mail, marked as a test, to one address: the edition as of now, or else the newest one.

    Nothing is stored, and its links to unsubscribe and to the preferences belong to nobody.
    """
    from digest.model import Format
    from digest.operations import previews as operations
    from digest.operations.core import perform

    if form not in set(Format):
        raise typer.BadParameter("both or text", param_hint="--format")
    with common.store_of(config) as (settings, store):
        asked = operations.TestRequest.model_construct(
            digest=digest_named(settings, digest).id, address=address, language=language, format=Format(form)
        )
        kept = "The mail may or may not have been sent. Nothing was stored, so you can send another one."
        with Progress(f"sending to {settings.mail.host or settings.mail.path}", kept=kept):
            done = perform(operations.TEST, common.context_of(settings, store), asked)
    if as_json:
        common.print_json(done.model_dump())
    else:
        typer.echo(f"{address_for_terminal(address)}: {done.subject}\n{done.answer}")
