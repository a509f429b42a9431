"""A source activity as a JSON document: encoding, decoding, its published schema, and the rules
that a schema cannot say.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import msgspec

from fitglue_registry.model.activity import MODEL_VERSION, SourceActivity
from fitglue_registry.model.streams import Column, Stream

SCHEMA_ID = f"https://fitglue-registry.invalid/schemas/source-activity-{MODEL_VERSION}.json"

_MOST_CLAIMS = 100
_LONGEST_CLAIM = 600  # an index holds them; a service, a colon and an external id
_MOST_STREAMS = 200
_MOST_NUMBERS = 50_000_000  # a fortnight of forty channels, sampled once a second


def _encode_hook(value: object) -> object:
    if isinstance(value, Column):
        return value.to_list()
    raise NotImplementedError(f"cannot encode {type(value).__name__}")


def _decode_hook(wanted: type, value: object) -> object:
    if wanted is Column:
        if not isinstance(value, list):
            raise ValueError("the values of a stream are a list")
        return Column.from_list(value)
    raise NotImplementedError(f"cannot decode {wanted.__name__}")


_encoder = msgspec.json.Encoder(enc_hook=_encode_hook)


@cache
def _decoder() -> msgspec.json.Decoder[SourceActivity]:
    # JSON Schema calls 3.0 a whole number.
    return msgspec.json.Decoder(SourceActivity, dec_hook=_decode_hook, strict=False)


def encode(activity: SourceActivity) -> bytes:
    """The document of a source activity, absent fields left out; raises ``ValueError`` for text
    that is not Unicode.
    """
    return _encoder.encode(activity)


def decode(document: bytes | str) -> SourceActivity:
    """The source activity of a document; raises ``ValueError`` (``msgspec.ValidationError``) naming
    the path that is wrong.
    """
    return _decoder().decode(document)


def to_builtins(activity: SourceActivity) -> dict[str, Any]:
    """The document as plain dicts, lists, texts and numbers, for the contract and for
    ``--json``.
    """
    built: dict[str, Any] = msgspec.to_builtins(activity, enc_hook=_encode_hook)
    return built


def document_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a source activity, made from the types, so that it cannot
    drift from them.
    """
    schema = msgspec.json.schema(SourceActivity, schema_hook=_schema_hook)
    for definition in schema["$defs"].values():
        if "description" in definition:
            # A docstring is wrapped for the width of the code; a description is one text.
            definition["description"] = " ".join(definition["description"].split())
    root = schema["$defs"]["SourceActivity"]
    root["anyOf"] = [{"required": ["start_utc"]}, {"required": ["start_local"]}]
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Source activity",
    } | schema
    # Defaults are tuples otherwise.
    return msgspec.json.decode(msgspec.json.encode(whole), type=dict[str, Any])


def _schema_hook(kind: type) -> dict[str, Any]:
    if kind is Column:
        sample = {"type": ["number", "array", "null"], "items": {"type": "number"}}
        return {"type": "array", "items": sample, "description": "samples; null is a gap"}
    raise NotImplementedError(f"no schema for {kind.__name__}")


def problems(activity: SourceActivity) -> list[tuple[str, str]]:
    """What is wrong with a source activity beyond its schema, as (field, reason); an empty list
    where all is well.
    """
    found = [
        (name, "is not a finite number")
        for name, value in _numbers(activity)
        if not math.isfinite(value)
    ]
    if activity.start_utc is None and activity.start_local is None:
        found.append(("start_utc", "neither a start in UTC nor a local one is given"))
    if activity.sport is None and activity.stub is None:
        found.append(("sport", "is missing; use Other and keep the source's word in sport_raw"))
    return found + _claim_problems(activity.claims) + _stream_problems(activity)


def _numbers(activity: SourceActivity) -> list[tuple[str, float]]:
    named = zip(activity.__struct_fields__, msgspec.structs.astuple(activity), strict=True)
    numbers = [(name, value) for name, value in named if type(value) is float]
    metrics = activity.metrics.items() if isinstance(activity.metrics, dict) else ()
    return numbers + [
        (f"metrics.{name}", value) for name, value in metrics if isinstance(value, float)
    ]


def _claim_problems(claims: Any) -> list[tuple[str, str]]:
    """No workout has a hundred identities: who claims more would draw the workouts of others
    together.
    """
    if not isinstance(claims, tuple | list):
        return []  # the schema says so better
    if len(claims) > _MOST_CLAIMS:
        return [("claims", f"are {len(claims):,}, and may be {_MOST_CLAIMS}")]
    longest = max((len(claim) for claim in claims if isinstance(claim, str)), default=0)
    return (
        [("claims", f"hold one of {longest:,} characters, and may have {_LONGEST_CLAIM}")]
        if longest > _LONGEST_CLAIM
        else []
    )


def _stream_problems(activity: SourceActivity) -> list[tuple[str, str]]:
    if not isinstance(activity.streams, tuple | list) or not all(map(_is_stream, activity.streams)):
        return [("streams", "holds something that is no Stream of texts and a Column")]
    lengths = {stream.type: len(stream.values) for stream in activity.streams}
    if (
        sum(len(stream.values.doubles) for stream in activity.streams) > _MOST_NUMBERS
        or len(activity.streams) > _MOST_STREAMS
    ):
        return [
            (
                "streams",
                f"hold more than {_MOST_NUMBERS:,} numbers, or are more than {_MOST_STREAMS}",
            )
        ]
    found = []
    if len(lengths) != len(activity.streams):
        found.append(("streams", "two streams have the same type"))
    if lengths and "time" not in lengths:
        found.append(("streams", "there is no time stream, so no sample has a moment"))
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        found.append(("streams", f"streams differ in length: {listed}"))
    return found


def _is_stream(value: object) -> bool:
    """Types are not looked at when a struct is made, and streams are encoded apart from the
    document that the schema sees.
    """
    if (
        type(value) is not Stream
        or type(value.values) is not Column
        or type(value.type) is not str
        or not value.type
    ):
        return False
    return type(value.custom) is bool and all(
        text is None or type(text) is str for text in (value.unit, value.name, value.raw_type)
    )
