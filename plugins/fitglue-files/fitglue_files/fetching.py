"""Fetches files by the ids that a listing gave them, and proves that they are still what was
listed.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from fitglue_files.containers import GZIP, Box, unpack
from fitglue_registry.errors import FitglueError, RecordRefused
from fitglue_registry.plugin_api import Part, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from fitglue_files.containers import Member
    from fitglue_registry.plugin_api import Connection, Listing


class Seen(NamedTuple):
    """Where the file of a record lies, ``None`` where it has none, and the id of the content if it
    is known.
    """

    member: Member | None
    content_id: str | None = None


#: By connection, where each record's file was seen last: a short cut, believed only after a check;
#: losing it costs a listing.
_seen: OrderedDict[tuple[str, ...], dict[str, Seen]] = OrderedDict()
_MOST_CONNECTIONS = 64
_MISSING = (
    "FG-file-missing",
    "no file with this content lies there just now",
    "put it back, or leave it: what was read of it is kept",
)


def remember(connection: Connection, external_id: str, seen: Seen) -> None:
    """Note where the file of a record was seen."""
    key = (connection.entry, *sorted(connection.settings.values()))
    _seen.setdefault(key, {})[external_id] = seen
    _seen.move_to_end(key)
    while len(_seen) > _MOST_CONNECTIONS:
        _seen.popitem(last=False)


def fetch(
    connection: Connection,
    part: str,
    ids: Sequence[str],
    listings: Callable[[Connection], Iterable[Listing]],
) -> Iterator[Part | Unavailable]:
    """The file of each id, packed where it lies packed; each id is answered exactly once."""
    looked_again = False
    with Box() as box:
        for external_id in ids:
            answer = _answer(connection, box, part, external_id)
            if (
                isinstance(answer, Unavailable)
                and answer.state == "later"
                and part == "file"
                and not looked_again
            ):
                # Not seen yet in this process, moved, or changed: the list knows where everything
                # is now.
                looked_again = True
                _look_again(connection, listings)
                answer = _answer(connection, box, part, external_id)
            yield answer


def _look_again(
    connection: Connection, listings: Callable[[Connection], Iterable[Listing]]
) -> None:
    _seen.pop((connection.entry, *sorted(connection.settings.values())), None)
    try:
        for _ in listings(connection):
            pass
    except FitglueError as error:
        connection.log.info("%s", error)  # the folder is gone: the ids are answered all the same


def _answer(connection: Connection, box: Box, part: str, external_id: str) -> Part | Unavailable:
    seen = _seen.get((connection.entry, *sorted(connection.settings.values())), {}).get(external_id)
    if seen is None or part != "file":
        # Never "gone": a disk that is not mounted is no deletion.
        return Unavailable(external_id, part, "later", *_MISSING)
    if seen.member is None:
        return Unavailable(
            external_id,
            part,
            "none",
            "FG-no-file",
            "nothing was recorded, or the archive has no file of it",
        )
    try:
        content = box.read(seen.member)
        unpacked = unpack(content, seen.member.where)
    except RecordRefused as error:
        return Unavailable(external_id, part, "later", error.code, error.what, error.fix)
    if seen.content_id is not None and hashlib.sha256(unpacked).hexdigest() != seen.content_id:
        return Unavailable(external_id, part, "later", *_MISSING)
    return Part(
        external_id, part, content, "gzip" if content.startswith(GZIP) else "identity", unpacked
    )
