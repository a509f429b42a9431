"""What the drivers of the databases say, in our words: a code, what happened, what to do."""

from __future__ import annotations

from typing import NamedTuple

from fitglue_registry.errors import Place, StoreFailed

#: What brings a damaged store back.
RESTORE = (
    "`fitglue backup restore FILE --replace` brings the last backup back; without one move "
    "it aside, then `fitglue connect` and "
    "`fitglue sync` make a new one from the source"
)
_START_SERVER = "start it, or correct FITGLUE_DATABASE"
_RUN_AGAIN = "start it and run the same command again"
_LONGEST = 200


class _Failure(NamedTuple):
    code: str
    what: str
    fix: str
    texts: tuple[str, ...]


#: The first failure of which the driver's message has a text decides.
_FAILURES = (
    _Failure(
        "FG-disk-full",
        "the disk is full",
        "make room and run the same command again: it goes on where it stopped",
        ("disk is full", "no space left"),
    ),
    _Failure(
        "FG-disk-full",
        "the disk refused to write",
        "look at the room and the health of the disk, then run it again",
        ("disk i/o error",),
    ),
    _Failure(
        "FG-store-read-only",
        "the database cannot be written",
        "ask whoever runs it for the right to write",
        ("read-only",),
    ),
    _Failure(
        "FG-store-read-only",
        "the database cannot be written",
        "give yourself the right to write the file and its folder",
        ("readonly",),
    ),
    _Failure(
        "FG-store-unreachable",
        "the database cannot be opened",
        "look whether the folder exists and is yours",
        ("unable to open",),
    ),
    _Failure(
        "FG-store-locked",
        "another program keeps the database locked",
        "close it and run the same command again",
        ("database is locked",),
    ),
    _Failure(
        "FG-store-damaged",
        "the database file is damaged",
        RESTORE,
        ("malformed", "could not decode to utf-8"),
    ),
    _Failure(
        "FG-store-damaged",
        "the file is no database",
        f"{RESTORE}; or name another one in FITGLUE_DATABASE",
        ("not a database",),
    ),
    _Failure(
        "FG-store-unreachable",
        "the database server refuses the login",
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
        "there is no such database server",
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
        "the database server went away",
        _RUN_AGAIN,
        ("server closed the connection", "terminating connection"),
    ),
)


def translate_driver_error(message: str, where: str) -> StoreFailed | None:
    """What the driver says, in our words; ``None`` where it says nothing that we know."""
    lowered = message.lower()
    for failure in _FAILURES:
        if any(text in lowered for text in failure.texts):
            why = message.splitlines()[0][:_LONGEST]
            place = Place(where)
            return StoreFailed(
                failure.code,
                failure.what,
                at=place,
                why=why,
                fix=failure.fix,
            )
    return None
