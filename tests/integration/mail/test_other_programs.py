"""Our mails in other programs: parsers read the same, checkers and the spam filter find nothing.

What they find and we accept is listed here, each with its reason.
"""

from __future__ import annotations

import email
import email.policy
import json
import re
import subprocess
from datetime import UTC, datetime
from email.header import decode_header, make_header
from typing import TYPE_CHECKING, Any

import mailparser
import pytest
from lxml import html as lxml_html

from digest.service.editions import digests, drafts
from digest.service.intake import refresh
from digest.settings import load
from digest.store import open_store
from tests.conftest import ROOT
from tests.golden.mails import LEAVE_URL, MAILS, PREFERENCES_URL, SITE, path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NPM = ROOT / "tests" / "npm"
WITH_HTML = [name for name in MAILS if name != "text"]
MOST_SPAM_POINTS = 2.0
LEAST_SCORE = 85  # of 100, in each mail program; Outlook on Windows loses most: it ignores where lines should end

# Programs that do not know these show the mail plainer, and all of it can still be read.
PLAINER = {
    "<style>",  # the dark colours; every other style is inlined
    "@media",
    "text-wrap",  # lines end where they end without it
    "white-space",  # a mark behind a formula may begin the next line: no character keeps it beside a picture
    "table-layout",  # Outlook on a desktop widens the sheet for a long address
}
# Chinese mails say 退订, and every mail has the header.
CHINESE = {"missing-unsubscribe"}
# Nobody sends the sample, so no postal address is configured.
SAMPLE = {"missing-physical-address"}
# The cells of the bars hold a space in a small size, so that they stay low; no word is that small.
NO_WORDS = {"small-text", "small-text-multiple"}
# Formulas stand in the line of text.
IN_LINE = {"missing-display-block"}
# Formulas are pictures, and in an edition of mathematics they are many; each has its words beside it.
FORMULAS = {"high-image-ratio", "high-image-count"}


def _run(*command: str | Path, stdin: bytes | None = None) -> str:
    done = subprocess.run([str(part) for part in command], input=stdin, capture_output=True, check=False, timeout=180)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    return done.stdout.decode(errors="replace")


def sample(language: str) -> str:
    """The HTML of the edition that the sample configuration makes of the sample dumps."""
    settings = load(ROOT / "config" / "demo" / "digest.toml").model_copy(update={"base_url": SITE})
    now = datetime(2026, 11, 30, tzinfo=UTC)
    store = open_store("sqlite://")
    digests.register(store, settings.digests, now)
    for source in settings.sources:
        refresh.refresh(store, settings, source, now=now)
    made = drafts.draft_edition(store, settings, settings.digests[0], now, language)
    store.close()
    assert made is not None
    return made.body.html


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("pages")
    files = []
    for name, language in (("sample", "zh_CN"), ("sample-english", "en")):
        files.append(folder / f"{name}.html")
        files[-1].write_text(sample(language), "utf-8")
    for name in WITH_HTML:
        file = folder / f"{name}.html"
        file.write_text(MAILS[name]().words.html, "utf-8")
        files.append(file)
    return files


def test_no_mail_program_hides_anything(pages: list[Path], needs: Callable[[str], str]) -> None:
    needs("tests/npm/node_modules/@emailens/engine/package.json")
    for line in _run(needs("node"), NPM / "audit.mjs", *pages).splitlines():
        audit = json.loads(line)
        told = [found for found in audit["compatibility"] if found["severity"] != "info"]
        assert {found["property"] for found in told} <= PLAINER
        assert {found["severity"] for found in told} <= {"warning"}
        assert min(audit["scores"].values()) >= LEAST_SCORE, audit["scores"]
        accepted = FORMULAS | (set() if "english" in audit["path"] else CHINESE)
        assert set(audit["spam"]) <= accepted | (SAMPLE if "sample" in audit["path"] else set())
        assert audit["links"] == []
        assert set(audit["accessibility"]) <= NO_WORDS
        assert set(audit["images"]) <= IN_LINE | FORMULAS
        assert not audit["clipped"]
        assert audit["unresolved"] == 0


def test_the_html_is_valid_but_for_what_mail_needs(pages: list[Path], needs: Callable[[str], str]) -> None:
    validate = needs("tests/npm/node_modules/.bin/html-validate")
    # Off: inline styles, attributes that old programs want instead of styles, comments that Outlook reads.
    assert _run(validate, "--config", NPM / "html-validate.json", "--max-warnings", "0", *pages) == ""


def test_the_spam_filter_lets_them_pass(needs: Callable[[str], str]) -> None:
    said = _run(needs("spamassassin"), "--local", "--test-mode", *map(path, MAILS))
    points = re.findall(r"Content analysis details:\s+\((-?\d+\.\d+) points", said)
    assert len(points) == len(MAILS)
    assert max(map(float, points)) < MOST_SPAM_POINTS, said


class Read:
    """What a parser reads: text that people see, list headers, links, parts."""

    def __init__(self, subject: str, lists: dict[str, str], text: str, html: str, pictures: set[str]) -> None:
        self.subject, self.lists, self.pictures = subject, lists, pictures
        self.text = text.replace("\r\n", "\n").strip()
        self.links = [str(link) for link in lxml_html.document_fromstring(html).xpath("//a/@href")] if html else []
        self.words = lxml_html.document_fromstring(html).text_content().split() if html else []

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Read) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]


LISTS = ("list-id", "list-help", "list-archive", "list-post", "list-unsubscribe", "list-unsubscribe-post")


def by_python(raw: bytes, policy: email.policy.Policy[Any]) -> Read:
    mail = email.message_from_bytes(raw, policy=policy)
    parts = {part.get_content_type(): part.get_payload(decode=True) for part in mail.walk() if not part.is_multipart()}
    return Read(
        str(make_header(decode_header(str(mail["Subject"])))),
        {name: str(make_header(decode_header(str(mail[name])))) for name in LISTS},
        parts["text/plain"].decode(),
        parts.get("text/html", b"").decode(),
        {part["Content-ID"].strip("<>") for part in mail.walk() if part.get_content_maintype() == "image"},
    )


def by_mail_parser(raw: bytes) -> Read:
    mail = mailparser.parse_from_bytes(raw)
    assert mail.defects == []
    headers = {name.lower(): value for name, value in mail.headers.items()}
    return Read(
        mail.subject,
        {name: headers[name] for name in LISTS},
        mail.text_plain[0],
        "".join(mail.text_html),
        {one["content-id"].strip("<>") for one in mail.attachments},
    )


@pytest.mark.parametrize("name", MAILS)
def test_parsers_read_the_same(name: str, needs: Callable[[str], str]) -> None:
    needs("tests/npm/node_modules/mailparser/package.json")
    made, raw = MAILS[name](), path(name).read_bytes()
    html = made.words.html if name in WITH_HTML else ""
    title = "Science Spaces Weekly" if name in {"english", "text"} else "科学空间 每周摘要"
    lists = {
        "list-id": f"{title} <weekly.example.org>",
        "list-help": f"<{SITE}/about>",
        "list-archive": f"<{SITE}/editions/weekly/2026-W47>",
        "list-post": "NO",
        "list-unsubscribe": f"<{LEAVE_URL}>",
        "list-unsubscribe-post": "List-Unsubscribe=One-Click",
    }
    names = {f"{called}@formula.digest" for called in made.pictures} if html else set()
    wanted = Read(made.words.subject, lists, made.words.text, html, names)
    assert by_python(raw, email.policy.compat32) == wanted
    assert by_python(raw, email.policy.default) == wanted
    assert by_mail_parser(raw) == wanted

    mail = json.loads(_run(needs("node"), NPM / "parse.mjs", path(name)))
    told = Read(mail["subject"], lists, mail["text"], mail["html"], {cid for cid, _, _ in mail["pictures"]})
    assert told == wanted
    assert mail["list"]["unsubscribe"]["url"] == LEAVE_URL
    assert mail["list"]["unsubscribe-post"]["name"] == "List-Unsubscribe=One-Click"
    assert mail["list"]["id"]["id"] == "weekly.example.org"
    assert mail["date"] == "2026-11-16T00:00:00.000Z"
    assert len(mail["lines"]) == len(set(mail["lines"]))
    if html:
        assert {LEAVE_URL, PREFERENCES_URL} <= set(wanted.links)
        assert all(link.startswith((f"{SITE}/", "https://blog.example/", "#")) for link in wanted.links)
