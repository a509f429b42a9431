"""Finds out whether the file of a delivery is in its folder, without writing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_destinations.folder.contents import content_of
from fitglue_destinations.folder.notes import Note, read_note
from fitglue_destinations.folder.places import explained, open_folder, stored_place
from fitglue_destinations.folder.receipts import Written, earlier_file, sent
from fitglue_destinations.folder.settings import FolderSettings
from fitglue_registry.errors import RecordRefused, UserMistake
from fitglue_registry.own_files import Change, hash_of, numbered, state_of
from fitglue_registry.plugin_api import NotThere

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fitglue_registry.plugin_api import Connection, Delivery, Sent

#: How many names in a row may be free before no further one is looked at: files with the numbers
#: between may have been removed.
_GAP = 20


def find_file(connection: Connection, delivery: Delivery) -> Sent | NotThere:
    """Return whether a file with the content of a delivery is there.

    Before it is written, a note of its content is made; it is looked for by this content, under
    the name of the receipt and under the names that the template gives.

    Args:
        connection: The connection.
        delivery: The delivery that was sent, or that may have been.

    Raises:
        Retryable: The folder cannot be looked at now, such as a disk that is not mounted.
    """
    settings = FolderSettings.of(delivery)
    folder = open_folder(settings.path)
    if delivery.action == "delete":
        return _removed(folder, delivery)
    for note in _expected(folder, connection, delivery, settings):
        for name in _names(folder, delivery, settings, note):
            place = stored_place(folder, name)
            if place is not None and hash_of(place) == note.sha256:
                file = Written(name, note.sha256, sampled=note.sampled)
                return sent(folder, file, note.identities)
    return NotThere()


def _removed(folder: Path, delivery: Delivery) -> Sent | NotThere:
    """Return whether a file was removed."""
    earlier = earlier_file(folder, delivery.receipt)
    if earlier is None:
        return NotThere()
    with explained(earlier.place):
        state = state_of(earlier.place, earlier.file.sha256)
    if state is Change.MISSING:
        return sent(folder, earlier.file)
    return NotThere()


def _expected(
    folder: Path,
    connection: Connection,
    delivery: Delivery,
    settings: FolderSettings,
) -> Iterator[Note]:
    """Yield what the file of a delivery may contain: what was noted, and what is written now."""
    note = read_note(connection, delivery)
    earlier = earlier_file(folder, delivery.receipt)
    # A note of the earlier delivery says nothing about this one, which had not begun to write.
    is_old = note is not None and earlier is not None and note.sha256 == earlier.file.sha256
    if note is not None and not is_old:
        yield note
    try:
        content = content_of(delivery, settings.format)
    except (RecordRefused, UserMistake):  # it could not have been written either
        return
    yield Note.of(content)


def _names(
    folder: Path,
    delivery: Delivery,
    settings: FolderSettings,
    note: Note,
) -> Iterator[str]:
    """Yield the names that the file of a delivery may have."""
    earlier = earlier_file(folder, delivery.receipt)
    if earlier is not None:
        yield earlier.file.name
    try:
        name = settings.name_of(delivery)
    except UserMistake:  # nothing was ever written with it
        return
    free = 0
    for path in numbered(folder / f"{name}{note.ending}"):
        if path.exists():
            free = 0
            yield path.relative_to(folder).as_posix()
        elif free == _GAP:
            return
        else:
            free += 1
