"""The error that refuses a file. Each reason for which a file is not a workout has its own code."""

from __future__ import annotations

from fitglue_registry.errors import Place, RecordRefused


def refusal(
    code: str,
    what: str,
    fix: str = "export it again, or remove it from the folder",
) -> RecordRefused:
    """Return the error that refuses one file, for the caller to raise.

    Args:
        code: The ``FG-`` code of the reason.
        what: A clause about the file that completes the message, such as "it is empty".
        fix: What the athlete can do.

    Returns:
        An error whose place is the field ``file``. A sync puts the record into quarantine.
    """
    return RecordRefused(
        code,
        f"the file cannot be used: {what}",
        at=Place(field="file"),
        fix=fix,
    )
