"""Mistakes of a configuration: all of them at once, in words, each with its place and what was meant."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, get_args

import pytest

from digest.errors import ConfigurationError, MistakesError, SettingError
from digest.settings import Settings, fields, load, load_demo
from digest.settings.environment import names

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SOURCE = '[[sources]]\nid = "blog"\ntitle = "A"\npath = "x"\n'
DIGEST = '[[digests]]\nid = "weekly"\ntitle = "W"\n'
JARGON = re.compile(r"(?i:input|valid|pydantic|type|literal|parse|extra|instance|dict|tuple)|None\b|str\b")


ALL = """
digest.toml:2: base_url: a URL starts with http:// or https:// and names a host (did you mean https://digest.example.org?)
digest.toml:3: langauge: there is no such setting (did you mean language?)
digest.toml:5: mail.transport: must be maildir or smtp, not "smpt" (did you mean smtp?)
digest.toml:6: mail.port: must be a whole number, not "many"
digest.toml:7: mail.username: username needs password_file, oauth_token_file or oauth_command
digest.toml:8: sources.blog: nothing says where its dumps come from (write `path = ...`, `url = ...` or \
`command = [...]`)
digest.toml:11: sources.blog.pathh: there is no such setting (did you mean path?)
digest.toml:12: sources.blog.timezone: 'Asia/Bejing' is not an IANA time zone, such as Asia/Shanghai or Europe/Berlin \
(did you mean Asia/Shanghai?)
digest.toml:13: sources.blog.every: '15 minutes' is not a duration: write 30s, 15m, 2h, 3d or 1w (did you mean 15m?)
digest.toml:15: sources.blog.id: another source has the id 'blog' too
digest.toml:18: sources.blog.earliest: earliest is after latest
digest.toml:23: digests.weekly.schedule: 'monday at 8' is not a schedule: write `mon 08:00`, `mon,thu 18:30`, \
`daily 07:00` or `monthly 1 08:00` (did you mean mon 08:00?)
digest.toml:24: digests.weekly.sources: there is no source 'blgo' (did you mean blog?)
digest.toml:25: topics.maths: a topic needs a rule: words, patterns, sources or authors
the variable DIGEST_MAIL_HOTS: there is no such setting (did you mean DIGEST_MAIL_HOST?)
the variable DIGEST_TICK: tick: 'often' is not a duration: write 30s, 15m, 2h, 3d or 1w
"""


@pytest.fixture
def mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """The report about a configuration and some variables; the file is called `digest.toml`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIGEST_CONFIG", "digest.toml")

    def said(text: str, **variables: str) -> list[str]:
        (tmp_path / "digest.toml").write_text(text, "utf-8")
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        try:
            load()
        except MistakesError as error:
            return [str(one) for one in error.mistakes]
        return []

    return said


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file(mistakes: Callable[..., list[str]]) -> None:
    assert (
        mistakes(
            """
base_url = "digest.example.org"
langauge = "en"
[mail]
transport = "smpt"
port = "many"
username = "me"
[[sources]]
id = "blog"
title = "A"
pathh = "dumps"
timezone = "Asia/Bejing"
every = "15 minutes"
[[sources]]
id = "blog"
title = "B"
path = "b"
earliest = 2021
latest = 2020
[[digests]]
id = "weekly"
title = "W"
schedule = "monday at 8"
sources = ["blgo"]
[[topics]]
id = "maths"
title = "M"
""",
            DIGEST_MAIL_HOTS="a.example",
            DIGEST_TICK="often",
        )
        == ALL.strip().splitlines()
    )


@pytest.mark.parametrize(
    ("wrong", "place", "says"),
    [
        ('schedul = "mon"', "1: schedul", "did you mean digests.schedule?"),
        ('[web]\ntitle = "A"', "2: web.title", "belongs at the top of the file"),
        ('[web]\nlayouts = ["a"]', "2: web.layouts", "a list of their names belongs below [[sources]]"),
        ('[[web.layouts]]\nid = "a"', "1: web.layouts", "with a line [[layouts]] of its own"),
        ('[mail]\nlayout = ["a"]', "2: mail.layout", "did you mean layouts? Then begin each"),
        ('[mail]\nsources = ["a"]', "2: mail.sources", "belongs below [[digests]] or [[topics]]"),
        (
            SOURCE + '[[sources.layouts]]\nid = "a"',
            "5: sources.blog.layouts.a",
            "must be a name, not a table (begin each",
        ),
        ('[web]\nhost = "a.example"', "2: web.host", "did you mean mail.host or fallback.host?"),
        ('[[source]]\nid = "a"', "1: source", "did you mean sources?"),
        ('[zebra]\nhost = "a"', "1: zebra", "docs/settings.md lists all settings"),
        ('[sources]\nid = "a"', "1: sources", "write [[sources]] with two brackets"),
        ('sources = ["a"]', "1: sources.#1", "must be a table of settings"),
        ('mail = "smtp"', "1: mail", "must be a table of settings"),
        ('[[sources]]\ntitle = "A"', "1: sources.#1.id", "is missing"),
        ('[[sources]]\nid = "a"\ntitle = ""\npath = "x"', "3: sources.a.title", "must not be empty"),
        ('[[sources]]\nid = "A b"\ntitle = "A"\npath = "x"', "2: sources.A b.id", "did you mean a-b?"),
        (SOURCE + 'timezone = "Mars/Olympus"', "5: sources.blog.timezone", "IANA"),
        (SOURCE + 'timezone = "asia/shanghai "', "5: sources.blog.timezone", "did you mean Asia/Shanghai?"),
        (SOURCE + 'every = "soon"', "5: sources.blog.every", "write 30s, 15m"),
        (SOURCE + 'every = "0s"', "5: sources.blog.every", "must be more than 0 seconds"),
        (SOURCE + 'every = "99999999999999w"', "5: sources.blog.every", "too long for a duration"),
        (SOURCE + "every = [1]", "5: sources.blog.every", 'must be a duration such as "15m"'),
        (SOURCE + 'link = "https://a.example/{name}"', "5: sources.blog.link", "{title}"),
        (SOURCE + 'link = "https://a.example/{title.x}"', "5: sources.blog.link", "{title}"),
        (SOURCE + "earliest = 0000-01-01", "digest.toml:5", "TOML"),
        (SOURCE + 'earliest = "0000"', "5: sources.blog.earliest", "not a year"),
        (SOURCE + 'earliest = "last year"', "5: sources.blog.earliest", "2020-06-30"),
        (SOURCE + "keep = 2", "5: sources.blog.keep", "must be at most 1, not 2"),
        (SOURCE + 'agree = "two"', "5: sources.blog.agree", 'a whole number, not "two"'),
        (SOURCE + 'language = "Chinese!"', "5: sources.blog.language", "zh-CN"),
        ('language = "zh-CN"', "1: language", "did you mean zh_CN?"),
        ("title = 5", "1: title", "must be a text in quotes, not 5"),
        ('[signup]\nopen = "perhaps"', "2: signup.open", "true or false"),
        ('[retention]\nreaders = "1d"', "2: retention.readers", "at least 7 days"),
        ('[retention]\nreaders = "50d"\nreaders_daily = "10d"', "3: retention.readers_daily", "shorter than readers"),
        ('[web]\nlisten = "8080"', "2: web.listen", "HOST:PORT"),
        ('[web]\nlisten = "0.0.0.0:80800"', "2: web.listen", "65535"),
        ('[web]\nproxies = "10.0.0.0/8"', "2: web.proxies", "must be a list in brackets"),
        ('[web]\nproxies = ["10.0.0.0/8", "10.0.0"]', "2: web.proxies", "'10.0.0'"),
        ('tag = "example.org"', "1: tag", "DOMAIN,YEAR"),
        (DIGEST + 'sources = ["nowhere"]', "4: digests.weekly.sources", "no source is configured"),
        (SOURCE + DIGEST + 'sources = ["elsewhere"]', "8: digests.weekly.sources", "the sources are: blog"),
        (SOURCE + '[[topics]]\nid = "t"\ntitle = "T"\nsources = ["blogs"]', "8: topics.t.sources", "mean blog?"),
        (DIGEST + 'template = "wekly"', "4: digests.weekly.template", "did you mean weekly?"),
        (DIGEST + 'template = "nowhere"', "4: digests.weekly.template", "there is no template 'nowhere'"),
        (DIGEST + DIGEST, "5: digests.weekly.id", "another digest has the id 'weekly'"),
        ('[mail]\ntransport = "smtp"', "2: mail.host", "needs host"),
        ('[mail]\nusername = "a"', "2: mail.username", "password_file"),
        ('[mail]\npassword_file="b"\noauth_token_file="c"', "3: mail.oauth_token_file", "give one of"),
        ('[mail]\nhost="a.example"\nusername="a"\npassword="b"\nsecurity="none"', "5: mail.security", "without TLS"),
        ('[mail]\nsender = "Kexue, Digest <digest@example.org>"', "2: mail.sender", "in quotes"),
        ('[mail]\nsender = ""', "2: mail.sender", "needs a sender"),
        ('[mail]\nsender = "Digest"', "2: mail.sender", "not one address"),
        ('[mail]\nsender = "a@example.org, b@example.org"', "2: mail.sender", "not one address"),
        ('[mail]\nreply_to = "Answers: a@example.org"', "2: mail.reply_to", "not one address"),
        ('[mail]\npostal = "a\\nb"', "2: mail.postal", "one line"),
        ('[bounces]\naddress = "a@example.org b@example.org"', "2: bounces.address", "not one address"),
        ('[bounces]\naddress = "a+b@example.org"', "2: bounces.address", "no plus sign"),
        ('[bounces]\nmaildir = "x"', "2: bounces.address", "set it"),
        ('[dkim]\nselector = "a b"', "2: dkim.selector", "in the DNS"),
        ('[hooks]\nses_topics = ["x"]', "2: hooks.ses_topics", "ARN"),
        ('operator = "me"', "1: operator", "not one address"),
        ('contact = "ask me"', "1: contact", "not one address"),
        ('[alerts]\nmail = ["a@example.org, b@example.org"]', "2: alerts.mail", "not one address"),
        ("[mail", "digest.toml:1", "TOML"),
        ("a = " + "[" * 100_000, "digest.toml", "TOML"),
    ],
)
def test_a_mistake_names_the_file_the_line_the_key_and_the_reason(
    wrong: str, place: str, says: str, mistakes: Callable[..., list[str]]
) -> None:
    said = mistakes(wrong)
    assert any(f"{place}: " in one and says in one for one in said), said


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DIGEST_MAIL_PORT", "x", 'mail.port: must be a whole number, not "x"'),
        ("DIGEST_MAIL__PORT", "70000", "mail.port: must be at most 65535"),
        ("DIGEST_WEB_PROXIES", "10.0.0.0/8", """web.proxies: must be a list in JSON, such as '["a", "b"]'"""),
        ("DIGEST_SOURCES", '[{"id": "a", "title": "A"}]', "sources.a: nothing says where its dumps come from"),
        (
            "DIGEST_SOURCES",
            '[{"id": "a", "title": "A", "path": "x", "evry": "1h"}]',
            "sources.a.evry: there is no such",
        ),
        ("DIGEST_MAIL", '{"port": -1}', "mail.port: must be at least 0"),
        ("DIGEST_OPERATOR", "[", "operator: '[' is not a JSON list"),
        ("DIGEST_ALERTS_MAIL", '["me"]', "alerts.mail: 'me' is not one address"),
        ("DIGEST_MAIL_PASWORD", "hunter2", "there is no such setting (did you mean DIGEST_MAIL_PASSWORD?)"),
        ("DIGEST_MAIL__PASWORD", "hunter2", "there is no such setting (did you mean DIGEST_MAIL_PASSWORD?)"),
        ("DIGEST_DATABASE", "x", "there is no such setting (did you mean DIGEST_DATABASE_URL?)"),
        ("DIGEST_SOURCES_0_PATH", "x", "there is no such setting"),
        ("DIGEST_NOTHING_LIKE_IT", "x", "there is no such setting (remove it, or see docs/settings.md)"),
        ("digest_mail_hots", "x", "there is no such setting (did you mean DIGEST_MAIL_HOST?)"),
        ("DIGEST_", "x", "there is no such setting"),
    ],
)
def test_a_mistake_of_a_variable_names_it(name: str, value: str, says: str, mistakes: Callable[..., list[str]]) -> None:
    (said,) = mistakes("", **{name: value})

    assert said.startswith(f"the variable {name}: ")
    assert says in said
    assert "hunter2" not in said


def test_a_mistake_of_a_secret_names_its_file(
    mistakes: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "digest_mail__pasword").write_text("hunter2", "utf-8")
    (secrets / "digest_mail__port").write_text("x", "utf-8")
    (secrets / "digest_hooks__brevo_secret").write_bytes(b"\xff")
    (secrets / "postgres_password").write_text("another program's", "utf-8")
    monkeypatch.setattr("digest.settings.environment._SECRETS", secrets)

    assert mistakes("") == [
        f"{secrets}/digest_hooks__brevo_secret: cannot be read: it is not UTF-8 (check its permissions)",
        f"{secrets}/digest_mail__pasword: there is no such setting (did you mean digest_mail__password?)",
        f'{secrets}/digest_mail__port: mail.port: must be a whole number, not "x"',
    ]


def test_the_demo_minds_only_variables_about_where_it_is_reached_and_how_it_logs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "demo.toml").write_text(SOURCE, "utf-8")
    for name in ("DIGEST_MAIL_HOTS", "DIGEST_DATABASE_URL", "DIGEST_WEB_LISTN"):
        monkeypatch.setenv(name, "x")

    with pytest.raises(MistakesError) as caught:
        load_demo(tmp_path / "demo.toml")

    assert str(caught.value) == (
        "the variable DIGEST_WEB_LISTN: there is no such setting (did you mean DIGEST_WEB_LISTEN?)"
    )
    monkeypatch.delenv("DIGEST_WEB_LISTN")
    assert load_demo(tmp_path / "demo.toml").database_url == ""


def test_two_variables_for_one_setting_are_a_mistake(mistakes: Callable[..., list[str]]) -> None:
    (said,) = mistakes("", DIGEST_MAIL_HOST="a.example", DIGEST_MAIL__HOST="b.example")

    assert "sets the same key (remove one of them)" in said


@pytest.mark.parametrize(
    ("variables", "refused"),
    [
        (
            {
                "DIGEST_TEST_SPEED": "1",
                "DIGEST_FUZZ_EXAMPLES": "5",
                "DIGEST_FAULTS_PAGE": "1",
                "DIGEST_YEARS_SITES": "3",
            },
            0,
        ),
        ({"DIGESTIVE": "1", "MY_DIGEST_HOST": "1"}, 0),
        ({"DIGEST_SERVICE_HOST": "10.0.0.1", "DIGEST_PORT": "tcp://10.0.0.1:80"}, 2),
        (
            {
                "KUBERNETES_SERVICE_HOST": "10.0.0.1",
                "DIGEST_SERVICE_HOST": "10.0.0.1",
                "DIGEST_SERVICE_PORT_HTTP": "80",
                "DIGEST_PORT": "tcp://10.0.0.1:80",
                "DIGEST_PORT_80_TCP_ADDR": "10.0.0.1",
                "DIGEST_MAIL_PORT": "tcp://10.0.0.1:25",
                "DIGEST_WEB_SERVICE_HOST": "10.0.0.1",
            },
            0,
        ),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "DIGEST_MAIL_PORT": "x"}, 1),
    ],
)
def test_variables_of_tests_and_of_kubernetes_are_no_settings(
    variables: dict[str, str], refused: int, mistakes: Callable[..., list[str]]
) -> None:
    assert len(mistakes("", **variables)) == refused


def test_a_template_of_one_s_own_is_looked_for_beside_the_file(
    mistakes: Callable[..., list[str]], tmp_path: Path
) -> None:
    text = f'templates = "mine"\n{DIGEST}template = "monthly"'
    assert "there is no template 'monthly'" in mistakes(text)[0]

    (tmp_path / "mine" / "mail" / "monthly").mkdir(parents=True)
    (tmp_path / "mine" / "mail" / "monthly" / "subject.txt").write_text("{{ title }}", "utf-8")
    assert mistakes(text) == []


def test_a_wrong_address_of_several_operators_hides_no_rule(mistakes: Callable[..., list[str]]) -> None:
    text = f'operator = ["me@example.org", "nobody"]\n{SOURCE}{SOURCE}[mail]\ntransport = "smtp"\n'
    said = mistakes(text)
    assert said[0].startswith("digest.toml:1: operator: 'nobody' is not one address")
    assert said[1:] == [
        "digest.toml:7: sources.blog.id: another source has the id 'blog' too",
        "digest.toml:11: mail.host: transport smtp needs host",
    ]


def test_a_mistake_of_one_setting_brings_no_other_with_it(mistakes: Callable[..., list[str]]) -> None:
    assert len(mistakes('[mail]\ntransport = "smtp"\nhost = 5')) == 1  # and not: transport smtp needs host
    assert len(mistakes('[[topics]]\nid = "t"\ntitle = "T"\npatterns = ["("]')) == 1  # and not: a topic needs a rule
    assert len(mistakes('[[sources]]\nid = 5\ntitle = "T"\npath = "x"\n' + DIGEST)) == 1


@pytest.mark.parametrize("secret", ["password = 12345", 'pasword = "12345"', "password = [12345]"])
def test_a_secret_is_never_shown(secret: str, mistakes: Callable[..., list[str]]) -> None:
    said = mistakes(f"[mail]\n{secret}")

    assert said
    assert "12345" not in "\n".join(said)


def test_a_list_whose_elements_are_all_wrong_is_not_reported_as_too_short(mistakes: Callable[..., list[str]]) -> None:
    hook = '[[webhooks]]\nid = "a"\nurl = "https://example.org"\nsecret = "a secret of enough characters"\n'

    (wrong,) = mistakes(f'{hook}events = ["?"]')
    assert wrong.startswith("digest.toml:5: webhooks.a.events.#1: must be entries or editions")
    (empty,) = mistakes(f"{hook}events = []")
    assert empty.startswith("digest.toml:5: webhooks.a.events: ")


VALUES = ('"?"', "-7", "1.5", "nan", "true", '["?"]', "[[1]]", "{a = 1}", "2020-01-01", "07:00:00", '""', "[]")


def is_table(path: tuple[str, ...]) -> bool:
    field = fields.field_of(path)
    return field is not None and fields.group_of(field) is not None


def filled(value: str) -> str:
    """A configuration in which every setting has this value."""
    tables: dict[str, list[str]] = {"": []}
    for path in fields.paths():
        if not is_table(path):
            tables.setdefault(".".join(path[:-1]), []).append(f"{path[-1]} = {value}\n")
    heads = {name: f"[[{name}]]\n" if fields.is_list_of_tables((name,)) else f"[{name}]\n" for name in tables if name}
    return "".join(heads.get(name, "") + "".join(lines) for name, lines in tables.items())


def test_whatever_is_wrong_is_reported_in_words_and_with_its_line(tmp_path: Path) -> None:
    refused = set()
    for value in VALUES:
        (tmp_path / "x.toml").write_text(filled(value), "utf-8")
        with pytest.raises(MistakesError) as caught:
            load(tmp_path / "x.toml")
        for one in caught.value.mistakes:
            assert isinstance(one, SettingError)
            assert one.line, one
            assert not JARGON.search(one.problem), one
            refused.add(re.sub(r"^(sources|digests|topics|webhooks)\.[^.]+", r"\1", one.setting))
    assert {".".join(path) for path in fields.paths() if not is_table(path)} - refused == set()


def test_each_setting_has_a_variable_of_its_own() -> None:
    assert len(names()) == len(set(names().values()))
    assert {"DIGEST_MAIL_PASSWORD_FILE", "DIGEST_SOURCES", "DIGEST_ALERTS_MAIL", "DIGEST_MAIL"} <= names().keys()
    assert all(get_args(Settings.model_fields[str(path[0])].annotation) for path in [("sources",), ("digests",)])


def test_a_file_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "digest.toml").write_bytes(b'title = "a"\n# ' + "博客".encode("gb18030"))

    with pytest.raises(ConfigurationError, match=r"digest\.toml:2: is not UTF-8 \(save it as UTF-8\)"):
        load(tmp_path / "digest.toml")


def test_the_mark_that_some_editors_begin_a_file_with_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "digest.toml").write_text('title = "山"', "utf-8-sig")

    assert load(tmp_path / "digest.toml").title == "山"


def test_a_mistake_says_its_parts_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "digest.toml"
    file.write_text(SOURCE + "keep = 2", "utf-8")
    monkeypatch.setenv("DIGEST_MAIL_PORT", "x")

    with pytest.raises(MistakesError) as caught:
        load(file)

    ours = [one for one in caught.value.mistakes if isinstance(one, SettingError)]
    assert [(one.setting, one.file, one.line, one.variable) for one in ours] == [
        ("sources.blog.keep", str(file), 5, ""),
        ("mail.port", "", None, "DIGEST_MAIL_PORT"),
    ]
    assert json.dumps([one.problem for one in ours])
