"""The changes that faults make to a response before it is sent."""

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

#: A placeholder between two Unicode noncharacters, which cannot occur in a document of a test.
_PLACEHOLDER = "\ufdd0{}\ufdd1"
_MEGABYTE = 1 << 20


def unchanged(response: Response) -> Response:
    """Return the response without a change."""
    return response


def replaced_by(other: Response) -> Change:
    """Return a change that sends another response instead of the correct one."""
    return lambda _: other


def content_type(value: str) -> Change:
    """Return a change that sends the body with another ``Content-Type``."""
    return lambda response: replace(response, content_type=value)


def truncated(keep: float) -> Change:
    """Return a change that sends only the beginning of the body, with a matching length.

    Args:
        keep: The share of the body that is sent, from 0 to 1.
    """

    def change(response: Response) -> Response:
        body = response.plain()
        return response.with_body(body[: int(len(body) * keep)])

    return change


def broken_gzip(response: Response) -> Response:
    """Compress the body and damage the second half of the compressed bytes."""
    content = gzip.compress(response.plain() or b"{}", mtime=0)
    # The first half stays intact, so that a client recognizes gzip and fails in the middle.
    middle = len(content) // 2
    damaged = bytes(byte ^ 0x5A for byte in content[middle:])
    return response.with_body(content[:middle] + damaged).with_header("Content-Encoding", "gzip")


def without_ids(ids: Iterable[str]) -> Change:
    """Return a change that removes the rows with these ids from a list."""
    left_out = frozenset(ids)
    return _on_rows(lambda rows: [row for row in rows if row.get("id") not in left_out])


def with_duplicates(times: int) -> Change:
    """Return a change that adds ``times`` copies of each row to a list."""

    def repeat(rows: list[Any]) -> list[Any]:
        repeated = []
        for row in rows:
            repeated += [row] * (times + 1)
        return repeated

    return _on_rows(repeat)


def with_values(values: dict[str, str], most: int | None) -> Change:
    """Return a change that replaces values in the objects of a response.

    Args:
        values: Path of a value (``gear.id``) → the new value as JSON text, valid or not.
        most: How many objects of a list are changed; ``None`` changes all.
    """

    def change(response: Response) -> Response:
        document = _document(response)
        if document is None:
            return response
        rows = document[:most] if isinstance(document, list) else [document]
        # No JSON library writes 1e400 or a lone surrogate, so the document is written with
        # placeholders, and the text of the values replaces them afterwards.
        for row in rows:
            for number, path in enumerate(values):
                _put(row, path.split("."), _PLACEHOLDER.format(number))
        body = json_bytes(document)
        for number, json_text in enumerate(values.values()):
            placeholder = json_bytes(_PLACEHOLDER.format(number))
            body = body.replace(placeholder, json_text.encode("utf-8", "surrogateescape"))
        return response.with_body(body)

    return change


def bomb(size: int) -> Change:
    """Return a change that sends a small gzip body which unpacks to ``size`` bytes."""

    def change(response: Response) -> Response:
        headers = (*response.headers, ("Content-Encoding", "gzip"))
        return Response(200, _packed_blanks(size), headers=headers)

    return change


@lru_cache(maxsize=2)
def _packed_blanks(size: int) -> bytes:
    """Return the gzip of ``[`` and ``size`` spaces, without holding the unpacked text in memory."""
    packer = zlib.compressobj(1, wbits=31)
    block = b" " * _MEGABYTE
    packed = [packer.compress(b"[")]
    for _ in range(size // _MEGABYTE):
        packed.append(packer.compress(block))
    return b"".join([*packed, packer.flush()])


def _on_rows(change: Callable[[list[Any]], list[Any]]) -> Change:
    """Return a change of the rows of a list, which leaves any other response unchanged."""

    def changed(response: Response) -> Response:
        rows = _document(response)
        if not isinstance(rows, list):
            return response
        return response.with_body(json_bytes(change(rows)))

    return changed


def _document(response: Response) -> Any:
    """Return the JSON value of a response, or ``None`` if the body is not JSON, such as a file."""
    try:
        return json.loads(response.plain())
    except ValueError:
        return None


def _put(
    document: Any,
    path: list[str],
    value: str,
) -> None:
    """Set the value at a path; do nothing if a list is too short or a step is not an object."""
    for step in path[:-1]:
        if not isinstance(document, dict):
            return
        document = document.get(step)
    last = path[-1]
    if isinstance(document, dict):
        document[last] = value
    elif isinstance(document, list) and last.isdecimal() and int(last) < len(document):
        document[int(last)] = value
