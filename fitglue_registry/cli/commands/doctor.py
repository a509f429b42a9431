"""``fitglue doctor``: looks at everything that has to work, and says what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from fitglue_registry.cli.command import Command, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.text import count

if TYPE_CHECKING:
    from fitglue_registry.services.checking import Check


@click.command(
    cls=Command,
    examples=("fitglue doctor", "fitglue doctor --offline --json", "fitglue doctor --deep"),
)
@click.option("--offline", is_flag=True, help="Do not ask any service.")
@click.option(
    "--deep",
    is_flag=False,
    flag_value="sample",
    type=click.Choice(["sample", "all"]),
    metavar="[=all]",
    help="Look through the store, too; =all reads every answer again, not a sample.",
)
@click.option(
    "--mend", is_flag=True, help="Before that, have what is damaged fetched again by the next sync."
)
@json_option()
@pass_cli
def command(
    cli: CliContext, *, offline: bool, deep: Literal["sample", "all"] | None, mend: bool
) -> int:
    """Check Python, folders, database, keys, plugins, registry, and ask each connection's service.

    Ends with 0 only where nothing is broken; what is merely worth a look does not count.
    """
    from fitglue_registry.cli.progress import Progress

    with Progress(cli, "looking") as progress:
        cli.host.on_wait = progress.waiting
        again = cli.host.upkeep.mend() if mend else 0
        found = list(cli.host.upkeep.checks(offline=offline, deep=deep))
    broken = [check for check in found if check.state == "broken"]
    if cli.as_json:
        cli.document(
            {
                "ok": not broken,
                **({"fetched_again": again} if mend else {}),
                "checks": [_document(check) for check in found],
            }
        )
    else:
        _show(cli, found)
        if mend:
            cli.note(
                f"{count(again, 'answer')} will be fetched again by the next sync: fitglue sync"
                if again
                else "Nothing had to be fetched again."
            )
        elif not (broken or deep):
            cli.note("What lies in the store was not read: fitglue doctor --deep")
    return next((check.error.exit_code for check in broken if check.error), 8 if broken else 0)


def _document(check: Check) -> dict[str, object]:
    plain = {"name": check.name, "state": check.state, "detail": check.detail}
    return plain | ({"error": check.error.as_dict()} if check.error else {})


def _show(cli: CliContext, found: list[Check]) -> None:
    from rich.text import Text

    from fitglue_registry.cli import table

    marks = {
        "ok": Text("✓", style="green"),
        "look": Text("!", style="yellow"),
        "broken": Text("✗", style="red"),
    }
    widest = max(len(check.name) for check in found)
    for check in found:
        cli.show(
            table.pairs(
                [(marks[check.state], check.name, check.detail)], indent=0, widths=(1, widest)
            )
        )
        if check.error:
            where = str(check.error.at) if check.error.at else None
            what = check.error.what if check.error.what not in check.detail else None
            lines = [
                ("what", what),
                ("code", check.error.code),
                ("where", where),
                ("why", check.error.why),
                ("fix", check.error.fix),
            ]
            cli.show(
                table.pairs([(name, value) for name, value in lines if value], indent=widest + 5)
            )
    number = sum(check.state == "broken" for check in found)
    cli.show("", f"{number} broken" if number else "Nothing is broken.")
