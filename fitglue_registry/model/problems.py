"""The rules for a source activity that its JSON Schema cannot express."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.model.column import Column
from fitglue_registry.model.crops import CROP, apply_crop, crop_of
from fitglue_registry.model.streams import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.model.activity import SourceActivity

    Problem = tuple[str, str]

#: The limits are far above what any workout needs. They keep a faulty plugin from filling memory or
#: the database.
_MOST_CLAIMS = 100
_LONGEST_CLAIM = 600  # a service, a colon and an external id; claims are in an index of the store
_MOST_STREAMS = 200
_MOST_NUMBERS = 50_000_000  # two weeks of forty channels at one sample per second


def problems(activity: SourceActivity) -> list[Problem]:
    """Return what is wrong with a source activity apart from its schema.

    Returns:
        Pairs of a field and a reason that continues a sentence about the field. The list is empty
        for a valid source activity.
    """
    return [
        *_infinite_numbers(activity),
        *_missing_values(activity),
        *_wrong_claims(activity.claims),
        *_wrong_streams(activity.streams),
        *_wrong_crop(activity),
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
        yield "start_utc", "is missing, and so is start_local; one of the two is needed"
    if activity.sport is None and activity.stub is None:
        yield "sport", "is missing; use Other, and put the source's name for it into sport_raw"


def _wrong_claims(claims: Any) -> Iterator[Problem]:
    """Yield what is wrong with the claims.

    Claims join records into one activity. A source activity with hundreds of claims could join many
    unrelated workouts.
    """
    if not isinstance(claims, tuple | list):
        return  # the schema reports the wrong type with a better message
    if len(claims) > _MOST_CLAIMS:
        yield "claims", f"are {len(claims):,}; at most {_MOST_CLAIMS} are allowed"
        return
    longest = max((len(claim) for claim in claims if isinstance(claim, str)), default=0)
    if longest > _LONGEST_CLAIM:
        yield (
            "claims",
            f"include one of {longest:,} characters; at most {_LONGEST_CLAIM} are allowed",
        )


def _wrong_crop(activity: SourceActivity) -> Iterator[Problem]:
    """Yield what is wrong with the mark of a crop.

    Its values take the place of those of the source activity, so the same rules hold for them.
    """
    if not isinstance(activity.extensions, dict) or CROP not in activity.extensions:
        return
    crop = crop_of(activity)
    if crop is None:
        yield f"extensions.{CROP}", "is not the mark of a crop: start_s, end_s, values, provenance"
        return
    # Without values, the activity itself has those of the crop, and they are checked already.
    if not crop.can_be_undone:
        return
    try:
        # Streams have rules of their own, and would take long to cut.
        rest = apply_crop(msgspec.structs.replace(activity, streams=()))
    except (msgspec.ValidationError, TypeError) as error:
        yield f"extensions.{CROP}.values", f"cannot replace those of the recording: {error}"
        return
    for name, reason in (*_infinite_numbers(rest), *_missing_values(rest)):
        yield f"extensions.{CROP}.values.{name}", reason


def _wrong_streams(streams: Any) -> Iterator[Problem]:
    if not isinstance(streams, tuple | list) or not all(map(_is_stream, streams)):
        yield "streams", "include something that is not a Stream of texts and a Column"
    elif _are_too_many(streams):
        yield (
            "streams",
            f"are more than {_MOST_STREAMS}, or contain more than {_MOST_NUMBERS:,} numbers",
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
        yield "streams", "include two of the same type"
    if lengths and "time" not in lengths:
        yield "streams", "lack the stream time, so the samples have no moments"
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        yield "streams", f"differ in length: {listed}"


def _is_stream(value: object) -> bool:
    """Return whether a value is a stream whose fields have the right types.

    The schema cannot check this: msgspec does not check types when a struct is created, and streams
    are stored separately from the document that is validated.
    """
    if type(value) is not Stream or type(value.values) is not Column:
        return False
    if type(value.type) is not str or not value.type or type(value.custom) is not bool:
        return False
    texts: tuple[Any, ...] = (value.unit, value.name, value.raw_type)
    return all(text is None or type(text) is str for text in texts)
