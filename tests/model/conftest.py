"""Fixtures that build minimal source activities."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fitglue_registry.model import SourceActivity


@pytest.fixture
def activity() -> Any:
    """A function that builds a minimal ride with the changes that a test states."""

    def make(**changes: Any) -> SourceActivity:
        values: dict[str, Any] = {
            "title": "Morning ride",
            "sport": "Ride",
            "start_utc": datetime(2026, 5, 1, 5, 30, tzinfo=UTC),
        }
        return SourceActivity(**(values | changes))

    return make
