"""Translates messages of the database drivers into errors with a code, a reason and a fix."""

from __future__ import annotations

from typing import NamedTuple

from fitglue_registry.errors import Place, StoreFailed

#: What reading a damaged value raises, and a bug, too.
UNREADABLE = (
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    AssertionError,
    RecursionError,
)
#: The fix for a damaged database.
RESTORE = (
    "restore the last backup with `fitglue backup restore FILE --replace`; if you have none, move "
    "the file aside, then `fitglue connect` and "
    "`fitglue sync` fetch everything again"
)
_VARIABLE = "FITGLUE_DATABASE"
_START_SERVER = "start the server, or correct FITGLUE_DATABASE"
_RUN_AGAIN = "start the server and run the same command again"
_LONGEST_WHY = 200
_DETAIL = "DETAIL:"


class _Failure(NamedTuple):
    """A failure that is recognized by one of ``texts``, which are in lower case."""

    code: str
    what: str
    fix: str
    texts: tuple[str, ...]


# The first match decides, because one message can contain several of the texts: "connection failed:
# … password authentication failed". Only the message distinguishes the causes, since the drivers
# raise the same OperationalError for nearly all of them. SQLite writes "readonly", PostgreSQL
# "read-only".
_FAILURES = (
    _Failure(
        "FG-disk-full",
        "the disk is full",
        "free some space and run the same command again: it continues where it stopped",
        ("disk is full", "no space left"),
    ),
    _Failure(
        "FG-disk-full",
        "the disk refused to write",
        "check the free space and the health of the disk, then run the command again",
        ("disk i/o error",),
    ),
    _Failure(
        "FG-store-read-only",
        "the database cannot be written",
        "ask its operator for permission to write",
        ("read-only",),
    ),
    _Failure(
        "FG-store-read-only",
        "the database cannot be written",
        "give yourself permission to write the file and its folder",
        ("readonly",),
    ),
    _Failure(
        "FG-store-unreachable",
        "the database cannot be opened",
        "check that the folder exists and belongs to you",
        ("unable to open",),
    ),
    _Failure(
        "FG-store-locked",
        "another program keeps the database locked",
        "close it and run the same command again",
        ("database is locked",),
    ),
    _Failure(
        "FG-store-denied",
        "this user of the database does not own its tables",
        "run the command once as the user who created them, or let that user give them away with "
        "REASSIGN OWNED",
        ("must be owner of",),
    ),
    _Failure(
        "FG-store-denied",
        "this user of the database lacks a permission",
        "let the owner of the database grant it, such as GRANT USAGE, CREATE ON SCHEMA fitglue",
        ("permission denied for", "no schema has been selected"),
    ),
    _Failure(
        "FG-views-in-use",
        "a view of an application uses the views of FitGlue, so they cannot be upgraded",
        "drop that view, run the same command again, and create the view again",
        ("other objects depend on it",),
    ),
    _Failure(
        "FG-store-locked",
        "two processes that write the database wait for each other",
        "run the same command again: nothing of its last step was stored",
        ("deadlock detected",),
    ),
    _Failure(
        "FG-store-damaged",
        "the database file is damaged",
        RESTORE,
        ("malformed", "could not decode to utf-8"),
    ),
    _Failure(
        "FG-store-damaged",
        "the file is not a database",
        f"{RESTORE}; or name another file in FITGLUE_DATABASE",
        ("not a database",),
    ),
    _Failure(
        "FG-store-unreachable",
        "the database server rejects the login",
        "correct FITGLUE_DATABASE",
        ("authentication failed",),
    ),
    _Failure(
        "FG-store-unreachable",
        "the database server does not answer",
        _START_SERVER,
        ("connection failed",),
    ),
    _Failure(
        "FG-store-unreachable",
        "the database server does not exist",
        "correct FITGLUE_DATABASE",
        ("failed to resolve host",),
    ),
    _Failure(
        "FG-store-unreachable",
        "the database server does not answer",
        _START_SERVER,
        ("connection to server",),
    ),
    _Failure(
        "FG-store-unreachable",
        "the database server closed the connection",
        _RUN_AGAIN,
        ("server closed the connection", "terminating connection"),
    ),
)


def _reason(message: str) -> str:
    """Return the first line of a message, and what PostgreSQL names as its detail."""
    first, *others = message.splitlines()
    details = [line.removeprefix(_DETAIL).strip() for line in others if line.startswith(_DETAIL)]
    return "; ".join([first, *details])[:_LONGEST_WHY]


def translate_driver_error(
    message: str,
    where: str,
    variable: str = _VARIABLE,
) -> StoreFailed | None:
    """Return the error for a message of a driver, or ``None`` if the message is unknown.

    Args:
        message: The text of the driver's exception.
        where: The path of the database, or its URL without passwords.
        variable: The environment variable that usually names the URL.
    """
    lowered = message.lower()
    for failure in _FAILURES:
        if any(text in lowered for text in failure.texts):
            why = _reason(message)
            place = Place(where)
            return StoreFailed(
                failure.code,
                failure.what,
                at=place,
                why=why,
                fix=failure.fix.replace(_VARIABLE, variable),
            )
    return None
