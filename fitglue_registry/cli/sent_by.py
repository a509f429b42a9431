"""Says of a record that it is what a pipeline has sent."""

from __future__ import annotations

from fitglue_registry.cli import numbers
from fitglue_registry.cli.text import clean


def sent_sentence(
    pipeline: str | None,
    destination: str,
    sent_at: str | None,
) -> str:
    """Return the sentence for a record that a pipeline has sent, and that a source lists now.

    Args:
        pipeline: The name of the pipeline; ``None`` if it was deleted.
        destination: The name of its destination.
        sent_at: When it arrived; ``None`` if that is not known yet.
    """
    by = "a pipeline that was deleted" if pipeline is None else f"the pipeline {clean(pipeline)}"
    to = clean(destination)
    if sent_at is None:
        return f"this record is what {by} is sending to {to}"
    return f"this record is what {by} sent to {to} on {numbers.moment(sent_at)}"
