"""Reads payloads as they come: the exact bytes of rows, values that can be stored, and refusals
that name the field.
"""

from __future__ import annotations

import json
import math
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec
from isal import igzip, igzip_lib

from fitglue_registry.errors import Place, RecordRefused
from fitglue_registry.validation.validator import Validator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fitglue_registry.plugin_api import Body
    from fitglue_registry.validation.violation import Violation

BOM = b"\xef\xbb\xbf"
#: Every whole number of fewer digits is within the range of a double.
_MOST_DIGITS = 309
BROKEN_GZIP: tuple[type[Exception], ...] = (OSError, EOFError, igzip_lib.IsalError)  # type: ignore[assignment]  # its stub says otherwise
UNREADABLE: tuple[type[Exception], ...] = (ValueError, *BROKEN_GZIP)

_rows_decoder = msgspec.json.Decoder(list[msgspec.Raw])
# Of which only the end of a value is asked: no number has too many digits for it.
_decoder = json.JSONDecoder(parse_int=float)
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NOT_NUMBERS = frozenset({"NaN", "Infinity", "-Infinity"})
#: Where "NaN" may be a word; everywhere else it is Java's way to write a number that there is none
#: of.
_TEXTS = ("name", "description", "label", "group_id", "error")
_NO_NUMBER = re.compile(rb'"(?:NaN|-?Infinity)"')
#: The end of a key that is none of those, its colon, and nothing more: a quote inside of a text has
#: a backslash before it.
_AFTER_A_KEY = re.compile(
    rb'%s"\s*:\s*$' % b"".join(rb'(?<!(?<!\\)"%s)' % key.encode() for key in _TEXTS)
)
_LONGEST_END = 64  # bytes of such an end, blanks included


def split_rows(content: bytes) -> list[bytes]:
    """The exact bytes of each item of a JSON list; raises ``ValueError`` where it is no list, or
    cut.
    """
    return list(each_row(content))


def each_row(content: bytes) -> Iterator[bytes]:
    """As ``split_rows``, one row at a time, for a list that is long; what it raises comes before
    the first row.

    msgspec is strict: one ``NaN`` or one broken character in one row would cost all rows, so there
    is a slow, forgiving road.
    """
    content = content.removeprefix(BOM)
    try:
        rows: Iterable[bytes] = (bytes(row).strip() for row in _rows_decoder.decode(content))
    except (msgspec.DecodeError, RecursionError):
        rows = _split_slowly(content)
    yield from rows


def _split_slowly(content: bytes) -> list[bytes]:
    text = content.decode("utf-8", "surrogateescape")
    rows: list[bytes] = []
    position = _next(text, 0)
    if text[position : position + 1] != "[":
        raise ValueError("not a JSON list")
    position = _next(text, position + 1)
    while rows or text[position : position + 1] != "]":
        try:
            _, end = _decoder.raw_decode(text, position)
        except RecursionError:
            end = _end_of_brackets(text, position)
        rows.append(text[position:end].encode("utf-8", "surrogateescape"))
        position = _next(text, end)
        if text[position : position + 1] == "]":
            break
        if text[position : position + 1] != ",":
            raise ValueError("a JSON list that is cut")
        position = _next(text, position + 1)
    if _next(text, position + 1) != len(text):
        raise ValueError("more than one JSON list")
    return rows


def _end_of_brackets(text: str, position: int) -> int:
    """Where a value ends that is nested beyond sense: it will be refused, and takes no other row
    along.
    """
    depth = 0
    for found in _BRACKETS.finditer(text, position):
        if found[0][0] != '"':
            depth += 1 if found[0] in "[{" else -1
            if depth == 0:
                return found.end()
    raise ValueError("a value that is cut")


def _next(text: str, position: int) -> int:
    while text[position : position + 1] in (" ", "\t", "\r", "\n") and position < len(text):
        position += 1
    return position


def read_json(content: bytes) -> Any:
    """A payload as plain values without NaN, NULs and lone surrogates, which no store takes; raises
    ``ValueError``.
    """
    content = _without_no_numbers(content.removeprefix(BOM))
    try:
        document = msgspec.json.decode(content)
        unclean = b"\\u0000" in content
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        document, unclean = None, True
    if not unclean:
        return document
    try:
        return _clean(json.loads(content.decode("utf-8", "replace"), parse_int=whole_number))
    except RecursionError as error:
        raise ValueError("nested beyond sense") from error


def whole_number(digits: str) -> int | float:
    """A whole number, or infinity where it has more digits than any number means, and than Python
    reads.
    """
    return int(digits) if len(digits) < _MOST_DIGITS else float(digits)


def _without_no_numbers(content: bytes) -> bytes:
    """The words for no number as nulls; nearly no payload has one, and to look for them costs less
    than to look at every key.
    """
    return (
        _NO_NUMBER.sub(_null, content) if b'NaN"' in content or b'Infinity"' in content else content
    )


def _null(found: re.Match[bytes]) -> bytes:
    start = found.start()
    return (
        b"null"
        if _AFTER_A_KEY.search(found.string, max(start - _LONGEST_END, 0), start)
        else found[0]
    )


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {clean_text(key): _clean(item) for key, item in value.items()}
    return value


def is_not_a_number(value: object) -> bool:
    """Whether a value is one of the words that Java writes for a number that there is none of."""
    return isinstance(value, str) and value in _NOT_NUMBERS


def clean_text(text: str) -> str:
    """A text without NULs and lone surrogates, which neither UTF-8 nor PostgreSQL can hold."""
    return _UNSTORABLE.sub("�", text)


def unpack(body: Body) -> bytes:
    """The decoded bytes of a part; raises one of ``BROKEN_GZIP``. isal takes 0.5 ms where the
    standard library takes 1.4.
    """
    if body.encoding == "gzip" and body.decoded is None:
        return gunzip(body.content)
    return body.read()


def gunzip(content: bytes) -> bytes:
    """What a gzip holds; raises one of ``BROKEN_GZIP``."""
    unpacked: bytes = igzip.decompress(content)  # type: ignore[no-untyped-call]
    return unpacked


@cache
def contract(name: str) -> Validator:
    """The plugin's own schema of a payload: lenient on unknown keys, strict on the types of what is
    read.
    """
    return Validator(
        json.loads((files(__package__) / "schemas" / f"{name}.json").read_text("utf-8"))
    )


def refuse(
    what: str,
    *,
    field: str,
    fix: str | None = None,
    why: str | None = None,
    code: str = "FG-payload-invalid",
) -> RecordRefused:
    """The refusal of one record, to be raised."""
    return RecordRefused(
        code,
        what,
        at=Place(field=field),
        why=why,
        fix=fix
        or (
            "nothing is lost: the record is kept and tried again with the next version of "
            "fitglue-intervals; "
            "if Intervals.icu shows the activity rightly, report this line"
        ),
    )


def check(name: str, document: Any, subject: str) -> None:
    """Hold a document to a schema; raises ``RecordRefused`` with the first violation and the number
    of the others.
    """
    violations = contract(name).violations(document)
    if violations:
        first, others = violations[0], len(violations) - 1
        also = f", and {others} more" if others else ""
        raise refuse(
            f"{subject} cannot be read: {_path(first)} {first.message}{also}", field=_path(first)
        )


def _path(violation: Violation) -> str:
    return "$" + "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in violation.path
    )


@cache
def known_keys() -> frozenset[str]:
    """The keys of the API's own dictionary; any other key of an activity is a custom field of the
    athlete.
    """
    properties: Mapping[str, Any] = contract("activity").schema["properties"]
    return frozenset(properties)
