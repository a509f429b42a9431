"""The parts of a screen as plain values, which ``screen.py`` draws.

A command describes its output with these values, so it need not import rich.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence


#: A JSON object: the plain values that a service returns, and that ``--json`` prints.
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Styled:
    """A text with a rich style, such as ``bold``, ``dim`` or ``green``."""

    text: str
    style: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line made of plain and styled pieces."""

    pieces: tuple[str | Styled, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a section, followed by ``more`` in a fainter style."""

    text: str
    more: str = ""


@dataclass(frozen=True, slots=True)
class Hanging:
    """A mark or a word, followed by a text whose further lines are indented to its first."""

    mark: str | Styled
    text: str
    indent: int = 2


@dataclass(frozen=True, slots=True)
class Labeled:
    """A column of labels, each followed by a text whose further lines are indented to its first."""

    rows: Iterable[tuple[Styled, str | Line]]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Names, each with its values in columns; the last column wraps.

    ``widths`` sets the widths of the first columns. The other columns are as wide as their content.
    """

    rows: Iterable[Sequence[Any]]
    indent: int = 2
    widths: Sequence[int] = ()


def stated(pairs: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Yield those pairs of name and value whose value is not empty."""
    for name, value in pairs:
        if value:
            yield name, value


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: The heading.
        right: Whether values are aligned to the right, as numbers are.
        flexible: Whether values are cut if the table is wider than the screen.
        folded: Whether values wrap to several lines.
    """

    name: str
    right: bool = False
    flexible: bool = False
    folded: bool = False


def columns_of(
    names: Iterable[str],
    *,
    right: Collection[str] = (),
    flexible: str | None = None,
    folded: Collection[str] = (),
) -> list[Column]:
    """Return one column for each name; the other arguments name the columns with a property."""
    columns = []
    for name in names:
        columns.append(Column(name, name in right, name == flexible, name in folded))
    return columns


@dataclass(frozen=True, slots=True)
class Rows:
    """A table with headings, at most ``width`` characters wide (default: the screen's width).

    If it is wider than that, flexible columns are cut. With ``whole``, nothing is cut: each row is
    drawn over several lines instead, the first value above the others, each with its heading.
    """

    columns: Sequence[Column]
    values: Iterable[Sequence[Any]]
    indent: int = 0
    width: int | None = None
    whole: bool = False


#: What ``CliContext.show`` accepts; a plain string is a line, and an empty one a blank line.
Part = str | Styled | Line | Heading | Hanging | Labeled | Pairs | Rows

#: The marks in front of a line, each in its color.
GOOD = Styled("✓", "green")
BAD = Styled("✗", "red")
ATTENTION = Styled("!", "yellow")
DETAIL = Styled("·", "dim")
NEXT_STEP = Styled("→", "dim")
