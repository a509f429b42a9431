"""Pipelines that send workouts in a cycle are found, and the cycle is drawn."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitglue_registry.errors import UserMistake
from fitglue_registry.pipeline.cycles import Flow, drawn, find_cycle, flows_of, refuse_cycle
from fitglue_registry.pipeline.document import DestinationStep, Pipeline

CONNECTIONS = ("garmin", "intervals", "files")
#: Destination → the connections in which appears what it receives.
ARRIVALS = {"intervals": ("intervals",), "garmin": ("garmin",), "folder": ("files",)}


def pipeline(name, *destinations, sources=None):
    steps = tuple(DestinationStep(to, to) for to in destinations)
    return Pipeline(name, steps, sources)


def cycle_of(*pipelines):
    flows = flows_of(pipelines, CONNECTIONS, lambda step: ARRIVALS.get(step.to, ()))
    return find_cycle(flows)


def test_a_chain_is_no_cycle():
    """Workouts that go from one account to the next, and end there, make no cycle."""
    up = pipeline("up", "intervals", sources=("garmin",))
    down = pipeline("down", "folder", sources=("intervals",))
    assert cycle_of(up, down) == []


def test_two_pipelines_can_make_a_cycle():
    """What one pipeline sends to an account, another one sends back."""
    up = pipeline("up", "intervals", sources=("garmin",))
    back = pipeline("back", "garmin", sources=("intervals",))
    assert sorted(cycle_of(up, back)) == [
        Flow("garmin", "up", "intervals", "intervals"),
        Flow("intervals", "back", "garmin", "garmin"),
    ]


def test_one_pipeline_can_make_a_cycle():
    """A pipeline from two accounts to both of them is a cycle as well."""
    assert len(cycle_of(pipeline("both", "garmin", "intervals"))) == 2


def test_a_folder_that_is_read_again_belongs_to_a_cycle():
    """A folder that one pipeline fills, and that is a source of another one, closes a cycle."""
    fill = pipeline("fill", "folder", sources=("intervals",))
    read = pipeline("read", "intervals", sources=("files",))
    assert {flow.pipeline for flow in cycle_of(fill, read)} == {"fill", "read"}


def test_a_pipeline_from_everywhere_to_one_account_is_no_cycle():
    """All sources to Intervals.icu is the usual pipeline, although Intervals.icu is a source."""
    assert cycle_of(pipeline("all", "intervals")) == []


def test_a_destination_that_nothing_returns_from_is_no_cycle():
    """A webhook is not the beginning of any flow."""
    assert cycle_of(pipeline("all", "webhook"), pipeline("more", "webhook")) == []


def test_the_cycle_is_drawn():
    """The drawing shows each account, and the pipeline and the step between two of them."""
    cycle = [
        Flow("garmin", "up", "icu", "intervals"),
        Flow("intervals", "back", "connect", "garmin"),
    ]
    assert drawn(cycle) == "garmin\n  │ up: icu\n  ▼\nintervals\n  │ back: connect\n  ▼\ngarmin"


def test_a_cycle_is_refused_with_its_names():
    """The error names the accounts in their order, and says which pipeline to change."""
    flows = [
        Flow("garmin", "up", "icu", "intervals"),
        Flow("intervals", "back", "connect", "garmin"),
    ]
    with pytest.raises(UserMistake, match="FG-pipeline-cycle") as refused:
        refuse_cycle(flows)
    assert refused.value.what == (
        "pipelines would send workouts in a cycle: garmin → intervals → garmin"
    )
    assert refused.value.why == ("up sends to intervals (icu), and back sends to garmin (connect)")
    assert refused.value.fix == (
        "name the sources of back without intervals, or remove its destination connect"
    )


def test_no_cycle_is_not_refused():
    """Pipelines without a cycle pass the check."""
    refuse_cycle([Flow("garmin", "up", "icu", "intervals")])


# -- laws ------------------------------------------------------------------------------------------

NAMES = st.sampled_from("abcde")
FLOWS = st.lists(st.builds(Flow, NAMES, NAMES, NAMES, NAMES), max_size=8)


def can_return(flows):
    """Return whether some name leads back to itself, over another one (Warshall)."""
    reached = {(flow.source, flow.target) for flow in flows if flow.source != flow.target}
    for middle, source, target in product("abcde", repeat=3):
        if (source, middle) in reached and (middle, target) in reached:
            reached.add((source, target))
    return any(source == target for source, target in reached)


@settings(max_examples=200)
@given(FLOWS)
def test_a_cycle_is_found_exactly_if_there_is_one(flows):
    """In any graph, a cycle is found if and only if a workout could return."""
    assert bool(find_cycle(flows)) == can_return(flows)


@settings(max_examples=100)
@given(FLOWS, st.randoms(use_true_random=False))
def test_what_is_found_is_a_cycle(flows, chance):
    """Each flow of a cycle exists and begins where the one before ends, in whatever order."""
    cycle = find_cycle(flows)
    shuffled = list(flows)
    chance.shuffle(shuffled)
    assert find_cycle(shuffled) == cycle
    for flow, following in zip(cycle, [*cycle[1:], *cycle[:1]], strict=True):
        assert flow in flows
        assert flow.target == following.source
