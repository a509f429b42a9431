"""Screens say of a record that it is what a pipeline has sent."""

from __future__ import annotations

import pytest

from fitglue_registry.cli.sent_by import sent_sentence

SENT = "2026-06-15T12:31:00.000Z"


@pytest.mark.parametrize(
    ("pipeline", "sent_at", "beginning"),
    [
        ("all", SENT, "this record is what the pipeline all sent to icu on 2026-06-15 "),
        (None, SENT, "this record is what a pipeline that was deleted sent to icu on 2026-06-15 "),
        ("all", None, "this record is what the pipeline all is sending to icu"),
    ],
)
def test_the_sentence_names_pipeline_destination_and_date(pipeline, sent_at, beginning):
    """The sentence says which pipeline has sent the record, where and when, as far as is known."""
    assert sent_sentence(pipeline, "icu", sent_at).startswith(beginning)
