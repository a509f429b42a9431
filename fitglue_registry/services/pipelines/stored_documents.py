"""Reads the documents of pipelines that are in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fitglue_registry.errors import StoreFailed, UserMistake
from fitglue_registry.pipeline.reading import read_mapping

if TYPE_CHECKING:
    from fitglue_registry.pipeline.document import Pipeline
    from fitglue_registry.store.pipelines import PipelineRow


def document_in(row: PipelineRow) -> Pipeline:
    """Return the document of a stored pipeline.

    Raises:
        StoreFailed: FG-store-damaged if something else than this program has written it.
    """
    try:
        document = msgspec.json.decode(row.document)
        return read_mapping(document, row.name).require()
    except (msgspec.DecodeError, UserMistake) as error:
        raise StoreFailed(
            "FG-store-damaged",
            f"the document of the pipeline {row.name} cannot be read",
            why=str(error),
            fix="write it again with `fitglue pipeline apply FILE`",
        ) from error
