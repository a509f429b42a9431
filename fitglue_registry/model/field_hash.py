"""The hash by which two values of one field are told apart, without keeping the value."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

#: The hexadecimal digits that are kept; two values of a field only have to be told apart.
_LENGTH = 16


def field_hash(value: Any) -> str:
    """Return the hash of the value of a field."""
    content = msgspec.json.encode(value, order="sorted")
    return hashlib.sha256(content).hexdigest()[:_LENGTH]
