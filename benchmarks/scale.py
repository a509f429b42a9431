"""Writes docs/scale.md: one hundred thousand athletes on paper, computed from what was measured; no
figure is typed but the assumptions.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from page import command_of, formatted, prose, table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scale.md"
Figures = dict[str, Any]

ATHLETES = 100_000
#: What nobody measured: how much athletes train, how often they edit, how many arrive, and what
#: they bring along.
A_DAY, EDITS_A_DAY, ARRIVALS_A_DAY, HISTORY = 0.7, 0.1, 100, 1000
#: The source's own limit for an address, and what of it the registry entry takes; the second is the
#: entry's, see its `http.budget`.
LIMIT_PER_S, TAKEN_PER_S = 10, 8
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Measured:
    """What one athlete costs, from the benchmark."""

    first_requests_an_activity: float
    first_cpu_s: float
    requests_a_change: float
    received: float
    stored: float
    rows: float
    idle_cpu_s: float
    idle_bytes: int

    @classmethod
    def of(cls, parts: Figures) -> Measured:
        """The figures of the parts first-sync and history."""
        first, live = parts["first-sync"]["figures"], parts["history"]["figures"]["live"]
        ours, count = first["contenders"]["FitGlue"], first["count"]
        return cls(
            ours["requests"] / count,
            ours["first"]["cpu_s"] / count,
            (ours["later"]["requests"] - 1) / 2,
            first["contenders"]["floor"]["counted"]["received"] / count,
            ours["store_bytes"] / count,
            first["streams"]["rows"] / first["streams"]["activities"],
            live["cpu_ms"] / 1000,
            live["trip_bytes"],
        )


@dataclass(frozen=True, slots=True)
class Day:
    """A day of everybody, by how often each one's list is asked for."""

    name: str
    requests: float
    received: float
    worker_hours: float

    @property
    def addresses(self) -> float:
        """How many addresses that takes, at what the entry takes of the limit."""
        return self.requests / DAY_S / TAKEN_PER_S


def day(measured: Measured, name: str, polls: float) -> Day:
    """``polls`` lists an athlete, and what changed; arrivals apart."""
    changes = ATHLETES * (A_DAY + EDITS_A_DAY)
    return Day(
        name,
        ATHLETES * polls + changes * measured.requests_a_change,
        ATHLETES * polls * measured.idle_bytes + changes * measured.received,
        (ATHLETES * polls * measured.idle_cpu_s + changes * measured.first_cpu_s) / 3600,
    )


def write(results: Figures, page: Path = PAGE) -> None:
    """The page, once both parts that it needs were run."""
    parts = results["parts"]
    if not {"first-sync", "history"} <= parts.keys():
        print("docs/scale.md needs the parts first-sync and history")
        return
    measured = Measured.of(parts)
    days = [
        day(measured, "every 15 minutes", 96),
        day(measured, "every hour", 24),
        day(measured, "every three hours", 8),
        day(measured, "told by webhooks, a list a day to be sure", 1 + A_DAY + EDITS_A_DAY),
    ]
    lines = [
        *_head(parts),
        *_one(measured, parts),
        *_days(days),
        *_arrivals(measured),
        *_breaks(measured, days),
        *_queue(days),
    ]
    page.write_text(formatted("\n".join(lines) + "\n"), encoding="utf-8")
    print(f"written: {page}")


def _head(parts: Figures) -> list[str]:
    quick = any(parts[name]["quick"] for name in ("first-sync", "history"))
    note = (
        [
            "",
            prose("""> The measured figures come from a quick run on a busy machine and are no
                more than a sketch; `make bench` replaces them."""),
        ]
        if quick
        else []
    )
    return [
        "# One hundred thousand athletes, on paper",
        "",
        (
            "<!-- Made by `make bench` from benchmarks/results.json; assumptions and words are "
            "in benchmarks/scale.py. -->"
        ),
        "",
        prose(f"""FitGlue is built for one athlete, or a few. This page says what {ATHLETES:,}
            would take: the arithmetic of measured figures and of a few assumptions, so that
            whoever embeds the host knows what breaks first, before it does. Nothing here was
            run."""),
        *note,
    ]


def _one(measured: Measured, parts: Figures) -> list[str]:
    return [
        "",
        "## What one athlete costs",
        "",
        *table(
            ["measured", "figure", "by"],
            [
                [
                    "requests of a first sync, an activity",
                    f"{measured.first_requests_an_activity:.2f}",
                    command_of(parts, "first-sync"),
                ],
                [
                    "CPU of a stored activity, imports shared out",
                    f"{measured.first_cpu_s * 1000:.1f} ms",
                    command_of(parts, "first-sync"),
                ],
                [
                    "requests for one that is new or edited, the list apart",
                    f"{measured.requests_a_change:.1f}",
                    command_of(parts, "first-sync"),
                ],
                [
                    "received for an activity",
                    f"{measured.received / 1000:.0f} kB",
                    command_of(parts, "first-sync"),
                ],
                [
                    "stored for an activity",
                    f"{measured.stored / 1000:.0f} kB",
                    command_of(parts, "first-sync"),
                ],
                ["rows of an activity", f"{measured.rows:.0f}", command_of(parts, "first-sync")],
                [
                    "CPU of a sync with nothing new in a live worker",
                    f"{measured.idle_cpu_s * 1000:.0f} ms",
                    command_of(parts, "history"),
                ],
                [
                    "received by it",
                    f"{measured.idle_bytes / 1000:.0f} kB",
                    command_of(parts, "history"),
                ],
            ],
            words=3,
        ),
        "",
        *table(
            ["assumed", "figure"],
            [
                ["workouts a day", A_DAY],
                ["edits a day", EDITS_A_DAY],
                ["athletes that arrive a day", f"{ARRIVALS_A_DAY:,}"],
                ["workouts that each brings along", f"{HISTORY:,}"],
            ],
        ),
    ]


def _days(days: list[Day]) -> list[str]:
    rows = [
        [
            one.name,
            f"{one.requests / 1e6:.2f}",
            f"{one.requests / DAY_S:.1f}",
            f"{one.addresses:.1f}",
            f"{one.received / 1e9:,.0f}",
            f"{one.worker_hours:.1f}",
        ]
        for one in days
    ]
    return [
        "",
        "## A day",
        "",
        prose(f"""The source allows {LIMIT_PER_S} requests a second for an address (its
            maintainer says so; 2,500 in a quarter of an hour and 5,000 a day are told
            second-hand, and would make all of this much harder); the registry entry takes
            {TAKEN_PER_S} of them. *Worker-hours* are hours of one core at work; waiting for the
            source takes none."""),
        "",
        *table(
            [
                "the list of each athlete",
                "million requests",
                "a second",
                "addresses",
                "GB received",
                "worker-hours",
            ],
            rows,
        ),
    ]


def _arrivals(measured: Measured) -> list[str]:
    requests = HISTORY * measured.first_requests_an_activity
    return [
        "",
        "## Arrivals",
        "",
        prose(f"""A history of {HISTORY:,} workouts takes {requests:,.0f} requests:
            {requests / TAKEN_PER_S / 60:.1f} minutes of a whole address, and
            {HISTORY * measured.first_cpu_s:.0f} s of a core. All summaries are there after the
            first few requests, so an athlete sees everything but details and recordings at
            once. {ARRIVALS_A_DAY} arrivals a day are {ARRIVALS_A_DAY * requests / DAY_S:.1f}
            requests a second on top of the table; all {ATHLETES:,} on one day would keep one
            address busy for {ATHLETES * requests / TAKEN_PER_S / DAY_S:,.0f} days."""),
        "",
        prose(f"""Stored: {HISTORY * measured.stored / 1e6:,.0f} MB and
            {HISTORY * measured.rows:,.0f} rows for such a history,
            {ATHLETES * HISTORY * measured.stored / 1e12:.1f} TB and
            {ATHLETES * HISTORY * measured.rows / 1e9:.1f} thousand million rows for everybody;
            a day adds {ATHLETES * A_DAY * measured.stored / 1e9:.1f} GB and
            {ATHLETES * A_DAY * measured.rows / 1e6:.1f} million rows,
            {ATHLETES * A_DAY * measured.rows / DAY_S:.0f} a second."""),
    ]


def _breaks(measured: Measured, days: list[Day]) -> list[str]:
    quarter, webhooks = days[0], days[-1]
    peak = ATHLETES * A_DAY * 0.5 / 3 / 3600
    return [
        "",
        "## What breaks first",
        "",
        prose(f"""1. **The address.** Asking everybody every 15 minutes takes
            {quarter.requests / DAY_S:.0f} requests a second, {quarter.addresses:.0f} addresses'
            worth; the workers need {quarter.worker_hours:.0f} core-hours for it, and those can
            be bought. What an address can carry is {TAKEN_PER_S * DAY_S / ATHLETES:.1f}
            requests an athlete a day: webhooks, or a list every few hours that comes more often
            for who trains more often. With webhooks it is {webhooks.addresses:.1f} addresses."""),
        prose(f"""2. **Bursts.** If half of a day's workouts are uploaded within three hours of
            the evening, that is {peak:.1f} a second and {peak * measured.requests_a_change:.1f}
            requests a second for them alone; what does not fit has to wait, newest first, and
            nobody's first import may stand before it."""),
        prose(f"""3. **SQLite.** One writer at a time, and one file: for everybody it is
            PostgreSQL, whose {ATHLETES * A_DAY * measured.rows / DAY_S:.0f} rows a second are
            little, and whose {ATHLETES * HISTORY * measured.stored / 1e12:.1f} TB are much. Raw
            bytes and recordings belong into a blob store then, and the big tables parted by
            athlete."""),
        prose("""4. **A worker that dies** holds its connection's advisory lock no longer than
            its session lives; what it had fetched and not stored is asked for again. Nothing
            else is lost, because parts are a queue already."""),
        prose(f"""5. **CPU comes last**: {webhooks.worker_hours:.0f} to
            {quarter.worker_hours:.0f} worker-hours a day. Replaying everything after a better
            `normalize` is the one job that needs many cores:
            {ATHLETES * HISTORY * measured.first_cpu_s / 3600:,.0f} core-hours at most, at any
            pace."""),
    ]


def _queue(days: list[Day]) -> list[str]:
    return [
        "",
        "## What a queue on PostgreSQL must do",
        "",
        prose(f"""There is none yet. One table will do: {days[1].requests / DAY_S:.0f} jobs a
            second is no load for it, and a job commits together with what it did."""),
        "",
        *(
            f"- {prose(text)}"
            for text in (
                """**Leases.** `SELECT … FOR UPDATE SKIP LOCKED` takes a job and writes until
                    when and by whom it is held; a worker renews, and what was not renewed is
                    free again. A job is never deleted before its work is committed.""",
                """**Idempotent jobs.** "Sync this connection" may run twice, or be cut
                    anywhere: the store is the same afterwards. The host keeps that promise
                    already; the queue must not need more.""",
                """**One job a connection.** A unique key on the connection while a job waits,
                    so that five webhooks make one sync; at work, the host's advisory lock, and
                    who finds it taken gives the job back for later.""",
                f"""**A budget row for each address and source.** Workers lease tokens from it
                    in batches, in one short transaction; no worker asks the source without one.
                    That row is written {TAKEN_PER_S} times a second at most, and it must not be
                    the row that jobs wait on.""",
                """**Fairness.** What somebody waits for (connect, "sync now"), then webhooks,
                    then due lists, then first imports, then full walks and rebuilds; within
                    each class in turns by athlete, so that a history of ten years takes one
                    slice at a time. Every class gets some share, else the last one starves.""",
                """**Back-off.** `Retry-After` goes to the budget row, since it concerns
                    everybody behind the address; an outage of the source stops the source, not
                    job after job. A key that was rejected stops the connection until its
                    athlete comes.""",
                """**Poison jobs.** Tries are counted when the lease is taken, not when it ends,
                    because a job that kills its worker reports nothing. After a few, the job is
                    set aside with its error, is shown, and the connection's other parts go on.""",
                """**Webhooks** are checked, written down as a due job, and answered at once;
                    the list still decides what is new, so a lost, doubled or forged one costs a
                    request and nothing else. A daily list finds what no webhook told.""",
                """**When it is next due** stands in the connection's row, with some chance in
                    it: a full hour must not start a hundred thousand jobs.""",
                """**To be seen**: age of the oldest job of each class, tokens left, leases
                    lost, jobs set aside. The age of the oldest webhook is the figure to wake
                    somebody for.""",
            )
        ),
    ]
