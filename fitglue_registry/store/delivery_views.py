"""The views of pipelines, and of what they send.

No view has the document of a pipeline, what will be sent, or what a plugin keeps for itself: some
destinations have addresses in them that are as good as a password.
"""

from __future__ import annotations

from fitglue_registry.model.stored import OfferState

_WAITING = (
    "SELECT count(*) FROM fg_offers o "
    f"WHERE o.pipeline_id = p.id AND o.state = '{OfferState.WAITING}'"
)


def delivery_views(dialect: str) -> dict[str, str]:
    """Return the SELECT of each view of this module by its name.

    Args:
        dialect: ``sqlite`` or ``postgresql``.
    """
    return {
        "pipelines": "SELECT p.id, p.athlete_id, p.name, p.state, p.version, "
        f"({_WAITING}) AS waiting, p.created_at, p.updated_at FROM fg_pipelines p",
        "deliveries": "SELECT d.id, d.activity_id, a.number, d.athlete_id, d.pipeline_id, "
        "p.name AS pipeline, d.destination, d.entry, c.name AS connection, d.action, d.state, "
        f"d.tries, d.next_try_at, {_returned('remote_id', dialect)}, {_returned('url', dialect)}, "
        "d.error, d.planned_at, d.updated_at, d.sent_at FROM fg_deliveries d "
        "LEFT JOIN fg_pipelines p ON p.id = d.pipeline_id "
        "LEFT JOIN fg_connections c ON c.id = d.connection_id "
        "LEFT JOIN fg_activities a ON a.id = d.activity_id",
        "delivery_log": "SELECT l.id, l.delivery_id, d.athlete_id, l.at, l.state, l.what "
        "FROM fg_delivery_log l JOIN fg_deliveries d ON d.id = l.delivery_id",
    }


def _returned(name: str, dialect: str) -> str:
    """Return the column of a value that the destination returned."""
    if dialect == "sqlite":
        return f"json_extract(d.receipt, '$.{name}') AS {name}"
    return f"d.receipt::jsonb ->> '{name}' AS {name}"
