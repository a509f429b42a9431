"""An activity as it is at Intervals.icu now: read before something is sent to it, and changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fitglue_intervals.api import activity_path, unexpected_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.plugin_api import Answer, Connection

#: The page of an activity.
PAGE = "https://intervals.icu/activities/"
_NOT_FOUND = 404
#: Seen: the status for a Strava activity, which the API neither returns nor changes.
_UNPROCESSABLE = 422
#: Statuses of a read that say something about the activity and not about the connection. Seen: an
#: activity of another athlete has 403.
_ABOUT_ACTIVITY = (403, _NOT_FOUND, _UNPROCESSABLE)


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
) -> Remote | None:
    """Return an activity of the connection's account, or None if the account has no such id."""
    answer = connection.http.get(activity_path(id_), accept=_ABOUT_ACTIVITY)
    if answer.status == _UNPROCESSABLE:
        return Remote(
            id_,
            {},
            is_strava=True,
        )
    if answer.status != 200:
        return None
    values = _object(answer)
    remote = remote_of(id_, values)
    return remote if remote.is_strava or _is_own(connection, values) else None


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
    """Change keys of an activity, and return the response; 404 and 422 are left to the caller.

    Args:
        connection: The connection to send with.
        id_: The id of the activity.
        values: Key → new value.
    """
    return connection.http.put(
        activity_path(id_),
        json=dict(values),
        accept=(400, _NOT_FOUND, _UNPROCESSABLE),
    )


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


def _object(answer: Answer) -> Mapping[str, Any]:
    document = answer.json()
    if not isinstance(document, dict):
        raise unexpected_response(
            answer,
            "an activity",
            document,
        )
    return document
