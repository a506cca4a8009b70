"""The whole configuration: the settings at the top of the file, and all its tables."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Self
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, Field, PrivateAttr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from digest.settings import guesses
from digest.settings.console import Console
from digest.settings.former import Former, present_names
from digest.settings.groups import Digest, Feed, Signup, Source, Topic, Web
from digest.settings.kinds import (
    BUILT_IN_LAYOUTS,
    RULES_LATER,
    Addresses,
    Contact,
    Duration,
    Group,
    Language,
    Url,
    matching,
)
from digest.settings.mail import Bounces, Dkim, Fallback, Hooks, Mail
from digest.settings.operating import Alerts, Api, Log, Retention, Webhook
from digest.settings.rules import broken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic.fields import FieldInfo

    from digest.settings.rules import Broken

_Tag = Annotated[
    str,
    AfterValidator(
        matching(r"(|[A-Za-z0-9.@-]+,\d{4}(-\d{2}){0,2})", "DOMAIN,YEAR of a domain of yours, such as example.org,2026")
    ),
]

_HERE = frozenset({"127.0.0.1", "::1", "0.0.0.0", "::"})  # noqa: S104 - compared with, not listened on


class _Given(PydanticBaseSettingsSource):
    """The merged layers as the only source; `loading` reads them itself, to report the place of each value."""

    layers: ContextVar[Mapping[str, Any]] = ContextVar("layers", default=MappingProxyType({}))

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - as the base has it
        return self.layers.get().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return dict(self.layers.get())


class Settings(Group, BaseSettings):
    """The whole configuration. Paths are absolute once loaded."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    data_dir: Path = Field(
        Path("../var"), description="The folder for the database and the lock; relative to this file."
    )
    database_url: str = Field(
        "",
        repr=False,
        description="A database to use instead of SQLite under data_dir, such as `postgresql://USER@HOST/NAME`.",
    )
    base_url: Url = Field(
        "http://127.0.0.1:8080", description="The address at which people reach the web server from outside."
    )
    title: str = Field(
        "", description="The name of the site and of its main feed; by default the first source's title."
    )
    language: Language = Field("zh_CN", description="The language of the pages.")
    operator: Addresses = Field(
        (),
        description="Your address, or a list of several: alerts go there when something is wrong. Never published.",
    )
    contact: Contact = Field(
        "",
        description="An address or URL for visitors and subscribers, shown in public at the foot of every page "
        "and mail.",
    )
    tag: _Tag = Field(
        "",
        description="`DOMAIN,YEAR`, the start of every Atom id; derived from base_url if empty. Never change it.",
    )
    tick: Duration = Field(
        timedelta(minutes=1),
        gt=timedelta(0),
        description="How often to check for due editions, mails and hub pings.",
    )
    templates: Path | None = Field(
        None, description="A folder whose files replace those of the same name in templates/."
    )
    layouts: tuple[dict[str, Any], ...] = Field(
        (),
        description="Layouts that you draw, see docs/layouts.md; the `*.toml` of a folder `layouts/` beside this file "
        "add further ones.",
    )
    sources: tuple[Source, ...] = Field((), description="Where dumps come from.")
    digests: tuple[Digest, ...] = Field((), description="The mailings.")
    topics: tuple[Topic, ...] = Field((), description="Kinds of entries that have feeds of their own.")
    feed: Feed = Field(Feed(), description="What feeds contain.")
    web: Web = Field(Web(), description="The web server.")
    console: Console = Field(Console(), description="The console for the people who run this installation.")
    signup: Signup = Field(Signup(), description="Subscribing on the web pages.")
    mail: Mail = Field(Mail(), description="How mail is sent.")
    fallback: Fallback = Field(Fallback(), description="Where to send mails while the first server cannot be reached.")
    dkim: Dkim = Field(Dkim(), description="How mails are signed.")
    retention: Retention = Field(Retention(), description="How long to store data that grows by itself.")
    bounces: Bounces = Field(Bounces(), description="How bounces and complaints arrive.")
    hooks: Hooks = Field(Hooks(), description="Providers that report bounces and complaints by HTTP.")
    webhooks: tuple[Webhook, ...] = Field((), description="Programs that are sent entries and editions.")
    alerts: Alerts = Field(Alerts(), description="When to alert the operator.")
    api: Api = Field(Api(), description="The HTTP API for programs of the operator.")
    log: Log = Field(Log(), description="What the service logs.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - `environment` reads variables instead
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - a .env file is not read
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - `environment` reads secrets too
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings, _Given(settings_cls))

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """The settings of merged layers. The caller checks `rules` itself, so that it can report them all.

        Raises:
            pydantic.ValidationError: a value is wrong.
        """
        layers, later = _Given.layers.set(given), RULES_LATER.set(True)
        try:
            return cls()
        finally:
            _Given.layers.reset(layers)
            RULES_LATER.reset(later)

    _file: Path | None = PrivateAttr(None)
    _former: tuple[Former, ...] = PrivateAttr(())
    _changed: tuple[str, ...] = PrivateAttr(())
    _edited_templates: Path | None = PrivateAttr(None)
    _revision: int = PrivateAttr(0)

    @model_validator(mode="before")
    @classmethod
    def _by_present_names(cls, given: object) -> object:
        """The given settings, with former names (`alerts.mail`) replaced by the present ones."""
        return present_names(given)

    @model_validator(mode="after")
    def _draw(self) -> Self:
        for source in self.sources:
            source.draw(self.layouts)
        return self

    def rules(self) -> Iterator[Broken]:
        for kind, tables in (
            ("source", self.sources),
            ("digest", self.digests),
            ("topic", self.topics),
            ("webhook", self.webhooks),
        ):
            yield from _twice(kind, [one.id for one in tables])
        sources = [source.id for source in self.sources]
        for number, digest in enumerate(self.digests):
            yield from _unknown("source", digest.sources, sources, ("digests", number, "sources"))
        for number, topic in enumerate(self.topics):
            yield from _unknown("source", topic.sources, sources, ("topics", number, "sources"))
        drawn = [str(table["id"]) for table in self.layouts if "id" in table]
        for number, table in enumerate(self.layouts):
            if table.get("id") in BUILT_IN_LAYOUTS:
                yield broken("a built-in layout has this id", ("layouts", number, "id"), remedy="use another id")
        yield from _twice("layout", [str(table.get("id", number)) for number, table in enumerate(self.layouts)])
        for number, source in enumerate(self.sources):
            yield from _unknown("layout", source.layouts, [*drawn, *BUILT_IN_LAYOUTS], ("sources", number, "layouts"))

    def came_from(self, file: Path, former: Sequence[Former]) -> None:
        """Record the file that they were read from, and the former names that it uses."""
        self._file, self._former = file, tuple(former)

    def have_changed(self, keys: Sequence[str], templates: Path | None, revision: int) -> None:
        """Record the keys that changes set or unset, the folder of edited templates, and their revision."""
        self._changed, self._edited_templates, self._revision = tuple(keys), templates, revision

    @property
    def revision(self) -> int:
        """The revision of the changes that are among the settings; 0 for none, and for what is not written yet."""
        return self._revision

    @property
    def changed(self) -> tuple[str, ...]:
        """The keys that changes set or unset, whatever the configuration says, such as `sources.blog.paused`."""
        return self._changed

    @property
    def edited_templates(self) -> Path | None:
        """The folder of templates that were edited in the console; None if none was."""
        return self._edited_templates

    @property
    def template_folders(self) -> tuple[Path, ...]:
        """The folders whose files replace our templates of the same name; the first one wins."""
        return tuple(one for one in (self._edited_templates, self.templates) if one)

    @property
    def former(self) -> tuple[Former, ...]:
        """The former names that the configuration still uses."""
        return self._former

    @property
    def file(self) -> Path | None:
        """The file that the settings were read from; None if there is none."""
        return self._file

    @property
    def database(self) -> str:
        """The URL of the store."""
        return self.database_url or f"sqlite:///{self.data_dir / 'digest.db'}"

    @property
    def database_folder(self) -> Path:
        """The folder of the database file; `data_dir` if the database is not a file."""
        file = self.database.removeprefix("sqlite:///")
        return Path(file).parent if file and file != self.database else self.data_dir

    @property
    def console_url(self) -> str:
        """The address at which browsers reach the console, without `/console`.

        An address of this machine that is derived from another setting is called `localhost`: it can have passkeys.
        """
        if self.console.url:
            return self.console.url.rstrip("/")
        derived = f"http://{self.console.listen}" if self.console.listen else self.base_url
        parts = urlsplit(derived)
        if parts.hostname not in _HERE:
            return derived
        return parts._replace(netloc=f"localhost:{parts.port}" if parts.port else "localhost").geturl()

    @property
    def site_title(self) -> str:
        return self.title or (self.sources[0].title if self.sources else "Digest")

    @property
    def contact_url(self) -> str:
        """The link of the contact at the foot of pages and mails; empty if there is none."""
        if not self.contact or self.contact.lower().startswith(("http://", "https://")):
            return self.contact
        return f"mailto:{quote(self.contact, safe='@')}"

    @property
    def tag_base(self) -> str:
        """The text between `tag:` and the next colon of every Atom id."""
        return self.tag or f"{urlsplit(self.base_url).hostname},2026"

    def source(self, name: str) -> Source | None:
        if self._by_id[0] is not self.sources:  # a changed copy of the settings inherits this cache
            del self.__dict__["_by_id"]
        return self._by_id[1].get(name)

    @cached_property
    def _by_id(self) -> tuple[tuple[Source, ...], dict[str, Source]]:
        return self.sources, {source.id: source for source in self.sources}

    def topic(self, name: str) -> Topic | None:
        return next((t for t in self.topics if t.id == name), None)

    def frequencies(self, digest: Digest) -> list[Digest]:
        """The digests with the same sources, including this one; each subscriber follows one of them."""
        return [one for one in self.digests if set(one.sources) == set(digest.sources)]

    def digest(self, name: str) -> Digest | None:
        return next((d for d in self.digests if d.id == name), None)


def _unknown(kind: str, named: Sequence[str], known: Sequence[str], place: tuple[str | int, ...]) -> Iterator[Broken]:
    """A violated rule for each source or layout that is named but does not exist."""
    for name in dict.fromkeys(named):
        if name not in known:
            guess = guesses.did_you_mean(guesses.closest(name, known))
            listed = f"the {kind}s are: {', '.join(known)}" if known else f"no {kind} is configured"
            yield broken(f"there is no {kind} {name!r}", place, remedy=guess or listed)


def _twice(kind: str, ids: Sequence[str]) -> Iterator[Broken]:
    for number, name in enumerate(ids):
        if name in ids[:number]:
            yield broken(f"another {kind} has the id {name!r} too", (f"{kind}s", number, "id"))
