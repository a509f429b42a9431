"""Reads the original files of activities, and writes them into a folder."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fitglue_registry.abandoned import remove_abandoned
from fitglue_registry.errors import Place, StoreFailed
from fitglue_registry.model.stored import PartName
from fitglue_registry.output_files import refuse_link, write_new_file
from fitglue_registry.payloads import GZIP, ZIP_STARTS
from fitglue_registry.sync.reading.originals import (
    PACKED_HEAD,
    packed_suffix_in_worker,
    suffix_of,
    unpack_in_worker,
    unzip_in_worker,
)
from fitglue_registry.sync.worker_limits import UNPACKING, WorkerDied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from fitglue_registry.plugin_api import Body
    from fitglue_registry.store.activity_details import ActivityDetails
    from fitglue_registry.workspace import Workspace

_LONGEST_ID = 40
#: Characters of an id that are replaced in a file name: all except letters and digits of any
#: script, ``-`` and ``_``.
_UNSAFE = re.compile(r"[^\w-]")


def original_files(workspace: Workspace, details: ActivityDetails) -> Iterator[tuple[str, bytes]]:
    """Yield the original files of an activity; see ``Activities.original_files``."""
    for member in details.members:
        with workspace.database.read() as db:
            # One record at a time, because original files can be large.
            bodies = workspace.raws.newest(db, [member.record_id], only=PartName.FILE)
        files = bodies.get(member.record_id, {})
        if PartName.FILE in files:
            body, _ = files[PartName.FILE]
            yield member.external_id, _unpacked(workspace, body)


def _unpacked(workspace: Workspace, body: Body) -> bytes:
    """Return a file without compression, and without the zip that contains only this file.

    A foreign file is unpacked only in a worker process. If that fails, which the sync that stored
    the file would have noticed, the file is returned as it was received.
    """
    content = body.content
    if body.encoding != "identity":
        content = _in_worker(workspace, unpack_in_worker, content) or content
    if content.startswith(ZIP_STARTS):
        content = _in_worker(workspace, unzip_in_worker, content) or content
    return content


def _in_worker(workspace: Workspace, work: Callable[[bytes], Any], content: bytes) -> Any:
    """Return what a function in a worker returns for a content; ``None`` if the worker died."""
    submitted = workspace.workers().submit(work, content, limits=UNPACKING)
    try:
        return submitted.result()
    except WorkerDied:
        return None
    finally:
        submitted.cancel()


def save_original_files(
    workspace: Workspace,
    activities: Iterable[ActivityDetails],
    folder: Path,
) -> int:
    """Write the original files of activities into a folder, named by date, number and id.

    Args:
        workspace: The workspace.
        activities: The activities.
        folder: The folder, which is created if necessary.

    Returns:
        The number of files that were written, or that were there already. A different file that has
        the name is kept, and the new one gets a number.

    Raises:
        UserMistake: FG-path-unusable if the folder is a link.
        StoreFailed: FG-export-failed if the folder or a file cannot be written.
    """
    written = 0
    refuse_link(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_abandoned(folder)
        for activity in activities:
            for external_id, content in original_files(workspace, activity):
                name = _name(activity, external_id) + _suffix(workspace, content)
                write_new_file(folder / name, content)
                written += 1
    except OSError as error:
        raise not_written(folder, error) from error
    return written


def _name(activity: ActivityDetails, external_id: str) -> str:
    safe_id = _UNSAFE.sub("-", external_id)[:_LONGEST_ID]
    return f"{activity.day}-{activity.number}-{safe_id}"


def _suffix(workspace: Workspace, content: bytes) -> str:
    """Return the file name extension for a content; a gzip file stays compressed."""
    if not content.startswith(GZIP):
        return suffix_of(content)
    return _in_worker(workspace, packed_suffix_in_worker, content[:PACKED_HEAD]) or ".gz"


def not_written(path: Path, error: OSError) -> StoreFailed:
    """Return the error for a file or folder that cannot be written."""
    return StoreFailed(
        "FG-export-failed",
        "the file cannot be written",
        at=Place(str(path)),
        why=error.strerror,
        fix="name a folder that exists, in which you may write, and with enough space",
    )
