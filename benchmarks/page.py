"""Writes docs/performance.md from what was measured: the goals first, ratios before seconds, each
figure with its command.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

from goals import GOALS, Goal

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "tools"))

from wrapped_markdown import formatted  # noqa: E402 - it is beside the benchmarks

PAGE = HERE.parent / "docs" / "performance.md"
Figures = dict[str, Any]


def prose(text: str) -> str:
    """A paragraph as one line, however it was broken in the source."""
    return " ".join(text.split())


def table(heads: list[str], rows: list[list[Any]], words: int = 1) -> list[str]:
    """A table whose first columns are words and whose others are numbers."""
    rule = ["---"] * words + ["---:"] * (len(heads) - words)
    return ["| " + " | ".join(map(str, row)) + " |" for row in (heads, rule, *rows)]


def write(results: Figures, page: Path = PAGE) -> None:
    """The whole page; of a part that was never run there is nothing but the word "not run"."""
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
    ):
        if name in parts:
            lines += ["", *section(parts[name]["figures"], parts)]
    lines += ["", *_rest(parts)]
    page.write_text(formatted("\n".join(lines) + "\n"), encoding="utf-8")
    print(f"written: {page}")


def command_of(parts: Figures, name: str) -> str:
    """What runs a part as it was run."""
    quick = " --quick" if name in parts and parts[name]["quick"] else ""
    return f"`python benchmarks/run.py {name}{quick}`"


def _head(results: Figures) -> list[str]:
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
            {machine["python"]}, SQLite {machine["sqlite"]}), everything on loopback against the
            bundled stand-in of Intervals.icu in a process of its own: synthetic bodies, gzip
            on. Contenders are interleaved, medians are shown, CPU and memory are those of the
            whole process with its imports. **Ratios travel from machine to machine, seconds do
            not.**"""),
    ]
    if quick:
        lines += [
            "",
            prose(f"""> The figures of {", ".join(quick)} come from a quick run: small counts,
                few repeats, a machine that was busy with other work. They are no more than a
                sketch; `make bench` replaces them."""),
        ]
    return [*lines, ""]


def _value(parts: Figures, goal: Goal) -> float | None:
    return goal.read(parts[goal.part]["figures"]) if goal.part in parts else None


def _goals(parts: Figures) -> list[str]:
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
    body = table(["what", "goal", "measured", "with activities", "", "command"], rows, words=6)
    return ["## Goals", "", *body, "", f"{met} of the {counted} that were measured are met."]


def _ran_with(parts: Figures, goal: Goal) -> str:
    """With how many activities a figure was really measured: a quick run, or one that was told so,
    has fewer than the goal speaks of.
    """
    figures = parts[goal.part]["figures"] if goal.part in parts else {}
    count = figures["counts"][-1] if "counts" in figures else figures.get("count")
    return f"{count:,}" if count else "–"


def _missed(parts: Figures, reasons: dict[str, str]) -> list[str]:
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
                f"{prose(reasons.get(goal.name, 'No reason is written down yet.'))}"
            )
    return ["", "## Missed, and why", "", *(lines or ["Nothing."])]


def _contenders(figures: Figures, parts: Figures) -> list[str]:
    count, floor, streams = figures["count"], figures["contenders"]["floor"], figures["streams"]
    received = floor["counted"]["received"]
    rows = []
    for name, said in figures["contenders"].items():
        first = said["first"]
        rows.append(
            [
                name,
                *(
                    f"{first[what] / floor['first'][what]:.2f}"
                    for what in ("wall_s", "cpu_s", "rss_mib")
                ),
                f"{said['store_bytes'] / received:.2f}",
                f"{first['wall_s']:.1f}",
                f"{first['cpu_s'] / count * 1000:.1f}",
                f"{first['rss_mib']:.0f}",
                f"{said['requests']:,}",
                first["runs"],
            ]
        )
    missing = ["", f"Not run: {figures['peers_missing']}"] if figures["peers_missing"] else []
    return [
        f"## First sync, {count:,} activities",
        "",
        prose(f"""*floor*: the requests that the job needs, over urllib3 with connections kept
            alive, the received bytes into SQLite in batches of 50, nothing else. *floor,
            decoded*: the same, and each recording unpacked and decoded to columns by isal and
            simdjson, then forgotten: what anybody pays who wants numbers. *floor, encoded*:
            FitGlue's own reader makes columns of them, its own encoder makes them small, and
            that is stored, too: what anybody pays who keeps numbers as FitGlue does. *script*:
            requests, json and sqlite3, a commit an activity. *Singer*: a tap on the singer-sdk
            into target-jsonl. *dlt*: its REST source, merge, DuckDB, nested values as JSON,
            parallelized. FitGlue keeps the raw bytes, checks, encodes streams, asserts
            identities and merges; of the peers only Singer checks anything, and none keeps the
            raw bytes. All are in `benchmarks/contenders/`, the peers' versions in
            `benchmarks/peers.txt` and `peers-target.txt`. FitGlue's connection is made before
            (the key proven, the database made), untimed. The store of FitGlue holds raw bytes
            and encoded streams both. {command_of(parts, "first-sync")}; the stand-in:
            `{" ".join(figures["server"])}`."""),
        "",
        *table(
            [
                "contender",
                "wall × floor",
                "CPU × floor",
                "memory × floor",
                "store × received",
                "wall s",
                "CPU ms an activity",
                "peak MiB",
                "requests",
                "runs",
            ],
            rows,
        ),
        *missing,
        "",
        prose(f"""Encoded streams take {streams["stream_bytes"] / 1000 / streams["hours"]:.1f}
            kB an activity-hour, received were {received / count / 1000:.0f} kB an activity.
            FitGlue's first sync made {figures["contenders"]["FitGlue"]["requests"]:,} requests,
            and stored
            {figures["contenders"]["FitGlue"]["counted"]["streams_before_last_window"]}
            recordings before the last summary."""),
    ]


def _yes(found: bool) -> str:
    return "yes" if found else "**no**"


def _later(figures: Figures, parts: Figures) -> list[str]:
    base = figures["contenders"]["floor"]["idle"]["wall_s"]
    rows = []
    for name, said in figures["contenders"].items():
        later = said["later"]
        rows.append(
            [
                name,
                f"{said['idle']['wall_s'] / base:.2f}",
                f"{said['idle']['wall_s']:.2f}",
                said["idle_requests"],
                later["requests"],
                _yes(later["new"]),
                _yes(later["edited"]),
            ]
        )
    heads = [
        "contender",
        "nothing new: wall × floor",
        "wall s",
        "requests",
        "one new, one edited: requests",
        "new found",
        "edit found",
    ]
    return [
        "## The next sync",
        "",
        prose(f"""The same stores in the same run ({command_of(parts, "first-sync")}). Edited is
            the tenth newest activity, with another title, and analysed again."""),
        "",
        *table(heads, rows),
        "",
        prose("""Singer and dlt look from the newest start date on: what was edited before it,
            or was uploaded late, stays unseen. The script sees an edit where it moves
            `analyzed`."""),
    ]


def _latency(figures: Figures, parts: Figures) -> list[str]:
    ours, low = (figures["contenders"][name]["wall_s"] for name in ("FitGlue", "floor"))
    return [
        "## With 50 ms a request",
        "",
        prose(f"""{figures["count"]:,} activities, eight connections: {ours / low:.2f} × the
            floor with eight, {ours:.1f} s to {low:.1f} s. How many connections the host opens
            stands in its registry entry, here in a copy of it. {command_of(parts, "latency")}"""),
    ]


def _memory(figures: Figures, parts: Figures) -> list[str]:
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
        "activities",
        "peak × the smaller",
        "peak × floor",
        "peak MiB",
        "floor: peak MiB",
        "wall s",
        "store MB",
    ]
    return [
        "## Memory",
        "",
        (
            "First sync with details and streams, one connection, one run each. "
            f"{command_of(parts, 'memory')}"
        ),
        "",
        *table(heads, rows, words=0),
    ]


def _history(figures: Figures, parts: Figures) -> list[str]:
    small, large, live, commands = (
        figures["small"],
        figures["large"],
        figures["live"],
        figures["command"],
    )
    return [
        f"## {figures['count']:,} activities in the store",
        "",
        prose(f"""What was run: a first sync of summaries only (a copy of the registry whose
            entry has neither details nor streams), from a stand-in whose history, but for the
            last months, is that of eight athletes, since no life has room for so many. Peak
            {large["rss_mib"]:.0f} MiB, {large["rss_mib"] / small["rss_mib"]:.2f} × that of
            {small["count"]:,} of the same kind; {large["requests"]:,} requests,
            {large["wall_s"]:.0f} s. {command_of(parts, "history")}"""),
        "",
        prose(f"""Nothing new in that store, {max(live["requests"])} request:
            {live["over_ms"]:.0f} ms beyond the bare round trip of {live["trip_ms"]:.0f} ms in a
            live process; as a command
            {commands["FitGlue"]["wall_s"] / commands["floor"]["wall_s"]:.1f} × the floor's,
            {commands["FitGlue"]["wall_s"]:.2f} s to {commands["floor"]["wall_s"]:.2f} s.
            Details and streams are marked before as such that will not come, so that the
            command asks for none."""),
        "",
        prose(
            f"`fitglue activities` prints to a terminal here. "
            f"All rows as CSV into a pipe took {figures['csv']:.1f} s of CPU."
        ),
    ]


def _commands(figures: Figures, parts: Figures) -> list[str]:
    rows = dict(figures["commands"])
    base = rows["python -c pass"]["cpu_s"]
    if "history" in parts:
        rows["fitglue activities"] = parts["history"]["figures"]["activities"]["fitglue activities"]
    return [
        "## Commands",
        "",
        (
            f"CPU of the process, medians ({command_of(parts, 'startup')}, "
            f"{command_of(parts, 'history')})."
        ),
        "",
        *table(
            ["command", "CPU × `python -c pass`", "CPU ms", "wall ms", "peak MiB"],
            [
                [
                    f"`{name}`",
                    f"{said['cpu_s'] / base:.1f}",
                    f"{said['cpu_s'] * 1000:.0f}",
                    f"{said['wall_s'] * 1000:.0f}",
                    f"{said['rss_mib']:.0f}",
                ]
                for name, said in rows.items()
            ],
        ),
    ]


def _rest(parts: Figures) -> list[str]:
    lines = ["## Registry, plugins, rebuild, restart, archive", ""]
    sentences = {
        "registry": _registry,
        "plugins": _plugins,
        "rebuild": _rebuild,
        "kill": _kill,
        "archive": _archive,
    }
    for name, sentence in sentences.items():
        if name in parts:
            lines.append(f"- {prose(sentence(parts[name]['figures']))} {command_of(parts, name)}")
    return lines


def _registry(figures: Figures) -> str:
    return (
        "Registry: "
        + "; ".join(
            f"{int(count):,} entries of {said['bytes'] / 1000:.1f} kB: {said['warm_ms']:.1f} "
            f"ms cached, {said['cold_ms']:.0f} ms read anew"
            for count, said in sorted(figures["sizes"].items(), key=lambda item: int(item[0]))
        )
        + "."
    )


def _plugins(said: Figures) -> str:
    return f"""{said["plugins"]} plugins among {said["distributions"]} distributions (the
        environment's own, and 500 made for this): found, with the folders of their entries, in
        {said["found_ms"]:.0f} ms; imported then: {said["imported"]}, after one was used:
        {said["imported_after_one"]}."""


def _rebuild(said: Figures) -> str:
    first, again = said["first"], said["rebuild"]
    return f"""Rebuild of {said["count"]:,} activities: {again["cpu_s"] / first["cpu_s"]:.2f} ×
        the CPU of the first sync, {again["wall_s"] / first["wall_s"]:.2f} × its wall;
        {again["wall_s"]:.1f} s, CPU {again["cpu_s"]:.1f} s."""


def _kill(said: Figures) -> str:
    return f"""Killed {len(said["repeated"])} times after a random request of
        {said["undisturbed"]} ({said["count"]} activities, {said["connections"]} connections),
        and started again: {min(said["repeated"])} to {max(said["repeated"])} requests asked for
        what was asked for before the kill."""


def _archive(said: Figures) -> str:
    first, again, count = said["first"], said["again"], said["count"]
    return f"""A zip of {count:,} FIT files of an hour at one sample a second
        ({said["archive_bytes"] / 1e6:.0f} MB, written by `benchmarks/fitfiles.py`): listed in
        {first["listed_s"]:.0f} s, every sample stored in {first["took_s"]:.0f} s, CPU
        {first["cpu_s"] / count * 1000:.0f} ms a file in all processes
        ({first["cpu_s"] / first["wall_s"]:.1f} cores at work), at most {first["rss_mib"]:.0f}
        MiB in one of them; the store has {said["store_bytes"] / 1e6:.0f} MB. The same once
        more, with nothing new: {again["took_s"]:.1f} s."""


def _stage(name: str) -> str:
    """The name of a stage, with a sign where it is part of the one above."""
    if name.startswith(" "):
        return f"… {name.strip()}"
    return name.strip()


def _stages(figures: Figures, parts: Figures) -> list[str]:
    count, spent = figures["count"], figures["spent_s"]
    outer = sum(seconds for name, seconds in spent.items() if not name.startswith(" "))
    rows = {
        "start, imports before the sync": figures["imports_s"],
        **spent,
        "all else: later imports, hand-over between threads, events": figures["cpu_s"]
        - figures["imports_s"]
        - outer,
    }
    return [
        "## Where the time goes",
        "",
        prose(f"""CPU of a first sync of {count:,}, by clocks that the benchmark puts around its
            stages, medians; indented is part of the line above. {command_of(parts, "stages")}."""),
        "",
        *table(
            ["stage", "CPU ms an activity", "% of it"],
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
