"""Reader for FIT: it returns the workouts of intact, chained and damaged files."""

from __future__ import annotations

import math
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from fitdecode.utils import compute_crc

from fitglue_formats.budget import FIT_BYTES, beyond
from fitglue_formats.fit.chains import chains, without_repeats
from fitglue_formats.fit.clock_set import correct_clock
from fitglue_formats.fit.columns import table
from fitglue_formats.fit.file_types import type_of
from fitglue_formats.fit.frames import LAP, RECORD, SESSION, find_messages
from fitglue_formats.fit.messages import decode
from fitglue_formats.fit.samples import Samples, split
from fitglue_formats.fit.sessions import Leg, activity
from fitglue_formats.fit.starts import Witnesses, start_of, witnesses_of
from fitglue_formats.fit.strays import drop_strays
from fitglue_formats.fit.values import seconds
from fitglue_formats.refusals import refusal
from fitglue_formats.strays import in_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_formats.fit.chains import Chain
    from fitglue_formats.fit.columns import Table
    from fitglue_formats.fit.frames import Frames
    from fitglue_formats.fit.messages import Messages, Values
    from fitglue_registry.model import SourceActivity

ACTIVITY = "activity"
#: A file without any of these messages contains no workout.
_WORKOUT_MESSAGES = frozenset({SESSION, RECORD, LAP})
_SPORT = ("sport", "sub_sport")
#: A race has fewer legs than this. The limit keeps a hostile file from becoming thousands of
#: workouts.
_MOST_SESSIONS = 100


class Session(NamedTuple):
    """One session of a file: its start in seconds after the FIT epoch, and its message
    ``session``.
    """

    start: float
    values: Values


def activities(content: bytes) -> list[SourceActivity]:
    """Return every session of a file with its samples, laps and sets.

    Raises:
        RecordRefused: If the file contains no usable workout.
    """
    frames = _frames(content)
    messages = decode(frames)
    missing = _missing(frames, messages)
    is_intact = not frames.damage
    if is_intact and not _has_right_checksums(frames):
        missing["right checksum"] = (
            "the checksum in the file does not match its content, so some values may be wrong"
        )
    samples = table(frames, messages)
    # The positions of a million messages take 150 MB, which the sessions need now.
    del frames
    return _activities(messages, samples, missing)


# -- intact and damaged files ----------------------------------------------------------------------


def _frames(content: bytes) -> Frames:
    """Return the messages of a file that may contain a workout; raise ``RecordRefused`` for any
    other.
    """
    if len(content) > FIT_BYTES.most:
        raise beyond(FIT_BYTES)
    frames = find_messages(content)
    kinds = [type_of(frames, file) for file in frames.files]
    if not frames.files:
        raise refusal(
            "FG-fit-unreadable",
            "it begins like a FIT file, but its header is invalid",
        )
    # Settings can be chained in front of an activity.
    if ACTIVITY not in kinds and None not in kinds:
        raise refusal(
            "FG-fit-other-kind",
            f"it is a different kind of FIT file ({kinds[0]}), not a workout",
            "nothing to do: it is skipped",
        )
    if _has_workout(frames):
        return frames
    if frames.damage:
        raise refusal(
            "FG-fit-unreadable",
            f"no session and no sample can be read from it: {frames.damage}",
        )
    raise refusal(
        "FG-fit-empty",
        "it contains no session and no sample, as if the recording had been stopped immediately",
    )


def _has_workout(frames: Frames) -> bool:
    """Return whether any message belongs to a workout."""
    return any(message.definition.number in _WORKOUT_MESSAGES for message in frames.messages())


def _missing(
    frames: Frames,
    messages: Messages,
) -> dict[str, str]:
    """Return the parts of the file that cannot be read, each with the reason."""
    missing = {}
    if frames.damage:
        missing["rest of the file"] = frames.damage
    if messages.lost:
        missing["damaged messages"] = f"{messages.lost} of them cannot be read"
    return missing


def _has_right_checksums(frames: Frames) -> bool:
    """Return whether the checksum of each chained file is right, missing, or 0 (which means
    none).
    """
    content = frames.content
    for file in frames.files:
        after = file.end + 2
        raw = content[file.end : after]
        stated = int.from_bytes(raw, "little")
        if len(raw) < 2 or stated == 0:  # some apps write none
            continue
        if stated != compute_crc(
            content,
            start=file.begin,
            end=file.end,
        ):
            return False
    return True


# -- the sessions ----------------------------------------------------------------------------------


def _activities(
    messages: Messages,
    samples: Table,
    missing: dict[str, str],
) -> list[SourceActivity]:
    """Return one source activity for each session.

    Raises:
        RecordRefused: If no session has a start.
    """
    stated = messages.all("session")
    if len(stated) > _MOST_SESSIONS:
        used = f"only the first {_MOST_SESSIONS} of its {len(stated):,} sessions are used"
        missing = missing | {"all sessions": used}
    sessions = without_repeats(stated[:_MOST_SESSIONS])
    legs: list[_Part] = []
    for chain in chains(messages, samples, sessions):
        legs += _parts(chain)
    if not legs:
        raise refusal(
            "FG-fit-without-times",
            "it does not state when the workout took place",
        )
    missing = missing | _samples_left_out(samples, legs)
    legs.sort(key=lambda part: part.leg.start)
    workouts = []
    for leg_no, part in enumerate(legs):
        leg = replace(part.leg, number=leg_no)
        workouts.append(activity(leg, part.messages, missing))
    return workouts


class _Part(NamedTuple):
    """A leg, and the messages of the chained files that it belongs to."""

    leg: Leg
    messages: Messages


def _parts(chain: Chain) -> Iterator[_Part]:
    """Yield the legs of a chain of files."""
    drop_strays(chain.samples, chain.sessions)
    clock_note = correct_clock(
        chain.messages,
        chain.sessions,
        chain.samples,
    )
    drop_strays(
        chain.samples,
        chain.sessions,
        is_clock_right=True,
    )
    times = _trusted_times(chain.samples)
    sessions = _sessions(chain, times)
    for session in sessions:
        session.values.update(clock_note)
    if not sessions:
        return
    starts = [session.start for session in sessions]
    ends = [_end(session, ()) for session in sessions[:-1]]
    ends.append(_end(sessions[-1], times))
    parts = split(
        chain.samples,
        starts,
        ends,
    )
    for leg in _legs(sessions, parts):
        yield _Part(leg, chain.messages)


def _samples_left_out(
    samples: Table,
    parts: Sequence[_Part],
) -> dict[str, str]:
    """Return how many samples of a file are in no workout, with the reasons."""
    missing = {}
    kept = sum(part.leg.samples.count for part in parts)
    strays = len(samples.time) - kept - samples.repeated + samples.skipped
    if strays:
        missing["stray samples"] = f"{strays} of them have no time, or one that cannot be right"
    if samples.repeated:
        missing["repeated samples"] = f"{samples.repeated} of them are in the file twice"
    if samples.left_out:
        missing["all fields of the samples"] = (
            f"{len(samples.left_out)} of them are not read, because the file has too many"
        )
    for name, count in samples.absent.items():
        words = name.replace("_", " ")
        missing[f"complete {words}"] = f'{count} of its values are a number for "not measured"'
    return missing


def _trusted_times(samples: Table) -> list[float]:
    """Return the times of the samples in their order, without the few that lie far from all
    others.
    """
    order = in_order(samples.time)
    times: list[float] = samples.time[order.rows].tolist()
    return times


def _sessions(
    chain: Chain,
    times: Sequence[float],
) -> list[Session]:
    """Return the sessions in the order of their starts.

    If a file was truncated before its sessions, a session is made from its laps and samples.
    """
    sessions = []
    # With several sessions, all samples together do not show when each of them began.
    is_only = len(chain.sessions) == 1
    evidence = times if is_only else times[:1]
    witnesses = witnesses_of(chain.messages) if is_only else Witnesses()
    for values in chain.sessions:
        start = start_of(
            values,
            evidence,
            witnesses,
        )
        if start is not None:
            sessions.append(Session(start, values))
    # With several sessions, it is not known to which one a message ``sport`` belongs.
    if len(sessions) == 1:
        return [_with_sub_sport(sessions[0], chain.messages)]
    if sessions:
        return sorted(sessions, key=attrgetter("start"))
    return _made_of_laps(chain.messages, next(iter(times), None))


def _with_sub_sport(
    session: Session,
    messages: Messages,
) -> Session:
    """Return the session with the sub-sport of the message ``sport`` if it has none of its own."""
    sport = messages.first("sport")
    if "sub_sport" in session.values:
        return session
    if "sub_sport" not in sport:
        return session
    values = dict(session.values)
    values["sub_sport"] = sport["sub_sport"]
    return Session(session.start, values)


def _made_of_laps(
    messages: Messages,
    first: float | None,
) -> list[Session]:
    """Return the session of a file that has none, or an empty list if its start is unknown."""
    laps = []
    for lap in messages.all("lap"):
        if seconds(lap, "start_time") is not None:
            laps.append(lap)
    start = first
    if start is None and laps:
        start = min(lap["start_time"] for lap in laps)
    if start is None:
        return []
    return [Session(float(start), _sport(messages, laps))]


def _sport(
    messages: Messages,
    laps: Sequence[Values],
) -> Values:
    """Return the sport of a file without sessions, from its message ``sport`` or from its laps."""
    values = messages.first("sport")
    if not values:
        with_sport = (lap for lap in laps if "sport" in lap)
        values = next(with_sport, {})
    return {name: values[name] for name in _SPORT if name in values}


def _end(session: Session, times: Sequence[float]) -> float | None:
    """Return the end of a session by its own values, else by the last sample.

    Without any of these, the result is ``None``.
    """
    stated = seconds(session.values, "timestamp")
    elapsed = seconds(session.values, "total_elapsed_time")
    if elapsed is not None:
        after = session.start + elapsed
        return max(after, stated or after)
    if stated is None and times:
        return times[-1]
    return stated


def _legs(
    sessions: Sequence[Session],
    parts: Sequence[Samples],
) -> Iterator[Leg]:
    """Yield each session with its samples, and the range of time in which its laps begin."""
    # The first leg also gets the laps before it (its clock was set late), and the last leg all
    # laps after it. Starts can be rounded differently, so each border is one second earlier.
    borders = [session.start - 1 for session in sessions]
    borders[0] = -math.inf
    borders.append(math.inf)
    for leg_no, session in enumerate(sessions):
        samples = parts[leg_no]
        first, end = borders[leg_no : leg_no + 2]
        yield Leg(
            number=leg_no,
            session=session.values,
            samples=samples,
            start=session.start,
            first=first,
            end=end,
        )
