"""Connecting: proves a key, says whose account it is, and how long the first sync takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_garmin.pages import newest_row
from fitglue_garmin.reading import id_of, read_object, text_of
from fitglue_garmin.refusals import unexpected
from fitglue_registry.errors import AthleteNeeded
from fitglue_registry.payloads import clean_text
from fitglue_registry.plugin_api import Account

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Connection

#: Settings of the owner of the key. They have the time zone, but no id of the account.
PROFILE = "userprofile-service/userprofile/settings"
#: What the id of an account begins with that has no activities, and so does not state its number.
_BY_NAME = "name:"
_LONGEST_NAME = 200  # characters of a name
_NOT_FOUND = 404

_NO_ACTIVITIES = "The account has no activities yet."
_NO_NUMBER = (
    "Garmin states the number of an account only together with an activity. If you have connected "
    "this account before and all of its activities were deleted since, FitGlue cannot tell that it "
    "is the same one, and it is now connected twice. `fitglue connections remove NAME` removes the "
    "connection that you no longer need."
)
_DURATION = (
    "Each workout takes two requests, and the first sync sends about one per second: 100 workouts "
    "take about 4 minutes, 3,000 take about 1.7 hours. All workouts are listed first, with their "
    "totals, and the newest ones are completed first. You can stop a sync at any time; the next "
    "one continues."
)
_ONE_KEY = (
    "Garmin allows one key at a time. If you make a new one, also give it to your other programs "
    "that use this key."
)


def connect(connection: Connection) -> Account:
    """Return whose account this is, with notes about the first sync.

    Raises:
        AthleteNeeded: If Garmin issues no token for the key.
        ConnectionStopped: If a response has an unexpected shape.
    """
    try:
        content = newest_row(connection)
    except AthleteNeeded as error:
        raise _explained(error) from error
    row = _object(content or b"")
    owner_id = id_of(row.get("ownerId"))
    # Without this, an odd answer would give the account an id that it does not keep.
    if content is not None and owner_id is None:
        raise unexpected("an activity with its owner")
    profile = _profile(connection)
    name = _name(row.get("ownerFullName")) or _name(row.get("ownerDisplayName"))
    display_name = _name(profile.get("displayName"))
    # Only worth saying when a key is given, and not when it is checked later.
    notes = [_ONE_KEY] if connection.account is None else []
    first_notes: tuple[str, ...] = (_DURATION,)
    if content is None:
        first_notes = ()
        notes.insert(0, _NO_ACTIVITIES)
        if connection.account is None:
            notes.append(_NO_NUMBER)
    identity = _identity(connection, owner_id, display_name)
    # It may have been connected before its first activity arrived.
    earlier_ids: tuple[str, ...] = ()
    if owner_id is not None and display_name is not None:
        earlier_ids = (_BY_NAME + display_name,)
    return Account(
        identity,
        name or display_name,
        text_of(profile.get("timeZone")),
        tuple(notes),
        earlier_ids,
        first_notes,
    )


def _explained(error: AthleteNeeded) -> AthleteNeeded:
    """Return the error about a rejected key, with what it means at Garmin."""
    if error.code != "FG-key-rejected":
        return error
    return AthleteNeeded(
        error.code,
        "Garmin Connect rejects this key",
        at=error.at,
        why="it is mistyped or incomplete, has expired or was deleted, or a newer key replaced it",
        # The entry says where a key is made.
        fix=error.fix,
    )


def _profile(connection: Connection) -> dict[str, Any]:
    """Return the settings of the owner; empty if the service does not have them."""
    answer = connection.http.get(PROFILE, accept=(_NOT_FOUND,))
    if answer.status == _NOT_FOUND:
        return {}
    return _object(answer.body)


def _object(content: bytes) -> dict[str, Any]:
    """Return a JSON object; an empty one if the content is anything else."""
    try:
        return read_object(content)
    except ValueError:
        return {}


def _identity(
    connection: Connection,
    owner_id: str | None,
    display_name: str | None,
) -> str:
    """Return the id of the account, which must stay the same when its key is replaced.

    Documented: only activities state the number of their owner. An account without activities is
    named after its owner. It keeps that name when the first activity has arrived, because the host
    finds its connection by the earlier id.

    Raises:
        AthleteNeeded: If the account states neither.
    """
    by_name = f"{_BY_NAME}{display_name}"
    known = connection.account
    if display_name and (owner_id is None or (known is not None and known.id == by_name)):
        return by_name
    if owner_id is None:
        raise AthleteNeeded(
            "FG-account-unnamed",
            "Garmin Connect does not say whose key this is",
            why="the account has no activities, and its settings have no name",
            fix="sync a device with Garmin Connect, and connect again",
        )
    return owner_id


def _name(value: Any) -> str | None:
    text = text_of(value)
    if text is None:
        return None
    return clean_text(text)[:_LONGEST_NAME]
