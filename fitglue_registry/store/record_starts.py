"""The start of a record as it is shown: local, or in UTC if no local time of it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.store.tables import records, source_activities

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import Label


def _of_first_leg(name: str) -> Label[Any]:
    """Return a column of the first source activity of a record, which is named ``leg_NAME``."""
    return (
        sa.select(source_activities.c[name])
        .where(source_activities.c.record_id == records.c.id)
        .order_by(source_activities.c.leg_no)
        .limit(1)
        .correlate(records)
        .scalar_subquery()
        .label(f"leg_{name}")
    )


#: The columns that ``shown_start`` reads, besides ``start_local`` of the record.
START_COLUMNS = (_of_first_leg("start_local"), _of_first_leg("start_utc"))


def shown_start(row: Any) -> dict[str, str | None]:
    """Return ``start_local``, or ``start_utc`` if no local time is known.

    The start in ``fg_records`` is the one of the listing. Its source activities know more, also
    whether it is local.

    Args:
        row: A row with ``start_local`` of ``fg_records`` and the ``START_COLUMNS``.
    """
    if row.leg_start_local is None and row.leg_start_utc is not None:
        return {"start_local": None, "start_utc": row.leg_start_utc}
    return {"start_local": row.leg_start_local or row.start_local, "start_utc": None}
