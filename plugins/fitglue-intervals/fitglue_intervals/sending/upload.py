"""The request that uploads a file, and the ids in its response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_intervals.api import activities_path, is_usable, requested_athlete
from fitglue_intervals.sending.ids import external_id_of
from fitglue_registry.errors import AthleteNeeded, FitglueError
from fitglue_registry.plugin_api import File

if TYPE_CHECKING:
    from fitglue_intervals.sending.file import SentFile
    from fitglue_registry.plugin_api import Answer, Connection, Delivery

#: Documented: the status if at least one activity is new. With 200, all of them were there before.
CREATED = 201
#: Statuses of a file that the service does not accept: unreadable, too large, or of another kind.
REFUSED = (400, 413, 415, 422)
_NOT_FOUND = 404
#: Bytes of a text in the query. Many servers limit an address to 8,000 characters, of which a byte
#: may need three. A longer text is only in the second request.
_LONGEST_PARAMETER = 1_000


def upload(
    connection: Connection,
    delivery: Delivery,
    file: SentFile,
) -> Answer:
    """Upload a file, and return the response: 201, 200, or one of ``REFUSED``.

    The request is not repeated if it may have been carried out: FG-outcome-unknown is raised then.

    Args:
        connection: The connection to send with.
        delivery: The delivery, whose external id makes the upload recognizable.
        file: The file.
    """
    answer = connection.http.post(
        activities_path(requested_athlete(connection)),
        _parameters(delivery),
        files={"file": File(file.content, file.name)},
        accept=(*REFUSED, _NOT_FOUND),
    )
    if answer.status == _NOT_FOUND:
        raise AthleteNeeded(
            "FG-athlete-unknown",
            f"Intervals.icu has no athlete {requested_athlete(connection)}",
            fix="connect again, and leave the athlete id out to use the key's own account",
        )
    return answer


def uploaded_ids(answer: Answer) -> tuple[str, ...]:
    """Return the ids of the activities that a file has become, or none if the response has none.

    Seen: ids are texts such as ``i123``. A number is read as well, because older versions of the
    specification had numbers.
    """
    try:
        document = answer.json()
    except FitglueError:  # a web page; whether the upload was carried out, it does not say
        return ()
    if not isinstance(document, dict):
        return ()
    items = document.get("activities")
    if not isinstance(items, list) or not items:
        items = [document]
    ids = [_id(item.get("id")) for item in items if isinstance(item, dict)]
    return tuple(dict.fromkeys(id_ for id_ in ids if id_ is not None))


def _parameters(delivery: Delivery) -> dict[str, str]:
    activity = delivery.activity
    values = {
        "external_id": external_id_of(delivery),
        "name": activity.title,
        "description": activity.description,
        "device_name": activity.device.name if activity.device else None,
    }
    return {name: value for name, value in values.items() if value and _is_short(value)}


def _is_short(value: str) -> bool:
    return len(value.encode()) <= _LONGEST_PARAMETER


def _id(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None
    return value if is_usable(value) else None
