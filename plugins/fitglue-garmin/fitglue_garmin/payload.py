"""The payloads of a record: the row and the detail of a workout, and those of its legs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fitglue_garmin.reading import id_of, number_of, objects_of, read_object
from fitglue_garmin.rows import LEGS
from fitglue_garmin.tables import tables
from fitglue_registry.errors import Place, RecordRefused
from fitglue_registry.payloads import BeyondLimits, DamagedPayload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_garmin.tables import Value
    from fitglue_registry.plugin_api import Record

_FIX = (
    "nothing is lost: the record is kept and is tried again with the next version of "
    "fitglue-garmin; if Garmin Connect shows the activity correctly, report this message"
)


@dataclass(frozen=True, slots=True)
class Payload:
    """What Garmin Connect says about one workout, or about one leg of an event.

    Attributes:
        row: The row of the list; empty if there is none.
        detail: The detail; empty if there is none.
    """

    row: Mapping[str, Any] = field(default_factory=dict)
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def external_id(self) -> str | None:
        """The id of the activity at Garmin Connect."""
        return id_of(self.row.get("activityId")) or id_of(self.detail.get("activityId"))

    @property
    def summary(self) -> Mapping[str, Any]:
        """The measurements of the detail, some of which have other names and units."""
        return self.section("summaryDTO")

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What the detail says about the upload."""
        return self.section("metadataDTO")

    def section(self, name: str) -> Mapping[str, Any]:
        """Return an object of the detail; an empty one if the detail does not have it."""
        value = self.detail.get(name)
        if not isinstance(value, dict):
            return {}
        return value

    def value(
        self,
        in_row: str,
        in_detail: str | None = None,
    ) -> Any:
        """Return a value of the row, or that of the detail if the row has none.

        Args:
            in_row: The key of the row.
            in_detail: The key of the detail, if it is another one.
        """
        value = self.row.get(in_row)
        if value is None:
            value = self.detail.get(in_detail or in_row)
        return value

    def number(self, value: Value) -> float | None:
        """Return a measurement of the row, or that of the detail if the row has none."""
        number = _number(
            self.row,
            value.row,
            value.row_factor,
        )
        if number is None:
            number = _number(
                self.summary,
                value.detail,
                value.detail_factor,
            )
        return number

    def other(self, name: str) -> float | None:
        """Return a measurement by its name in the table ``others``."""
        return self.number(tables().others[name])


def _number(
    values: Mapping[str, Any],
    key: str | None,
    factor: float,
) -> float | None:
    """Return a number in our unit, or ``None`` if it is not there."""
    if key is None:
        return None
    number = number_of(values.get(key))
    if number is None or factor == 1.0:
        return number
    return round(number * factor, 6)


@dataclass(frozen=True, slots=True)
class Event:
    """A record: one workout, or a multisport event with its legs in order of time."""

    whole: Payload
    legs: tuple[Payload, ...] = ()


def event_of(record: Record) -> Event:
    """Return the payloads of a record.

    Raises:
        RecordRefused: If a part cannot be read, or if there is neither a row nor a detail.
    """
    row = _object(record, "summary")
    detail = _object(record, "detail")
    if not row and not detail:
        raise refuse(f"activity {record.external_id} has neither a summary nor a detail", field="$")
    rows = _by_id(row)
    details = _by_id(detail)
    legs = []
    # The detail states the order of the legs, and a leg that was listed since comes last.
    for leg_id in dict.fromkeys((*details, *rows)):
        legs.append(Payload(rows.get(leg_id, {}), details.get(leg_id, {})))
    return Event(Payload(row, detail), tuple(legs))


def refuse(
    what: str, *, field: str, code: str = "FG-payload-invalid", fix: str = _FIX
) -> RecordRefused:
    """Return the error that refuses one record, for the caller to raise.

    Args:
        what: The sentence for the athlete.
        field: The JSON path of the wrong value.
        code: The FG- code.
        fix: What the athlete can do.
    """
    return RecordRefused(
        code,
        what,
        at=Place(field=field),
        fix=fix,
    )


def _object(
    record: Record,
    part: str,
) -> dict[str, Any]:
    """Return one part as an object; an empty one if the record does not have the part."""
    if part not in record.parts:
        return {}
    try:
        return read_object(record.parts[part].read())
    except (ValueError, BeyondLimits, DamagedPayload) as error:
        what = f"the {part} of {record.external_id} cannot be read: {error}"
        raise refuse(what, field="$") from error


def _by_id(value: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the legs in a row or a detail by their ids."""
    by_id = {}
    for leg in objects_of(value.get(LEGS)):
        leg_id = id_of(leg.get("activityId"))
        if leg_id is not None:
            by_id[leg_id] = leg
    return by_id
