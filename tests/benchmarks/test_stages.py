"""The places in the code that ``make bench`` measures by name."""

from __future__ import annotations

import functools
import importlib

import pytest

from benchmarks.contenders.host import STAGES


@pytest.mark.parametrize(
    "place", [place for places in STAGES.values() for place in places], ids=str
)
def test_stage_names_a_function_that_exists(place):
    """Every function that a stage of the benchmark measures by its name is in the code."""
    module, name = place

    assert callable(functools.reduce(getattr, name.split("."), importlib.import_module(module)))
