"""Conversion of one session into a source activity.

What the session states wins. What it leaves out is computed from its samples and marked so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from fitglue_formats.clock import start_fields
from fitglue_formats.consistency import LapTotals, Recording, check, low_maxima
from fitglue_formats.fit.clock import moment, recorded_s, stated_offset
from fitglue_formats.fit.clock_set import LATER_NOTE, NOTE
from fitglue_formats.fit.device import device_of
from fitglue_formats.fit.laps import laps_of
from fitglue_formats.fit.sports import INDOOR, sport_of
from fitglue_formats.fit.starts import START_NOTE, is_set
from fitglue_formats.fit.streams import streams
from fitglue_formats.fit.strength import sets_of
from fitglue_formats.fit.summary import (
    DOUBTFUL_ZEROS,
    computed_values,
    durations_of,
    effort,
    metrics,
    sampled_m,
    stated_values,
    sums_of,
    unsteady_distance,
)
from fitglue_formats.fit.values import first_part, number, text
from fitglue_registry.model import (
    Completeness,
    Provenance,
    SourceActivity,
    with_average_speed,
    without_invalid,
)
from fitglue_registry.model.cadence import counts_one_leg
from fitglue_registry.model.sports import ON_FOOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fitglue_formats.clock import Place
    from fitglue_formats.fit.messages import Messages, Values
    from fitglue_formats.fit.samples import Samples
    from fitglue_registry.model import Lap

#: Degrees in a semicircle, the unit of positions in FIT.
_SEMICIRCLE = 180 / 2**31
#: The latitude of a pole (90 degrees) in semicircles.
_POLE = 2**30
#: If samples begin earlier than the stated start by more than this, the provenance notes it.
_LATE_S = 60


@dataclass(frozen=True, slots=True)
class Leg:
    """One session with everything that belongs to it. All times are seconds after the FIT epoch.

    Attributes:
        number: Its position among the sessions of the file, from 0.
        session: The message ``session``.
        samples: Its samples.
        start: Its start.
        first: The earliest start of a lap or set that belongs to it.
        end: The time at which the next leg begins.
    """

    number: int
    session: Values
    samples: Samples
    start: float
    first: float
    end: float


def activity(
    leg: Leg,
    messages: Messages,
    missing: dict[str, str],
) -> SourceActivity:
    """Return the source activity of a leg.

    Args:
        leg: The session.
        messages: The decoded messages of the file.
        missing: The parts of the file that cannot be read, with the reasons.
    """
    session = leg.session
    samples = leg.samples
    sport_raw = _name(session.get("sport"))
    sub_sport = _name(session.get("sub_sport"))
    sport = sport_of(sport_raw, sub_sport)
    laps = laps_of(
        messages,
        samples,
        leg.start,
        leg.first,
        leg.end,
    )
    summary = _summary(leg, laps)
    stated = SourceActivity(
        leg_no=leg.number,
        sport=sport,
        sport_raw=sport_raw,
        sub_type=_sub_type(sub_sport),
        trainer=True if sub_sport in INDOOR else None,
        **_start(leg, messages, sub_sport),
        **summary.fields,
        **effort(session),
        **_on_foot(leg, sport, summary),
        pool_lengths=_pool_lengths(session),
        power_kind=_power_kind(leg, summary),
        recording_s=recorded_s(messages, leg.start, _end(leg)),
        metrics=metrics(session),
        extensions=_extensions(session),
        device=device_of(messages),
        laps=laps,
        sets=sets_of(messages, leg.first, leg.end),
        streams=streams(samples, leg.start),
        completeness=Completeness(
            ("file",),
            missing | samples.doubtful_positions() | summary.doubts,
        ),
        provenance=summary.provenance | _start_provenance(leg),
    )
    # Programs copy the invalid number of a type into a field of a wider type.
    return with_average_speed(without_invalid(stated))


# -- when and where --------------------------------------------------------------------------------


def _start(
    leg: Leg,
    messages: Messages,
    sub_sport: str | None,
) -> dict[str, Any]:
    """Return the start on both clocks as fields of the model."""
    place = _position(leg.session) or leg.samples.place()
    stated = stated_offset(messages)
    if sub_sport == "virtual_activity":
        place = None  # the coordinates are those of a virtual world
    elif stated is not None and stated.offset_s == 0 and place is not None:
        stated = None  # apps without time zones write UTC as the local time; the place is better
    if stated is None:
        return start_fields(moment(leg.start), place)
    return start_fields(moment(leg.start), place, stated.offset_s, stated.at)


def _start_provenance(leg: Leg) -> dict[str, Provenance]:
    """Return the provenance of a start that is doubtful; empty for an ordinary one."""
    clock_note = leg.session.get(NOTE)
    if clock_note is not None:
        return {"start_utc": Provenance("computed", note=clock_note)}
    if not is_set(leg.start):
        note = "the clock of the device was not set"
        return {"start_utc": Provenance("estimated", note=note)}
    start_note = leg.session.get(START_NOTE)
    if start_note is not None:
        return {"start_utc": Provenance("computed", note=start_note)}
    if not len(leg.samples):
        return {}
    first = float(leg.samples.time[0])
    early_s = leg.start - first
    if early_s <= _LATE_S:
        return {}
    note = f"the samples begin {early_s:.0f} s before it"
    return {"start_utc": Provenance("reported", note=note)}


def _position(session: Values) -> Place | None:
    """Return the position at which a session began, in degrees, or ``None`` if it states none."""
    latitude = number(session, "start_position_lat")
    longitude = number(session, "start_position_long")
    if latitude is None or longitude is None:
        return None
    if latitude == 0 and longitude == 0:
        return None
    if abs(latitude) > _POLE:
        return None
    return latitude * _SEMICIRCLE, longitude * _SEMICIRCLE


def _end(leg: Leg) -> float:
    """Return the end of a session by its duration, or else by its last sample."""
    elapsed_s = number(leg.session, "total_elapsed_time")
    if elapsed_s:
        return leg.start + elapsed_s
    if len(leg.samples):
        return float(leg.samples.time[-1])
    return leg.start


# -- summary ---------------------------------------------------------------------------------------


class _Summary(NamedTuple):
    """The summary fields of a session, the provenance of those that it does not state, and the
    reasons to doubt some of them.
    """

    fields: dict[str, Any]
    provenance: dict[str, Provenance]
    doubts: dict[str, str]


def _summary(
    leg: Leg,
    laps: Sequence[Lap],
) -> _Summary:
    """Return what the session states, completed from its samples and checked against them."""
    fields = stated_values(leg.session)
    provenance: dict[str, Provenance] = {}
    from_samples = computed_values(leg.samples, leg.start, fields.get("moving_s"))
    _complete(fields, provenance, from_samples, "from the samples")
    _complete(fields, provenance, sums_of(laps), "from the laps")
    durations = durations_of(laps, fields.get("elapsed_s"))
    _complete(fields, provenance, durations, "from the laps")
    findings = check(_recording(leg, fields, laps))
    for name, corrected in findings.corrected.items():
        fields[name] = corrected.value
        provenance[name] = Provenance("computed", note=corrected.note)
    doubts = dict(findings.doubts)
    unsteady = unsteady_distance(leg.samples)
    if unsteady is not None:
        doubts["steady distance"] = unsteady
    clock_note = leg.session.get(NOTE) or leg.session.get(LATER_NOTE)
    if clock_note is not None:
        doubts["steady clock"] = clock_note
    return _Summary(
        fields,
        provenance,
        doubts | low_maxima(fields),
    )


def _complete(
    fields: dict[str, Any],
    provenance: dict[str, Provenance],
    values: Mapping[str, float],
    origin: str,
) -> None:
    """Add values that the session does not state, with where they come from."""
    for name, value in values.items():
        note = _reason(fields, name, value, origin)
        if note is not None:
            fields[name] = value
            provenance[name] = Provenance("computed", note=note)


def _reason(
    fields: dict[str, Any],
    name: str,
    value: float,
    origin: str,
) -> str | None:
    """Return why a computed value is used, or ``None`` if the stated one is."""
    if name not in fields:
        return origin
    if fields[name] == 0 and value > 0 and name in DOUBTFUL_ZEROS:
        return f"{origin}, because the session states 0"
    return None


def _recording(
    leg: Leg,
    fields: dict[str, Any],
    laps: Sequence[Lap],
) -> Recording:
    """Return the evidence about a session for the check of consistency."""
    samples = leg.samples
    has_samples = len(samples) > 0
    return Recording(
        start=leg.start,
        end=number(leg.session, "timestamp"),
        elapsed_s=fields.get("elapsed_s"),
        moving_s=fields.get("moving_s"),
        first=float(samples.time[0]) if has_samples else None,
        last=float(samples.time[-1]) if has_samples else None,
        distance_m=fields.get("distance_m"),
        sampled_m=sampled_m(samples, fields.get("distance_m")),
        laps=[_lap_totals(leg, lap) for lap in laps if lap.kind == "lap"],
    )


def _lap_totals(
    leg: Leg,
    lap: Lap,
) -> LapTotals:
    """Return what a lap states about itself."""
    start = leg.start + (lap.start_s or 0.0)
    return LapTotals(
        start,
        lap.elapsed_s,
        lap.moving_s,
        lap.distance_m,
    )


def _on_foot(
    leg: Leg,
    sport: str,
    summary: _Summary,
) -> dict[str, Any]:
    """Return the fields that only sports on foot have."""
    fields: dict[str, Any] = {}
    if sport not in ON_FOOT:
        return fields
    stride_mm = number(
        leg.session,
        "avg_step_length",
        zero=False,
    )
    if stride_mm is not None:
        fields["average_stride_m"] = stride_mm / 1000
    average = summary.fields.get("average_cadence_rpm")
    # FIT counts the cadence of runners and walkers in strides: steps of one leg. Some apps write
    # the steps of both legs.
    per_leg = counts_one_leg(sport, average)
    if per_leg is not None:
        fields["cadence_per_leg"] = per_leg
    return fields


def _sub_type(sub_sport: str | None) -> str | None:
    """Return the sub-sport, or ``None`` if it is one of the two that mean nothing."""
    if sub_sport in ("generic", "all"):
        return None
    return sub_sport


def _power_kind(
    leg: Leg,
    summary: _Summary,
) -> Literal["measured"] | None:
    """Return ``measured`` if the session or its samples have power."""
    if "average_watts" in summary.fields or "watts" in leg.samples.channels:
        return "measured"
    return None


def _pool_lengths(session: Values) -> int | None:
    """Return the number of lengths that were swum, if the session was in a pool."""
    lengths = session.get("num_active_lengths")
    pool_m = number(
        session,
        "pool_length",
        zero=False,
    )
    if pool_m is None or not isinstance(lengths, int):
        return None
    return lengths


def _extensions(session: Values) -> dict[str, Any]:
    """Return what the model has no field for: the name of the device's sport profile."""
    profile = _name(session.get("sport_profile_name"))
    if profile is None:
        return {}
    return {"sport_profile": profile}


def _name(value: Any) -> str | None:
    """Return the name of a sport; a sport that the profile does not know is named by its number."""
    first = first_part(value)
    if isinstance(first, int):
        return f"sport_{first}"
    return text(first)
