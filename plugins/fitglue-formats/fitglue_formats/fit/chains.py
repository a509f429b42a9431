"""Files that are chained in one FIT file, and what some of them repeat.

An app that continues a recording after a crash can write the same session, lap or sample again. Two
recordings in one file can also overlap in time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from fitglue_formats.fit.values import seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from fitglue_formats.fit.arrays import Mask, Numbers
    from fitglue_formats.fit.columns import Table
    from fitglue_formats.fit.messages import Messages, Values

#: The bits of one number for each sample.
Bits: TypeAlias = "NDArray[np.uint64]"
#: Two messages with the same start belong to one session if their sports are also equal.
_IDENTITY = ("start_time", "sport", "sub_sport")
#: What differs between two copies of a message, although they state the same thing.
_BOOKKEEPING = frozenset({"chained_file", "message_index"})
_REPEATABLE = ("lap", "length", "set")
#: 2^64 divided by the golden ratio, which spreads the bits of a number (Knuth, The Art of Computer
#: Programming, 6.4).
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


class Chain(NamedTuple):
    """The sessions that share samples: those of the entire file, or those of one chained file."""

    sessions: list[Values]
    messages: Messages
    samples: Table


def without_repeats(sessions: Sequence[Values]) -> list[Values]:
    """Return the sessions of a file without those that are written again.

    Of several copies, the longest is kept: a device that saves a session while it is recorded
    writes it again at the end. If several are equally long, the last of them is kept. Sessions
    without a start are kept, because nothing identifies them.
    """
    kept: list[Values] = []
    for session in sessions:
        place = _place_of_copy(kept, session)
        if place is None:
            kept.append(session)
        elif _length(session) >= _length(kept[place]):
            kept[place] = session
    return kept


def _place_of_copy(
    sessions: Sequence[Values],
    session: Values,
) -> int | None:
    """Return the index of a copy of a session, or ``None`` if it has no copy."""
    for place, other in enumerate(sessions):
        if _is_copy(session, other):
            return place
    return None


def _is_copy(
    session: Values,
    other: Values,
) -> bool:
    """Return whether two messages state the same session."""
    if seconds(session, "start_time") is None:
        return False
    return all(session.get(name) == other.get(name) for name in _IDENTITY)


def _length(session: Values) -> float:
    """Return the elapsed time that a session states, or 0."""
    return seconds(session, "total_elapsed_time") or 0.0


def chains(
    messages: Messages,
    samples: Table,
    sessions: Sequence[Values],
) -> Iterator[Chain]:
    """Yield the sessions with the messages and samples that belong to them.

    If each chained file with samples has a session of its own, its samples and laps belong to that
    session, even if it overlaps another one. Otherwise, the times decide, and samples that are in
    several chained files count once.
    """
    with_session = {session["chained_file"] for session in sessions}
    with_samples = set(samples.files.tolist())
    has_repeats = len(sessions) < len(messages.all("session"))
    is_separate = len(with_session) > 1 and with_samples <= with_session
    # If a session was left out, its samples belong to its copy in another chained file.
    if has_repeats or not is_separate:
        drop_repeated_messages(messages)
        drop_repeated_samples(samples)
        yield Chain(list(sessions), messages, samples)
        return
    for number in sorted(with_session):
        own = [session for session in sessions if session["chained_file"] == number]
        part = messages.of_file(number)
        drop_repeated_messages(part)
        yield Chain(own, part, samples.of_file(number))


def drop_repeated_messages(messages: Messages) -> None:
    """Drop laps, lengths and sets that state the same as an earlier one."""
    for kind in _REPEATABLE:
        values = messages.all(kind)
        values[:] = _first_of_each(values)


def _first_of_each(messages: Iterable[Values]) -> list[Values]:
    """Return the messages without those that repeat an earlier one.

    A message without a start is kept, because nothing identifies it.
    """
    kept: dict[object, Values] = {}
    for number, values in enumerate(messages):
        stated = [(name, str(values[name])) for name in values if name not in _BOOKKEEPING]
        has_start = "start_time" in values
        key = tuple(sorted(stated)) if has_start else number
        kept.setdefault(key, values)
    return list(kept.values())


def drop_repeated_samples(samples: Table) -> None:
    """Remove the time of samples that an earlier chained file has with the same values.

    A sample without a time belongs to no session. The number of these is added to ``repeated``.
    """
    if len(np.unique(samples.files)) < 2:
        return
    is_repeated = _is_repeated(samples)
    samples.time[is_repeated] = np.nan
    samples.repeated += int(is_repeated.sum())


def _is_repeated(samples: Table) -> Mask:
    """Return for each sample whether an earlier chained file already has it."""
    columns = [samples.time, *(column.values for column in samples.columns.values())]
    _, first, inverse = np.unique(
        _hashes(columns),
        return_index=True,
        return_inverse=True,
    )
    earlier = first[inverse]
    is_repeated: Mask = samples.files[earlier] != samples.files
    is_repeated &= ~np.isnan(samples.time)
    # Different samples can have the same hash.
    for values in columns:
        bits = _comparable(values)
        is_repeated &= bits[earlier] == bits
    return is_repeated


def _hashes(columns: Iterable[Numbers]) -> Bits:
    """Return one number for each sample; equal samples have the same.

    One column is read after another, because a table of all of them would be a second copy of the
    samples.
    """
    hashes: Bits = np.zeros(1, dtype=np.uint64)
    for values in columns:
        hashes = (hashes ^ _comparable(values)) * _MULTIPLIER
        # Multiplying moves bits only upwards, and the low bits of most values are 0.
        hashes ^= hashes >> np.uint64(32)
    return hashes


def _comparable(values: Numbers) -> Bits:
    """Return the bits of values.

    Two gaps are equal here, although a NaN does not equal itself, and so are 0 and -0.
    """
    unsigned = values + 0.0
    unsigned[np.isnan(unsigned)] = np.nan
    return unsigned.view(np.uint64)
