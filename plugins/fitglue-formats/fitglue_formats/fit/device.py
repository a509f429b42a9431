"""The device that recorded a FIT file: manufacturer, product, serial number and software
version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_formats.fit.values import text
from fitglue_registry.model import Device

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_formats.fit.messages import Messages, Values


def device_of(messages: Messages) -> Device | None:
    """Return the device that wrote the file, or ``None`` if the file states nothing about it.

    The message ``file_id`` wins over the ``device_info`` messages of the creator.
    """
    creators = _creators(messages)
    file_id = messages.first("file_id")
    messages_about_it = [file_id, *creators]
    manufacturer = _first(messages_about_it, "manufacturer")
    product = _first(messages_about_it, "product")
    device = Device(
        name=_first(messages_about_it, "product_name") or _name(manufacturer, product),
        manufacturer=manufacturer,
        product=product,
        serial=_first(messages_about_it, "serial_number"),
        software=_software(creators),
    )
    if device == Device():
        return None
    return device


def _creators(messages: Messages) -> list[Values]:
    """Return the ``device_info`` messages of the device that recorded, without those of its
    sensors.
    """
    creators = []
    for values in messages.all("device_info"):
        # FIT profile, type ``device_index``: 0 is the creator; sensors are numbered from 1.
        if values.get("device_index") in ("creator", 0):
            creators.append(values)
    return creators


def _first(messages: Sequence[Values], name: str) -> str | None:
    """Return the first usable value of a field among several messages, as text.

    A serial number of 0 means "unknown". A product without a name in the profile is a number.
    """
    for values in messages:
        value = values.get(name)
        if not isinstance(value, str | int):
            continue
        known = text(str(value))
        if known is None:
            continue
        is_zero = not known.strip("0")
        if name == "serial_number" and is_zero:
            continue
        return known
    return None


def _software(creators: Sequence[Values]) -> str | None:
    """Return the software version that the first creator with a version states."""
    for values in creators:
        version = values.get("software_version")
        if isinstance(version, int | float):
            return f"{version:g}"  # the profile scales it by 100: 1250 is 12.5
        if version is not None:  # the first version counts, even if it is unreadable
            return None
    return None


def _name(manufacturer: str | None, product: str | None) -> str | None:
    """Return manufacturer and product as people write them: ``garmin`` and ``edge_530`` become
    "Garmin Edge 530".
    """
    words: list[str] = []
    for part in (manufacturer, product):
        if part and part != "0":
            words += part.replace("_", " ").split()
    return " ".join(map(_capitalized, words)) or None


def _capitalized(word: str) -> str:
    """Return the word with a capital first letter; the other letters stay as they are."""
    return word[:1].upper() + word[1:]
