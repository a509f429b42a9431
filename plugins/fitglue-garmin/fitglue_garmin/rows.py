"""The keys of a list row that listing and fetching need, and rows that contain those of legs."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_garmin.reading import id_of, objects_of, read_object, time_of
from fitglue_registry.payloads import BeyondLimits, check_row

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

#: The key that this plugin adds to the row and to the detail of a multisport event. It contains
#: those of its legs, verbatim, so that a change of a leg changes the record of the event.
LEGS = "fitglue_legs"


class Row(msgspec.Struct):
    """The keys that listing and fetching need, with values of any type.

    The other keys are not decoded, because a full row has some 230 keys.
    """

    activityId: Any = None  # noqa: N815 - Garmin's names
    parentId: Any = None  # noqa: N815
    isParent: Any = None  # noqa: N815
    parent: Any = None
    isManualActivity: Any = None  # noqa: N815
    manualActivity: Any = None  # noqa: N815
    startTimeLocal: Any = None  # noqa: N815
    startTimeGMT: Any = None  # noqa: N815
    beginTimestamp: Any = None  # noqa: N815
    fitglue_legs: Any = None

    @property
    def external_id(self) -> str | None:
        """The id of the activity, or ``None`` if the row has none that can be used."""
        return id_of(self.activityId)

    @property
    def parent_id(self) -> str | None:
        """The id of the multisport event that this activity is a leg of, or ``None``."""
        return id_of(self.parentId)

    @property
    def is_manual(self) -> bool:
        """Whether the athlete typed the activity in, so that it has no file."""
        # Documented: the flag is in the row twice.
        return self.isManualActivity is True or self.manualActivity is True

    @property
    def is_event(self) -> bool:
        """Whether the activity is a multisport event, which has legs."""
        return self.isParent is True or self.parent is True

    @property
    def start_local(self) -> datetime | None:
        """The local start without a zone; the UTC start if only that is known."""
        for value in (self.startTimeLocal, self.startTimeGMT, self.beginTimestamp):
            start = time_of(value)
            if start is not None:
                return start
        return None

    @property
    def leg_ids(self) -> list[str]:
        """The ids of the legs that were listed with this event, in order of time."""
        ids = [id_of(leg.get("activityId")) for leg in objects_of(self.fitglue_legs)]
        return [leg_id for leg_id in ids if leg_id is not None]


_decoder = msgspec.json.Decoder(Row)


def read_row(content: bytes) -> Row:
    """Return the row of these bytes; one without values if it is not a JSON object."""
    try:
        check_row(content)
        return _decoder.decode(content)
    except BeyondLimits:
        return Row()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    # msgspec rejects a row with a NaN or a broken character, even in a key that nobody reads.
    try:
        values = read_object(content)
    except ValueError:
        return Row()
    return Row(**{name: values.get(name) for name in Row.__struct_fields__})


def name_of(content: bytes) -> str:
    """Return the name of a row without a usable id, after the hash of its bytes.

    The host keeps such a row in quarantine, under the same name in each sync.
    """
    return f"row-{hashlib.sha256(content).hexdigest()[:16]}"


def with_legs(
    content: bytes,
    legs: Sequence[bytes],
) -> bytes:
    """Return a JSON object with those of its legs as an additional key; all bytes stay verbatim.

    Args:
        content: The row or the detail of a multisport event, which has at least one key.
        legs: The rows or the details of its legs, in order of time.
    """
    if not legs:
        return content
    ended = content.rstrip()
    return b'%s,"%s":[%s]}' % (ended[:-1], LEGS.encode(), b",".join(legs))
