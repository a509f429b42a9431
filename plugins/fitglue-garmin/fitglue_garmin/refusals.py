"""The error about an answer of another shape than expected, which connecting and fetching raise."""

from __future__ import annotations

from fitglue_registry.errors import ConnectionStopped, Place


def unexpected(
    expected: str,
    url: str | None = None,
) -> ConnectionStopped:
    """Return the error about an answer that is something else than expected.

    Args:
        expected: What was expected, as the end of a sentence.
        url: The address that answered, if it is known.
    """
    return ConnectionStopped(
        "FG-unexpected-answer",
        f"Garmin Connect answered with something else than {expected}",
        at=None if url is None else Place(url=url),
        why="its API has changed, or another server answered in its place",
        fix="check the address of the connection; if it is right, upgrade fitglue-garmin",
    )
