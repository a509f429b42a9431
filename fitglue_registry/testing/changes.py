"""What a fault makes of a response before it is sent."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fitglue_registry.testing.messages import Response, json_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

Change = Callable[[Response], Response]

#: Noncharacters, which no document holds: they mark where a value is written in.
_MARK = "\ufdd0{}\ufdd1"
_MEGABYTE = 1 << 20


def unchanged(response: Response) -> Response:
    """The response as it is."""
    return response


def to(other: Response) -> Change:
    """Send another response in place of the right one."""
    return lambda _: other


def content_type(value: str) -> Change:
    """Send the body under another type."""
    return lambda response: replace(response, content_type=value)


def truncated(keep: float) -> Change:
    """Keep only the first part of the body."""

    def change(response: Response) -> Response:
        whole = response.plain()
        return response.with_body(whole[: int(len(whole) * keep)])

    return change


def broken_gzip(response: Response) -> Response:
    """Compress the body and spoil the second half of what that gives."""
    content = gzip.compress(response.plain() or b"{}", mtime=0)
    middle = len(content) // 2
    spoiled = bytes(byte ^ 0x5A for byte in content[middle:])
    return response.with_body(content[:middle] + spoiled).with_header("Content-Encoding", "gzip")


def without_ids(ids: Iterable[str]) -> Change:
    """Leave the rows of some ids out of a list."""
    left_out = frozenset(ids)
    return _on_rows(lambda rows: [row for row in rows if row.get("id") not in left_out])


def with_duplicates(times: int) -> Change:
    """Add so many copies of each row to a list."""

    def repeat(rows: list[Any]) -> list[Any]:
        repeated = []
        for row in rows:
            repeated += [row] * (times + 1)
        return repeated

    return _on_rows(repeat)


def with_values(values: dict[str, str], most: int | None) -> Change:
    """Write values into the first ``most`` objects of a response, as they are written in JSON."""

    def change(response: Response) -> Response:
        document = _document(response)
        if document is None:
            return response
        rows = document[:most] if isinstance(document, list) else [document]
        for row in rows:
            for number, path in enumerate(values):
                _put(row, path.split("."), _MARK.format(number))
        body = json_bytes(document)
        for number, written in enumerate(values.values()):
            mark = json_bytes(_MARK.format(number))
            body = body.replace(mark, written.encode("utf-8", "surrogateescape"))
        return response.with_body(body)

    return change


def bomb(size: int) -> Change:
    """Send a small gzip that unpacks to ``size`` bytes."""

    def change(response: Response) -> Response:
        headers = (*response.headers, ("Content-Encoding", "gzip"))
        return Response(200, _packed_blanks(size), headers=headers)

    return change


@lru_cache(maxsize=2)
def _packed_blanks(size: int) -> bytes:
    """A list of blanks that ends too early, packed without ever being in memory as a whole."""
    packer = zlib.compressobj(1, wbits=31)
    block = b" " * _MEGABYTE
    packed = [packer.compress(b"[")]
    for _ in range(size // _MEGABYTE):
        packed.append(packer.compress(block))
    return b"".join([*packed, packer.flush()])


def _on_rows(change: Callable[[list[Any]], list[Any]]) -> Change:
    """A change of the rows of a list; any other response stays as it is."""

    def changed(response: Response) -> Response:
        rows = _document(response)
        if not isinstance(rows, list):
            return response
        return response.with_body(json_bytes(change(rows)))

    return changed


def _document(response: Response) -> Any:
    """The JSON of a response; None where it is no JSON, a file for example."""
    try:
        return json.loads(response.plain())
    except ValueError:
        return None


def _put(
    document: Any,
    path: list[str],
    value: str,
) -> None:
    """Put a value at a path; a list that is too short, and what is no object, stay as they are."""
    for step in path[:-1]:
        if not isinstance(document, dict):
            return
        document = document.get(step)
    last = path[-1]
    if isinstance(document, dict):
        document[last] = value
    elif isinstance(document, list) and last.isdecimal() and int(last) < len(document):
        document[int(last)] = value
