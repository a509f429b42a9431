"""Fetching of files by the ids from a listing, with proof that a file is still the one that was
listed.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from fitglue_files.containers import ContainerReader
from fitglue_files.unpacking import GZIP, unpack
from fitglue_registry.errors import FitglueError, RecordRefused
from fitglue_registry.plugin_api import Part, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from fitglue_files.members import Member
    from fitglue_registry.plugin_api import Connection, Listing


class RecordFile(NamedTuple):
    """The file of a record: its member (``None`` if the record has no file), and the id of its
    content if that is known.
    """

    member: Member | None
    content_id: str | None = None


#: The key of a connection: its entry and its settings.
Key: TypeAlias = tuple[str, ...]
#: For each connection, the file of each record as of its last listing. This is a shortcut that is
#: checked before it is trusted; without it, the connection is listed again.
_record_files: OrderedDict[Key, dict[str, RecordFile]] = OrderedDict()
#: A host may serve many athletes in one process; the connections used least recently are dropped.
_MOST_CONNECTIONS = 64


def remember(
    connection: Connection,
    external_id: str,
    record_file: RecordFile,
) -> None:
    """Store the file of a record, for a later fetch in this process."""
    key = _key(connection)
    _record_files.setdefault(key, {})[external_id] = record_file
    _record_files.move_to_end(key)
    while len(_record_files) > _MOST_CONNECTIONS:
        _record_files.popitem(last=False)


def _key(connection: Connection) -> Key:
    """Return the key of a connection."""
    return connection.entry, *sorted(connection.settings.values())


def fetch(
    connection: Connection,
    part: str,
    ids: Sequence[str],
    listings: Callable[[Connection], Iterable[Listing]],
) -> Iterator[Part | Unavailable]:
    """Yield the file of each id; each id is answered exactly once.

    A file that is a gzip is not unpacked. If a file is not where it was, the connection is listed
    again, once for all ids.

    Args:
        connection: The connection.
        part: The name of the part; only ``file`` exists.
        ids: The external ids of the records.
        listings: The function of the source that lists the connection and remembers the files.
    """
    if part != "file":
        for external_id in ids:
            yield _missing(external_id, part)
        return
    listed_again = False
    with ContainerReader() as reader:
        for external_id in ids:
            answer = _file(connection, reader, external_id)
            if _may_be_elsewhere(answer) and not listed_again:
                # The file was not listed in this process, or it was moved or changed. A new listing
                # finds out where everything is.
                listed_again = True
                _list_again(connection, listings)
                answer = _file(connection, reader, external_id)
            yield answer


def _may_be_elsewhere(answer: Part | Unavailable) -> bool:
    """Return whether a new listing could find the file."""
    return isinstance(answer, Unavailable) and answer.state == "later"


def _list_again(
    connection: Connection,
    listings: Callable[[Connection], Iterable[Listing]],
) -> None:
    """Forget the files of a connection, and list it again to find them."""
    _record_files.pop(_key(connection), None)
    try:
        for _ in listings(connection):
            pass
    except FitglueError as error:
        # The folder no longer exists, but the ids still have to be answered.
        connection.log.info("%s", error)


def _file(
    connection: Connection,
    reader: ContainerReader,
    external_id: str,
) -> Part | Unavailable:
    """Return the file of one record from where it was last."""
    record_file = _record_files.get(_key(connection), {}).get(external_id)
    if record_file is None:
        return _missing(external_id, "file")
    if record_file.member is None:
        return Unavailable(
            external_id,
            "file",
            "none",
            "FG-no-file",
            "nothing was recorded, or the archive has no file for it",
        )
    try:
        content = reader.read(record_file.member)
        unpacked = unpack(content, record_file.member.where)
    except RecordRefused as error:
        return Unavailable(
            external_id,
            "file",
            "later",
            error.code,
            error.what,
            error.fix,
        )
    content_id = hashlib.sha256(unpacked).hexdigest()
    # A record belongs to one content, so a changed file is not the file of this record.
    if record_file.content_id not in (None, content_id):
        return _missing(external_id, "file")
    return Part(
        external_id,
        "file",
        content,
        "gzip" if content.startswith(GZIP) else "identity",
        unpacked,
    )


def _missing(external_id: str, part: str) -> Unavailable:
    """Return the answer for a part that is not there now."""
    # Never "gone": the disk may not be mounted, which is not a deletion.
    return Unavailable(
        external_id,
        part,
        "later",
        "FG-file-missing",
        "no file with this content is there at the moment",
        "put the file back, or do nothing: what was read from it is kept",
    )
