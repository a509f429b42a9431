"""``fitglue duplicates``: the pairs to decide, side by side; merges, splits, and takes a word
back.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli import numbers
from fitglue_registry.cli.command import Group, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.layout import Hanging, Heading, Pairs, Rows, columns_of
from fitglue_registry.cli.text import clean, count, joined, short_hashes, short_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.cli.layout import Document, Part
    from fitglue_registry.services.reading import ActivityDetails

_CERTAIN = 0.995
_HISTORY = columns_of(
    ("#", "when", "said", "about"),
    right=("#",),
    folded=("about",),
)
_KEYS = {
    "s": "same",
    "d": "different",
    "k": "skip",
    "q": "quit",
}


@click.group(
    cls=Group,
    invoke_without_command=True,
    examples=(
        "fitglue duplicates",
        "fitglue duplicates merge 12 13",
        "fitglue duplicates split 12",
        "fitglue duplicates undo",
    ),
)
@json_option("Print JSON Lines.")
@click.pass_context
def command(context: click.Context) -> None:
    """Show the pairs of activities that may be one workout, and decide: merge, split, or take a
    word back.

    On a terminal each pair waits for a key: s same, d different, k skip, q quit. What you say is
    remembered: after every sync, when an account is connected again, and for copies that come
    later. Nothing that a source said is changed.
    """
    if context.invoked_subcommand is None:
        _decide(context.ensure_object(CliContext))


def _decide(cli: CliContext) -> None:
    pairs = cli.host.decisions.pending()
    if cli.as_json:
        cli.lines(pairs)
    elif not pairs:
        cli.note("There is no pair to decide. See what was merged: fitglue why NUMBER")
    elif sys.stdin.isatty() and sys.stdout.isatty():
        _ask_each(cli, pairs)
    else:
        for pair in pairs:
            cli.show(*_pair(pair))
        cli.note("Decide: fitglue duplicates merge A B, or fitglue duplicates different A B")


def _ask_each(cli: CliContext, pairs: list[Document]) -> None:
    merged: set[str] = set()  # an activity that was merged away is not asked about again
    for place, pair in enumerate(pairs, 1):
        ids = [side["id"] for side in pair["sides"]]
        if merged.intersection(ids):
            continue
        cli.show(f"Pair {place} of {len(pairs)}", *_pair(pair))
        key = _key()
        if key == "q":
            break
        if key == "s":
            cli.show(f"  merged into {cli.host.decisions.same(ids).number}", "")
            merged.update(ids)
        elif key == "d":
            cli.host.decisions.different(ids)
            cli.show("  kept apart", "")
    left = len(cli.host.decisions.pending())
    if left:
        cli.note(f"{count(left, 'pair')} left. fitglue duplicates undo takes the last word back.")
    else:
        cli.note("Every pair is decided.")


def _key() -> str:
    click.echo("  [s]ame  [d]ifferent  s[k]ip  [q]uit ", nl=False, err=True)
    while True:
        key = click.getchar().lower()
        if key in ("\x03", "\x04", "\x1b"):
            key = "q"
        if key in _KEYS:
            click.echo(_KEYS[key], err=True)
            return key


def _pair(pair: Document) -> Iterator[Part]:
    left, right = pair["sides"]
    yield Heading(f"{left['number']} and {right['number']}", "one workout?")
    yield Pairs(_compared(left, right), widths=(12, 30))
    # Copies of one recording are asked about for the same reasons, which need saying once.
    opinions = {}
    for opinion in pair["asked"]:
        opinions[opinion["said_by"], tuple(opinion["evidence"])] = opinion
    for opinion in opinions.values():
        likely = _likely(opinion["probability"])
        yield Hanging("?", f"asked by {opinion['said_by']}{likely}")
        for line in opinion["evidence"]:
            yield Hanging("·", short_hashes(line), indent=4)
    yield ""


def _likely(probability: float | None) -> str:
    # A pair that is nearly certain is asked about for what it would lose, a part of a ride say: a
    # figure there would puzzle.
    if probability is None or probability > _CERTAIN:
        return ""
    return f", {probability:.0%} likely"


def _compared(left: Document, right: Document) -> Iterator[tuple[str, str, str]]:
    right_values = dict(_side(right))
    for label, value in _side(left):
        other = right_values[label]
        if value or other:
            yield label, value or "", other or ""


def _side(side: Document) -> Iterator[tuple[str, str | None]]:
    """What is compared of one activity: label and value."""
    yield "source", short_hashes(", ".join(side["sources"]))
    yield "title", side["title"]
    yield "sport", side["sport"]
    yield "start", str(side["start_local"] or side["start_utc"] or "")
    yield "time", numbers.clock(side["elapsed_s"])
    yield "moving", numbers.clock(side["moving_s"])
    yield "km", numbers.km(side["distance_m"], 2)
    yield "climb m", numbers.whole(side["elevation_gain_m"])
    yield "bpm", _bpm(side)
    yield "W", numbers.whole(side["average_watts"])
    yield "kcal", numbers.whole(side["calories_kcal"])
    yield "device", side["device"]


def _bpm(side: Document) -> str:
    average = numbers.whole(side["average_heartrate_bpm"])
    highest = numbers.whole(side["max_heartrate_bpm"])
    if average and highest:
        return f"{average} (max {highest})"
    return average


@command.command(
    "merge",
    short_help="Say that activities are one workout.",
    examples=("fitglue duplicates merge 12 13",),
)
@click.argument(
    "references",
    nargs=-1,
    required=True,
    metavar="REF REF...",
)
@json_option()
@pass_cli
def merge(cli: CliContext, *, references: tuple[str, ...]) -> None:
    """Make the activities REF one: numbers, dates or ids.

    The oldest number stays, and the others lead to it.
    """
    activity = cli.host.decisions.same(references)
    if cli.as_json:
        cli.document(_document(activity))
    else:
        cli.show(f"{_line(activity)} are one activity")
        cli.note("fitglue duplicates undo takes it back.")


@command.command(
    "different",
    short_help="Say that activities are different workouts.",
    examples=("fitglue duplicates different 12 13",),
)
@click.argument(
    "references",
    nargs=-1,
    required=True,
    metavar="REF REF...",
)
@json_option()
@pass_cli
def different(cli: CliContext, *, references: tuple[str, ...]) -> None:
    """Keep the activities REF apart, whatever else is found out about them."""
    _show_apart(cli, cli.host.decisions.different(references))


@command.command(
    "split",
    short_help="Take an activity apart again.",
    examples=("fitglue duplicates split 12", "fitglue duplicates split 12 strava-archive"),
)
@click.argument("reference", metavar="REF")
@click.argument("source", required=False)
@json_option()
@pass_cli
def split(
    cli: CliContext,
    *,
    reference: str,
    source: str | None,
) -> None:
    """Take SOURCE, a connection's name or an id there, out of the activity REF; of two sources it
    need not be named.
    """
    _show_apart(cli, cli.host.decisions.split(reference, source))


def _show_apart(cli: CliContext, activities: list[ActivityDetails]) -> None:
    if cli.as_json:
        cli.document(list(map(_document, activities)))
        return
    for activity in activities:
        cli.show(_line(activity))
    cli.note("They stay apart. fitglue duplicates undo takes it back.")


@command.command(
    "undo",
    short_help="Take the last word back, or another.",
    examples=("fitglue duplicates undo", "fitglue duplicates undo 3"),
)
@click.argument(
    "number",
    required=False,
    type=click.IntRange(min=1),
)
@json_option()
@pass_cli
def undo(cli: CliContext, *, number: int | None) -> None:
    """Take back what you said last, or the word NUMBER of `fitglue duplicates history`."""
    decision, activities = cli.host.decisions.undo(number)
    if cli.as_json:
        documents = list(map(_document, activities))
        cli.document({**decision, "activities": documents})
        return
    about = " and ".join(decision["about"])
    cli.show(clean(short_hashes(f"Taken back: {decision['said']}, {about}")))
    for activity in activities:
        cli.show(_line(activity))


@command.command(
    "history", short_help="List what you said.", examples=("fitglue duplicates history --json",)
)
@json_option("Print JSON Lines.")
@pass_cli
def history(cli: CliContext) -> None:
    """List what you said of activities, newest first."""
    decisions = cli.host.decisions.history()
    if cli.as_json:
        cli.lines(decisions)
    elif decisions:
        cli.show(Rows(_HISTORY, map(_decision, decisions)))
    else:
        cli.note("You have not said anything yet. fitglue duplicates shows the pairs to decide.")


def _decision(decision: Document) -> tuple[Any, ...]:
    what = decision["said"]
    if decision["undone_at"]:
        what += ", taken back"
    return (
        decision["verdict"],
        numbers.moment(decision["said_at"]),
        what,
        short_hashes(" | ".join(decision["about"])),
    )


def _document(activity: ActivityDetails) -> Document:
    return {
        "number": activity.number,
        "id": activity.id,
        "title": activity.activity.title,
        "sources": [f"{member.connection}/{member.external_id}" for member in activity.members],
    }


def _line(activity: ActivityDetails) -> str:
    sources = []
    for member in activity.members:
        sources.append(f"{member.connection}/{short_id(member.external_id)}")
    title = activity.activity.title or "untitled"
    return clean(f"{activity.number}  {title}: {joined(sources)}")
