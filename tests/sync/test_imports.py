"""Tests of what worker processes must not import, because each of them would wait for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("sqlalchemy", "requests", "numpy")


def imported_with(module: str) -> str:
    """Return which of the heavy libraries a new process has after it has imported a module."""
    code = f"import sys, {module}\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return process.stdout.strip()


@pytest.mark.parametrize(
    "module",
    [
        "fitglue_registry.sync.reading.in_worker",
        "fitglue_registry.sync.deriving.payload",
        "fitglue_registry.services.importing.describe_path",
    ],
)
def test_the_work_of_a_worker_imports_nothing_of_the_store(module):
    """A worker process imports neither the libraries for SQL and HTTP, which it never uses, nor
    NumPy before it reads samples.
    """
    assert imported_with(module) == "[]"
