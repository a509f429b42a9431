"""Says what boosters computed for an activity, and what they lacked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.store.computations import results_for

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection as Db

    Plain = dict[str, Any]


def boosters_about(db: Db, activity_id: str) -> list[Plain]:
    """Return what boosters said about an activity: ``booster``, ``method``, ``how``, ``notes``.

    Args:
        db: A transaction.
        activity_id: The activity.
    """
    said = []
    for computation in results_for(db, [activity_id]).get(activity_id, ()):
        said.append(
            {
                "booster": computation.name,
                "method": computation.method,
                "how": computation.how,
                "values": dict(computation.values),
                "notes": list(computation.notes),
            }
        )
    return said
