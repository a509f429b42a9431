"""A filter for log handlers that takes secrets out of every record."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fitglue_registry.redaction.redactor import Redactor


class RedactingFilter(logging.Filter):
    """Put on a log *handler*: rewrites every record that passes, its exception's text included."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor
        self._formatter = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without secrets."""
        record.msg = self._redactor.text(_message(record))
        record.args = None
        if record.exc_info:
            record.exc_text = record.exc_text or self._formatter.formatException(record.exc_info)
            # Left in place, a handler could print the exception anew, or walk from it to a
            # request's headers.
            record.exc_info = None
        if record.exc_text:
            record.exc_text = self._redactor.text(record.exc_text)
        return True


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        # Arguments that do not fit their text: logging would print both, unredacted.
        return f"{record.msg} {record.args}"
