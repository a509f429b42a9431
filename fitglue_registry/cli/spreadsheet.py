"""Makes text safe for the programs that open a table: spreadsheets and terminals."""

from __future__ import annotations

import re
from typing import Any

from fitglue_registry.cli.text import clean_lines

#: The beginnings of a formula, after OWASP, "CSV Injection". Excel in Japanese and Chinese also
#: reads the wide forms of the four signs. Some programs remove white space before they look.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
_LINE_BREAK = re.compile(r"\r\n?")


def inert(value: Any) -> Any:
    r"""Return a value of a table so that no program that opens the table obeys it.

    A text that a spreadsheet could take for a formula gets an apostrophe in front, which a
    spreadsheet reads as "this is text". The line breaks of a text become line feeds, and control
    characters, which a terminal would obey, are written as ``\x1b``. Every other value, such as a
    negative number, is returned unchanged.
    """
    if not isinstance(value, str):
        return value
    mark = "'" if _FORMULA.match(value) else ""
    # The csv module does not quote a carriage return, so the rest of the text would be a new row.
    return mark + clean_lines(_LINE_BREAK.sub("\n", value))
