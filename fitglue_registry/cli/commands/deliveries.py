"""``fitglue deliveries``: shows what pipelines have sent, and lets the athlete decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli import numbers
from fitglue_registry.cli.command import COUNT, Group, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.delivery_words import sentence, state_word
from fitglue_registry.cli.layout import (
    GOOD,
    NEXT_STEP,
    Hanging,
    Heading,
    Pairs,
    Rows,
    columns_of,
    stated,
)
from fitglue_registry.cli.text import count, short_title
from fitglue_registry.model.stored import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.services.pipelines.deliveries import DeliveryView

_COLUMNS = columns_of(
    ("id", "workout", "to", "state"),
    right=("id",),
    folded=("workout", "to", "state"),
)
_STATES = click.Choice([state.value for state in DeliveryState])


@click.group(
    cls=Group,
    invoke_without_command=True,
    examples=("fitglue deliveries", "fitglue deliveries list --state sent"),
)
@json_option("Print JSON Lines.")
@click.pass_context
def command(context: click.Context) -> None:
    """Show the deliveries that need you: refused, given up, or unclear.

    A delivery is one workout at one destination of a pipeline.
    """
    if context.invoked_subcommand is None:
        _show_needed(context.ensure_object(CliContext))


def _show_needed(cli: CliContext) -> None:
    found = cli.host.pipelines.deliveries.needing_attention()
    if cli.as_json:
        cli.lines(view.as_dict() for view in found)
        return
    if not found:
        cli.note("No delivery needs you. To see all: fitglue deliveries list")
        return
    cli.show(Rows(_COLUMNS, map(_row, found)))
    cli.note(
        "For details and what to do: fitglue deliveries show ID. To send one again: fitglue "
        "deliveries retry ID"
    )


@command.command("list", examples=("fitglue deliveries list --state sent --limit 50",))
@click.option("--state", "states", multiple=True, type=_STATES, help="Only this state.")
@click.option("--limit", type=COUNT, default=20, help="How many to list (default: 20).")
@json_option("Print JSON Lines.")
@pass_cli
def list_(
    cli: CliContext,
    *,
    states: Sequence[str],
    limit: int,
) -> None:
    """List deliveries, those that were changed last first."""
    wanted = [DeliveryState(state) for state in states]
    found = cli.host.pipelines.deliveries.list(states=wanted, limit=limit)
    if cli.as_json:
        cli.lines(view.as_dict() for view in found)
    elif found:
        cli.show(Rows(_COLUMNS, map(_row, found)))
    else:
        cli.note("There is no such delivery." if wanted else "Nothing was sent yet.")


def _row(view: DeliveryView) -> tuple[str, ...]:
    workout = f"{view.activity or '–'}  {view.day or ''}  {short_title(view.title)}"
    return str(view.id), workout, f"{view.pipeline} → {view.destination}", sentence(view)


@command.command(
    "show",
    short_help="Show one delivery, with everything that happened to it.",
    examples=("fitglue deliveries show 12",),
)
@click.argument("id_", metavar="ID", type=COUNT)
@json_option()
@pass_cli
def show(cli: CliContext, *, id_: int) -> None:
    """Show the delivery ID, with everything that happened to it, and what to do."""
    view = cli.host.pipelines.deliveries.get(id_)
    if cli.as_json:
        cli.document(view.as_dict())
        return
    cli.show(
        Heading(f"delivery {view.id}", state_word(view)),
        Pairs(stated(_facts(view))),
        "",
        *(_log_line(line) for line in view.log),
    )
    for step in _steps(view):
        cli.show(Hanging(NEXT_STEP, step))


def _facts(view: DeliveryView) -> Iterator[tuple[str, Any]]:
    error = view.error or {}
    workout = f"{view.activity}, {view.day or 'day unknown'}, {short_title(view.title)}"
    yield "workout", workout if view.activity else "no longer in the list"
    yield "pipeline", view.pipeline
    account = f", as {view.connection}" if view.connection else ""
    yield "to", f"{view.destination} ({view.entry}{account})"
    yield "to do there", view.action
    yield "sent", numbers.moment(view.sent_at)
    yield "address", view.url
    yield "id there", view.remote_id
    yield "our id", view.external_id
    yield "tries", view.tries
    yield "next try", numbers.moment(view.next_try_at)
    yield "why", f"{error['what']} [{error['code']}]" if error else None
    yield "fix", error.get("fix")


def _log_line(line: Any) -> str:
    return f"  {numbers.moment(line.at)}  {line.state}: {line.what}"


def _steps(view: DeliveryView) -> Iterator[str]:
    """Yield what the athlete can do about a delivery."""
    if view.needs_you:
        resolve = f"fitglue deliveries resolve {view.id}"
        yield f"look whether it is there, and then: {resolve} --arrived, or --not-arrived"
    elif view.state in (DeliveryState.REFUSED, DeliveryState.FAILED):
        yield f"to send it again: fitglue deliveries retry {view.id}"


@command.command(
    "resolve",
    short_help="Say whether a delivery has arrived.",
    examples=("fitglue deliveries resolve 12 --arrived",),
)
@click.argument("id_", metavar="ID", type=COUNT)
@click.option(
    "--arrived/--not-arrived",
    default=None,
    help="It is there, or it is not there and is sent again.",
)
@json_option()
@pass_cli
def resolve(
    cli: CliContext,
    *,
    id_: int,
    arrived: bool | None,
) -> None:
    """Decide about the delivery ID, of which nobody knows whether it arrived.

    Look at the destination first. A workout that is not there is sent by the next sync.
    """
    if arrived is None:
        raise click.UsageError("say --arrived or --not-arrived")
    view = cli.host.pipelines.deliveries.resolve(id_, arrived)
    _report(cli, view)


@command.command(
    "retry",
    short_help="Send deliveries again that were refused or given up.",
    examples=("fitglue deliveries retry 12", "fitglue deliveries retry 12 13"),
)
@click.argument(
    "ids",
    metavar="ID...",
    nargs=-1,
    required=True,
    type=COUNT,
)
@json_option("Print JSON Lines.")
@pass_cli
def retry(cli: CliContext, *, ids: tuple[int, ...]) -> None:
    """Let the next run send the deliveries ID again, whatever they wait for."""
    views = [cli.host.pipelines.deliveries.retry(id_) for id_ in ids]
    if cli.as_json:
        cli.lines(view.as_dict() for view in views)
        return
    number = count(len(views), "delivery is", "deliveries are")
    cli.show(Hanging(GOOD, f"{number} sent by the next run", indent=0))
    cli.note("To send now: fitglue pipeline run")


@command.command(
    "withdraw",
    short_help="Do not send a delivery that is planned.",
    examples=("fitglue deliveries withdraw 12",),
)
@click.argument("id_", metavar="ID", type=COUNT)
@json_option()
@pass_cli
def withdraw(cli: CliContext, *, id_: int) -> None:
    """Do not send the delivery ID, which is planned, unless the workout changes."""
    _report(cli, cli.host.pipelines.deliveries.withdraw(id_))


def _report(cli: CliContext, view: DeliveryView) -> None:
    if cli.as_json:
        cli.document(view.as_dict())
        return
    cli.show(Hanging(GOOD, f"delivery {view.id}: {sentence(view)}", indent=0))
    if view.state == DeliveryState.PLANNED:
        cli.note("To send now: fitglue pipeline run")
