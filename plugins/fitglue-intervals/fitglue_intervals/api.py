"""The paths of the API, the keys that are read of each row, and the errors for responses of an
unexpected shape.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_intervals.reading import read_json
from fitglue_intervals.stubs import stub_of
from fitglue_registry.errors import ConnectionStopped, Place
from fitglue_registry.payloads import BeyondLimits, check_row, iter_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.model import Stub
    from fitglue_registry.plugin_api import Answer, Connection

#: The API's id for the owner of the key, so that nobody has to look up an athlete id. The source of
#: this fact is a post by the maintainer of Intervals.icu.
OWNER = "0"

#: What every path of the API begins with, below the entry's base URL.
_API = "api/v1"

#: An id has at most 200 characters, which bounds a number in the same way as a text.
_LARGEST_ID = 10**200
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
#: An id is used in a path, and in a list of ids that are separated by commas.
_USABLE = re.compile(r"(?!\.{1,2}$)[^\s/\\,]{1,200}")


class Row(msgspec.Struct):
    """The keys of a row that listing and fetching need, with values of any type.

    The other keys are not decoded, because a full row has some 170 keys.
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
        """The id as opaque text, or ``None`` if it cannot be used as an id."""
        # Older versions of the specification declared int32 for some ids, so both forms are read.
        if isinstance(self.id, int) and not isinstance(self.id, bool):
            return str(self.id) if abs(self.id) < _LARGEST_ID else None
        if not isinstance(self.id, str):
            return None
        return self.id if is_usable(self.id) else None

    @property
    def stub(self) -> Stub | None:
        """The reason why the API lists this row but does not deliver it, or None."""
        return stub_of(
            {
                "type": self.type,
                "start_date": self.start_date,
                "name": self.name,
                "source": self.source,
                "_note": self.note,
            }
        )


class _Identity(msgspec.Struct):
    """The id of a row that is too large to be decoded; all values stay bytes."""

    id: msgspec.Raw = msgspec.Raw()


_row_decoder = msgspec.json.Decoder(Row)
_identity_decoder = msgspec.json.Decoder(_Identity)


def read_row(content: bytes) -> Row | None:
    """Return the row of these bytes.

    Returns:
        The row, or ``None`` if the bytes are not a JSON object. Of a row that is larger than any
        real one, only the id is read.
    """
    try:
        check_row(content)
    except BeyondLimits:
        return _large_row(content)
    try:
        return _row_decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    # msgspec rejects a row with a NaN or a broken character, even in a key that nobody reads.
    try:
        document = read_json(content)
    except ValueError:
        return None
    if not isinstance(document, dict):
        return None
    known = {field.name: document.get(field.encode_name) for field in msgspec.structs.fields(Row)}
    return Row(**known)


def _large_row(content: bytes) -> Row | None:
    try:
        identity = bytes(_identity_decoder.decode(content).id)
        # The longest usable id has 200 characters, each of which may be an escape of 12 bytes.
        return Row(id=msgspec.json.decode(identity)) if len(identity) < 4_000 else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def is_usable(id_: str) -> bool:
    """Return whether a text can be used as the id of an activity in a path."""
    return _USABLE.fullmatch(id_) is not None and id_.isprintable()


def requested_athlete(connection: Connection) -> str:
    """Return the id of the athlete to ask for: the configured one, or the owner of the key."""
    return (connection.settings.get("athlete_id") or "").strip() or OWNER


def athlete_path(athlete: str, below: str = "") -> str:
    """Return the path of an athlete, or of a resource below.

    Paths are not percent-encoded here, because the transport does it.
    """
    return _join(f"{_API}/athlete/{athlete}", below)


def activities_path(athlete: str, ids: Sequence[str] = ()) -> str:
    """Return the path of an athlete's list of activities, or of several activities by id."""
    return athlete_path(athlete, _join("activities", ",".join(ids)))


def activity_path(external_id: str, below: str = "") -> str:
    """Return the path of one activity, or of a resource below."""
    return _join(f"{_API}/activity/{external_id}", below)


def _join(path: str, below: str) -> str:
    return f"{path}/{below}" if below else path


def rows_of_response(answer: Answer, most_rows: int) -> Iterator[bytes]:
    """Return the rows of a list, each as its exact bytes.

    Args:
        answer: The response.
        most_rows: The largest allowed number of rows.

    Raises:
        ConnectionStopped: If the response is not a list, or has too many rows.
    """
    try:
        return iter_rows(answer.body, most_rows=most_rows)
    except BeyondLimits as limit:
        raise _too_many_rows(answer, limit) from limit
    except ValueError as error:
        # A web page or an incomplete response is not JSON: `json` raises an error that says so.
        document = answer.json()
        raise unexpected_response(answer, "a list of activities", document) from error


def _too_many_rows(answer: Answer, limit: BeyondLimits) -> ConnectionStopped:
    return ConnectionStopped(
        "FG-answer-beyond-limits",
        "Intervals.icu answered with a list that is longer than any real one",
        at=Place(url=answer.url),
        why=f"{limit}, so none of its rows were read",
        fix="check the address of the connection; if it is right and the account has that many "
        "activities, report this to the author of fitglue-intervals",
    )


def unexpected_response(
    answer: Answer,
    expected: str,
    document: object,
) -> ConnectionStopped:
    """Return the error for JSON of an unexpected shape.

    The error says what kind of value it is and quotes nothing of it, because it may be private or
    come from another server.

    Args:
        answer: The response.
        expected: What the response should be, such as "a list of activities".
        document: The JSON of the response.
    """
    shape = _shape(document)
    if isinstance(document, dict) and "error" in document:
        return ConnectionStopped(
            "FG-unexpected-answer",
            f"Intervals.icu answered with an error under a success status instead of {expected}",
            at=Place(url=answer.url),
            why=f"the response is {shape}",
            fix="run the command again later; nothing that was fetched is lost",
        )
    return ConnectionStopped(
        "FG-unexpected-answer",
        f"Intervals.icu answered with {shape} instead of {expected}",
        at=Place(url=answer.url),
        why="its API has changed, or the address is not that of Intervals.icu",
        fix="check the address of the connection; if it is right, upgrade fitglue-intervals",
    )


def unexpected_file(answer: Answer) -> ConnectionStopped:
    """Return the error for a response that cannot be a recording, without quoting the response."""
    text = answer.body.removeprefix(_BYTE_ORDER_MARK).lstrip()
    kind = "a text"
    if not text:
        kind = "nothing"
    elif text.startswith(b"<"):
        kind = "a web page"
    elif text.startswith((b"{", b"[", b'"')) or text.rstrip() == b"null":
        kind = "JSON"
    return ConnectionStopped(
        "FG-unexpected-answer",
        f"Intervals.icu answered with {kind} instead of an original file",
        at=Place(url=answer.url),
        why="a proxy or a login page answered in its place, or the service has an outage",
        fix="run the command again later",
    )


def _shape(document: object) -> str:
    """Return what kind of value a document is."""
    if isinstance(document, list):
        return "a list"
    if not isinstance(document, dict):
        return "a single value"
    return "an object"
