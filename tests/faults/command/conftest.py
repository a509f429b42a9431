"""Fixtures of the tests of the command: the fixtures of ``tests/cli``, which run it in this process
or in one of its own.
"""

from __future__ import annotations

from tests.cli.conftest import (
    _environment,
    child,
    connect,
    fitglue,
    intervals,
    shared_intervals,
    synced,
    template,
)

__all__ = [
    "_environment",
    "child",
    "connect",
    "fitglue",
    "intervals",
    "shared_intervals",
    "synced",
    "template",
]
