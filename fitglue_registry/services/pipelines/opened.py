"""Opens the pipelines of an athlete for a run: their documents, boosters and destinations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError
from fitglue_registry.services.pipelines.boosting import Boosting
from fitglue_registry.services.pipelines.stored_documents import document_in
from fitglue_registry.store.pipelines import list_pipelines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.pipeline.document import Pipeline
    from fitglue_registry.store.pipelines import PipelineRow
    from fitglue_registry.workspace import Workspace


@dataclass(frozen=True, slots=True)
class OpenedPipeline:
    """A pipeline with everything that takes an activity through it.

    Attributes:
        row: The pipeline as it is stored.
        pipeline: Its document.
        boosting: Runs its boosters.
    """

    row: PipelineRow
    pipeline: Pipeline
    boosting: Boosting


@dataclass(frozen=True, slots=True)
class Opened:
    """The pipelines of an athlete.

    Attributes:
        pipelines: Id → the pipeline.
        failures: Name → why it cannot be opened; it keeps what it was offered, and the others run.
    """

    pipelines: Mapping[str, OpenedPipeline]
    failures: Mapping[str, FitglueError]


def open_pipelines(workspace: Workspace, athlete_id: str) -> Opened:
    """Return the pipelines of an athlete that were not deleted."""
    with workspace.database.read() as db:
        rows = list_pipelines(db, athlete_id)
    opened = {}
    failures: dict[str, FitglueError] = {}
    for row in rows:
        try:
            pipeline = document_in(row)
        except FitglueError as error:
            failures[row.name] = error
            continue
        boosting = Boosting(workspace, pipeline, athlete_id)
        opened[row.id] = OpenedPipeline(row, pipeline, boosting)
    return Opened(opened, failures)
