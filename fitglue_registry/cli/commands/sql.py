"""``fitglue sql``: one statement on the views, read-only, as a table, JSON Lines or CSV."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli.command import Command, json_option
from fitglue_registry.cli.context import CliContext, pass_cli

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from fitglue_registry.store.sql import SqlResult

_NARROWEST = 5
_LONGEST = 40
_SHOWN = 160


@click.command(
    cls=Command,
    examples=(
        'fitglue sql "select sport, count(*) from activities group by sport"',
        "fitglue sql --path",
    ),
)
@click.argument("statement", required=False)
@click.option(
    "--path",
    is_flag=True,
    help="Print where the database is: a file, or its URL without the password.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")
@json_option("Print JSON Lines.")
@pass_cli
def command(cli: CliContext, *, statement: str | None, path: bool, as_csv: bool) -> None:
    """Ask the database STATEMENT, which can only read; `-` takes it from standard input.

    Without a statement: the views and their columns, which stay the same from version to version.
    """
    if path:
        click.echo(cli.host.queries.where())
    elif statement is None:
        _views(cli)
    else:
        _answer(
            cli,
            cli.host.queries.sql(sys.stdin.read() if statement == "-" else statement),
            as_csv=as_csv,
        )


def _views(cli: CliContext) -> None:
    from fitglue_registry.cli.table import pairs

    views = dict(cli.host.queries.views())
    if cli.as_json:
        cli.document(views)
    else:
        cli.show(pairs([(view, ", ".join(columns)) for view, columns in views.items()], indent=0))


def _answer(cli: CliContext, answer: SqlResult, *, as_csv: bool) -> None:
    if cli.as_json:
        cli.lines(dict(zip(answer.columns, map(_plain, row), strict=True)) for row in answer.rows)
    elif as_csv:
        cli.csv(answer.columns, answer.rows)
    elif answer.rows:
        cli.show(*_table(cli, answer))
    else:
        cli.note("no rows")


def _plain(value: Any) -> Any:
    return f"{len(value)} bytes" if isinstance(value, bytes | memoryview) else value


def _table(cli: CliContext, answer: SqlResult) -> Iterator[RenderableType]:
    """Rows under headings; where so many columns do not fit, each row by itself, a value a line."""
    from fitglue_registry.cli import table

    cells = [[_text(value) for value in row] for row in answer.rows]
    figures = [
        name
        for index, name in enumerate(answer.columns)
        if all(isinstance(row[index], int | float) or row[index] is None for row in answer.rows)
    ]
    longest = [
        max(_NARROWEST, len(name), *(min(len(row[index]), _LONGEST) for row in cells))
        for index, name in enumerate(answer.columns)
    ]
    if sum(longest) + 2 * len(longest) <= cli.width + 2:
        yield table.rows(answer.columns, cells, width=cli.width, right=figures)
        return
    for number, row in enumerate(cells, 1):
        yield table.heading(f"row {number}")
        yield table.pairs(
            [(name, _short(text)) for name, text in zip(answer.columns, row, strict=True)]
        )


def _short(text: str) -> str:
    return (
        text
        if len(text) <= _SHOWN
        else f"{text[:_SHOWN]}… ({len(text):,} characters; --json has all)"
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(_plain(value))
