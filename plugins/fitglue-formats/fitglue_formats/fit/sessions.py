"""Makes one source activity of one session: what the file says of it, and from its samples what the
file leaves out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from fitglue_formats.clock import start_fields
from fitglue_formats.fit.clock import UNSET_BEFORE, moment, offset_s, recorded_s
from fitglue_formats.fit.device import device_of
from fitglue_formats.fit.figures import computed, effort, metrics, stated
from fitglue_formats.fit.laps import laps_of
from fitglue_formats.fit.sports import INDOOR, sport_of
from fitglue_formats.fit.streams import streams
from fitglue_formats.fit.strength import sets_of
from fitglue_formats.fit.values import cadence, first_part, number, text
from fitglue_registry.model import Completeness, Provenance, SourceActivity
from fitglue_registry.model.sports import ON_FOOT

if TYPE_CHECKING:
    from fitglue_formats.clock import Place
    from fitglue_formats.fit.messages import Messages, Values
    from fitglue_formats.fit.samples import Samples

_SEMICIRCLE = 180 / 2**31
#: A quarter of the way round, in semicircles.
_POLE = 2**30
#: A start that is later than the first sample by more than this is worth a word.
_LATE_S = 60


@dataclass(frozen=True, slots=True)
class Leg:
    """One session with what belongs to it: its samples, and the span in which its laps and sets
    begin.
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
    """The source activity of a leg."""
    session = leg.session
    samples = leg.samples
    sport_raw = _word(session.get("sport"))
    sub_sport = _word(session.get("sub_sport"))
    sport = sport_of(sport_raw, sub_sport)
    figures = _figures(leg)
    return SourceActivity(
        leg_no=leg.number,
        sport=sport,
        sport_raw=sport_raw,
        sub_type=_sub_type(sub_sport),
        trainer=True if sub_sport in INDOOR else None,
        **_start(leg, messages, sub_sport),
        **figures.fields,
        **effort(session),
        **_on_foot(leg, sport),
        max_cadence_rpm=cadence(session, "max_cadence"),
        average_cadence_rpm=cadence(session, "avg_cadence"),
        pool_lengths=_pool_lengths(session),
        power_kind=_power_kind(leg, figures),
        recording_s=recorded_s(messages, leg.start, _end(leg)),
        metrics=metrics(session),
        extensions=_extensions(session),
        device=device_of(messages),
        laps=laps_of(messages, samples, leg.start, leg.first, leg.end),
        sets=sets_of(messages, leg.first, leg.end),
        streams=streams(samples, leg.start),
        completeness=Completeness(("file",), dict(missing)),
        provenance=figures.provenance | _start_provenance(leg),
    )


# -- when and where --------------------------------------------------------------------------------


def _start(
    leg: Leg,
    messages: Messages,
    sub_sport: str | None,
) -> dict[str, Any]:
    """The start on both clocks."""
    place = position(leg.session) or leg.samples.place()
    stated_s = offset_s(messages)
    if sub_sport == "virtual_activity":
        place = None  # the track lies in a world that somebody drew
    elif stated_s == 0 and place is not None:
        stated_s = None  # apps that know no zone write UTC twice: the place knows better
    return start_fields(moment(leg.start), place, stated_s)


def _start_provenance(leg: Leg) -> dict[str, Provenance]:
    """What there is to say of a start that is not what it should be."""
    if leg.start < UNSET_BEFORE:
        note = "the clock of the device was not set"
        return {"start_utc": Provenance("estimated", note=note)}
    if not len(leg.samples):
        return {}
    first = float(leg.samples.time[0])
    early_s = leg.start - first
    if early_s <= _LATE_S:
        return {}
    note = f"the samples begin {early_s:.0f} s before it"
    return {"start_utc": Provenance("reported", note=note)}


def position(session: Values) -> Place | None:
    """Where a session began, if it says so."""
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
    """When a session ended, by its duration or its last sample."""
    elapsed_s = number(leg.session, "total_elapsed_time")
    if elapsed_s:
        return leg.start + elapsed_s
    if len(leg.samples):
        return float(leg.samples.time[-1])
    return leg.start


# -- what it says ----------------------------------------------------------------------------------


class _Figures(NamedTuple):
    """Figures of a session, and where those come from that it does not state."""

    fields: dict[str, Any]
    provenance: dict[str, Provenance]


def _figures(leg: Leg) -> _Figures:
    """What the session says, and from its samples what it leaves out."""
    fields = stated(leg.session)
    provenance = {}
    moving_s = fields.get("moving_s")
    from_samples = computed(leg.samples, leg.start, moving_s)
    for name, value in from_samples.items():
        if name not in fields:
            fields[name] = value
            provenance[name] = Provenance("computed", note="from the samples")
    return _Figures(fields, provenance)


def _on_foot(leg: Leg, sport: str) -> dict[str, Any]:
    """What is only said of sports on foot."""
    fields: dict[str, Any] = {}
    if sport not in ON_FOOT:
        return fields
    stride_mm = number(leg.session, "avg_step_length", zero=False)
    if stride_mm is not None:
        fields["average_stride_m"] = stride_mm / 1000
    average = number(leg.session, "avg_cadence")
    if average is not None or "cadence" in leg.samples.channels:
        fields["cadence_per_leg"] = True
    return fields


def _sub_type(sub_sport: str | None) -> str | None:
    """The sub-sport, unless it says nothing."""
    if sub_sport in ("generic", "all"):
        return None
    return sub_sport


def _power_kind(
    leg: Leg,
    figures: _Figures,
) -> Literal["measured"] | None:
    if "average_watts" in figures.fields or "watts" in leg.samples.channels:
        return "measured"
    return None


def _pool_lengths(session: Values) -> int | None:
    lengths = session.get("num_active_lengths")
    pool_m = number(session, "pool_length", zero=False)
    if pool_m is None or not isinstance(lengths, int):
        return None
    return lengths


def _extensions(session: Values) -> dict[str, Any]:
    profile = _word(session.get("sport_profile_name"))
    if profile is None:
        return {}
    return {"sport_profile": profile}


def _word(value: Any) -> str | None:
    """A word of the profile; one that the profile does not know yet is a number."""
    first = first_part(value)
    if isinstance(first, int):
        return f"sport_{first}"
    return text(first)
