"""Who wrote a FIT file, and which device recorded the workout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_formats.writing.fit.fields import put
from fitglue_formats.writing.fit.sdk import DEVICE_INFO, numbers_of
from fitglue_formats.writing.texts import cut_to_bytes, one_line

if TYPE_CHECKING:
    from fitglue_formats.writing.fit.sdk import Message
    from fitglue_registry.model import Device, SourceActivity

#: FIT profile, type ``manufacturer``: the number 255, for products in development. Garmin gives
#: numbers of their own to companies only.
MANUFACTURER = "development"
_PRODUCT = 1
_NAME = "FitGlue"
_LONGEST_NAME = 60


def file_id(
    activity: SourceActivity,
    start: int,
    serial: int,
) -> Message:
    """Return the message ``file_id``.

    Its serial number is that of the writer, and the name is that of the device that recorded the
    workout, because services show it.
    """
    return {
        "type": "activity",
        "manufacturer": MANUFACTURER,
        "product": _PRODUCT,
        "serial_number": serial,
        # Of the workout and not of the writing, so that the same workout gives the same bytes.
        "time_created": start,
        "product_name": _name(activity.device) or _NAME,
    }


def creator(
    start: int,
    serial: int,
) -> Message:
    """Return the message ``device_info`` of the writer."""
    return {
        "timestamp": start,
        "device_index": "creator",
        "manufacturer": MANUFACTURER,
        "product": _PRODUCT,
        "serial_number": serial,
        "product_name": _NAME,
    }


def recorder(
    device: Device,
    start: int,
) -> Message:
    """Return the message ``device_info`` of the device that recorded the workout."""
    message: Message = {
        "timestamp": start,
        "device_index": 1,
        "source_type": "local",
    }
    if device.manufacturer in numbers_of("manufacturer"):
        message["manufacturer"] = device.manufacturer
    product = numbers_of("garmin_product").get(device.product or "")
    if product is not None:
        message["product"] = product
    for field, text in (
        ("product", device.product),
        ("serial_number", device.serial),
        ("software_version", device.software),
    ):
        put(
            message,
            DEVICE_INFO,
            field,
            _number(text),
        )
    name = _name(device)
    if name is not None:
        message["product_name"] = name
    return message


def _name(device: Device | None) -> str | None:
    name = one_line(device.name) if device is not None else None
    return None if name is None else cut_to_bytes(name, _LONGEST_NAME)


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
