"""Encrypts ("seals") secrets with AES-256-GCM, bound to their references.

A sealed file consists of a magic word, the id of its key, a nonce, and the encrypted values. Magic
word, key id and reference are authenticated, too (as associated data), so a file that was renamed
to that of another connection does not open.
"""

from __future__ import annotations

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fitglue_registry.secrets.references import unreadable

KEY_LENGTH = 32  # bytes, for AES-256

_MAGIC = b"FGSECRET1"
_KEY_ID_LENGTH = 8
_NONCE_LENGTH = 12  # bytes; the length that NIST SP 800-38D recommends for GCM
_NONCE_START = len(_MAGIC) + _KEY_ID_LENGTH
_NONCE_END = _NONCE_START + _NONCE_LENGTH


def new_key() -> bytes:
    """Return a new random key."""
    return os.urandom(KEY_LENGTH)


def key_id(key: bytes) -> bytes:
    """Return an id that distinguishes keys and reveals nothing about the key.

    With it, a lost key is reported as such, and not as a damaged file.
    """
    digest = hashlib.sha256(b"fitglue key id" + key).digest()
    return digest[:_KEY_ID_LENGTH]


def key_id_of(content: bytes) -> bytes:
    """Return the id of the key with which a file was sealed."""
    return content[len(_MAGIC) : _NONCE_START]


def is_sealed(content: bytes) -> bool:
    """Return whether the content has the form of a sealed file."""
    return content.startswith(_MAGIC) and len(content) > _NONCE_END


def seal(
    key: bytes,
    plain: bytes,
    ref: str,
) -> bytes:
    """Return the content of a sealed file with the encrypted text."""
    head = _MAGIC + key_id(key)
    # Random, because one key must never encrypt two texts with the same nonce.
    nonce = os.urandom(_NONCE_LENGTH)
    associated_data = head + ref.encode()
    encrypted = AESGCM(key).encrypt(nonce, plain, associated_data)
    return head + nonce + encrypted


def unseal(
    key: bytes,
    content: bytes,
    ref: str,
) -> bytes:
    """Return the text of a sealed file.

    Raises:
        AthleteNeeded: FG-secret-unreadable if a single bit or the reference differs.
    """
    head = content[:_NONCE_START]
    nonce = content[_NONCE_START:_NONCE_END]
    encrypted = content[_NONCE_END:]
    associated_data = head + ref.encode()
    try:
        return AESGCM(key).decrypt(nonce, encrypted, associated_data)
    except InvalidTag:
        raise unreadable(ref) from None
