"""Searches for planted secrets, in every encoding, in everything that a call of the command writes
or prints.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import traceback
import zlib
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import sqlalchemy as sa
import zstandard

from fitglue_registry import Host, Policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def forms(secret: str) -> set[bytes]:
    """Return the forms of a secret: plain, in lower case, quoted for a URL, escaped for JSON, HTML
    and Python, in hex, and within base64.
    """
    texts = {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        html.escape(secret),
        repr(secret)[1:-1],
        secret.encode().hex(),
    }
    texts |= {text.lower() for text in texts}
    # Base64 depends on the position modulo three, so the secret is encoded behind prefixes of each
    # length.
    for prefix in ("", "a", "ab", "API_KEY:"):
        coded = base64.b64encode(f"{prefix}{secret}".encode()).decode()
        start = (len(prefix) * 8 + 5) // 6
        texts.add(coded[start:-4])
    return {text.encode() for text in texts}


class Search:
    """A search for planted secrets, which it reports by name."""

    def __init__(self, planted: dict[str, str]) -> None:
        self._forms = {name: forms(secret) for name, secret in planted.items()}

    def in_bytes(self, content: bytes) -> list[str]:
        """Return the names of the secrets in some bytes, both verbatim and decompressed."""
        names = {
            name
            for layer in _layers(content)
            for name, shapes in self._forms.items()
            if any(shape in layer for shape in shapes)
        }
        return sorted(names)

    def in_text(self, *texts: str) -> list[str]:
        """Return the names of the secrets in some texts."""
        return self.in_bytes("\n".join(texts).encode("utf-8", "surrogateescape"))

    def in_home(self, home: Path) -> list[str]:
        """Return where secrets are below the home: in file names, files, columns of rows, and
        decompressed raw parts.
        """
        places = [
            f"{path.relative_to(home)}: {name}"
            for path in home.rglob("*")
            for name in self.in_text(str(path.relative_to(home)))
            + (self.in_bytes(path.read_bytes()) if path.is_file() else [])
        ]
        return places + [
            f"{where}: {name}" for where, content in _rows(home) for name in self.in_bytes(content)
        ]

    def in_error(self, error: BaseException) -> list[str]:
        """Return the names of the secrets in an error, its traceback, and the arguments and
        attributes of every error in its chain.
        """
        texts = ["".join(traceback.format_exception(error))]
        for cause in chain(error):
            texts += [repr(cause), str(cause), repr(cause.args), repr(vars(cause))]
        return self.in_text(*texts)


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and all errors that caused it or were being handled."""
    todo, seen = [error], set()
    while todo:
        cause = todo.pop()
        if cause is not None and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            todo += [cause.__cause__, cause.__context__]


def _layers(content: bytes) -> Iterable[bytes]:
    yield content
    if content.startswith(b"\x1f\x8b"):
        try:
            yield gzip.decompress(content)
        except (OSError, EOFError, zlib.error):
            return
    elif content.startswith(
        zstandard.FRAME_HEADER if hasattr(zstandard, "FRAME_HEADER") else b"\x28\xb5\x2f\xfd"
    ):
        try:
            yield zstandard.ZstdDecompressor().decompress(content, max_output_size=50_000_000)
        except zstandard.ZstdError:
            return


def _rows(home: Path) -> Iterator[tuple[str, bytes]]:
    if not (home / "fitglue.db").exists():
        return
    with Host(home, policy=Policy.personal()) as host, host.workspace.database.read() as db:
        for table in sa.inspect(db).get_table_names():
            for row in db.execute(sa.text(f"SELECT * FROM {table}")):
                yield from (
                    (f"{table}.{name}", _bytes(value)) for name, value in row._mapping.items()
                )
        record_ids = list(db.execute(sa.text("SELECT id FROM fg_records")).scalars())
        for record_id, parts in host.workspace.raws.newest(db, record_ids).items():
            yield from (
                (f"raw {record_id} {part}", bodies[0].read()) for part, bodies in parts.items()
            )


def _bytes(value: Any) -> bytes:
    return (
        bytes(value)
        if isinstance(value, bytes | memoryview)
        else str(value).encode("utf-8", "surrogateescape")
    )
