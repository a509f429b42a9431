"""Builders of workouts and thresholds that state only what matters to a test."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fitglue_boosters.samples import samples_of
from fitglue_boosters.thresholds import Thresholds
from fitglue_boosters.workout import Workout
from fitglue_registry.model import Column, SourceActivity, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fitglue_boosters.samples import Samples

DAY = date(2026, 5, 1)
#: The settings of an athlete for whom every step can be computed.
ATHLETE = {
    "ftp": "250",
    "rest_hr": "50",
    "max_hr": "190",
    "sex": "male",
}


@pytest.fixture
def streams() -> Callable[..., tuple[Stream, ...]]:
    """Return streams with a sample per second, unless ``time`` says otherwise."""

    def make(**channels: Iterable[float | None]) -> tuple[Stream, ...]:
        values = {name: list(samples) for name, samples in channels.items()}
        length = max(map(len, values.values()), default=0)
        values.setdefault("time", list(range(length)))
        return tuple(Stream(name, Column.of(samples)) for name, samples in values.items())

    return make


@pytest.fixture
def samples(streams) -> Callable[..., Samples]:
    """Return the samples of a channel."""

    def make(values: Sequence[float | None], times: Sequence[float] | None = None) -> Samples:
        channels: dict[str, Any] = {"watts": values}
        if times is not None:
            channels["time"] = times
        made = samples_of(streams(**channels), "watts")
        assert made is not None
        return made

    return make


@pytest.fixture
def workout(streams) -> Callable[..., Workout]:
    """Return a ride of an athlete with all settings, with these fields and streams."""

    def make(
        settings: dict[str, str] | None = None,
        channels: dict[str, Sequence[float | None]] | None = None,
        booster: dict[str, str] | None = None,
        **fields: Any,
    ) -> Workout:
        activity = SourceActivity(**{"sport": "Ride", **fields})
        lookup = (ATHLETE if settings is None else settings).get
        thresholds = Thresholds(activity, DAY, booster or {}, lookup)
        return Workout(activity, lambda: streams(**(channels or {})), thresholds)

    return make


@pytest.fixture(scope="session")
def payloads() -> Callable[[str], Any]:
    """Return real payloads of Intervals.icu by name; skip where the shared data are missing."""
    root = Path(os.environ.get("FITGLUE_SHARED") or Path(__file__).parents[4] / "shared")
    folder = root / "data" / "intervals" / "payloads"
    if not folder.is_dir():
        pytest.skip(f"no real payloads in {folder}")

    def load(name: str) -> Any:
        return json.loads((folder / name).read_text(encoding="utf-8"))

    return load
