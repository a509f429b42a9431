"""The names of the elements of a TCX, in their namespaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

if TYPE_CHECKING:
    from lxml.etree import _Element

MAIN = "http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"
EXTENSION = "http://www.garmin.com/xmlschemas/ActivityExtension/v2"
"""Garmin's extension for power, speed, and the cadence of runners."""


def name_of(name: str, namespace: str = MAIN) -> str:
    """Return the name of an element as lxml writes it."""
    return f"{{{namespace}}}{name}"


def child(
    parent: _Element,
    name: str,
    text: str | None = None,
    namespace: str = MAIN,
) -> _Element:
    """Add an element to another one, and return it."""
    element = etree.SubElement(parent, name_of(name, namespace))
    element.text = text
    return element


def extension(
    parent: _Element,
    name: str,
) -> _Element:
    """Add an element of the extension with its own namespace, which many readers expect."""
    extensions = child(parent, "Extensions")
    return etree.SubElement(
        extensions,
        name_of(name, EXTENSION),
        nsmap={None: EXTENSION},
    )
