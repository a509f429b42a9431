"""The errors of the writers: for what a format cannot hold, and for a library that is missing."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from fitglue_registry.errors import Place, RecordRefused, UserMistake

if TYPE_CHECKING:
    from types import ModuleType


def unwritable(
    code: str,
    file_format: str,
    why: str,
    fix: str,
) -> RecordRefused:
    """Return the error for an activity that cannot be written, for the caller to raise.

    Args:
        code: The ``FG-`` code of the reason.
        file_format: The name of the format, such as ``FIT``.
        why: The reason, as a clause.
        fix: What the athlete can do.
    """
    return RecordRefused(
        code,
        f"the activity cannot be written as {file_format}",
        at=Place(field="activity"),
        why=why,
        fix=fix,
    )


def library(
    module: str,
    file_format: str,
    extra: str,
) -> ModuleType:
    """Return the module of a library that only an extra installs.

    Args:
        module: The name of the module.
        file_format: The format that needs it, for the message.
        extra: The extra of fitglue-formats that installs it.

    Raises:
        UserMistake: FG-extra-missing if it is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise UserMistake(
            "FG-extra-missing",
            f"{file_format} files cannot be written",
            why=f"the library {module} is not installed",
            fix=f"pip install 'fitglue-formats[{extra}]'",
        ) from error
