"""How a file is refused: one error, with a code of its own for each way in which a file is no
workout.
"""

from __future__ import annotations

from fitglue_registry.errors import Place, RecordRefused


def refusal(
    code: str,
    what: str,
    fix: str = "export it again, or remove it from the folder",
) -> RecordRefused:
    """The refusal of one file, to be raised."""
    return RecordRefused(
        code,
        f"the file cannot be used: {what}",
        at=Place(field="file"),
        fix=fix,
    )
