"""``fitglue duplicates``: the pairs to decide, side by side; merges, splits, and takes a word
back.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli.command import Group, json_option
from fitglue_registry.cli.context import CliContext, pass_cli

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from fitglue_registry.store.activity_details import ActivityDetails

_CERTAIN = 0.995
_KEYS = {"s": "same", "d": "different", "k": "skip", "q": "quit"}


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


def _ask_each(cli: CliContext, pairs: list[dict[str, Any]]) -> None:
    from fitglue_registry.cli.text import count

    decided: set[str] = set()  # an activity that was merged away is not asked about again
    for place, pair in enumerate(pairs, 1):
        ids = [side["id"] for side in pair["sides"]]
        if decided.intersection(ids):
            continue
        cli.show(f"Pair {place} of {len(pairs)}", *_pair(pair))
        key = _key()
        if key == "q":
            break
        if key == "s":
            cli.show(f"  merged into {cli.host.decisions.same(ids).number}", "")
            decided.update(ids)
        elif key == "d":
            cli.host.decisions.different(ids)
            cli.show("  kept apart", "")
    left = len(cli.host.decisions.pending())
    cli.note(
        f"{count(left, 'pair')} left. fitglue duplicates undo takes the last word back."
        if left
        else "Every pair is decided."
    )


def _key() -> str:
    click.echo("  [s]ame  [d]ifferent  s[k]ip  [q]uit ", nl=False, err=True)
    while True:
        key = click.getchar().lower()
        if key in ("\x03", "\x04", "\x1b"):
            key = "q"
        if key in _KEYS:
            click.echo(_KEYS[key], err=True)
            return key


def _pair(pair: dict[str, Any]) -> Iterator[RenderableType]:
    from fitglue_registry.cli.table import hanging, heading, pairs
    from fitglue_registry.cli.text import short_hashes

    one, two = pair["sides"]
    yield heading(f"{one['number']} and {two['number']}", "one workout?")
    yield pairs(
        [(label, left, right) for label, left, right in _compared(one, two) if left or right],
        widths=(12, 30),
    )
    # Copies of one recording are asked about for the same reasons, which need saying once.
    reasons = {(one["said_by"], tuple(one["evidence"])): one for one in pair["asked"]}
    for asked in reasons.values():
        # One that is nearly certain is asked about for what it would lose, a part of a ride say: a
        # figure there would puzzle.
        likely = (
            ""
            if asked["probability"] is None or asked["probability"] > _CERTAIN
            else f", {asked['probability']:.0%} likely"
        )
        yield hanging("?", f"asked by {asked['said_by']}{likely}")
        for line in asked["evidence"]:
            yield hanging("·", short_hashes(line), indent=4)
    yield ""


def _compared(one: dict[str, Any], two: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    from fitglue_registry.cli import numbers
    from fitglue_registry.cli.text import short_hashes

    for label, show in (
        ("source", lambda side: short_hashes(", ".join(side["sources"]))),
        ("title", lambda side: side["title"]),
        ("sport", lambda side: side["sport"]),
        ("start", lambda side: str(side["start_local"] or side["start_utc"] or "")),
        ("time", lambda side: numbers.clock(side["elapsed_s"])),
        ("moving", lambda side: numbers.clock(side["moving_s"])),
        ("km", lambda side: numbers.km(side["distance_m"], 2)),
        ("climb m", lambda side: numbers.whole(side["elevation_gain_m"])),
        ("bpm", lambda side: _bpm(side)),
        ("W", lambda side: numbers.whole(side["average_watts"])),
        ("kcal", lambda side: numbers.whole(side["calories_kcal"])),
        ("device", lambda side: side["device"]),
    ):
        yield label, show(one) or "", show(two) or ""


def _bpm(side: dict[str, Any]) -> str:
    from fitglue_registry.cli import numbers

    average, highest = (
        numbers.whole(side["average_heartrate_bpm"]),
        numbers.whole(side["max_heartrate_bpm"]),
    )
    return f"{average} (max {highest})" if average and highest else average


@command.command(
    "merge",
    short_help="Say that activities are one workout.",
    examples=("fitglue duplicates merge 12 13",),
)
@click.argument("references", nargs=-1, required=True, metavar="REF REF...")
@json_option()
@pass_cli
def merge(cli: CliContext, *, references: tuple[str, ...]) -> None:
    """Make the activities REF one: numbers, dates or ids.

    The oldest number stays, and the others lead to it.
    """
    found = cli.host.decisions.same(references)
    if cli.as_json:
        cli.document(_brief(found))
    else:
        cli.show(f"{_line(found)} are one activity")
        cli.note("fitglue duplicates undo takes it back.")


@command.command(
    "different",
    short_help="Say that activities are different workouts.",
    examples=("fitglue duplicates different 12 13",),
)
@click.argument("references", nargs=-1, required=True, metavar="REF REF...")
@json_option()
@pass_cli
def different(cli: CliContext, *, references: tuple[str, ...]) -> None:
    """Keep the activities REF apart, whatever else is found out about them."""
    _tell_apart(cli, cli.host.decisions.different(references))


@command.command(
    "split",
    short_help="Take an activity apart again.",
    examples=("fitglue duplicates split 12", "fitglue duplicates split 12 strava-archive"),
)
@click.argument("reference", metavar="REF")
@click.argument("source", required=False)
@json_option()
@pass_cli
def split(cli: CliContext, *, reference: str, source: str | None) -> None:
    """Take SOURCE, a connection's name or an id there, out of the activity REF; of two sources it
    need not be named.
    """
    _tell_apart(cli, cli.host.decisions.split(reference, source))


def _tell_apart(cli: CliContext, found: list[ActivityDetails]) -> None:
    if cli.as_json:
        cli.document([_brief(one) for one in found])
        return
    for one in found:
        cli.show(_line(one))
    cli.note("They stay apart. fitglue duplicates undo takes it back.")


@command.command(
    "undo",
    short_help="Take the last word back, or another.",
    examples=("fitglue duplicates undo", "fitglue duplicates undo 3"),
)
@click.argument("number", required=False, type=click.IntRange(min=1))
@json_option()
@pass_cli
def undo(cli: CliContext, *, number: int | None) -> None:
    """Take back what you said last, or the word NUMBER of `fitglue duplicates history`."""
    from fitglue_registry.cli.text import clean, short_hashes

    verdict, found = cli.host.decisions.undo(number)
    if cli.as_json:
        cli.document({**verdict, "activities": [_brief(one) for one in found]})
        return
    cli.show(
        clean(short_hashes(f"Taken back: {verdict['said']}, {' and '.join(verdict['about'])}"))
    )
    for one in found:
        cli.show(_line(one))


@command.command(
    "history", short_help="List what you said.", examples=("fitglue duplicates history --json",)
)
@json_option("Print JSON Lines.")
@pass_cli
def history(cli: CliContext) -> None:
    """List what you said of activities, newest first."""
    from fitglue_registry.cli import numbers, table
    from fitglue_registry.cli.text import short_hashes

    said = cli.host.decisions.history()
    if cli.as_json:
        cli.lines(said)
    elif said:
        rows = [
            (
                one["verdict"],
                numbers.moment(one["said_at"]),
                f"{one['said']}{', taken back' if one['undone_at'] else ''}",
                short_hashes(" | ".join(one["about"])),
            )
            for one in said
        ]
        cli.show(
            table.rows(
                ("#", "when", "said", "about"),
                rows,
                width=cli.width,
                right=("#",),
                fold=("about",),
            )
        )
    else:
        cli.note("You have not said anything yet. fitglue duplicates shows the pairs to decide.")


def _brief(found: ActivityDetails) -> dict[str, Any]:
    return {
        "number": found.number,
        "id": found.id,
        "title": found.activity.title,
        "sources": [f"{member.connection}/{member.external_id}" for member in found.members],
    }


def _line(found: ActivityDetails) -> str:
    from fitglue_registry.cli.text import clean, joined, short_id

    sources = [f"{member.connection}/{short_id(member.external_id)}" for member in found.members]
    return clean(f"{found.number}  {found.activity.title or 'untitled'}: {joined(sources)}")
