"""Every workout of a FIT file: of a whole one, of several that are chained, and of what is left of
one that is broken.
"""

from __future__ import annotations

import math
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from fitdecode.profile import FIELD_TYPES
from fitdecode.utils import compute_crc

from fitglue_formats.fit.columns import Table, table
from fitglue_formats.fit.definitions import offsets
from fitglue_formats.fit.frames import FILE_ID, LAP, RECORD, SESSION, cut
from fitglue_formats.fit.messages import GLANCE, WHOLE, decode
from fitglue_formats.fit.samples import Samples, split
from fitglue_formats.fit.sessions import Leg, activity, position
from fitglue_formats.fit.values import seconds
from fitglue_formats.refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_formats.fit.frames import Frames
    from fitglue_formats.fit.messages import Messages, Values
    from fitglue_registry.model import SourceActivity

ACTIVITY = "activity"
#: A file without any of these holds no workout.
_OF_WORKOUTS = frozenset({SESSION, RECORD, LAP})
_FILE_TYPES: dict[int, str] = FIELD_TYPES["file"].enum
#: The first message of a file says what kind it is; it and its definition have 1.5 kB at most.
_HEAD = 4096
_FIRST_MESSAGES = 10
_SPORT = ("sport", "sub_sport")
#: More legs than any race has.
_MOST_SESSIONS = 100
#: A session that says nothing of its length may be as long as its samples are, within reason.
_LONGEST_S = 30 * 86_400


class Session(NamedTuple):
    """One session of a file: when it began, and what it says of itself."""

    start: float
    values: Values


def activities(content: bytes) -> list[SourceActivity]:
    """Every session of a file with its samples; raises ``RecordRefused``."""
    frames = _frames(content)
    messages = decode(frames, WHOLE)
    missing = _missing(frames, messages)
    is_whole = not frames.damage
    if is_whole and not _has_right_checksums(frames):
        missing["right checksum"] = (
            "that in the file does not fit its content: some of it may have changed on its way"
        )
    return _activities(messages, table(frames, messages), missing)


def summaries(content: bytes) -> list[SourceActivity]:
    """What the sessions say of themselves; the samples are looked at only where a session does not
    say enough.
    """
    frames = _frames(content)
    messages = decode(frames, GLANCE)
    if not _say_enough(messages.all("session")):
        return activities(content)
    missing = _missing(frames, messages)
    return _activities(messages, Table.empty(), missing)


def file_type(content: bytes) -> str | None:
    """What kind of file it says it is, from its first message; the first bytes of the file are
    enough.
    """
    frames = cut(content[:_HEAD])
    if not frames.parts:
        return None
    for message in frames.parts[0].messages[:_FIRST_MESSAGES]:
        definition = message.definition
        if definition.number != FILE_ID:
            continue
        for at, end, field in offsets(definition.fields, message.start):
            if field.number == 0 and end - at == 1:
                number = content[at]
                return _FILE_TYPES.get(number, str(number))
    return None


# -- what is whole ---------------------------------------------------------------------------------


def _frames(content: bytes) -> Frames:
    """The messages of a file that may hold a workout; raises ``RecordRefused`` for any other."""
    frames = cut(content)
    kind = file_type(content)
    if not frames.parts:
        raise refusal(
            "FG-fit-unreadable",
            "it begins like a FIT file, and its header makes no sense",
        )
    if kind not in (ACTIVITY, None):
        raise refusal(
            "FG-fit-other-kind",
            f"it is a FIT file of another kind ({kind}), and no workout",
            "nothing: it is left out",
        )
    if _has_workout(frames):
        return frames
    if frames.damage:
        raise refusal(
            "FG-fit-unreadable",
            f"it holds neither a session nor a sample: {frames.damage}",
        )
    raise refusal(
        "FG-fit-empty",
        "it holds neither a session nor a sample",
    )


def _has_workout(frames: Frames) -> bool:
    return any(message.definition.number in _OF_WORKOUTS for message in frames.messages())


def _missing(frames: Frames, messages: Messages) -> dict[str, str]:
    """What of the file cannot be read, and why."""
    missing = {}
    if frames.damage:
        missing["rest of the file"] = frames.damage
    if messages.lost:
        missing["damaged messages"] = f"{messages.lost} of them cannot be read"
    return missing


def _has_right_checksums(frames: Frames) -> bool:
    """Whether each part has the checksum that it says; none is as good."""
    content = frames.content
    for part in frames.parts:
        after = part.end + 2
        raw = content[part.end : after]
        stated = int.from_bytes(raw, "little")
        if len(raw) < 2 or stated == 0:
            continue
        if stated != compute_crc(
            content,
            start=part.begin,
            end=part.end,
        ):
            return False
    return True


def _say_enough(sessions: Sequence[Values]) -> bool:
    """Whether every session says for itself when and how long it was, how far, how hard, and
    where.
    """
    return bool(sessions) and all(map(_says_enough, sessions))


def _says_enough(session: Values) -> bool:
    """Whether the samples need not be looked at for a glance."""
    if seconds(session, "start_time") is None:
        return False
    if session.get("total_distance") is None:
        return False
    if not session.get("total_elapsed_time"):
        return False
    if not session.get("avg_heart_rate"):
        return False
    if session.get("sub_sport") == "virtual_activity":
        return True
    return position(session) is not None


# -- the sessions ----------------------------------------------------------------------------------


def _activities(
    messages: Messages,
    samples: Table,
    missing: dict[str, str],
) -> list[SourceActivity]:
    """A source activity of each session; raises ``RecordRefused`` where none has a start."""
    first = _first_moment(samples)
    sessions = _sessions(messages, first)
    if not sessions:
        raise refusal(
            "FG-fit-without-times",
            "nothing in it says when it was",
        )
    starts = [session.start for session in sessions]
    has_samples = first is not None
    end = _end(sessions[-1], has_samples=has_samples)
    parts, strays = split(samples, starts, end)
    strays += samples.skipped
    if strays:
        stray = f"{strays} of them have no moment, or one that makes no sense"
        missing = {**missing, "stray samples": stray}
    legs = _legs(sessions, parts)
    return [activity(leg, messages, missing) for leg in legs]


def _first_moment(samples: Table) -> float | None:
    """When the first sample was taken."""
    if np.isnan(samples.time).all():  # also where there are none
        return None
    return float(np.nanmin(samples.time))


def _sessions(messages: Messages, first: float | None) -> list[Session]:
    """The sessions with their starts in order; one made of the laps and samples where the file was
    cut before it had any.
    """
    sessions = []
    for values in messages.all("session")[:_MOST_SESSIONS]:
        start = seconds(values, "start_time") or first
        if start is not None:
            sessions.append(Session(start, values))
    if len(sessions) == 1:
        return [_with_sub_sport(sessions[0], messages)]
    if sessions:
        return sorted(sessions, key=attrgetter("start"))
    return _made_of_laps(messages, first)


def _with_sub_sport(session: Session, messages: Messages) -> Session:
    """Some say in a message of its own what kind of ride it was."""
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
    """The session of a file that has none, by its samples and laps."""
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


def _sport(messages: Messages, laps: Sequence[Values]) -> Values:
    """What a file without sessions says of the sport: in a message of its own, or in its laps."""
    saying = messages.first("sport")
    if not saying:
        with_sport = (lap for lap in laps if "sport" in lap)
        saying = next(with_sport, {})
    return {name: saying[name] for name in _SPORT if name in saying}


def _end(session: Session, *, has_samples: bool) -> float | None:
    """When a session ended, by what it says."""
    stated = seconds(session.values, "timestamp")
    elapsed = seconds(session.values, "total_elapsed_time")
    if elapsed is not None:
        after = session.start + elapsed
        return max(after, stated or after)
    if stated is None and has_samples:
        return session.start + _LONGEST_S
    return stated


def _legs(
    sessions: Sequence[Session],
    parts: Sequence[Samples],
) -> Iterator[Leg]:
    """Each session with what belongs to it."""
    # Laps of the first leg may begin before it (a clock that was set late), those of the last one
    # after it.
    borders = [session.start - 1 for session in sessions]
    borders[0] = -math.inf
    borders.append(math.inf)
    for number, session in enumerate(sessions):
        samples = parts[number]
        first, end = borders[number : number + 2]
        yield Leg(
            number,
            session.values,
            samples,
            session.start,
            first,
            end,
        )
