"""What the fault tests share: which occurrences are tried, where, and the table of verdicts."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import CONFIG, Article
from tests.faults.places import Place
from tests.faults.sink import Sink
from tests.faults.verdicts import Verdict, Verdicts, lacking

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

ALL = os.environ.get("DIGEST_TEST_FAULTS") == "all"
WRITES, MOST_WRITES = "pwrite64", 12
PIPELINING, ONE_BY_ONE = "pipelining", "one command at a time"
each_way = pytest.mark.parametrize("sink", (PIPELINING, ONE_BY_ONE) if ALL else (PIPELINING,), indirect=True)
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
_VERDICTS = pytest.StashKey[Verdicts]()
_PASSED = pytest.StashKey[bool]()
PEOPLE = tuple(f"p{number:02}@example.org" for number in range(50))
ARTICLES = tuple(
    Article(f"第{number}篇文章", (2026, 3, number), (f"这是第{number}篇的正文,内有公式 $x_{number}^2$。", "末段。"))
    for number in range(1, 7)
)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_VERDICTS] = Verdicts()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: pytest.ExitCode, config: pytest.Config
) -> None:
    verdicts = config.stash[_VERDICTS]
    if ALL and verdicts.rows:
        terminalreporter.section("faults")
        terminalreporter.write(verdicts.table())
        if os.environ.get("DIGEST_FAULTS_PAGE") == "1":
            missing = lacking({kind: len(reports) for kind, reports in terminalreporter.stats.items()}, config.args)
            if exitstatus not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
                missing.append("the run was cut short")
            if missing:
                terminalreporter.write(f"{PAGE.name} is left as it is, since this is not all: {', '.join(missing)}\n")
            else:
                verdicts.write(PAGE)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail where a verdict is bad, though a test did not say so."""
    if exitstatus == pytest.ExitCode.OK and not all(row.held for row in session.config.stash[_VERDICTS].rows):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def verdict(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Verdict]]:
    """Open a row of the table; it holds where the test passes and nothing was lost."""
    opened: list[Verdict] = []
    called = getattr(request.node, "callspec", None)
    slowly = called is not None and called.params.get("sink") == ONE_BY_ONE

    def row(fault: str) -> Verdict:
        said = f"{fault}, {ONE_BY_ONE}" if slowly else fault
        opened.append(request.config.stash[_VERDICTS].row(said))
        return opened[-1]

    yield row
    report = request.node.stash.get(_PASSED, default=False)
    for one in opened:
        one.passed = report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[_PASSED] = report.passed
    return report


@pytest.fixture(scope="session")
def some() -> Callable[[int, str], Iterator[int]]:
    """Of the occurrences of a call, 1 to `last`, those to try: all, or one at a third of the way.

    No run is like another, but none makes less than a third of the calls of another.

    Of writes, of which a command makes hundreds, MOST_WRITES are tried, spread evenly, the first and the last among
    them. Of all others more follow without an end, since no run is like another: who tries them stops at the run that
    ends before it comes to that occurrence.
    """

    def chosen(last: int, call: str) -> Iterator[int]:
        if not ALL:
            return iter([(last + 2) // 3])
        if call != WRITES:
            return itertools.count(1)
        return iter(sorted({1 + (last - 1) * at // (MOST_WRITES - 1) for at in range(MOST_WRITES)}))

    return chosen


@pytest.fixture
def sink(request: pytest.FixtureRequest) -> Iterator[Sink]:
    """A mail server that takes several commands at once, and with `each_way` also one that does not."""
    with Sink() as running:
        if getattr(request, "param", PIPELINING) == ONE_BY_ONE:
            running.extensions = tuple(name for name in running.extensions if name != "PIPELINING")
        yield running


@pytest.fixture(scope="session")
def traced(needs: Callable[[str], str]) -> None:
    """strace, and the right to use it."""
    needs("strace")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A blog of two dumps that nobody read yet."""
    return new_place(tmp_path / "home")


def new_place(home: Path) -> Place:
    (home / "dumps").mkdir(parents=True)
    (home / "digest.toml").write_text(CONFIG, "utf-8")
    (home / "people.csv").write_text("address\n" + "\n".join(PEOPLE) + "\n", "utf-8")
    made = Place(home)
    made.write("a.txt", ARTICLES[:3])
    made.write("b.txt", ARTICLES[3:])
    return made


@pytest.fixture(scope="session")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The blog read, fifty people subscribed, an edition made; to be copied, not used."""
    made = new_place(tmp_path_factory.mktemp("cut") / "home")
    made.here("refresh")
    made.here("subscribers", "import", str(made.home / "people.csv"))
    made.here("edition", "cut")
    return made


@pytest.fixture
def told(cut: Place, sink: Sink, tmp_path: Path) -> Place:
    """A copy of it, whose mails go to the sink."""
    made = cut.copy(tmp_path / "home")
    made.env |= {
        "DIGEST_MAIL_TRANSPORT": "smtp",
        "DIGEST_MAIL_HOST": "127.0.0.1",
        "DIGEST_MAIL_PORT": str(sink.port),
        "DIGEST_MAIL_SECURITY": "none",
        "DIGEST_MAIL_BATCH": "20",
    }
    return made
