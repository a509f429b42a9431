"""The files in an upload: one file, or those that a gzip or a zip contains."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from typing import TYPE_CHECKING

from fitglue_formats import activities, kind_of
from fitglue_registry.errors import RecordRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.model import SourceActivity

_BROKEN = (OSError, EOFError, zlib.error, zipfile.BadZipFile)


class UploadRefused(Exception):
    """The reason why the service does not accept an upload."""


def files_in(upload: bytes) -> Iterator[bytes]:
    """Yield each file of an upload, unpacked.

    Documented: an upload is a FIT, TCX or GPX file, or a zip or a gzip of them.

    Raises:
        UploadRefused: If a gzip or a zip is broken.
    """
    kind = kind_of(upload[:4096])
    try:
        if kind == "gzip":
            yield gzip.decompress(upload)
        elif kind == "zip":
            with zipfile.ZipFile(io.BytesIO(upload)) as archive:
                for name in archive.namelist():
                    yield archive.read(name)
        else:
            yield upload
    except _BROKEN as error:
        raise UploadRefused("Unable to read compressed file") from error


def workouts_in(file: bytes) -> list[SourceActivity]:
    """Return the workouts of a file, one for each leg of a multisport file.

    Raises:
        UploadRefused: If the file is none of the three formats, or contains no workout.
    """
    # The texts of the errors are guesses: no such response was captured.
    if kind_of(file[:4096]) not in ("fit", "tcx", "gpx"):
        raise UploadRefused("Unrecognized file format, expected fit, tcx or gpx")
    try:
        return activities(file)
    except RecordRefused as error:
        raise UploadRefused("No activity found in file") from error
