"""The budget of one file: what it may contain, counted over all its parts and levels.

A few kilobytes can unpack to gigabytes, and a file of any size can be written so that each of its
bytes costs a hundred times as much as in a recording. The limits are far above every real file, and
keep each file below 20 seconds of CPU time and 700 MB of memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fitglue_formats.refusals import refusal

if TYPE_CHECKING:
    from fitglue_registry.errors import RecordRefused


class Limit(NamedTuple):
    """The most of something that one file may have.

    Attributes:
        most: The number of them.
        what: The plural that the message to the athlete contains.
    """

    most: int
    what: str


# -- GPX and TCX -----------------------------------------------------------------------------------

#: 23 days at one point per second.
POINTS = Limit(2_000_000, "points")
#: Each piece of a damaged file is parsed separately, after the attempt to parse all of it.
DAMAGED_POINTS = Limit(1_000_000, "points in a damaged file")
#: A GPX of 256 MB has 14 million of them, because each element begins and ends with one.
TAGS = Limit(20_000_000, "tags")
#: Tracks, segments, waypoints and points of routes. Some loggers begin a segment after each tunnel.
SECTIONS = Limit(200_000, "sections that are not points")
#: An export of all years in one file has a few thousand.
ACTIVITIES = Limit(10_000, "activities")
#: Automatic laps of 100 meters for 2,000 kilometers.
LAPS = Limit(20_000, "laps")
#: Tags and attributes that stay in memory until the file ends, because they are in no point.
OUTSIDE = Limit(500_000, "tags and attributes outside its points")
#: The same in bytes.
OUTSIDE_BYTES = Limit(32 << 20, "bytes outside its points")
#: A text, a comment, or a tag with its attributes; the longest descriptions have a hundred thousand
#: characters.
UNBROKEN = Limit(4 << 20, "bytes in one text, comment or tag")

# -- FIT -------------------------------------------------------------------------------------------

#: Eleven days, sampled once a second with a hundred bytes each, have 95 MB.
FIT_BYTES = Limit(128 << 20, "bytes")
#: Eleven days, sampled once a second. A message without fields has one byte.
MESSAGES = Limit(1_000_000, "messages")
#: Some apps repeat the definition before every message.
DEFINITIONS = Limit(1_000_000, "definitions")
#: Fields of all different definitions. A device with many sensors has a few hundred.
FIELDS = Limit(100_000, "fields in its definitions")
#: An app that continues after a crash chains a handful of files.
CHAINED_FILES = Limit(1_000, "chained files")
#: A triathlon has five.
SESSIONS = Limit(1_000, "sessions")
#: Each app describes its developer fields once, and some do so in each chained file.
DEVELOPER_FIELDS = Limit(5_000, "descriptions of developer fields")
#: Laps, lengths, sets and stops of the timer. A day in a 25-meter pool has 4,000 lengths.
SUMMARIES = Limit(40_000, "laps, lengths, sets and events")
#: The values of all decoded messages except samples. Each costs up to 10 µs, and a lap has 80.
VALUES = Limit(800_000, "values in messages that are not samples")
#: Samples times fields. 12 million values are 96 MB, and they are copied twice. Five days at one
#: sample per second have room for 27 fields. Fields beyond it are left out, and the activity says
#: so.
SAMPLE_VALUES = Limit(12_000_000, "values of samples")
#: Eleven days at 180 beats per minute have 2.9 million.
BEATS = Limit(3_000_000, "heart beats")


class Budget:
    """What one file has used of each limit so far."""

    def __init__(self) -> None:
        self._used: dict[Limit, int] = {}

    def left(self, limit: Limit) -> int:
        """Return how many more of something the file may have."""
        return limit.most - self._used.get(limit, 0)

    def use(self, limit: Limit, count: int = 1) -> None:
        """Count something that a file contains.

        Args:
            limit: What it is, and how many of them a file may have.
            count: How many more of them were found.

        Raises:
            RecordRefused: If the file has more than the limit (``FG-file-beyond-limits``).
        """
        used = self._used.get(limit, 0) + count
        self._used[limit] = used
        if used > limit.most:
            raise beyond(limit)


def beyond(limit: Limit) -> RecordRefused:
    """Return the refusal of a file that exceeds a limit."""
    return refusal(
        "FG-file-beyond-limits",
        f"it has more than {limit.most:,} {limit.what}, which is more than any workout needs",
        "if it is a real workout, export it in parts; if not, remove it from the folder",
    )
