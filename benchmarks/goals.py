"""The performance goals: what is measured, how to find its value, and its limit; ratios wherever
possible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal.

    ``read`` finds its value in the figures of ``part``; with ``more`` a larger value is better;
    ``name`` is the key of its reason in ``reasons.toml``.
    """

    name: str
    what: str
    part: str
    read: Callable[[Figures], float | None]
    limit: float
    unit: str = " ×"
    more: bool = False
    digits: int = 2

    def met(self, value: float) -> bool:
        """Return whether a value meets the goal."""
        return value >= self.limit if self.more else value <= self.limit

    @property
    def promise(self) -> str:
        """The limit with its sign and unit."""
        digits = 0 if self.limit == int(self.limit) else self.digits
        return f"{'≥' if self.more else '≤'} {self.limit:,.{digits}f}{self.unit}"

    def shown(self, value: float) -> str:
        """Return a value with its unit."""
        return f"{value:,.{self.digits}f}{self.unit}"


def _first(name: str, over: str, what: str = "wall_s") -> Callable[[Figures], float | None]:
    """Return a function that compares two contenders' first syncs: ``name`` divided by ``over``, or
    ``None`` if one was not run.
    """

    def read(figures: Figures) -> float | None:
        contenders = figures["contenders"]
        if name not in contenders or over not in contenders:
            return None
        return float(contenders[name]["first"][what] / contenders[over]["first"][what])

    return read


def _peer(figures: Figures, name: str) -> Figures | None:
    """Return the figures of a contender, or ``None`` if it was not run."""
    contender: Figures | None = figures["contenders"].get(name)
    return contender


def _peak(figures: Figures) -> float:
    """Return the peak memory with the large count divided by that with the small one."""
    small, large = map(str, figures["counts"])
    peaks = figures["peaks"]["FitGlue"]
    return float(peaks[large]["rss_mib"] / peaks[small]["rss_mib"])


def _requests_over(figures: Figures) -> float:
    """Return the requests of the first sync beyond N + N/50 + years.

    N is for the streams of N activities, N/50 for details in bulk, and one per year for the list.
    """
    count = figures["count"]
    years = count / 1.5625 / 365  # the stand-in's athlete has 1.5625 workouts a day
    return float(
        figures["contenders"]["FitGlue"]["requests"] - (count + count / 50 + max(1.0, years))
    )


def _startup(name: str) -> Callable[[Figures], float | None]:
    """Return a function that divides the CPU time of a command by that of ``python -c pass``."""
    return lambda figures: float(
        figures["commands"][name]["cpu_s"] / figures["commands"]["python -c pass"]["cpu_s"]
    )


def _archive_read_s(figures: Figures) -> float:
    """Return the seconds until every sample of 1,000 files was stored; with another count, what
    1,000 files would take.
    """
    return float(figures["first"]["took_s"] / figures["count"] * 1000)


GOALS = [
    Goal(
        "first-wall",
        "first sync, one connection, no latency: wall time compared with the floor",
        "first-sync",
        _first("FitGlue", "floor"),
        1.6,
    ),
    Goal(
        "first-script",
        "the same: how many times faster than the script",
        "first-sync",
        _first("script", "FitGlue"),
        3.5,
        more=True,
    ),
    Goal(
        "first-singer",
        "the same: how many times faster than Singer",
        "first-sync",
        _first("Singer", "FitGlue"),
        8,
        more=True,
    ),
    Goal(
        "first-dlt",
        "the same: how many times faster than dlt",
        "first-sync",
        _first("dlt", "FitGlue"),
        18,
        more=True,
    ),
    Goal(
        "latency",
        "first sync, 50 ms per request, eight connections: wall time compared with the floor",
        "latency",
        lambda figures: (
            figures["contenders"]["FitGlue"]["wall_s"] / figures["contenders"]["floor"]["wall_s"]
        ),
        1.1,
    ),
    Goal(
        "requests",
        "requests of a first sync beyond N + N/50 + years",
        "first-sync",
        _requests_over,
        0,
        unit="",
        digits=0,
    ),
    Goal(
        "summaries",
        "activities whose streams are stored before the last summary",
        "first-sync",
        lambda figures: figures["contenders"]["FitGlue"]["counted"]["streams_before_last_window"],
        0,
        unit="",
        digits=0,
    ),
    Goal(
        "cpu",
        "CPU time per stored activity compared with the floor",
        "first-sync",
        _first("FitGlue", "floor", "cpu_s"),
        2,
    ),
    Goal(
        "cpu-encoded",
        "the same compared with `floor, encoded`",
        "first-sync",
        _first("FitGlue", "floor, encoded", "cpu_s"),
        1.8,
    ),
    Goal(
        "validation",
        "share of validation in that CPU time",
        "stages",
        lambda figures: figures["share"] * 100,
        3,
        unit=" %",
        digits=1,
    ),
    Goal(
        "memory",
        "peak memory of a first sync compared with the floor",
        "first-sync",
        _first("FitGlue", "floor", "rss_mib"),
        1.6,
    ),
    Goal(
        "memory-10000",
        "peak memory of 10,000 activities compared with 1,000",
        "memory",
        _peak,
        1.15,
    ),
    Goal(
        "memory-100000",
        "peak memory of 100,000 summaries compared with 1,000",
        "history",
        lambda figures: figures["large"]["rss_mib"] / figures["small"]["rss_mib"],
        1.15,
    ),
    Goal(
        "store",
        "size of the store compared with the bytes received",
        "first-sync",
        lambda figures: (
            figures["contenders"]["FitGlue"]["store_bytes"]
            / figures["contenders"]["floor"]["counted"]["received"]
        ),
        1.4,
    ),
    Goal(
        "streams",
        "encoded streams per hour of activity",
        "first-sync",
        lambda figures: figures["streams"]["stream_bytes"] / 1000 / figures["streams"]["hours"],
        28,
        unit=" kB",
        digits=1,
    ),
    Goal(
        "idle-requests",
        "sync with nothing new, 100,000 activities in the store: requests",
        "history",
        lambda figures: max(figures["live"]["requests"]),
        1,
        unit="",
        digits=0,
    ),
    Goal(
        "idle-live",
        "the same in a running process: time beyond the round trip",
        "history",
        lambda figures: figures["live"]["over_ms"],
        30,
        unit=" ms",
        digits=0,
    ),
    Goal(
        "idle-command",
        "the same as a command: wall time compared with the floor",
        "history",
        lambda figures: (
            figures["command"]["FitGlue"]["wall_s"] / figures["command"]["floor"]["wall_s"]
        ),
        4,
    ),
    Goal(
        "edit-found",
        "one new and one edited activity: found",
        "first-sync",
        lambda figures: sum(
            figures["contenders"]["FitGlue"]["later"][change] for change in ("new", "edited")
        ),
        2,
        unit=" of 2",
        more=True,
        digits=0,
    ),
    Goal(
        "edit-requests",
        "the same: requests",
        "first-sync",
        lambda figures: figures["contenders"]["FitGlue"]["later"]["requests"],
        5,
        unit="",
        digits=0,
    ),
    Goal(
        "version",
        "`fitglue --version`: CPU time compared with `python -c pass`",
        "startup",
        _startup("fitglue --version"),
        1.5,
    ),
    Goal("help", "`fitglue --help`: the same", "startup", _startup("fitglue --help"), 4),
    Goal(
        "activities",
        "`fitglue activities` with 100,000 activities: the same",
        "history",
        lambda figures: (
            figures["activities"]["fitglue activities"]["cpu_s"]
            / figures["activities"]["python -c pass"]["cpu_s"]
        ),
        20,
    ),
    *(
        Goal(
            f"registry-{count}-{name}",
            f"registry of {int(count):,} entries, {words}",
            "registry",
            lambda figures, count=count, name=name: figures["sizes"][count][f"{name}_ms"],
            limit,
            unit=" ms",
            digits=1,
        )  # type: ignore[misc]
        for count, name, words, limit in (
            ("100", "warm", "from its cache", 10.0),
            ("1000", "warm", "from its cache", 40.0),
            ("100", "cold", "without a cache", 120.0),
            ("1000", "cold", "without a cache", 1200.0),
        )
    ),
    Goal(
        "plugins",
        "100 plugins among 500 distributions: time to find all",
        "plugins",
        lambda figures: figures["found_ms"],
        100,
        unit=" ms",
        digits=0,
    ),
    Goal(
        "plugins-imported",
        "the same: plugins imported before one is used",
        "plugins",
        lambda figures: figures["imported"],
        0,
        unit="",
        digits=0,
    ),
    Goal(
        "rebuild",
        "rebuild: CPU time compared with the first sync",
        "rebuild",
        lambda figures: figures["rebuild"]["cpu_s"] / figures["first"]["cpu_s"],
        0.7,
    ),
    Goal(
        "rebuild-cores",
        "rebuild: cores in use (CPU time divided by wall time)",
        "rebuild",
        lambda figures: figures["rebuild"]["cpu_s"] / figures["rebuild"]["wall_s"],
        1.5,
        unit="",
        more=True,
    ),
    Goal(
        "kill",
        "`kill -9` and restart: repeated requests (limit: connections + 1)",
        "kill",
        lambda figures: max(figures["repeated"]),
        3,
        unit="",
        digits=0,
    ),
    Goal(
        "archive-first",
        "1,000 FIT files of one hour in a zip: time until the first workouts are stored",
        "archive",
        lambda figures: figures["first"]["first_s"],
        3,
        unit=" s",
        digits=1,
    ),
    Goal(
        "archive-read",
        "the same: time until every sample is stored",
        "archive",
        _archive_read_s,
        25,
        unit=" s",
        digits=1,
    ),
    Goal(
        "archive-cores",
        "the same: cores in use (CPU time divided by wall time)",
        "archive",
        lambda figures: figures["first"]["cpu_s"] / figures["first"]["wall_s"],
        1.8,
        unit="",
        more=True,
    ),
    Goal(
        "archive-cpu",
        "the same: CPU time per file, in all processes",
        "archive",
        lambda figures: figures["first"]["cpu_s"] / figures["count"] * 1000,
        40,
        unit=" ms",
        digits=0,
    ),
    Goal(
        "archive-again",
        "the same archive again, with nothing new",
        "archive",
        lambda figures: figures["again"]["took_s"],
        1,
        unit=" s",
    ),
    Goal(
        "boosting",
        "200 activities through the booster: CPU time compared with writing them as FIT",
        "boosting",
        lambda figures: figures["boost_s"] / figures["write_s"],
        0.5,
    ),
]
