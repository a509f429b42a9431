"""Collects the answers of a plugin in batches, and derives source activities from each of them.

An answer is what ``fitglue_fetch`` yields for one id: a part, or the reason why there is no part.
It is processed on the thread that received it, so that the work of several threads overlaps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fitglue_registry.plugin_api import Part, Unavailable
from fitglue_registry.sync.deriving.deriver import Derived
from fitglue_registry.sync.deriving.pool import Pending

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fitglue_registry.errors import FitglueError

#: Derives source activities from the record of an answer, and of the other parts that came with it.
#: Returns the result, a promise of it if a worker process derives it, or ``None`` if the answer
#: leaves the source activities as they are.
Derive = Callable[[Part | Unavailable, Sequence[Part]], Derived | Pending | None]

#: A batch is closed when its answers hold more bytes than this. Batches wait in a queue and are
#: stored in one transaction each, so this limits both memory and the length of a transaction.
_BATCH_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer for one id, with what was derived from it.

    Attributes:
        external_id: The id of the record at its source.
        item: The part, the reason why it does not exist, or the error that prevented an answer.
        derived: The source activities of the record with this answer; ``None`` if they stay as they
            are.
        pending: Replaces ``derived`` while a worker process derives it. ``ask_for`` waits for it,
            so what ``ask_for`` yields is never pending.
        others: Other parts of the record, which the same response contained.
    """

    external_id: str
    item: Part | Unavailable | FitglueError
    derived: Derived | None = None
    pending: Pending | None = None
    others: tuple[Part, ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """All parts of the record that arrived with this answer."""
        if isinstance(self.item, Part):
            return (*self.others, self.item)
        return self.others


def in_batches(
    items: Iterable[Part | Unavailable],
    part: str,
    derive: Derive,
    max_items: int,
) -> Iterator[list[Answered]]:
    """Yield the answers of one job in batches, with what is derived from each.

    Args:
        items: The answers, as the plugin yields them.
        part: The name of the part that was asked for. Other parts of a record come before it.
        derive: Called for each of them.
        max_items: How many answers a batch has at most.

    Raises:
        BaseException: Whatever the plugin raised, after a last batch of the answers before it.
    """
    batch: list[Answered] = []
    size = 0
    remaining = _with_others(items, part)
    while True:
        try:
            answer = next(remaining, None)
        # A plugin may raise anything. The answers before it are valid and were paid for with
        # requests, so they are passed on first.
        except BaseException:
            if batch:
                yield batch
            raise
        if answer is None:
            break
        answered = _answered(*answer, derive)
        batch.append(answered)
        size += _weight(answered)
        if size > _BATCH_BYTES or len(batch) >= max_items:
            yield batch
            batch = []
            size = 0
    if batch:
        yield batch


def _with_others(
    items: Iterable[Part | Unavailable],
    part: str,
) -> Iterator[tuple[Part | Unavailable, tuple[Part, ...]]]:
    """Yield each answer with the other parts of its record that were yielded before it.

    Other parts that no answer of their record follows are yielded as answers, which nobody expects.
    """
    others: list[Part] = []
    for item in items:
        if others and others[-1].external_id != item.external_id:
            yield others[0], ()
        if isinstance(item, Part) and item.part != part:
            others.append(item)
            continue
        yield item, tuple(others)
        others.clear()
    if others:
        yield others[0], ()


def weight_of(batch: Iterable[Answered]) -> int:
    """Return how many bytes these answers hold: as received, decoded, and as encoded streams."""
    return sum(map(_weight, batch))


def _weight(answered: Answered) -> int:
    weight = 0
    for part in answered.parts:
        weight += len(part.content) + len(part.decoded or b"")
    if answered.derived is not None:
        for encoded in answered.derived.encoded:
            weight += len(encoded.blob or b"")
    return weight


def _answered(
    item: Part | Unavailable,
    others: tuple[Part, ...],
    derive: Derive,
) -> Answered:
    try:
        derived = derive(item, others)
    # Kept, and raised on the thread that stores the answer. Raised on this thread, which belongs to
    # the plugin, an error of the host would be reported as an error of the plugin.
    except BaseException as failure:  # noqa: BLE001
        derived = Derived([], failure=failure)
    answered = Answered(item.external_id, item, others=others)
    if isinstance(derived, Pending):
        return replace(answered, pending=derived)
    return replace(answered, derived=derived)
