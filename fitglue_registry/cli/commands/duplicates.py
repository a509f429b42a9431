"""``fitglue duplicates``: shows undecided pairs side by side; merges, splits, and undoes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli import numbers
from fitglue_registry.cli.command import COUNT, Group, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.layout import Hanging, Heading, Pairs, Rows, columns_of
from fitglue_registry.cli.starts import start_second
from fitglue_registry.cli.text import clean, count, joined, short_hashes, short_id, short_title
from fitglue_registry.model.stored import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.cli.layout import Document, Part
    from fitglue_registry.services.reading import ActivityDetails

#: A probability above this is not printed; see ``_likely``.
_CERTAIN = 0.995
#: The days with too many workouts that are named.
_MOST_DAYS = 5
_HISTORY = columns_of(
    ("#", "when", "decision", "about"),
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
    """Show pairs of activities that may be the same workout, and decide about them.

    On a terminal, press a key for each pair: s same, d different, k skip, q quit. Your decisions
    survive every sync, apply to copies that arrive later, and still hold when an account is
    connected again. They change no data of a source, and can be undone.
    """
    if context.invoked_subcommand is None:
        _decide(context.ensure_object(CliContext))


def _decide(cli: CliContext) -> None:
    pairs = cli.host.decisions.pending()
    _note_crowded_days(cli)
    if cli.as_json:
        cli.lines(pairs)
    elif not pairs:
        cli.note("No pair is undecided. To see why records were merged: fitglue why NUMBER")
    # Keys can only be pressed at a terminal, and the pair must be visible there.
    elif sys.stdin.isatty() and sys.stdout.isatty():
        _ask_each(cli, pairs)
    else:
        for pair in pairs:
            cli.show(*_pair(pair))
        cli.note("To decide: fitglue duplicates merge A B, or fitglue duplicates different A B")


def _note_crowded_days(cli: CliContext) -> None:
    """Name the days whose workouts are not compared, on standard error."""
    days = cli.host.decisions.not_compared()
    for day in days[:_MOST_DAYS]:
        cli.note(
            f"{count(day['workouts'], 'record')} start on {day['day']}; they are too many or "
            "too large to compare, so none of them was merged because of its values"
        )
    if len(days) > _MOST_DAYS:
        cli.note(f"The same is true for {count(len(days) - _MOST_DAYS, 'other day')}.")


def _ask_each(cli: CliContext, pairs: list[Document]) -> None:
    merged: set[str] = set()  # pairs with an activity that was just merged are out of date
    for number, pair in enumerate(pairs, 1):
        # Numbers are for people; an id is an unambiguous reference.
        ids = [side["id"] for side in pair["sides"]]
        if merged.intersection(ids):
            continue
        cli.show(f"Pair {number} of {len(pairs)}", *_pair(pair))
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
        cli.note(f"{count(left, 'pair')} left. To undo the last decision: fitglue duplicates undo")
    else:
        cli.note("All pairs have been decided.")


def _key() -> str:
    click.echo("  [s]ame  [d]ifferent  s[k]ip  [q]uit ", nl=False, err=True)
    while True:
        key = click.getchar().lower()
        # getchar switches the terminal to raw mode, in which Ctrl-C, Ctrl-D and Esc arrive as
        # characters.
        if key in ("\x03", "\x04", "\x1b"):
            key = "q"
        if key in _KEYS:
            click.echo(_KEYS[key], err=True)
            return key


def _pair(pair: Document) -> Iterator[Part]:
    left, right = pair["sides"]
    yield Heading(f"{left['number']} and {right['number']}", "the same workout?")
    yield Pairs(_compared(left, right), widths=(12, 30))
    for side in (left, right):
        if side["cropped"]:
            cropped = (
                f"{side['number']} was cropped at its service; the whole recordings are compared"
            )
            yield Hanging("·", cropped)
    # Copies of one recording lead to equal opinions, which are printed once.
    opinions = {}
    for opinion in pair["asked"]:
        opinions[opinion["said_by"], tuple(opinion["evidence"])] = opinion
    for opinion in opinions.values():
        likely = _likely(opinion["probability"])
        yield Hanging("?", f"unsure{likely} ({opinion['said_by']})")
        for line in opinion["evidence"]:
            yield Hanging("·", short_hashes(line), indent=4)
    yield ""


def _likely(probability: float | None) -> str:
    # A pair that is almost certainly one workout is asked about only because merging it would lose
    # something, such as a part of a ride. "100% likely" beside the question would be confusing.
    if probability is None or probability > _CERTAIN:
        return ""
    return f", {probability:.0%} likely the same"


def _compared(left: Document, right: Document) -> Iterator[tuple[str, str, str]]:
    right_values = dict(_side(right))
    for label, value in _side(left):
        other = right_values[label]
        if value or other:
            yield label, value or "", other or ""


def _side(side: Document) -> Iterator[tuple[str, str | None]]:
    """Yield label and value of what is compared, for one of the two activities."""
    yield "source", short_hashes(", ".join(side["sources"]))
    yield "title", short_title(side["title"]) if side["title"] else None
    yield "sport", side["sport"]
    yield "start", start_second(side)
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
    short_help="Merge activities that are the same workout.",
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
    """Merge the activities REF, which are the same workout.

    REF is a number, a date or an id. The merged activity keeps the oldest number; the others still
    lead to it.
    """
    activity = cli.host.decisions.same(references)
    if cli.as_json:
        cli.document(_document(activity))
    else:
        cli.show(f"{_line(activity)} are one activity now")
        cli.note("To undo this: fitglue duplicates undo")


@command.command(
    "different",
    short_help="Keep activities apart that are different workouts.",
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
    """Keep the activities REF apart, because they are different workouts.

    REF is a number, a date or an id.
    """
    _show_apart(cli, cli.host.decisions.different(references))


@command.command(
    "split",
    short_help="Split an activity that was merged.",
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
    """Remove SOURCE from the activity REF, and make an activity of its own from it.

    SOURCE is the name of a connection or the id of a record. It can be left out if the activity has
    only two sources.
    """
    _show_apart(cli, cli.host.decisions.split(reference, source))


def _show_apart(cli: CliContext, activities: list[ActivityDetails]) -> None:
    if cli.as_json:
        cli.document(list(map(_document, activities)))
        return
    for activity in activities:
        cli.show(_line(activity))
    cli.note("They will stay apart. To undo this: fitglue duplicates undo")


@command.command(
    "undo",
    short_help="Undo the last decision, or another one.",
    examples=("fitglue duplicates undo", "fitglue duplicates undo 3"),
)
@click.argument(
    "number",
    required=False,
    type=COUNT,
)
@json_option()
@pass_cli
def undo(cli: CliContext, *, number: int | None) -> None:
    """Undo your last decision, or decision NUMBER of `fitglue duplicates history`."""
    decision, activities = cli.host.decisions.undo(number)
    if cli.as_json:
        documents = list(map(_document, activities))
        cli.document({**decision, "activities": documents})
        return
    cli.show(*_undone(decision))
    cli.show("The activity is now:" if len(activities) == 1 else "The activities are now:")
    for activity in activities:
        cli.show(_line(activity))


def _undone(decision: Document) -> Iterator[Part]:
    """Yield what was decided, and a line for each activity or part that the decision was about."""
    activity, sides = _split_of_one(decision["about"])
    if activity:
        yield f"Undone: the split of {activity} into"
    elif decision["said"] == Verdict.SAME:
        yield "Undone: the decision that these are the same workout"
    else:
        yield "Undone: the decision that these are different workouts"
    for side in sides:
        yield Hanging("·", short_hashes(side))


def _split_of_one(about: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return the activity that was split, and the sources of each side.

    The sides of a split have the same number, title and start, which need not be repeated. For
    sides of several activities, the activity is empty and the sides are unchanged.
    """
    names = {side.rpartition(" (")[0] for side in about}
    if len(names) > 1:
        return "", about
    return names.pop(), [side.rpartition(" (")[2].removesuffix(")") for side in about]


@command.command(
    "history", short_help="List your decisions.", examples=("fitglue duplicates history --json",)
)
@json_option("Print JSON Lines.")
@pass_cli
def history(cli: CliContext) -> None:
    """List your decisions about activities, newest first."""
    decisions = cli.host.decisions.history()
    if cli.as_json:
        cli.lines(decisions)
    elif decisions:
        cli.show(Rows(_HISTORY, map(_decision, decisions)))
    else:
        cli.note("You have not decided anything yet. To see undecided pairs: fitglue duplicates")


def _decision(decision: Document) -> tuple[Any, ...]:
    verdict = decision["said"]
    if decision["undone_at"]:
        verdict += ", undone"
    activity, sides = _split_of_one(decision["about"])
    listed = " | ".join(sides)
    return (
        decision["verdict"],
        numbers.moment(decision["said_at"]),
        verdict,
        short_hashes(f"{activity}: {listed}" if activity else listed),
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
    title = short_title(activity.activity.title)
    return clean(f"{activity.number}  {title}: {joined(sources)}")
