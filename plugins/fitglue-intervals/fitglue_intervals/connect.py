"""Proves an API key with the gentlest request, and tells the athlete beforehand what will never
arrive.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fitglue_intervals.api import (
    OWNER,
    activities_path,
    athlete_of,
    athlete_path,
    read_row,
    rows_of,
    unexpected,
)
from fitglue_intervals.reading import clean_text
from fitglue_registry.errors import AthleteNeeded
from fitglue_registry.plugin_api import Account

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Answer, Connection

DAYS = 90


def connect(connection: Connection) -> Account:
    """Whose account this is, with notes on what the last 90 days hold.

    ``GET /athlete/0`` would do as a probe, yet it answers with the API key itself and an e-mail
    address; ``…/profile`` does not, and of its answer three values are kept.
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
    athlete = athlete_of(connection)
    try:
        answer = connection.http.get(athlete_path(athlete, "profile"), accept=(404,))
    except AthleteNeeded as error:
        explained = _explained(error, athlete)
        if explained is None:
            raise
        raise explained from error
    if answer.status == 404 and athlete == OWNER:
        # A server that has no profiles: the athlete itself, of whose secrets nothing is kept
        # either.
        answer = connection.http.get(athlete_path(athlete), accept=(404,))
    if answer.status == 404:
        raise AthleteNeeded(
            "FG-athlete-unknown",
            f"Intervals.icu knows no athlete {athlete}",
            fix="leave the athlete id out, then the key's own account is used; it stands in "
            "Settings → Developer Settings",
        )
    return _read_account(answer)


def _explained(error: AthleteNeeded, athlete: str) -> AthleteNeeded | None:
    """The error with what it means at Intervals.icu, and what to do there; ``None`` where nothing
    more is known.
    """
    if error.code == "FG-key-rejected":
        return AthleteNeeded(
            error.code,
            "Intervals.icu rejects this API key",
            at=error.at,
            why="it is mistyped, cut, or was replaced by a new one",
            fix="copy it again: at intervals.icu open Settings, and scroll down to Developer "
            "Settings",
        )
    if error.code == "FG-not-permitted" and athlete != OWNER:
        return AthleteNeeded(
            error.code,
            f"this API key may not read athlete {athlete}",
            at=error.at,
            why="the key belongs to another athlete, or the id is wrong",
            fix="leave the athlete id out, then the key's own account is used; or ask that "
            "athlete for access",
        )
    return None


def _read_account(answer: Answer) -> Account:
    """Three values of a profile, whose athlete is one level down, or of an athlete."""
    document = answer.json()
    athlete = document
    if isinstance(document, dict):
        athlete = document.get("athlete", document)
    identity = None
    if isinstance(athlete, dict):
        identity = _text(athlete.get("id"))
    if identity is None:
        raise unexpected(
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
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return None
    return clean_text(value).strip() or None


def _notes(connection: Connection) -> tuple[str, ...]:
    """One list of the last 90 days, three keys a row; stubs come whole all the same, and there are
    few reasons to trust their note.
    """
    today = connection.clock.now().date()
    params = {
        "oldest": str(today - timedelta(days=DAYS)),
        "newest": str(today + timedelta(days=2)),
        "fields": "id,start_date_local,source",
    }
    answer = connection.http.get(activities_path(athlete_of(connection)), params)
    rows = {}
    for row in map(read_row, rows_of(answer)):
        if row is not None and row.external_id is not None:
            rows[row.external_id] = row
    stubs = sum(row.source == "STRAVA" for row in rows.values())
    if not rows:
        return (f"There is no activity in the last {DAYS} days.",)
    if not stubs:
        return (f"All {len(rows)} activities of the last {DAYS} days can be read.",)
    strava = (
        f"{stubs} of the last {DAYS} days' {len(rows)} activities come from Strava and will "
        "never arrive: "
        "Strava's terms forbid Intervals.icu to hand them on."
    )
    remedy = (
        "To have them here, link your device's maker (Garmin, Wahoo, Coros, Suunto, Polar, "
        "Zwift, …) to Intervals.icu itself "
        "(Intervals.icu → Settings → Connections), and import Strava's archive of your "
        "account: `fitglue connect strava` tells how."
    )
    return (strava, remedy)
