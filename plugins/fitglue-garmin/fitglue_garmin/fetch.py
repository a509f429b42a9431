"""Fetching of details and original files, one activity at a time.

Each id is answered exactly once, with the part or with the reason why it is not available.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_garmin.reading import id_of, moment_of, read_object
from fitglue_garmin.refusals import unexpected
from fitglue_garmin.rows import read_row, with_legs
from fitglue_registry.plugin_api import Part, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from fitglue_registry.plugin_api import Answer, Connection

DETAIL = "activity-service/activity/"
FILE = "download-service/files/activity/"
#: Seen: any other value, such as application/octet-stream, is answered with status 406.
ZIP = "application/x-zip-compressed"
_NOT_FOUND = 404
#: No event of any sport has more legs, transitions included.
_MOST_LEGS = 100
#: The formats of original files, and the zip in which they are delivered.
_FORMATS = ("zip", "fit", "gpx", "tcx")
#: The number of bytes that show the format of a file.
_HEAD = 4096


def fetch(
    connection: Connection,
    part: str,
    ids: Sequence[str],
    summaries: Mapping[str, bytes],
) -> Iterator[Part | Unavailable]:
    """Yield the part of each activity, or the reason why it is not available.

    Args:
        connection: The connection to the account.
        part: ``detail`` or ``file``.
        ids: External ids.
        summaries: External id → the row that was listed last, with the rows of its legs.

    Raises:
        ConnectionStopped: If a response has an unexpected shape.
    """
    for external_id in ids:
        # The listing named a row without an id after its hash; the API does not know such a name.
        if id_of(external_id) is None:
            yield _none(
                external_id,
                part,
                "FG-row-without-id",
                "its row in the list has no id",
            )
        else:
            yield _answer(
                connection,
                part,
                external_id,
                summaries,
            )


def _answer(
    connection: Connection,
    part: str,
    external_id: str,
    summaries: Mapping[str, bytes],
) -> Part | Unavailable:
    """Return the part of one activity, or the reason why it is not available."""
    if part == "detail":
        return _detail(connection, external_id)
    if part == "file":
        return _file(
            connection,
            external_id,
            summaries,
        )
    reason = f"Garmin Connect has no part called {part}"
    return _none(
        external_id,
        part,
        "FG-part-unknown",
        reason,
    )


def _detail(
    connection: Connection,
    external_id: str,
) -> Part | Unavailable:
    """Return the detail of an activity, with the details of the legs of a multisport event."""
    answer = connection.http.get(DETAIL + external_id, accept=(_NOT_FOUND,))
    if answer.status == _NOT_FOUND:
        return Unavailable(
            external_id,
            "detail",
            "gone",
            "FG-not-at-source",
            "Garmin Connect no longer has this activity",
        )
    detail = _detail_in(answer, external_id)
    legs = _details_of_legs(connection, detail)
    return Part(
        external_id,
        "detail",
        with_legs(answer.body, list(legs)),
        at_source=_uploaded_at(detail),
    )


def _details_of_legs(
    connection: Connection,
    detail: Mapping[str, Any],
) -> Iterator[bytes]:
    """Yield the details of the legs of a multisport event, in order of time."""
    for leg_id in _leg_ids(detail):
        answer = connection.http.get(DETAIL + leg_id, accept=(_NOT_FOUND,))
        # A leg that was deleted in the meantime is no reason to fail the others.
        if answer.status != _NOT_FOUND:
            _detail_in(answer, leg_id)
            yield answer.body.strip()


def _uploaded_at(detail: Mapping[str, Any]) -> datetime | None:
    """Return when an activity arrived at Garmin Connect, which no row of the list says."""
    metadata = detail.get("metadataDTO")
    if not isinstance(metadata, dict):
        return None
    return moment_of(metadata.get("uploadedDate"))


def _detail_in(
    answer: Answer,
    external_id: str,
) -> dict[str, Any]:
    """Return the detail that an answer contains.

    The detail of another activity, or an error with status 200, must not be stored: the host would
    take the part for fetched and never request it again.
    """
    try:
        detail = read_object(answer.body)
    except ValueError:
        detail = {}
    if id_of(detail.get("activityId")) != external_id:
        answer.json()  # raises an error of its own for a web page, or for an incomplete body
        raise unexpected(f"the activity {external_id}", answer.url)
    return detail


def _leg_ids(detail: Mapping[str, Any]) -> list[str]:
    """Return the ids of the legs of a multisport event, in order of time, each once."""
    metadata = detail.get("metadataDTO")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("childIds"), list):
        return []
    ids = dict.fromkeys(map(id_of, metadata["childIds"]))
    own_id = id_of(detail.get("activityId"))
    legs = [leg_id for leg_id in ids if leg_id is not None and leg_id != own_id]
    return legs[:_MOST_LEGS]


def _file(
    connection: Connection,
    external_id: str,
    summaries: Mapping[str, bytes],
) -> Part | Unavailable:
    """Return the original file of an activity, in the zip in which the service delivers it.

    The zip is not opened here, because only a worker process opens the files of others.
    """
    for activity_id in _ids_with_file(connection, external_id, summaries):
        answer = connection.http.get(
            FILE + activity_id, headers={"Accept": ZIP}, accept=(_NOT_FOUND,)
        )
        if answer.status != _NOT_FOUND:
            return _file_in(answer, external_id)
    return _none(
        external_id,
        "file",
        "FG-no-file",
        "Garmin Connect has no original file of this activity: it was entered by hand, or imported "
        "without one",
    )


def _file_in(answer: Answer, external_id: str) -> Part:
    """Return the original file that an answer contains.

    Anything else, such as a web page of a proxy, would be kept as the file for ever.
    """
    # Imported late: a sync with nothing new fetches no file.
    from fitglue_formats import kind_of

    if kind_of(answer.body[:_HEAD]) not in _FORMATS:
        raise unexpected("the original file of an activity", answer.url)
    return Part(
        external_id,
        "file",
        answer.body,
    )


def _ids_with_file(
    connection: Connection,
    external_id: str,
    summaries: Mapping[str, bytes],
) -> Iterator[str]:
    """Yield the ids at which the file of an activity may be.

    The author of a client says that each leg of an event has the file of all legs. So if the event
    itself has none, its first leg is asked.
    """
    yield external_id
    row = read_row(summaries.get(external_id, b""))
    leg_ids = row.leg_ids
    if row.is_event and not leg_ids:
        answer = connection.http.get(DETAIL + external_id, accept=(_NOT_FOUND,))
        if answer.status != _NOT_FOUND:
            leg_ids = _leg_ids(_detail_in(answer, external_id))
    yield from leg_ids[:1]


def _none(
    external_id: str,
    part: str,
    code: str,
    reason: str,
) -> Unavailable:
    return Unavailable(
        external_id,
        part,
        "none",
        code,
        reason,
    )
