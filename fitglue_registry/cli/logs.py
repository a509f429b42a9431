"""Logging to standard error, without secrets, for ``-v``, ``-vv`` and ``--debug``."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from fitglue_registry.redaction.log_filter import RedactingFilter

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_registry.redaction.redactor import Redactor


def log_to_stderr(
    redactor: Redactor,
    verbosity: int,
    *,
    everything: bool = False,
) -> Callable[[], None]:
    """Log to standard error, without secrets, until the returned function is called.

    Args:
        redactor: Removes secrets from each message.
        verbosity: 1 logs our INFO messages and above, 2 also our DEBUG messages.
        everything: Whether to log the DEBUG messages of every library.

    Returns:
        The function that stops the logging. Tests run several command lines in one process, so the
        logger must be left as it was.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    handler.addFilter(RedactingFilter(redactor))
    # The root logger receives the messages of all libraries, such as the requests of urllib3.
    logger = logging.getLogger(None if everything else "fitglue_registry")
    level_before = logger.level
    is_detailed = everything or verbosity > 1
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if is_detailed else logging.INFO)

    def silence() -> None:
        logger.removeHandler(handler)
        logger.setLevel(level_before)

    return silence
