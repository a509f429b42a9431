"""The settings of a folder as a pipeline states them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

from fitglue_destinations.folder.contents import FIT
from fitglue_destinations.folder.names import DEFAULT, file_name

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Delivery

FORMATS = ("fit", "gpx", "tcx", "json", "csv", "parquet", "original")
"""The formats of the setting ``format``."""


class FolderSettings(NamedTuple):
    """The settings of a folder.

    Attributes:
        path: The absolute path of the folder.
        format: One of ``FORMATS``.
        template: The template of the file names.
    """

    path: str
    format: str
    template: str

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        """Return the settings of a delivery.

        Args:
            delivery: The delivery.
        """
        settings = delivery.settings
        return cls(
            settings.get("path", ""),
            settings.get("format") or FIT,
            settings.get("file_name") or DEFAULT,
        )

    def name_of(self, delivery: Delivery) -> str:
        """Return the path of the file of a delivery below the folder, without its ending.

        Args:
            delivery: The delivery.

        Raises:
            UserMistake: FG-name-template if the template leads to no file in the folder.
        """
        return file_name(self.template, delivery)
