"""Fixtures of the kill tests: the process that forks children, and each scenario on each kind of
database, prepared when a test first asks for it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.faults.kill.forks import Forks
from tests.faults.kill.scenarios import SCENARIOS, Places, Scenario, Sources, Workshop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(autouse=True)
def keys_in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the keys in files below each home, so that they are copied with it."""
    monkeypatch.setenv("FITGLUE_SECRETS", "file")


@pytest.fixture(scope="session")
def sources() -> Iterator[Sources]:
    """Yield the stand-in services of the session."""
    made = Sources()
    yield made
    made.close()


@pytest.fixture(scope="session")
def places_on(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Callable[[str], Places]:
    """Return a function that makes the places on one kind of database."""

    def make(kind: str) -> Places:
        new_database = (
            request.getfixturevalue("new_postgres_database") if kind == "postgresql" else None
        )
        return Places(tmp_path_factory.mktemp(kind), kind, new_database)

    return make


@pytest.fixture(scope="session")
def forks(places_on: Callable[[str], Places], sources: Sources) -> Iterator[Forks]:
    """Yield the process that forks a child for each job."""
    if not hasattr(os, "fork"):
        pytest.skip("this system cannot fork a process")
    with Forks() as made:
        Workshop(made, places_on("sqlite"), sources).warm_up()
        yield made


@pytest.fixture(scope="session")
def workshop_on(
    forks: Forks, places_on: Callable[[str], Places], sources: Sources
) -> Callable[[str], Workshop]:
    """Return a function that makes the workshop for scenarios on one kind of database."""
    return lambda kind: Workshop(forks, places_on(kind), sources)


@pytest.fixture(scope="session")
def scenario_of(workshop_on: Callable[[str], Workshop]) -> Callable[..., Scenario]:
    """Return a function that returns a scenario by its name and kind of database, prepared only
    once.
    """
    made: dict[tuple[str, str], Scenario] = {}

    def get(name: str, kind: str = "sqlite") -> Scenario:
        if (name, kind) not in made:
            made[name, kind] = SCENARIOS[name](workshop_on(kind))
        return made[name, kind]

    return get
