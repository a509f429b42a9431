"""Compresses raw parts for the database, and returns exactly the bytes that were received."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import zstandard

from fitglue_registry.errors import StoreFailed
from fitglue_registry.model.stored import Packing, Wire
from fitglue_registry.plugin_api import Body
from fitglue_registry.store.blobs import FETCH_AGAIN
from fitglue_registry.store.zstd_frames import decompress_frame

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from fitglue_registry.store.blobs import BlobStore

_LEVEL = 3  # zstd's own default
# Bytes of the largest raw part: that of the largest file that an import reads.
_LARGEST = 256 << 20
# One row of a listing is a small JSON object that zstd can hardly compress on its own; with a
# dictionary of the keys and values that all rows of a source share, it can.
_DICTIONARY_BYTES = 16_384
#: A dictionary that is trained on fewer samples compresses poorly.
MIN_SAMPLES = 64
#: More samples take longer and do not help: with 100, 200 and 400 of the rows of a list, training
#: took 29, 54 and 101 ms, and 582 rows of 2.2 MB took 348, 341 and 347 kB.
MAX_SAMPLES = 200


@dataclass(frozen=True, slots=True)
class Packed:
    """One raw part as a row of ``fg_raw`` contains it."""

    sha256: str  # of the bytes as received
    wire: str  # their encoding as received, a value of ``Wire``
    packing: str  # a value of ``Packing``
    content: bytes | None  # None if the bytes are in the blob store
    size: int  # of the bytes as received
    dictionary_id: int | None = None


def packed_from_row(row: Any) -> Packed:
    """Return the raw part in a row of ``fg_raw``."""
    return Packed(row.sha256, row.wire, row.packing, row.content, row.size, row.dictionary_id)


class _Codecs(threading.local):
    """The compressors of one thread; zstandard does not allow two threads to share one.

    They are cached, because preparing a dictionary takes longer than compressing one part.
    """

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
    """Train a zstd dictionary from contents of one part of one source.

    Returns:
        The dictionary, or ``None`` if there are fewer than ``MIN_SAMPLES`` samples or zstd cannot
        train on them.
    """
    if len(samples) < MIN_SAMPLES:
        return None
    try:
        trained = zstandard.train_dictionary(_DICTIONARY_BYTES, list(samples[:MAX_SAMPLES]))
    except zstandard.ZstdError:  # the samples are too small or too similar; it works without one
        return None
    return trained.as_bytes()


def pack(
    content: bytes,
    wire: str,
    *,
    dictionary: tuple[int, bytes] | None = None,
) -> Packed:
    """Pack one part for the table.

    Args:
        content: The bytes as received.
        wire: Their encoding, ``identity`` or ``gzip``. Gzip bytes are stored unchanged: compressing
            them again gains nothing, and the same gzip bytes cannot be made from the plain ones.
        dictionary: The id and the content of the dictionary to use.
    """
    digest = hashlib.sha256(content).hexdigest()
    if wire == Wire.GZIP:
        return Packed(digest, wire, Packing.VERBATIM, content, len(content))
    number, trained = dictionary or (None, None)
    compressed = _codecs.compressor(trained).compress(content)
    return Packed(digest, wire, Packing.ZSTD, compressed, len(content), number)


def pack_blob(
    body: Body,
    blobs: BlobStore,
    written: Collection[str] = (),
) -> Packed:
    """Put one part into the blob store; the row of the table then contains only its hash.

    Args:
        body: The bytes as received.
        blobs: The blob store.
        written: The hashes of contents that were put there just now.
    """
    # The blob store computes the hash as well, so it is only computed here if it may save a put.
    sha256 = hashlib.sha256(body.content).hexdigest() if written else ""
    if sha256 not in written:
        sha256 = blobs.put(body.content)
    return Packed(sha256, body.encoding, Packing.BLOB, None, len(body.content))


def unpack(
    packed: Packed,
    *,
    dictionary: bytes | None,
    blobs: BlobStore,
) -> Body:
    """Return the part as it was received; raise ``StoreFailed`` if that is impossible.

    The hash of a blob is verified, the hash of other contents is not; ``backup.raw_check`` does
    that.
    """
    encoding: Literal["identity", "gzip"] = "gzip" if packed.wire == Wire.GZIP else "identity"
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
        # The limit keeps a damaged or foreign frame from filling the memory. The row states its
        # size, which may be just as wrong.
        most = min(packed.size, _LARGEST)
        return decompress_frame(_codecs.decompressor(dictionary), content, most)
    except zstandard.ZstdError as error:
        raise StoreFailed(
            "FG-raw-damaged",
            "a response in the database is damaged",
            why=f"it cannot be unpacked: {error}",
            fix=f"`fitglue doctor --deep` names it; {FETCH_AGAIN}",
        ) from error
