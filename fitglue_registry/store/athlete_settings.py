"""Stores the settings of athletes, each of which holds from a local day on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.store.days import day_of, day_text
from fitglue_registry.store.rows import insert_row
from fitglue_registry.store.statements import Statement
from fitglue_registry.store.tables import athlete_settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from sqlalchemy.engine import Connection as Db

_ROWS = Statement(
    sa.select(
        athlete_settings.c.key,
        athlete_settings.c.valid_from,
        athlete_settings.c.value,
    )
    .where(athlete_settings.c.athlete_id == sa.bindparam("athlete"))
    .order_by(athlete_settings.c.key, athlete_settings.c.valid_from)
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One value of a setting.

    Attributes:
        key: The name of the setting.
        value: Its value.
        since: The first local day on which it holds; ``None`` is from the beginning.
    """

    key: str
    value: str
    since: date | None


def load_settings(db: Db, athlete_id: str, key: str | None = None) -> list[Setting]:
    """Return the settings of an athlete, or the values of one, oldest first."""
    settings = []
    for row in _ROWS.rows(db, athlete=athlete_id):
        if key is None or row.key == key:
            settings.append(Setting(row.key, row.value, day_of(row.valid_from)))
    return settings


def value_on(
    settings: Iterable[Setting],
    key: str,
    day: date,
) -> str | None:
    """Return the value that a setting has on a local day, or ``None``.

    Args:
        settings: The settings of an athlete, the values of each of them oldest first.
        key: The name of the setting.
        day: The local day.
    """
    value = None
    for setting in settings:
        if setting.key == key and (setting.since is None or setting.since <= day):
            value = setting.value
    return value


def put_setting(db: Db, athlete_id: str, setting: Setting) -> None:
    """Store a value in place of the one that holds from the same day on."""
    drop_setting(db, athlete_id, setting.key, setting.since)
    insert_row(
        db,
        athlete_settings,
        athlete_id=athlete_id,
        key=setting.key,
        valid_from=day_text(setting.since) or "",
        value=setting.value,
    )


def drop_setting(
    db: Db,
    athlete_id: str,
    key: str,
    since: date | None,
) -> bool:
    """Delete the value that holds from this day on, and return whether there was one."""
    deletion = sa.delete(athlete_settings).where(
        athlete_settings.c.athlete_id == athlete_id,
        athlete_settings.c.key == key,
        athlete_settings.c.valid_from == (day_text(since) or ""),
    )
    return db.execute(deletion).rowcount > 0


def drop_all_values(db: Db, athlete_id: str, key: str) -> bool:
    """Delete every value of a setting, and return whether there was one."""
    deletion = sa.delete(athlete_settings).where(
        athlete_settings.c.athlete_id == athlete_id,
        athlete_settings.c.key == key,
    )
    return db.execute(deletion).rowcount > 0
