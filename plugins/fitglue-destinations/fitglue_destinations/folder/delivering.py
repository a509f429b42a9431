"""Writes, replaces and removes the file of a delivery, and touches no other file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fitglue_destinations.folder.contents import content_of
from fitglue_destinations.folder.names import BadTemplate
from fitglue_destinations.folder.notes import Note, write_note
from fitglue_destinations.folder.places import (
    explained,
    open_folder,
    place_below,
    stored_place,
)
from fitglue_destinations.folder.receipts import Written, sent, written
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
        reason = f"{error.what}: {error.why}" if error.why else error.what
        return Rejected(error.code, reason, error.fix)
    except BadTemplate as error:
        return Rejected("FG-file-name-refused", f"file_name: {error}", "correct file_name")
    if delivery.action == "create":
        earlier = _copy_that_is_there(folder, delivery, name, content)
        if earlier is not None:
            return earlier
    note = Note(content.sha256, content.ending, content.identities)
    write_note(connection, delivery, note)
    if delivery.action == "create":
        return _create(folder, delivery, name, content)
    return _update(folder, delivery, content)


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
    before = written(delivery.receipt)
    for path in numbered(place_below(folder, f"{name}{content.ending}")):
        if not os.path.lexists(path):
            return None
        if hash_of(path) == content.sha256:
            relative = path.relative_to(folder).as_posix()
            is_ours = before is not None and before.ours and before.name == relative
            file = Written(relative, content.sha256, ours=is_ours)
            return sent(folder, file, content.identities)
    return None


def _create(
    folder: Path,
    delivery: Delivery,
    name: str,
    content: Content,
) -> Sent:
    """Write a new file, or replace the one of an earlier delivery that nobody has changed."""
    sampled = bool(delivery.activity.streams)
    before = written(delivery.receipt)
    earlier = stored_place(folder, before.name) if before and before.ours else None
    if before and earlier and earlier.suffix == content.ending:
        with explained(earlier):
            change = replace_file(earlier, content.body, before.sha256)
        if change is Change.DONE:
            file = Written(before.name, content.sha256, sampled=sampled)
            return sent(folder, file, content.identities)
    place = place_below(folder, f"{name}{content.ending}")
    with explained(place):
        path, existed = add_file(place, content.body)
    file = Written(
        path.relative_to(folder).as_posix(),
        content.sha256,
        ours=not existed,
        sampled=sampled,
    )
    return sent(folder, file, content.identities)


def _update(
    folder: Path,
    delivery: Delivery,
    content: Content,
) -> Sent | Rejected:
    """Replace the file that was written before, under its name."""
    before = written(delivery.receipt)
    place = stored_place(folder, before.name) if before else None
    if before is None or place is None:
        return _no_file(delivery)
    sampled = bool(delivery.activity.streams)
    if not before.ours:
        return Rejected(
            "FG-file-not-ours",
            f"{before.name} was in the folder before, so it was not changed",
            f"move it away; {_again(delivery)}",
        )
    if before.sampled and not sampled:
        return Rejected(
            "FG-samples-missing",
            f"{before.name} has samples, and the change came without them, so it was not replaced",
            _again(delivery),
        )
    with explained(place):
        change = replace_file(place, content.body, before.sha256)
    if change is Change.MISSING:
        return _no_file(delivery)
    # What is there already may be what an attempt has written that was cut off.
    if change is Change.FOREIGN:
        return _changed(before, delivery)
    file = Written(before.name, content.sha256, sampled=sampled)
    return sent(folder, file, content.identities)


def _remove(folder: Path, delivery: Delivery) -> Sent | Rejected:
    """Remove the file that was written before, unless somebody has changed it."""
    before = written(delivery.receipt)
    place = stored_place(folder, before.name) if before else None
    if before is None or place is None:
        return _no_file(delivery)
    if not before.ours:
        return Rejected(
            "FG-file-not-ours",
            f"{before.name} was in the folder before, so it was not removed",
            "remove it yourself, if you do not want it",
        )
    with explained(place):
        change = remove_file(place, before.sha256)
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
