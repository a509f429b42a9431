"""Writes zip files that are the same each time."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import io
    from collections.abc import Mapping
    from pathlib import Path

#: The time of each member: with the time of writing, the zip would be another one each time.
_STAMP = (2026, 11, 20, 8, 0, 0)


def write_zip(path: Path | io.BytesIO, members: Mapping[str, bytes]) -> None:
    """Write a zip of these members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _STAMP), content)
