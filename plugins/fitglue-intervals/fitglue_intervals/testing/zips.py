"""A writer of zip files that are equal each time."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import io
    from collections.abc import Mapping
    from pathlib import Path

#: The time of each member. The present time would make each zip differ from the one before.
_STAMP = (2026, 11, 20, 8, 0, 0)


def write_zip(path: Path | io.BytesIO, members: Mapping[str, bytes]) -> None:
    """Write a zip file.

    Args:
        path: The file, or the buffer to write to.
        members: Name of a member → its content.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _STAMP), content)
