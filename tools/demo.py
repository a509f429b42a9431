"""Shows the main features with the real ``fitglue`` commands, against the bundled stand-in.

``make demo`` runs this in its own folder, without a key and without a network. Each step says
what it does and why, and is checked: the exit code is 1 if the store does not contain what the text
says.
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

from fitglue_garmin.testing import StandIn as GarminStandIn
from fitglue_intervals.testing import Account, StandIn
from fitglue_intervals.testing.files import plain_file_of, track_of
from fitglue_intervals.testing.garmin_archive import garmin_archive
from fitglue_intervals.testing.plan import single_leg_plan
from fitglue_intervals.testing.strava_archive import strava_archive
from fitglue_registry import FitglueError, Host, Policy
from tools.demo_checks import Broken, expect
from tools.demo_sending import send_on
from tools.garmin_account import garmin_account, garmin_workout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fitglue_garmin.testing import Account as GarminAccount
    from fitglue_intervals.testing.plan import Plan

ACTIVITIES, STUBS = 60, 3
#: The number of the account's newest workouts that are in Strava's archive as well.
LATELY = 9
KEY = "stand-in-key"
GARMIN_KEY = "GCDC_stand-in-key"
#: As if the service were a few hundred kilometers away, so that progress can be seen.
LATENCY_S = 0.02
#: The file of a watch whose clock was an hour fast until GPS set it.
OLD_WATCH = "old_watch.gpx"
FAST_POINTS = 90
FAST_BY = timedelta(hours=1)
MARK = ".made-by-fitglue-demo"
YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)

OWN_KEY = """\
To use your own accounts (the keys are on intervals.icu, Developer Settings,
and on connect.garmin.com/app/settings/personalApiToken):

  make install                 puts `fitglue` on your PATH
  fitglue connect intervals    asks for the key without showing it
  fitglue connect garmin
  fitglue sync

To explore the data of this demo:

  FITGLUE_HOME={home} {fitglue}
"""


@dataclass
class Demo:
    """The stand-in, the store, and the commands that connect them."""

    server: StandIn
    folder: Path
    environment: Mapping[str, str]
    width: int
    host: Host = field(init=False)

    @property
    def home(self) -> Path:
        """The data folder of FitGlue."""
        return self.folder / "home"

    def __post_init__(self) -> None:
        # The URL is passed because the reader's own FITGLUE_DATABASE may be set.
        self.host = Host(
            self.home, f"sqlite:///{self.home / 'fitglue.db'}", policy=Policy.personal()
        )

    @property
    def account(self) -> Account:
        """The account that the stand-in serves."""
        return self.server.account

    def say(self, text: str) -> None:
        """Print a paragraph for the reader."""
        print("\n" + textwrap.fill(text, self.width, break_on_hyphens=False), flush=True)

    def fitglue(self, *arguments: str) -> int:
        """Print a command, run it, and return how many requests it sent.

        Raises:
            Broken: The command failed.
        """
        self.server.clear_requests()
        code = self.start(*arguments).wait()
        if code:
            line = " ".join(map(_quoted, arguments))
            raise Broken(f"`fitglue {line}` ended with exit code {code}")
        return len(self.server.requests)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Print a command and start it."""
        line = " ".join(map(_quoted, arguments))
        print(_strong(f"$ fitglue {line}".rstrip()), flush=True)
        return subprocess.Popen(
            [str(_fitglue()), *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
        )

    def titles(self) -> dict[str, str]:
        """Return the title of every stored record, by its external id."""
        rows = self.host.queries.sql(
            "select external_id, title from source_activities where gone = 0 and stub = 0"
        ).rows
        return {str(external_id): str(title) for external_id, title in rows}

    def records(self) -> int:
        """Return how many records all sources list."""
        return int(
            str(
                self.host.queries.sql("select count(*) from source_activities where gone = 0").rows[
                    0
                ][0]
            )
        )

    def ids(self, sport: str) -> list[str]:
        """Return the ids of a sport's activities at the source, newest first.

        Rides without power are left out.
        """
        rows = [(id_, self.account.row(id_)) for id_ in self.account.ids()]
        return [
            id_
            for id_, row in rows
            if row.get("type") == sport and (sport != "Ride" or row.get("icu_average_watts"))
        ]


# -- the steps -------------------------------------------------------------------------------------


def connect(demo: Demo) -> None:
    """Connect the account."""
    demo.say(
        "1. Connect the account. The key is tested with one small request, and you learn at once "
        "what will not arrive. Here, the key is in FITGLUE_INTERVALS_API_KEY; in your own "
        "terminal, you are asked for it. --base-url is the address of the simulated service."
    )
    demo.fitglue("connect", "intervals", "--base-url", demo.server.url)
    expect(
        "one connection",
        ["intervals"],
        [connection.name for connection in demo.host.connections.list()],
    )


def first_sync(demo: Demo) -> None:
    """Sync the complete history."""
    demo.say(
        "2. The first sync downloads the complete history, newest first: summaries, then details "
        "in bulk, then streams. Every response is stored unchanged before it is processed. You "
        "can stop a sync at any time, and the next one continues."
    )
    demo.fitglue("sync")
    expect("every workout that the source delivers", ACTIVITIES - STUBS, len(demo.titles()))
    expect(
        "every Strava row kept as a stub",
        STUBS,
        sum(stub["count"] for stub in demo.host.records.stubs()),
    )


def table(demo: Demo) -> None:
    """List activities."""
    demo.say("3. List the activities. Other commands accept the number in the first column.")
    demo.fitglue("activities", "--limit", "8")


def one_activity(demo: Demo) -> None:
    """Show one ride, with the origin of each value."""
    demo.say(
        "4. Show one ride with power. The column on the right says where each value comes from. "
        "Below are the intervals and the streams, and at the end the records that the activity "
        "was made from."
    )
    details = demo.host.activities.get(demo.ids("Ride")[0])
    demo.fitglue("show", str(details.number))
    expect(
        "power and its provenance",
        "computed",
        demo.host.activities.provenance(details)["average_watts"]["how"],
    )
    expect(
        "streams",
        {"heartrate", "watts"},
        {stream.type for stream in demo.host.activities.streams(details, ["heartrate", "watts"])},
    )


def nothing_new(demo: Demo) -> None:
    """Sync without changes."""
    demo.say("5. Sync again. Nothing has changed at the source.")
    requests = demo.fitglue("sync")
    expect("a sync without changes sends one request", 1, requests)
    print(f"  The stand-in counted {requests} request.")


def change_the_source(demo: Demo) -> dict[str, str]:
    """Change the account as an athlete, a device and Strava do; return the ids of the changes."""
    account, rides = demo.account, demo.ids("Ride")
    renamed, joined, deleted = rides[0], rides[1], demo.ids("Run")[0]
    deleted_title, joined_title = account.row(deleted)["name"], account.row(joined)["name"]
    account.edit(renamed, name="Round the lake")
    account.edit_intervals(joined)
    late = account.add(f"{YESTERDAY - timedelta(days=5)}T06:30:00", name="Found on an old watch")
    account.delete(deleted)
    stub = account.add_strava_stub(f"{YESTERDAY}T12:00:00")
    demo.say("6. Now several things change at the source:")
    for line in (
        f"renamed     {renamed} is now “Round the lake”",
        f"edited      two intervals of {joined} “{joined_title}” were joined",
        f"late        {late}, recorded six days ago, was uploaded only now",
        f"deleted     {deleted} “{deleted_title}”",
        f"Strava      {stub}, received from Strava, is listed but never delivered",
    ):
        print(f"  {line}")
    return {"renamed": renamed, "joined": joined, "late": late, "deleted": deleted, "stub": stub}


def third_sync(demo: Demo, touched: Mapping[str, str]) -> None:
    """Sync the five changes."""
    before = _laps(demo, touched["joined"])
    demo.say(
        "7. The next sync finds all five changes. For a new name, nothing else is downloaded "
        "again; for edited intervals, only the details are. A workout that is no longer listed "
        "is requested by its id before it counts as deleted."
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
        "List the activities again. The late workout is at the time when it was recorded, and the "
        "deleted one is no longer listed."
    )
    demo.fitglue("activities", "--limit", "8")
    expect(
        "the late one among the newest eight",
        1,
        [row["title"] for row in demo.host.activities()[:8]].count("Found on an old watch"),
    )


def why(demo: Demo, touched: Mapping[str, str]) -> None:
    """Explain the two workouts that are not listed."""
    demo.say(
        "8. Why is a workout not listed? Downloaded data is never thrown away, and every decision "
        "is stored with its reason."
    )
    demo.fitglue("why", touched["deleted"])
    expect("why it is gone", "deleted at its source", demo.host.why(touched["deleted"])["verdict"])
    demo.say("The workout from Strava is never delivered; `why` says what would help.")
    claim = f"strava:{touched['stub']}"
    demo.fitglue("why", claim)
    expect("where it stopped", "stub", demo.host.why(claim)["records"][0]["state"])


def question(demo: Demo) -> None:
    """Query the stable views with SQL."""
    demo.say(
        "9. Query your database. It has views whose columns stay the same from version to "
        "version. `fitglue sql --path` prints the file for other tools."
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
    """An account at Garmin Connect, two archives and a folder of files.

    The paths are relative to the current folder.
    """

    downloads: Path
    files: Path
    #: The account of the same athlete at Garmin Connect.
    garmin: GarminAccount
    #: The id of a workout that is in both accounts and in both archives.
    known_to_four: str
    #: The id of the ride of which the folder contains only a part.
    cut: str
    #: The start in UTC of the workout that only the old watch has.
    set_clock: datetime
    #: The number of all workouts.
    workouts: int
    #: The number of workouts that are not in the account.
    others: int


def other_places(demo: Demo) -> Elsewhere:
    """Write two archives as they are downloaded, and a folder with files of several years."""
    account = demo.account
    plans = [account.plan(external_id) for external_id in account.ids()]
    single = [plan for plan in plans if len(plan.legs) == 1 and plan.shape.sport.channels]
    lately, stubs = (
        [plan for plan in single if not plan.stub][:LATELY],
        [plan for plan in single if plan.stub],
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
    long_ago = list(enumerate(before[1:3], 11_000_000_001))
    garmin_archive(downloads / "garmin.zip", [*watch, *long_ago])
    garmin = garmin_account(account)
    for number, plan in long_ago:
        garmin.put(garmin_workout(number, plan, "Long ago"))
    cut = _fill(files, lately, plans, before[3])
    three = next(plan for _, plan in watch if plan.shape.sport.key == "run")
    return Elsewhere(
        _shown(downloads),
        _shown(files),
        garmin,
        three.id,
        cut.id,
        before[3].start_utc,
        len(plans) + len(before),
        len(before),
    )


def _fill(folder: Path, lately: Sequence[Plan], plans: Sequence[Plan], unknown: Plan) -> Plan:
    """Write originals, copies and one workout that no other source has into a folder.

    Returns:
        The ride of which only a part was written.
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
    (folder / OLD_WATCH).write_bytes(_before_the_clock_was_set(track_of(unknown)))
    return cut


def _before_the_clock_was_set(track: bytes) -> bytes:
    """Return a track whose first points have the time of a clock that was fast.

    A watch knows the exact time only after it has found its satellites.
    """
    head, *points = track.split(b"<time>")
    for number, point in enumerate(points[:FAST_POINTS]):
        time, _, rest = point.partition(b"</time>")
        fast = datetime.fromisoformat(time.decode()) + FAST_BY
        points[number] = f"{fast:%Y-%m-%dT%H:%M:%SZ}</time>".encode() + rest
    return b"<time>".join([head, *points])


def _long_ago(plans: Sequence[Plan], number: int, sport: str) -> Plan:
    """Return a workout from before the account was opened."""
    start = plans[-1].start - timedelta(days=40 + 7 * number)
    return single_leg_plan(
        1_000 + number, f"i{1_000 + number}", start.replace(hour=9), sport, 700 + number
    )


def connect_garmin(demo: Demo, places: Elsewhere) -> None:
    """Connect the account at Garmin, which has many of the same workouts."""
    demo.say(
        "10. Most athletes have the same workouts in several places. Since October 2026, Garmin "
        "Connect can be connected as well, with a key from its settings: many of its workouts are "
        "those that Intervals.icu has, too. The key ends after a time that you choose there, so "
        "`connect` asks for it; here, it is a year."
    )
    before = len(demo.host.activities())
    with GarminStandIn(places.garmin, api_key=GARMIN_KEY, latency_s=LATENCY_S) as server:
        demo.fitglue("connect", "garmin", "--base-url", server.url, "--set", "key_expires=365")
        demo.fitglue("sync", "garmin")
    shared = len(places.garmin.ids()) - 2
    expect("two workouts are new", before + 2, len(demo.host.activities()))
    expect("nothing to decide", [], demo.host.decisions.pending())
    print(f"  Two of these workouts are new. The other {shared} were in the list already.")


def bring_in(demo: Demo, places: Elsewhere) -> None:
    """Import archives and files."""
    demo.say(
        "11. You can also import what you downloaded. Here are the archives of "
        "Strava and Garmin, and a folder of files: originals, a track that "
        "was saved again, a track from a clock that was an hour off, and a part of a ride. "
        "`import` says what it found; on a terminal, it then asks for confirmation."
    )
    demo.fitglue("import", str(places.downloads), str(places.files))
    expect(
        "an archive each and the files",
        ["files", "garmin", "garmin-archive", "intervals", "strava-archive"],
        sorted(connection.name for connection in demo.host.connections.list()),
    )
    expect("no stub is left", [], demo.host.records.stubs())
    print(f"  The {STUBS + 1} stubs are complete workouts now, because Strava's archive has them.")
    demo.say(
        "Importing the same again adds nothing. A newer archive would add only its new workouts."
    )
    before = demo.records()
    demo.fitglue("import", str(places.downloads), str(places.files))
    expect("a second import brings nothing", before, demo.records())


def one_question(demo: Demo, places: Elsewhere) -> None:
    """Decide about the pair that only the athlete can decide about."""
    demo.say(
        "12. Records that are certainly one workout are merged already. You are asked about the "
        "others: here, a file contains less than half of a ride."
    )
    demo.fitglue("duplicates")
    pairs = demo.host.decisions.pending()
    expect("one pair to decide", 1, len(pairs))
    numbers = sorted(side["number"] for side in pairs[0]["sides"])
    expect("the ride that was cut", demo.host.activities.get(places.cut).number, numbers[0])
    demo.fitglue("duplicates", "merge", *map(str, numbers))
    expect("nothing left to decide", [], demo.host.decisions.pending())
    merged = demo.host.activities.get(places.cut).activity
    expect(
        "the distance of the complete ride",
        True,
        abs((merged.distance_m or 0) - demo.account.plan(places.cut).shape.distance_m) < 200,
    )


def one_list(demo: Demo, places: Elsewhere) -> None:
    """List every workout exactly once."""
    demo.say(
        "13. List the activities without duplicates and without gaps. The last column counts the "
        "sources, or names them if the terminal is wide enough."
    )
    demo.fitglue("activities", "--limit", "8")
    rows = demo.host.activities()
    expect("every workout once", places.workouts, len(rows))
    sources: Counter[str] = Counter()
    for row in rows:
        sources.update(row["sources"])
    expect("every workout of the account", places.workouts - places.others, sources["intervals"])
    print(
        f"  {demo.records()} records of 5 sources are {len(rows)} workouts; {places.others} "
        "of them were never in the account."
    )


def why_one(demo: Demo, places: Elsewhere) -> None:
    """Explain why the records of four sources are one workout."""
    details = demo.host.activities.get(places.known_to_four)
    demo.say(
        "14. Why is this one workout? `why` says why the records were merged, which source each "
        "value comes from, and where the sources differ."
    )
    demo.fitglue("why", str(details.number))
    story = demo.host.why(str(details.number))
    expect(
        "both accounts and both archives",
        ["garmin", "garmin-archive", "intervals", "strava-archive"],
        sorted({record["connection"] for record in story["records"]} - {"files"}),
    )
    expect(
        "each pair of them is the same workout",
        {"same"},
        {opinion["verdict"] for opinion in story["same_because"]},
    )


def why_corrected(demo: Demo, places: Elsewhere) -> None:
    """Explain a value that was corrected."""
    by_start = {row["start_utc"]: row for row in demo.host.activities()}
    start = f"{places.set_clock:%Y-%m-%dT%H:%M:%SZ}"
    expect("the workout of the old watch, at its true time", True, start in by_start)
    number = str(by_start[start]["number"])
    demo.say(
        "15. Files contain errors. The clock of this watch was an hour fast until GPS set it, so "
        "the file states a start that is an hour late. The start is corrected, and `why` says so."
    )
    demo.fitglue("why", number)
    remarks = {remark["field"]: remark["note"] for remark in demo.host.why(number)["remarks"]}
    expect("a remark about the start", True, "start_utc" in remarks)


def take_apart(demo: Demo, places: Elsewhere) -> None:
    """Split an activity, and undo the decision."""
    number = str(demo.host.activities.get(places.cut).number)
    demo.say(
        "16. Your own decisions take precedence, are remembered for later copies, and can be "
        "undone."
    )
    demo.fitglue("duplicates", "split", number, "strava-archive")
    expect("one more", places.workouts + 1, len(demo.host.activities()))
    demo.fitglue("duplicates", "undo")
    expect("as before", places.workouts, len(demo.host.activities()))


# -- around them -----------------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    """Run the demo in the folder that the arguments name, or in ``.demo``; return the exit code."""
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
    """Run all steps in their order."""
    demo.say(
        "This demo uses a simulated Intervals.icu account on this machine, with "
        f"{ACTIVITIES} workouts of the last months, {STUBS} of them from Strava, and later an "
        "account at Garmin Connect, two archives and a folder of files. FitGlue stores "
        f"everything in {_shown(demo.home)}."
    )
    with demo.host:
        for step in (connect, first_sync, table, one_activity, nothing_new):
            step(demo)
        touched = change_the_source(demo)
        third_sync(demo, touched)
        why(demo, touched)
        question(demo)
        places = other_places(demo)
        for import_step in (
            connect_garmin,
            bring_in,
            one_question,
            one_list,
            why_one,
            why_corrected,
            take_apart,
        ):
            import_step(demo, places)
        send_on(demo, KEY)


def _laps(demo: Demo, external_id: str) -> int:
    """Return the number of laps of an activity."""
    return len(demo.host.activities.get(external_id).activity.laps)


def _empty(folder: Path) -> None:
    """Empty the folder; raise ``Broken`` if it contains something that no demo made."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise Broken(f"{folder} contains something that no demo made; name another folder")
        shutil.rmtree(folder)
    (folder / "home").mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()


def _environment(home: Path, width: int) -> dict[str, str]:
    """Return the environment of the commands, without the reader's own settings and proxies."""
    kept: dict[str, Any] = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("FITGLUE_") and not name.lower().endswith("_proxy")
    }
    return kept | {
        "FITGLUE_HOME": str(home),
        "FITGLUE_SECRETS": "file",
        "FITGLUE_INTERVALS_API_KEY": KEY,
        "FITGLUE_GARMIN_API_KEY": GARMIN_KEY,
        "COLUMNS": str(width),
    }


def _fitglue() -> Path:
    """Return the command that is installed beside this Python."""
    return Path(sys.executable).with_name("fitglue")


def _shown(path: Path) -> Path:
    """Return a path relative to the current folder, if it is inside it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _quoted(word: str) -> str:
    """Return an argument in quotes if it contains a space."""
    return f'"{word}"' if " " in word else word


def _strong(text: str) -> str:
    """Return the text in color if the terminal shows colors."""
    has_colors = (
        sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )
    return f"\x1b[1;36m{text}\x1b[0m" if has_colors else text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
