"""Writes ``docs/scale.md``: what one hundred thousand athletes would need, computed from the
measurements and from the assumptions below.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from page import command_of, formatted, prose, table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scale.md"
Figures = dict[str, Any]

ATHLETES = 100_000
#: Assumptions that were not measured: how many workouts and edits an athlete has per day, how many
#: athletes join per day, and the length of their history.
WORKOUTS_A_DAY, EDITS_A_DAY, ARRIVALS_A_DAY, HISTORY = 0.7, 0.1, 100, 1000
#: The source's limit per address, and how much of it FitGlue uses, which is the `http.budget` of
#: the registry entry.
LIMIT_PER_S, TAKEN_PER_S = 10, 8
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Measured:
    """What one athlete costs, from the benchmark: requests, seconds of CPU, bytes and rows per
    activity.
    """

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
        """Return the values from the parts first-sync and history."""
        first, live = parts["first-sync"]["figures"], parts["history"]["figures"]["live"]
        ours, count = first["contenders"]["FitGlue"], first["count"]
        return cls(
            ours["requests"] / count,
            ours["first"]["cpu_s"] / count,
            (ours["later"]["requests"] - 1)
            / 2,  # without the request for the list; two activities changed
            first["contenders"]["floor"]["counted"]["received"] / count,
            ours["store_bytes"] / count,
            first["streams"]["rows"] / first["streams"]["activities"],
            live["cpu_ms"] / 1000,
            live["trip_bytes"],
        )


@dataclass(frozen=True, slots=True)
class Day:
    """One day of all athletes, for one way of noticing changes."""

    name: str
    requests: float
    received: float
    worker_hours: float

    @property
    def addresses(self) -> float:
        """The number of IP addresses that the requests need, at the rate that FitGlue uses."""
        return self.requests / DAY_S / TAKEN_PER_S


def day(measured: Measured, name: str, polls: float) -> Day:
    """Return a day on which each athlete's list is requested ``polls`` times, without new
    athletes.
    """
    changes = ATHLETES * (WORKOUTS_A_DAY + EDITS_A_DAY)
    return Day(
        name,
        ATHLETES * polls + changes * measured.requests_a_change,
        ATHLETES * polls * measured.idle_bytes + changes * measured.received,
        (ATHLETES * polls * measured.idle_cpu_s + changes * measured.first_cpu_s) / 3600,
    )


def write(results: Figures, page: Path = PAGE) -> None:
    """Write the page, if both parts that it needs were run."""
    parts = results["parts"]
    if not {"first-sync", "history"} <= parts.keys():
        print("docs/scale.md needs the parts first-sync and history")
        return
    measured = Measured.of(parts)
    days = [
        day(measured, "every 15 minutes", 96),
        day(measured, "every hour", 24),
        day(measured, "every three hours", 8),
        day(
            measured,
            "with webhooks, and one list per day to be sure",
            1 + WORKOUTS_A_DAY + EDITS_A_DAY,
        ),
    ]
    lines = [
        *_head(parts),
        *_one_athlete(measured, parts),
        *_days(days),
        *_arrivals(measured),
        *_breaks(measured, days),
        *_queue(days),
    ]
    page.write_text(formatted("\n".join(lines) + "\n"), encoding="utf-8")
    print(f"written: {page}")


def _head(parts: Figures) -> list[str]:
    """Return the title and the introduction."""
    quick = any(parts[name]["quick"] for name in ("first-sync", "history"))
    note = (
        [
            "",
            prose("""> The measured values come from a quick run on a busy machine and are only a
                rough estimate; `make bench` replaces them."""),
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
        prose(f"""FitGlue is built for one athlete, or a few. This page computes what {ATHLETES:,}
            athletes would need, from measured values and a few assumptions, so that those who
            embed the host know in advance what breaks first. Nothing on this page was run."""),
        *note,
    ]


def _one_athlete(measured: Measured, parts: Figures) -> list[str]:
    """Return the measured values and the assumptions."""
    return [
        "",
        "## What one athlete costs",
        "",
        *table(
            ["Measured", "Value", "Command"],
            [
                [
                    "requests of a first sync per activity",
                    f"{measured.first_requests_an_activity:.2f}",
                    command_of(parts, "first-sync"),
                ],
                [
                    "CPU time per stored activity, with a share of the imports",
                    f"{measured.first_cpu_s * 1000:.1f} ms",
                    command_of(parts, "first-sync"),
                ],
                [
                    "requests per new or edited activity, without the list",
                    f"{measured.requests_a_change:.1f}",
                    command_of(parts, "first-sync"),
                ],
                [
                    "received per activity",
                    f"{measured.received / 1000:.0f} kB",
                    command_of(parts, "first-sync"),
                ],
                [
                    "stored per activity",
                    f"{measured.stored / 1000:.0f} kB",
                    command_of(parts, "first-sync"),
                ],
                ["rows per activity", f"{measured.rows:.0f}", command_of(parts, "first-sync")],
                [
                    "CPU time of a sync with nothing new in a running worker",
                    f"{measured.idle_cpu_s * 1000:.0f} ms",
                    command_of(parts, "history"),
                ],
                [
                    "received by such a sync",
                    f"{measured.idle_bytes / 1000:.0f} kB",
                    command_of(parts, "history"),
                ],
            ],
            words=3,
        ),
        "",
        *table(
            ["Assumed", "Value"],
            [
                ["workouts per day", WORKOUTS_A_DAY],
                ["edits per day", EDITS_A_DAY],
                ["new athletes per day", f"{ARRIVALS_A_DAY:,}"],
                ["workouts in the history of a new athlete", f"{HISTORY:,}"],
            ],
        ),
    ]


def _days(days: list[Day]) -> list[str]:
    """Return the table of days."""
    rows = [
        [
            each.name,
            f"{each.requests / 1e6:.2f}",
            f"{each.requests / DAY_S:.1f}",
            f"{each.addresses:.1f}",
            f"{each.received / 1e9:,.0f}",
            f"{each.worker_hours:.1f}",
        ]
        for each in days
    ]
    return [
        "",
        "## One day",
        "",
        prose(f"""The source allows {LIMIT_PER_S} requests per second and address, according to
            its maintainer. (Limits of 2,500 in a quarter of an hour and 5,000 per day are
            reported second-hand, and would make all of this much harder.) The registry entry
            uses {TAKEN_PER_S} of them. *Worker-hours* are hours of one busy core; waiting for
            the source takes none."""),
        "",
        *table(
            [
                "List of each athlete",
                "Million requests",
                "Per second",
                "Addresses",
                "GB received",
                "Worker-hours",
            ],
            rows,
        ),
    ]


def _arrivals(measured: Measured) -> list[str]:
    """Return the section about new athletes."""
    requests = HISTORY * measured.first_requests_an_activity
    return [
        "",
        "## New athletes",
        "",
        prose(f"""A history of {HISTORY:,} workouts takes {requests:,.0f} requests:
            {requests / TAKEN_PER_S / 60:.1f} minutes of one complete address, and
            {HISTORY * measured.first_cpu_s:.0f} s of one core. All summaries are stored after
            the first few requests, so an athlete sees everything except details and streams at
            once. {ARRIVALS_A_DAY} new athletes per day cause
            {ARRIVALS_A_DAY * requests / DAY_S:.1f} requests per second in addition to the table;
            all {ATHLETES:,} on one day would keep one address busy for
            {ATHLETES * requests / TAKEN_PER_S / DAY_S:,.0f} days."""),
        "",
        prose(f"""Storage: such a history takes {HISTORY * measured.stored / 1e6:,.0f} MB and
            {HISTORY * measured.rows:,.0f} rows, those of all athletes
            {ATHLETES * HISTORY * measured.stored / 1e12:.1f} TB and
            {ATHLETES * HISTORY * measured.rows / 1e9:.1f} billion rows. Each day adds
            {ATHLETES * WORKOUTS_A_DAY * measured.stored / 1e9:.1f} GB and
            {ATHLETES * WORKOUTS_A_DAY * measured.rows / 1e6:.1f} million rows, or
            {ATHLETES * WORKOUTS_A_DAY * measured.rows / DAY_S:.0f} per second."""),
    ]


def _breaks(measured: Measured, days: list[Day]) -> list[str]:
    """Return the section about what breaks first."""
    quarter, webhooks = days[0], days[-1]
    peak = ATHLETES * WORKOUTS_A_DAY * 0.5 / 3 / 3600  # half of a day's workouts within three hours
    return [
        "",
        "## What breaks first",
        "",
        prose(f"""1. **The address.** Requesting every list every 15 minutes takes
            {quarter.requests / DAY_S:.0f} requests per second, which needs
            {quarter.addresses:.0f} addresses. The workers need {quarter.worker_hours:.0f}
            core-hours for it, and those can be bought. One address can serve
            {TAKEN_PER_S * DAY_S / ATHLETES:.1f} requests per athlete and day: enough for
            webhooks, or for a list every few hours, more often for athletes who train more
            often. With webhooks {webhooks.addresses:.1f} addresses are needed."""),
        prose(f"""2. **Bursts.** If half of a day's workouts are uploaded within three hours of
            the evening, {peak:.1f} arrive per second, which takes
            {peak * measured.requests_a_change:.1f} requests per second for them. Requests that
            do not fit have to wait, newest workouts first, and no first import may come before
            them."""),
        prose(f"""3. **SQLite.** It has one writer at a time, and one file. So many athletes need
            PostgreSQL, for which {ATHLETES * WORKOUTS_A_DAY * measured.rows / DAY_S:.0f} rows per
            second are few, and {ATHLETES * HISTORY * measured.stored / 1e12:.1f} TB are much.
            Raw bytes and streams then belong in a blob store, and the large tables should be
            partitioned by athlete."""),
        prose("""4. **A worker that dies** holds its connection's advisory lock only until its
            session ends. What it had fetched but not stored is requested again. Nothing else is
            lost, because parts are a queue already."""),
        prose(f"""5. **CPU comes last**: {webhooks.worker_hours:.0f} to
            {quarter.worker_hours:.0f} worker-hours per day. Deriving everything again after an
            improvement of `normalize` is the one job that needs many cores: at most
            {ATHLETES * HISTORY * measured.first_cpu_s / 3600:,.0f} core-hours, at any pace."""),
    ]


def _queue(days: list[Day]) -> list[str]:
    """Return the section about a queue on PostgreSQL."""
    return [
        "",
        "## What a queue on PostgreSQL must do",
        "",
        prose(f"""No queue exists yet. One table is enough: {days[1].requests / DAY_S:.0f} jobs per
            second are a small load for it, and a job can be committed together with its
            results."""),
        "",
        *(
            f"- {prose(text)}"
            for text in (
                """**Leases.** `SELECT … FOR UPDATE SKIP LOCKED` takes a job and stores until
                    when and by which worker it is leased. A worker renews its lease; a job whose
                    lease was not renewed is free again. A job is not deleted before its work is
                    committed.""",
                """**Idempotent jobs.** "Sync this connection" may run twice, or be interrupted
                    anywhere: the store is the same afterwards. The host already keeps that
                    promise; the queue must not need more.""",
                """**One job per connection.** A unique key on the connection of waiting jobs,
                    so that five webhooks make one sync. While a job runs, the host's advisory
                    lock; a worker that finds it taken returns the job for later.""",
                f"""**A budget row for each address and source.** Workers lease tokens from it
                    in batches, in one short transaction, and send no request to the source
                    without a token. That row is written at most {TAKEN_PER_S} times per second,
                    and it must not be the row that jobs wait on.""",
                """**Fairness.** First what somebody waits for (connect, "sync now"), then
                    webhooks, due lists, first imports, and last full walks and rebuilds; within
                    each class in turns by athlete, so that a history of ten years takes one
                    slice at a time. Every class gets some share, otherwise the last one
                    starves.""",
                """**Back-off.** `Retry-After` belongs in the budget row, because it concerns
                    every athlete behind the address. An outage of the source pauses the source,
                    not one job after the other. A rejected key stops the connection until its
                    athlete reconnects.""",
                """**Poison jobs.** Tries are counted when the lease is taken, not when it ends,
                    because a job that kills its worker reports nothing. After a few tries, the
                    job is parked with its error and shown, and the other parts of the connection
                    continue.""",
                """**Webhooks** are verified, stored as a due job, and answered at once. The list
                    still decides what is new, so a lost, duplicate or forged webhook costs only
                    one request. A daily list finds what no webhook reported.""",
                """**The next due time** is in the connection's row, with a random offset: a full
                    hour must not start a hundred thousand jobs.""",
                """**Monitoring**: the age of the oldest job of each class, tokens left, leases
                    lost, jobs parked. The age of the oldest webhook is the value to page somebody
                    for.""",
            )
        ),
    ]
