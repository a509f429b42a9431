"""Tells whether the start of a record is on the local clock or in UTC, so that it can be shown."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from fitglue_registry.store.tables import records, source_activities

#: Whether ``fg_records.start_local`` is in UTC, because no local time of the record is known. The
#: start that a listing states is local, so a record without source activities has a local start.
IS_UTC = (
    sa.exists()
    .where(
        source_activities.c.record_id == records.c.id,
        source_activities.c.start_local.is_(None),
        source_activities.c.start_utc.is_not(None),
    )
    .correlate(records)
    .label("start_is_utc")
)


def shown_start(row: Any) -> dict[str, str | None]:
    """Return ``start_local``, and ``start_utc`` in its place if no local time is known.

    Args:
        row: A row with the columns ``start_local`` of ``fg_records`` and ``IS_UTC``.
    """
    if row.start_is_utc:
        return {"start_local": None, "start_utc": f"{row.start_local}Z"}
    return {"start_local": row.start_local, "start_utc": None}
