"""Opens the pipelines of an athlete for a run: their documents, boosters and destinations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from fitglue_registry.pipeline.reading import read_mapping
from fitglue_registry.services.pipelines.boosting import Boosting
from fitglue_registry.store.pipelines import list_pipelines

if TYPE_CHECKING:
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


def open_pipelines(workspace: Workspace, athlete_id: str) -> dict[str, OpenedPipeline]:
    """Return the pipelines of an athlete that were not deleted, by their ids."""
    with workspace.database.read() as db:
        rows = list_pipelines(db, athlete_id)
    opened = {}
    for row in rows:
        document = msgspec.json.decode(row.document)
        pipeline = read_mapping(document, row.name).require()
        boosting = Boosting(workspace, pipeline, athlete_id)
        opened[row.id] = OpenedPipeline(row, pipeline, boosting)
    return opened
