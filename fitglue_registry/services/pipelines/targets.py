"""Finds the entries and the connections that the destinations of a pipeline stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fitglue_registry.errors import UserMistake
from fitglue_registry.pipeline.target import Target
from fitglue_registry.services.pipelines.step_settings import checked_settings
from fitglue_registry.validation.wording import nearest, one_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.pipeline.document import DestinationStep
    from fitglue_registry.registry import Entry
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.workspace import Workspace


def target_of(
    workspace: Workspace,
    step: DestinationStep,
    connected: Sequence[ConnectionRow],
) -> Target:
    """Return the destination that a step stands for.

    Args:
        workspace: The workspace.
        step: The step.
        connected: The connections of the athlete.

    Raises:
        UserMistake: FG-destination-unknown, FG-destination-not-connected or
            FG-destination-ambiguous; also what the settings of the step are refused with.
    """
    entry = entry_of_step(workspace, step)
    settings = checked_settings(workspace.policy, entry, step)
    step = msgspec.structs.replace(step, settings=settings)
    if entry.integration is None:
        return Target(step, entry)
    return Target(step, entry, connection_of_step(step, entry, connected).id)


def entry_of_step(workspace: Workspace, step: DestinationStep) -> Entry:
    """Return the entry of the destination that a step names.

    Raises:
        UserMistake: FG-destination-unknown.
    """
    entry = workspace.catalogue.find("destination", step.to)
    if entry is not None:
        return entry
    names = [known.id for known in workspace.catalogue.entries("destination")]
    near = nearest(step.to, names)
    raise UserMistake(
        "FG-destination-unknown",
        f"there is no destination {step.to!r}",
        why=f"the destinations are: {one_of(names)}",
        fix=f"did you mean {near}?" if near else "see: fitglue registry list",
    )


def connection_of_step(
    step: DestinationStep,
    entry: Entry,
    connected: Sequence[ConnectionRow],
) -> ConnectionRow:
    """Return the connection that a step names, or the only one that it can mean.

    Raises:
        UserMistake: FG-destination-not-connected or FG-destination-ambiguous.
    """
    fitting = [row for row in connected if row.integration == entry.integration]
    if step.connection is not None:
        fitting = [row for row in fitting if row.name == step.connection]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        named = f" as {step.connection}" if step.connection else ""
        raise UserMistake(
            "FG-destination-not-connected",
            f"{entry.name} is not connected{named}",
            why=f"the destination {step.name} sends to an account there",
            fix=f"fitglue connect {entry.integration}",
        )
    names = one_of(sorted(row.name for row in fitting))
    raise UserMistake(
        "FG-destination-ambiguous",
        f"the destination {step.name} could be several accounts at {entry.name}",
        why=f"connected are: {names}",
        fix="name one of them in the step, as connection: NAME",
    )
