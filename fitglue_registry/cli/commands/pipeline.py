"""``fitglue pipeline``: makes, shows, runs and deletes the pipelines that send workouts on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli import numbers
from fitglue_registry.cli.arguments import AnyPath
from fitglue_registry.cli.command import COUNT, Group, days_options, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.failure import at_line
from fitglue_registry.cli.layout import GOOD, NEXT_STEP, Hanging, Rows, columns_of
from fitglue_registry.cli.pipeline_drawing import counted, drawing, remarks, states
from fitglue_registry.cli.pipeline_history import preview_history, send_history
from fitglue_registry.cli.pipeline_new import Given, make
from fitglue_registry.cli.pipeline_replay import preview_replay, replay
from fitglue_registry.cli.pipeline_runs import run_and_show
from fitglue_registry.errors import UserMistake
from fitglue_registry.services.pipelines.files import read_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from fitglue_registry.services.pipelines.pipelines import Applied, PipelineView

_COLUMNS = columns_of(("pipeline", "state", "from", "to", "sent"), folded=("from", "to", "sent"))
_RUN_COLUMNS = columns_of(("began", "version", "what it did"), folded=("what it did",))


@click.group(
    cls=Group,
    invoke_without_command=True,
    examples=("fitglue pipeline new", "fitglue pipeline", "fitglue pipeline run everything"),
)
@json_option("Print JSON Lines.")
@click.pass_context
def command(context: click.Context) -> None:
    """Send workouts on, each of them once: sources → filter → boosters → destinations.

    A new pipeline begins with the next workout. What you have already is sent only if you ask for
    it, with `fitglue pipeline run NAME --since DATE`.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command("list", examples=("fitglue pipeline list --json",))
@json_option("Print JSON Lines.")
@pass_cli
def list_(cli: CliContext) -> None:
    """List the pipelines, with what they have sent."""
    pipelines = cli.host.pipelines.list()
    if cli.as_json:
        cli.lines(pipeline.as_dict() for pipeline in pipelines)
    elif pipelines:
        cli.show(Rows(_COLUMNS, map(_row, pipelines)))
        for pipeline in pipelines:
            if pipeline.damage is not None:
                cli.note(f"{pipeline.damage.what}: {pipeline.damage.fix}")
        cli.note("For details: fitglue pipeline show NAME")
    else:
        cli.note("There is no pipeline yet. Next: fitglue pipeline new")


def _row(view: PipelineView) -> tuple[str, ...]:
    totals: dict[str, int] = {}
    for counts in view.deliveries.values():
        for state, number in counts.items():
            totals[state] = totals.get(state, 0) + number
    sent = states(totals) or "nothing yet"
    if view.pipeline is None:
        return view.name, "damaged", "", "", sent
    return (
        view.name,
        view.state,
        ", ".join(view.pipeline.sources or ("all connections",)),
        ", ".join(step.name for step in view.pipeline.destinations),
        sent,
    )


@command.command(
    "show",
    short_help="Draw a pipeline, with what it has done.",
    examples=("fitglue pipeline show everything", "fitglue pipeline show everything --yaml"),
)
@click.argument("name")
@click.option("--yaml", "as_yaml", is_flag=True, help="Print the document that `apply` reads.")
@json_option()
@pass_cli
def show(
    cli: CliContext,
    *,
    name: str,
    as_yaml: bool,
) -> None:
    """Draw the pipeline NAME, with what each destination got, and the last run."""
    view = cli.host.pipelines.get(name)
    if as_yaml:
        click.echo(view.yaml, nl=False)
        return
    runs = cli.host.pipelines.runs(name, limit=1)
    last_run = runs[0] if runs else None
    document = view.as_dict()
    if cli.as_json:
        cli.document({**document, "last_run": last_run})
        return
    more = f"{view.state}, version {view.version}"
    cli.show(*drawing(document, view.filter_text, more), "", *remarks(document, last_run))


@command.command(
    "check",
    short_help="Check a file without storing anything.",
    examples=("fitglue pipeline check everything.yaml",),
)
@click.argument("file", type=AnyPath())
@json_option("Print the errors as JSON Lines.")
@pass_cli
def check(cli: CliContext, *, file: str) -> int:
    """Check the pipeline in FILE, and print each mistake with its line and column.

    FILE is YAML or JSON; docs/pipelines-reference.md explains each key. `-` is standard input.
    """
    content = _read(file)
    pipeline, errors = cli.host.pipelines.check(content, file=file)
    if cli.as_json:
        cli.lines(error.as_dict() for error in errors)
    elif pipeline is not None:
        to = ", ".join(step.name for step in pipeline.destinations)
        cli.show(Hanging(GOOD, f"{file}: the pipeline {pipeline.name} to {to}", indent=0))
    else:
        _show_errors(cli, content, errors)
    return UserMistake.exit_code if errors else 0


def _show_errors(
    cli: CliContext,
    content: bytes,
    errors: Any,
) -> None:
    for error in errors:
        cli.show(*at_line(error))
        if error.code == "FG-pipeline-cycle":
            cycle = cli.host.pipelines.drawn_cycle(content) or ""
            cli.show("", *(f"      {line}" for line in cycle.splitlines()))


def _read(file: str) -> bytes:
    return read_document(None if file == "-" else Path(file))


@command.command(
    "apply",
    short_help="Store the pipeline in a file.",
    examples=("fitglue pipeline apply everything.yaml",),
)
@click.argument("file", type=AnyPath())
@json_option()
@pass_cli
def apply(cli: CliContext, *, file: str) -> int:
    """Store the pipeline in FILE: a new one, or the next version of the one with its name.

    Nothing is stored if FILE has a mistake. `-` is standard input.
    """
    content = _read(file)
    _, errors = cli.host.pipelines.check(content, file=file)
    if errors and not cli.as_json:
        _show_errors(cli, content, errors)
        cli.note("Nothing was stored.")
        return UserMistake.exit_code
    applied = cli.host.pipelines.apply(content, file=file)
    show_applied(cli, applied)
    return 0


def show_applied(cli: CliContext, applied: Applied) -> None:
    """Print what became of a document."""
    if cli.as_json:
        cli.document(
            {
                "name": applied.name,
                "version": applied.version,
                "is_new": applied.is_new,
                "has_changed": applied.has_changed,
            }
        )
        return
    if not applied.has_changed:
        cli.show(Hanging(GOOD, f"{applied.name}: nothing has changed", indent=0))
        return
    cli.show(Hanging(GOOD, f"{applied.name}: stored as version {applied.version}", indent=0))
    if applied.is_new:
        cli.show(*_beginning(applied.name))


def _beginning(name: str) -> Iterator[Hanging]:
    """Yield what a new pipeline does not send, and how to send it."""
    history = f"fitglue pipeline run {name} --since 30d"
    steps = (
        "it begins with the next workout; each `fitglue sync` sends what is due",
        f"what you have already is not sent; to see what would be: {history} --dry-run",
        f"and to send it: {history}",
    )
    for step in steps:
        yield Hanging(
            NEXT_STEP,
            step,
            indent=4,
        )


@command.command(
    "new",
    short_help="Make a pipeline, step by step.",
    examples=(
        "fitglue pipeline new",
        "fitglue pipeline new --name disk --to folder --set path=~/Workouts --no-input",
        "fitglue pipeline new --to intervals --sport cycling --booster training-load",
    ),
)
@click.option("--name", help="Name of the pipeline: lower-case letters, digits and hyphens.")
@click.option(
    "--to",
    "destinations",
    multiple=True,
    metavar="DESTINATION",
    help="Send to this destination; may be repeated.",
)
@click.option(
    "--connection",
    "connections",
    multiple=True,
    metavar="NAME",
    help="Use this account for a destination; may be repeated.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    type=AnyPath(),
    metavar="NAME=VALUE",
    help="Set a setting of a destination, such as path=~/Workouts; may be repeated.",
)
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="NAME",
    help="Only what this connection brings; may be repeated.",
)
@click.option(
    "--sport",
    "sports",
    multiple=True,
    metavar="SPORT",
    help="Only this sport, or family of sports; may be repeated.",
)
@click.option(
    "--filter-file",
    type=AnyPath(),
    metavar="FILE",
    help="Read the filter from a file with conditions in YAML.",
)
@click.option(
    "--booster",
    "boosters",
    multiple=True,
    metavar="BOOSTER",
    help="Use this booster; may be repeated.",
)
@click.option("--wait", metavar="TIME", help="How long a workout waits for its copies, as 20m.")
@click.option("--no-input", is_flag=True, help="Ask nothing; what is not given has its default.")
@json_option()
@pass_cli
def new(cli: CliContext, /, *, no_input: bool, **given: Any) -> int:
    """Make a pipeline: you are asked for each step that no option gives.

    Nothing is stored before you have seen the result. Other settings, such as privacy zones, are in
    the document: `fitglue pipeline show NAME --yaml > FILE`, change it, `fitglue pipeline apply
    FILE`.
    """
    # Without a terminal nobody can answer, and a script has given its options on purpose.
    asks = sys.stdin.isatty() and not no_input and not cli.as_json
    applied = make(cli, Given(**given), asks=asks)
    if applied is None:
        cli.note("Nothing was stored.")
        return UserMistake.exit_code
    show_applied(cli, applied)
    return 0


@command.command(
    "run",
    short_help="Send what is due, or workouts of the past.",
    examples=(
        "fitglue pipeline run",
        "fitglue pipeline run everything --since 2026-01-01 --dry-run",
        "fitglue pipeline run everything --activity 12 --again",
    ),
)
@click.argument("name", required=False)
@days_options
@click.option("--activity", metavar="REF", help="Take only this workout through the pipeline.")
@click.option("--again", is_flag=True, help="Send the workout even if nothing has changed.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and why; send nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before workouts of the past are sent.")
@json_option("Print the events as JSON Lines.")
@pass_cli
def run(
    cli: CliContext,
    /,
    *,
    name: str | None,
    since: date | None,
    until: date | None,
    activity: str | None,
    **flags: bool,
) -> int:
    """Send what is due in the pipeline NAME, or in all of them.

    With --since or --until, the workouts of these days are offered to the pipeline as well, and
    with --activity one workout. REF is its number or another reference, as for `fitglue show`. What
    is there already is not sent again.

    A workout that a destination refuses is no failure of the command. If a destination cannot be
    reached, the exit code is 4, and the workouts wait.
    """
    has_days = bool(since or until)
    _check_run(name, activity, has_days, flags)
    if name is None:
        return run_and_show(cli)
    if activity is not None:
        take = preview_replay if flags["dry_run"] else replay
        return take(cli, name, activity, again=flags["again"])
    if flags["dry_run"]:
        return preview_history(cli, name, since, until)
    if has_days:
        return send_history(cli, name, (since, until), yes=flags["yes"])
    return run_and_show(cli, name)


def _check_run(
    name: str | None,
    activity: str | None,
    has_days: bool,
    flags: Mapping[str, bool],
) -> None:
    """Refuse options of `run` that mean nothing together."""
    if name is None and (activity or has_days or any(flags.values())):
        raise click.UsageError("name the pipeline")
    if activity and has_days:
        raise click.UsageError("--activity cannot be combined with --since or --until")
    if flags["again"] and not activity:
        raise click.UsageError("--again needs --activity")
    if flags["dry_run"] and not (activity or has_days):
        raise click.UsageError("--dry-run needs --since, --until or --activity")


@command.command(
    "runs",
    short_help="List what the runs of a pipeline did.",
    examples=("fitglue pipeline runs everything",),
)
@click.argument("name")
@click.option("--limit", type=COUNT, default=20, help="How many to list (default: 20).")
@json_option("Print JSON Lines.")
@pass_cli
def runs(
    cli: CliContext,
    *,
    name: str,
    limit: int,
) -> None:
    """List the runs of the pipeline NAME that did anything, newest first."""
    found = cli.host.pipelines.runs(name, limit=limit)
    if cli.as_json:
        cli.lines(found)
    elif found:
        cli.show(Rows(_RUN_COLUMNS, map(_run_row, found)))
    else:
        cli.note(f"No run of {name} has done anything yet.")


def _run_row(row: dict[str, Any]) -> tuple[str, ...]:
    version = (row["options"] or {}).get("version", "")
    return numbers.moment(row["started_at"]), str(version), counted(row["counts"])


@command.command(
    "pause",
    short_help="Let a pipeline send nothing for a while.",
    examples=("fitglue pipeline pause everything",),
)
@click.argument("name")
@pass_cli
def pause(cli: CliContext, *, name: str) -> None:
    """Pause the pipeline NAME: nothing is sent, and what changes in the meantime waits."""
    cli.host.pipelines.pause(name)
    cli.note(f"{name} is paused. To let it send again: fitglue pipeline resume {name}")


@command.command(
    "resume",
    short_help="Let a paused pipeline send again.",
    examples=("fitglue pipeline resume everything",),
)
@click.argument("name")
@pass_cli
def resume(cli: CliContext, *, name: str) -> None:
    """Let the pipeline NAME send again; the next run begins with what has waited."""
    cli.host.pipelines.resume(name)
    cli.note(f"{name} sends again. To send now: fitglue pipeline run {name}")


@command.command(
    "delete",
    short_help="Delete a pipeline.",
    examples=("fitglue pipeline delete everything --yes",),
)
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@pass_cli
def delete(
    cli: CliContext,
    *,
    name: str,
    yes: bool,
) -> int:
    """Delete the pipeline NAME. What it has sent stays where it is, and is still recognized."""
    view = cli.host.pipelines.get(name)
    if not yes and not _confirmed(view):
        cli.note("Nothing was deleted.")
        return UserMistake.exit_code
    cli.host.pipelines.delete(name)
    cli.show(f"{name} was deleted")
    return 0


def _confirmed(view: PipelineView) -> bool:
    if not sys.stdin.isatty():
        raise UserMistake(
            "FG-not-confirmed",
            f"deleting {view.name} also forgets what it has not sent yet",
            fix="to confirm, add --yes",
        )
    click.echo("Nothing is deleted at the destinations.", err=True)
    return click.confirm(f"Delete the pipeline {view.name}?", err=True)
