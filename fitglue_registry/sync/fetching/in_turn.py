"""Fetches all parts of the newest workouts before those of older ones.

The parts take turns. A turn is a few workouts at first, so that the newest ones are complete within
a minute even if the history takes hours, and more later, because each turn ends with idle lanes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import ConnectionStopped, FitglueError, PluginFailed, Retryable
from fitglue_registry.sync.fetching.failures import concerns_all
from fitglue_registry.sync.fetching.parts import MOST_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from fitglue_registry.sync.events import Event, Events
    from fitglue_registry.sync.fetching.parts import PartQueue

#: How many workouts the first turn of a part has, if one request brings one workout.
_FIRST_TURN = 20
_GROWTH = 2


def fetch_in_turn(
    queues: Sequence[PartQueue],
    fetch: Callable[[PartQueue, int], Generator[Event, None, bool]],
) -> Events:
    """Fetch all parts of all records that want them, the newest first, and yield events.

    Args:
        queues: The records that want each part, in the order of the entry.
        fetch: Fetches the part of some records of a queue, and returns whether there were any.

    Raises:
        FitglueError: The first failure of a part. The parts that come before it in the entry do not
            need it, and are completed first, unless the failure concerns the whole connection.
    """
    for queue in queues:
        yield from queue.planned()
    going = list(queues)
    failure: FitglueError | None = None
    for size in _sizes(queues):
        was_asked = False
        for number, queue in enumerate(going):
            try:
                was_asked |= yield from fetch(queue, size)
            except (ConnectionStopped, PluginFailed, Retryable) as error:
                if concerns_all(error) or number == 0:
                    raise failure or error from None
                failure = error
                going = going[:number]
                break
        if not was_asked:
            break
    if failure is not None:
        raise failure


def _sizes(queues: Sequence[PartQueue]) -> Generator[int, None, None]:
    """Yield how many workouts each turn has: multiples of what one request can bring."""
    most = max((queue.part.bulk for queue in queues), default=1)
    largest = max(MOST_AT_ONCE // most, 1) * most
    # A single part is fetched in the same order either way.
    size = largest if len(queues) == 1 else max(_FIRST_TURN // most, 1) * most
    while True:
        yield min(size, largest)
        size *= _GROWTH
