"""Takes the answers of a plugin in batches, and makes of each what follows for its record, on the
thread that it came on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.plugin_api import Part, Unavailable
from fitglue_registry.sync.deriving.deriver import Derived
from fitglue_registry.sync.deriving.pool import Pending

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fitglue_registry.errors import FitglueError

#: What follows from an answer for its record, or a worker's promise of it; nothing of a record
#: that nobody asked for.
Derive = Callable[[Part | Unavailable], Derived | Pending | None]

#: Answers of one job are stored together, up to so many bytes.
_BATCH_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one id, and what follows from it for its record."""

    external_id: str
    item: Part | Unavailable | FitglueError
    derived: Derived | None = None
    # In its place, while a worker is at it; nothing that ``ask_for`` gives is pending any more.
    pending: Pending | None = None


def in_batches(
    items: Iterable[Part | Unavailable],
    derive: Derive,
    most: int,
) -> Iterator[list[Answered]]:
    """The answers of one job, ``most`` at a time, with what is made of each; also those that came
    before the plugin failed.
    """
    batch: list[Answered] = []
    size = 0
    remaining = iter(items)
    while True:
        try:
            item = next(remaining, None)
        except BaseException:  # whatever it is: what was answered before counts
            if batch:
                yield batch
            raise
        if item is None:
            break
        answered = _answered(item, derive)
        batch.append(answered)
        size += _weight(answered)
        if size > _BATCH_BYTES or len(batch) >= most:
            yield batch
            batch = []
            size = 0
    if batch:
        yield batch


def weight_of(batch: Iterable[Answered]) -> int:
    """The bytes that these answers hold: as they came, unpacked, and made into streams."""
    return sum(map(_weight, batch))


def _weight(answered: Answered) -> int:
    weight = 0
    if isinstance(answered.item, Part):
        weight += len(answered.item.content) + len(answered.item.decoded or b"")
    if answered.derived is not None:
        for encoded in answered.derived.encoded:
            weight += len(encoded.blob or b"")
    return weight


def _answered(item: Part | Unavailable, derive: Derive) -> Answered:
    try:
        derived = derive(item)
    # Raised where the answer is stored: on this thread, the plugin would be blamed.
    except BaseException as failure:  # noqa: BLE001
        return Answered(item.external_id, item, Derived([], failure=failure))
    if isinstance(derived, Pending):
        return Answered(item.external_id, item, pending=derived)
    return Answered(item.external_id, item, derived)
