"""What recorded a FIT file: maker, model, serial number and software, as far as the file says
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.model import Device

if TYPE_CHECKING:
    from fitglue_formats.fit.messages import Messages, Values


def device_of(messages: Messages) -> Device | None:
    """The device that wrote the file, by its ``file_id`` and what it says of itself."""
    file_id = messages.first("file_id")
    creators = [
        values
        for values in messages.all("device_info")
        if values.get("device_index") in ("creator", 0)
    ]
    manufacturer = _first("manufacturer", file_id, *creators)
    product = _first("product", file_id, *creators)
    serial = _first("serial_number", file_id, *creators)
    software = next(
        (value for values in creators if (value := values.get("software_version")) is not None),
        None,
    )
    name = _first("product_name", file_id, *creators) or " ".join(
        _words(part) for part in (manufacturer, product) if part and part != "0"
    )
    made = Device(
        name=name or None,
        manufacturer=manufacturer,
        product=product,
        serial=serial,
        software=f"{software:g}" if isinstance(software, int | float) else None,
    )
    return None if made == Device() else made


def _first(name: str, *messages: Values) -> str | None:
    """The first value that says something; 0 is none for a serial number, and products without a
    name are numbers.
    """
    for values in messages:
        value = values.get(name)
        text = value if isinstance(value, str) else str(value) if isinstance(value, int) else None
        text = "".join(char for char in text if char.isprintable()).strip() if text else None
        if text and not (name == "serial_number" and not int(text)):
            return text
    return None


def _words(name: str) -> str:
    words = name.replace("_", " ").split()
    return " ".join(word[:1].upper() + word[1:] for word in words)
