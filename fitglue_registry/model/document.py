"""A source activity as a JSON document: encoding, decoding, and its published schema."""

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
    # JSON Schema calls 3.0 a whole number.
    return msgspec.json.Decoder(
        SourceActivity,
        dec_hook=_decode_hook,
        strict=False,
    )


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
        return {
            "type": "array",
            "items": sample,
            "description": "samples; null is a gap",
        }
    raise NotImplementedError(f"no schema for {kind.__name__}")
