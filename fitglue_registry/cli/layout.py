"""The parts of a screen as plain values; ``screen.py`` draws them.

A command says what it shows with these values, so it does not import the library that draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence


#: An object of JSON: what a service returns as plain values, and what ``--json`` prints.
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Styled:
    """A text in a style of rich, such as ``bold``, ``dim`` or ``green``."""

    text: str
    style: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is put together from plain and styled pieces."""

    pieces: tuple[str | Styled, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a part of a screen, with ``more`` beside it in a fainter style."""

    text: str
    more: str = ""


@dataclass(frozen=True, slots=True)
class Hanging:
    """A mark or a word with a text beside it that wraps under itself."""

    mark: str | Styled
    text: str
    indent: int = 2


@dataclass(frozen=True, slots=True)
class Labelled:
    """Labels, one below the other, each with a text beside it that wraps under itself."""

    rows: Iterable[tuple[Styled, str | Line]]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Names with their values beside them; the last column wraps.

    ``widths`` gives the first columns a width each. The others are as wide as what they contain.
    """

    rows: Iterable[Sequence[Any]]
    indent: int = 2
    widths: Sequence[int] = ()


def stated(pairs: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Yield the pairs of name and value that have a value."""
    for name, value in pairs:
        if value:
            yield name, value


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its heading, and what happens to values that are too wide.

    A ``flexible`` column is cut where the table does not fit, a ``folded`` one wraps. ``right``
    aligns figures.
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
    """Return the columns of these names; the other arguments name those that are different."""
    columns = []
    for name in names:
        columns.append(Column(name, name in right, name == flexible, name in folded))
    return columns


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows under headings, at most ``width`` columns wide, or as wide as the screen."""

    columns: Sequence[Column]
    values: Iterable[Sequence[Any]]
    indent: int = 0
    width: int | None = None


#: What ``CliContext.show`` accepts; a plain string is a line, and an empty one a blank line.
Part = str | Styled | Line | Heading | Hanging | Labelled | Pairs | Rows

#: Marks in front of a line, each in its colour.
GOOD = Styled("✓", "green")
BAD = Styled("✗", "red")
ATTENTION = Styled("!", "yellow")
DETAIL = Styled("·", "dim")
NEXT_STEP = Styled("→", "dim")
