"""The Jinja environment: our templates, overrides by the operator, and translations. Decision 84."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, partial
from traceback import extract_tb
from typing import TYPE_CHECKING, TypeAlias

from digest import files
from digest.errors import ConfigurationError, UnknownError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    import jinja2

LANGUAGES = ("zh_CN", "en")
CONSOLE = "console"  # the folder of the console's templates, and of its catalogs
_EXTENSIONS = ("html", "txt", "xml")
# The time zones that forms offer first, with their names.
FIRST_ZONES = {
    "Asia/Shanghai": ("北京", "Beijing"),
    "Asia/Hong_Kong": ("香港", "Hong Kong"),
    "Asia/Taipei": ("台北", "Taipei"),
    "Asia/Tokyo": ("东京", "Tokyo"),
    "Asia/Singapore": ("新加坡", "Singapore"),
    "Australia/Sydney": ("悉尼", "Sydney"),
    "Europe/London": ("伦敦", "London"),
    "Europe/Paris": ("巴黎", "Paris"),
    "Europe/Berlin": ("柏林", "Berlin"),
    "America/New_York": ("纽约", "New York"),
    "America/Chicago": ("芝加哥", "Chicago"),
    "America/Los_Angeles": ("洛杉矶", "Los Angeles"),
}


Folders: TypeAlias = "Path | tuple[Path, ...] | None"  # of templates that replace ours; a file in the first one wins
_Environments = dict[tuple[str, "tuple[Path, ...]"], "jinja2.Environment"]
_held: _Environments = {}  # environments whose templates were read in advance
_tried: ContextVar[_Environments | None] = ContextVar("_tried", default=None)


def language_tag(language: str) -> str:
    """A language as HTML, feeds and mails name it (`zh-CN`). Source: RFC 5646."""
    return language.replace("_", "-")


def folders(given: Folders) -> tuple[Path, ...]:
    """The folders as a tuple; empty if there are only our templates."""
    if given is None:
        return ()
    return given if isinstance(given, tuple) else (given,)


def environment(language: str, folder: Folders) -> jinja2.Environment:
    """The environment of a language. A file in `folder` replaces our template of the same name.

    Text from dumps is always a value, never a template. `.html` templates escape their values.
    """
    key = (language, folders(folder))
    return (_tried.get() or _held).get(key) or _environment(*key)


def prepare_templates(folder: Folders) -> Callable[[], None]:
    """Read all templates in a folder; return a function that puts them into use, whatever happens to the files later.

    Raises:
        ConfigurationError: a template is wrong.
    """
    with trial(folder) as made:
        check_templates(folder)
    return partial(_hold, {(language, folders(folder)): one for language, one in made.items()})


@contextmanager
def trial(folder: Folders) -> Iterator[dict[str, jinja2.Environment]]:
    """Within it, and for nobody else, templates are rendered as their files are now; the environments by language.

    Raises:
        ConfigurationError: one cannot be read.
    """
    from digest.heldfiles import HeldFiles  # noqa: PLC0415 - it imports Jinja, which only the service needs in advance

    try:
        files = HeldFiles(_files(folder), _EXTENSIONS)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"a template cannot be read: {error}", place=named(folder)) from error
    made = {language: _made(language, files, sandboxed=bool(folders(folder))) for language in LANGUAGES}
    token = _tried.set({(language, folders(folder)): one for language, one in made.items()})
    try:
        yield made
    finally:
        _tried.reset(token)


def _hold(made: _Environments) -> None:
    _held.update(made)
    for other in _held.keys() - made.keys():
        del _held[other]


def release_templates() -> None:
    """Read templates from their files again."""
    _held.clear()


@lru_cache(maxsize=8)
def _environment(language: str, own: tuple[Path, ...]) -> jinja2.Environment:
    return _made(language, _files(own), sandboxed=bool(own))


def _files(folder: Folders) -> jinja2.BaseLoader:
    import jinja2  # noqa: PLC0415 - feeds and most commands do not need it

    return jinja2.FileSystemLoader([*folders(folder), files.shipped_folder("templates")])


@lru_cache(maxsize=2)
def _compiled(*, sandboxed: bool) -> jinja2.BytecodeCache:  # noqa: ARG001 - the code differs
    from digest.heldfiles import Compiled  # noqa: PLC0415 - as above

    return Compiled()


def _made(language: str, files: jinja2.BaseLoader, *, sandboxed: bool) -> jinja2.Environment:
    """An environment; a `sandboxed` one lets templates reach nothing but their values: the console can edit them."""
    import jinja2  # noqa: PLC0415 - as above
    import jinja2.sandbox  # noqa: PLC0415 - as above

    made = (jinja2.sandbox.SandboxedEnvironment if sandboxed else jinja2.Environment)(
        loader=files,
        autoescape=jinja2.select_autoescape(("html", "xml"), default=False),
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        bytecode_cache=_compiled(sandboxed=sandboxed),
    )
    made.globals["gap"] = "" if language.startswith("zh") else " "  # between two sentences, and behind a colon
    made.filters["zone_city"] = lambda zone: zone_city(zone, language)
    made.globals["first_zones"] = tuple(FIRST_ZONES)
    made.install_gettext_callables(  # type: ignore[attr-defined] # the i18n extension adds it
        lambda text: translated(text, language),
        lambda one, many, count: translated(one if count == 1 else many, language),
        newstyle=True,
    )
    return made


def rendered(language: str, folder: Folders, template: str, values: Mapping[str, object]) -> str:
    """The template with its values filled in.

    Raises:
        ConfigurationError: a template is wrong; the error names the file and the line.
    """
    import jinja2  # noqa: PLC0415 - as above

    try:
        return environment(language, folder).get_template(template).render(**values)
    except jinja2.TemplateSyntaxError as error:
        raise ConfigurationError(str(error.message), place=f"{error.filename or error.name}:{error.lineno}") from error
    except jinja2.TemplateNotFound as error:
        raise ConfigurationError(f"there is no template {error.name}", place=named(folder)) from error
    except (jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ConfigurationError(str(error), place=_line_of(error, template)) from error


def named(folder: Folders) -> str:
    """The folders of a user's templates in a message."""
    return " and ".join(map(str, folders(folder))) or "templates"


def _line_of(error: Exception, template: str) -> str:
    """The line of a template that raised an error. Jinja's stack frames have the template's file and line."""
    frames = [frame for frame in extract_tb(error.__traceback__) if frame.filename.endswith((".html", ".txt", ".xml"))]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else template


def check_templates(folder: Folders) -> str:
    """Compile every template in every language; return the result in a sentence.

    Raises:
        ConfigurationError: a template is wrong.
    """
    import jinja2  # noqa: PLC0415 - as above

    made = environment(LANGUAGES[0], folder)
    names = template_names(folder)
    for name in names:
        try:
            made.get_template(name)
        except jinja2.TemplateSyntaxError as error:
            raise ConfigurationError(str(error.message), place=f"{error.filename}:{error.lineno}") from error
    ours = files.shipped_folder("templates")
    own = len(own_names(folder, names))
    return f"{len(names)} templates from {ours}" + (f", {own} replaced by {named(folder)}" if folders(folder) else "")


def own_names(folder: Folders, names: Iterable[str]) -> list[str]:
    """Those of the templates that a user has replaced or added."""
    return [name for name in names if own_file(folder, name)]


def own_file(folder: Folders, name: str) -> Path | None:
    """The user's file of a template; None if there is none."""
    return next((one / name for one in folders(folder) if (one / name).is_file()), None)


def template_names(folder: Folders) -> list[str]:
    """All templates that a user can replace, and those that only a user has; the console's can not be replaced."""
    found = environment(LANGUAGES[0], folder).list_templates(extensions=_EXTENSIONS)
    return [name for name in found if not name.startswith(f"{CONSOLE}/")]


def template_text(folder: Folders, name: str) -> str:
    """The text of a template as it holds.

    Raises:
        UnknownError: there is none of this name.
    """
    made = environment(LANGUAGES[0], folder)
    if name not in template_names(folder):
        raise UnknownError("template", name, remedy="docs/templates.md lists them")
    assert made.loader  # noqa: S101 - ours all have one
    return made.loader.get_source(made, name)[0]


def translated(text: str, language: str) -> str:
    """A text of the templates in a language."""
    return _words(language).get(text) or _words(language, CONSOLE).get(text, text)


def language_name(tag: str, language: str) -> str:
    """The name of a language in another language, such as `Chinese`; empty if it is unknown."""
    from babel import Locale, UnknownLocaleError  # noqa: PLC0415 - as for the catalogs below

    try:
        return str(Locale.parse(language).languages.get(tag.partition("-")[0].lower(), ""))
    except (UnknownLocaleError, ValueError):
        return ""


@lru_cache(maxsize=1024)
def zone_city(zone: str, language: str) -> str:
    """The city by which a language calls a time zone: `北京` and `Beijing` for `Asia/Shanghai`."""
    chinese = language.startswith("zh")
    if zone in FIRST_ZONES:
        return FIRST_ZONES[zone][0 if chinese else 1]
    last = zone.rpartition("/")[2].replace("_", " ")
    if not chinese:
        return last
    from babel.core import Locale, get_global  # noqa: PLC0415 - as for the catalogs below

    aliases, known = get_global("zone_aliases"), Locale.parse("zh_CN").time_zones
    same = (zone, aliases.get(zone, zone), *(old for old, new in aliases.items() if new == aliases.get(zone, zone)))
    return str(next((known[name]["city"] for name in same if "city" in known.get(name, {})), last))


def zone_name(zone: str, language: str) -> str:
    """A time zone in words: `北京时间`, `Beijing time`; without a city its own name."""
    if "/" not in zone:
        return "协调世界时" if zone == "UTC" and language.startswith("zh") else zone
    return zone_city(zone, language) + ("时间" if language.startswith("zh") else " time")


@lru_cache(maxsize=8)
def _words(language: str, folder: str = "") -> dict[str, str]:
    """The translations of a language, read from the `.po` catalogs of a folder without a build step.

    Those of the console have a folder of their own, which is read when its first page is shown.
    """
    from babel.messages.pofile import read_po  # noqa: PLC0415 - only commands that need translations load Babel

    words: dict[str, str] = {}
    for catalog in sorted((files.shipped_folder("templates") / "locale" / language / folder).glob("*.po")):
        with catalog.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id and message.string:
                    ids = message.id if isinstance(message.id, tuple | list) else [message.id]
                    strings = message.string if isinstance(message.string, tuple | list) else [message.string]
                    for number, name in enumerate(ids):
                        words[name] = strings[min(number, len(strings) - 1)]
    return words
