"""Replaces what is personal or secret in recorded requests and responses.

What may stay is listed in ``harmless.py``, not what must go: a text or a number stays only under a
key that is known, in a form that is known for that key. Ids are replaced by made-up ones, each
always by the same, so that a recording still fits together.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import math
import re
import zipfile
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from fitglue_formats import activities
from fitglue_garmin.testing.files import file_of
from fitglue_garmin.testing.workout import Leg, Workout
from tools.harmless import (
    PARAMETERS,
    SERVICE_IDS,
    is_coordinate,
    is_harmless_key,
    is_harmless_number,
    is_harmless_text,
    is_stream,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

SCRUBBED = "scrubbed"
"""What replaces a text."""
#: The place of everything: in the Gulf of Guinea, where nobody lives.
MADE_UP_DEGREES = 0.5
_DEGREES_PER_SAMPLE = 0.00003
#: Samples of a stream that are kept; the beginning of a workout is enough for a test.
MOST_SAMPLES = 120
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_ENDLESS = 4_102_444_800  # 2100-01-01

#: Headers of responses that say how to read them. All others are dropped.
_HEADERS = ("content-type", "retry-after", "etag")
_ID = re.compile(r"^athlete$|(^|_)ids?$|[a-z]I[dD]s?$|(?i:uuid|serial|external)")
_UUID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: An id: a number, perhaps with a letter or two before it, as in ``i123456``, or after a day, as in
#: the name ``2026-11-27-197310.fit``.
_ID_TEXT = re.compile(
    r"(?:[A-Za-z]{0,2}|garmin_(?:push|ping)_|garmin-|[0-9]{4}-[0-9]{2}-[0-9]{2}-)([0-9]+)"
    r"(?:\.(?:fit|gpx|tcx)(?:\.gz)?)?"
)
#: The name of a zone, which is an id for Intervals.icu but of nobody.
_ZONE = re.compile(r"Z[0-9]{1,2}|SS")
#: A part of a path that is an id, or has one.
_LONG_NUMBER = re.compile(r"[0-9]{5,}")
_ID_IN_PATH = re.compile(r"[A-Za-z]?[0-9]{2,}")
_IN_PATH = re.compile(r"[\w.-]*", re.ASCII)
_IN_QUERY = re.compile(r"[\w.,:+-]*", re.ASCII)
_SHORTEST_ID = 5  # digits of a made-up one


class Scrubber:
    """Scrubs the requests and responses of one recording.

    Args:
        secrets: The key, names and other texts that are replaced wherever they are.
        ids: Ids of the athlete, which are replaced like all ids, and must not remain.
        token_path: The path of the request that returns a token, if there is one.
    """

    def __init__(
        self,
        secrets: Iterable[str],
        ids: Iterable[str] = (),
        token_path: str | None = None,
    ) -> None:
        self._secrets = sorted(filter(None, secrets), key=len, reverse=True)
        self._ids = list(filter(None, ids))
        self._token_path = token_path
        self._numbers: dict[str, str] = {}
        self._uuids: dict[str, str] = {}

    def uri(self, uri: str) -> str:
        """Return the address of a request without ids and secrets."""
        parts = urlsplit(uri)
        path = "/".join(map(self._in_path, parts.path.split("/")))
        query = [
            (name, self._in_query(name, value))
            for name, value in parse_qsl(parts.query, keep_blank_values=True)
        ]
        address = f"{parts.scheme}://{parts.netloc}{path}"
        return f"{address}?{urlencode(query, safe=',:')}" if query else address

    def headers(self, headers: dict[str, Any]) -> dict[str, list[str]]:
        """Return the headers of a response that say how to read it."""
        kept = {}
        for name, value in headers.items():
            if name.lower() in _HEADERS:
                values = value if isinstance(value, list) else [value]
                kept[name] = [self._without_secrets(str(text)) for text in values]
        return kept

    def body(self, path: str, headers: dict[str, Any], body: bytes) -> bytes:
        """Return the body of a response, decoded and scrubbed.

        Args:
            path: The path of the request.
            headers: The headers of the response.
            body: The body as it was received.
        """
        plain = _decoded(headers, body)
        if not plain.strip():
            return plain
        if self._token_path and path.endswith(self._token_path):
            return _made_up_token()
        if _is_file(plain):
            return _made_up_file(plain)
        try:
            content = json.loads(plain)
        except ValueError:
            return SCRUBBED.encode()
        return json.dumps(self._value("", content), ensure_ascii=False).encode()

    def leaks(self, text: str) -> list[str]:
        """Return the secrets that a text contains nevertheless."""
        return [secret for secret in (*self._secrets, *self._ids) if secret in text]

    # -- values of JSON ----------------------------------------------------------------------------

    def _value(self, key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return self._object(value)
        if isinstance(value, list):
            return self._list(key, value)
        if isinstance(value, str):
            return self._text(key, value)
        if isinstance(value, bool) or value is None:
            return value
        return self._number(key, value)

    def _object(self, value: dict[str, Any]) -> dict[str, Any]:
        scrubbed: dict[str, Any] = {}
        for key, inner in value.items():
            # The keys of some objects are themselves names or ids.
            kept = key if is_harmless_key(key) else f"{SCRUBBED}_{len(scrubbed)}"
            scrubbed[kept] = self._value(key, inner)
        for key in ("data", "data2"):
            samples = value.get(key)
            if isinstance(samples, list):
                scrubbed[key] = _samples(value.get("type"), samples[:MOST_SAMPLES])
        return scrubbed

    def _list(self, key: str, value: list[Any]) -> list[Any]:
        if all(isinstance(item, int | float | None) for item in value):
            value = value[:MOST_SAMPLES]
        return [self._value(key, item) for item in value]

    def _text(self, key: str, text: str) -> str:
        text = self._without_secrets(text)
        if not text:
            return text
        if _ID.search(key) or _UUID.fullmatch(text):
            return self._id_text(text)
        return text if is_harmless_text(key, text) else SCRUBBED

    def _number(self, key: str, number: float) -> float | None:
        if not math.isfinite(number):
            return None
        if is_coordinate(key):
            return MADE_UP_DEGREES
        if is_harmless_number(key, number):
            return number
        if _ID.search(key) and key not in SERVICE_IDS:
            return int(self._made_up_number(str(abs(int(number)))))
        return None

    # -- addresses ---------------------------------------------------------------------------------

    def _in_path(self, part: str) -> str:
        part = self._without_secrets(part)
        if "," in part:
            return ",".join(map(self._in_path, part.split(",")))
        if _ID_IN_PATH.fullmatch(part) or _UUID.fullmatch(part):
            return self._id_text(part)
        if not _IN_PATH.fullmatch(part):
            return SCRUBBED
        return _LONG_NUMBER.sub(lambda match: self._made_up_number(match[0]), part)

    def _in_query(self, name: str, value: str) -> str:
        value = self._without_secrets(value)
        if _ID.search(name):
            return self._id_text(value)
        if name in PARAMETERS and _IN_QUERY.fullmatch(value) and not _LONG_NUMBER.search(value):
            return value
        return SCRUBBED

    # -- ids and secrets ---------------------------------------------------------------------------

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, SCRUBBED)
        return text

    def _id_text(self, text: str) -> str:
        """Return the made-up id in place of an id; an id of another form is replaced as a text."""
        if _ZONE.fullmatch(text):
            return text
        if _UUID.fullmatch(text):
            return self._made_up_uuid(text.lower())
        match = _ID_TEXT.fullmatch(text)
        if match is None:
            return SCRUBBED
        return text[: match.start(1)] + self._made_up_number(match[1]) + text[match.end(1) :]

    def _made_up_uuid(self, uuid: str) -> str:
        if uuid not in self._uuids:
            self._uuids[uuid] = f"00000000-0000-4000-8000-{len(self._uuids) + 1:012}"
        return self._uuids[uuid]

    def _made_up_number(self, digits: str) -> str:
        """Return the made-up number in place of a number, of about the same length."""
        if digits not in self._numbers:
            length = max(len(digits), _SHORTEST_ID)
            self._numbers[digits] = str(10 ** (length - 1) + len(self._numbers) + 1)
        return self._numbers[digits]


# -- bodies ----------------------------------------------------------------------------------------


def _decoded(headers: dict[str, Any], body: bytes) -> bytes:
    """Return a body without the compression of its transport."""
    encodings = [
        str(value) for name, value in headers.items() if name.lower() == "content-encoding"
    ]
    if any("gzip" in encoding for encoding in encodings):
        return gzip.decompress(body)
    if any("deflate" in encoding for encoding in encodings):
        return zlib.decompress(body)
    return body


def _is_file(body: bytes) -> bool:
    beginning = body[:500].lower()
    return (
        body[:2] in (b"PK", b"\x1f\x8b")
        or body[8:12] == b".FIT"
        or b"<gpx" in beginning
        or b"<trainingcenter" in beginning
    )


def _made_up_token() -> bytes:
    """Return a token in the form of a JWT that says when it ends, and nothing about anybody."""
    parts = ({"alg": "none"}, {"exp": _ENDLESS})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts]
    return b".".join([*encoded, SCRUBBED.encode()])


def _made_up_file(body: bytes) -> bytes:
    """Return a made-up FIT file that starts when the recorded file does, in the same container."""
    if body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            name = archive.namelist()[0]
            content = archive.read(name)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            info = zipfile.ZipInfo("scrubbed_ACTIVITY.fit", (2026, 1, 1, 0, 0, 0))
            archive.writestr(info, _made_up_fit(content))
        return buffer.getvalue()
    if body[:2] == b"\x1f\x8b":
        return gzip.compress(_made_up_fit(gzip.decompress(body)), mtime=0)
    return _made_up_fit(body)


def _made_up_fit(content: bytes) -> bytes:
    start, elapsed_s = _EPOCH, 60.0
    try:
        for recorded in activities(content):
            start = recorded.start_utc or start
            elapsed_s = recorded.elapsed_s or elapsed_s
            break
    except Exception:  # noqa: BLE001 - a real file may be broken in any way, and is replaced anyway
        start = _EPOCH
    leg = Leg(1, start.replace(microsecond=0), "treadmill_running", round(elapsed_s), 0.0)
    return file_of(Workout(leg, zone="UTC")) or b""


def _samples(kind: Any, samples: list[Any]) -> list[Any]:
    """Return the samples of a stream if they are measurements, or made-up ones."""
    if is_coordinate(str(kind)):
        return _made_up_line(len(samples))
    if not is_stream(kind):
        return [None] * len(samples)
    return [_sample(sample) for sample in samples]


def _sample(sample: Any) -> Any:
    """Return a number, or the numbers of one second, such as the intervals between heart beats."""
    if isinstance(sample, list):
        return [inner for inner in sample if isinstance(inner, int | float)]
    return sample if isinstance(sample, int | float) else None


def _made_up_line(length: int) -> list[float]:
    """Return made-up coordinates of a stream."""
    return [round(MADE_UP_DEGREES + _DEGREES_PER_SAMPLE * sample, 6) for sample in range(length)]
