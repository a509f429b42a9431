"""``fitglue doctor``: checks everything that must work, and explains what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from fitglue_registry.cli.command import Command, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.layout import ATTENTION, BAD, GOOD, Pairs
from fitglue_registry.cli.progress import Progress
from fitglue_registry.cli.text import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.cli.layout import Document, Part
    from fitglue_registry.errors import FitglueError
    from fitglue_registry.services.check_result import Check

_BROKEN = 8
_MARKS = {
    "ok": GOOD,
    "look": ATTENTION,
    "broken": BAD,
}


@click.command(
    cls=Command,
    examples=("fitglue doctor", "fitglue doctor --offline --json", "fitglue doctor --deep"),
)
@click.option("--offline", is_flag=True, help="Do not contact any service.")
@click.option(
    "--deep",
    is_flag=False,
    flag_value="sample",
    type=click.Choice(["sample", "all"]),
    metavar="[=all]",
    help="Check the stored data as well; =all reads every stored response, not only a sample.",
)
@click.option(
    "--repair",
    is_flag=True,
    help="Mark damaged data, so that the next sync fetches it again; then check.",
)
@json_option()
@pass_cli
def command(
    cli: CliContext,
    *,
    offline: bool,
    deep: Literal["sample", "all"] | None,
    repair: bool,
) -> int:
    """Check Python, folders, database, keys, plugins, registry, and the service of each connection.

    The exit code is 0 if nothing is broken. Warnings, marked with !, do not change it.
    """
    with Progress(cli, "checking") as progress:
        cli.host.on_wait = progress.waiting
        # `None` is different from 0: the note about the next step depends on whether --repair was
        # given.
        fetched_again = None
        if repair:
            fetched_again = cli.host.upkeep.repair()
        checks = list(cli.host.upkeep.checks(offline=offline, deep=deep))
    code = _exit_code(checks)
    if cli.as_json:
        cli.document(_document(checks, fetched_again))
    else:
        cli.show(*_report(checks))
        _note_next_step(cli, fetched_again, is_complete=bool(code or deep))
    return code


def _exit_code(checks: list[Check]) -> int:
    """Return the code of the first broken check, or 0 if none is broken."""
    code = 0
    for check in checks:
        if check.state != "broken":
            continue
        if check.error:
            return check.error.exit_code
        code = _BROKEN
    return code


def _document(checks: list[Check], fetched_again: int | None) -> Document:
    document: Document = {"ok": not _number_of_broken(checks)}
    if fetched_again is not None:
        document["fetched_again"] = fetched_again
    document["checks"] = list(map(_check_document, checks))
    return document


def _check_document(check: Check) -> Document:
    document: Document = {
        "name": check.name,
        "state": check.state,
        "detail": check.detail,
    }
    if check.error:
        document["error"] = check.error.as_dict()
    return document


def _report(checks: list[Check]) -> Iterator[Part]:
    # Each check is drawn on its own, so the width of the first column is computed for all of them.
    widest = max(len(check.name) for check in checks)
    for check in checks:
        line = (_MARKS[check.state], check.name, check.detail)
        yield Pairs([line], indent=0, widths=(1, widest))
        if check.error:
            yield Pairs(_explained(check, check.error), indent=widest + 5)
    broken = _number_of_broken(checks)
    yield ""
    yield f"{broken} broken" if broken else "Nothing is broken."


def _number_of_broken(checks: list[Check]) -> int:
    return sum(check.state == "broken" for check in checks)


def _explained(check: Check, error: FitglueError) -> Iterator[tuple[str, str]]:
    """Yield the parts of an error that the line of its check does not contain."""
    # Most checks already show the message as their detail.
    if error.what not in check.detail:
        yield "what", error.what
    yield "code", error.code
    if error.at and str(error.at):
        yield "where", str(error.at)
    if error.why:
        yield "why", error.why
    if error.fix:
        yield "fix", error.fix


def _note_next_step(
    cli: CliContext,
    fetched_again: int | None,
    *,
    is_complete: bool,
) -> None:
    if fetched_again:
        downloads = count(fetched_again, "download")
        cli.note(f"The next sync will repeat {downloads}: fitglue sync")
    elif fetched_again is not None:
        cli.note("Nothing needs to be fetched again.")
    elif not is_complete:
        cli.note("The stored data was not checked. To check it: fitglue doctor --deep")
