"""Shows the progress of a sync, a rebuild or a retry, and sums up each connection at its end."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from fitglue_registry.cli.failure import show_failure
from fitglue_registry.cli.layout import ATTENTION, BAD, DETAIL, GOOD, NEXT_STEP, Hanging, Styled
from fitglue_registry.cli.numbers import plain, span
from fitglue_registry.cli.progress import Progress
from fitglue_registry.cli.text import clean, count, short_hashes, short_id
from fitglue_registry.model.stored import PartName, RunDecision
from fitglue_registry.services import events

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from fitglue_registry.cli.context import CliContext

#: Decision → its words in a summary (singular, plural), in the order in which they are printed.
_WORDS: dict[str, tuple[str, str]] = {
    RunDecision.NEW: ("new", "new"),
    RunDecision.CHANGED: ("changed", "changed"),
    RunDecision.NATIVE: ("stub filled in", "stubs filled in"),
    events.WOULD_JOIN: ("would join another", "would join others"),
    RunDecision.BACK: ("listed again", "listed again"),
    RunDecision.STUB: ("stub", "stubs"),
    RunDecision.GONE: ("deleted at the source", "deleted at the source"),
    RunDecision.SUPERSEDED: ("replaced by its complete file", "replaced by their complete files"),
    RunDecision.RELEASED: ("out of quarantine", "out of quarantine"),
    RunDecision.NOT_FETCHED: ("not fetched this time", "not fetched this time"),
    RunDecision.LATER: ("to be fetched later", "to be fetched later"),
}
_PARTS: dict[str, str] = {PartName.DETAIL: "details", PartName.FILE: "files"}
#: The largest number of lines in a list below a summary, and of ids in such a line.
_LISTED = 5
_IDS_LISTED = 3
#: The characters of the longest name of a file or folder in a summary.
_LONGEST_NAME = 40
#: What the next syncs do about what was not fetched from a service, and about unreadable files.
_ASKS_AGAIN = "the next syncs try again a few times; after that, `fitglue sync --full` tries again"
_READS_AGAIN = "each sync reports it until it can be read or is removed"
#: The exit code if something is in quarantine, was not fetched, or its deletion is held.
_LEFT_OVER = 5


@dataclass
class Tally:
    """The counts and reasons that one sync of one connection has reported so far.

    Attributes:
        connection: The name of the connection.
        quarantined: External id → why the record is in quarantine.
        not_fetched: External id → why a part of the record was not fetched.
        unfinished: Path of a file → why it is not read before a later sync.
        listed: The number of rows that were listed.
        files: How many of them are files, or have one.
        copies: The number of files that are copies of other files.
        parts: Part → how many were stored.
        dry_run: Whether nothing is stored.
        reads_files: Whether the source reads files, instead of asking a service.
        paths: The files and folders that it reads.
        joins: What a dry run would merge, one line each.
        decided: Decision → how often it was made.
        held: The records whose deletion is held, or ``None`` if it is that of no record.
        ended: The last event of the sync, or ``None`` while it runs.
    """

    connection: str
    quarantined: dict[str, str] = field(default_factory=dict)
    not_fetched: dict[str, str] = field(default_factory=dict)
    unfinished: dict[str, str] = field(default_factory=dict)
    listed: int = 0
    files: int = 0
    copies: int = 0
    parts: Counter[str] = field(default_factory=Counter)
    dry_run: bool = False
    reads_files: bool = False
    paths: tuple[str, ...] = ()
    joins: list[str] = field(default_factory=list)
    decided: Counter[str] = field(default_factory=Counter)
    held: events.DeletionsHeld | None = None
    ended: events.SyncFinished | events.SyncStopped | None = None

    @property
    def unread(self) -> set[str]:
        """What could not be read, each file or folder once, with the reason.

        All workouts in a folder that cannot be opened have the same reason.
        """
        return set(self.not_fetched.values()) if self.reads_files else set()

    @property
    def is_left_over(self) -> bool:
        """Whether the sync left something that it could not complete."""
        return bool(self.quarantined or self.not_fetched or self.held)

    def take(
        self,
        event: events.Event,
    ) -> None:
        """Count an event."""
        match event:
            case events.SyncStarted():
                self.dry_run = event.dry_run
                self.reads_files = event.reads_files
                self.paths = event.paths
            case events.Decided():
                self._take_decision(event)
            case events.WindowListed():
                self.listed += event.rows
                self.files += event.files
                self.copies += event.copies
            case events.PartStored():
                self.parts[event.part] += 1
            case events.DeletionsHeld():
                self.held = event
            case events.SyncFinished() | events.SyncStopped():
                self.ended = event

    def _take_decision(
        self,
        event: events.Decided,
    ) -> None:
        self.decided[event.decision] += 1
        reason = event.reason or ""
        match event.decision:
            case events.WOULD_JOIN:
                self.joins.append(f"{short_id(event.external_id)}: {short_hashes(reason)}")
            case RunDecision.QUARANTINED:
                self.quarantined[event.external_id] = reason
            case RunDecision.NOT_FETCHED:
                self.not_fetched[event.external_id] = reason
            case RunDecision.LATER if self.reads_files:
                self.unfinished[event.external_id] = reason


# -- following -------------------------------------------------------------------------------------


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


def shown_paths(paths: list[str]) -> str:
    """Return the first path of a file, and how many others have the same content."""
    if len(paths) < 2:
        return "".join(paths)
    return f"{paths[0]} and {len(paths) - 1:,} more"


def where_and_what(row: Mapping[str, Any]) -> str:
    """Return what is wrong with a record, after the path of its file if it is not named there."""
    paths: list[str] = row["paths"]
    what: str = row["what"]
    # What is unreadable is named with its full path, which ends with the path below the folder.
    if not paths or paths[0] in what:
        return what
    # Without the title, which is a part of the path.
    title, _, reason = what.partition(": ")
    if reason and any(title in path for path in paths):
        what = reason
    return f"{shown_paths(paths)}: {what}"


def exit_code(tallies: Iterable[Tally]) -> int:
    """Return the code of the first connection that stopped, else 5 if anything is left over.

    Deletions that are held are left over until somebody has decided about them.
    """
    code = 0
    for tally in tallies:
        if isinstance(tally.ended, events.SyncStopped):
            return tally.ended.error.exit_code
        if tally.is_left_over:
            code = _LEFT_OVER
    return code


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
            listed = _listed(tally)
            if event.left:
                listed += f", {count(event.left, 'date range')} to go"
            progress.show_step(f"{name}: {listed}")
        case events.BacklogCounted():
            progress.announce(f"{name}: {_duration(event)}")
        case events.PartsPlanned():
            service = verb if event.part == events.RECORDS else "fetching"
            doing = "reading" if tally.reads_files else service
            progress.show_step(f"{name}: {doing}")
            progress.bar(_PARTS.get(event.part, event.part), 0, event.total)
        case events.PartStored():
            progress.bar(_PARTS.get(event.part, event.part), event.done, event.total)


def _duration(event: events.BacklogCounted) -> str:
    """Return how long the backlog takes, and what can be done in the meantime."""
    rate = f"{plain(round(event.per_s, 2))} per second"
    return (
        f"{event.requests:,} requests are left, which take about {span(event.seconds)} at "
        f"{rate}. What is listed can be used now, and the newest workouts are completed first. You "
        "can stop at any time; the next sync continues."
    )


def _listed(tally: Tally) -> str:
    """Return how many activities, or files, have been listed so far."""
    if not tally.reads_files:
        return f"{count(tally.listed, 'activity', 'activities')} listed"
    rows = tally.listed - tally.files
    if not rows:
        return f"{count(tally.files, 'file')} listed"
    without = count(rows, "workout without a file", "workouts without a file")
    return f"{count(tally.files, 'file')} and {without} listed"


# -- summing up ------------------------------------------------------------------------------------


def summary(tally: Tally) -> str:
    """Return a summary such as ``58 new, 2 stubs (61 requests, 3.1s)``."""
    ended = tally.ended
    assert ended is not None
    changes = _changes(tally, ended)
    remarks = _remarks(ended)
    if remarks:
        changes += f", {remarks:,} of them with remarks"
    if isinstance(ended, events.SyncStopped):
        outcome = f"stopped after {changes}" if changes else "stopped"
    else:
        outcome = changes or "nothing new"
    if tally.unread:
        outcome += f", {len(tally.unread):,} could not be read"
    if tally.copies:
        outcome += f", {count(tally.copies, 'is a copy', 'are copies')} of other files"
    cost = f"{ended.seconds:.1f}s"
    if ended.requests:
        cost = f"{count(ended.requests, 'request')}, {cost}"
    if tally.paths:
        cost = f"{_last_names(tally.paths)}, {cost}"
    text = f"{outcome} ({cost})"
    if tally.dry_run:
        text += "; dry run, nothing was stored"
    return text


def _last_names(paths: Sequence[str]) -> str:
    """Return the name of the first file or folder without those above it, and how many more there
    are.

    It distinguishes connections with similar names, such as those of two archives.
    """
    path = PurePath(paths[0])
    name = path.name or str(path)
    if len(name) > _LONGEST_NAME:
        half = _LONGEST_NAME // 2
        name = f"{name[:half]}…{name[-half:]}"
    more = len(paths) - 1
    return f"{name} and {more:,} more" if more else name


def _remarks(ended: events.SyncFinished | events.SyncStopped) -> int:
    """Return how many of the new records have remarks; nobody counts them if the sync stopped."""
    return 0 if isinstance(ended, events.SyncStopped) else ended.remarks


def _changes(
    tally: Tally,
    ended: events.SyncFinished | events.SyncStopped,
) -> str:
    """Return the decisions in words, or what arrived late if no record is new or changed."""
    # A dry run stores no run, so its counts come from the events.
    counts: Mapping[str, int] = tally.decided if tally.dry_run else ended.counts
    decided = _decisions(counts, tally)
    if decided:
        return decided
    late = late_parts(tally)
    # Workouts that an earlier sync has listed, and that it was too short or too early to complete.
    return f"completed earlier workouts: {', '.join(late)}" if late else ""


def late_parts(tally: Tally) -> list[str]:
    """Return what has arrived for workouts that were listed earlier, if nothing else is news."""
    assert tally.ended is not None
    counts: Mapping[str, int] = tally.decided if tally.dry_run else tally.ended.counts
    if _decisions(counts, tally):
        return []
    late = []
    for part, number in tally.parts.items():
        # A part that the source still does not have was asked for again; that is not news.
        arrived = number - tally.ended.counts.get(f"no-{part}", 0)
        # Parts of records that were listed earlier can arrive in a sync that finds nothing new.
        if arrived > 0:
            late.append(f"{_PARTS.get(part, part)} of {arrived:,}")
    return late


def _decisions(counts: Mapping[str, int], tally: Tally) -> str:
    """Return the decisions that are of interest to a person, in words."""
    words = []
    for decision, (singular, plural) in _WORDS.items():
        # What could not be read is counted from the events, which have it in each sync.
        if tally.reads_files and decision == RunDecision.NOT_FETCHED:
            continue
        number = counts.get(decision)
        if number:
            words.append(count(number, singular, plural))
    quarantined = len(tally.quarantined)
    if quarantined:
        of_them = " of them" if words else ""
        # A dry run puts nothing anywhere.
        where = "would go to quarantine" if tally.dry_run else "in quarantine"
        words.append(f"{quarantined:,}{of_them} {where}")
    if tally.held is not None:
        would = "would be " if tally.held.dry_run else ""
        words.append(count(tally.held.records, f"deletion {would}held", f"deletions {would}held"))
    return ", ".join(words)


def show_tally(
    cli: CliContext,
    tally: Tally,
) -> None:
    """Print the summary of one connection, and below it what needs an explanation.

    The error of a sync that stopped goes to standard error.
    """
    ended = tally.ended
    if ended is None:
        return
    text = f"{tally.connection}: {summary(tally)}"
    cli.show(Hanging(_mark(tally), text, indent=0))
    if _remarks(ended):
        see = "what is missing or in doubt there: fitglue activities --remarks"
        cli.show(
            Hanging(
                NEXT_STEP,
                see,
                indent=4,
            )
        )
    _show_stubs(cli, tally.connection, ended.counts.get(RunDecision.STUB, 0))
    _show_joins(cli, tally.joins)
    show_left_over(cli, tally)
    if tally.held is not None:
        _show_held(cli, tally.held)
    if isinstance(ended, events.SyncStopped):
        show_failure(cli, ended.error, tally.connection)
        return
    if late_parts(tally):
        _show_completed(cli, tally.connection)
    if ended.note:
        cli.show(Hanging(DETAIL, ended.note))


def _show_completed(cli: CliContext, name: str) -> None:
    """Print that nothing is left to be fetched, after a sync that continued an earlier one."""
    status = cli.host.connections.status(cli.host.connections.get(name))
    if not status.waiting_parts and not status.given_up_parts:
        cli.show(Hanging(DETAIL, f"all {count(status.records, 'workout')} are complete now"))


def _mark(tally: Tally) -> Styled:
    if isinstance(tally.ended, events.SyncStopped):
        return BAD
    if tally.is_left_over:
        return ATTENTION
    return GOOD


def _show_stubs(
    cli: CliContext,
    connection: str,
    number: int,
) -> None:
    """Print why stubs will not be delivered."""
    # The explanation has several lines, so it is printed only if a sync found new stubs.
    if not number:
        return
    for stub in cli.host.records.stubs():
        if stub["connection"] != connection:
            continue
        stubs = count(stub["count"], "stub")
        if stub["count"] != number:
            stubs += " in all"
        cli.show(Hanging(DETAIL, f"{stubs}: {stub['reason']}"))
        if stub["fix"]:
            cli.show(
                Hanging(
                    NEXT_STEP,
                    stub["fix"],
                    indent=4,
                )
            )


def _show_joins(
    cli: CliContext,
    joins: list[str],
) -> None:
    """Print what a dry run would merge."""
    lines = joins[:_LISTED]
    more = len(joins) - _LISTED
    if more > 0:
        lines.append(f"and {more:,} more; --json lists all of them")
    for line in lines:
        cli.show(Hanging(Styled("=", "dim"), line))


def _show_held(
    cli: CliContext,
    held: events.DeletionsHeld,
) -> None:
    """Print why workouts were kept, and what to do if they are to be deleted."""
    workouts = count(held.records, "workout")
    vanished = f"{workouts}{_between(held)} vanished from the source{_before(held)}"
    is_one = held.records == 1
    if held.dry_run:
        asks = "a sync asks for it by its id" if is_one else "a sync asks for them by their ids"
        cli.show(Hanging(ATTENTION, f"{vanished}; {asks}, and keeps what it does not find"))
        return
    kept = "it was kept here" if is_one else "all of them were kept here"
    cli.show(Hanging(ATTENTION, f"{vanished}; {kept}, because it may be a mistake of the source"))
    confirm = f"fitglue sync {held.connection} --confirm-deletions"
    them = "it" if is_one else "them"
    stays = "it stays here" if is_one else "they stay here"
    steps = (
        f"to see {them}: fitglue activities --held",
        f"if you deleted {them} there: {confirm}",
        f"if not, there is nothing to do: {stays}, and each sync looks for {them} again",
    )
    cli.show(*(Hanging(NEXT_STEP, step, indent=4) for step in steps))


def _between(held: events.DeletionsHeld) -> str:
    if held.oldest is None:
        return ""
    if held.oldest == held.newest:
        return f" of {held.oldest}"
    return f" from {held.oldest} to {held.newest}"


def _before(held: events.DeletionsHeld) -> str:
    """Return the words for the deletions that count, too."""
    if not held.recent:
        return " at once"
    were = "was" if held.recent == 1 else "were"
    return f" after {count(held.recent, 'workout')} that {were} deleted in the last 30 days"


def show_left_over(
    cli: CliContext,
    tally: Tally,
) -> None:
    """Print the records in quarantine and what was not fetched, with the reasons and what to do."""
    left_over = []
    for external_id, reason in tally.quarantined.items():
        left_over.append(f"{short_id(external_id)}: {reason}")
    if tally.reads_files:
        # The reason names the file, and people do not know the id that its path was given.
        left_over += dict.fromkeys(tally.not_fetched.values())
    else:
        left_over += _by_reason(tally.not_fetched)
    for line in left_over[:_LISTED]:
        cli.show(Hanging(ATTENTION, line))
    more = len(left_over) - _LISTED
    if more > 0:
        cli.show(Hanging(ATTENTION, f"and {more:,} more"))
    if tally.quarantined and not tally.dry_run:
        cli.show(
            Hanging(
                NEXT_STEP,
                "nothing is lost; see: fitglue quarantine",
                indent=4,
            )
        )
    if tally.not_fetched:
        again = _READS_AGAIN if tally.reads_files else _ASKS_AGAIN
        if tally.reads_files and more > 0:
            again += "; to see all: fitglue quarantine"
        cli.show(
            Hanging(
                NEXT_STEP,
                again,
                indent=4,
            )
        )


def _by_reason(not_fetched: dict[str, str]) -> Iterator[str]:
    """Yield one line for each reason: an outage gives the same reason for many records."""
    ids: dict[str, list[str]] = {}
    for external_id, reason in not_fetched.items():
        ids.setdefault(reason, []).append(short_id(external_id))
    for reason, names in ids.items():
        listed = ", ".join(names[:_IDS_LISTED])
        more = len(names) - _IDS_LISTED
        if more > 0:
            listed += f" and {more:,} more"
        yield f"{listed}: {reason}"
