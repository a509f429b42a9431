"""Notes about the files that are about to be written, for what a killed process has left.

Between the moment in which a file has its name and the moment in which the host has stored the
receipt, only a note says to which delivery the file belongs. Its content alone would not be enough:
the activity may have changed since.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Self

from fitglue_destinations.folder.places import explained
from fitglue_registry.durable import make_folder, write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from fitglue_destinations.folder.contents import Content
    from fitglue_registry.plugin_api import Connection, Delivery

#: How many notes are kept. Only the deliveries that were under way need one.
_MOST = 64


class Note(NamedTuple):
    """What a file was about to be.

    Attributes:
        sha256: The hash of its content.
        ending: The ending of its name.
        identities: By what it is recognized.
        sampled: Whether it was made from samples.
    """

    sha256: str
    ending: str
    identities: tuple[str, ...]
    sampled: bool

    @classmethod
    def of(cls, content: Content) -> Self:
        """Return the note of a content.

        Args:
            content: What is about to be written.
        """
        return cls(
            content.sha256,
            content.ending,
            content.identities,
            content.sampled,
        )


def write_note(
    connection: Connection,
    delivery: Delivery,
    note: Note,
) -> None:
    """Keep a note until the host has stored what became of the delivery.

    Args:
        connection: The connection, whose cache has the notes. Without a cache, nothing is kept.
        delivery: The delivery.
        note: The note.

    Raises:
        Retryable: FG-folder-not-written if the disk of the cache is full.
    """
    path = _path(connection, delivery)
    if path is None:
        return
    with explained(path):
        make_folder(path.parent)
        _remove_old(path.parent)
        write_atomically(path, json.dumps(note._asdict()).encode())


def read_note(connection: Connection, delivery: Delivery) -> Note | None:
    """Return the note of the last attempt of a delivery, or ``None`` if there is none.

    Args:
        connection: The connection.
        delivery: The delivery.
    """
    path = _path(connection, delivery)
    if path is None:
        return None
    try:
        stored = json.loads(path.read_bytes())
        return Note(
            str(stored["sha256"]),
            str(stored["ending"]),
            tuple(stored["identities"]),
            bool(stored["sampled"]),
        )
    except (OSError, ValueError, KeyError, TypeError):  # the cache may be lost at any time
        return None


def _path(connection: Connection, delivery: Delivery) -> Path | None:
    if connection.cache is None:
        return None
    name = hashlib.sha256(delivery.external_id.encode()).hexdigest()
    return connection.cache / "folder-notes" / f"{name}.json"


def _remove_old(folder: Path) -> None:
    """Remove the oldest notes, so that they never become many."""
    notes = list(folder.glob("*.json"))
    if len(notes) < _MOST:
        return
    for path in sorted(notes, key=_written_at)[: len(notes) - _MOST + 1]:
        with suppress(OSError):
            path.unlink()


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
