"""Raw parts as they are kept: the exact bytes that came, compressed, and given back bit by bit."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import zstandard

from fitglue_registry.errors import StoreFailed
from fitglue_registry.model.stored import Packing
from fitglue_registry.plugin_api import Body
from fitglue_registry.store.blobs import FETCH_AGAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.store.blobs import BlobStore

_LEVEL = 3
_DICTIONARY_BYTES = 16_384
#: Fewer samples make a poor dictionary.
MIN_SAMPLES = 64
#: More samples make it slow to learn.
MAX_SAMPLES = 400


@dataclass(frozen=True, slots=True)
class Packed:
    """One raw part as a row of the table ``fg_raw`` holds it."""

    sha256: str
    wire: str
    packing: str
    content: bytes | None
    size: int
    dictionary_id: int | None = None


def packed_from_row(row: Any) -> Packed:
    """The raw part in a row of ``fg_raw``."""
    return Packed(row.sha256, row.wire, row.packing, row.content, row.size, row.dictionary_id)


class _Codecs(threading.local):
    """The compressors of one thread: none of them may be used by two at a time."""

    def __init__(self) -> None:
        self.compressor = lru_cache(maxsize=16)(_make_compressor)
        self.decompressor = lru_cache(maxsize=16)(_make_decompressor)


def _make_compressor(dictionary: bytes | None) -> zstandard.ZstdCompressor:
    if dictionary is None:
        return zstandard.ZstdCompressor(level=_LEVEL)
    trained = zstandard.ZstdCompressionDict(dictionary)
    return zstandard.ZstdCompressor(dict_data=trained, level=_LEVEL)


def _make_decompressor(dictionary: bytes | None) -> zstandard.ZstdDecompressor:
    if dictionary is None:
        return zstandard.ZstdDecompressor()
    trained = zstandard.ZstdCompressionDict(dictionary)
    return zstandard.ZstdDecompressor(dict_data=trained)


_codecs = _Codecs()


def train_dictionary(samples: Sequence[bytes]) -> bytes | None:
    """A zstd dictionary from the first rows of a source, ``None`` where there are too few to learn
    from.
    """
    if len(samples) < MIN_SAMPLES:
        return None
    try:
        trained = zstandard.train_dictionary(_DICTIONARY_BYTES, list(samples[:MAX_SAMPLES]))
    except zstandard.ZstdError:  # samples too small or too alike: packing goes without
        return None
    return trained.as_bytes()


def pack(
    content: bytes,
    wire: str,
    *,
    dictionary: tuple[int, bytes] | None = None,
) -> Packed:
    """Pack one part for the table; what came gzipped is kept as it came."""
    digest = hashlib.sha256(content).hexdigest()
    if wire == "gzip":
        return Packed(digest, wire, Packing.VERBATIM, content, len(content))
    number, trained = dictionary or (None, None)
    compressed = _codecs.compressor(trained).compress(content)
    return Packed(digest, wire, Packing.ZSTD, compressed, len(content), number)


def pack_blob(
    content: bytes,
    wire: str,
    blobs: BlobStore,
) -> Packed:
    """Put one part into the blob store and keep only its name in the table."""
    sha256 = blobs.put(content)
    return Packed(sha256, wire, Packing.BLOB, None, len(content))


def unpack(
    packed: Packed,
    *,
    dictionary: bytes | None,
    blobs: BlobStore,
) -> Body:
    """The part as it came."""
    encoding: Literal["identity", "gzip"] = "gzip" if packed.wire == "gzip" else "identity"
    if packed.packing == Packing.BLOB:
        return Body(blobs.get(packed.sha256), encoding)
    content = packed.content or b""
    if packed.packing == Packing.ZSTD:
        content = _decompress(packed, content, dictionary)
    return Body(content, encoding)


def _decompress(
    packed: Packed,
    content: bytes,
    dictionary: bytes | None,
) -> bytes:
    try:
        return _codecs.decompressor(dictionary).decompress(content, max_output_size=packed.size)
    except zstandard.ZstdError as error:
        raise StoreFailed(
            "FG-raw-damaged",
            "an answer in the database is not what came",
            why=f"it cannot be unpacked: {error}",
            fix=f"`fitglue doctor --deep` names it; {FETCH_AGAIN}",
        ) from error
