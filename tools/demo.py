"""The main job from end to end: the real ``fitglue`` commands against the bundled stand-in, in a
folder of their own.

``make demo`` runs this. No key, no network but loopback. Each step says what it does and why, and
is held to what it promises: the exit code is 1 where the store does not hold what the text says.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fitglue_intervals.testing import Account, StandIn
from fitglue_intervals.testing.files import plain_file_of, track_of
from fitglue_intervals.testing.garmin_archive import garmin_archive
from fitglue_intervals.testing.plan import single_leg_plan
from fitglue_intervals.testing.strava_archive import strava_archive
from fitglue_registry import FitglueError, Host

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fitglue_intervals.testing.plan import Plan

ACTIVITIES, STUBS = 60, 3
#: So many of the account's newest workouts are in Strava's archive as well.
LATELY = 9
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
    folder: Path
    environment: Mapping[str, str]
    width: int
    host: Host = field(init=False)

    @property
    def home(self) -> Path:
        """Where FitGlue keeps everything."""
        return self.folder / "home"

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
        """Show a command, run it, and count the requests that it cost; raises ``Broken`` where it
        fails.
        """
        line = " ".join(map(_quoted, arguments))
        print(_strong(f"$ fitglue {line}".rstrip()), flush=True)
        self.server.clear_requests()
        done = subprocess.run(
            [str(_fitglue()), *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            raise Broken(f"`fitglue {line}` ended with exit code {done.returncode}")
        return len(self.server.requests)

    def titles(self) -> dict[str, str]:
        """External id → title of everything that is stored."""
        rows = self.host.queries.sql(
            "select external_id, title from source_activities where gone = 0 and stub = 0"
        ).rows
        return {str(external_id): str(title) for external_id, title in rows}

    def records(self) -> int:
        """How many records all sources have listed and still have."""
        return int(
            str(
                self.host.queries.sql("select count(*) from source_activities where gone = 0").rows[
                    0
                ][0]
            )
        )

    def ids(self, sport: str) -> list[str]:
        """The ids of a sport's activities at the source, newest first; rides are those with
        power.
        """
        rows = [(id_, self.account.row(id_)) for id_ in self.account.ids()]
        return [
            id_
            for id_, row in rows
            if row.get("type") == sport and (sport != "Ride" or row.get("icu_average_watts"))
        ]


# -- the steps -------------------------------------------------------------------------------------


def connect(demo: Demo) -> None:
    """A connection, and what will not come through it."""
    demo.say(
        "1. Connect. The key is proven with the gentlest request there is, and it is said at "
        "once what will never arrive. "
        "Here the key comes from FITGLUE_INTERVALS_API_KEY; in a terminal of your own it is "
        "asked for. --base-url names the stand-in."
    )
    demo.fitglue("connect", "intervals", "--base-url", demo.server.url)
    expect("one connection", ["intervals"], [one.name for one in demo.host.connections.list()])


def first_sync(demo: Demo) -> None:
    """The whole history."""
    demo.say(
        "2. The first sync takes the whole history, newest first: summaries, then details in "
        "bulk, then streams. "
        "Every answer is kept as it came before anything is made of it; stopping it costs nothing."
    )
    demo.fitglue("sync")
    expect("every workout that the source delivers", ACTIVITIES - STUBS, len(demo.titles()))
    expect(
        "every Strava row kept as a stub",
        STUBS,
        sum(stub["count"] for stub in demo.host.records.stubs()),
    )


def table(demo: Demo) -> None:
    """The list."""
    demo.say("3. The list. The number in the first column is what other commands accept.")
    demo.fitglue("activities", "--limit", "8")


def one_activity(demo: Demo) -> None:
    """One ride, with where each value comes from."""
    demo.say(
        "4. One ride with power. Beside each value stands how it was come by, below it what "
        "the analysis found and the streams, "
        "and at the end the records that it was made of."
    )
    found = demo.host.activities.get(demo.ids("Ride")[0])
    demo.fitglue("show", str(found.number))
    expect(
        "power and its provenance",
        "computed",
        demo.host.activities.provenance(found)["average_watts"]["how"],
    )
    expect(
        "streams",
        {"heartrate", "watts"},
        {stream.type for stream in demo.host.activities.streams(found, ["heartrate", "watts"])},
    )


def nothing_new(demo: Demo) -> None:
    """The second sync."""
    demo.say("5. Sync again: nothing changed at the source.")
    requests = demo.fitglue("sync")
    expect("an idle sync costs one request", 1, requests)
    print(f"  The stand-in counted {requests} request.")


def change_the_source(demo: Demo) -> dict[str, str]:
    """What an athlete, a device and Strava do between two syncs; the ids of what was touched come
    back.
    """
    account, rides = demo.account, demo.ids("Ride")
    renamed, joined, deleted = rides[0], rides[1], demo.ids("Run")[0]
    deleted_title, joined_title = account.row(deleted)["name"], account.row(joined)["name"]
    account.edit(renamed, name="Round the lake")
    account.edit_intervals(joined)
    late = account.add(f"{YESTERDAY - timedelta(days=5)}T06:30:00", name="Found on an old watch")
    account.delete(deleted)
    stub = account.add_strava_stub(f"{YESTERDAY}T12:00:00")
    demo.say("6. Now the source changes, as sources do:")
    for line in (
        f"renamed     {renamed} is now “Round the lake”",
        f"edited      two intervals of {joined} “{joined_title}” were joined",
        f"late        {late}, recorded six days ago, was uploaded only now",
        f"deleted     {deleted} “{deleted_title}”",
        f"Strava-fed  {stub}: listed, and never delivered",
    ):
        print(f"  {line}")
    return {"renamed": renamed, "joined": joined, "late": late, "deleted": deleted, "stub": stub}


def third_sync(demo: Demo, touched: Mapping[str, str]) -> None:
    """What the next sync makes of the five."""
    before = _laps(demo, touched["joined"])
    demo.say(
        "7. The next sync takes up all five. A new name re-opens nothing else; edited "
        "intervals fetch the detail again; "
        "what is missing in the list is asked for by its id before it counts as deleted."
    )
    requests = demo.fitglue("sync")
    titles = demo.titles()
    expect("the new name", "Round the lake", titles.get(touched["renamed"]))
    expect("the late workout", "Found on an old watch", titles.get(touched["late"]))
    expect("the deleted workout is gone", None, titles.get(touched["deleted"]))
    expect("two intervals became one", before - 1, _laps(demo, touched["joined"]))
    expect("one more stub", STUBS + 1, sum(stub["count"] for stub in demo.host.records.stubs()))
    again = [
        request
        for request in demo.server.requests
        if "streams" in request.path and touched["renamed"] in request.path
    ]
    expect("the renamed ride's streams were not fetched again", [], again)
    print(
        f"  The stand-in counted {requests} requests. The edited ride had {before} intervals "
        f"and has {before - 1}."
    )
    demo.say(
        "The list again: the late one stands where it was recorded, the deleted one is gone "
        "from it."
    )
    demo.fitglue("activities", "--limit", "8")
    expect(
        "the late one among the newest eight",
        1,
        [row["title"] for row in demo.host.activities()[:8]].count("Found on an old watch"),
    )


def why(demo: Demo, touched: Mapping[str, str]) -> None:
    """The two that are not there."""
    demo.say(
        "8. Why is a workout not there? Nothing that was fetched is thrown away, and each "
        "decision is kept with its reason."
    )
    demo.fitglue("why", touched["deleted"])
    expect("why it is gone", "deleted at its source", demo.host.why(touched["deleted"])["verdict"])
    demo.say("And the one that Strava fed: never delivered, and what would help.")
    claim = f"strava:{touched['stub']}"
    demo.fitglue("why", claim)
    expect("where it stopped", "stub", demo.host.why(claim)["records"][0]["state"])


def question(demo: Demo) -> None:
    """SQL on stable views."""
    demo.say(
        "9. The database is yours: four views that stay as they are, read-only. `fitglue sql "
        "--path` names the file for other tools."
    )
    demo.fitglue(
        "sql",
        "\n  select sport, count(*) as n, round(sum(distance_m) / 1000) as km"
        "\n  from activities group by sport order by n desc limit 5",
    )
    expect(
        "every activity counted",
        len(demo.titles()),
        demo.host.queries.sql("select count(*) from activities").rows[0][0],
    )


# -- the same workouts in other places -------------------------------------------------------------


@dataclass
class Elsewhere:
    """What else the athlete has: two archives and a folder of files, as paths from here."""

    downloads: Path
    files: Path
    #: A workout that the account, Strava and Garmin know, and the ride of which the folder holds a
    #: part.
    known_to_three: str
    cut: str
    #: How many workouts there are in all, and how many of them the account has not.
    workouts: int
    others: int


def other_places(demo: Demo) -> Elsewhere:
    """Archives as they are downloaded, and a folder as it grows over the years."""
    account = demo.account
    plans = [account.plan(external_id) for external_id in account.ids()]
    alone = [plan for plan in plans if len(plan.legs) == 1 and plan.shape.sport.channels]
    lately, stubs = (
        [plan for plan in alone if not plan.stub][:LATELY],
        [plan for plan in alone if plan.stub],
    )
    before = [
        _long_ago(plans, number, sport)
        for number, sport in enumerate(("ride", "run", "swim", "trail"))
    ]
    downloads, files = demo.folder / "downloads", demo.folder / "rides"
    downloads.mkdir()
    files.mkdir()
    strength = next(plan for plan in lately if plan.shape.sport.key == "strength")
    typed_in = {
        "id": 15_500_000_001,
        "date": strength.start_utc.replace(minute=0, second=0),
        "title": "Gym",
        "type": "Weight Training",
        "elapsed_s": round(strength.shape.elapsed_s, -2),
    }
    strava_archive(
        downloads / "export_4711.zip", [*lately, *stubs, *before[:2]], typed_in=[typed_in]
    )
    watch = [
        (int(row["external_id"]), plan)
        for plan in lately
        if (row := account.row(plan.id))["source"] == "GARMIN_CONNECT"
    ]
    garmin_archive(downloads / "garmin.zip", [*watch, *enumerate(before[1:3], 11_000_000_001)])
    cut = _fill(files, lately, plans, before[3])
    three = next(plan for _, plan in watch if plan.shape.sport.key == "run")
    return Elsewhere(
        _shown(downloads), _shown(files), three.id, cut.id, len(plans) + len(before), len(before)
    )


def _fill(folder: Path, lately: Sequence[Plan], plans: Sequence[Plan], unknown: Plan) -> Plan:
    """Put originals, copies and one workout that nobody else has into a folder; the ride of which
    it got a part comes back.
    """
    tracked = [plan for plan in lately if plan.shape.sport.gps]
    cut = next(plan for plan in tracked if plan.shape.sport.key == "ride")
    triathlon = next(plan for plan in plans if len(plan.legs) > 1)
    wrong_clock = next(plan for plan in tracked if plan.shape.sport.key == "run")
    hike = next(plan for plan in tracked if plan.shape.sport.key in ("hike", "trail"))
    for plan in (hike, triathlon):
        (folder / f"{plan.start:%Y-%m-%d-%H-%M-%S}.fit").write_bytes(plain_file_of(plan) or b"")
    (folder / f"{hike.start:%Y-%m-%d}_saved.gpx").write_bytes(track_of(hike))
    (folder / f"{wrong_clock.start:%Y-%m-%d}_wintertime.gpx").write_bytes(
        track_of(wrong_clock, clock=timedelta(hours=1))
    )
    (folder / f"{cut.start:%Y-%m-%d}_part.gpx").write_bytes(
        track_of(cut, from_s=600, until_s=cut.shape.elapsed_s // 2)
    )
    (folder / "old_watch.gpx").write_bytes(track_of(unknown))
    return cut


def _long_ago(plans: Sequence[Plan], number: int, sport: str) -> Plan:
    """A workout from before the account was opened."""
    start = plans[-1].start - timedelta(days=40 + 7 * number)
    return single_leg_plan(
        1_000 + number, f"i{1_000 + number}", start.replace(hour=9), sport, 700 + number
    )


def bring_in(demo: Demo, places: Elsewhere) -> None:
    """Archives and files, recognised and taken in."""
    demo.say(
        "10. Most athletes have the same years in more than one place. Here: the archives of "
        "Strava and Garmin as they are "
        "downloaded, and a folder with originals, a track that was saved again, one by a "
        "clock that was an hour off, and a part of a "
        "ride. `import` says what it found, and on a terminal it asks."
    )
    demo.fitglue("import", str(places.downloads), str(places.files))
    expect(
        "an archive each and the files",
        ["files", "garmin-archive", "intervals", "strava-archive"],
        sorted(one.name for one in demo.host.connections.list()),
    )
    expect("no stub is left", [], demo.host.records.stubs())
    print(f"  The {STUBS + 1} stubs are whole workouts now: Strava's archive had them.")
    demo.say(
        "The same again brings nothing, and so would a newer archive but for what is new in it."
    )
    before = demo.records()
    demo.fitglue("import", str(places.downloads), str(places.files))
    expect("a second import brings nothing", before, demo.records())


def one_question(demo: Demo, places: Elsewhere) -> None:
    """The pair that nobody but the athlete can decide."""
    demo.say(
        "11. What is surely one workout is one activity already. What is not sure is asked: "
        "here a file is less than half of a ride."
    )
    demo.fitglue("duplicates")
    asked = demo.host.decisions.pending()
    expect("one pair to decide", 1, len(asked))
    numbers = sorted(side["number"] for side in asked[0]["sides"])
    expect("the ride that was cut", demo.host.activities.get(places.cut).number, numbers[0])
    demo.fitglue("duplicates", "merge", *map(str, numbers))
    expect("nothing left to decide", [], demo.host.decisions.pending())
    merged = demo.host.activities.get(places.cut).activity
    expect(
        "the whole ride's distance",
        True,
        abs((merged.distance_m or 0) - demo.account.plan(places.cut).shape.distance_m) < 200,
    )


def one_list(demo: Demo, places: Elsewhere) -> None:
    """Every workout once."""
    demo.say(
        "12. One list: no double, and nothing missing. The last column counts the sources, "
        "or names them where there is room."
    )
    demo.fitglue("activities", "--limit", "8")
    rows = demo.host.activities()
    expect("every workout once", places.workouts, len(rows))
    sources: Counter[str] = Counter()
    for row in rows:
        sources.update(row["sources"])
    expect("every workout of the account", places.workouts - places.others, sources["intervals"])
    print(
        f"  {demo.records()} records of 4 sources are {len(rows)} workouts; {places.others} "
        "of them the account never had."
    )


def why_one(demo: Demo, places: Elsewhere) -> None:
    """What joined the records of three sources."""
    found = demo.host.activities.get(places.known_to_three)
    demo.say(
        "13. Why is it one? What joined the records, who gave which value, and where they differ."
    )
    demo.fitglue("why", str(found.number))
    story = demo.host.why(str(found.number))
    expect(
        "three sources at least",
        True,
        len({record["connection"] for record in story["records"]}) >= 3,
    )
    expect(
        "each pair of them is held for one",
        {"same"},
        {one["verdict"] for one in story["same_because"]},
    )


def take_apart(demo: Demo, places: Elsewhere) -> None:
    """A word of the athlete's, and its end."""
    number = str(demo.host.activities.get(places.cut).number)
    demo.say("14. Your word wins, is remembered for every later copy, and can be taken back.")
    demo.fitglue("duplicates", "split", number, "strava-archive")
    expect("one more", places.workouts + 1, len(demo.host.activities()))
    demo.fitglue("duplicates", "undo")
    expect("as before", places.workouts, len(demo.host.activities()))


# -- around them -----------------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    """Run the demo in the folder that is named, or in ``.demo``."""
    folder = Path(arguments[0] if arguments else ".demo")
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    account = Account.generate(ACTIVITIES, until=YESTERDAY, strava_stubs=STUBS)
    try:
        _empty(folder)
        with StandIn(account, api_key=KEY, latency_s=LATENCY_S) as server:
            width = shutil.get_terminal_size().columns
            demo = Demo(server, folder, _environment(folder / "home", width), min(width, 100))
            _play(demo)
    except (Broken, FitglueError) as broken:
        print(f"\ndemo: {broken}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print("\n" + OWN_KEY.format(home=folder / "home", fitglue=_shown(_fitglue())), end="")
    return 0


def _play(demo: Demo) -> None:
    demo.say(
        "An athlete's account at Intervals.icu, played by a stand-in on this machine: "
        f"{ACTIVITIES} workouts of the last months, "
        f"{STUBS} of them from Strava. Everything that FitGlue keeps goes to {_shown(demo.home)}."
    )
    with demo.host:
        for step in (connect, first_sync, table, one_activity, nothing_new):
            step(demo)
        touched = change_the_source(demo)
        third_sync(demo, touched)
        why(demo, touched)
        question(demo)
        places = other_places(demo)
        for tell in (bring_in, one_question, one_list, why_one, take_apart):
            tell(demo, places)


def _laps(demo: Demo, external_id: str) -> int:
    return len(demo.host.activities.get(external_id).activity.laps)


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
    kept: dict[str, Any] = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("FITGLUE_") and not name.lower().endswith("_proxy")
    }
    return kept | {
        "FITGLUE_HOME": str(home),
        "FITGLUE_SECRETS": "file",
        "FITGLUE_INTERVALS_API_KEY": KEY,
        "COLUMNS": str(width),
    }


def _fitglue() -> Path:
    """The command beside this Python."""
    return Path(sys.executable).with_name("fitglue")


def _shown(path: Path) -> Path:
    """A path as short as it can be written from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word else word


def _strong(text: str) -> str:
    coloured = (
        sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )
    return f"\x1b[1;36m{text}\x1b[0m" if coloured else text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
