"""``fitglue show``: prints one activity: its values and their origins, laps, streams, sources."""

from __future__ import annotations

import sys
from itertools import compress
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli import numbers
from fitglue_registry.cli.activity_details import (
    everything_else,
    figures,
    planned,
    sets_of,
    zones,
)
from fitglue_registry.cli.command import Command, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.event_screen import event_screen
from fitglue_registry.cli.layout import Heading, Pairs, Rows, Styled, columns_of
from fitglue_registry.cli.sent_by import sent_sentence
from fitglue_registry.cli.sent_to import sent_to
from fitglue_registry.cli.sparkline import ASCII, BLOCKS, sparkline
from fitglue_registry.cli.text import (
    clean,
    count,
    short_hashes,
    short_id,
    short_prose,
    short_title,
    speaks_unicode,
)
from fitglue_registry.cli.values import grouped
from fitglue_registry.model.stored import PartName

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fitglue_registry.cli.layout import Document, Part
    from fitglue_registry.cli.values import Group
    from fitglue_registry.model import Lap, SourceActivity
    from fitglue_registry.services.reading import ActivityDetails, MemberRow, OutstandingPart

_LAPS_SHOWN = 40
#: Part → its name for people, and the verbs that follow it.
_PARTS: dict[str, tuple[str, str, str]] = {
    PartName.DETAIL: ("the details", "are", "were"),
    PartName.STREAMS: ("the samples over time", "are", "were"),
    PartName.FILE: ("the original file", "is", "was"),
}
#: Meters per second → km/h.
_KMH = 3.6
#: A screen of at least this width has room for long values.
_WIDE = 100
_LAP_COLUMNS = columns_of(
    ("#", "what", "start", "time", "km", "bpm", "W", "speed"),
    right=("#", "start", "time", "km", "bpm", "W", "speed"),
    flexible="what",
)
_MORE_LAP_COLUMNS = columns_of(
    ("max bpm", "NP", "max W", "rpm", "climb", "kcal", "load", "zone"),
    right=("max bpm", "NP", "max W", "rpm", "climb", "kcal", "load"),
)
#: Stream → its label and unit; these streams are drawn, the others only named.
_DRAWN = {
    "heartrate": ("heart rate", "bpm"),
    "watts": ("power", "W"),
    "velocity": ("speed", "km/h"),
    "cadence": ("cadence", "rpm"),
    "altitude": ("altitude", "m"),
}


@click.command(
    cls=Command,
    examples=("fitglue show last", "fitglue show 2026-05-01", "fitglue show 17 --json --streams"),
)
@click.argument("reference", metavar="REF")
@click.option("--streams", is_flag=True, help="With --json, include the samples over time.")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Show every stored value, and the name of each value at its source.",
)
@json_option()
@pass_cli
def command(
    cli: CliContext,
    *,
    reference: str,
    streams: bool,
    everything: bool,
) -> None:
    """Show the activity REF.

    REF is a number from `fitglue activities`, `last`, a date, or the id of the activity at its
    source. For the id of a multisport event, its legs are listed. The last column says where each
    value comes from: it was reported by the source, read from the file, computed, or estimated
    (marked with ~).
    """
    legs = cli.host.activities.legs(reference)
    if legs:
        _show_event(cli, legs, streams=streams)
        return
    details = cli.host.activities.get(reference)
    if cli.as_json:
        cli.document(cli.host.activities.document(details, streams=streams))
        return
    cli.show(*_head(details))
    cli.show(*_values(cli, details, with_upstream=everything))
    activity = details.activity
    cli.show(*sets_of(activity))
    cli.show(*planned(activity))
    cli.show(*_laps(activity, everything=everything))
    cli.show(*zones(activity, everything=everything))
    cli.show(*figures(activity, everything=everything))
    if everything:
        cli.show(*everything_else(activity))
    cli.show(*_streams(cli, details))
    cli.show(*_made_of(details, cli.host.activities.outstanding(details)))
    cli.show(*sent_to(details.number, cli.host.pipelines.deliveries.of_activity(details.id)))


def _show_event(
    cli: CliContext,
    legs: Sequence[ActivityDetails],
    *,
    streams: bool,
) -> None:
    """Show a multisport event: its legs, and how to show each of them."""
    if cli.as_json:
        documents = [cli.host.activities.document(leg, streams=streams) for leg in legs]
        cli.document({"event": legs[0].activity.parent, "legs": documents})
        return
    cli.show(*event_screen(legs))
    cli.note(f"To show a leg, such as the first one: fitglue show {legs[0].number}")


def _head(details: ActivityDetails) -> Iterator[Part]:
    activity = details.activity
    title = short_title(activity.title)
    yield Heading(f"{details.number}  {title}", activity.sport or "")
    yield clean(_when(activity))
    for words in (activity.description, activity.notes):
        if words:
            yield Styled(short_prose(words.strip()), "italic")
    if details.gone_at:
        yield Styled(f"deleted at its source, noticed {details.gone_at[:10]}", "yellow")


def _when(activity: SourceActivity) -> str:
    start = activity.start_local or activity.start_utc
    if start is None:
        return "start unknown"
    if activity.start_precision == "day":
        return f"{start:%a %d %b %Y}"
    shown = f"{start:%a %d %b %Y, %H:%M} ({_zone(activity)})"
    if activity.start_is_estimated:
        why = activity.provenance["start_utc"].note or "the source only guessed it"
        shown += f"; estimated: {why}"
    return shown


def _zone(activity: SourceActivity) -> str:
    known = []
    if activity.timezone:
        known.append(activity.timezone)
    if activity.utc_offset_s is not None:
        known.append(_offset(activity.utc_offset_s))
    stated = activity.provenance.get("timezone")
    if stated is not None and stated.how == "estimated":
        known.append(f"estimated with the {stated.by}")
    if known:
        return ", ".join(known)
    if activity.start_local is None:
        return "UTC"
    return "zone unknown"


def _offset(seconds: int) -> str:
    hours, minutes = divmod(abs(seconds) // 60, 60)
    sign = "-" if seconds < 0 else "+"
    offset = f"UTC{sign}{hours}"
    if minutes:
        offset += f":{minutes:02d}"
    return offset


def _values(cli: CliContext, details: ActivityDetails, *, with_upstream: bool) -> Iterator[Part]:
    """Yield the groups of values, each value with its label and its provenance."""
    provenance = cli.host.activities.provenance(details)
    connections = {source["connection"] for source in provenance.values()} - {None}
    several = len(connections) > 1
    from_files = _records_from_files(cli, details)
    groups = list(grouped(details.activity))
    width = _width_of_values(groups, 32 if cli.width >= _WIDE else 26)
    for group, values in groups:
        rows = []
        for name, label, text in values:
            source = dict(provenance.get(name, {}))
            is_from_file = (source.get("connection"), source.get("external_id")) in from_files
            if is_from_file and source["how"] == "reported":
                source["how"] = "from the file"
            if not with_upstream:
                source.pop("upstream", None)
            rows.append((label, text, _provenance(source, several=several)))
        yield ""
        yield Heading(group)
        yield Pairs(rows, widths=(23, width))


def _records_from_files(cli: CliContext, details: ActivityDetails) -> set[tuple[str, str]]:
    """Return connection and external id of each record that is a file of the athlete."""
    sources = set()
    for source in cli.host.entries.list("source"):
        if any(part.name == PartName.FILE and part.identity for part in source.parts):
            sources.add(source.id)
    records = set()
    for member in details.members:
        if member.entry in sources:
            records.add((member.connection, member.external_id))
    return records


def _width_of_values(groups: Iterable[Group], limit: int) -> int:
    longest = 0
    for _, values in groups:
        for _, _, text in values:
            longest = max(longest, len(text))
    return min(longest, limit)


def _provenance(
    source: Document,
    *,
    several: bool,
) -> Styled:
    words = source.get("how") or "not stated"
    if source.get("by") == "athlete":
        words = "your own value"
    elif source.get("by"):
        words += f" by {source['by']}"
    if source.get("upstream"):
        words += f" ({source['upstream']})"
    if several and source.get("connection"):
        words += f", {source['connection']}"
    style = "yellow" if source.get("how") == "estimated" else "dim"
    return Styled(clean(words), style)


def _laps(activity: SourceActivity, *, everything: bool) -> Iterator[Part]:
    # A lap that only covers the samples between two laps is not a lap of the athlete.
    laps = [lap for lap in activity.laps if not lap.telemetry_only]
    if not laps:
        return
    rows = []
    for number, lap in enumerate(laps[:_LAPS_SHOWN], 1):
        row = _lap(number, lap, activity)
        if everything:
            row += _more_of_lap(lap)
        rows.append(row)
    known = _LAP_COLUMNS + _MORE_LAP_COLUMNS if everything else _LAP_COLUMNS
    # Columns without any value are left out, such as power for a run.
    is_used = list(map(any, zip(*rows, strict=True)))
    columns = list(compress(known, is_used))
    yield ""
    yield Heading(_name_of(laps))
    yield Rows(columns, [list(compress(row, is_used)) for row in rows], indent=2)
    more = len(laps) - _LAPS_SHOWN
    if more > 0:
        yield f"  and {more:,} more; --json lists all of them"


def _name_of(laps: list[Lap]) -> str:
    kinds = {lap.kind for lap in laps}
    if kinds == {"interval"}:
        return "Intervals"
    if kinds == {"length"}:
        return "Lengths"
    return "Laps"


def _lap(
    number: int,
    lap: Lap,
    activity: SourceActivity,
) -> list[str]:
    what = dict.fromkeys(filter(None, (lap.label, lap.intensity)))
    seconds = lap.elapsed_s if lap.moving_s is None else lap.moving_s
    is_estimated = activity.power_kind == "estimated"
    is_distance_unknown = not lap.distance_m and _is_unmeasured(activity)
    return [
        str(number),
        " ".join(filter(None, (*what, lap.exercise))),
        numbers.clock(lap.start_s),
        numbers.clock(seconds),
        "" if is_distance_unknown else numbers.km(lap.distance_m, 2),
        numbers.whole(lap.average_heartrate_bpm),
        numbers.whole(lap.average_watts, estimated=is_estimated),
        "" if is_distance_unknown else numbers.speed(lap.average_speed_mps, activity.sport),
    ]


def _more_of_lap(lap: Lap) -> list[str]:
    """Return what is known of a lap beyond the columns that are always shown."""
    return [
        numbers.whole(lap.max_heartrate_bpm),
        numbers.whole(lap.weighted_average_watts),
        numbers.whole(lap.max_watts),
        numbers.whole(lap.average_cadence_rpm),
        numbers.whole(lap.elevation_gain_m),
        numbers.whole(lap.calories_kcal),
        numbers.whole(lap.training_load),
        lap.zone or "",
    ]


def _is_unmeasured(activity: SourceActivity) -> bool:
    """Return whether the device measured no distance, but the activity has one.

    On a treadmill a watch writes 0 m, and the athlete corrects the total at the service. Zeros of
    laps and of speeds beside it would contradict it.
    """
    measured = any(lap.distance_m for lap in activity.laps)
    return bool(activity.distance_m) and not measured


def _streams(cli: CliContext, details: ActivityDetails) -> Iterator[Part]:
    streams = {stream.type: stream for stream in cli.host.activities.streams(details)}
    if not streams:
        return
    length = max(len(stream.values) for stream in streams.values())
    # 38 columns are needed for the label and the range beside the line.
    width = min(max(cli.width - 38, 20), 80)
    yield ""
    yield Heading("Streams", count(length, "sample"))
    drawn: list[tuple[str, str, str]] = []
    others = set(streams)
    for kind in _DRAWN:
        if kind in streams and not _is_at_rest(kind, streams[kind].values, details.activity):
            drawn += _drawn(kind, streams[kind].values, width)
            others.remove(kind)
    yield Pairs(drawn)
    yield Pairs([("also", ", ".join(sorted(others)))]) if others else ""


def _is_at_rest(
    kind: str,
    column: Iterable[Any],
    activity: SourceActivity,
) -> bool:
    """Return whether a stream says that nobody moved, although the activity has a distance."""
    return kind == "velocity" and bool(activity.distance_m) and not any(column)


def _drawn(
    kind: str,
    column: Iterable[Any],
    width: int,
) -> Iterator[tuple[str, str, str]]:
    """Yield the line of a stream, or nothing if no sample is a number."""
    label, unit = _DRAWN[kind]
    factor = _KMH if kind == "velocity" else 1.0
    samples: list[float | None] = []
    for sample in column:
        is_number = isinstance(sample, float)
        samples.append(sample * factor if is_number else None)
    known = [sample for sample in samples if sample is not None]
    if not known:
        return
    blocks = BLOCKS if speaks_unicode(sys.stdout) else ASCII
    span = f"{min(known):.0f} to {max(known):.0f} {unit}"
    yield label, sparkline(samples, width, blocks), span


def _made_of(
    details: ActivityDetails,
    outstanding: Sequence[OutstandingPart],
) -> Iterator[Part]:
    """Yield the records of the activity with their parts, its identities and its links."""
    lines: list[tuple[str, str]] = []
    for member in details.members:
        lines += _member(member)
        for part in outstanding:
            if f"{part.connection}/{part.external_id}" == member.name:
                lines.append(("", _to_come(part)))
    lines.append(("known as", short_hashes(", ".join(details.activity.claims))))
    for link in details.activity.links:
        lines.append((link.rel, link.url))
    yield ""
    yield Heading("Sources")
    yield Pairs(lines)


def _to_come(part: OutstandingPart) -> str:
    """Return what is still to be fetched, or could not be fetched, and what to do about it."""
    name, is_, was = _PARTS.get(part.part, (part.part, "is", "was"))
    if part.is_given_up:
        after = count(part.tries, "attempt")
        why = f": {part.reason}" if part.reason else ""
        return f"{name} {was} given up after {after}{why}; {part.next_step}"
    if part.reason:
        return f"{name} could not be fetched yet: {part.reason}; {part.next_step}"
    fetched = "to be fetched again" if part.is_stored else "still to be fetched"
    return f"{name} {is_} {fetched}; {part.next_step}"


def _member(member: MemberRow) -> Iterator[tuple[str, str]]:
    read = member.activity.completeness
    name = f"{member.connection}/{short_id(member.external_id)}"
    made = f"made from {', '.join(read.parts) or 'nothing'}"
    if member.gone:
        made += ", deleted at its source"
    yield name, made
    if member.sent_by:
        sent = member.sent_by
        yield "", sent_sentence(sent.pipeline, sent.destination, sent.sent_at)
    for part, reason in read.missing.items():
        # After "made from", this reads well for parts ("file") and for other keys, such as "use of
        # all points" or "repeated samples".
        yield "", f"without {part}: {reason}"
    if member.activity.stub:
        yield "", f"a stub: {member.activity.stub.reason}"
