"""The gear of an activity as the API names it: by the id of the athlete's own equipment there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_intervals.api import athlete_path, requested_athlete, unexpected_response

if TYPE_CHECKING:
    from fitglue_registry.model import Gear
    from fitglue_registry.plugin_api import Connection


def gear_value(
    connection: Connection,
    gear: Gear | None,
) -> dict[str, str] | None:
    """Return the value of ``gear`` for equipment of an activity, or None.

    Two services share no ids of equipment, so it is found by its name. Nothing is sent if the
    athlete has none of that name there, or more than one.

    Args:
        connection: The connection to send with.
        gear: The equipment of the activity.
    """
    if gear is None or not gear.name:
        return None
    wanted = _folded(gear.name)
    # A dictionary, because nothing promises that a list has each item only once.
    ids = {}
    for item in _listed(connection):
        # Documented: the list has retired equipment and parts of bikes as well.
        if item.get("retired") or item.get("component"):
            continue
        if _folded(item.get("name")) == wanted and isinstance(item.get("id"), str):
            ids[item["id"]] = item
    if len(ids) == 1:
        return {"id": next(iter(ids))}
    connection.log.info(
        "%d items of gear at Intervals.icu have the name %r",
        len(ids),
        gear.name,
    )
    return None


def _listed(connection: Connection) -> list[dict[str, Any]]:
    """Return the equipment of the athlete."""
    path = athlete_path(requested_athlete(connection), "gear.json")
    answer = connection.http.get(path, accept=(404,))
    if answer.status == 404:
        return []
    document = answer.json()
    if not isinstance(document, list):
        raise unexpected_response(
            answer,
            "a list of gear",
            document,
        )
    return [item for item in document if isinstance(item, dict)]


def _folded(name: object) -> str:
    return " ".join(str(name or "").casefold().split())
