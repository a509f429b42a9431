"""Logging to standard error for ``-v``, ``-vv`` and ``--debug``, and the file that keeps what a bug
left behind.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fitglue_registry.redaction.redactor import Redactor


def log_to_stderr(
    redactor: Redactor, verbosity: int, *, everything: bool = False
) -> Callable[[], None]:
    """Let the library speak on standard error, without secrets: once more than warnings, twice
    everything of ours.

    What comes back makes it silent again: this process may be somebody else's.
    """
    from fitglue_registry.redaction.log_filter import RedactingFilter

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    handler.addFilter(RedactingFilter(redactor))
    logger = logging.getLogger() if everything else logging.getLogger("fitglue_registry")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if everything or verbosity > 1 else logging.INFO)

    def silence() -> None:
        logger.removeHandler(handler)
        logger.setLevel(level)

    return silence


def keep_traceback(error: BaseException, redactor: Redactor) -> Path | None:
    """Write the traceback, without secrets, into ``FITGLUE_HOME/logs``; ``None`` where that cannot
    be.
    """
    try:
        folder = _home() / "logs"
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / f"bug-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.txt"
        path.write_text(
            traceback_text(error, redactor), encoding="utf-8", errors="backslashreplace"
        )
    except OSError:
        return None
    return path


def traceback_text(error: BaseException, redactor: Redactor) -> str:
    """The traceback without secrets, also without those that nobody has told us about."""
    return redactor.text("".join(traceback.format_exception(error)))


def _home() -> Path:
    from fitglue_registry.host import Host

    return Host().home
