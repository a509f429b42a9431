"""Takes one workout through a pipeline once more, or says what would happen to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.cli.pipeline_preview import show_preview
from fitglue_registry.cli.pipeline_runs import run_and_show

if TYPE_CHECKING:
    from fitglue_registry.cli.context import CliContext


def preview_replay(
    cli: CliContext,
    name: str,
    reference: str,
    *,
    again: bool,
) -> int:
    """Print what would happen to one workout, and return the exit code."""
    show_preview(cli, [cli.host.pipelines.preview_replay(name, reference, again=again)])
    return 0


def replay(
    cli: CliContext,
    name: str,
    reference: str,
    *,
    again: bool,
) -> int:
    """Offer one workout to a pipeline, run it, and return the exit code."""
    cli.host.pipelines.replay(name, reference, again=again)
    return run_and_show(cli, name, decisions=True)
