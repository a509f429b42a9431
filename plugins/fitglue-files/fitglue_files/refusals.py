"""Why a file is left out: one refusal, which names the file, for each way in which it is no use."""

from __future__ import annotations

import zipfile
import zlib

from fitglue_files import limits
from fitglue_registry.errors import Place, RecordRefused

#: What opening and reading a file, or a zip, may raise; ``refusal_of`` says what each means.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
    UnicodeError,
)


def refusal(
    code: str,
    where: str,
    why: str,
    *,
    fix: str,
) -> RecordRefused:
    """The refusal of one file."""
    what = f"{where} cannot be used: {why}"
    return RecordRefused(code, what, at=Place(file=where), fix=fix)


def too_large(where: str) -> RecordRefused:
    """The refusal of what is larger than any workout."""
    return refusal(
        "FG-file-too-large",
        where,
        f"it has more than {limits.LARGEST >> 20} MB, which no workout has",
        fix="leave it out",
    )


def bomb(where: str) -> RecordRefused:
    """The refusal of what is small and would unpack to something huge."""
    return refusal(
        "FG-zip-bomb",
        where,
        "it unpacks to hundreds of times its size, as only hostile archives do",
        fix="remove it",
    )


def refusal_of(where: str, error: BaseException) -> RecordRefused:
    """The refusal that a failure of opening or reading is."""
    if isinstance(error, RecordRefused):
        return error
    if isinstance(error, FileNotFoundError):
        return refusal(
            "FG-file-missing",
            where,
            "it is not there any more",
            fix="put it back, or leave it: what was read of it is kept",
        )
    # Zipfile's word for a compression that it does not know.
    if isinstance(error, NotImplementedError):
        return refusal(
            "FG-zip-packing",
            where,
            f"it is packed in a way that Python cannot read ({error})",
            fix="unpack the archive with another program, and import the folder",
        )
    if isinstance(error, OSError):
        return refusal(
            "FG-file-unreadable",
            where,
            str(error),
            fix="fix it, or give your user the right to read it",
        )
    return refusal(
        "FG-zip-broken",
        where,
        f"the archive is broken there: {error}",
        fix="download it again",
    )
