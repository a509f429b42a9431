"""Shows and changes the settings of athletes, and applies them to their activities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.matching.home_zone_change import remerge_for_home_zone
from fitglue_registry.matching.home_zones import TIMEZONE
from fitglue_registry.services.argument_types import checks_arguments
from fitglue_registry.services.boosting import run_used_boosters
from fitglue_registry.services.threshold_settings import threshold_key, threshold_value
from fitglue_registry.store.athlete_settings import (
    Setting,
    drop_all_values,
    drop_setting,
    load_settings,
    put_setting,
)
from fitglue_registry.store.athletes import ensure_athlete, lock_athlete
from fitglue_registry.store.computations import mark_stale
from fitglue_registry.store.days import day_text
from fitglue_registry.validation.wording import nearest
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.workspace import Workspace

    Rows = list[dict[str, Any]]


#: Abbreviations that are names of zones, and a place with the usual clocks of each.
_ABBREVIATIONS = {"EST": "America/New_York", "MST": "America/Denver"}


@checks_arguments
class Settings:
    """The settings of athletes: the home zone, and the thresholds that boosters compare with.

    A value holds from a local day on, because athletes move and get stronger: a workout keeps the
    zone and the thresholds of its time.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def list(self, athlete: str = ME) -> Rows:
        """Return the settings of an athlete.

        Args:
            athlete: The athlete.

        Returns:
            Rows with ``setting``, ``value`` and ``since``, the first local day on which the value
            holds; ``None`` is from the beginning. The values of one setting are oldest first.
        """
        with self._workspace.database.read() as db:
            return _rows(load_settings(db, athlete))

    def threshold(self, name: str, athlete: str = ME) -> Rows:
        """Return the values of a threshold of an athlete.

        Args:
            name: The name of the threshold, as ``set_threshold`` takes it.
            athlete: The athlete.

        Returns:
            Rows as ``list`` returns them, oldest first. If ``name`` has no sport, the values of
            single sports are rows as well.

        Raises:
            UserMistake: See ``set_threshold``.
        """
        key = threshold_key(name)
        with self._workspace.database.read() as db:
            stored = load_settings(db, athlete)
        return _rows([setting for setting in stored if _belongs(setting.key, key)])

    def set_threshold(
        self,
        name: str,
        value: str,
        since: date | None = None,
        athlete: str = ME,
    ) -> int:
        """Set a threshold of an athlete, and run the boosters again that have computed anything.

        Args:
            name: ``ftp`` (threshold power), ``lthr`` (threshold heart rate), ``max_hr``,
                ``rest_hr`` or ``sex``. Of the first three, ``ftp.running`` is the value of one
                family of sports. ``ftp`` alone is that of cycling; the others hold for every sport
                that has none of its own.
            value: The value: watts, beats per minute, ``female`` or ``male``.
            since: The first local day on which it holds; ``None`` is from the beginning.
            athlete: The athlete.

        Returns:
            The number of activities for which a booster has another result.

        Raises:
            UserMistake: FG-setting-unknown, FG-sport-unknown, or FG-value-refused if the value
                cannot be right.
        """
        key = threshold_key(name)
        setting = Setting(key, threshold_value(key, value), since)
        with self._workspace.database.write() as db:
            ensure_athlete(db, athlete, self._workspace.now)
            lock_athlete(db, athlete)
            put_setting(db, athlete, setting)
            # A process that is killed before the boosters have run again leaves the mark.
            mark_stale(db, athlete)
        return run_used_boosters(self._workspace, athlete)

    def unset_threshold(
        self,
        name: str,
        since: date | None = None,
        athlete: str = ME,
    ) -> int:
        """Remove values of a threshold, and run the boosters again that have computed anything.

        Args:
            name: The name of the threshold, as ``set_threshold`` takes it.
            since: Only the value that holds from this local day on; ``None`` removes all of them.
            athlete: The athlete.

        Returns:
            The number of activities for which a booster has another result.

        Raises:
            UserMistake: FG-setting-unset if no such value is set; see also ``set_threshold``.
        """
        key = threshold_key(name)
        with self._workspace.database.write() as db:
            lock_athlete(db, athlete)
            if not _drop(db, athlete, key, since):
                raise _not_set(key, key, since)
            mark_stale(db, athlete)
        return run_used_boosters(self._workspace, athlete)

    def timezone(self, athlete: str = ME) -> Rows:
        """Return the home zones of an athlete.

        Args:
            athlete: The athlete.

        Returns:
            Rows as ``list`` returns them, oldest first; none if no home zone is set.
        """
        with self._workspace.database.read() as db:
            return _rows(load_settings(db, athlete, TIMEZONE))

    def advice(self, zone: str) -> str | None:
        """Return why a zone may not be what an athlete meant, or ``None``.

        Args:
            zone: The name of an existing zone.
        """
        if zone in _ABBREVIATIONS:
            place = _ABBREVIATIONS[zone]
            return f"{zone} has no daylight saving time; a place with it is {place}"
        if zone.startswith("Etc/GMT") and zone[len("Etc/GMT") :].strip("+-0"):
            return (
                f"the sign in {zone} is reversed (Etc/GMT+5 means UTC-5), and it has no daylight "
                f"saving time"
            )
        return None

    def set_timezone(
        self,
        zone: str,
        since: date | None = None,
        athlete: str = ME,
    ) -> int:
        """Set the home zone of an athlete, and apply it to the activities whose zone is unknown.

        The source activities stay as they are. An activity of which only the UTC start is known
        gets a local start, and the other way round; both are marked as estimated.

        Args:
            zone: The IANA name of the zone, such as ``Europe/Zurich``.
            since: The first local day on which it holds; ``None`` is from the beginning.
            athlete: The athlete.

        Returns:
            The number of activities that changed.

        Raises:
            UserMistake: FG-zone-unknown if no zone has this name.
        """
        _check_zone(zone)
        matcher = self._workspace.matcher()
        now = self._workspace.now
        # The setting and its effect are one transaction: a process that is killed leaves both or
        # neither.
        with self._workspace.database.write() as db:
            ensure_athlete(db, athlete, now)
            lock_athlete(db, athlete)
            put_setting(db, athlete, Setting(TIMEZONE, zone, since))
            return remerge_for_home_zone(db, matcher, athlete, now)

    def unset_timezone(self, since: date | None = None, athlete: str = ME) -> int:
        """Remove home zones of an athlete, and what was estimated with them.

        Args:
            since: Only the zone that holds from this local day on; ``None`` removes all of them.
            athlete: The athlete.

        Returns:
            The number of activities that changed.

        Raises:
            UserMistake: FG-setting-unset if no such zone is set.
        """
        matcher = self._workspace.matcher()
        with self._workspace.database.write() as db:
            lock_athlete(db, athlete)
            if not _drop(db, athlete, TIMEZONE, since):
                raise _not_set(TIMEZONE, "home zone", since)
            return remerge_for_home_zone(db, matcher, athlete, self._workspace.now)


def _belongs(key: str, name: str) -> bool:
    """Return whether a setting is a threshold, or its value for one sport."""
    return key == name or key.startswith(f"{name}.")


def _drop(
    db: Db,
    athlete: str,
    key: str,
    since: date | None,
) -> bool:
    if since is None:
        return drop_all_values(db, athlete, key)
    return drop_setting(db, athlete, key, since)


def _not_set(
    key: str,
    words: str,
    since: date | None,
) -> UserMistake:
    when = f" from {since} on" if since else ""
    return UserMistake(
        "FG-setting-unset",
        f"no {words} is set{when}",
        at=Place(field=key),
        fix="`fitglue settings` lists what is set",
    )


def _check_zone(zone: str) -> None:
    names = available_timezones()
    if zone in names:
        return
    # Many people type only the city.
    cities = {name.rpartition("/")[2]: name for name in sorted(names)}
    city = nearest(zone.replace(" ", "_"), cities)
    near = nearest(zone.replace(" ", "_"), names) or cities.get(city or "")
    raise UserMistake(
        "FG-zone-unknown",
        f"no time zone is called {zone!r}",
        at=Place(field=TIMEZONE),
        why=f"the nearest name is {near}" if near else None,
        fix=f"type the IANA name of the zone, such as {near or 'Europe/Zurich'}",
    )


def _rows(settings: list[Setting]) -> Rows:
    rows = []
    for setting in settings:
        since = day_text(setting.since)
        rows.append({"setting": setting.key, "value": setting.value, "since": since})
    return rows
