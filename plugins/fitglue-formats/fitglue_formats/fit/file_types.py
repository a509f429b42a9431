"""The type of a FIT file: a workout, or one of the many other kinds, such as monitoring.

An archive is searched by this module alone, so it does without NumPy and the decoder, which take
100 ms to import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitdecode.profile import FIELD_TYPES

from fitglue_formats.fit.definitions import offsets
from fitglue_formats.fit.frames import FILE_ID, find_messages

if TYPE_CHECKING:
    from fitglue_formats.fit.frames import ChainedFile, Frames

_FILE_TYPES: dict[int, str] = FIELD_TYPES["file"].enum
#: The first message of a file is ``file_id``; it and its definition have at most 1.5 kB.
_HEAD_SIZE = 4096
#: How many messages are searched for ``file_id``, which should be the very first.
_FIRST_MESSAGES = 10


def file_type(content: bytes) -> str | None:
    """Return the type that a file states in ``file_id``, such as ``activity``, or ``None``.

    The first bytes of the file are enough. A type that the profile does not know is returned as its
    number.
    """
    frames = find_messages(content[:_HEAD_SIZE])
    if not frames.files:
        return None
    return type_of(frames, frames.files[0])


def type_of(
    frames: Frames,
    file: ChainedFile,
) -> str | None:
    """Return the type that one chained file states."""
    for message in file.messages[:_FIRST_MESSAGES]:
        definition = message.definition
        if definition.number != FILE_ID:
            continue
        for at, end, field in offsets(definition.fields, message.start):
            if field.number == 0 and end - at == 1:
                number = frames.content[at]
                return _FILE_TYPES.get(number, str(number))
    return None
