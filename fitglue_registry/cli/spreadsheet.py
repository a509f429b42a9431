"""Makes text safe for the programs that open a table: spreadsheets and terminals."""

from __future__ import annotations

import re
from typing import Any

from fitglue_registry.cli.text import clean_lines

#: A sign with which a formula begins, after OWASP, "CSV Injection". Excel in Japanese and Chinese
#: also reads the wide forms of the four signs. A sign before a parenthesis that closes is a smiley.
_SIGN = r"[=+\-@＝＋－＠](?!\))"
#: Some programs remove white space before they look.
_FORMULA = re.compile(rf"\s*{_SIGN}|[\t\r\n]")
#: What can separate cells, with the quotes and white space around it, before a sign. The beginning
#: of the run is looked for, so that a long run is tried once.
_RUN = r"[;|\s\"']"
_INSIDE = re.compile(rf"(?<!{_RUN}){_RUN}++(?={_SIGN})")
_SEPARATORS = frozenset(";|\t\n")
_LINE_BREAK = re.compile(r"\r\n?")


def inert(value: Any) -> Any:
    r"""Return a value of a table so that no program that opens the table obeys it.

    A text that a spreadsheet could take for a formula gets an apostrophe in front, which a
    spreadsheet reads as "this is text". The same is done inside of a text, after a semicolon, a
    vertical bar, a tab or a line break: a spreadsheet whose separator is another one than the
    comma, as it is in many countries, divides the text there, whatever quotes surround it. The line
    breaks of a text become line feeds, and control characters, which a terminal would obey, are
    written as ``\x1b``. Every other value, such as a negative number, is returned unchanged.
    """
    if not isinstance(value, str):
        return value
    mark = "'" if _FORMULA.match(value) else ""
    # The csv module does not quote a carriage return, so the rest of the text would be a new row.
    text = _LINE_BREAK.sub("\n", value)
    return mark + clean_lines(_INSIDE.sub(_marked, text))


def _marked(run: re.Match[str]) -> str:
    """Return a run with an apostrophe after it, if it can separate two cells."""
    return f"{run[0]}'" if _SEPARATORS.intersection(run[0]) else run[0]
