"""`digest mail key|preview`: create a DKIM key, and preview all mails except editions."""

from __future__ import annotations

import email
import email.policy
import webbrowser
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import common
from digest.cli.edition_previews import LanguageOption, OutputOption, scratch, show_part
from digest.cli.progress import Progress
from digest.errors import DigestError, UnknownError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.service.mailing.samples.mails import MailKind, Sample
    from digest.settings import Settings

app = typer.Typer(
    name="mail",
    help="Create a DKIM key, and preview mails; `digest check --mail` reports what is still missing.",
)
_FORMS = {"html": ".html", "text": ".txt", "eml": ".eml"}
_TERMINAL = Path("-")


@app.callback()
def root() -> None:
    """Without this typer would make the only command the group itself."""


@app.command()
def key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file for the private key.")],
    *,
    kind: Annotated[
        str, typer.Option(metavar="rsa|ed25519", help="Create rsa first; ed25519 only in addition.")
    ] = "rsa",
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Create a DKIM key, and print the DNS record that publishes its public half."""
    from digest.mail.dkim import Key, write_key, zone_line

    if kind not in {"rsa", "ed25519"}:
        raise typer.BadParameter("rsa or ed25519", param_hint="--kind")
    settings = common.settings_of(config)
    selector, name = (
        (settings.dkim.selector, "key_file") if kind == "rsa" else (settings.dkim.ed25519_selector, "ed25519_key_file")
    )
    made = Key(settings.dkim.domain or settings.mail.sender_mailbox.domain, selector, write_key(file, kind))
    if as_json:
        common.print_json({"file": str(file), "kind": kind, "name": made.name, "value": made.record})
        return
    typer.echo(
        f"{file} is written; only you can read it. Publish the DNS record, then set dkim.{name} to this file", err=True
    )
    typer.echo(zone_line(made.name, made.record))


@app.command()
def preview(
    kind: Annotated[
        str | None,
        typer.Argument(metavar="KIND", help="Only this kind of mail, such as confirmation, welcome, alert."),
    ] = None,
    *,
    form: Annotated[
        str | None, typer.Option("--format", metavar="html|text|eml", help="Show only this part; needs a KIND.")
    ] = None,
    language: LanguageOption = None,
    output: OutputOption = None,
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Preview all mails except editions: confirmation, welcome, goodbye, alerts. Stores and sends nothing.

    With a KIND, it shows only that mail: in the browser, on the terminal (-o -) or in a file.
    """
    from digest.operations.previews import letter_view
    from digest.protected_files import require_free
    from digest.service.mailing.samples import mails

    if form is not None and (form not in _FORMS or kind is None):
        raise typer.BadParameter("choose html, text or eml, and give a KIND", param_hint="--format")
    wanted = _kind(kind)
    with common.store_to_read(config) as (settings, store):
        if output and output != _TERMINAL:
            require_free(settings, output, config)
        spoken = _language(settings.language, language)
        with Progress("composing", kept="Nothing was stored."):
            made = list(mails.samples(store, settings, common.clock()))
    if wanted:
        made = [one for one in made if one.kind is wanted]
    if as_json:
        for one in made:
            common.print_json(letter_view(one, content=False).model_dump(exclude={"when"}))
    elif wanted:
        (chosen, *_) = sorted(made, key=lambda one: one.language != spoken)
        _show_one(chosen, form, output)
    else:
        _show_all(settings, made, output)


def _kind(name: str | None) -> MailKind | None:
    from digest.service.mailing.samples.mails import MailKind, kind_named

    if name is None:
        return None
    found = kind_named(name)
    if found is None:
        raise UnknownError(
            "mail", name, remedy=f"one of {', '.join(MailKind)}; `digest edition preview` shows editions"
        )
    return found


def _language(usual: str, language: str | None) -> str:
    from digest.templating import LANGUAGES

    if language is not None and language not in LANGUAGES:
        raise UnknownError("language", language, remedy=f"one of {', '.join(LANGUAGES)}")
    return language or usual


def _message(sample: Sample) -> EmailMessage:
    message = email.message_from_bytes(sample.raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101 - as that policy makes them
    return message


def _words(sample: Sample, kind: str) -> str:
    """One part of a mail; empty where it has none."""
    body = _message(sample).get_body((kind,))
    return str(body.get_content()) if body else ""


def _part(sample: Sample, form: str) -> bytes:
    if form == "eml":
        return sample.raw
    return _words(sample, "html" if form == "html" else "plain").encode()


def _show_one(sample: Sample, form: str | None, output: Path | None) -> None:
    endings = {ending: name for name, ending in _FORMS.items()}
    chosen = form or endings.get(output.suffix if output else "", "html" if _words(sample, "html") else "text")
    words = _part(sample, chosen)
    if not words:
        raise DigestError(f"{sample.kind}: has no HTML (use --format text)")
    show_part((_FORMS[chosen], words), str(_message(sample)["Subject"]), sample.name, output)


def _show_all(settings: Settings, made: Sequence[Sample], output: Path | None) -> None:
    """Write a page that shows all mails, and the parts of each mail as files."""
    from digest.service.mailing.samples.mails import WHEN
    from digest.templating import rendered

    if output == _TERMINAL:
        raise DigestError("the terminal can only show one mail: give its KIND")
    folder = output or scratch()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DigestError(f"{folder}: cannot be created: {error.strerror}") from error
    mails = []
    for one in made:
        page = _words(one, "html")
        for form, ending in _FORMS.items():
            if form != "html" or page:
                common.write_file(folder / f"{one.name}{ending}", _part(one, form))
        mails.append(
            {
                "name": one.name,
                "kind": str(one.kind),
                "language": one.language,
                "when": WHEN[one.kind],
                "subject": str(_message(one)["Subject"]),
                "html": bool(page),
                "text": _words(one, "plain"),
            }
        )
    index = folder / "index.html"
    values = {"title": settings.site_title, "mails": mails}
    common.write_file(index, rendered("en", settings.template_folders, "mail/mails.html", values).encode())
    common.print_table(
        ("mail", "language", "subject"), [(one["kind"], one["language"], one["subject"]) for one in mails]
    )
    typer.echo(str(index))
    if output is None:
        webbrowser.open(index.as_uri())
