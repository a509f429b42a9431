"""A filter for log handlers that removes secrets from every log record."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fitglue_registry.redaction.redactor import Redactor


class RedactingFilter(logging.Filter):
    """A filter that rewrites each log record, including the text of its exception.

    Add it to a *handler*: the filters of a logger do not see the records of its children.
    """

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor
        self._formatter = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Remove the secrets from a record and return ``True``, so that every record passes."""
        record.msg = self._redactor.text(_message(record))
        record.args = None
        if record.exc_info:
            record.exc_text = record.exc_text or self._formatter.formatException(record.exc_info)
            # A handler could format the exception again, or follow it to the headers of a request.
            record.exc_info = None
        if record.exc_text:
            record.exc_text = self._redactor.text(record.exc_text)
        return True


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        # The arguments do not match the format string; logging would print both unredacted.
        return f"{record.msg} {record.args}"
