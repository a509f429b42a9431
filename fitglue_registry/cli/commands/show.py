"""``fitglue show``: one activity with where each value comes from, its laps, its streams, and what
it was made of.
"""

from __future__ import annotations

import sys
from itertools import compress
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli import numbers
from fitglue_registry.cli.command import Command, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.layout import Heading, Pairs, Rows, Styled, columns_of
from fitglue_registry.cli.sparkline import ASCII, BLOCKS, sparkline
from fitglue_registry.cli.text import clean, short_hashes, short_id, speaks_unicode
from fitglue_registry.cli.values import grouped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fitglue_registry.cli.layout import Document, Part
    from fitglue_registry.cli.values import Group
    from fitglue_registry.model import Lap, SourceActivity
    from fitglue_registry.services.reading import ActivityDetails, MemberRow

_LAPS_SHOWN = 40
#: Metres per second in km/h.
_KMH = 3.6
_WIDE = 100
_LAP_COLUMNS = columns_of(
    ("#", "what", "start", "time", "km", "bpm", "W", "speed"),
    right=("#", "start", "time", "km", "bpm", "W", "speed"),
    flexible="what",
)
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
@click.option("--streams", is_flag=True, help="With --json: the samples over time as well.")
@json_option()
@pass_cli
def command(
    cli: CliContext,
    *,
    reference: str,
    streams: bool,
) -> None:
    """Show the activity REF: a number from `fitglue activities`, `last`, a date, or an id at the
    source.

    Beside each value stands how it was come by: reported by the source as measured, computed, or
    estimated (marked with ~).
    """
    details = cli.host.activities.get(reference)
    if cli.as_json:
        cli.document(cli.host.activities.document(details, streams=streams))
        return
    cli.show(*_head(details))
    cli.show(*_values(cli, details))
    cli.show(*_laps(details.activity))
    cli.show(*_streams(cli, details))
    cli.show(*_made_of(details))


def _head(details: ActivityDetails) -> Iterator[Part]:
    activity = details.activity
    title = activity.title or "untitled"
    yield Heading(f"{details.number}  {title}", activity.sport or "")
    yield clean(_when(activity))
    for words in (activity.description, activity.notes):
        if words:
            yield Styled(words.strip(), "italic")
    if details.gone_at:
        yield Styled(f"deleted at its source, noticed {details.gone_at[:10]}", "yellow")


def _when(activity: SourceActivity) -> str:
    start = activity.start_local or activity.start_utc
    if start is None:
        return "start unknown"
    if activity.start_precision == "day":
        return f"{start:%a %d %b %Y}"
    return f"{start:%a %d %b %Y, %H:%M} ({_zone(activity)})"


def _zone(activity: SourceActivity) -> str:
    known = []
    if activity.timezone:
        known.append(activity.timezone)
    if activity.utc_offset_s is not None:
        known.append(_offset(activity.utc_offset_s))
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


def _values(cli: CliContext, details: ActivityDetails) -> Iterator[Part]:
    """One column for the value, one for how it was come by, and on a wide screen its name at the
    source.
    """
    provenance = cli.host.activities.provenance(details)
    connections = {source["connection"] for source in provenance.values()} - {None}
    several = len(connections) > 1
    is_wide = cli.width >= _WIDE
    groups = list(grouped(details.activity))
    width = _width_of_values(groups, 32 if is_wide else 26)
    for group, values in groups:
        rows = []
        for name, label, text in values:
            source = provenance.get(name, {})
            how = _provenance(
                source,
                several=several,
                is_wide=is_wide,
            )
            rows.append((label, text, how))
        yield ""
        yield Heading(group)
        yield Pairs(rows, widths=(23, width))


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
    is_wide: bool,
) -> Styled:
    words = source.get("how") or "not stated"
    if source.get("by"):
        words += f" by {source['by']}"
    if is_wide and source.get("upstream"):
        words += f" from {source['upstream']}"
    if several and source.get("connection"):
        words += f", {source['connection']}"
    style = "yellow" if source.get("how") == "estimated" else "dim"
    return Styled(clean(words), style)


def _laps(activity: SourceActivity) -> Iterator[Part]:
    laps = [lap for lap in activity.laps if not lap.telemetry_only]
    if not laps:
        return
    rows = []
    for number, lap in enumerate(laps[:_LAPS_SHOWN], 1):
        rows.append(_lap(number, lap, activity))
    is_used = list(map(any, zip(*rows, strict=True)))
    columns = list(compress(_LAP_COLUMNS, is_used))
    yield ""
    yield Heading(_name_of(laps))
    yield Rows(columns, [list(compress(row, is_used)) for row in rows], indent=2)
    more = len(laps) - _LAPS_SHOWN
    if more > 0:
        yield f"  and {more:,} more; --json has all"


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
    return [
        str(number),
        " ".join(filter(None, (*what, lap.exercise))),
        numbers.clock(lap.start_s),
        numbers.clock(seconds),
        numbers.km(lap.distance_m, 2),
        numbers.whole(lap.average_heartrate_bpm),
        numbers.whole(lap.average_watts, estimated=is_estimated),
        numbers.speed(lap.average_speed_mps, activity.sport),
    ]


def _streams(cli: CliContext, details: ActivityDetails) -> Iterator[Part]:
    streams = {stream.type: stream for stream in cli.host.activities.streams(details)}
    if not streams:
        return
    length = max(len(stream.values) for stream in streams.values())
    width = min(max(cli.width - 38, 20), 80)
    yield ""
    yield Heading("Streams", f"{length:,} samples")
    drawn: list[tuple[str, str, str]] = []
    for kind in _DRAWN:
        if kind in streams:
            drawn += _drawn(kind, streams[kind].values, width)
    yield Pairs(drawn)
    others = sorted(set(streams) - set(_DRAWN))
    yield Pairs([("also", ", ".join(others))]) if others else ""


def _drawn(
    kind: str,
    column: Iterable[Any],
    width: int,
) -> Iterator[tuple[str, str, str]]:
    """The line of a stream, if it has any sample that is a figure."""
    label, unit = _DRAWN[kind]
    factor = _KMH if kind == "velocity" else 1.0
    samples: list[float | None] = []
    for sample in column:
        is_figure = isinstance(sample, float)
        samples.append(sample * factor if is_figure else None)
    known = [sample for sample in samples if sample is not None]
    if not known:
        return
    blocks = BLOCKS if speaks_unicode(sys.stdout) else ASCII
    span = f"{min(known):.0f} to {max(known):.0f} {unit}"
    yield label, sparkline(samples, width, blocks), span


def _made_of(details: ActivityDetails) -> Iterator[Part]:
    """The records, what was read of each, its identities and its page."""
    lines: list[tuple[str, str]] = []
    for member in details.members:
        lines += _member(member)
    lines.append(("known as", short_hashes(", ".join(details.activity.claims))))
    for link in details.activity.links:
        lines.append((link.rel, link.url))
    yield ""
    yield Heading("Sources")
    yield Pairs(lines)


def _member(member: MemberRow) -> Iterator[tuple[str, str]]:
    read = member.activity.completeness
    name = f"{member.connection}/{short_id(member.external_id)}"
    made = f"made from {', '.join(read.parts) or 'nothing'}"
    if member.gone:
        made += ", deleted there"
    yield name, made
    for part, reason in read.missing.items():
        yield "", f"no {part}: {reason}"
    if member.activity.stub:
        yield "", f"a stub: {member.activity.stub.reason}"
