"""Determines which source each value of an activity comes from, and how the source obtained it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.model import ABSENT
from fitglue_registry.model.stored import FieldOrigin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.model import Provenance as Origin
    from fitglue_registry.registry import Catalogue, Datum
    from fitglue_registry.store.activity_details import ActivityDetails, MemberRow

    #: Field → where its value comes from.
    Provenance = dict[str, dict[str, Any]]

_WITHOUT_SOURCE = {
    "upstream": None,
    "note": None,
    "connection": None,
    "external_id": None,
}
#: The origins of values that are stated in the merged activity, and in no record.
_WITHOUT_RECORD = (FieldOrigin.COMPUTED, FieldOrigin.HOME_ZONE, FieldOrigin.BOOSTER)
_BY_THE_ATHLETE = {
    "how": "reported",
    "by": "athlete",
    **_WITHOUT_SOURCE,
}


def provenance_of(details: ActivityDetails, catalogue: Catalogue) -> Provenance:
    """Return field → where its value comes from, for every field of an activity with a value.

    Parts of fields that a source activity names, such as ``metrics.trimp``, follow the fields.
    """
    members = {member.id: member for member in details.members}
    provenance: Provenance = {}
    for name in details.activity.__struct_fields__:
        supplier = details.origins.get(name, details.origins.get("", 0))
        # Without the second condition, the default of 0 would look like the athlete.
        if supplier == FieldOrigin.ATHLETE and name in details.origins:
            provenance[name] = dict(_BY_THE_ATHLETE)
            continue
        if supplier in _WITHOUT_RECORD:
            provenance[name] = _computed(details.activity.provenance[name])
            continue
        member = members.get(supplier)
        has_value = getattr(details.activity, name) not in ABSENT
        if member is not None and has_value:
            default = _datum(catalogue, member.entry, name)
            exception = details.activity.provenance.get(name)
            provenance[name] = _by_a_source(member, exception, default)
    return provenance | _parts(details, members)


def _parts(
    details: ActivityDetails,
    members: Mapping[int, MemberRow],
) -> Provenance:
    """Return ``field.part`` → where it comes from, for parts that a source activity names."""
    parts: Provenance = {}
    for name, origin in details.activity.provenance.items():
        field, dot, _ = name.partition(".")
        supplier = details.origins.get(name, details.origins.get(field))
        if supplier is None:
            supplier = details.origins.get("", 0)
        member = members.get(supplier)
        if dot and supplier == FieldOrigin.BOOSTER:
            parts[name] = _computed(origin)
        elif dot and member is not None:
            parts[name] = _by_a_source(member, origin, None)
    return parts


def _computed(origin: Origin) -> dict[str, Any]:
    """Return the origin of a value that was not taken from a source activity."""
    return {**_WITHOUT_SOURCE, "how": origin.how, "by": origin.by, "note": origin.note}


def _by_a_source(
    member: MemberRow,
    exception: Origin | None,
    default: Datum | None,
) -> dict[str, Any]:
    """Return where the value of a field comes from.

    ``exception`` is what the source activity states about its value; ``default`` is the row of
    ``data`` in its entry.
    """
    how = by = upstream = note = None
    if default is not None:
        how = default.kind
        upstream = default.upstream
        note = default.note
    if exception is not None:
        how = exception.how
        by = exception.by
        upstream = exception.upstream or upstream
        note = exception.note or note
    return {
        "how": how,
        "by": by,
        "upstream": upstream or None,
        "note": note or None,
        "connection": member.connection,
        "external_id": member.external_id,
    }


def _datum(
    catalogue: Catalogue,
    source: str,
    name: str,
) -> Datum | None:
    # The entry may have been removed since the activity was stored.
    entry = catalogue.find("source", source)
    if entry is None:
        return None
    for datum in entry.data:
        if datum.path == name:
            return datum
    return None
