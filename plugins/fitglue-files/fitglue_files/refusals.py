"""The errors that refuse a file or container; each names the file and the reason."""

from __future__ import annotations

import errno
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

from fitglue_files import limits
from fitglue_formats.refusals import shortened
from fitglue_registry.errors import Place, RecordRefused
from fitglue_registry.payloads import ZIP

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What opening and reading a file or zip can raise; ``refusal_of`` translates each of them.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    IndexError,  # a member without a name
    OSError,
    ValueError,
    UnicodeError,
    MemoryError,
)


#: What to do about a file or folder that another user may read, and this one may not.
_PERMISSION = "give yourself permission to read it, for example with: chmod u+rX PATH"
_AGAIN = "run the sync again"
_COPY = "copy it again from where it came from"
_CONNECT = "connect the drive again"
_NO_DRIVE = "its network drive does not answer"
#: Error number of the system → why a file or folder cannot be opened, and what to do.
_WORDS: dict[int | None, tuple[str, str]] = {
    errno.EACCES: (
        "you may not read it",
        _PERMISSION,
    ),
    errno.EPERM: (
        "you may not read it",
        _PERMISSION,
    ),
    errno.EIO: (
        "the disk reports an error",
        _COPY,
    ),
    errno.ELOOP: (
        "it is a link",
        "import what the link leads to",
    ),
    errno.ENOTDIR: (
        "it has been replaced meanwhile",
        _AGAIN,
    ),
    errno.ENAMETOOLONG: (
        "its path is too long",
        "move it into a folder nearer to the top",
    ),
    errno.EMFILE: (
        "too many files are open",
        _AGAIN,
    ),
    errno.EBUSY: (
        "another program is using it",
        "close that program",
    ),
    errno.ESTALE: (
        _NO_DRIVE,
        _CONNECT,
    ),
    errno.ETIMEDOUT: (
        _NO_DRIVE,
        _CONNECT,
    ),
}
#: The characters of the longest place and of the longest reason in a message. The errors of zipfile
#: and of the system repeat names.
_LONGEST_PLACE = 1300
_LONGEST_WHY = 500


def refusal(
    code: str,
    where: str,
    why: str,
    *,
    fix: str,
) -> RecordRefused:
    """Return the refusal of one file, whose place and reason may be of any length."""
    # Each zip on the way to a file is shortened alone, so what ``display_path`` returns fits.
    place = shortened(where, _LONGEST_PLACE)
    what = f"{place} cannot be used: {shortened(why, _LONGEST_WHY)}"
    return RecordRefused(code, what, at=Place(file=place), fix=fix)


def restored(values: Mapping[str, Any]) -> RecordRefused:
    """Return a refusal that was stored as plain values (``FitglueError.as_dict``)."""
    where = values.get("where")
    return RecordRefused(
        values["code"],
        values["what"],
        at=Place(**where) if where else None,
        why=values.get("why"),
        fix=values.get("fix"),
    )


def row_missing(external_id: str) -> RecordRefused:
    """Return the refusal of a row that is no longer in its table when it is read."""
    return RecordRefused(
        "FG-row-missing",
        f"workout {external_id} is no longer in the tables of the archive, which was changed after "
        "the sync had listed its workouts",
        fix="run the sync again; what an earlier sync stored of the workout is kept",
    )


def of_no_kind(where: str, error: RecordRefused) -> RecordRefused:
    """Return the refusal of a file that is of no format that can contain a workout.

    Args:
        where: The place of the file.
        error: The reason, about "the file".
    """
    return RecordRefused(
        error.code,
        error.what.replace("the file", where, 1),
        at=Place(file=where),
        fix=error.fix,
    )


def too_large(where: str) -> RecordRefused:
    """Return the refusal of a file that is larger than any workout."""
    return refusal(
        "FG-file-too-large",
        where,
        f"it has more than {limits.LARGEST >> 20} MB, and no workout or table is that large",
        fix="remove it",
    )


def zip_too_large(where: str) -> RecordRefused:
    """Return the refusal of a nested zip that is larger than any part of an archive."""
    return refusal(
        "FG-file-too-large",
        where,
        f"it is a zip of more than {limits.LARGEST_ZIP >> 30} GB in a zip, and no archive has one",
        fix="unpack it with another program, and import the folder",
    )


def bomb(where: str) -> RecordRefused:
    """Return the refusal of a decompression bomb."""
    return refusal(
        "FG-zip-bomb",
        where,
        "it unpacks to hundreds of times its size, which only a decompression bomb does",
        fix="remove it",
    )


def larger_than_stated(where: str) -> RecordRefused:
    """Return the refusal of a member that unpacks to more than its zip states."""
    return refusal(
        "FG-zip-bomb",
        where,
        "it unpacks to more bytes than the zip states: it is damaged, or a decompression bomb",
        fix="download it again; if that does not help, remove it",
    )


def among_damaged(where: str) -> RecordRefused:
    """Return the refusal of a member of a zip in which many others could not be unpacked."""
    return refusal(
        "FG-zip-broken",
        where,
        "many other files of the same zip could not be unpacked",
        fix="download it again",
    )


def crowded(where: str) -> RecordRefused:
    """Return the refusal of a zip with more members than an archive could have."""
    return refusal(
        "FG-zip-bomb",
        where,
        "it contains more files than any archive of its size, which only a decompression bomb does",
        fix="remove it",
    )


def without_index(where: str, beginning: bytes) -> RecordRefused:
    """Return the refusal of a file that is named as a zip and has no index at its end.

    Args:
        where: The place of the file.
        beginning: Its first bytes.
    """
    if beginning.startswith(ZIP):
        why = "the zip is cut off before its end, as after an interrupted download"
    elif beginning:
        why = "it is not a zip, although its name says so; a web page may have been saved instead"
    else:
        why = "it is empty, as after an interrupted download"
    return refusal(
        "FG-zip-broken",
        where,
        why,
        fix="download it again",
    )


def folder_closed(where: str, error: OSError) -> RecordRefused:
    """Return the refusal of a folder that cannot be opened.

    Args:
        where: The path of the folder.
        error: What opening it raised.
    """
    why, fix = why_unreadable(error)
    return RecordRefused(
        "FG-folder-unreadable",
        f"the folder {where} cannot be opened: {why}; the workouts in it are missing",
        at=Place(file=where),
        fix=fix,
    )


def why_unreadable(error: OSError) -> tuple[str, str]:
    """Return in words why a file or folder cannot be opened or read, and what to do.

    The text of the system, such as ``[Errno 13] Permission denied: 'x'``, helps few athletes.
    """
    code = error.errno
    if code in _WORDS:
        return _WORDS[code]
    return error.strerror or str(error), _COPY


def refusal_of(where: str, error: BaseException) -> RecordRefused:
    """Return the refusal for an error that was raised while a file was opened or read."""
    if isinstance(error, RecordRefused):
        return error
    if isinstance(error, FileNotFoundError):
        return refusal(
            "FG-file-missing",
            where,
            "it is no longer there",  # it was moved or deleted after it was listed
            fix="put the file back, or do nothing: what was read from it is kept",
        )
    if isinstance(error, MemoryError):
        return refusal(
            "FG-file-too-large",
            where,
            "reading it takes more memory than FitGlue gives to one file",
            fix="remove it",
        )
    # zipfile raises this for compression methods that it does not support, such as Deflate64.
    if isinstance(error, NotImplementedError):
        return refusal(
            "FG-zip-packing",
            where,
            f"it is compressed with a method that Python does not support ({error})",
            fix="unpack the archive with another program, and import the folder",
        )
    if isinstance(error, OSError):
        why, fix = why_unreadable(error)
        return refusal("FG-file-unreadable", where, why, fix=fix)
    return refusal(
        "FG-zip-broken",
        where,
        f"this part of the archive is damaged: {error}",
        fix="download it again",
    )
