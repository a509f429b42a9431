"""The error that refuses a file. Each reason for which a file is not a workout has its own code."""

from __future__ import annotations

from fitglue_registry.errors import Place, RecordRefused

#: The most characters of a file that a message repeats.
LONGEST_QUOTE = 60


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


def shown(text: str) -> str:
    """Return a text from a file as a message shows it: short, and without characters that a
    terminal interprets.

    Args:
        text: A text of any length.
    """
    return repr(shortened(text, LONGEST_QUOTE))


def shortened(text: str, longest: int) -> str:
    """Return a text, or its beginning with an ellipsis if it is too long.

    Args:
        text: A text of any length.
        longest: The most characters of the result.
    """
    if len(text) <= longest:
        return text
    return text[: longest - 1].rstrip() + "…"
