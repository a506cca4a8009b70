"""Settings: what a file, the environment and secrets may say, and that each one is documented."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from digest import settings as subject
from digest.errors import ConfigurationError
from digest.settings import Settings, load
from tests import settings_page

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]

SMALLEST = """
data_dir = "../var"
base_url = "http://127.0.0.1:8080"
[web]
listen = "127.0.0.1:8080"
[[sources]]
id = "kexue"
title = "科学空间"
path = "dumps"
timezone = "Asia/Shanghai"
language = "zh-CN"
link = "https://kexue.fm/search/{title}/"
every = "15m"
backlog = 10
[[digests]]
id = "weekly"
title = "科学空间 每周摘要"
schedule = "mon 08:00"
timezone = "Asia/Shanghai"
[mail]
transport = "maildir"
sender = "Digest <digest@example.org>"
path = "mail"
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    monkeypatch.delenv("DIGEST_CONFIG", raising=False)

    def write(text: str) -> Path:
        file = tmp_path / "config" / "digest.toml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
        return file

    return write


def test_paths_are_relative_to_the_file(config: Callable[[str], Path], tmp_path: Path) -> None:
    settings = load(config(SMALLEST))

    assert settings.data_dir == tmp_path / "var"
    assert settings.sources[0].path == tmp_path / "config" / "dumps"
    assert settings.mail.path == tmp_path / "config" / "mail"
    assert settings.database == f"sqlite:///{tmp_path / 'var' / 'digest.db'}"
    assert settings.sources[0].every == timedelta(minutes=15)


@pytest.mark.parametrize("name", ["DIGEST_MAIL_HOST", "DIGEST_MAIL__HOST"])
def test_the_environment_wins_over_the_file(
    name: str, config: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "relay.example.org")
    monkeypatch.setenv("DIGEST_MAIL_TRANSPORT", "smtp")
    monkeypatch.setenv("DIGEST_BASE_URL", "https://digest.example.org/")

    settings = load(config(SMALLEST))

    assert (settings.mail.host, settings.mail.transport) == ("relay.example.org", "smtp")
    assert settings.mail.sender == "Digest <digest@example.org>"
    assert settings.base_url == "https://digest.example.org"


def test_a_secret_file_wins_over_the_environment(
    config: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "digest_mail__password").write_text("from the secret", "utf-8")
    monkeypatch.setattr("digest.settings.environment._SECRETS", secrets)
    monkeypatch.setenv("DIGEST_MAIL_PASSWORD", "from the environment")

    assert load(config(SMALLEST)).mail.password == "from the secret"


def test_a_password_is_not_shown(config: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_MAIL_PASSWORD", "correct horse")

    assert "correct horse" not in repr(load(config(SMALLEST)))


def test_addresses_of_ours_are_kept_as_mail_servers_take_them(config: Callable[[str], Path]) -> None:
    settings = load(
        config(
            """
            [mail]
            sender = '"Kexue, Digest" <digest@straße.example>'
            reply_to = "科学空间 <answers＠科学．example>"
            [bounces]
            address = "Bounces <bounces@straße.example>"
            """
        )
    )

    assert settings.mail.sender == '"Kexue, Digest" <digest@xn--strae-oqa.example>'
    assert settings.mail.reply_to == "科学空间 <answers@xn--48st12e.example>"
    assert settings.bounces.address == "bounces@xn--strae-oqa.example"


@pytest.mark.parametrize(
    ("written", "operator"),
    [
        ('operator = "me@example.org"', ("me@example.org",)),
        ('operator = ["me@example.org", "Us <us@straße.example>"]', ("me@example.org", "us@xn--strae-oqa.example")),
        ('operator = ""', ()),
        ('[alerts]\nmail = ["me@example.org"]', ("me@example.org",)),
        ('operator = "me@example.org"\n[alerts]\nmail = ["us@example.org", "me@example.org"]',
         ("me@example.org", "us@example.org")),
    ],
)  # fmt: skip
def test_operators_are_named_by_one_address_or_a_list_and_by_the_former_name(
    written: str, operator: tuple[str, ...], config: Callable[[str], Path]
) -> None:
    assert load(config(written)).operator == operator


@pytest.mark.parametrize(
    ("variables", "operator"),
    [
        ({"DIGEST_OPERATOR": "me@example.org"}, ("me@example.org",)),
        ({"DIGEST_OPERATOR": '["me@example.org", "us@example.org"]'}, ("me@example.org", "us@example.org")),
        ({"DIGEST_ALERTS_MAIL": '["us@example.org"]'}, ("us@example.org",)),
        (
            {"DIGEST_OPERATOR": "me@example.org", "DIGEST_ALERTS_MAIL": '["us@example.org"]'},
            ("me@example.org", "us@example.org"),
        ),
    ],
)
def test_operators_come_from_the_environment_too(
    variables: dict[str, str],
    operator: tuple[str, ...],
    config: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert load(config(SMALLEST)).operator == operator


@pytest.mark.parametrize(
    ("written", "shown", "leads_to"),
    [
        ("us@straße.example", "us@xn--strae-oqa.example", "mailto:us@xn--strae-oqa.example"),
        ("mailto:Us <a&b@example.org>", "a&b@example.org", "mailto:a%26b@example.org"),
        ("https://blog.example.org/about/", "https://blog.example.org/about/", "https://blog.example.org/about/"),
        ("", "", ""),
    ],
)
def test_the_contact_is_an_address_or_a_page(
    written: str, shown: str, leads_to: str, config: Callable[[str], Path]
) -> None:
    settings = load(config(f'contact = "{written}"'))

    assert (settings.contact, settings.contact_url) == (shown, leads_to)


def test_a_year_stands_for_its_first_or_last_day(config: Callable[[str], Path]) -> None:
    source = load(config('[[sources]]\nid = "a"\ntitle = "A"\npath = "x"\nearliest = 2020\nlatest = "2020"')).sources[0]

    assert (source.earliest, source.latest) == (date(2020, 1, 1), date(2020, 12, 31))


def test_there_must_be_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIGEST_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigurationError, match=r"config/digest\.toml: there is no configuration here .*digest init"):
        load()
    with pytest.raises(ConfigurationError, match="digest init"):
        load(tmp_path / "nowhere.toml")
    monkeypatch.setenv("DIGEST_CONFIG", str(tmp_path / "nowhere.toml"))
    with pytest.raises(ConfigurationError, match="no such file"):
        load()


def test_the_configuration_that_travels_with_the_code_is_right() -> None:
    demo, example = load(ROOT / "config" / "demo" / "digest.toml"), load(ROOT / "config" / "example.toml")

    assert [s.id for s in demo.sources] == ["samples"]
    assert demo.digests[0].first == "now"
    assert example.sources[0].path == ROOT / "config" / "dumps"
    assert (example.data_dir, example.mail.path) == (ROOT / "config" / "var", ROOT / "config" / "var" / "mail")
    assert not {demo.title, demo.sources[0].title, demo.digests[0].title} & {
        example.title, example.sources[0].title, example.digests[0].title,
    }  # fmt: skip


def test_the_tag_comes_from_the_host_unless_it_is_set(config: Callable[[str], Path]) -> None:
    assert load(config(SMALLEST)).tag_base == "127.0.0.1,2026"
    assert load(config('tag = "example.org,2020-01-01"\n' + SMALLEST)).tag_base == "example.org,2020-01-01"


def test_every_setting_is_documented_and_no_other() -> None:
    page = settings_page.PAGE.read_text("utf-8")
    assert [key for key, row in settings_page.rows().items() if row not in page.splitlines()] == [], "run `make docs`"
    assert settings_page.updated(page) == page, "run `make docs`"


def test_a_row_is_mended_and_a_new_one_is_put_behind_the_setting_before_it() -> None:
    page = settings_page.PAGE.read_text("utf-8")
    late = next(line for line in page.splitlines() if line.startswith("| `digests.late` |"))
    assert settings_page.updated(page.replace(f"{late}\n", "")) == page
    assert settings_page.updated(page.replace(late, "| `digests.late` | `9d` | Something else. |")) == page
    assert settings_page.updated(page.replace(late, f"{late}\n| `digests.gone` | none | Once. |")) == page


def test_a_group_of_settings_without_a_table_is_named() -> None:
    page = settings_page.PAGE.read_text("utf-8")
    log = page.index("## `[log]`")
    with pytest.raises(LookupError, match=r"\[log\]"):
        settings_page.updated(page[:log])


def advised(settings: Settings) -> list[str]:
    return [f"{part}: {says}" for part, says in subject.advice(settings)]


@pytest.mark.parametrize("written", ['operator = "me@example.org"', '[alerts]\nwebhook = "https://chat.example/hook"'])
def test_with_somebody_to_alert_there_is_no_advice(written: str, config: Callable[[str], Path]) -> None:
    assert advised(load(config(written))) == []


def test_without_anybody_to_alert_the_advice_says_what_is_lost(config: Callable[[str], Path]) -> None:
    (says,) = advised(load(config(SMALLEST)))

    assert says.startswith(
        "operator: none is set, so nobody is alerted to problems: a source that fails, mail that stops"
    )
    assert says.endswith("(set operator to your address)")


def test_a_former_name_works_and_is_reported_with_the_present_one(config: Callable[[str], Path]) -> None:
    assert advised(load(config('[alerts]\nmail = ["me@example.org"]'))) == [
        "operator: alerts.mail is its former name: write operator instead; the former one still works"
    ]


@pytest.mark.parametrize(
    ("shown", "place"),
    [
        ('contact = "Me@example.org"', "contact"),
        ('[mail]\nsender = "Digest <me@example.org>"', "mail.sender"),
        ('[mail]\nreply_to = "me@example.org"', "mail.reply_to"),
    ],
)
def test_an_operator_whose_address_is_public_is_warned(shown: str, place: str, config: Callable[[str], Path]) -> None:
    (says,) = advised(load(config(f'operator = "me@example.org"\n{shown}')))

    assert says.startswith(f"operator: {place} is the same address, and it is public")
