"""The whole configuration, and from where its values come."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import quote, urlsplit

from pydantic import Field, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from digest.settings.former import present_names
from digest.settings.groups import Alerts, Digest, Feed, Log, Retention, Signup, Source, Topic, Web
from digest.settings.kinds import Addresses, Contact, Duration, Language, Url
from digest.settings.mail import Bounces, Dkim, Fallback, Hooks, Mail

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECRETS = Path("/run/secrets")


class Settings(BaseSettings):
    """The whole configuration. Paths are absolute once loaded."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix="DIGEST_")

    data_dir: Path = Field(Path("../var"), description="Where the state lies; relative to this file.")
    database_url: str = Field(
        "", repr=False, description="Another store than SQLite under data_dir, such as `postgresql://USER@HOST/NAME`."
    )
    base_url: Url = Field("http://127.0.0.1:8080", description="How people reach the web server from outside.")
    title: str = Field("", description="The name of the site and of the feed of everything; else the first source's.")
    language: Language = Field("zh_CN", description="The language of the pages.")
    operator: Addresses = Field(
        (),
        description="Your address, or a list of several: alerts go there when something is wrong. Never published.",
    )
    contact: Contact = Field(
        "", description="An address or URL for readers, shown in public at the foot of every page and mail."
    )
    tag: str = Field(
        "",
        pattern=r"^(|[A-Za-z0-9.@-]+,\d{4}(-\d{2}){0,2})$",
        description="`DOMAIN,YEAR`, the start of every Atom id; from base_url if absent. Never change it.",
    )
    tick: Duration = Field(
        timedelta(minutes=1),
        gt=timedelta(0),
        description="How often is looked for what is due: editions, mails, the hub.",
    )
    templates: Path | None = Field(None, description="A folder whose files replace their namesakes in templates/.")
    sources: tuple[Source, ...] = Field((), description="The origins of dumps.")
    digests: tuple[Digest, ...] = Field((), description="The mailings.")
    topics: tuple[Topic, ...] = Field((), description="Entries of a kind, with feeds of their own.")
    feed: Feed = Field(Feed(), description="What subscription documents hold.")
    web: Web = Field(Web(), description="The web server.")
    signup: Signup = Field(Signup(), description="Subscribing on the web pages.")
    mail: Mail = Field(Mail(), description="How mail leaves.")
    fallback: Fallback = Field(Fallback(), description="Where mails go while the first server cannot be reached.")
    dkim: Dkim = Field(Dkim(), description="How mails are signed.")
    retention: Retention = Field(Retention(), description="How long what grows by itself is kept whole.")
    bounces: Bounces = Field(Bounces(), description="How bounces and complaints come back.")
    hooks: Hooks = Field(Hooks(), description="Providers that tell by HTTP what bounced and who complained.")
    alerts: Alerts = Field(Alerts(), description="When to alert the operator.")
    log: Log = Field(Log(), description="What the service says of itself.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - replaced by the one below
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - a .env file is not read
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        environment = _Environment(settings_cls, env_nested_delimiter="_", env_nested_max_split=1)
        secrets: tuple[PydanticBaseSettingsSource, ...] = ()
        if _SECRETS.is_dir():
            secrets = (
                NestedSecretsSettingsSource(
                    file_secret_settings, secrets_dir=_SECRETS, secrets_nested_delimiter="__", secrets_prefix="digest_"
                ),
            )
        return (*secrets, environment, init_settings)

    @model_validator(mode="before")
    @classmethod
    def _by_present_names(cls, given: object) -> object:
        """What is written under a former name (`alerts.mail`), under the present one."""
        return present_names(given)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        named = (
            ("sources", [one.id for one in self.sources]),
            ("digests", [one.id for one in self.digests]),
            ("topics", [one.id for one in self.topics]),
        )
        for kind, ids in named:
            twice = {name for name, times in Counter(ids).items() if times > 1}
            if twice:
                raise ValueError(f"two {kind} have the id {', '.join(sorted(twice))}")
        selections: tuple[Digest | Topic, ...] = (*self.digests, *self.topics)
        for one in selections:
            unknown = set(one.sources) - {s.id for s in self.sources}
            if unknown:
                kind = type(one).__name__.lower()
                raise ValueError(f"{kind} {one.id} names the unknown source {', '.join(sorted(unknown))}")
        return self

    @property
    def database(self) -> str:
        """The URL of the store."""
        return self.database_url or f"sqlite:///{self.data_dir / 'digest.db'}"

    @property
    def database_folder(self) -> Path:
        """Where the database lies; `data_dir` for one that is no file."""
        file = self.database.removeprefix("sqlite:///")
        return Path(file).parent if file and file != self.database else self.data_dir

    @property
    def site_title(self) -> str:
        return self.title or (self.sources[0].title if self.sources else "Digest")

    @property
    def contact_url(self) -> str:
        """Where the contact at the foot of pages and mails leads; empty where there is none."""
        if not self.contact or self.contact.lower().startswith(("http://", "https://")):
            return self.contact
        return f"mailto:{quote(self.contact, safe='@')}"

    @property
    def tag_base(self) -> str:
        """What stands between `tag:` and the colon of every Atom id."""
        return self.tag or f"{urlsplit(self.base_url).hostname},2026"

    def source(self, name: str) -> Source | None:
        if self._by_id[0] is not self.sources:  # a changed copy takes this along with the rest
            del self.__dict__["_by_id"]
        return self._by_id[1].get(name)

    @cached_property
    def _by_id(self) -> tuple[tuple[Source, ...], dict[str, Source]]:
        return self.sources, {source.id: source for source in self.sources}

    def topic(self, name: str) -> Topic | None:
        return next((t for t in self.topics if t.id == name), None)

    def rhythms(self, digest: Digest) -> list[Digest]:
        """The digests that tell the same entries, this one among them: each reader follows one of them."""
        return [one for one in self.digests if set(one.sources) == set(digest.sources)]

    def digest(self, name: str) -> Digest | None:
        return next((d for d in self.digests if d.id == name), None)


class _Environment(EnvSettingsSource):
    """`DIGEST_MAIL_HOST` and, as others write it, `DIGEST_MAIL__HOST` both set mail.host."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.replace("__", "_"): value for name, value in super()._load_env_vars().items()}


class _DemoEnvironment(_Environment):
    """What says where the demo is reached and how it speaks, and nothing else."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        harmless = ("digest_base_url", "digest_web_", "digest_log_")
        return {name: value for name, value in super()._load_env_vars().items() if name.lower().startswith(harmless)}


class DemoSettings(Settings):
    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no secret is the demo's
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (_DemoEnvironment(settings_cls, env_nested_delimiter="_", env_nested_max_split=1), init_settings)
