"""README.md from `git clone` to the first mail in an inbox: a shell on a terminal types its commands.

Every line of every `sh` block is typed as it is. Three things stand in for the world: the clone is of this tree, its
`.venv` uses the packages that are installed here (`make setup` itself is what CI begins with), and smtp.example.org is
a relay of the test's own, with a certificate, that wants the name and the password.
"""

from __future__ import annotations

import email
import email.policy
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import sysconfig
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.terminal import CTRL_C, Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Article

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
WALKED = README.partition("## From clone")[2].partition("## More")[0]
PASSWORD = "correct horse"
PROMPT = re.compile(r"<<(\d+)>> ")
# What the clone's Python loads before anything else: where the relay is, and that there is no DNS.
WORLD = """
import socket
_real = socket.getaddrinfo
def getaddrinfo(host, port, *rest, **more):
    if host in ("smtp.example.org", b"smtp.example.org"):
        assert port == 587, port
        return _real("127.0.0.1", {port}, *rest, **more)
    return _real(host, port, *rest, **more)
socket.getaddrinfo = getaddrinfo
import dns.resolver
def resolve(*_, **__):
    raise dns.resolver.NoNameservers
dns.resolver.Resolver.resolve = resolve
"""


def blocks(kind: str, text: str = WALKED) -> list[list[str]]:
    """The lines of each fenced block of this kind."""
    return [found.splitlines() for found in re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]


def command(line: str) -> str:
    """A line without its comment."""
    return re.split(r"\s{2,}#", line)[0].strip()


@dataclass
class Inbox:
    """What the relay took, by recipient."""

    taken: dict[str, list[bytes]] = field(default_factory=dict)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        assert session.authenticated
        for recipient in envelope.rcpt_tos:
            self.taken.setdefault(recipient, []).append(envelope.original_content)
        return "250 2.0.0 taken"


def known(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"digest", PASSWORD.encode()), handled=False)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def relay(inbox: Inbox, tmp_path: Path) -> Iterator[int]:
    """smtp.example.org: its port. Its certificate is of an authority in `authority.pem`."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    controller = Controller(
        inbox,
        hostname="127.0.0.1",
        port=port,
        tls_context=_context(authority),
        require_starttls=True,
        authenticator=known,
        auth_required=True,
    )
    controller.start()
    yield port
    controller.stop()


def _context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("smtp.example.org").configure_cert(context)
    return context


@pytest.fixture
def repository(tmp_path: Path, needs: Callable[[str], str]) -> Path:
    """This tree as it is now, as a repository to clone."""
    git = needs("git")
    made = tmp_path / "repository"
    listed = [git, "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, check=True, capture_output=True, text=True, timeout=60).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file() and not name.startswith(("tests/", "benchmarks/")):
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, made / name)
    as_somebody = [git, "-C", str(made), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "all"]):
        subprocess.run([*as_somebody, *arguments], check=True, capture_output=True, timeout=60)
    return made


def set_up(clone: Path, port: int) -> None:
    """What `make setup` makes, from the packages that are installed here."""
    venv = clone / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True, timeout=60)
    (packages,) = venv.glob("lib/python*/site-packages")
    (packages / "all.pth").write_text(f"{clone}\n{sysconfig.get_paths()['purelib']}\n", "utf-8")
    (packages / "sitecustomize.py").write_text(WORLD.format(port=port), "utf-8")
    program = venv / "bin" / "digest"
    program.write_text(f"#!{venv}/bin/python\nfrom digest.cli import main\nmain()\n", "utf-8")
    program.chmod(0o755)
    (venv / ".ready").touch()


class Shell(Terminal):
    """bash, as somebody sits at it."""

    def __init__(self, cwd: Path, env: dict[str, str]) -> None:
        super().__init__(["bash", "--norc", "--noprofile", "-i"], cwd=cwd, env=env | {"PS1": "<<$?>> "}, columns=120)
        self.wait_for("<<0>> ")

    def prompt(self) -> tuple[str, int]:
        """What was printed until the shell asks for the next line, and the exit code before it."""
        printed = self.wait_for("<<")
        return printed, int(self.wait_for(">> "))

    def run(self, line: str) -> tuple[str, int]:
        self.type(f"{line}\n")
        return self.prompt()


@pytest.fixture
def shell(tmp_path: Path, relay: int) -> Iterator[Shell]:
    outside = {
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "TZ": "Asia/Shanghai",
        "LANG": "C.UTF-8",
        "BROWSER": "true",
        "SSL_CERT_FILE": str(tmp_path / "authority.pem"),
        "DIGEST_WEB_LISTEN": "127.0.0.1:0",
        "PYTHONPATH": "",
        "PYTHONDONTWRITEBYTECODE": "",
    }
    with Shell(tmp_path, outside) as made:
        yield made


@dataclass
class Walk:
    """How each line of the README is typed, and what has to come of it."""

    shell: Shell
    home: Path
    repository: Path
    port: int
    inbox: Inbox
    dumps: Path

    @property
    def clone(self) -> Path:
        return self.home / "digest"

    def type(self, line: str) -> None:
        typed = command(line)
        if typed.startswith("git clone"):
            _, code = self.shell.run(line.replace("<this repository>", str(self.repository)))
            assert code == 0
            set_up(self.clone, self.port)
        elif typed in {"make run", "digest run"}:
            self.serve(line)
        elif typed == "digest init":
            self.answer(line)
        elif "cat >config/smtp-password" in typed:
            self.shell.type(f"{line}\n")
            self.shell.wait_until((self.clone / "config" / "smtp-password").exists)
            self.shell.type(f"{PASSWORD}\n\x04")
            assert self.shell.prompt()[1] == 0
        else:
            printed, code = self.shell.run(line)
            assert code == 0, printed
            self.look(typed, printed)

    def serve(self, line: str) -> None:
        """Start it, see that each address that it prints answers, and stop it."""
        self.shell.type(f"{line}\n")
        printed = self.shell.wait_for("Press Ctrl-C to stop")
        home, feed = (str(self.found(rf"{name} +(\S+)", printed)) for name in ("home page", "feed"))
        for address in (home, feed):
            with urllib.request.urlopen(address, timeout=30) as answer:
                page = answer.read().decode()
        if line == "make run":
            assert "This is the demo" in printed
            assert "演示" in page
            self.compare(printed)
        else:
            assert "山上" in page
            assert "演示" not in page
        self.shell.type(CTRL_C)
        assert self.shell.prompt()[1] in {0, 130}

    def compare(self, printed: str) -> None:
        """What `make run` prints is what the README says that it prints, but for the port and the week."""
        (promised,) = blocks("text")
        for line in promised:
            name, _, value = line.rpartition("  ")
            expected = re.escape(value).replace("8080", r"\d+").replace(r"2026\-W47", r"\d{4}-W\d\d")
            assert re.search(rf"{re.escape(name.strip())} +(\S*/)?{expected}\s", printed), (line, printed)

    def answer(self, line: str) -> None:
        self.shell.type(f"{line}\n")
        for answer in ("山上", "", str(self.dumps), "you@example.org", "https://digest.example.org"):
            self.shell.wait_for("/5  ")
            self.shell.wait_for("]: ")
            self.shell.type(f"{answer}\n")
        printed, code = self.shell.prompt()
        assert code == 0
        assert "digest check " in printed

    def edit(self, table: list[str]) -> None:
        """Put a table in the place of the one of its name."""
        file = self.clone / "config" / "digest.toml"
        text = file.read_text("utf-8")
        new = re.sub(r"(?ms)^\[mail\]\n.*?(\n\n|\Z)", "\n".join(table) + "\n\n", text, count=1)
        assert new != text
        file.write_text(new, "utf-8")

    def look(self, typed: str, printed: str) -> None:
        if typed.startswith("digest check"):
            assert "FAIL" not in printed
        if typed == "digest check --mail":
            assert "smtp.example.org" in printed
            assert '"v=DMARC1;' in printed
        if typed == "digest refresh":
            assert "2" in self.found(r"blog +(.*)", printed).split()
        if typed == "digest edition preview":
            assert "index.html" in printed
        if typed.startswith("digest edition test"):
            assert len(self.inbox.taken["you@example.org"]) == 1

    @staticmethod
    def found(pattern: str, printed: str) -> str:
        found = re.search(pattern, printed)
        assert found, printed
        return found[1]


def test_the_readme_leads_from_clone_to_the_first_mail(
    shell: Shell, tmp_path: Path, repository: Path, relay: int, inbox: Inbox, article: type[Article]
) -> None:
    dumps = tmp_path / "crawl"
    dumps.mkdir()
    (dumps / "index.txt").write_text(
        article("圆周率日").dateblock() + article("别的", (2026, 3, 15), ("另一段。",)).dateblock(), "utf-8"
    )
    walk = Walk(shell, tmp_path, repository, relay, inbox, dumps)
    for kind, lines in re.findall(r"^```(sh|toml)\n(.*?)^```$", WALKED, re.MULTILINE | re.DOTALL):
        if kind == "toml":
            walk.edit(lines.splitlines())
            continue
        for line in lines.splitlines():
            walk.type(line)

    trial, first = (
        email.message_from_bytes(raw, policy=email.policy.default) for raw in inbox.taken["you@example.org"]
    )
    assert set(inbox.taken) == {"you@example.org"}
    assert trial["Subject"].startswith("[测试] ")
    assert first["From"] == "Digest <digest@example.org>"
    assert first["To"] == "you@example.org"
    body = first.get_body(("plain",))
    assert body is not None
    assert "圆周率日" in body.get_content()
    assert "https://digest.example.org/" in body.get_content()
    password = walk.clone / "config" / "smtp-password"
    assert password.stat().st_mode & 0o777 == 0o600
    git = ["git", "-C", str(walk.clone), "status", "--porcelain"]
    changed = subprocess.run(git, check=True, capture_output=True, text=True, timeout=60)
    assert changed.stdout == ""  # nothing of one's own is git's business


def test_no_command_of_the_readme_stands_where_the_walk_does_not_see_it() -> None:
    kinds = re.findall(r"^```(.*)$", README, re.MULTILINE)[::2]
    assert len(kinds) >= 5
    assert set(kinds) == {"sh", "toml", "text"}
    assert all(f"```{kind}\n" in WALKED for kind in ("sh", "toml", "text"))
    assert README.count("```") == WALKED.count("```")
    for line in README.splitlines():
        assert not re.match(r"(?: {4}|\t)\S", line), f"an indented block is not walked: {line}"


def test_each_line_that_is_walked_is_a_command() -> None:
    lines = [line for block in blocks("sh") for line in block]
    assert [line for line in lines if not command(line)] == []
    wanted = ("git clone", "make run", "digest init", "digest edition test", "digest edition send", "digest run")
    for words in wanted:
        assert any(line.startswith(words) for line in lines), words
