"""Says what a pipeline would do with activities, without storing or sending anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.services.pipelines.deciding import Decider
from fitglue_registry.services.pipelines.opened import open_pipelines
from fitglue_registry.services.pipelines.subjects import SubjectLoader
from fitglue_registry.services.reading import Activities

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fitglue_registry.pipeline.events import ActivityDecided
    from fitglue_registry.store.pipelines import PipelineRow
    from fitglue_registry.workspace import Workspace


def preview(
    workspace: Workspace,
    row: PipelineRow,
    activity_ids: Iterable[str],
    *,
    again: bool = False,
) -> Iterator[ActivityDecided]:
    """Yield what a pipeline would decide about activities, while the iterator is consumed.

    Args:
        workspace: The workspace.
        row: The pipeline.
        activity_ids: The activities.
        again: Whether they are sent even if nothing has changed.

    Raises:
        UserMistake: A destination is not there.
    """
    opened = open_pipelines(workspace, row.athlete_id)
    if row.name in opened.failures:
        raise opened.failures[row.name]
    loader = SubjectLoader(workspace, Activities(workspace), row.athlete_id)
    decider = Decider(workspace, loader, opened.pipelines[row.id])
    if decider.held:
        raise decider.held[0]
    for activity_id in activity_ids:
        yield decider.decide(activity_id, again=again).event
