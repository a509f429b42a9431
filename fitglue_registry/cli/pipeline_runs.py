"""Runs the pipelines for a command, and shows their progress and what they did."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING

from fitglue_registry.cli.pipeline_preview import line_of
from fitglue_registry.cli.pipeline_report import show_pipelines
from fitglue_registry.cli.pipeline_tally import PipelineTally
from fitglue_registry.cli.progress import Progress
from fitglue_registry.cli.text import clean
from fitglue_registry.errors import Busy
from fitglue_registry.services import events

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.cli.context import CliContext


def synced_by(
    stream: Iterator[events.Event],
    synced: set[str],
) -> Iterator[events.Event]:
    """Yield the events of a sync, and add to ``synced`` each connection that was synced to its end.

    Args:
        stream: The events, as a service yields them.
        synced: The names of connections.
    """
    with closing(stream):  # type: ignore[type-var]
        for event in stream:
            if isinstance(event, events.SyncFinished):
                synced.add(event.connection)
            yield event


def run_after_each(
    cli: CliContext,
    stream: Iterator[events.Event],
) -> Iterator[events.Event]:
    """Yield the events of an endless stream of syncs, and run all pipelines after each sync.

    Args:
        cli: The context of the command.
        stream: The events, as a service yields them.
    """
    synced: set[str] = set()
    for event in synced_by(stream, synced):
        yield event
        # The caller has taken the event, and has printed what the sync did.
        if isinstance(event, events.SyncFinished):
            run_after_sync(cli, synced)


def run_after_sync(cli: CliContext, synced: set[str]) -> int:
    """Run all pipelines after a sync, print what they did, and return the exit code.

    Another process that runs them at this moment is no failure: it sends what is due.

    Args:
        cli: The context of the command.
        synced: The names of the connections that were synced to their end.
    """
    connected = cli.host.connections.list()
    # A webhook has nothing that could be synced.
    sources = {connection.name for connection in connected if connection.source}
    try:
        tally = follow_pipelines(cli, cli.host.pipelines.run(all_synced=sources <= synced))
    except Busy as error:
        cli.note(f"Nothing was sent by this command: {error.what}.")
        return 0
    show_pipelines(cli, tally)
    return tally.exit_code


def run_and_show(
    cli: CliContext,
    name: str | None = None,
    *,
    decisions: bool = False,
) -> int:
    """Run one pipeline or all of them, print what they did, and return the exit code.

    Args:
        cli: The context of the command.
        name: The name of a pipeline; ``None`` for all of them.
        decisions: Whether to print what was decided about each workout.
    """
    tally = follow_pipelines(cli, cli.host.pipelines.run(name))
    if decisions and not cli.as_json:
        cli.show(*map(line_of, tally.decided))
    show_pipelines(cli, tally)
    if not (tally.changed or tally.decided or tally.held or tally.finished):
        cli.note(_nothing_sent(cli, name))
    return tally.exit_code


def _nothing_sent(cli: CliContext, name: str | None) -> str:
    """Return why a run did nothing: nothing is due, or the pipelines are paused."""
    chosen = [view for view in cli.host.pipelines.list() if name in (None, view.name)]
    paused = [view.name for view in chosen if view.state == "paused"]
    if not paused or len(paused) < len(chosen):
        return "Nothing is due."
    names = ", ".join(paused)
    how = "is" if len(paused) == 1 else "are"
    return f"{names} {how} paused. To send again: fitglue pipeline resume {paused[0]}"


def follow_pipelines(
    cli: CliContext,
    stream: Iterator[events.PipelineEvent],
) -> PipelineTally:
    """Consume the events of a run of pipelines, show their progress, and return what they did.

    Args:
        cli: The context of the command.
        stream: The events, as a service yields them. With ``--json`` each is printed as one line.
    """
    tally = PipelineTally()
    with Progress(cli, "pipelines") as progress, closing(stream):  # type: ignore[type-var]
        cli.host.on_wait = progress.waiting
        for event in stream:
            tally.take(event)
            progress.show_step(_step(event, tally))
            if cli.as_json:
                cli.lines([events.event_as_json(event)])
                # A pipe is buffered, and its reader wants each event as soon as it happens.
                sys.stdout.flush()
    return tally


def _step(event: events.PipelineEvent, tally: PipelineTally) -> str:
    name = clean(event.pipeline)
    if isinstance(event, events.DeliveryChanged):
        return f"{name}: sending, {len(tally.changed):,} done"
    return f"{name}: deciding, {len(tally.decided):,} done"
