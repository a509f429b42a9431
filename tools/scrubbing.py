"""Replaces what is personal or secret in recorded requests and responses.

What may stay is listed, not what must go: a string stays only if it is a time, a number or a short
word under a key that is not about a person. Ids are replaced by made-up ones, each always by the
same, so that a recording still fits together.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import zipfile
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fitglue_formats import activities
from fitglue_garmin.testing.files import file_of
from fitglue_garmin.testing.workout import Leg, Workout

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
_ABOUT_PERSONS = re.compile(
    r"(?i)name|title|descr|note|comment|message|mail|phone|city|country|region|street|address|place"
    r"|location|url|uri|link|image|picture|avatar|photo|user|owner|author|athlete|nick|bio|sex"
    r"|gender|birth|label|text|custom|tag"
)
_BODY = re.compile(r"(?i)(icu_|user)?(weight|height|age|birth\w*|resting_?h\w*)")
_COORDINATE = re.compile(
    r"(?i)latitude|longitude|latlng|polyline|geo|(^|_)(lat|lon|lng)($|_)|(start|end)(lat|lon)"
)
_ID = re.compile(r"(^|_)ids?$|[a-z]I[dD]s?$|(?i:uuid|serial|external)")
_UUID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONG_NUMBER = re.compile(rf"({_UUID.pattern[4:]})|[0-9]{{5,}}", re.IGNORECASE)
_SAFE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]?[0-9:.,+Z-]*|[+-]?[0-9.]+|[A-Za-z][A-Za-z0-9_/.+-]{0,40}"
)


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

    def uri(self, uri: str) -> str:
        """Return the address of a request without ids and secrets."""
        scheme, rest = uri.split("://", 1)
        host, slash, path = rest.partition("/")
        return f"{scheme}://{host}{slash}{self._without_ids(self._without_secrets(path))}"

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
        scrubbed = {key: self._value(key, inner) for key, inner in value.items()}
        if _COORDINATE.search(str(value.get("type"))):
            for key in ("data", "data2"):
                if isinstance(value.get(key), list):
                    scrubbed[key] = _made_up_line(len(scrubbed[key]))
        return scrubbed

    def _list(self, key: str, value: list[Any]) -> list[Any]:
        if all(isinstance(item, int | float | None) for item in value):
            value = value[:MOST_SAMPLES]
        return [self._value(key, item) for item in value]

    def _text(self, key: str, text: str) -> str:
        text = self._without_secrets(text)
        if not text or _ID.search(key) or _UUID.fullmatch(text):
            return self._without_ids(text) if _SAFE_ID.fullmatch(text) else SCRUBBED
        if _COORDINATE.search(key) or _ABOUT_PERSONS.search(key):
            return SCRUBBED
        if _SAFE.fullmatch(text):
            return text
        return SCRUBBED

    def _number(self, key: str, number: float) -> float | None:
        if _COORDINATE.search(key):
            return MADE_UP_DEGREES
        if _BODY.fullmatch(key):
            return None
        if _ID.search(key) and isinstance(number, int):
            return int(self._without_ids(str(number)))
        return number

    # -- ids and secrets ---------------------------------------------------------------------------

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, SCRUBBED)
        return text

    def _without_ids(self, text: str) -> str:
        return _LONG_NUMBER.sub(self._made_up, text)

    def _made_up(self, match: re.Match[str]) -> str:
        """Return the made-up id in place of a UUID or of a long number."""
        if not match[1]:
            return self._made_up_number(match[0])
        number = self._made_up_number(str(int(match[1].replace("-", "")[:12], 16) + 10**14))
        return f"00000000-0000-4000-8000-{number[-12:]}"

    def _made_up_number(self, digits: str) -> str:
        if digits not in self._numbers:
            self._numbers[digits] = str(10 ** (len(digits) - 1) + len(self._numbers) + 1)
        return self._numbers[digits]


#: An id: digits and short words, such as ``i123456`` or ``2026-11-27-197310.fit``.
_SAFE_ID = re.compile(r"[A-Za-z0-9_.:/-]{0,80}")


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


def _made_up_line(length: int) -> list[float]:
    """Return made-up coordinates of a stream."""
    return [round(MADE_UP_DEGREES + _DEGREES_PER_SAMPLE * sample, 6) for sample in range(length)]
