"""`digest edition preview|test`: seeing a mail before anybody gets it."""

from __future__ import annotations

import asyncio
import tempfile
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.common import ConfigOption, JsonOption, print_json, print_table, store_of
from digest.cli.editions import DigestArgument, digest_named
from digest.cli.operate import write_file
from digest.cli.progress import Progress
from digest.cli.typed import typed
from digest.errors import DigestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.model import Body
    from digest.service.previews import Look
    from digest.settings import Digest, Settings

_TERMINAL = Path("-")
_KB = 1000


def register(app: typer.Typer) -> None:
    app.command("preview")(preview)
    app.command("test")(send_one)


LanguageOption = Annotated[str | None, typer.Option(help="zh_CN or en (default: the digest's).")]


def preview(
    digest: DigestArgument = None,
    *,
    form: Annotated[
        str | None, typer.Option("--format", metavar="html|text", help="Only this part, in one language.")
    ] = None,
    language: LanguageOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER|FILE", help="Write all there, or one part to a file; - for the terminal."
        ),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show what each kind of subscriber would get of an edition made now, and judge it; stores and sends nothing.

    With --format, --language or a FILE with an ending (.html, .txt) it shows one part of one mail.
    """
    from digest.app import clock
    from digest.owned import require_free
    from digest.service import editions, previews

    if form not in {None, "html", "text"}:
        raise typer.BadParameter("html or text", param_hint="--format")
    one = form is not None or language is not None or (output is not None and _is_file(output))
    with store_of(config) as (settings, store):
        if output and output != _TERMINAL:
            require_free(settings, output, config)
        chosen = digest_named(settings, digest)
        spoken = previews.chosen_language(language, chosen)
        with Progress("composing", kept="Nothing was stored."):
            body = editions.preview(store, settings, chosen, clock(), spoken) if one and not as_json else None
            looks = previews.looks(store, settings, chosen, clock()) if not one or as_json else []
    if body:
        _show_part(chosen, body, form or "html", output)
    elif not looks:
        typer.echo(f"{chosen.id}: nothing new since the last edition", err=as_json)
    elif as_json:
        for look in looks:
            print_json(_json(look))
    else:
        _show_all(settings, chosen, looks, output)


def _is_file(output: Path) -> bool:
    return output == _TERMINAL or (bool(output.suffix) and not output.is_dir())


def _show_part(digest: Digest, body: Body, form: str, output: Path | None) -> None:
    words = body.html if form == "html" else body.text
    if output == _TERMINAL:
        typer.echo(words)
    elif output:
        write_file(output, words.encode())
    else:
        page = _scratch() / f"{digest.id}.{'html' if form == 'html' else 'txt'}"
        page.write_text(words, "utf-8")
        typer.echo(f"{body.subject}\n{page}")
        webbrowser.open(page.as_uri())


def _show_all(settings: Settings, digest: Digest, looks: Sequence[Look], output: Path | None) -> None:
    """A page that leads to all of them, each as HTML, text and message."""
    from digest.mail.words import LARGEST_HTML
    from digest.service.editions import with_pictures
    from digest.templating import rendered

    folder = output or _scratch()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DigestError(f"{folder}: cannot be made: {error.strerror}") from error
    for look in looks:
        if look.html_bytes:
            page = with_pictures(look.letter.html, dict(look.letter.pictures))
            write_file(folder / f"{look.kind.name}.html", page.encode())
        write_file(folder / f"{look.kind.name}.txt", look.letter.text.encode())
        write_file(folder / f"{look.kind.name}.eml", look.raw)
    reports = [_json(look) | {"name": look.kind.name} for look in looks]
    values = {"title": digest.title, "reports": reports, "largest": LARGEST_HTML}
    index = folder / "index.html"
    write_file(index, rendered("en", settings.templates, "mail/preview.html", values).encode())
    print_table(
        ("language", "format", "topics", "readers", "html KB", "mail KB", "pictures", "findings"),
        [_row(look) for look in looks],
        numbers=("readers", "html KB", "mail KB", "pictures"),
    )
    for look in looks:
        for finding in look.findings:
            typer.echo(f"{look.kind.name}: {finding}")
    typer.echo(str(index))
    if output is None:
        webbrowser.open(index.as_uri())


def _scratch() -> Path:
    return Path(tempfile.mkdtemp(prefix="digest-preview-"))


def _row(look: Look) -> tuple[object, ...]:
    kind = look.kind
    return (
        kind.language,
        kind.format,
        ", ".join(kind.topics) or "all",
        look.readers,
        f"{look.html_bytes / _KB:.1f}",
        f"{len(look.raw) / _KB:.1f}",
        look.pictures,
        len(look.findings) or "none",
    )


def _json(look: Look) -> dict[str, Any]:
    return {
        "language": look.kind.language,
        "format": look.kind.format,
        "topics": list(look.kind.topics),
        "readers": look.readers,
        "subject": look.letter.subject,
        "html_bytes": look.html_bytes,
        "mail_bytes": len(look.raw),
        "pictures": look.pictures,
        "findings": list(look.findings),
    }


def send_one(
    address: Annotated[str, typer.Argument(metavar="ADDRESS")],
    *,
    digest: Annotated[str | None, typer.Option("--digest", metavar="ID", help="Where there are several.")] = None,
    language: LanguageOption = None,
    form: Annotated[str, typer.Option("--format", metavar="both|text", help="Which parts it has.")] = "both",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Send one mail, marked as a test, to one address: what would be told now, or else the newest edition.

    Nothing is stored, and its links for leaving and preferences belong to nobody.
    """
    from digest.app import clock
    from digest.model import Format
    from digest.service import previews

    if form not in set(Format):
        raise typer.BadParameter("both or text", param_hint="--format")
    with store_of(config) as (settings, store):
        chosen = digest_named(settings, digest)
        spoken = previews.chosen_language(language, chosen)
        mail = previews.trial(store, settings, chosen, address, clock(), language=spoken, form=Format(form))
        kept = "The mail may have gone out or not; nothing is stored of it, so send another one."
        with Progress(f"sending to {settings.mail.host or settings.mail.path}", kept=kept):
            said = asyncio.run(previews.send_trial(settings, mail))
    if as_json:
        print_json({"subject": mail.subject, "answer": said})
    else:
        typer.echo(f"{typed(mail.to_address)}: {mail.subject}\n{said}")
