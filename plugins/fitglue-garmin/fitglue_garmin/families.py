"""Which rows of a list belong to one multisport event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from fitglue_garmin.rows import Row, read_row, with_legs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Found:
    """A row of the list: its exact bytes, and the keys that are needed here."""

    content: bytes
    row: Row


def families(contents: Iterable[bytes]) -> Iterator[Found]:
    """Yield each row that is not the leg of a listed event; the row of an event has its legs.

    No row is lost, whatever it states: a leg whose event is not listed is a workout of its own, and
    the leg of a leg is a leg of the event.

    Args:
        contents: The exact bytes of the rows.
    """
    rows = [Found(content, read_row(content)) for content in contents]
    events = _events_of(rows)
    legs: dict[str, list[Found]] = {}
    others = []
    for found in rows:
        external_id = found.row.external_id
        event_id = None if external_id is None else events[external_id]
        if event_id is None or event_id == external_id:
            others.append(found)
        else:
            legs.setdefault(event_id, []).append(found)
    for found in others:
        own_legs = legs.get(found.row.external_id or "", [])
        yield _with_legs(found, own_legs)


def start_of(found: Found) -> datetime:
    """Return the start of a row for sorting; the earliest moment if it has none."""
    # A local time without a zone, because it is compared with such times.
    return found.row.start_local or datetime.min  # noqa: DTZ901


def _with_legs(
    event: Found,
    legs: Iterable[Found],
) -> Found:
    ordered = sorted(legs, key=start_of)
    content = with_legs(event.content, [leg.content for leg in ordered])
    return Found(content, event.row)


# -- from a leg to its event -----------------------------------------------------------------------


def _events_of(rows: Iterable[Found]) -> dict[str, str]:
    """Return, for the id of each row, the id of the row that it belongs to: of an event, or itself.

    Each row is visited once, so a chain of thousands of legs takes no longer than other rows.
    """
    listed = {found.row.external_id: found.row for found in rows}
    by_id = {external_id: row for external_id, row in listed.items() if external_id is not None}
    events: dict[str, str] = {}
    for external_id in by_id:
        above: dict[str, None] = {}
        current: str | None = external_id
        while current is not None and current not in events and current not in above:
            above[current] = None
            current = _listed_parent(by_id, current)
        if current in above:
            circle = list(above)[list(above).index(current) :]
            events.update(_events_of_circle(by_id, circle))
        root = list(above)[-1] if current is None else events[current]
        for leg_id in above:
            events.setdefault(leg_id, root)
    return events


def _listed_parent(rows: Mapping[str, Row], external_id: str) -> str | None:
    """Return the id of the event that a row names, if it is listed and another row."""
    parent_id = rows[external_id].parent_id
    if parent_id == external_id or parent_id not in rows:
        return None
    return parent_id


def _events_of_circle(rows: Mapping[str, Row], circle: Iterable[str]) -> dict[str, str]:
    """Return what the rows of a circle belong to, each of which names the next one as its event.

    The only one that says that it is an event is believed. If there is none, or several, each row
    is a workout of its own, because the row of an event would not be shown as a workout.
    """
    ids = tuple(circle)
    named = [external_id for external_id in ids if rows[external_id].is_event]
    if len(named) == 1:
        return dict.fromkeys(ids, named[0])
    return {external_id: external_id for external_id in ids}
