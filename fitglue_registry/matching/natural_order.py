"""The order of source activities that is the same in every store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.matching.candidate_cache import account_of

if TYPE_CHECKING:
    from fitglue_registry.store.source_activity_rows import SourceActivityRow


def natural_key(row: SourceActivityRow) -> tuple[str, str, int]:
    """Return the natural key of a source activity.

    Ids of connections are random. If they decided the order, two stores with the same records would
    prefer different values.
    """
    return (account_of(row), row.external_id, row.leg_no)
