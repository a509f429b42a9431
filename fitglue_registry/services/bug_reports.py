"""Writes the traceback of an unexpected exception to a file, for a bug report."""

from __future__ import annotations

import os
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fitglue_registry.private_files import make_own_folder, write_private
from fitglue_registry.redaction.control_characters import escape_control_characters
from fitglue_registry.workspace import home_folder

if TYPE_CHECKING:
    from pathlib import Path

    from fitglue_registry.redaction.redactor import Redactor


def keep_traceback(error: BaseException, redactor: Redactor) -> Path | None:
    """Write a traceback, without secrets, into ``FITGLUE_HOME/logs``.

    It takes no workspace, because opening one may be what failed.

    Args:
        error: The exception, with its traceback.
        redactor: Removes the secrets.

    Returns:
        The file, or ``None`` if it cannot be written.
    """
    # Two processes may fail in the same second.
    name = f"bug-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.txt"
    text = traceback_text(error, redactor)
    try:
        folder = home_folder() / "logs"
        # A traceback can contain titles and places: only the owner may read the folder, and nothing
        # is written behind a link that somebody else may have put there.
        if not make_own_folder(folder):
            return None
        path = folder / name
        # An exception may quote a file name with bytes that are not UTF-8.
        write_private(path, text.encode("utf-8", "backslashreplace"))
    except OSError:
        return None
    return path


def traceback_text(error: BaseException, redactor: Redactor) -> str:
    """Return the traceback without secrets, and without characters that control a terminal.

    The redactor also removes what only looks like a secret.
    """
    text = redactor.text("".join(traceback.format_exception(error)))
    return escape_control_characters(text)
