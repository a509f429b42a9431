"""Writer for TCX, by lxml: laps with their track points, and Garmin's extension for power and
speed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from fitglue_formats.writing.moments import iso, start_of
from fitglue_formats.writing.tcx_laps import LapPart, lap_element, parts_of
from fitglue_formats.writing.tcx_names import MAIN, child, name_of
from fitglue_formats.writing.texts import one_line, safe_text
from fitglue_registry.model import family

if TYPE_CHECKING:
    from lxml.etree import _Element

    from fitglue_registry.model import Device, SourceActivity

_FORMAT = "TCX"
#: Schema TrainingCenterDatabase v2, type ``Sport_t``; every other sport is ``Other``.
_SPORTS = {"running": "Running", "cycling": "Biking"}
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_LOCATION = f"{MAIN} http://www.garmin.com/xmlschemas/TrainingCenterDatabasev2.xsd"
_HIGHEST_ID = 0xFFFF_FFFF
_HIGHEST_SHORT = 0xFFFF


def write_tcx(*activities: SourceActivity) -> bytes:
    """Return a TCX file of an activity; several activities become a multisport session.

    Args:
        *activities: The activities with their streams, in the order of time.

    Raises:
        RecordRefused: FG-start-unknown if the start is not known in UTC.
        ValueError: If there is no activity.
    """
    if not activities:
        raise ValueError("a TCX file has at least one activity")
    root = etree.Element(
        name_of("TrainingCenterDatabase"),
        nsmap={None: MAIN, "xsi": _INSTANCE},
    )
    root.set(f"{{{_INSTANCE}}}schemaLocation", _LOCATION)
    parent = child(root, "Activities")
    elements = [_activity(activity) for activity in activities]
    if len(elements) == 1:
        parent.append(elements[0])
    else:
        session = child(parent, "MultiSportSession")
        child(session, "Id", iso(start_of(activities[0], _FORMAT)))
        for number, element in enumerate(elements):
            child(session, "NextSport" if number else "FirstSport").append(element)
    content: bytes = etree.tostring(
        root,
        encoding="UTF-8",
        xml_declaration=True,
    )
    return content


def _activity(activity: SourceActivity) -> _Element:
    """Return the element of an activity."""
    start = start_of(activity, _FORMAT)
    element = etree.Element(name_of("Activity"))
    element.set("Sport", sport_of(activity))
    child(element, "Id", iso(start))
    parts: list[LapPart] = parts_of(activity, start)
    for part in parts:
        element.append(lap_element(activity, start, part))
    notes = safe_text(activity.description)
    if notes is not None:
        child(element, "Notes", notes)
    if activity.device is not None:
        _creator(element, activity.device)
    return element


def sport_of(activity: SourceActivity) -> str:
    """Return the sport of an activity in the words of TCX, which knows three."""
    return _SPORTS.get(family(activity.sport or "Other"), "Other")


def _creator(element: _Element, device: Device) -> None:
    """Add the device that recorded the workout.

    The schema wants all parts; a number that is unknown is 0, which readers take for none.
    """
    creator = child(element, "Creator")
    creator.set(f"{{{_INSTANCE}}}type", "Device_t")
    child(creator, "Name", one_line(device.name) or "Unknown device")
    child(creator, "UnitId", _number(device.serial, _HIGHEST_ID))
    child(creator, "ProductID", _number(device.product, _HIGHEST_SHORT))
    version = child(creator, "Version")
    major, _, minor = (device.software or "").partition(".")
    child(version, "VersionMajor", _number(major, _HIGHEST_SHORT))
    child(version, "VersionMinor", _number(minor, _HIGHEST_SHORT))
    child(version, "BuildMajor", "0")
    child(version, "BuildMinor", "0")


def _number(
    text: str | None,
    most: int,
) -> str:
    """Return a text that is a whole number, and 0 for any other."""
    if text is None or not text.isascii() or not text.isdigit() or int(text) > most:
        return "0"
    return str(int(text))
