"""Source activities with as little said as possible, and any that there can be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fitglue_registry.model import SourceActivity


@pytest.fixture
def activity() -> Any:
    """A ride that differs in what the test states."""

    def make(**changes: Any) -> SourceActivity:
        values: dict[str, Any] = {
            "title": "Morning ride",
            "sport": "Ride",
            "start_utc": datetime(2026, 5, 1, 5, 30, tzinfo=UTC),
        }
        return SourceActivity(**(values | changes))

    return make
