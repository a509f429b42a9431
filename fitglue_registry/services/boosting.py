"""Runs boosters on the activities of an athlete, and again when something has changed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError, StoreFailed
from fitglue_registry.pipeline.boosting import Booster, compute
from fitglue_registry.services.pipelines.stored_documents import document_in
from fitglue_registry.store.computations import boosters_of
from fitglue_registry.store.pipelines import list_pipelines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fitglue_registry.workspace import Workspace

_log = logging.getLogger(__name__)


def run_booster(
    workspace: Workspace,
    booster_id: str,
    athlete: str,
    settings: Mapping[str, str] | None = None,
) -> int:
    """Run a booster on each activity of an athlete for which it may have another result.

    Args:
        workspace: The workspace.
        booster_id: The id of the booster's entry.
        athlete: The athlete.
        settings: What a pipeline states for it; the default is nothing.

    Returns:
        The number of activities for which the result has changed.

    Raises:
        UserMistake: FG-unknown-entry.
        PluginFailed: The plugin is missing or broken.
    """
    entry = workspace.catalogue.get("enricher", booster_id)
    workspace.plugins.load(entry)
    booster = Booster(entry, workspace.plugins, settings or {})
    return compute(
        workspace.database,
        booster,
        workspace.matcher(),
        athlete,
        workspace.now,
    )


def run_used_boosters(workspace: Workspace, athlete: str) -> int:
    """Run each booster again that an athlete uses: with ``fitglue load``, or in a pipeline.

    A booster that fails keeps its earlier results, and is logged: it must not stop a sync.

    Args:
        workspace: The workspace.
        athlete: The athlete.

    Returns:
        The number of results that have changed.

    Raises:
        StoreFailed: The store cannot be read or written.
    """
    changed = 0
    for booster_id, settings in _used(workspace, athlete):
        try:
            changed += run_booster(workspace, booster_id, athlete, settings)
        except StoreFailed:
            raise
        except FitglueError as error:
            _log.warning("the booster %s was not run again: %s", booster_id, error)
    return changed


def _used(workspace: Workspace, athlete: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield each booster that an athlete uses, once for each of its settings."""
    with workspace.database.read() as db:
        used: dict[tuple[str, frozenset[tuple[str, str]]], Mapping[str, str]] = {}
        for booster_id in boosters_of(db, athlete):
            used[booster_id, frozenset()] = {}
        for row in list_pipelines(db, athlete):
            try:
                pipeline = document_in(row)
            except StoreFailed as error:
                # Its run says so as well, and the other pipelines go on.
                _log.warning("the boosters of a pipeline were not run again: %s", error)
                continue
            for step in pipeline.boosters:
                used[step.use, frozenset(step.settings.items())] = step.settings
    for (booster_id, _), settings in used.items():
        yield booster_id, settings
