"""An activity as it is at Intervals.icu now: read before something is sent to it, and changed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fitglue_intervals.api import activity_path, unexpected_response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fitglue_registry.plugin_api import Answer, Connection

#: The page of an activity.
PAGE = "https://intervals.icu/activities/"
_OK = 200
_NOT_FOUND = 404
#: Seen: the status for a Strava activity, which the API neither returns nor changes.
_UNPROCESSABLE = 422
_FORBIDDEN = 403
_FOR_STRAVA = re.compile(rb"strava", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Remote:
    """An activity at Intervals.icu."""

    id: str
    values: Mapping[str, Any]  # the Activity object, or what is known of it
    is_strava: bool = False  # whether the API withholds it, because it came from Strava

    @property
    def url(self) -> str:
        """The address of its page."""
        return PAGE + self.id

    @property
    def external_id(self) -> str | None:
        """The id that whoever uploaded it gave it."""
        value = self.values.get("external_id")
        return value if isinstance(value, str) else None

    def is_from(
        self,
        external_id: str,
    ) -> bool:
        """Return whether a delivery with this external id made it."""
        return self.external_id == external_id


def read_remote(
    connection: Connection,
    id_: str,
    accept: Sequence[int] = (),
) -> Remote | None:
    """Return an activity of the connection's account, or None if the account has no such id.

    Args:
        connection: The connection to ask with.
        id_: The id of the activity.
        accept: Further statuses that mean that the account does not have it.
    """
    answer = connection.http.get(
        activity_path(id_),
        accept=(_NOT_FOUND, _UNPROCESSABLE, *accept),
    )
    if answer.status == _UNPROCESSABLE and _FOR_STRAVA.search(answer.body):
        return Remote(
            id_,
            {},
            is_strava=True,
        )
    if answer.status == _NOT_FOUND or answer.status in accept:
        return None
    values = activity_in(answer, id_)
    remote = remote_of(id_, values)
    return remote if remote.is_strava or _is_own(connection, values) else None


def read_claimed(
    connection: Connection,
    id_: str,
) -> Remote | None:
    """Return an activity that some source claims, or None if it is not in the connection's account.

    Seen: the response for an activity of another athlete has status 403.
    """
    return read_remote(connection, id_, accept=(_FORBIDDEN,))


def remote_of(
    id_: str,
    values: Mapping[str, Any],
) -> Remote:
    """Return the activity of an Activity object, which may be the stub of a Strava activity.

    Args:
        id_: The id of the activity.
        values: The Activity object, or the row of a list.
    """
    return Remote(
        id_,
        values,
        is_strava=values.get("source") == "STRAVA",
    )


def change_remote(
    connection: Connection,
    id_: str,
    values: Mapping[str, Any],
) -> Answer:
    """Change keys of an activity, and return the response.

    A status of 400, 404 or 422 is left to the caller.

    Args:
        connection: The connection to send with.
        id_: The id of the activity.
        values: Key → new value.

    Raises:
        ConnectionStopped: If a response with status 200 is not the activity, such as the page of a
            login, so that nobody knows whether the service has got the request.
    """
    answer = connection.http.put(
        activity_path(id_),
        json=dict(values),
        accept=(400, _NOT_FOUND, _UNPROCESSABLE),
    )
    if answer.status == _OK:
        activity_in(answer, id_)
    return answer


def delete_remote(
    connection: Connection,
    id_: str,
) -> None:
    """Delete an activity; it is no error if it is not there any more."""
    answer = connection.http.delete(activity_path(id_), accept=(_NOT_FOUND,))
    if answer.status == _OK:
        activity_in(answer, id_)


def _is_own(
    connection: Connection,
    values: Mapping[str, Any],
) -> bool:
    """Return whether an activity belongs to the account of the connection.

    A coach's key reads the activities of other athletes, too.
    """
    owner = values.get("icu_athlete_id")
    if connection.account is None or owner is None:
        return True
    return str(owner) == connection.account.id


def activity_in(
    answer: Answer,
    id_: str,
) -> Mapping[str, Any]:
    """Return the JSON object about an activity in a response.

    An object about anything else, such as an error with status 200, must not be taken for an
    activity that lacks every value.

    Args:
        answer: The response.
        id_: The id of the activity.
    """
    document = answer.json()
    if not isinstance(document, dict) or str(document.get("id")) != id_:
        raise unexpected_response(
            answer,
            f"the activity {id_}",
            document,
        )
    return document
