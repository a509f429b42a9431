"""The content of a sealed file: AES-256-GCM, bound to the reference that it is kept under.

A sealed file consists of a magic word, the id of its key, a nonce and the encrypted values. The
head and the reference are authenticated too: a file that was renamed to the name of another
connection does not open.
"""

from __future__ import annotations

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fitglue_registry.secrets.references import unreadable

KEY_LENGTH = 32

_MAGIC = b"FGSECRET1"
_KEY_ID_LENGTH = 8
_NONCE_LENGTH = 12
_NONCE_START = len(_MAGIC) + _KEY_ID_LENGTH
_NONCE_END = _NONCE_START + _NONCE_LENGTH


def new_key() -> bytes:
    """Return a fresh random key."""
    return os.urandom(KEY_LENGTH)


def key_id(key: bytes) -> bytes:
    """Return what tells one key from another, and gives nothing of the key away."""
    digest = hashlib.sha256(b"fitglue key id" + key).digest()
    return digest[:_KEY_ID_LENGTH]


def key_id_of(content: bytes) -> bytes:
    """Return the id of the key that sealed a file."""
    return content[len(_MAGIC) : _NONCE_START]


def is_sealed(content: bytes) -> bool:
    """Whether a file has the form of a sealed one."""
    return content.startswith(_MAGIC) and len(content) > _NONCE_END


def seal(
    key: bytes,
    plain: bytes,
    ref: str,
) -> bytes:
    """Return the bytes of a sealed file."""
    head = _MAGIC + key_id(key)
    nonce = os.urandom(_NONCE_LENGTH)
    encrypted = AESGCM(key).encrypt(nonce, plain, head + ref.encode())
    return head + nonce + encrypted


def unseal(
    key: bytes,
    content: bytes,
    ref: str,
) -> bytes:
    """Return what was sealed; raises ``AthleteNeeded`` (FG-secret-unreadable) where one bit is not
    as it was.
    """
    head = content[:_NONCE_START]
    nonce = content[_NONCE_START:_NONCE_END]
    encrypted = content[_NONCE_END:]
    try:
        return AESGCM(key).decrypt(nonce, encrypted, head + ref.encode())
    except InvalidTag:
        raise unreadable(ref) from None
