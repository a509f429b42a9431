"""The body of a request, which can be sent several times and is read only while it is sent."""

from __future__ import annotations

import io
import json
import os
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast
from urllib.parse import urlencode

from fitglue_registry.registry.headers import is_header_value

if TYPE_CHECKING:
    import requests

    from fitglue_registry.plugin_api import File, Sending

BYTES = "application/octet-stream"
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
#: The keywords that each make a body of their own.
_KINDS = ("json", "form", "body")

#: The message of the error for a request that takes too long to send. ``network_failures`` looks
#: for it in the causes of an exception.
SENDING_TIME_EXCEEDED = "the request took longer to send than its total time limit"

#: Name and value of each field of a form, as the encoder takes them.
_Fields: TypeAlias = list[tuple[str, Any]]


class Readable(Protocol):
    """Anything that can be read like a file."""

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; none at the end."""


class BodyChanged(Exception):
    """Raised if a file becomes shorter while it is sent."""


class RequestBody(Protocol):
    """The content of a request."""

    @property
    def content_type(self) -> str:
        """The value of the header ``Content-Type``."""

    @property
    def is_multipart(self) -> bool:
        """Whether only the transport knows the complete content type."""

    def open(self, files: ExitStack) -> tuple[Readable, int]:
        """Return a reader of the content from its beginning, and the number of bytes.

        Args:
            files: Closes the files that are opened.
        """


@dataclass(frozen=True, slots=True)
class Bytes:
    """A body that is bytes, or a file with them."""

    content: bytes | Path
    content_type: str = BYTES
    is_multipart: bool = False

    def open(self, files: ExitStack) -> tuple[Readable, int]:
        """Return a reader and the number of bytes; see ``RequestBody.open``."""
        return _reader(self.content, files)


@dataclass(frozen=True, slots=True)
class Multipart:
    """A form with files (RFC 7578)."""

    fields: Mapping[str, str | Sequence[str]]
    files: Mapping[str, File | Sequence[File]]
    # The same in each attempt, so that a service can see that a repeated request is the same.
    boundary: str

    @property
    def content_type(self) -> str:
        """The value of the header ``Content-Type``, which names the boundary."""
        return f"multipart/form-data; boundary={self.boundary}"

    @property
    def is_multipart(self) -> bool:
        """Return ``True``: a plugin does not know the boundary."""
        return True

    def open(self, files: ExitStack) -> tuple[Readable, int]:
        """Return a reader and the number of bytes; see ``RequestBody.open``."""
        # Takes time to import, and most plugins send no file.
        from requests_toolbelt.multipart.encoder import MultipartEncoder

        fields: _Fields = []
        for name, value in self.fields.items():
            fields += [(name, text) for text in _several(value)]
        for name, attached in self.files.items():
            for file in _several(attached):
                if not is_header_value(file.content_type):
                    raise ValueError(f"{file.content_type!a} is not a media type")
                reader, _ = _reader(file.content, files)
                fields.append((name, (file.name, reader, file.content_type)))
        encoder = MultipartEncoder(fields, boundary=self.boundary)
        return cast("Readable", encoder), int(encoder.len)


class BodyStream:
    """The body of one request on its way, from its beginning to its last byte.

    Args:
        body: The content.
        longest_s: Seconds after which sending it is given up.
    """

    def __init__(self, body: RequestBody, longest_s: float) -> None:
        self._body = body
        self._longest_s = longest_s
        self._files = ExitStack()
        self._start()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; called by the HTTP library.

        Raises:
            TimeoutError: Sending takes too long.
            BodyChanged: A file has fewer bytes than when it was opened.
        """
        # The time-out of the socket limits only the time for each piece.
        if time.monotonic() > self._deadline:
            raise TimeoutError(SENDING_TIME_EXCEEDED)
        wanted = self._left if size < 0 else min(size, self._left)
        if wanted == 0:
            return b""
        piece = self._reader.read(wanted)
        if not piece:
            raise BodyChanged("a file became shorter while it was sent")
        self._left -= len(piece)
        return piece

    def rewind(self) -> None:
        """Begin again, because the request is sent to another address."""
        self._files.close()
        self._start()

    def close(self) -> None:
        """Close the files."""
        self._files.close()

    def _start(self) -> None:
        try:
            self._reader, self.length = self._body.open(self._files)
        except BaseException:  # another file of the form may be open already
            self._files.close()
            raise
        self._left = self.length
        self._deadline = time.monotonic() + self._longest_s


def body_of(sending: Sending) -> RequestBody | None:
    """Return the body that the keywords of a request describe, or ``None`` if it has none.

    Raises:
        TypeError: The keywords describe several bodies, or a value is not of the documented type.
        ValueError: The value of ``json`` contains a number that JSON does not have.
    """
    kinds = [kind for kind in _KINDS if kind in sending]
    if len(kinds) > 1 or ("files" in sending and kinds not in ([], ["form"])):
        raise TypeError("a request has json, a form with or without files, or a body")
    if "files" in sending:
        return Multipart(sending.get("form", {}), sending["files"], uuid.uuid4().hex)
    if "json" in sending:
        text = json.dumps(sending["json"], allow_nan=False, separators=(",", ":"))
        return Bytes(text.encode(), _JSON)
    if "form" in sending:
        return Bytes(urlencode(sending["form"], doseq=True).encode(), _FORM)
    if "body" in sending:
        return Bytes(sending["body"])
    return None


def _reader(content: bytes | Path, files: ExitStack) -> tuple[Readable, int]:
    """Return a reader of bytes or of a file, and their number."""
    if isinstance(content, Path):
        opened = files.enter_context(content.open("rb"))
        return opened, os.fstat(opened.fileno()).st_size
    if not isinstance(content, bytes):
        raise TypeError(f"a body is bytes or a Path, not {type(content).__name__}")
    return io.BytesIO(content), len(content)


def _several(value: Any) -> Sequence[Any]:
    """Return a value of a form as a list, because a field may occur several times."""
    return value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)


def rewind_body(request: requests.PreparedRequest) -> None:
    """Let the body of a request begin again, because it is sent to another address."""
    body: Any = request.body
    if isinstance(body, BodyStream):
        body.rewind()


def close_body(request: requests.PreparedRequest) -> None:
    """Close the files of the body of a request."""
    body: Any = request.body
    if isinstance(body, BodyStream):
        body.close()
