"""Every workout of a FIT file: of a whole one, of several that are chained, and of what is left of
one that is broken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from fitdecode.profile import FIELD_TYPES
from fitdecode.utils import compute_crc

from fitglue_formats.fit.clock import seconds
from fitglue_formats.fit.columns import Table, table
from fitglue_formats.fit.frames import FILE_ID, LAP, RECORD, SESSION, cut
from fitglue_formats.fit.messages import GLANCE, WHOLE, decode
from fitglue_formats.fit.samples import Samples, split
from fitglue_formats.fit.sessions import Leg, activity, position
from fitglue_formats.refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_formats.fit.frames import Frames
    from fitglue_formats.fit.messages import Messages, Values
    from fitglue_registry.model import SourceActivity

ACTIVITY = "activity"
_FILE_TYPES: dict[int, str] = FIELD_TYPES["file"].enum
#: The first message of a file says what kind it is; it and its definition have 1.5 kB at most.
_HEAD = 4096
#: More legs than any race has.
_MOST_SESSIONS = 100


def activities(content: bytes) -> list[SourceActivity]:
    """Every session of a file with its samples; raises ``RecordRefused``."""
    frames = _frames(content)
    messages = decode(frames, WHOLE)
    missing = _missing(frames, messages)
    if not frames.damage and not _sums(frames):
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
    if not _enough(messages):
        return activities(content)
    return _activities(messages, Table(np.array([])), _missing(frames, messages))


def file_type(content: bytes) -> str | None:
    """What kind of file it says it is, from its first message; the first bytes of the file are
    enough.
    """
    frames = cut(content[:_HEAD])
    for part in frames.parts[:1]:
        for message in part.messages[:10]:
            at = message.start
            for one in message.definition.fields if message.definition.number == FILE_ID else ():
                if one.number == 0 and one.size == 1:
                    return _FILE_TYPES.get(content[at], str(content[at]))
                at += one.size
    return None


def _frames(content: bytes) -> Frames:
    frames = cut(content)
    kind = file_type(content)
    if not frames.parts:
        raise refusal(
            "FG-fit-unreadable", "it begins like a FIT file, and its header makes no sense"
        )
    if kind not in (ACTIVITY, None):
        raise refusal(
            "FG-fit-other-kind",
            f"it is a FIT file of another kind ({kind}), and no workout",
            "nothing: it is left out",
        )
    numbers = {message.definition.number for part in frames.parts for message in part.messages}
    if not numbers & {SESSION, RECORD, LAP}:
        what = (
            "it holds neither a session nor a "
            f"sample{f': {frames.damage}' if frames.damage else ''}"
        )
        raise refusal("FG-fit-unreadable" if frames.damage else "FG-fit-empty", what)
    return frames


def _missing(frames: Frames, messages: Messages) -> dict[str, str]:
    missing = {"rest of the file": frames.damage} if frames.damage else {}
    if messages.lost:
        missing["damaged messages"] = f"{messages.lost} of them cannot be read"
    return missing


def _sums(frames: Frames) -> bool:
    """Whether each part has the checksum that it says; none is as good."""
    for part in frames.parts:
        said = frames.content[part.end : part.end + 2]
        if (
            len(said) == 2
            and any(said)
            and compute_crc(frames.content, start=part.begin, end=part.end)
            != int.from_bytes(said, "little")
        ):
            return False
    return True


def _enough(messages: Messages) -> bool:
    """Whether every session says for itself when and how long it was, how far, how hard, and
    where.
    """
    sessions = messages.all("session")
    return bool(sessions) and all(map(_is_enough, sessions))


def _is_enough(session: Values) -> bool:
    if seconds(session, "start_time") is None or session.get("total_distance") is None:
        return False
    placed = position(session) is not None or session.get("sub_sport") == "virtual_activity"
    return bool(session.get("total_elapsed_time") and session.get("avg_heart_rate") and placed)


def _activities(messages: Messages, found: Table, missing: dict[str, str]) -> list[SourceActivity]:
    first = (
        float(np.nanmin(found.time)) if len(found.time) and not np.isnan(found.time).all() else None
    )
    sessions = _sessions(messages, first)
    if not sessions:
        raise refusal("FG-fit-without-times", "nothing in it says when it was")
    starts = [start for start, _ in sessions]
    parts, strays = split(found, starts, _end(sessions, first is not None))
    strays += found.skipped
    if strays:
        missing |= {"stray samples": f"{strays} of them have no moment, or one that makes no sense"}
    return [activity(leg, messages, missing) for leg in _legs(sessions, parts)]


def _sessions(messages: Messages, first: float | None) -> list[tuple[float, Values]]:
    """The sessions with their starts in order; one made of the laps and samples where the file was
    cut before it had any.
    """
    stated = messages.all("session")[:_MOST_SESSIONS]
    found = [
        (start, session)
        for session in stated
        if (start := seconds(session, "start_time") or first) is not None
    ]
    if len(found) == 1 and "sub_sport" not in found[0][1]:
        # Some say in a message of its own what kind of ride it was.
        said = messages.first("sport")
        found = [
            (
                found[0][0],
                {
                    **({"sub_sport": said["sub_sport"]} if "sub_sport" in said else {}),
                    **found[0][1],
                },
            )
        ]
    if found:
        return sorted(found, key=lambda pair: pair[0])
    laps = [lap for lap in messages.all("lap") if seconds(lap, "start_time") is not None]
    start = min([lap["start_time"] for lap in laps], default=first) if first is None else first
    if start is None:
        return []
    said = messages.first("sport") or next((lap for lap in laps if "sport" in lap), {})
    return [(float(start), {key: said[key] for key in ("sport", "sub_sport") if key in said})]


def _end(sessions: Sequence[tuple[float, Values]], has_samples: bool) -> float | None:
    start, session = sessions[-1]
    ends = [
        seconds(session, "timestamp"),
        start + elapsed
        if (elapsed := seconds(session, "total_elapsed_time")) is not None
        else None,
    ]
    known = [end for end in ends if end is not None]
    # A session that says nothing of its length may be as long as its samples are, within reason.
    return max(known) if known else start + 30 * 86_400 if has_samples else None


def _legs(sessions: Sequence[tuple[float, Values]], parts: Sequence[Samples]) -> list[Leg]:
    legs = []
    for number, ((start, session), samples) in enumerate(zip(sessions, parts, strict=True)):
        # Laps of the first leg may begin before it (a clock that was set late), those of the last
        # one after it.
        first = start - 1 if number else float("-inf")
        end = sessions[number + 1][0] - 1 if number + 1 < len(sessions) else float("inf")
        legs.append(Leg(number, session, samples, start, first, end))
    return legs
