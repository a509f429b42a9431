"""Whether pipelines send workouts in a cycle, from one account to the next and back.

What returns starts nothing, because it is recognized; but a service can change a workout so much on
the way that nobody recognizes it. Pipelines without a cycle end even then.

A pipeline that sends to an account which is also one of its sources makes no cycle of its own:
nothing is ever sent to the account that it came from.
"""

from __future__ import annotations

from collections.abc import Callable
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from fitglue_registry.errors import UserMistake

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fitglue_registry.pipeline.document import DestinationStep, Pipeline

Arrival = Callable[["DestinationStep"], "Iterable[str]"]
"""Returns the connections in which appears what a destination receives; often there is none."""


class Flow(NamedTuple):
    """One way that workouts take.

    Attributes:
        source: Name of the connection that they come from.
        pipeline: Name of the pipeline.
        step: Name of its destination.
        target: Name of the connection in which they appear.
    """

    source: str
    pipeline: str
    step: str
    target: str


def flows_of(
    pipelines: Iterable[Pipeline],
    connections: Sequence[str],
    arrival: Arrival,
) -> Iterator[Flow]:
    """Yield the ways that workouts take through pipelines.

    Args:
        pipelines: The pipelines of an athlete that are not deleted; a paused one can be resumed.
        connections: Names of all connections, which are the sources of a pipeline that names none.
        arrival: Returns the connections in which appears what a destination receives.
    """
    for pipeline in pipelines:
        sources = pipeline.sources
        if sources is None:
            sources = tuple(connections)
        for step in pipeline.destinations:
            for target in arrival(step):
                for source in sources:
                    yield Flow(
                        source,
                        pipeline.name,
                        step.name,
                        target,
                    )


def find_cycle(flows: Iterable[Flow]) -> list[Flow]:
    """Return the flows of a cycle, each beginning where the one before ends, or an empty list.

    Args:
        flows: The ways that workouts take. The result does not depend on their order.
    """
    between: dict[tuple[str, str], Flow] = {}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for flow in sorted(flows):
        if flow.source != flow.target:
            between.setdefault((flow.source, flow.target), flow)
            sorter.add(flow.target, flow.source)
    try:
        sorter.prepare()
    except CycleError as error:
        # In the list of the library, each name comes directly before one that depends on it.
        names: list[str] = error.args[1]
        cycle = list(map(between.__getitem__, pairwise(names)))
        first = cycle.index(min(cycle))
        return cycle[first:] + cycle[:first]
    return []


def drawn(cycle: Sequence[Flow]) -> str:
    """Return a cycle as a drawing for a terminal, one way below the other."""
    lines: list[str] = []
    for flow in cycle:
        lines.append(flow.source)
        lines.append(f"  │ {flow.pipeline}: {flow.step}")
        lines.append("  ▼")
    lines.append(cycle[-1].target)
    return "\n".join(lines)


def refuse_cycle(flows: Iterable[Flow]) -> None:
    """Refuse pipelines that send in a cycle.

    Args:
        flows: The ways that workouts take.

    Raises:
        UserMistake: If there is a cycle (FG-pipeline-cycle); ``drawn`` shows it as a drawing.
    """
    cycle = find_cycle(flows)
    if not cycle:
        return
    last = cycle[-1]
    names: list[str] = []
    ways: list[str] = []
    for flow in cycle:
        names.append(flow.source)
        ways.append(f"{flow.pipeline} sends to {flow.target} ({flow.step})")
    around = " → ".join([*names, last.target])
    raise UserMistake(
        "FG-pipeline-cycle",
        f"pipelines would send workouts in a cycle: {around}",
        why=", and ".join(ways),
        fix=f"name the sources of {last.pipeline} without {last.source}, or remove its destination "
        f"{last.step}",
    )
