"""Connecting: proves an API key, and says in advance which activities will never arrive."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fitglue_intervals.api import (
    OWNER,
    activities_path,
    athlete_path,
    read_row,
    requested_athlete,
    rows_of_response,
    unexpected_response,
)
from fitglue_registry.errors import AthleteNeeded
from fitglue_registry.payloads import MOST_ROWS, clean_text
from fitglue_registry.plugin_api import Account

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Answer, Connection

#: How many days the notes look back.
DAYS = 90
_LONGEST_TEXT = 200  # characters of a name


def connect(connection: Connection) -> Account:
    """Return whose account this is, with notes about the activities of the last 90 days.

    ``GET /athlete/0`` would prove the key, too, but public clients show that it returns the API key
    itself and an e-mail address. ``…/profile`` does not, and only three of its values are kept.

    Raises:
        AthleteNeeded: If the key is rejected, or may not read the configured athlete.
        ConnectionStopped: If a response has an unexpected shape.
    """
    account = _account(connection)
    connection.log.info("connected to the account of athlete %s", account.id)
    return Account(
        account.id,
        account.name,
        account.timezone,
        _notes(connection),
    )


def _account(connection: Connection) -> Account:
    """Return the account without notes."""
    athlete = requested_athlete(connection)
    try:
        answer = connection.http.get(athlete_path(athlete, "profile"), accept=(404,))
    except AthleteNeeded as error:
        explanation = _explain(error, athlete)
        if explanation is None:
            raise
        raise explanation from error
    if answer.status == 404 and athlete == OWNER:
        # The server has no profiles. The athlete itself proves the key as well; its secrets are not
        # kept.
        answer = connection.http.get(athlete_path(athlete), accept=(404,))
    if answer.status == 404:
        raise AthleteNeeded(
            "FG-athlete-unknown",
            f"Intervals.icu has no athlete {athlete}",
            fix="leave the athlete id out to use the key's own account; the id is shown in "
            "Settings → Developer Settings",
        )
    return _read_account(answer)


def _explain(error: AthleteNeeded, athlete: str) -> AthleteNeeded | None:
    """Return the error with what it means at Intervals.icu and what to do there, or ``None``.

    Seen: a wrong key gets 401, someone else's athlete 403. The transport knows only the status.
    """
    if error.code == "FG-key-rejected":
        return AthleteNeeded(
            error.code,
            "Intervals.icu rejects this API key",
            at=error.at,
            why="it is mistyped or incomplete, or a newer key replaced it",
            # The entry says where the key is shown.
            fix=error.fix,
        )
    if error.code == "FG-not-permitted" and athlete != OWNER:
        return AthleteNeeded(
            error.code,
            f"this API key may not read athlete {athlete}",
            at=error.at,
            why="the key belongs to another athlete, or the id is wrong",
            fix="leave the athlete id out to use the key's own account, or ask that athlete for "
            "access",
        )
    return None


def _read_account(answer: Answer) -> Account:
    """Return the account of a response of ``/profile`` or of ``/athlete/{id}``.

    In a profile, the athlete is one level down, under the key ``athlete``.
    """
    document = answer.json()
    athlete = document
    if isinstance(document, dict):
        athlete = document.get("athlete", document)
    identity = None
    if isinstance(athlete, dict):
        identity = _text(athlete.get("id"))
    if identity is None:
        raise unexpected_response(
            answer,
            'an athlete\'s profile, {"athlete": {"id": …}}',
            document,
        )
    return Account(
        identity,
        _text(athlete.get("name")),
        _text(athlete.get("timezone")),
    )


def _text(value: Any) -> str | None:
    """Return a text or a number as clean text, or None for anything else and for empty texts."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None
    return clean_text(value).strip()[:_LONGEST_TEXT] or None


def _notes(connection: Connection) -> tuple[str, ...]:
    """Return notes on the last 90 days, from one list request of three keys per row.

    Stubs are recognized by their ``source`` and not by ``_note``, which some responses lack.
    """
    today = connection.clock.now().date()
    # The list is by the athlete's local day, which may be a day ahead of UTC.
    params = {
        "oldest": str(today - timedelta(days=DAYS)),
        "newest": str(today + timedelta(days=2)),
        "fields": "id,start_date_local,source",
    }
    answer = connection.http.get(activities_path(requested_athlete(connection)), params)
    # By id, because nothing promises that a list has each activity only once.
    rows = {}
    for row in map(read_row, rows_of_response(answer, MOST_ROWS)):
        if row is not None and row.external_id is not None:
            rows[row.external_id] = row
    stubs = sum(row.source == "STRAVA" for row in rows.values())
    if not rows:
        return (f"The account has no activities in the last {DAYS} days.",)
    if not stubs:
        return (f"All {len(rows)} activities of the last {DAYS} days can be read.",)
    verb = "comes" if stubs == 1 else "come"
    strava = (
        f"Of the {len(rows)} activities of the last {DAYS} days, {stubs} {verb} from Strava and "
        "will never arrive: Strava's terms forbid Intervals.icu to pass them on."
    )
    remedy = (
        "To get them here, link your device's maker (Garmin, Wahoo, Coros, Suunto, Polar, "
        "Zwift, …) to Intervals.icu itself "
        "(Intervals.icu → Settings → Connections), and import Strava's archive of your "
        "account; `fitglue connect strava` shows how."
    )
    return (strava, remedy)
