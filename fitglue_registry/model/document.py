"""The JSON document of a source activity: encoding, decoding, and the published schema."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from fitglue_registry.model.activity import MODEL_VERSION, SourceActivity
from fitglue_registry.model.column import Column

SCHEMA_ID = f"https://fitglue-registry.invalid/schemas/source-activity-{MODEL_VERSION}.json"


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
    # Not strict, because JSON Schema accepts 3.0 as an integer.
    return msgspec.json.Decoder(
        SourceActivity,
        dec_hook=_decode_hook,
        strict=False,
    )


def encode(activity: SourceActivity) -> bytes:
    """Return the document of a source activity, without the fields that are absent.

    Raises:
        ValueError: If a text cannot be encoded as UTF-8, because it contains a lone surrogate.
    """
    return _encoder.encode(activity)


def decode(document: bytes | str) -> SourceActivity:
    """Return the source activity that a document describes.

    Raises:
        ValueError: If the document is invalid; a ``msgspec.ValidationError`` names the path.
    """
    return _decoder().decode(document)


def to_builtins(activity: SourceActivity) -> dict[str, Any]:
    """Return the document as plain dicts, lists, texts and numbers.

    This form is validated against the schema and printed by ``--json``.
    """
    built: dict[str, Any] = msgspec.to_builtins(activity, enc_hook=_encode_hook)
    return built


def document_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a source activity.

    It is generated from the types, so it cannot differ from them.
    """
    schema = msgspec.json.schema(SourceActivity, schema_hook=_schema_hook)
    for definition in schema["$defs"].values():
        if "description" in definition:
            # A docstring is wrapped to the width of the code; a description is a single line.
            definition["description"] = " ".join(definition["description"].split())
    root = schema["$defs"]["SourceActivity"]
    # The types cannot express that one of two fields must be present.
    root["anyOf"] = [{"required": ["start_utc"]}, {"required": ["start_local"]}]
    complete = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Source activity",
    } | schema
    # The round trip through JSON turns the tuples of default values into lists.
    return msgspec.json.decode(msgspec.json.encode(complete), type=dict[str, Any])


def _schema_hook(kind: type) -> dict[str, Any]:
    if kind is Column:
        sample = {"type": ["number", "array", "null"], "items": {"type": "number"}}
        return {
            "type": "array",
            "items": sample,
            "description": "Samples; null is a gap.",
        }
    raise NotImplementedError(f"no schema for {kind.__name__}")
