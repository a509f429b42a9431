"""Logging to standard error, without secrets, for warnings, `-v`, `-vv` and `--debug`."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from fitglue_registry.cli.text import clean, clean_lines
from fitglue_registry.redaction.log_filter import RedactingFilter

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_registry.redaction.redactor import Redactor


_SHORT = "%(message)s"
_LONG = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


class _CleanFormatter(logging.Formatter):
    """A formatter whose lines cannot control the terminal, or look like lines of another message.

    Messages quote titles, names of files and responses of servers.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name of logging
        """Return the message as one line."""
        return clean(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        """Return the message, and below it the traceback, with its line breaks."""
        return clean_lines(super().format(record))


def log_to_stderr(
    redactor: Redactor,
    verbosity: int,
    *,
    everything: bool = False,
) -> Callable[[], None]:
    """Log to standard error, without secrets, until the returned function is called.

    Args:
        redactor: Removes secrets from each message.
        verbosity: 0 logs only warnings, 1 also our INFO messages, 2 also our DEBUG messages.
        everything: Whether to log the DEBUG messages of every library.

    Returns:
        The function that stops the logging. Tests run several command lines in one process, so the
        logger must be left as it was.
    """
    handler = logging.StreamHandler(sys.stderr)
    is_quiet = not (verbosity or everything)
    handler.setFormatter(_CleanFormatter(_SHORT if is_quiet else _LONG))
    handler.addFilter(RedactingFilter(redactor))
    # The root logger receives the messages of all libraries, such as the warnings of urllib3.
    # Without a handler of ours, Python would print them with their secrets and control characters.
    root = logging.getLogger()
    root.addHandler(handler)
    logger = root if everything else logging.getLogger("fitglue_registry")
    level_before = logger.level
    if not is_quiet:
        is_detailed = everything or verbosity > 1
        logger.setLevel(logging.DEBUG if is_detailed else logging.INFO)

    def silence() -> None:
        root.removeHandler(handler)
        logger.setLevel(level_before)

    return silence
