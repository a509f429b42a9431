"""A builder of pipelines and deliveries, for tests of what is recognized when it returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.pipeline.fingerprint import fingerprint
from fitglue_registry.store.activity_details import load_activity
from fitglue_registry.store.json_text import json_text
from fitglue_registry.store.pipeline_tables import deliveries, pipelines
from fitglue_registry.store.rows import insert_one
from tests.library import NOW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.library import Library

#: When deliveries are planned and sent; records of a library are first seen before.
PLANNED = "2026-06-15T12:30:00.000Z"
SENT = "2026-06-15T12:31:00.000Z"
#: When what was sent is listed by a source.
RETURNED = "2026-06-15T13:00:00.000Z"


def add_pipeline(library: Library, name: str = "all") -> str:
    """Store a pipeline of the athlete, unless there is one of this name, and return its id."""
    pipeline_id = f"{library.athlete_id}-{name}"
    known = sa.select(pipelines.c.id).where(pipelines.c.id == pipeline_id)
    if library.db.scalar(known) is None:
        row = {
            "id": pipeline_id,
            "athlete_id": library.athlete_id,
            "name": name,
            "state": "active",
            "version": 1,
            "after_change": 0,
            "created_at": NOW,
            "updated_at": NOW,
        }
        library.db.execute(sa.insert(pipelines).values(row))
    return pipeline_id


def deliver(
    library: Library,
    activity_id: str,
    takes: Sequence[str] = ("title", "description", "tags"),
    **values: Any,
) -> int:
    """Store that an activity was sent to a destination, and return the id of the delivery."""
    activity = load_activity(library.db, activity_id).activity
    row = {
        "athlete_id": library.athlete_id,
        "pipeline_id": add_pipeline(library),
        "destination": "icu",
        "entry": "intervals",
        "activity_id": activity_id,
        "home_id": activity_id,
        "external_id": f"delivery-of-{activity_id}",
        "action": "create",
        "state": "sent",
        "sent": json_text(fingerprint(activity, takes)),
        "planned_at": PLANNED,
        "updated_at": SENT,
        "sent_at": SENT,
    }
    return insert_one(library.db, deliveries, **(row | values))
