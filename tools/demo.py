"""The main job from end to end: the real ``fitglue`` commands against the bundled stand-in, in a folder of their own.

``make demo`` runs this. No key, no network but loopback. Each step says what it does and why, and is held to what it
promises: the exit code is 1 where the store does not hold what the text says.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fitglue_registry import FitglueError, Host
from fitglue_registry.testing.intervals import Account, StandIn

if TYPE_CHECKING:
    from collections.abc import Mapping

ACTIVITIES, STUBS = 60, 3
KEY = "stand-in-key"
#: As if the service were a few hundred kilometres away, so that there is progress to be seen.
LATENCY_S = 0.02
MARK = ".made-by-fitglue-demo"
YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)

OWN_KEY = """\
The same with your own account (its key: intervals.icu, Developer Settings):

  make install                 puts `fitglue` on your PATH
  fitglue connect intervals    asks for the key, and shows nothing of it
  fitglue sync

Look around in what this demo left behind:

  FITGLUE_HOME={home} {fitglue}
"""


class Broken(Exception):
    """A step did not do, or did not show, what it promises."""


def expect(promise: str, wanted: object, found: object) -> None:
    """Hold a step to its promise; raises ``Broken`` with both values."""
    if wanted != found:
        raise Broken(f"{promise}: expected {wanted!r}, found {found!r}")


@dataclass
class Demo:
    """The stand-in, the store, and the commands that join them."""

    server: StandIn
    home: Path
    environment: Mapping[str, str]
    width: int
    host: Host = field(init=False)

    def __post_init__(self) -> None:
        # Named, because the reader's own FITGLUE_DATABASE may be set.
        self.host = Host(self.home, f"sqlite:///{self.home / 'fitglue.db'}")

    @property
    def account(self) -> Account:
        """The account at the stand-in."""
        return self.server.account

    def say(self, text: str) -> None:
        """One paragraph for the reader."""
        print("\n" + textwrap.fill(text, self.width, break_on_hyphens=False), flush=True)

    def fitglue(self, *arguments: str) -> int:
        """Show a command, run it, and count the requests that it cost; raises ``Broken`` where it fails."""
        line = " ".join(f'"{word}"' if " " in word else word for word in arguments)
        print(_strong(f"$ fitglue {line}".rstrip()), flush=True)
        self.server.clear_requests()
        done = subprocess.run([str(_fitglue()), *arguments], env=self.environment, stdin=subprocess.DEVNULL, check=False)
        if done.returncode:
            raise Broken(f"`fitglue {line}` ended with exit code {done.returncode}")
        return len(self.server.requests)

    def titles(self) -> dict[str, str]:
        """External id → title of everything that is stored."""
        rows = self.host.sql("select external_id, title from source_activities where gone = 0 and stub = 0").rows
        return {str(external_id): str(title) for external_id, title in rows}

    def ids(self, sport: str) -> list[str]:
        """The ids of a sport's activities at the source, newest first; rides are those with power."""
        rows = [(id_, self.account.row(id_)) for id_ in self.account.ids()]
        return [id_ for id_, row in rows if row.get("type") == sport and (sport != "Ride" or row.get("icu_average_watts"))]


# -- the steps ---------------------------------------------------------------------------------------------------------------


def connect(demo: Demo) -> None:
    """A connection, and what will not come through it."""
    demo.say("1. Connect. The key is proven with the gentlest request there is, and it is said at once what will never arrive. "
             "Here the key comes from FITGLUE_INTERVALS_API_KEY; in a terminal of your own it is asked for. --base-url names the stand-in.")
    demo.fitglue("connect", "intervals", "--base-url", demo.server.url)
    expect("one connection", ["intervals"], [one.name for one in demo.host.connections()])


def first_sync(demo: Demo) -> None:
    """The whole history."""
    demo.say("2. The first sync takes the whole history, newest first: summaries, then details in bulk, then streams. "
             "Every answer is kept as it came before anything is made of it; stopping it costs nothing.")
    demo.fitglue("sync")
    expect("every workout that the source delivers", ACTIVITIES - STUBS, len(demo.titles()))
    expect("every Strava row kept as a stub", STUBS, sum(stub["count"] for stub in demo.host.stubs()))


def table(demo: Demo) -> None:
    """The list."""
    demo.say("3. The list. The number in the first column is what other commands accept.")
    demo.fitglue("activities", "--limit", "8")


def one_activity(demo: Demo) -> None:
    """One ride, with where each value comes from."""
    demo.say("4. One ride with power. Beside each value stands how it was come by, below it what the analysis found and the streams, "
             "and at the end the records that it was made of.")
    found = demo.host.activity(demo.ids("Ride")[0])
    demo.fitglue("show", str(found.number))
    expect("power and its provenance", "computed", demo.host.provenance(found)["average_watts"]["how"])
    expect("streams", {"heartrate", "watts"}, {stream.type for stream in demo.host.streams(found, ["heartrate", "watts"])})


def nothing_new(demo: Demo) -> None:
    """The second sync."""
    demo.say("5. Sync again: nothing changed at the source.")
    requests = demo.fitglue("sync")
    expect("an idle sync costs one request", 1, requests)
    print(f"  The stand-in counted {requests} request.")


def change_the_source(demo: Demo) -> dict[str, str]:
    """What an athlete, a device and Strava do between two syncs; the ids of what was touched come back."""
    account, rides = demo.account, demo.ids("Ride")
    renamed, joined, deleted = rides[0], rides[1], demo.ids("Run")[0]
    deleted_title, joined_title = account.row(deleted)["name"], account.row(joined)["name"]
    account.edit(renamed, name="Round the lake")
    account.edit_intervals(joined)
    late = account.add(f"{YESTERDAY - timedelta(days=5)}T06:30:00", name="Found on an old watch")
    account.delete(deleted)
    stub = account.add_strava_stub(f"{YESTERDAY}T12:00:00")
    demo.say("6. Now the source changes, as sources do:")
    for line in (f"renamed     {renamed} is now “Round the lake”",
                 f"edited      two intervals of {joined} “{joined_title}” were joined",
                 f"late        {late}, recorded six days ago, was uploaded only now",
                 f"deleted     {deleted} “{deleted_title}”",
                 f"Strava-fed  {stub}: listed, and never delivered"):
        print(f"  {line}")
    return {"renamed": renamed, "joined": joined, "late": late, "deleted": deleted, "stub": stub}


def third_sync(demo: Demo, touched: Mapping[str, str]) -> None:
    """What the next sync makes of the five."""
    before = _laps(demo, touched["joined"])
    demo.say("7. The next sync takes up all five. A new name re-opens nothing else; edited intervals fetch the detail again; "
             "what is missing in the list is asked for by its id before it counts as deleted.")
    requests = demo.fitglue("sync")
    titles = demo.titles()
    expect("the new name", "Round the lake", titles.get(touched["renamed"]))
    expect("the late workout", "Found on an old watch", titles.get(touched["late"]))
    expect("the deleted workout is gone", None, titles.get(touched["deleted"]))
    expect("two intervals became one", before - 1, _laps(demo, touched["joined"]))
    expect("one more stub", STUBS + 1, sum(stub["count"] for stub in demo.host.stubs()))
    again = [request for request in demo.server.requests if "streams" in request.path and touched["renamed"] in request.path]
    expect("the renamed ride's streams were not fetched again", [], again)
    print(f"  The stand-in counted {requests} requests. The edited ride had {before} intervals and has {before - 1}.")
    demo.say("The list again: the late one stands where it was recorded, the deleted one is gone from it.")
    demo.fitglue("activities", "--limit", "8")
    expect("the late one among the newest eight", 1, [row["title"] for row in demo.host.activities()[:8]].count("Found on an old watch"))


def why(demo: Demo, touched: Mapping[str, str]) -> None:
    """The two that are not there."""
    demo.say("8. Why is a workout not there? Nothing that was fetched is thrown away, and each decision is kept with its reason.")
    demo.fitglue("why", touched["deleted"])
    expect("why it is gone", "deleted at its source", demo.host.why(touched["deleted"])["verdict"])
    demo.say("And the one that Strava fed: never delivered, and what would help.")
    claim = f"strava:{touched['stub']}"
    demo.fitglue("why", claim)
    expect("where it stopped", "stub", demo.host.why(claim)["records"][0]["state"])


def question(demo: Demo) -> None:
    """SQL on stable views."""
    demo.say("9. The database is yours: four views that stay as they are, read-only. `fitglue sql --path` names the file for other tools.")
    demo.fitglue("sql", "\n  select sport, count(*) as n, round(sum(distance_m) / 1000) as km"
                        "\n  from activities group by sport order by n desc limit 5")
    expect("every activity counted", len(demo.titles()), demo.host.sql("select count(*) from activities").rows[0][0])


# -- around them -------------------------------------------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    """Run the demo in the folder that is named, or in ``.demo``."""
    folder = Path(arguments[0] if arguments else ".demo")
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    account = Account.generate(ACTIVITIES, until=YESTERDAY, strava_stubs=STUBS)
    try:
        _empty(folder)
        with StandIn(account, api_key=KEY, latency_s=LATENCY_S) as server:
            width = shutil.get_terminal_size().columns
            demo = Demo(server, folder / "home", _environment(folder / "home", width), min(width, 100))
            _play(demo)
    except (Broken, FitglueError) as broken:
        print(f"\ndemo: {broken}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print("\n" + OWN_KEY.format(home=folder / "home", fitglue=_shown(_fitglue())), end="")
    return 0


def _play(demo: Demo) -> None:
    demo.say(f"An athlete's account at Intervals.icu, played by a stand-in on this machine: {ACTIVITIES} workouts of the last months, "
             f"{STUBS} of them from Strava. Everything that FitGlue keeps goes to {_shown(demo.home)}.")
    with demo.host:
        for step in (connect, first_sync, table, one_activity, nothing_new):
            step(demo)
        touched = change_the_source(demo)
        third_sync(demo, touched)
        why(demo, touched)
        question(demo)


def _laps(demo: Demo, external_id: str) -> int:
    return len(demo.host.activity(external_id).activity.laps)


def _empty(folder: Path) -> None:
    """An empty folder; one that a demo did not make is left alone."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise Broken(f"{folder} holds something that no demo put there; name another folder")
        shutil.rmtree(folder)
    (folder / "home").mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()


def _environment(home: Path, width: int) -> dict[str, str]:
    """The children's: nothing of the reader's own FitGlue, no proxy, and the width of the page."""
    kept: dict[str, Any] = {name: value for name, value in os.environ.items()
                            if not name.startswith("FITGLUE_") and not name.lower().endswith("_proxy")}
    return kept | {"FITGLUE_HOME": str(home), "FITGLUE_SECRETS": "file", "FITGLUE_INTERVALS_API_KEY": KEY, "COLUMNS": str(width)}


def _fitglue() -> Path:
    """The command beside this Python."""
    return Path(sys.executable).with_name("fitglue")


def _shown(path: Path) -> Path:
    """A path as short as it can be written from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _strong(text: str) -> str:
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return f"\x1b[1;36m{text}\x1b[0m" if coloured else text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
