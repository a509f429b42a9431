"""Writes ``docs/performance.md`` from the measurements: the goals first, ratios before seconds, and
each value with the command that measures it.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

from goals import GOALS, Goal

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "tools"))

from wrapped_markdown import formatted  # noqa: E402 - a sibling folder, added to the path above

PAGE = HERE.parent / "docs" / "performance.md"
Figures = dict[str, Any]


def prose(text: str) -> str:
    """Return a paragraph as one line."""
    return " ".join(text.split())


def table(heads: list[str], rows: list[list[Any]], words: int = 1) -> list[str]:
    """Return a table as Markdown lines.

    The first ``words`` columns are text, the others are numbers.
    """
    rule = ["---"] * words + ["---:"] * (len(heads) - words)
    return ["| " + " | ".join(map(str, row)) + " |" for row in (heads, rule, *rows)]


def write(results: Figures, page: Path = PAGE) -> None:
    """Write the page. A part that was never run is shown as "not run"."""
    reasons = tomllib.loads((HERE / "reasons.toml").read_text(encoding="utf-8"))
    parts = results["parts"]
    lines = [*_head(results), *_goals(parts), *_missed(parts, reasons)]
    for name, section in (
        ("first-sync", _contenders),
        ("stages", _stages),
        ("first-sync", _later),
        ("latency", _latency),
        ("memory", _memory),
        ("history", _history),
        ("startup", _commands),
        ("fit-reading", _fit_reading),
    ):
        if name in parts:
            lines += ["", *section(parts[name]["figures"], parts)]
    lines += ["", *_other_parts(parts)]
    page.write_text(formatted("\n".join(lines) + "\n"), encoding="utf-8")
    print(f"written: {page}")


def command_of(parts: Figures, name: str) -> str:
    """Return the command that runs a part as it was run."""
    quick = " --quick" if name in parts and parts[name]["quick"] else ""
    return f"`python benchmarks/run.py {name}{quick}`"


def _head(results: Figures) -> list[str]:
    """Return the title, and how everything was measured."""
    machine = results["machine"]
    quick = sorted(name for name, part in results["parts"].items() if part["quick"])
    lines = [
        "# Performance",
        "",
        (
            "<!-- Made by `make bench` from benchmarks/results.json and benchmarks/reasons.toml: "
            "change those, not this page. -->"
        ),
        "",
        prose(f"""Measured on {machine["cores"]} cores ({machine["system"]}, Python
            {machine["python"]}, SQLite {machine["sqlite"]}). All requests go over loopback to the
            bundled stand-in of Intervals.icu, which runs in a process of its own and serves
            synthetic bodies, compressed with gzip. The contenders run in turns, and the page
            shows medians. CPU time and memory are those of the complete process with its
            imports. **Ratios apply to other machines, seconds do not.**"""),
    ]
    if quick:
        lines += [
            "",
            prose(f"""> The values of {", ".join(quick)} come from a quick run with small counts
                and few repeats, on a machine that was busy with other work. They are only a
                rough estimate; `make bench` replaces them."""),
        ]
    return [*lines, ""]


def _value(parts: Figures, goal: Goal) -> float | None:
    """Return the value of a goal, or ``None`` if its part was not run."""
    return goal.read(parts[goal.part]["figures"]) if goal.part in parts else None


def _goals(parts: Figures) -> list[str]:
    """Return the table of goals."""
    rows: list[list[Any]] = []
    for goal in GOALS:
        value = _value(parts, goal)
        measured, verdict = (
            ("not run", "–")
            if value is None
            else (goal.shown(value), "met" if goal.met(value) else "**missed**")
        )
        rows.append(
            [
                goal.what,
                goal.promise,
                measured,
                _ran_with(parts, goal),
                verdict,
                command_of(parts, goal.part),
            ]
        )
    counted, met = sum(row[2] != "not run" for row in rows), sum(row[4] == "met" for row in rows)
    heads = ["What", "Goal", "Measured", "Activities", "Result", "Command"]
    body = table(heads, rows, words=6)
    return ["## Goals", "", *body, "", f"Of the {counted} goals that were measured, {met} are met."]


def _ran_with(parts: Figures, goal: Goal) -> str:
    """Return with how many activities a value was measured.

    A quick run, or one with ``--count``, has fewer than the goal names.
    """
    figures = parts[goal.part]["figures"] if goal.part in parts else {}
    count = figures["counts"][-1] if "counts" in figures else figures.get("count")
    return f"{count:,}" if count else "–"


def _missed(parts: Figures, reasons: dict[str, str]) -> list[str]:
    """Return the goals that are missed, with their reasons."""
    lines = []
    for goal in GOALS:
        value = _value(parts, goal)
        if value is not None and not goal.met(value):
            over = (
                f"by {abs(value / goal.limit - 1) * 100:.0f} %"
                if goal.limit
                else f"by {goal.shown(value)}"
            )
            lines.append(
                f"- **{goal.what}**: missed {over}. "
                f"{prose(reasons.get(goal.name, 'No reason is known yet.'))}"
            )
    return ["", "## Missed goals, and why", "", *(lines or ["Nothing."])]


def _contenders(figures: Figures, parts: Figures) -> list[str]:
    """Return the section about the first sync of all contenders."""
    count, floor, streams = figures["count"], figures["contenders"]["floor"], figures["streams"]
    received = floor["counted"]["received"]
    rows = []
    for name, measured in figures["contenders"].items():
        first = measured["first"]
        rows.append(
            [
                name,
                *(
                    f"{first[what] / floor['first'][what]:.2f}"
                    for what in ("wall_s", "cpu_s", "rss_mib")
                ),
                f"{measured['store_bytes'] / received:.2f}",
                f"{first['wall_s']:.1f}",
                f"{first['cpu_s'] / count * 1000:.1f}",
                f"{first['rss_mib']:.0f}",
                f"{measured['requests']:,}",
                first["runs"],
            ]
        )
    missing = ["", f"Not run: {figures['peers_missing']}"] if figures["peers_missing"] else []
    return [
        f"## First sync, {count:,} activities",
        "",
        prose(f"""*floor*: the requests that the job needs, over urllib3 with persistent
            connections; the received bytes are stored in SQLite in batches of 50, and nothing
            else is done. *floor, decoded*: the same, and the streams of each activity are
            decompressed and decoded to columns with isal and simdjson, and then dropped: the
            minimum cost for anybody who needs the numbers. *floor, encoded*: FitGlue's own
            reader decodes the columns, its own encoder compresses them, and they are stored as
            well: the minimum cost for anybody who keeps the numbers as FitGlue does. *script*:
            requests, json and sqlite3, with one commit per activity. *Singer*: a tap on the
            singer-sdk into target-jsonl. *dlt*: its REST source with merge into DuckDB, nested
            values as JSON, parallelized. FitGlue keeps the raw bytes, validates, encodes
            streams, asserts identities and merges. Of the other products only Singer validates
            anything, and none keeps the raw bytes. All contenders are in
            `benchmarks/contenders/`, the versions of the other products in
            `benchmarks/peers.txt` and `peers-target.txt`. FitGlue's connection is created before
            (the key checked, the database created) and not timed. FitGlue's store contains both
            the raw bytes and the encoded streams. Command: {command_of(parts, "first-sync")};
            the stand-in: `{" ".join(figures["server"])}`."""),
        "",
        *table(
            [
                "Contender",
                "Wall time × floor",
                "CPU time × floor",
                "Memory × floor",
                "Store × received",
                "Wall time, s",
                "CPU ms per activity",
                "Peak MiB",
                "Requests",
                "Runs",
            ],
            rows,
        ),
        *missing,
        "",
        prose(f"""Encoded streams take {streams["stream_bytes"] / 1000 / streams["hours"]:.1f}
            kB per hour of activity; {received / count / 1000:.0f} kB were received per activity.
            FitGlue's first sync sent {figures["contenders"]["FitGlue"]["requests"]:,} requests,
            and stored the streams of
            {figures["contenders"]["FitGlue"]["counted"]["streams_before_last_window"]}
            activities before the last summary."""),
    ]


def _yes_or_no(value: bool) -> str:
    """Return a flag as a word; "no" is emphasized."""
    return "yes" if value else "**no**"


def _later(figures: Figures, parts: Figures) -> list[str]:
    """Return the section about the sync that brings a new and an edited activity."""
    base = figures["contenders"]["floor"]["idle"]["wall_s"]
    rows = []
    for name, measured in figures["contenders"].items():
        later = measured["later"]
        rows.append(
            [
                name,
                f"{measured['idle']['wall_s'] / base:.2f}",
                f"{measured['idle']['wall_s']:.2f}",
                measured["idle_requests"],
                later["requests"],
                _yes_or_no(later["new"]),
                _yes_or_no(later["edited"]),
            ]
        )
    heads = [
        "Contender",
        "Nothing new: wall time × floor",
        "Wall time, s",
        "Requests",
        "One new, one edited: requests",
        "New found",
        "Edit found",
    ]
    return [
        "## The next sync",
        "",
        prose(f"""The same stores in the same run ({command_of(parts, "first-sync")}). The edited
            activity is the tenth newest; it has another title and was analyzed again."""),
        "",
        *table(heads, rows),
        "",
        prose("""Singer and dlt list only from the newest start date on, so they miss activities
            that were edited or uploaded later but start before it. The script finds an edit
            only if it changes `analyzed`."""),
    ]


def _latency(figures: Figures, parts: Figures) -> list[str]:
    """Return the section about a service with latency."""
    ours, low = (figures["contenders"][name]["wall_s"] for name in ("FitGlue", "floor"))
    return [
        "## With 50 ms per request",
        "",
        prose(f"""{figures["count"]:,} activities over eight connections: {ours / low:.2f} × the
            floor with eight, {ours:.1f} s compared with {low:.1f} s. The registry entry states
            how many connections the host opens; here a copy of the entry is used.
            {command_of(parts, "latency")}"""),
    ]


def _memory(figures: Figures, parts: Figures) -> list[str]:
    """Return the section about peak memory."""
    smallest = figures["peaks"]["FitGlue"][str(figures["counts"][0])]["rss_mib"]
    rows = []
    for count in figures["counts"]:
        ours, low = (figures["peaks"][name][str(count)] for name in ("FitGlue", "floor"))
        rows.append(
            [
                f"{count:,}",
                f"{ours['rss_mib'] / smallest:.2f}",
                f"{ours['rss_mib'] / low['rss_mib']:.2f}",
                f"{ours['rss_mib']:.0f}",
                f"{low['rss_mib']:.0f}",
                f"{ours['wall_s']:.0f}",
                f"{ours['store_bytes'] / 1e6:.0f}",
            ]
        )
    heads = [
        "Activities",
        "Peak × that of the smaller count",
        "Peak × floor",
        "Peak MiB",
        "Floor: peak MiB",
        "Wall time, s",
        "Store, MB",
    ]
    return [
        "## Memory",
        "",
        (
            "First sync with details and streams over one connection, one run each.  "
            f"{command_of(parts, 'memory')}"
        ),
        "",
        *table(heads, rows, words=0),
    ]


def _history(figures: Figures, parts: Figures) -> list[str]:
    """Return the section about a store with a very long history."""
    small, large, live, commands = (
        figures["small"],
        figures["large"],
        figures["live"],
        figures["command"],
    )
    return [
        f"## {figures['count']:,} activities in the store",
        "",
        prose(f"""The first sync stores only summaries: it uses a copy of the registry whose entry
            has neither details nor streams. The stand-in's history, except for the last months,
            is that of eight athletes, because no single athlete has so many activities. Peak
            memory is {large["rss_mib"]:.0f} MiB, {large["rss_mib"] / small["rss_mib"]:.2f} × that
            of {small["count"]:,} activities; the sync sends {large["requests"]:,} requests and
            takes {large["wall_s"]:.0f} s. {command_of(parts, "history")}"""),
        "",
        prose(f"""A sync with nothing new in that store sends {max(live["requests"])} request. In
            a running process it takes {live["over_ms"]:.0f} ms more than the bare round trip of
            {live["trip_ms"]:.0f} ms; as a command it takes
            {commands["FitGlue"]["wall_s"] / commands["floor"]["wall_s"]:.1f} × as long as the
            floor, {commands["FitGlue"]["wall_s"]:.2f} s compared with
            {commands["floor"]["wall_s"]:.2f} s. Before it, the details and streams are marked as
            unavailable, so that the command does not request them."""),
        "",
        prose(
            f"`fitglue activities` prints to a terminal here. Writing all rows as CSV to a pipe "
            f"took {figures['csv']:.1f} s of CPU time."
        ),
    ]


def _commands(figures: Figures, parts: Figures) -> list[str]:
    """Return the section about the start-up of commands."""
    rows = dict(figures["commands"])
    base = rows["python -c pass"]["cpu_s"]
    if "history" in parts:
        rows["fitglue activities"] = parts["history"]["figures"]["activities"]["fitglue activities"]
    return [
        "## Commands",
        "",
        (
            f"Medians of the CPU time of the process ({command_of(parts, 'startup')}, "
            f"{command_of(parts, 'history')})."
        ),
        "",
        *table(
            ["Command", "CPU time × `python -c pass`", "CPU ms", "Wall ms", "Peak MiB"],
            [
                [
                    f"`{name}`",
                    f"{measured['cpu_s'] / base:.1f}",
                    f"{measured['cpu_s'] * 1000:.0f}",
                    f"{measured['wall_s'] * 1000:.0f}",
                    f"{measured['rss_mib']:.0f}",
                ]
                for name, measured in rows.items()
            ],
        ),
    ]


def _fit_reading(figures: Figures, parts: Figures) -> list[str]:
    """Return the section about our reader of FIT files beside those of other products."""
    ours_ms = figures["contenders"]["FitGlue"]["cpu_ms"]
    rows = [
        [
            name,
            figures["packages"].get(name, "–"),
            f"{measured['cpu_ms'] / ours_ms:.2f}",
            f"{measured['cpu_ms']:.1f}",
            f"{measured['lowest_ms']:.1f} to {measured['highest_ms']:.1f}",
            measured["runs"],
        ]
        for name, measured in figures["contenders"].items()
    ]
    rows += [
        [name, f"{absent['package']}, which could not be installed", *["not run"] * 3, 0]
        for name, absent in figures["missing"].items()
    ]
    heads = [
        "Reader",
        "Package",
        "CPU time × FitGlue's reader",
        "CPU ms per file",
        "Lowest to highest",
        "Runs",
    ]
    reasons = [
        f"{name} was not run here: {absent['reason']}."
        for name, absent in figures["missing"].items()
    ]
    return [
        "## Reading FIT files",
        "",
        prose(f"""The same {figures["count"]:,} files of one hour with one sample per second
            ({figures["bytes"] / 1000:.0f} kB each, written by `benchmarks/fitfiles.py`), read by
            each reader in turns, each time in a new process. The start of the processes and their
            imports are not counted. *FitGlue* makes complete source activities: samples
            in columns, laps, totals that are checked against the samples, units, claims. *fitfast*
            (Rust), *Garmin's SDK* and *fitdecode* only decode the messages; the columns of
            fitfast are its samples without the other messages. *Complete import*: FitGlue from
            the folder to every sample in the store, in all its processes.
            All readers have to find every sample. {command_of(parts, "fit-reading")}"""),
        "",
        *table(heads, rows, words=2),
        *(["", *reasons] if reasons else []),
    ]


def _other_parts(parts: Figures) -> list[str]:
    """Return the section about all other parts, one sentence each."""
    lines = ["## Registry, plugins, rebuild, restart, archive", ""]
    sentences = {
        "registry": _registry,
        "plugins": _plugins,
        "rebuild": _rebuild,
        "kill": _kill,
        "archive": _archive,
        "boosting": _boosting,
    }
    for name, sentence in sentences.items():
        if name in parts:
            lines.append(f"- {prose(sentence(parts[name]['figures']))} {command_of(parts, name)}")
    return lines


def _registry(figures: Figures) -> str:
    """Return the sentence about loading registries."""
    return (
        "Registry: "
        + "; ".join(
            f"{int(count):,} entries of {measured['bytes'] / 1000:.1f} kB take "
            f"{measured['warm_ms']:.1f} ms from the cache, {measured['cold_ms']:.0f} ms without it"
            for count, measured in sorted(figures["sizes"].items(), key=lambda item: int(item[0]))
        )
        + "."
    )


def _plugins(measured: Figures) -> str:
    """Return the sentence about finding plugins."""
    return f"""Plugins: finding {measured["plugins"]} plugins and their folders of entries among
        {measured["distributions"]} distributions (those of the environment, and 500 made for
        this) takes {measured["found_ms"]:.0f} ms. By then {measured["imported"]} plugins are
        imported, and {measured["imported_after_one"]} after one was used."""


def _boosting(measured: Figures) -> str:
    """Return the sentence about the booster."""
    count = measured["count"]
    return f"""Training load of {count:,} activities of one hour with one sample per second:
        {measured["boost_s"] / count * 1000:.1f} ms of CPU time per activity, from the store and
        back to it; writing one as FIT takes {measured["write_s"] / count * 1000:.0f} ms. With
        nothing new, all of them together take {measured["idle_s"] * 1000:.0f} ms."""


def _rebuild(measured: Figures) -> str:
    """Return the sentence about a rebuild."""
    first, again = measured["first"], measured["rebuild"]
    return f"""Rebuild of {measured["count"]:,} activities:
        {again["cpu_s"] / first["cpu_s"]:.2f} × the CPU time of the first sync and
        {again["wall_s"] / first["wall_s"]:.2f} × its wall time; {again["wall_s"]:.1f} s, with
        {again["cpu_s"]:.1f} s of CPU time."""


def _kill(measured: Figures) -> str:
    """Return the sentence about syncs that were killed."""
    return f"""Restart: the sync was killed {len(measured["repeated"])} times, each time after a
        random one of its {measured["undisturbed"]} requests ({measured["count"]} activities,
        {measured["connections"]} connections), and started again:
        {min(measured["repeated"])} to {max(measured["repeated"])} requests were repeated."""


def _archive(measured: Figures) -> str:
    """Return the sentence about importing an archive."""
    first, again, count = measured["first"], measured["again"], measured["count"]
    return f"""Archive: a zip of {count:,} FIT files of one hour with one sample per second
        ({measured["archive_bytes"] / 1e6:.0f} MB, written by `benchmarks/fitfiles.py`): the first
        workouts are stored after {first["first_s"]:.1f} s, and every sample of all after
        {first["took_s"]:.0f} s. It takes {first["cpu_s"] / count * 1000:.0f} ms of CPU time per
        file in all processes ({first["cpu_s"] / first["wall_s"]:.1f} cores in use) and at most
        {first["rss_mib"]:.0f} MiB in one of them; the store has
        {measured["store_bytes"] / 1e6:.0f} MB. Importing it again, with nothing new, takes
        {again["took_s"]:.1f} s."""


def _stage(name: str) -> str:
    """Return the name of a stage, with an ellipsis if it is a part of the stage above."""
    if name.startswith(" "):
        return f"… {name.strip()}"
    return name.strip()


def _stages(figures: Figures, parts: Figures) -> list[str]:
    """Return the section about the CPU time of each stage of a first sync."""
    count, spent = figures["count"], figures["spent_s"]
    outer = sum(seconds for name, seconds in spent.items() if not name.startswith(" "))
    rows = {
        "start-up and imports before the sync": figures["imports_s"],
        **spent,
        # The rest is what the measured stages leave over: it is not measured itself.
        "everything else: later imports, passing values between threads, events": figures["cpu_s"]
        - figures["imports_s"]
        - outer,
    }
    return [
        "## Where the time goes",
        "",
        prose(f"""CPU time of a first sync of {count:,} activities (medians). The benchmark
            measures it with clocks around the stages; an indented line is part of the line above.
            {command_of(parts, "stages")}"""),
        "",
        *table(
            ["Stage", "CPU ms per activity", "%"],
            [
                [
                    _stage(name),
                    f"{seconds / count * 1000:.2f}",
                    f"{seconds / figures['cpu_s'] * 100:.0f}",
                ]
                for name, seconds in rows.items()
            ],
        ),
    ]
