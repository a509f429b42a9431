"""Fetches files by the ids that a listing gave them, and proves that they are still what was
listed.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from fitglue_files.containers import Box
from fitglue_files.unpacking import GZIP, unpack
from fitglue_registry.errors import FitglueError, RecordRefused
from fitglue_registry.plugin_api import Part, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from fitglue_files.members import Member
    from fitglue_registry.plugin_api import Connection, Listing


class Seen(NamedTuple):
    """Where the file of a record lies, ``None`` where it has none, and the id of the content if it
    is known.
    """

    member: Member | None
    content_id: str | None = None


#: What identifies a connection: its entry and its settings.
Key: TypeAlias = tuple[str, ...]
#: By connection, where each record's file was seen last: a short cut, believed only after a check;
#: losing it costs a listing.
_seen: OrderedDict[Key, dict[str, Seen]] = OrderedDict()
_MOST_CONNECTIONS = 64


def remember(
    connection: Connection,
    external_id: str,
    seen: Seen,
) -> None:
    """Note where the file of a record was seen."""
    key = _key(connection)
    _seen.setdefault(key, {})[external_id] = seen
    _seen.move_to_end(key)
    while len(_seen) > _MOST_CONNECTIONS:
        _seen.popitem(last=False)


def _key(connection: Connection) -> Key:
    return connection.entry, *sorted(connection.settings.values())


def fetch(
    connection: Connection,
    part: str,
    ids: Sequence[str],
    listings: Callable[[Connection], Iterable[Listing]],
) -> Iterator[Part | Unavailable]:
    """The file of each id, packed where it lies packed; each id is answered exactly once."""
    if part != "file":
        for external_id in ids:
            yield _missing(external_id, part)
        return
    listed_again = False
    with Box() as box:
        for external_id in ids:
            answer = _file(connection, box, external_id)
            if _may_be_elsewhere(answer) and not listed_again:
                # Not seen yet in this process, moved, or changed: the list knows where everything
                # is now.
                listed_again = True
                _list_again(connection, listings)
                answer = _file(connection, box, external_id)
            yield answer


def _may_be_elsewhere(answer: Part | Unavailable) -> bool:
    return isinstance(answer, Unavailable) and answer.state == "later"


def _list_again(
    connection: Connection,
    listings: Callable[[Connection], Iterable[Listing]],
) -> None:
    """Forget where everything was, and list the connection for the sake of what is noted."""
    _seen.pop(_key(connection), None)
    try:
        for _ in listings(connection):
            pass
    except FitglueError as error:
        connection.log.info("%s", error)  # the folder is gone: the ids are answered all the same


def _file(
    connection: Connection,
    box: Box,
    external_id: str,
) -> Part | Unavailable:
    """The file of one record, from where it was seen last."""
    seen = _seen.get(_key(connection), {}).get(external_id)
    if seen is None:
        return _missing(external_id, "file")
    if seen.member is None:
        return Unavailable(
            external_id,
            "file",
            "none",
            "FG-no-file",
            "nothing was recorded, or the archive has no file of it",
        )
    try:
        content = box.read(seen.member)
        unpacked = unpack(content, seen.member.where)
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
    if seen.content_id not in (None, content_id):
        return _missing(external_id, "file")
    return Part(
        external_id,
        "file",
        content,
        "gzip" if content.startswith(GZIP) else "identity",
        unpacked,
    )


def _missing(external_id: str, part: str) -> Unavailable:
    # Never "gone": a disk that is not mounted is no deletion.
    return Unavailable(
        external_id,
        part,
        "later",
        "FG-file-missing",
        "no file with this content lies there just now",
        "put it back, or leave it: what was read of it is kept",
    )
