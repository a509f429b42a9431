"""Consumes the events of a sync, a rebuild or a retry, and shows their progress."""

from __future__ import annotations

import sys
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING

from fitglue_registry.cli.numbers import plain, span
from fitglue_registry.cli.progress import Progress
from fitglue_registry.cli.record_paths import where_and_what
from fitglue_registry.cli.sync_report import WORDS_OF_PARTS, listed
from fitglue_registry.cli.tally import Tally, exit_code
from fitglue_registry.cli.text import clean, count
from fitglue_registry.services import events

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fitglue_registry.cli.context import CliContext


def follow(
    cli: CliContext,
    stream: Iterator[events.Event],
    verb: str = "listing",
) -> tuple[list[Tally], int]:
    """Consume the events of all connections, and show their progress.

    Args:
        cli: The context of the command.
        stream: The events, as a service yields them.
        verb: What is being done until parts are fetched.

    Returns:
        The tally of each connection, and the exit code. With ``--json`` each event is printed as
        one line instead, and no tallies are returned.
    """
    if cli.as_json:
        return [], _print_lines(cli, stream)
    tallies: dict[str, Tally] = {}
    # Closing the iterator stops the sync cleanly if Ctrl-C interrupts this loop.
    # The text is that of what happens before the first event, such as connecting the sources.
    with Progress(cli, verb) as progress, closing(stream):  # type: ignore[type-var]
        cli.host.on_wait = progress.waiting
        for event in stream:
            tally = tallies.setdefault(event.connection, Tally(event.connection))
            tally.take(event)
            _display(progress, tally, event, verb)
    _settle(cli, tallies.values())
    return list(tallies.values()), exit_code(tallies.values())


def follow_each(
    cli: CliContext,
    stream: Iterator[events.Event],
    verb: str,
) -> Iterator[Tally | events.Watching]:
    """Yield the tally of each sync in an endless stream of events, and the ``Watching`` events."""
    with closing(stream):  # type: ignore[type-var]
        for event in stream:
            if isinstance(event, events.Watching):
                yield event
                continue
            tally = Tally(event.connection)
            with Progress(cli, verb) as progress:
                for part in chain([event], stream):
                    tally.take(part)
                    _display(progress, tally, part, verb)
                    if tally.ended:
                        break
            _settle(cli, [tally])
            yield tally


def _print_lines(
    cli: CliContext,
    stream: Iterator[events.Event],
) -> int:
    tallies: dict[str, Tally] = {}
    with closing(stream):  # type: ignore[type-var]
        for event in stream:
            tally = tallies.setdefault(event.connection, Tally(event.connection))
            tally.take(event)
            cli.lines([events.event_as_json(event)])
            # A pipe is buffered, and its reader wants each event as soon as it happens.
            sys.stdout.flush()
    _settle(cli, tallies.values())
    return exit_code(tallies.values())


def _settle(
    cli: CliContext,
    tallies: Iterable[Tally],
) -> None:
    """Remove from the tallies what has left quarantine before the sync ended.

    A record that is not understood from its summary may be understood when its detail arrives.
    """
    # A dry run puts nothing into quarantine, and says what an import would put there.
    with_quarantine = [tally for tally in tallies if tally.quarantined and not tally.dry_run]
    if not with_quarantine:
        return
    in_quarantine = {}
    for record in cli.host.records.quarantine():
        in_quarantine[record["connection"], record["external_id"]] = record
    for tally in with_quarantine:
        for external_id in list(tally.quarantined):
            row = in_quarantine.get((tally.connection, external_id))
            if row is None:
                del tally.quarantined[external_id]
            # People know a file by its path, and its id is a hash.
            elif row["paths"]:
                tally.quarantined[external_id] = f"{where_and_what(row)} [{row['code']}]"


def _display(
    progress: Progress,
    tally: Tally,
    event: events.Event,
    verb: str,
) -> None:
    name = clean(event.connection)
    match event:
        case events.SyncStarted():
            # Each connection of a sync has its own bars.
            progress.clear()
            progress.show_step(f"{name}: {verb}")
        case events.WindowListed():
            found = listed(tally)
            if event.left:
                found += f", {count(event.left, 'date range')} to go"
            progress.show_step(f"{name}: {found}")
        case events.BacklogCounted():
            progress.announce(f"{name}: {_duration(event)}")
        case events.PartsPlanned():
            service = verb if event.part == events.RECORDS else "fetching"
            doing = "reading" if tally.reads_files else service
            progress.show_step(f"{name}: {doing}")
            progress.bar(WORDS_OF_PARTS.get(event.part, event.part), 0, event.total)
        case events.PartStored():
            progress.bar(WORDS_OF_PARTS.get(event.part, event.part), event.done, event.total)


def _duration(event: events.BacklogCounted) -> str:
    """Return how long the backlog takes, and what can be done in the meantime."""
    rate = f"{plain(round(event.per_s, 2))} per second"
    return (
        f"{event.requests:,} requests are left, which take about {span(event.seconds)} at "
        f"{rate}. What is listed can be used now, and the newest workouts are completed first. You "
        "can stop at any time; the next sync continues."
    )
