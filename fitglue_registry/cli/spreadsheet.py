"""Makes text safe to open in a spreadsheet, which would run some of it as a formula."""

from __future__ import annotations

import re
from typing import Any

#: The beginnings of a formula, after OWASP, "CSV Injection". Excel in Japanese and Chinese also
#: reads the wide forms of the four signs. Some programs remove white space before they look.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
_LINE_BREAK = re.compile(r"\r\n?")


def inert(value: Any) -> Any:
    """Return a value of a table so that no spreadsheet runs it.

    A text that a spreadsheet could take for a formula gets an apostrophe in front, which a
    spreadsheet reads as "this is text". The line breaks of a text become line feeds. Every other
    value, such as a negative number, is returned unchanged.
    """
    if not isinstance(value, str):
        return value
    mark = "'" if _FORMULA.match(value) else ""
    # The csv module does not quote a carriage return, so the rest of the text would be a new row.
    return mark + _LINE_BREAK.sub("\n", value)
