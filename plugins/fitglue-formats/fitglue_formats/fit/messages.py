"""Decoding of the messages that summarize a workout; the samples are decoded in ``columns.py``.

fitdecode takes about 200 µs for a message and stops at the first one that it cannot decode. So it
is given only the wanted messages, and a message at which it fails is removed and counted.
"""

from __future__ import annotations

import io
import struct
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import fitdecode
from fitdecode.profile import MESSAGE_TYPES

from fitglue_formats.budget import DEVELOPER_FIELDS, SESSIONS, SUMMARIES, VALUES
from fitglue_formats.fit.definitions import offsets
from fitglue_formats.fit.frames import file_header
from fitglue_formats.fit.numbers import invalid_value, size_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_formats.budget import Budget
    from fitglue_formats.fit.definitions import Definition, Field
    from fitglue_formats.fit.frames import ChainedFile, Frames, Message

Values: TypeAlias = "dict[str, Any]"
#: All messages that are used, without samples: file_id, sport, session, lap, event, device_info,
#: activity, length, the descriptions of developer fields (field_description, developer_data_id),
#: set and exercise_title.
_WANTED = frozenset({0, 12, 18, 19, 21, 23, 34, 101, 206, 207, 225, 264})
_DEVELOPER = (206, 207)
_DEVICE_INFO = 23
_EVENT = 21
#: FIT profile, message ``event``: the field ``event`` and its value ``timer``.
_EVENT_FIELD = 0
_TIMER = 0
#: Each gear change is an event. A ride of several days has a hundred thousand, which would take 20
#: seconds.
_MANY_EVENTS = 5_000
#: Number of a message → how many of them a file may have.
_LIMITS = {
    18: SESSIONS,
    206: DEVELOPER_FIELDS,
    207: DEVELOPER_FIELDS,
}
#: The altitude of the raw value 0.
_NO_ALTITUDE_M = -500.0
#: Each failure means decoding the remaining messages again, so a badly damaged file is given up.
_MOST_FAILURES = 20
#: What fitdecode was seen to raise for damaged messages.
_DECODING_ERRORS = (
    fitdecode.FitError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    struct.error,
)


class Messages:
    """The decoded messages of a file by their kind, in the order of the file.

    Times are seconds after the FIT epoch. ``lost`` is the number of messages that cannot be
    decoded.
    """

    def __init__(self) -> None:
        self._by_kind: dict[str, list[Values]] = defaultdict(list)
        self.lost = 0

    def add(
        self,
        kind: str,
        values: Values,
    ) -> None:
        """Add one message."""
        self._by_kind[kind].append(values)

    def all(self, kind: str) -> list[Values]:
        """Return all messages of a kind, such as ``session``."""
        return self._by_kind.get(kind, [])

    def of_file(self, number: int) -> Messages:
        """Return the messages of one chained file."""
        messages = Messages()
        for kind, kept in self._by_kind.items():
            for values in kept:
                if values["chained_file"] == number:
                    messages.add(kind, values)
        return messages

    def first(self, kind: str) -> Values:
        """Return the first message of a kind, or an empty dict if the file has none."""
        return next(iter(self.all(kind)), {})


class _Decoded(NamedTuple):
    """Decoded messages with their kinds, and the number of those that cannot be decoded."""

    messages: list[tuple[str, Values]]
    lost: int


def decode(frames: Frames) -> Messages:
    """Decode the messages that are used, except the samples.

    Args:
        frames: The messages of the file.

    Returns:
        The messages. Each has the number of its chained file under ``chained_file``, because each
        chained file describes its own developer fields.

    Raises:
        RecordRefused: If the file has more of these messages, or more values in them, than any
            workout.
    """
    messages = Messages()
    for number, file in enumerate(frames.files):
        chosen = _chosen(frames.content, file)
        _spend(frames.budget, chosen)
        decoded = _decode(frames.content, chosen)
        messages.lost += decoded.lost
        for kind, values in decoded.messages:
            values["chained_file"] = number
            messages.add(kind, values)
    return messages


def _chosen(
    content: bytes,
    file: ChainedFile,
) -> list[Message]:
    """Return the wanted messages of a chained file.

    Of the messages ``device_info``, only those of the recording device are wanted: a long ride
    names its dozen sensors a dozen times.
    """
    chosen = []
    for message in file.messages:
        number = message.definition.number
        if number not in _WANTED:
            continue
        if number == _DEVICE_INFO and not _is_creator(content, message):
            continue
        chosen.append(message)
    events = sum(message.definition.number == _EVENT for message in chosen)
    if events > _MANY_EVENTS:
        return [message for message in chosen if not _is_idle(content, message)]
    return chosen


def _spend(
    budget: Budget,
    chosen: Sequence[Message],
) -> None:
    """Take messages from the budget of their file before they are decoded, which is slow.

    A message costs as much as its values, and an array has many.
    """
    values: dict[Definition, int] = {}
    for message in chosen:
        definition = message.definition
        if definition not in values:
            values[definition] = sum(map(_values_of, definition.fields))
        budget.use(VALUES, values[definition])
        budget.use(_LIMITS.get(definition.number, SUMMARIES))


def _values_of(field: Field) -> int:
    """Return how many values a field has; a text is one."""
    return max(field.size // max(size_of(field.base, field.size), 1), 1)


def _is_creator(
    content: bytes,
    message: Message,
) -> bool:
    """Return whether a ``device_info`` describes the recording device (index 0, or no index)."""
    for at, _, field in offsets(message.definition.fields, message.start):
        if field.number == 0:
            return content[at] in (0, 0xFF)
    return True


def _is_idle(
    content: bytes,
    message: Message,
) -> bool:
    """Return whether a message is an ``event`` of something else than the timer, which no reader
    needs.
    """
    if message.definition.number != _EVENT:
        return False
    for at, _, field in offsets(message.definition.fields, message.start):
        if field.number == _EVENT_FIELD and field.size:
            return content[at] != _TIMER
    return True


def _decode(
    content: bytes,
    chosen: Sequence[Message],
) -> _Decoded:
    """Decode the messages of one chained file."""
    decoded: list[tuple[str, Values]] = []
    remaining = list(chosen)
    for failures in range(_MOST_FAILURES):
        count = 0
        try:
            for kind, values in _read(content, remaining):
                time = remaining[count].time
                count += 1
                if time >= 0:
                    values["timestamp"] = time  # the one of the compressed header
                decoded.append((kind, values))
        except _DECODING_ERRORS:
            # Continue after the bad message. The descriptions of developer fields are read again,
            # because fitdecode starts with an empty state.
            developers = filter(_describes_developer_fields, remaining[:count])
            remaining = [*developers, *remaining[count + 1 :]]
        else:
            return _Decoded(decoded, failures)
    return _Decoded(decoded, _MOST_FAILURES + len(remaining))


def _describes_developer_fields(message: Message) -> bool:
    """Return whether later messages need this one to be decoded."""
    return message.definition.number in _DEVELOPER


def _read(
    content: bytes,
    chosen: Sequence[Message],
) -> Iterator[tuple[str, Values]]:
    """Yield the kind and the values of each message, decoded by fitdecode."""
    reader = fitdecode.FitReader(
        io.BytesIO(_packed(content, chosen)),
        processor=None,
        check_crc=fitdecode.CrcCheck.DISABLED,
        error_handling=fitdecode.ErrorHandling.IGNORE,
    )
    with reader:
        for frame in reader:
            if frame.frame_type == fitdecode.FIT_FRAME_DATA:
                yield frame.name, _values(frame)


def _packed(
    content: bytes,
    chosen: Sequence[Message],
) -> bytes:
    """Return a FIT file that contains only these messages, without a checksum.

    Developer fields are left out, because no message that is decoded here needs them. fitdecode
    would reject a message whose developer fields are not described.
    """
    packed = bytearray()
    shape: Definition | None = None
    kept: list[_Kept] = []
    for message in chosen:
        definition = message.definition
        if shape is not definition:
            shape = definition
            kept = list(_kept(definition))
            packed += b"\x40"  # the header of a definition message for local number 0
            packed += definition.head
            packed.append(len(kept))
            for field in kept:
                packed += bytes([field.number, field.size, field.base])
        packed += b"\0"  # the header of a data message with local number 0
        for field in kept:
            at = message.start + field.at
            packed += content[at : at + field.size]
    header = file_header(len(packed))
    return header + packed + b"\0\0"


class _Kept(NamedTuple):
    """The bytes of a field that fitdecode gets: their offset, and what their definition states."""

    at: int
    size: int
    number: int
    base: int


def _kept(definition: Definition) -> Iterator[_Kept]:
    """Yield the native fields of a message.

    Of an array, only the first value is kept if the profile expands the field into another one:
    fitdecode fails if such an array has an invalid value, and the message would be lost.
    """
    profile = MESSAGE_TYPES.get(definition.number)
    known = profile.fields if profile is not None else {}
    for at, end, field in offsets(definition.fields):
        size = end - at
        described = known.get(field.number)
        if described is not None and described.components:
            size = size_of(field.base, size)
        yield _Kept(at, size, field.number, field.base)


def _values(frame: Any) -> Values:
    """Return the native fields of a message by their names, without those that have no value.

    FIT profile: a field such as ``avg_speed`` is also expanded into ``enhanced_avg_speed``. The
    field that the file has wins over the one that was expanded, which is less precise.
    """
    stated: Values = {}
    expanded: Values = {}
    components: list[Any] = []
    for field in frame.fields:
        # fitdecode returns the components of a field in front of it, without a definition.
        if field.field_def is None:
            components.append(field)
            continue
        if not _is_absent(field):
            _add(stated, field)
            for component in components:
                if not _is_absent(component):
                    _add(expanded, component)
        components.clear()
    return expanded | stated


def _add(
    values: Values,
    field: Any,
) -> None:
    """Add a field under its name; a subfield (``product`` is ``garmin_product`` for Garmin) is
    added under both names.
    """
    if field.parent_field is not None:
        values.setdefault(field.parent_field.name, field.value)
    values[field.name] = field.value


def _is_absent(field: Any) -> bool:
    """Return whether a field has no value, or one that means "not measured".

    Apps that write a field with a wider type than the profile's still write the "invalid" value of
    the profile's type, such as 255 for a heart rate or 65535 for calories. A raw altitude of 0 is
    -500 m (scale 5, offset 500), which no place on land has.
    """
    if field.value is None:
        return True
    if field.value == _NO_ALTITUDE_M and "altitude" in field.name:
        return True
    if field.field is None or field.field_def is None:
        return False
    invalid = invalid_value(field.field.base_type.identifier)
    return bool(field.raw_value == invalid)
