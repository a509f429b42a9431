"""The joins that several queries use: records with their connections, source activities with both.

They are inner joins: a record always has a connection, and a source activity always has a record.
"""

from __future__ import annotations

from fitglue_registry.store.tables import connections, quarantine, records, source_activities

_OF_CONNECTION = connections.c.id == records.c.connection_id

#: Each record with its connection.
RECORDS = records.join(connections, _OF_CONNECTION)

#: Each source activity with its record and its connection.
SOURCE_ACTIVITIES = source_activities.join(
    records, records.c.id == source_activities.c.record_id
).join(connections, _OF_CONNECTION)

#: Each record in quarantine with its connection.
QUARANTINE = quarantine.join(records, records.c.id == quarantine.c.record_id).join(
    connections, _OF_CONNECTION
)
