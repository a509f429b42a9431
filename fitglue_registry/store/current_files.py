"""Finds the original files whose content need not be decoded again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from fitglue_registry.model.stored import PartName, PartState, RecordState
from fitglue_registry.store.tables import parts, quarantine, raw, records, source_activities

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection as Db


class CurrentFile(NamedTuple):
    """An original file whose record the store has completely.

    Attributes:
        external_id: The id of its record.
        revision: The revision of its record.
        sha256: The digest of its bytes as received, in hexadecimal digits.
        size: The number of these bytes.
    """

    external_id: str
    revision: str
    sha256: str
    size: int


def current_files(
    db: Db,
    connection_id: str,
    model: int,
    plugin_version: str,
    *,
    not_code: str,
) -> list[CurrentFile]:
    """Return the files of a connection that would give what the store has already.

    These versions have read them, or have refused them, and no part of their records is wanted.

    Args:
        db: A transaction.
        connection_id: The connection.
        model: The version of the model.
        plugin_version: The version of the plugin.
        not_code: Leave out the files that are in quarantine with this code.
    """
    of_record = records.c.id
    legs = sa.select(source_activities.c.id).where(source_activities.c.record_id == of_record)
    is_current = sa.and_(
        source_activities.c.model == model,
        source_activities.c.plugin_version == plugin_version,
    )
    refused = sa.select(quarantine.c.record_id).where(quarantine.c.record_id == of_record)
    refused_now = refused.where(
        quarantine.c.plugin_version == plugin_version,
        quarantine.c.code != not_code,
    )
    is_read = sa.and_(
        ~refused.exists(),
        legs.where(is_current).exists(),
        ~legs.where(~sa.func.coalesce(is_current, sa.false())).exists(),
    )
    waits = sa.select(parts.c.record_id).where(
        parts.c.record_id == of_record,
        parts.c.state == PartState.WANTED,
    )
    file = parts.alias()
    query = (
        sa.select(records.c.external_id, records.c.revision, raw.c.sha256, raw.c.size)
        .join(file, file.c.record_id == of_record)
        .join(raw, raw.c.id == file.c.raw_id)
        .where(
            records.c.connection_id == connection_id,
            records.c.state == RecordState.LISTED,
            file.c.part == PartName.FILE,
            file.c.state == PartState.HAVE,
            ~waits.exists(),
            sa.or_(refused_now.exists(), is_read),
        )
    )
    return [CurrentFile(*row) for row in db.execute(query)]
