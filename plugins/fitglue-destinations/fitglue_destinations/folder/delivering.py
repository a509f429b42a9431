"""Writes, replaces and removes the file of a delivery, and touches no other file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fitglue_destinations.folder.contents import content_of
from fitglue_destinations.folder.notes import Note, write_note
from fitglue_destinations.folder.places import (
    explained,
    open_folder,
    place_below,
)
from fitglue_destinations.folder.receipts import Written, earlier_file, sent
from fitglue_destinations.folder.settings import FORMATS, FolderSettings
from fitglue_registry.errors import RecordRefused, UserMistake
from fitglue_registry.own_files import (
    Change,
    add_file,
    hash_of,
    numbered,
    remove_file,
    replace_file,
)
from fitglue_registry.plugin_api import Rejected

if TYPE_CHECKING:
    from pathlib import Path

    from fitglue_destinations.folder.contents import Content
    from fitglue_registry.plugin_api import Connection, Delivery, Sent

_AGAIN = "to have it written again: fitglue pipeline run NAME --activity {number} --again"


def deliver_file(connection: Connection, delivery: Delivery) -> Sent | Rejected:
    """Carry out a delivery in its folder.

    Args:
        connection: The connection, which has no account.
        delivery: The delivery.

    Raises:
        Retryable: The folder is missing, or cannot be written to now.
    """
    settings = FolderSettings.of(delivery)
    if settings.format not in FORMATS:
        return Rejected(
            "FG-format-unknown",
            f"the format {settings.format[:40]!r} is not one that a folder can have",
            f"set format to one of: {', '.join(FORMATS)}",
        )
    folder = open_folder(settings.path)
    if delivery.action == "delete":
        return _remove(folder, delivery)
    try:
        content = content_of(delivery, settings.format)
        name = settings.name_of(delivery)
    except (RecordRefused, UserMistake) as error:
        reason = ": ".join(filter(None, (error.what, error.why)))
        return Rejected(error.code, reason, error.fix)
    if delivery.action != "create":
        write_note(connection, delivery, Note.of(content))
        return _update(folder, delivery, content)
    copy = _copy_that_is_there(folder, delivery, name, content)
    if copy is not None:
        return copy
    write_note(connection, delivery, Note.of(content))
    return _create(folder, delivery, name, content)


def _copy_that_is_there(
    folder: Path,
    delivery: Delivery,
    name: str,
    content: Content,
) -> Sent | None:
    """Return the file that has the content already, if there is one; it may be of somebody else.

    It is looked for before the note is written: afterwards, such a file would be taken for the one
    that a killed process has written.
    """
    earlier = earlier_file(folder, delivery.receipt)
    for path in numbered(place_below(folder, f"{name}{content.ending}")):
        if not os.path.lexists(path):
            return None
        if hash_of(path) == content.sha256:
            relative = path.relative_to(folder).as_posix()
            file = Written(relative, content.sha256, ours=False)
            if earlier is not None and earlier.place == path:
                file = earlier.file
            return sent(folder, file, content.identities)
    return None


def _create(
    folder: Path,
    delivery: Delivery,
    name: str,
    content: Content,
) -> Sent:
    """Write a new file, or replace the one of an earlier delivery that nobody has changed."""
    earlier = earlier_file(folder, delivery.receipt)
    if earlier and earlier.file.ours and earlier.place.suffix == content.ending:
        with explained(earlier.place):
            change = replace_file(earlier.place, content.body, earlier.file.sha256)
        if change is Change.DONE:
            return _sent(folder, earlier.file.name, content)
    # The earlier file stays if somebody has changed it, and the new one gets another name.
    place = place_below(folder, f"{name}{content.ending}")
    with explained(place):
        path, existed = add_file(place, content.body)
    name = path.relative_to(folder).as_posix()
    # Somebody may have put the same file there in the last moment.
    return _sent(folder, name, content, ours=not existed)


def _sent(
    folder: Path,
    name: str,
    content: Content,
    *,
    ours: bool = True,
) -> Sent:
    file = Written(
        name,
        content.sha256,
        ours=ours,
        sampled=content.sampled,
    )
    return sent(folder, file, content.identities)


def _update(
    folder: Path,
    delivery: Delivery,
    content: Content,
) -> Sent | Rejected:
    """Replace the file that was written before, under its name."""
    earlier = earlier_file(folder, delivery.receipt)
    if earlier is None:
        return _no_file(delivery)
    before = earlier.file
    if not before.ours:
        return Rejected(
            "FG-file-not-ours",
            f"{before.name} was in the folder before, so it was not changed",
            f"move it away; {_again(delivery)}",
        )
    # Whatever the reason is that they are missing: what is there has more.
    if before.sampled and not content.sampled:
        return Rejected(
            "FG-samples-missing",
            f"{before.name} has samples, and the change came without them, so it was not replaced",
            _again(delivery),
        )
    with explained(earlier.place):
        change = replace_file(earlier.place, content.body, before.sha256)
    # The athlete has removed it, so a mere change does not bring it back.
    if change is Change.MISSING:
        return _no_file(delivery)
    if change is Change.FOREIGN:
        return _changed(before, delivery)
    return _sent(folder, before.name, content)


def _remove(folder: Path, delivery: Delivery) -> Sent | Rejected:
    """Remove the file that was written before, unless somebody has changed it."""
    earlier = earlier_file(folder, delivery.receipt)
    if earlier is None:
        return _no_file(delivery)
    before = earlier.file
    if not before.ours:
        return Rejected(
            "FG-file-not-ours",
            f"{before.name} was in the folder before, so it was not removed",
            "remove it yourself, if you do not want it",
        )
    with explained(earlier.place):
        change = remove_file(earlier.place, before.sha256)
    if change is Change.FOREIGN:
        return _changed(before, delivery)
    return sent(folder, before)


def _no_file(delivery: Delivery) -> Rejected:
    return Rejected(
        "FG-file-removed",
        "the file is not in the folder any more, so it was not written again",
        _again(delivery),
    )


def _changed(before: Written, delivery: Delivery) -> Rejected:
    return Rejected(
        "FG-file-changed",
        f"{before.name} was changed by somebody else, so it was left as it is",
        f"move it away; {_again(delivery)}",
    )


def _again(delivery: Delivery) -> str:
    return _AGAIN.format(number=delivery.number)
