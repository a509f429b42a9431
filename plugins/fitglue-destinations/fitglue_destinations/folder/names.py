"""Makes the name of a file from a template: a name that every system accepts, in the folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry import file_names

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Delivery

DEFAULT = "{date}-{sport}-{number}"
"""The template of a folder that states none."""


def file_name(template: str, delivery: Delivery) -> str:
    """Return the path of a file below its folder, without the ending.

    Args:
        template: The template, with the fields of ``fitglue_registry.file_names``. A slash begins a
            subfolder; no value of a field can, and none leads out of the folder.
        delivery: The delivery, whose activity has the values.

    Raises:
        UserMistake: FG-name-template if a field is unknown, or a part of the path is empty.
    """
    fields = file_names.name_fields(delivery.activity, delivery.number)
    # Each part is a name of its own, so that a limit of the system holds for each.
    parts = [file_names.file_name(part, fields, "") for part in template.split("/")]
    return "/".join(parts)
