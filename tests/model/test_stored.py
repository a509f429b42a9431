"""The values in the databases of users never change."""

from __future__ import annotations

import json

import msgspec

from fitglue_registry.model import stored

WORDS = {
    "ConnectionState": ["ok", "credentials-rejected"],
    "RecordState": ["listed", "unlisted", "stub", "missing", "held", "gone"],
    "PartName": ["summary", "detail", "streams", "file"],
    "PartState": ["wanted", "have", "none", "failed"],
    "Wire": ["identity", "gzip"],
    "Packing": ["verbatim", "zstd", "blob"],
    "Verdict": ["same", "different", "ask"],
    "OpinionSource": ["person", "person, of a copy", "score", "claim", "delivery"],
    "FieldOrigin": [0, -1, -2, -3],
    "QuarantineStage": ["normalize"],
    "RunKind": ["sync", "rebuild", "retry", "pipeline"],
    "RunOutcome": ["complete", "stopped", "failed"],
    "RunDecision": [
        "new",
        "changed",
        "stub",
        "native",
        "back",
        "missing",
        "confirmed",
        "gone",
        "held",
        "superseded",
        "later",
        "not-fetched",
        "quarantined",
        "released",
        "rebuilt",
    ],
}


def test_no_stored_word_changes():
    """A value that was ever stored is neither renamed nor removed."""
    assert {name: list(getattr(stored, name)) for name in WORDS} == WORDS


def test_a_word_is_written_as_it_is():
    """An enum member is written as its plain value in JSON, in messages and in the database."""
    state = stored.RecordState.GONE
    assert json.dumps({state: state}) == '{"gone": "gone"}'
    assert msgspec.json.encode({state: stored.FieldOrigin.ATHLETE}) == b'{"gone":0}'
    assert f"{state}" == "gone"
