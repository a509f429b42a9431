"""Follows the events of a sync, a rebuild or a retry, shows them while they come, and sums each
connection up in a few lines.
"""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from fitglue_registry.cli.failure import show_failure
from fitglue_registry.cli.progress import Progress
from fitglue_registry.cli.text import clean, count, short_hashes, short_id
from fitglue_registry.sync import events

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fitglue_registry.cli.context import CliContext

#: Decision → (one, many) as they stand in a summary, in this order.
_WORDS = {
    "new": ("new", "new"),
    "changed": ("changed", "changed"),
    "native": ("stub filled in", "stubs filled in"),
    "would-join": ("would join another", "would join others"),
    "back": ("back again", "back again"),
    "stub": ("stub", "stubs"),
    "gone": ("deleted at the source", "deleted at the source"),
    "released": ("out of quarantine", "out of quarantine"),
    "not-fetched": ("not fetched this time", "not fetched this time"),
    "later": ("to be asked again", "to be asked again"),
}
_PARTS = {"detail": "details", "file": "files"}
_LISTED = 5


@dataclass
class Tally:
    """One connection's share of a round."""

    connection: str
    quarantined: dict[str, str] = field(default_factory=dict)
    not_fetched: dict[str, str] = field(default_factory=dict)
    listed: int = 0
    parts: Counter[str] = field(default_factory=Counter)
    dry_run: bool = False
    joins: list[str] = field(default_factory=list)
    decided: Counter[str] = field(default_factory=Counter)
    ended: events.SyncFinished | events.SyncStopped | None = None
    notes: list[str] = field(default_factory=list)


def follow(
    cli: CliContext, stream: Iterator[events.Event], verb: str = "listing"
) -> tuple[list[Tally], int]:
    """Consume all events, showing them as they come; the tallies come back, and the exit code that
    they make.
    """
    if cli.as_json:
        return [], _as_lines(cli, stream)
    tallies: dict[str, Tally] = {}
    with Progress(cli) as progress, closing(stream):  # type: ignore[type-var]
        cli.host.on_wait = progress.waiting
        for event in stream:
            tally = tallies.setdefault(event.connection, Tally(event.connection))
            _take(tally, event)
            _display(progress, tally, event, verb)
    _settle(cli, tallies)
    return list(tallies.values()), exit_code(tallies.values())


def rounds(
    cli: CliContext, stream: Iterator[events.Event], verb: str
) -> Iterator[Tally | events.Watching]:
    """Of events that come for ever: the tally of each sync when it is done, and what is watched."""
    with closing(stream):  # type: ignore[type-var]
        for event in stream:
            if isinstance(event, events.Watching):
                yield event
                continue
            tally = Tally(event.connection)
            with Progress(cli) as progress:
                for part in chain([event], stream):
                    _take(tally, part)
                    _display(progress, tally, part, verb)
                    if tally.ended:
                        break
            _settle(cli, {tally.connection: tally})
            yield tally


def _as_lines(cli: CliContext, stream: Iterator[events.Event]) -> int:
    tallies: dict[str, Tally] = {}
    with closing(stream):  # type: ignore[type-var]
        for event in stream:
            _take(tallies.setdefault(event.connection, Tally(event.connection)), event)
            cli.lines([events.event_as_json(event)])
            sys.stdout.flush()  # whoever reads them wants to follow, and a pipe keeps 8 KB back
    _settle(cli, tallies)
    return exit_code(tallies.values())


def _settle(cli: CliContext, tallies: dict[str, Tally]) -> None:
    """Forget what went into quarantine and came out again within the round, when another part of it
    arrived.
    """
    if any(tally.quarantined for tally in tallies.values()):
        held = {(one["connection"], one["external_id"]) for one in cli.host.records.quarantine()}
        for tally in tallies.values():
            tally.quarantined = {
                name: why
                for name, why in tally.quarantined.items()
                if (tally.connection, name) in held
            }


def exit_code(tallies: Iterable[Tally]) -> int:
    """0, or the code of the first connection that stopped, or 5 where something was left over."""
    listed = list(tallies)
    for tally in listed:
        if isinstance(tally.ended, events.SyncStopped):
            return tally.ended.error.exit_code
    return 5 if any(tally.quarantined or tally.not_fetched for tally in listed) else 0


def _take(tally: Tally, event: events.Event) -> None:
    if isinstance(event, events.SyncStarted):
        tally.dry_run = event.dry_run
    if isinstance(event, events.Decided):
        tally.decided[event.decision] += 1
    if isinstance(event, events.Decided) and event.decision == "would-join":
        tally.joins.append(f"{short_id(event.external_id)}: {short_hashes(event.reason or '')}")
    if isinstance(event, events.Decided) and event.decision == "quarantined":
        tally.quarantined[event.external_id] = event.reason or ""
    elif isinstance(event, events.Decided) and event.decision == "not-fetched":
        tally.not_fetched[event.external_id] = event.reason or ""
    elif isinstance(event, events.WindowListed):
        tally.listed += event.rows
    elif isinstance(event, events.PartStored):
        tally.parts[event.part] += 1
    elif isinstance(event, events.SyncFinished | events.SyncStopped):
        tally.ended = event


def _display(progress: Progress, tally: Tally, event: events.Event, verb: str) -> None:
    name = clean(event.connection)
    if isinstance(event, events.SyncStarted):
        progress.clear()
        progress.say(f"{name}: {verb}")
    elif isinstance(event, events.WindowListed):
        left = f", {count(event.left, 'window')} to come" if event.left else ""
        progress.say(f"{name}: {count(tally.listed, 'row')} listed{left}")
    elif isinstance(event, events.PartsPlanned):
        progress.say(f"{name}: {verb if event.part == 'records' else 'fetching'}")
        progress.bar(_PARTS.get(event.part, event.part), 0, event.total)
    elif isinstance(event, events.PartStored):
        progress.bar(_PARTS.get(event.part, event.part), event.done, event.total)


def summary(tally: Tally) -> str:
    """``58 new, 2 stubs (61 requests, 3.1 s)``."""
    ended = tally.ended
    assert ended is not None
    stopped = isinstance(ended, events.SyncStopped)
    # That there is still none of a part was asked again, and is no news.
    came = {
        part: number - ended.counts.get(f"no-{part}", 0) for part, number in tally.parts.items()
    }
    late = ", ".join(
        f"{_PARTS.get(part, part)} of {number:,}" for part, number in came.items() if number > 0
    )
    counts = {
        **(tally.decided if tally.dry_run else ended.counts),
        "quarantined": len(tally.quarantined),
    }
    found = decisions(counts) or (f"{late} that had been waiting" if late else "")
    said = f"stopped{' after ' if found else ''}{found}" if stopped else found or "nothing new"
    asked = f"{count(ended.requests, 'request')}, " if ended.requests else ""
    return (
        f"{said} "
        f"({asked}{ended.seconds:.1f}s){', listed only: nothing was stored' if tally.dry_run else ''}"
    )


def decisions(counts: Any) -> str:
    """The decisions that a person cares for, in words."""
    found = [
        f"{counts[name]:,} {words[counts[name] != 1]}"
        for name, words in _WORDS.items()
        if counts.get(name)
    ]
    held = counts.get("quarantined")
    return ", ".join(
        [
            *found,
            *(
                [f"{held:,} of them in quarantine" if found else f"{held:,} in quarantine"]
                if held
                else []
            ),
        ]
    )


def show_tally(cli: CliContext, tally: Tally) -> None:
    """The summary of one connection on standard output, what needs explaining below it, an error on
    standard error.
    """
    from rich.text import Text

    from fitglue_registry.cli.table import hanging

    ended = tally.ended
    if ended is None:
        return
    mark = (
        Text("✗", style="red")
        if isinstance(ended, events.SyncStopped)
        else Text("✓", style="green")
    )
    if isinstance(ended, events.SyncFinished) and (tally.quarantined or tally.not_fetched):
        mark = Text("!", style="yellow")
    cli.show(hanging(mark, f"{tally.connection}: {summary(tally)}", indent=0))
    for reason, fix, number in _stubs(cli, tally):
        in_all = "" if number == ended.counts.get("stub") else " in all"
        cli.show(
            hanging(Text("·", style="dim"), f"{count(number, 'stub')}{in_all}: {reason}", indent=2)
        )
        if fix:
            cli.show(hanging(Text("→", style="dim"), fix, indent=4))
    _show_joins(cli, tally)
    _show_left_over(cli, tally)
    if isinstance(ended, events.SyncStopped):
        show_failure(cli, ended.error, tally.connection)
    elif ended.note:
        cli.show(hanging(Text("·", style="dim"), ended.note, indent=2))


def _stubs(cli: CliContext, tally: Tally) -> Iterator[tuple[str, str | None, int]]:
    """Why the stubs of this round will not come; explained when some are new, not each time."""
    if not tally.ended or not tally.ended.counts.get("stub"):
        return
    for stub in cli.host.records.stubs():
        if stub["connection"] == tally.connection:
            yield stub["reason"], stub["fix"], stub["count"]


def _show_joins(cli: CliContext, tally: Tally) -> None:
    """What a dry run would merge."""
    from rich.text import Text

    from fitglue_registry.cli.table import hanging

    more = (
        [f"and {len(tally.joins) - _LISTED:,} more; --json tells all"]
        if len(tally.joins) > _LISTED
        else []
    )
    for line in [*tally.joins[:_LISTED], *more]:
        cli.show(hanging(Text("=", style="dim"), line, indent=2))


def _show_left_over(cli: CliContext, tally: Tally) -> None:
    from rich.text import Text

    from fitglue_registry.cli.table import hanging

    left_over = [
        f"{short_id(name)}: {reason}" for name, reason in tally.quarantined.items()
    ] + list(_by_reason(tally.not_fetched))
    for line in left_over[:_LISTED]:
        cli.show(hanging(Text("!", style="yellow"), line, indent=2))
    more = len(left_over) - _LISTED
    if more > 0:
        cli.show(hanging(Text("!", style="yellow"), f"and {more:,} more", indent=2))
    if tally.quarantined:
        cli.show(hanging(Text("→", style="dim"), "kept whole; see: fitglue quarantine", indent=4))
    if tally.not_fetched:
        cli.show(
            hanging(
                Text("→", style="dim"),
                "the next syncs ask again, a few times; then `fitglue sync --full` does",
                indent=4,
            )
        )


def _by_reason(not_fetched: dict[str, str]) -> Iterator[str]:
    """One line for each reason, with the ids it was given for: an outage says the same of many."""
    ids: dict[str, list[str]] = {}
    for external_id, reason in not_fetched.items():
        ids.setdefault(reason, []).append(short_id(external_id))
    for reason, names in ids.items():
        more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
        yield f"{', '.join(names[:3])}{more}: {reason}"
