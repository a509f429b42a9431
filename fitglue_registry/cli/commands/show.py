"""``fitglue show``: one activity with where each value comes from, its laps, its streams, and what
it was made of.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli.command import Command, json_option
from fitglue_registry.cli.context import CliContext, pass_cli

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from fitglue_registry.model import Lap, SourceActivity
    from fitglue_registry.store.activity_details import ActivityDetails

_LAPS_SHOWN = 40
_WIDE = 100
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
def command(cli: CliContext, *, reference: str, streams: bool) -> None:
    """Show the activity REF: a number from `fitglue activities`, `last`, a date, or an id at the
    source.

    Beside each value stands how it was come by: reported by the source as measured, computed, or
    estimated (marked with ~).
    """
    found = cli.host.activities.get(reference)
    if cli.as_json:
        cli.document(cli.host.activities.document(found, streams=streams))
        return
    cli.show(*_head(found))
    cli.show(*_values(cli, found))
    cli.show(*_laps(cli, found.activity))
    cli.show(*_streams(cli, found))
    cli.show(*_made_of(found))


def _head(found: ActivityDetails) -> Iterator[RenderableType]:
    from rich.text import Text

    from fitglue_registry.cli.table import heading
    from fitglue_registry.cli.text import clean, clean_lines

    activity = found.activity
    yield heading(f"{found.number}  {activity.title or 'untitled'}", activity.sport or "")
    yield Text(clean(_when(activity)))
    for words in (activity.description, activity.notes):
        if words:
            yield Text(clean_lines(words.strip()), style="italic")
    if found.gone_at:
        yield Text(f"deleted at its source, noticed {found.gone_at[:10]}", style="yellow")


def _when(activity: SourceActivity) -> str:
    start = activity.start_local or activity.start_utc
    if start is None:
        return "start unknown"
    if activity.start_precision == "day":
        return f"{start:%a %d %b %Y}"
    offset = activity.utc_offset_s
    known = "" if offset is None else _offset(offset)
    zone = ", ".join(part for part in (activity.timezone, known) if part) or (
        "UTC" if activity.start_local is None else "zone unknown"
    )
    return f"{start:%a %d %b %Y, %H:%M} ({zone})"


def _offset(seconds: int) -> str:
    minutes = abs(seconds) // 60
    return f"UTC{'-' if seconds < 0 else '+'}{minutes // 60}{f':{minutes % 60:02d}' if minutes % 60 else ''}"


def _values(cli: CliContext, found: ActivityDetails) -> Iterator[RenderableType]:
    """One column for the value, one for how it was come by, and on a wide screen its name at the
    source.
    """
    from fitglue_registry.cli.table import heading, pairs
    from fitglue_registry.cli.values import grouped

    told = cli.host.activities.provenance(found)
    several = len({one["connection"] for one in told.values()} - {None}) > 1
    groups = list(grouped(found.activity))
    longest = min(
        max((len(text) for _, values in groups for _, _, text in values), default=0),
        32 if cli.width >= _WIDE else 26,
    )
    for group, values in groups:
        yield ""
        yield heading(group)
        yield pairs(
            [
                (
                    label,
                    text,
                    _provenance(told.get(name, {}), several=several, wide=cli.width >= _WIDE),
                )
                for name, label, text in values
            ],
            widths=(23, longest),
        )


def _provenance(told: dict[str, Any], *, several: bool, wide: bool) -> Any:
    from rich.text import Text

    from fitglue_registry.cli.text import clean

    parts = [told.get("how") or "not stated"]
    if told.get("by"):
        parts.append(f"by {told['by']}")
    if wide and told.get("upstream"):
        parts.append(f"from {told['upstream']}")
    at = f", {told['connection']}" if several and told.get("connection") else ""
    return Text(
        clean(" ".join(parts) + at), style="yellow" if told.get("how") == "estimated" else "dim"
    )


def _laps(cli: CliContext, activity: SourceActivity) -> Iterator[RenderableType]:
    from fitglue_registry.cli.table import heading, rows
    from fitglue_registry.cli.text import count

    laps = [lap for lap in activity.laps if not lap.telemetry_only]
    if not laps:
        return
    kinds = {lap.kind for lap in laps}
    yield ""
    yield heading(
        "Intervals" if kinds == {"interval"} else "Lengths" if kinds == {"length"} else "Laps"
    )
    columns = ["#", "what", "start", "time", "km", "bpm", "W", "speed"]
    cells = [_lap(number, lap, activity) for number, lap in enumerate(laps[:_LAPS_SHOWN], 1)]
    used = [index for index in range(len(columns)) if any(row[index] for row in cells)]
    yield rows(
        [columns[index] for index in used],
        [[row[index] for index in used] for row in cells],
        width=cli.width,
        right=set(columns) - {"what"},
        flexible="what",
        indent=2,
    )
    if len(laps) > _LAPS_SHOWN:
        yield f"  and {count(len(laps) - _LAPS_SHOWN, 'more', 'more')}; --json has all"


def _lap(number: int, lap: Lap, activity: SourceActivity) -> list[str]:
    from fitglue_registry.cli import numbers

    what = " ".join(
        part
        for part in (lap.label, lap.intensity if lap.intensity != lap.label else None, lap.exercise)
        if part
    )
    estimated = activity.power_kind == "estimated"
    return [
        str(number),
        what,
        numbers.clock(lap.start_s),
        numbers.clock(lap.moving_s if lap.moving_s is not None else lap.elapsed_s),
        numbers.km(lap.distance_m, 2),
        numbers.whole(lap.average_heartrate_bpm),
        numbers.whole(lap.average_watts, estimated=estimated),
        numbers.speed(lap.average_speed_mps, activity.sport),
    ]


def _streams(cli: CliContext, found: ActivityDetails) -> Iterator[RenderableType]:
    from fitglue_registry.cli.sparkline import ASCII, BLOCKS, sparkline
    from fitglue_registry.cli.table import heading, pairs
    from fitglue_registry.cli.text import speaks_unicode

    streams = {stream.type: stream for stream in cli.host.activities.streams(found)}
    if not streams:
        return
    length = max(len(stream.values) for stream in streams.values())
    yield ""
    yield heading("Streams", f"{length:,} samples")
    width = min(max(cli.width - 38, 20), 80)
    drawn = []
    for kind, (label, unit) in _DRAWN.items():
        samples = _samples(streams[kind].values, kind) if kind in streams else []
        known = [sample for sample in samples if sample is not None]
        if known:
            line = sparkline(samples, width, BLOCKS if speaks_unicode(sys.stdout) else ASCII)
            drawn.append((label, line, f"{min(known):.0f} to {max(known):.0f} {unit}"))
    yield pairs(drawn)
    others = sorted(set(streams) - {kind for kind in _DRAWN if kind in streams})
    yield pairs([("also", ", ".join(others))]) if others else ""


def _samples(column: Any, kind: str) -> list[float | None]:
    factor = 3.6 if kind == "velocity" else 1.0
    return [sample * factor if isinstance(sample, float) else None for sample in column]


def _made_of(found: ActivityDetails) -> Iterator[RenderableType]:
    """The records, what was read of each, its identities and its page."""
    from fitglue_registry.cli.table import heading, pairs
    from fitglue_registry.cli.text import short_hashes, short_id

    yield ""
    yield heading("Sources")
    lines: list[tuple[str, str]] = []
    for member in found.members:
        read = member.activity.completeness
        made = (
            "made from "
            f"{', '.join(read.parts) or 'nothing'}{', deleted there' if member.gone else ''}"
        )
        lines.append((f"{member.connection}/{short_id(member.external_id)}", made))
        lines += [("", f"no {part}: {reason}") for part, reason in read.missing.items()]
        if member.activity.stub:
            lines.append(("", f"a stub: {member.activity.stub.reason}"))
    claims = short_hashes(", ".join(found.activity.claims))
    yield pairs(
        [*lines, ("known as", claims), *((link.rel, link.url) for link in found.activity.links)]
    )
