"""Rules for a source activity that its JSON Schema cannot say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.model.column import Column
from fitglue_registry.model.streams import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.model.activity import SourceActivity

    Problem = tuple[str, str]

_MOST_CLAIMS = 100
_LONGEST_CLAIM = 600  # an index holds them; a service, a colon and an external id
_MOST_STREAMS = 200
_MOST_NUMBERS = 50_000_000  # a fortnight of forty channels, sampled once a second


def problems(activity: SourceActivity) -> list[Problem]:
    """What is wrong with a source activity beyond its schema, as (field, reason); an empty list
    where all is well.
    """
    return [
        *_infinite_numbers(activity),
        *_missing_values(activity),
        *_wrong_claims(activity.claims),
        *_wrong_streams(activity.streams),
    ]


def _infinite_numbers(activity: SourceActivity) -> Iterator[Problem]:
    values = msgspec.structs.astuple(activity)
    for name, value in zip(activity.__struct_fields__, values, strict=True):
        if type(value) is float and not math.isfinite(value):
            yield name, "is not a finite number"
    metrics: Any = activity.metrics
    if isinstance(metrics, dict):
        for name, value in metrics.items():
            if isinstance(value, float) and not math.isfinite(value):
                yield f"metrics.{name}", "is not a finite number"


def _missing_values(activity: SourceActivity) -> Iterator[Problem]:
    if activity.start_utc is None and activity.start_local is None:
        yield "start_utc", "neither a start in UTC nor a local one is given"
    if activity.sport is None and activity.stub is None:
        yield "sport", "is missing; use Other and keep the source's word in sport_raw"


def _wrong_claims(claims: Any) -> Iterator[Problem]:
    """No workout has a hundred identities: one with more would draw the workouts of others
    together.
    """
    if not isinstance(claims, tuple | list):
        return  # the schema says so better
    if len(claims) > _MOST_CLAIMS:
        yield "claims", f"are {len(claims):,}, and may be {_MOST_CLAIMS}"
        return
    longest = max((len(claim) for claim in claims if isinstance(claim, str)), default=0)
    if longest > _LONGEST_CLAIM:
        yield "claims", f"hold one of {longest:,} characters, and may have {_LONGEST_CLAIM}"


def _wrong_streams(streams: Any) -> Iterator[Problem]:
    if not isinstance(streams, tuple | list) or not all(map(_is_stream, streams)):
        yield "streams", "holds something that is no Stream of texts and a Column"
    elif _are_too_many(streams):
        yield (
            "streams",
            f"hold more than {_MOST_NUMBERS:,} numbers, or are more than {_MOST_STREAMS}",
        )
    else:
        yield from _streams_that_do_not_fit(streams)


def _are_too_many(streams: Sequence[Stream]) -> bool:
    if len(streams) > _MOST_STREAMS:
        return True
    return sum(len(stream.values.doubles) for stream in streams) > _MOST_NUMBERS


def _streams_that_do_not_fit(streams: Sequence[Stream]) -> Iterator[Problem]:
    lengths = {stream.type: len(stream.values) for stream in streams}
    if len(lengths) != len(streams):
        yield "streams", "two streams have the same type"
    if lengths and "time" not in lengths:
        yield "streams", "there is no time stream, so no sample has a moment"
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        yield "streams", f"streams differ in length: {listed}"


def _is_stream(value: object) -> bool:
    """Types are not looked at when a struct is made, and streams are encoded apart from the
    document that the schema sees.
    """
    if type(value) is not Stream or type(value.values) is not Column:
        return False
    if type(value.type) is not str or not value.type or type(value.custom) is not bool:
        return False
    texts: tuple[Any, ...] = (value.unit, value.name, value.raw_type)
    return all(text is None or type(text) is str for text in texts)
