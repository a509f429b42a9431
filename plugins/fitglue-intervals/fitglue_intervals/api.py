"""The addresses of the API and what its answers are held to before anything is made of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_intervals.reading import read_json
from fitglue_intervals.rows import each_row
from fitglue_intervals.stubs import stub_of
from fitglue_registry.errors import ConnectionStopped, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.model import Stub
    from fitglue_registry.plugin_api import Answer, Connection

#: The API's name for whoever owns the key, so that nobody has to look up an athlete id.
OWNER = "0"

#: What every path of the API begins with, below the entry's base URL.
_API = "api/v1"

_LARGEST_ID = 10**200
_MOST_KEYS = 8
#: An id stands in a path, and in a list of ids between commas.
_USABLE = re.compile(r"(?!\.{1,2}$)[^\s/\\,]{1,200}")


class Row(msgspec.Struct):
    """The few keys of a row that listing and fetching need, whatever their types; the rest is not
    even decoded.
    """

    id: Any = None
    start_date_local: Any = None
    start_date: Any = None
    created: Any = None
    source: Any = None
    type: Any = None
    name: Any = None
    note: Any = msgspec.field(name="_note", default=None)

    @property
    def external_id(self) -> str | None:
        """The id as the opaque text that it is, or ``None`` where it cannot serve as one."""
        if isinstance(self.id, int) and not isinstance(self.id, bool):
            return str(self.id) if abs(self.id) < _LARGEST_ID else None
        if not isinstance(self.id, str) or not _USABLE.fullmatch(self.id):
            return None
        return self.id if self.id.isprintable() else None

    @property
    def stub(self) -> Stub | None:
        """Why this row will never be delivered, if it will not."""
        return stub_of(
            {
                "type": self.type,
                "start_date": self.start_date,
                "name": self.name,
                "source": self.source,
                "_note": self.note,
            }
        )


_row_decoder = msgspec.json.Decoder(Row)


def read_row(content: bytes) -> Row | None:
    """The row of these bytes, or ``None`` where they are no object."""
    try:
        return _row_decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        document = read_json(content)
    except ValueError:
        return None
    if not isinstance(document, dict):
        return None
    known = {field.name: document.get(field.encode_name) for field in msgspec.structs.fields(Row)}
    return Row(**known)


def athlete_of(connection: Connection) -> str:
    """The athlete whose activities are asked for: as configured, else the owner of the key."""
    return (connection.settings.get("athlete_id") or "").strip() or OWNER


def athlete_path(athlete: str, rest: str = "") -> str:
    """The path of an athlete, or of something below; paths are plain, the transport quotes them."""
    return _below(f"{_API}/athlete/{athlete}", rest)


def activities_path(athlete: str, ids: Sequence[str] = ()) -> str:
    """The path of an athlete's list, or of some of its activities by id."""
    return athlete_path(athlete, _below("activities", ",".join(ids)))


def activity_path(external_id: str, rest: str = "") -> str:
    """The path of one activity, or of one thing below it."""
    return _below(f"{_API}/activity/{external_id}", rest)


def _below(path: str, rest: str) -> str:
    return f"{path}/{rest}" if rest else path


def rows_of(answer: Answer) -> Iterator[bytes]:
    """The rows of a list, each as its exact bytes; raises ``ConnectionStopped``, before the first
    row, where the answer is no list.
    """
    try:
        yield from each_row(answer.body)
    except ValueError as error:
        document = answer.json()  # a page, or a cut answer, is told apart here and says so itself
        raise unexpected(answer, "a list of activities", document) from error


def unexpected(
    answer: Answer,
    expected: str,
    document: object,
) -> ConnectionStopped:
    """The error for JSON of a shape that the API does not promise; it names kinds and keys, never
    values.
    """
    shape = _shape(document)
    if isinstance(document, dict) and "error" in document:
        return ConnectionStopped(
            "FG-unexpected-answer",
            f"Intervals.icu answered with an error as if all were well, expected was {expected}",
            at=Place(url=answer.url),
            why=f"it is {shape}",
            fix="run the command again later; nothing that was fetched is lost",
        )
    return ConnectionStopped(
        "FG-unexpected-answer",
        f"Intervals.icu answered with {shape}, expected was {expected}",
        at=Place(url=answer.url),
        why="its API has changed, or the address is not that of Intervals.icu",
        fix="check the address of the connection; if it is right, upgrade fitglue-intervals",
    )


def unexpected_file(answer: Answer) -> ConnectionStopped:
    """The error for an answer that no recording device ever wrote; it quotes nothing of it."""
    content = answer.body.strip()
    kind = "JSON"
    if not content:
        kind = "nothing"
    elif content.startswith(b"<"):
        kind = "a web page"
    return ConnectionStopped(
        "FG-unexpected-answer",
        f"Intervals.icu answered with {kind}, expected was an original file",
        at=Place(url=answer.url),
        why="something between here and there answers in its place, or it is out of order",
        fix="run the command again later",
    )


def _shape(document: object) -> str:
    """What kind of value a document is, and the names of its keys."""
    if isinstance(document, list):
        return "a list"
    if not isinstance(document, dict):
        return "a single value"
    if not document:
        return "an object"
    keys = sorted(map(str, document))[:_MOST_KEYS]
    return f"an object with the keys {', '.join(keys)}"
