"""Tests that whatever happens in any order, each workout is where it must be, and there once."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.pipelines.machine import PipelineMachine

SEEN = "each workout is at each destination once, or waits for a decision where nobody can tell"


def play(examples: int, steps: int) -> None:
    """Play some sequences of steps."""
    run_state_machine_as_test(
        PipelineMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_whatever_happens_each_workout_is_sent_once(reliability):
    """Sources, decisions, faults, pauses and kills in any order."""
    play(4, 20)
    reliability(
        "machine",
        "pipelines: sources, decisions, pauses, faults and kills in any order",
        times=4,
        lost=0,
        seen=SEEN,
    )


@pytest.mark.long
def test_in_many_long_sequences_each_workout_is_sent_once(reliability):
    """The same, with many more and longer sequences."""
    play(150, 50)
    reliability(
        "machine",
        "pipelines: long sequences of sources, decisions, pauses, faults and kills",
        times=150,
        lost=0,
        seen=SEEN,
    )
