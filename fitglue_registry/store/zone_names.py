"""Says whether a text can be the name of a time zone."""

from __future__ import annotations

_LONGEST = 200


def is_zone_name(text: str) -> bool:
    """Return whether a text can be the name of a time zone, however a service writes names.

    A name becomes part of a path where the zone is looked up, so it can be no path that leads
    elsewhere.
    """
    if not text or len(text) > _LONGEST or not text.isprintable():
        return False
    parts = text.replace("\\", "/").split("/")
    return bool(parts[0]) and ".." not in parts
