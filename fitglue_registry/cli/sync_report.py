"""Sums up what a sync of one connection has done, and what it has left over."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from fitglue_registry.cli.failure import show_failure
from fitglue_registry.cli.layout import ATTENTION, BAD, DETAIL, GOOD, NEXT_STEP, Hanging, Styled
from fitglue_registry.cli.text import count, short_id
from fitglue_registry.model.stored import PartName, RunDecision
from fitglue_registry.services import events

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fitglue_registry.cli.context import CliContext
    from fitglue_registry.cli.tally import Tally

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
#: Part → its word in the plural, if that is not its name.
WORDS_OF_PARTS: dict[str, str] = {PartName.DETAIL: "details", PartName.FILE: "files"}
#: The largest number of lines in a list below a summary, and of ids in such a line.
_LISTED = 5
_IDS_LISTED = 3
#: The characters of the longest name of a file or folder in a summary.
_LONGEST_NAME = 40
#: What the next syncs do about what was not fetched from a service, and about unreadable files.
_ASKS_AGAIN = "the next syncs try again a few times; after that, `fitglue sync --full` tries again"
_READS_AGAIN = "each sync reports it until it can be read or is removed"


def listed(tally: Tally) -> str:
    """Return how many activities, or files, have been listed so far."""
    if not tally.reads_files:
        return f"{count(tally.listed, 'activity', 'activities')} listed"
    rows = tally.listed - tally.files
    if not rows:
        return f"{count(tally.files, 'file')} listed"
    without = count(rows, "workout without a file", "workouts without a file")
    return f"{count(tally.files, 'file')} and {without} listed"


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


def _already(known: int, new: int) -> str:
    """Return how many of the new workouts of a connection are no new activities."""
    if known == new:
        return "already in your list" if known == 1 else "all of them already in your list"
    return f"{known:,} of them already in your list"


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
            late.append(f"{WORDS_OF_PARTS.get(part, part)} of {arrived:,}")
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
        if decision == RunDecision.NEW and tally.ended and tally.ended.known:
            words.append(_already(tally.ended.known, number or 0))
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
    _show_known(cli, ended)
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


def _show_known(cli: CliContext, ended: events.SyncFinished | events.SyncStopped) -> None:
    """Print how many activities are new, if other sources had brought some of the workouts."""
    if not ended.known:
        return
    added = ended.counts.get(RunDecision.NEW, 0) - ended.known
    are_new = (
        f"{count(added, 'activity is', 'activities are')} new" if added else "no activity is new"
    )
    joined = count(ended.known, "workout was", "workouts were")
    cli.show(Hanging(DETAIL, f"{are_new}; {joined} joined with what another source had brought"))


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
        # No list shows them, since a dry run stores nothing.
        names = ", ".join(map(short_id, held.external_ids))
        more = held.records - len(held.external_ids)
        also = f" and {more:,} more" if more > 0 else ""
        cli.show(Hanging(DETAIL, f"{names}{also}; to see one: fitglue why ID"))
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
