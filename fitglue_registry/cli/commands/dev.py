"""``fitglue dev``: tools for plugin authors."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fitglue_registry.cli.arguments import AnyPath
from fitglue_registry.cli.command import Command, Group, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.failure import show_failure
from fitglue_registry.cli.layout import Heading, Pairs
from fitglue_registry.cli.values import grouped
from fitglue_registry.errors import FitglueError
from fitglue_registry.model import to_builtins
from fitglue_registry.services.stand_ins import stand_in_ids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.model import SourceActivity, Stream


@click.group(
    cls=Group,
    examples=(
        "fitglue dev normalize intervals saved.json",
        "fitglue dev stand-in intervals --count 200",
    ),
)
def command() -> None:
    """Run tools for plugin authors."""


@command.command(
    "normalize",
    examples=(
        "fitglue dev normalize files ride.fit --json",
        "curl … | fitglue dev normalize intervals -",
    ),
)
@click.argument("source")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=AnyPath(),
    metavar="FILE...",
)
@click.option(
    "--streams",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Read the streams of the only activity in FILE from this file.",
)
@json_option("Print JSON Lines: the external id and the complete source activity.")
@pass_cli
def normalize(
    cli: CliContext,
    *,
    source: str,
    files: tuple[str, ...],
    streams: Path | None,
) -> int:
    """Normalize saved payloads, offline.

    SOURCE is the id of a source's entry. FILE contains a response of its service; `-` is standard
    input. The streams for saved.json are read from saved.streams.json in the same folder, if it
    exists.
    """
    if streams and len(files) > 1:
        raise click.UsageError("--streams can be used with only one FILE")
    code = 0
    for file in files:
        # One bad file does not stop the others; the exit code is that of the last error.
        code = _normalize(cli, source, file, streams) or code
    return code


def _normalize(
    cli: CliContext,
    source: str,
    file: str,
    streams: Path | None,
) -> int:
    """Normalize one file, print the result or the error, and return the exit code."""
    try:
        # Payloads are bytes: a FIT file is not text.
        payload = sys.stdin.buffer if file == "-" else file
        results = cli.host.imports.normalize_saved(source, payload, streams)
    except FitglueError as error:
        # A wrong source would fail for every file, so the first error is enough.
        if error.code == "FG-unknown-entry":
            raise
        show_failure(cli, error)
        return error.exit_code
    code = 0
    for external_id, result in results:
        if isinstance(result, FitglueError):
            show_failure(cli, result, external_id)
            code = result.exit_code
        else:
            _show(cli, external_id, result)
    return code


def _show(
    cli: CliContext,
    external_id: str,
    activities: list[SourceActivity],
) -> None:
    for activity in activities:
        if cli.as_json:
            cli.lines([{"external_id": external_id, "activity": to_builtins(activity)}])
        else:
            heading = Heading(external_id, activity.title or "")
            cli.show(heading, Pairs(_lines(activity)))


def _lines(activity: SourceActivity) -> Iterator[tuple[str, str]]:
    yield "start", _start(activity)
    if activity.stub:
        yield "stub", f"{activity.stub.reason} [{activity.stub.code}]"
    raw_sport = activity.sport_raw or "not stated"
    yield "sport", f"{activity.sport or '–'} ({raw_sport})"
    for _, values in grouped(activity):
        for name, label, text in values:
            if name != "sport_raw":
                yield label, text
    yield "laps", str(len(activity.laps))
    yield "streams", ", ".join(map(_stream, activity.streams)) or "none"
    yield "claims", ", ".join(activity.claims) or "none"
    yield "made from", ", ".join(activity.completeness.parts) or "nothing"
    for part, reason in activity.completeness.missing.items():
        yield "missing", f"{part}: {reason}"


def _stream(stream: Stream) -> str:
    return f"{stream.type} ({len(stream.values):,})"


def _start(activity: SourceActivity) -> str:
    if activity.start_local:
        return f"{activity.start_local:%Y-%m-%d %H:%M:%S} "
    return f"{activity.start_utc:%Y-%m-%d %H:%M:%S} UTC"


@command.command("match", examples=("fitglue dev match records.jsonl --out predictions.csv",))
@click.argument(
    "records",
    type=click.Path(path_type=Path),
    metavar="RECORDS.jsonl",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, readable=False),
    metavar="FILE",
    required=True,
    help="Write the pairs to this CSV file.",
)
@pass_cli
def match(
    cli: CliContext,
    *,
    records: Path,
    out: Path,
) -> None:
    """Match labeled records, offline.

    RECORDS.jsonl contains one record per line, of any number of people. The CSV file has a_id,
    b_id, verdict and probability of every pair that is the same workout or that a person would be
    asked about. `sync` uses the same matcher.
    """
    matched = cli.host.imports.match_offline(
        records,
        out,
        on_aside=lambda aside: cli.note(f"{out} was no table of pairs; it is {aside} now"),
    )
    cli.note(
        f"Records: {matched.records:,}. Pairs: {matched.same:,} the same, "
        f"{matched.asked:,} unsure. Written to {out}"
    )


class _StandInCommand(Command):
    """A command whose help names the stand-ins that the installed plugins have."""

    def get_short_help_str(self, limit: int = 45) -> str:  # noqa: ARG002 - of click
        """Return the help for the list of commands; it is not cut, because it names few."""
        names = " or ".join(stand_in_ids())
        if not names:
            return "Run a stand-in for a service, which a plugin brings."
        return f"Run a stand-in for a service: {names}."

    def format_options(
        self,
        ctx: click.Context,  # noqa: ARG002 - of click
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the stand-ins, in place of the options, which each of them has of its own."""
        rows = [(name, f"fitglue dev stand-in {name} --help") for name in stand_in_ids()]
        if rows:
            with formatter.section("Stand-ins, and how to see their options"):
                formatter.write_dl(rows)


@command.command(
    "stand-in",
    cls=_StandInCommand,
    add_help_option=False,
    options_metavar="",
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    examples=(
        "fitglue dev stand-in garmin",
        "fitglue dev stand-in intervals --count 200",
    ),
)
@click.argument(
    "arguments",
    nargs=-1,
    type=click.UNPROCESSED,
    metavar="[INTEGRATION] [OPTIONS]",
)
@click.pass_context
def stand_in(context: click.Context, *, arguments: tuple[str, ...]) -> int:
    """Run a stand-in for the service of INTEGRATION on this machine, until Ctrl-C.

    A stand-in serves the account of a simulated athlete, and prints its address and how to connect
    it. Without INTEGRATION, it is that of Intervals.icu.
    """
    cli = context.ensure_object(CliContext)
    if arguments[:1] in (("--help",), ("-h",)):
        click.echo(context.get_help())
        return 0
    integration = "intervals"
    if arguments and not arguments[0].startswith("-"):
        integration, arguments = arguments[0], arguments[1:]
    return cli.host.plugins.run_stand_in(integration, arguments)
