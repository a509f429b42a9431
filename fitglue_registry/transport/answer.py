"""One answer whose status was expected, and its JSON read with care."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from fitglue_registry.errors import ConnectionStopped, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SURROGATE = re.compile("[\ud800-\udfff]")
_TITLE = re.compile(rb"(?is)<title[^>]*>\s*(.{1,80}?)\s*</title>")
_DEEP = "it is nested deeper than any honest answer"
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A ``plugin_api.Answer``."""

    status: int
    url: str  # without secrets
    headers: Mapping[str, str]
    body: bytes  # decoded
    wire: bytes  # as received
    wire_encoding: Literal["identity", "gzip"]
    redact: Callable[[str], str] = field(default=str, repr=False)  # for what an error quotes

    def json(self) -> Any:
        """Return the body as plain values; NaN and numbers beyond a double pass, a lone surrogate
        becomes U+FFFD.

        Raises ``ConnectionStopped`` (FG-answer-not-json) where it is a page, cut, empty, or nested
        beyond sense.
        """
        value = _read(self.body)
        # Raised outside of every handler: the exception of a reader holds the whole body.
        if isinstance(value, _NotJson):
            raise self._not_json(value.why)
        return value

    def _not_json(self, why: str) -> ConnectionStopped:
        kind = self._kind()
        if kind.startswith("a web page"):
            why = "another server, or something between here and there, answers in its place"
        return ConnectionStopped(
            "FG-answer-not-json",
            f"the answer is {kind} where JSON was expected",
            at=Place(url=self.url),
            why=why,
            fix="try again later; if it stays so, check the base URL, or sign in to this network "
            "in a browser",
        )

    def _kind(self) -> str:
        if not self.body.strip():
            return "empty"
        head = self.body[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
        if not head.startswith(b"<"):
            return "broken"
        match = _TITLE.search(head)
        if match is None:
            return "a web page"
        title = self.redact(match[1].decode("utf-8", "replace"))
        return f"a web page titled {title!a}"


@dataclass(frozen=True, slots=True)
class _NotJson:
    """Why a body has no value."""

    why: str


def _read(body: bytes) -> Any:
    """Return the value of a body, or why it has none."""
    try:
        return msgspec.json.decode(body)
    except RecursionError:
        return _NotJson(_DEEP)
    except ValueError:
        return _read_slowly(body)


def _read_slowly(body: bytes) -> Any:
    """Return the value, or why there is none: the standard library takes NaN, 1e400 and a
    byte-order mark, which msgspec does not.
    """
    try:
        value = json.loads(body)
        # A lone surrogate can be neither printed nor stored; the exact bytes are kept elsewhere.
        if _ESCAPED_SURROGATE.search(body) or b"\xed" in body:
            return _without_surrogates(value)
    except RecursionError:
        return _NotJson(_DEEP)
    except json.JSONDecodeError as error:
        return _NotJson(_why_broken(body, error))
    except UnicodeDecodeError as error:
        return _NotJson(f"it is not UTF-8 (at byte {error.start})")
    except ValueError:
        return _NotJson("it has a number of thousands of digits")
    return value


def _why_broken(body: bytes, error: json.JSONDecodeError) -> str:
    if not body.strip():
        return "it has no content"
    if error.pos >= len(error.doc.rstrip()):
        return f"it ends too early (at character {error.pos})"
    return f"{error.msg} (at character {error.pos})"


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value
