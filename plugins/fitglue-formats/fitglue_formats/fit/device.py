"""What recorded a FIT file: maker, model, serial number and software, as far as the file says
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_formats.fit.values import text
from fitglue_registry.model import Device

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_formats.fit.messages import Messages, Values


def device_of(messages: Messages) -> Device | None:
    """The device that wrote the file, by its ``file_id`` and what it says of itself."""
    creators = _creators(messages)
    file_id = messages.first("file_id")
    sayings = [file_id, *creators]
    manufacturer = _first(sayings, "manufacturer")
    product = _first(sayings, "product")
    device = Device(
        name=_first(sayings, "product_name") or _name(manufacturer, product),
        manufacturer=manufacturer,
        product=product,
        serial=_first(sayings, "serial_number"),
        software=_software(creators),
    )
    if device == Device():
        return None
    return device


def _creators(messages: Messages) -> list[Values]:
    """What the device that recorded says of itself, without its sensors."""
    creators = []
    for values in messages.all("device_info"):
        if values.get("device_index") in ("creator", 0):
            creators.append(values)
    return creators


def _first(messages: Sequence[Values], name: str) -> str | None:
    """The first value that says something; 0 is none for a serial number, and products without a
    name are numbers.
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
    """The version of the software that the creators say first."""
    for values in creators:
        version = values.get("software_version")
        if isinstance(version, int | float):
            return f"{version:g}"
        if version is not None:
            return None
    return None


def _name(manufacturer: str | None, product: str | None) -> str | None:
    """Maker and product as people write them: ``garmin`` and ``edge_530`` are Garmin Edge 530."""
    words: list[str] = []
    for part in (manufacturer, product):
        if part and part != "0":
            words += part.replace("_", " ").split()
    return " ".join(map(_capitalized, words)) or None


def _capitalized(word: str) -> str:
    """The word with a capital in front, the rest of it as it is."""
    return word[:1].upper() + word[1:]
