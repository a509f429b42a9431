"""``fitglue sql``: runs one read-only statement, and prints a table, JSON Lines or CSV."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli.command import Command, json_option, raw_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.layout import Column, Heading, Pairs, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.cli.layout import Part
    from fitglue_registry.services.queries import SqlResult

#: A table has at most this many rows. Nobody reads more, and drawing them takes long.
_MOST_ROWS = 10_000
#: The number of characters that are read from standard input.
_LONGEST_STATEMENT = 200_000
#: A column of a table has at least this width.
_NARROWEST = 5
#: A value of up to this length must fit into the table, or each row is printed as a list.
_LONGEST = 40
#: In a list, a value is cut to this length.
_SHOWN = 160


@click.command(
    cls=Command,
    examples=(
        'fitglue sql "select sport, count(*) from activities group by sport"',
        "fitglue sql --path",
    ),
    may_be_long=("statement",),
)
@click.argument("statement", required=False)
@click.option(
    "--path",
    is_flag=True,
    help="Print where the database is: a file, or its URL without the password.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")
@raw_option
@json_option("Print JSON Lines.")
@pass_cli
def command(
    cli: CliContext,
    *,
    statement: str | None,
    path: bool,
    as_csv: bool,
    raw: bool,
) -> None:
    """Run the SQL statement STATEMENT, which can only read; `-` reads it from standard input.

    Without a statement, list the views and their columns, which stay the same between versions. A
    statement may run for one minute, and its result may have one million rows of together 150 MB.
    """
    if raw and not as_csv:
        raise click.UsageError("--raw can be used only with --csv")
    if path:
        click.echo(cli.host.queries.where())
    elif statement is None:
        _show_views(cli)
    else:
        if statement == "-":
            # A statement with quotes of both kinds is hard to write for a shell.
            statement = sys.stdin.read(_LONGEST_STATEMENT + 1)
            if len(statement) > _LONGEST_STATEMENT:
                raise click.UsageError(
                    f"the statement has more than {_LONGEST_STATEMENT:,} characters"
                )
        _print_answer(cli, cli.host.queries.sql(statement), as_csv=as_csv, raw=raw)


def _show_views(cli: CliContext) -> None:
    views = dict(cli.host.queries.views())
    if cli.as_json:
        cli.document(views)
    else:
        rows = [(view, ", ".join(columns)) for view, columns in views.items()]
        cli.show(Pairs(rows, indent=0))


def _print_answer(
    cli: CliContext,
    answer: SqlResult,
    *,
    as_csv: bool,
    raw: bool,
) -> None:
    if cli.as_json:
        for row in answer.rows:
            values = map(_plain, row)
            cli.lines([dict(zip(answer.columns, values, strict=True))])
    elif as_csv:
        cli.csv(answer.columns, answer.rows, raw=raw)
    elif answer.rows:
        shown = answer.rows[:_MOST_ROWS]
        cli.show(*_table(answer.columns, shown, cli.width))
        if len(shown) < len(answer.rows):
            cli.note(
                f"These are the first {len(shown):,} of {len(answer.rows):,} rows. To see all, add "
                "--csv or --json."
            )
    else:
        cli.note("no rows")


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        # Streams and raw parts are stored as compressed bytes, which nobody can read.
        return f"{len(value)} bytes"
    return value


def _table(
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    width: int,
) -> Iterator[Part]:
    """Return a table, or if it does not fit, each row as a list of names and values."""
    cells = [list(map(_text, row)) for row in rows]
    if _needed_width(names, cells) <= width:
        columns = []
        for index, name in enumerate(names):
            columns.append(Column(name, right=_is_of_figures(rows, index)))
        yield Rows(columns, cells)
        return
    for number, row in enumerate(cells, 1):
        yield Heading(f"row {number}")
        yield Pairs(zip(names, map(_short, row), strict=True))


def _is_of_figures(rows: Sequence[Sequence[Any]], index: int) -> bool:
    values = (row[index] for row in rows)
    return all(value is None or isinstance(value, int | float) for value in values)


def _needed_width(columns: Sequence[str], cells: list[list[str]]) -> int:
    """Return the width of a table in which only very long values are cut."""
    width = -2
    for index, name in enumerate(columns):
        longest = max(len(row[index]) for row in cells)
        width += 2 + max(_NARROWEST, len(name), min(longest, _LONGEST))
    return width


def _short(text: str) -> str:
    if len(text) <= _SHOWN:
        return text
    return f"{text[:_SHOWN]}… ({len(text):,} characters; --json has all)"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(_plain(value))
