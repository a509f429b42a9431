"""A person's word on what is one workout: carried out, remembered through everything, for later
copies too, and taken back.
"""

from __future__ import annotations

import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry.errors import UserMistake
from fitglue_registry.store.opinions import PairOpinion, put_opinion
from fitglue_registry.sync.events import Decided
from fitglue_registry.sync.options import Options
from tests.sync.natural import natural

NOW = "2026-11-21T12:00:00.000Z"


def row(name: str, hour: int = 6, strava: int | None = None, **more):
    """A run of an account, the longer the later, so that no score joins two; one number at Strava
    is one claim.
    """
    claimed = {"strava_id": str(strava)} if strava else {}
    return {
        "id": name,
        "name": f"With {name}",
        "type": "Run",
        "start_date": f"2026-11-10T{hour:02}:00:00Z",
        "start_date_local": f"2026-11-10T{hour + 1:02}:00:00",
        "elapsed_time": 400 * hour,
        "moving_time": 390 * hour,
        "distance": 1000.0 * hour - 1000,
        **claimed,
        **more,
    }


@pytest.fixture
def accounts(host):
    """Connects accounts with these rows and syncs; the servers come back."""
    servers = []

    def connect(*every):
        for rows in every:
            number = len(servers) + 1
            server = StandIn(Account.from_rows(rows, athlete_id=f"i{number}"))
            servers.append(server)
            server.__enter__()
            host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
        sync(host)
        return servers

    yield connect
    for server in servers:
        server.__exit__(None, None, None)


def sync(host, **options):
    for _ in host.sync(**options):
        pass


def groups(host):
    """The activities as sets of external ids."""
    return sorted(
        sorted(member.external_id for member in host.activities.get(str(one["number"])).members)
        for one in host.activities()
    )


def ask(host, one, two, reason="close"):
    """Let somebody ask about a pair, as the scorer does."""
    found = [host.activities.get(name).members[0].id for name in (one, two)]
    with host.workspace.database.write() as db:
        put_opinion(db, PairOpinion(*found, "an expert", "ask", reason), NOW)


# -- same ------------------------------------------------------------------------------------------


def test_two_activities_that_a_person_says_are_one_become_one(host, accounts):
    """The older number survives, the other leads to it."""
    accounts([row("a", 6)], [row("b", 9)])
    numbers = sorted(one["number"] for one in host.activities())
    merged = host.decisions.same(["a", "b"])
    assert groups(host) == [["a", "b"]]
    assert merged.number == numbers[0]
    assert {host.activities.get(str(number)).id for number in numbers} == {merged.id}


def test_a_persons_same_survives_the_next_sync_a_full_walk_and_a_rebuild(host, accounts):
    """And changes nothing of what the sources said."""
    servers = accounts([row("a", 6)], [row("b", 9)])
    sources = natural(host)["source_activities"]
    host.decisions.same(["a", "b"])
    servers[1].account.edit(
        "b",
        name="another title",
        start_date_local="2026-11-10T11:00:00",
        start_date="2026-11-10T10:00:00Z",
    )
    sync(host)
    list(host.syncs.rebuild())
    assert groups(host) == [["a", "b"]]
    assert natural(host)["source_activities"].keys() == sources.keys()


def test_a_persons_word_comes_back_with_the_connection(host, accounts):
    """Removed and connected again, the same workouts are one, and others are two."""
    [_, second] = accounts(
        [row("a", 6), row("c", 12, strava=7)], [row("b", 9), row("d", 12, strava=7)]
    )
    host.decisions.same(["a", "b"])
    host.decisions.split("c")
    host.connections.remove("intervals-2")
    assert groups(host) == [["a"], ["c"]]
    host.connect("intervals", {"api_key": second.api_key, "base_url": second.url})
    sync(host)
    assert groups(host) == [["a", "b"], ["c"], ["d"]]


def test_a_later_copy_joins_through_what_a_person_said_is_the_same(host, accounts):
    """Though it is a copy of the one alone."""
    accounts([row("a", 6, strava=1)], [row("b", 9)])
    host.decisions.same(["a", "b"])
    accounts([row("a2", 6, strava=1)])
    assert groups(host) == [["a", "a2", "b"]]


def test_a_later_copy_without_a_claim_joins_too(host, accounts):
    """The score says that it is a copy of the one; of the other it could never be one."""
    accounts([row("a", 6)], [row("b", 9)])
    host.decisions.same(["a", "b"])
    accounts([row("a2", 6)])
    assert groups(host) == [["a", "a2", "b"]]


def test_a_copy_of_the_one_joins_the_other_of_its_own_account(host, accounts):
    """A person's word covers the pair that the account's own doubles would else be asked about."""
    [_, second] = accounts([row("a", 6, strava=1)], [row("b", 9)])
    host.decisions.same(["a", "b"])
    second.account.add_row(row("a2", 6, strava=1))
    sync(host)
    assert groups(host) == [["a", "a2", "b"]]


@pytest.mark.parametrize("references", [["a"], ["a", "a"]])
def test_one_activity_cannot_be_merged_with_itself(host, accounts, references):
    """What is to be typed instead is said."""
    accounts([row("a")])
    with pytest.raises(UserMistake) as error:
        host.decisions.same(references)
    assert error.value.code == "FG-one-activity"


# -- different -------------------------------------------------------------------------------------


def test_a_split_gives_both_back_with_their_numbers(host, accounts):
    """Whatever joined them; sources say what they said."""
    accounts([row("a", strava=1)], [row("b", strava=1)])
    sources = natural(host)["source_activities"]
    assert groups(host) == [["a", "b"]]
    parted = host.decisions.split("a")
    assert groups(host) == [["a"], ["b"]]
    assert len({found.number for found in parted}) == 2
    assert natural(host)["source_activities"] == sources


def test_a_split_survives_the_next_sync_a_full_walk_and_a_rebuild(host, accounts):
    """An edit at the source asks nobody again."""
    [first, _] = accounts([row("a", strava=1)], [row("b", strava=1)])
    host.decisions.split("a")
    first.account.edit(
        "a",
        name="another title",
        start_date_local="2026-11-10T07:00:05",
        start_date="2026-11-10T06:00:05Z",
    )
    sync(host)
    list(host.syncs.rebuild())
    assert groups(host) == [["a"], ["b"]]


def test_one_source_is_taken_out_of_three(host, accounts):
    """By its connection or its id; the others stay together."""
    accounts([row("a", strava=1)], [row("b", strava=1)], [row("c", strava=1)])
    host.decisions.split("a", "intervals-2")
    assert groups(host) == [["a", "c"], ["b"]]


@pytest.mark.parametrize("source", [None, "nobody"])
def test_a_split_that_is_not_clear_names_the_sources(host, accounts, source):
    """Which of three, or one that is none of them."""
    accounts([row("a", strava=1)], [row("b", strava=1)], [row("c", strava=1)])
    with pytest.raises(UserMistake) as error:
        host.decisions.split("a", source)
    assert error.value.code == "FG-split-unclear"
    assert "intervals-2/b" in (error.value.why or "")


@pytest.mark.parametrize(
    "source",
    ["intervals-2/4f3f5cfba879…", "4f3f5cfba879…", "intervals-2/4f3f5cfba879", "4f3f5cfba879"],
)
def test_a_source_is_taken_out_by_its_id_as_screens_show_it(host, accounts, source):
    """A hash is shown by its beginning, so that is enough."""
    accounts(
        [row("a", strava=1)],
        [row("4f3f5cfba8797397636a941a69ab8630", strava=1)],
        [row("c", strava=1)],
    )
    host.decisions.split("a", source)
    assert groups(host) == [["4f3f5cfba8797397636a941a69ab8630"], ["a", "c"]]


def test_what_has_one_source_cannot_be_split(host, accounts):
    """There is nothing to take apart."""
    accounts([row("a")])
    with pytest.raises(UserMistake) as error:
        host.decisions.split("a")
    assert error.value.code == "FG-one-source"


def test_a_later_copy_stays_out_of_what_its_own_was_kept_apart_from(host, accounts):
    """It is a copy of the one by its claims, and of the other by one that came later: the person's
    word covers it.
    """
    accounts([row("a", strava=1)], [row("b", 9, strava=2)])
    host.decisions.different(["a", "b"])
    accounts([row("a2", strava=1)])
    assert groups(host) == [["a", "a2"], ["b"]]
    with host.workspace.database.write() as db:
        one, two = (host.activities.get(name).members[-1].id for name in ("a2", "b"))
        put_opinion(db, PairOpinion(one, two, "some plugin", "same", "it says so"), NOW)
    sync(host)
    list(host.syncs.rebuild())
    assert groups(host) == [["a", "a2"], ["b"]]


def test_a_copy_of_what_is_gone_stays_out_too(host, accounts):
    """The connection that the word was about is removed; its claims tell the next copy."""
    accounts([row("a", strava=1)], [row("b", 9)])
    host.decisions.different(["a", "b"])
    host.connections.remove("intervals")
    accounts([row("a2", strava=1)])
    with host.workspace.database.read() as db:
        said = {
            one.said_by: one.verdict
            for one in db.exec_driver_sql("SELECT said_by, verdict FROM fg_opinions")
        }
    assert said["person, of a copy"] == "different"


# -- undo ------------------------------------------------------------------------------------------


def test_undo_takes_the_last_word_back(host, accounts):
    """A merge parts again, with the numbers of before; a split joins again."""
    accounts([row("a", 6), row("c", 12, strava=7)], [row("b", 9), row("d", 12, strava=7)])
    before = natural(host)
    numbers = {one["number"] for one in host.activities()}
    host.decisions.split("c")
    host.decisions.same(["a", "b"])
    verdict, now = host.decisions.undo()
    assert (verdict["said"], len(now)) == ("same", 2)
    verdict, now = host.decisions.undo()
    assert (verdict["said"], len(now)) == ("different", 1)
    assert natural(host) == before
    assert {one["number"] for one in host.activities()} == numbers
    assert [one["undone_at"] is None for one in host.decisions.history()] == [False, False]


def test_undo_takes_a_named_word_back_and_the_earlier_one_holds_again(host, accounts):
    """What was said before of the same pair is in force."""
    accounts([row("a", strava=1)], [row("b", strava=1)])
    host.decisions.split("a")
    host.decisions.same(["a", "b"])
    host.decisions.undo(host.decisions.history()[0]["verdict"])
    assert groups(host) == [["a"], ["b"]]


@pytest.mark.parametrize("number", [None, 99])
def test_what_was_never_said_cannot_be_undone(host, accounts, number):
    """The ones that stand are named."""
    accounts([row("a")])
    with pytest.raises(UserMistake) as error:
        host.decisions.undo(number)
    assert error.value.code == "FG-verdict-unknown"


def test_undo_outlives_the_next_sync(host, accounts):
    """What was taken back is not recalled."""
    [_, second] = accounts([row("a", 6)], [row("b", 9)])
    host.decisions.same(["a", "b"])
    host.decisions.undo()
    second.account.edit(
        "b", start_date_local="2026-11-10T10:00:05", start_date="2026-11-10T09:00:05Z"
    )
    sync(host)
    assert groups(host) == [["a"], ["b"]]


# -- pairs to decide -------------------------------------------------------------------------------


def test_a_pair_to_decide_is_told_side_by_side_with_its_evidence(host, accounts):
    """Both activities, who asks, the probability, and each line."""
    accounts([row("a", 6)], [row("b", 9)])
    ask(
        host,
        "a",
        "b",
        '{"probability": 0.71, "lines": [["start", "3 h apart", -2.5], ["distance", "the '
        'same", 4.0]]}',
    )
    [pair] = host.decisions.pending()
    assert sorted(side["sources"] for side in pair["sides"]) == [["intervals-2/b"], ["intervals/a"]]
    assert {side["distance_m"] for side in pair["sides"]} == {5000.0, 8000.0}
    lines = ["start: 3 h apart (-2.5)", "distance: the same (+4.0)"]
    assert pair["asked"] == [{"said_by": "an expert", "probability": 0.71, "evidence": lines}]


@pytest.mark.parametrize("answer", ["same", "different"])
def test_a_pair_that_a_person_decided_is_asked_about_no_more(host, accounts, answer):
    """Until it is undone."""
    accounts([row("a", 6)], [row("b", 9)])
    ask(host, "a", "b")
    getattr(host.decisions, answer)(["a", "b"])
    assert host.decisions.pending() == []
    host.decisions.undo()
    assert len(host.decisions.pending()) == 1


def test_nobody_is_asked_of_activities_of_which_a_pair_is_known_to_differ(host, accounts):
    """What another source of the one says leaves no doubt."""
    accounts([row("a", 6, strava=1)], [row("b", 9)], [row("c", 6, strava=1)])
    ask(host, "a", "b")
    pair = [host.activities.get(name).members[place].id for name, place in (("c", 1), ("b", 0))]
    with host.workspace.database.write() as db:
        put_opinion(db, PairOpinion(*pair, "a plugin", "different", "legs"), NOW)
    assert host.decisions.pending() == []


def test_what_is_deleted_at_its_source_is_asked_about_no_more(host, accounts):
    """A tombstone is no double."""
    [_, second] = accounts([row("a", 6)], [row("b", 9)])
    ask(host, "a", "b")
    second.account.delete("b")
    sync(host)
    assert host.decisions.pending() == []


def test_deleted_at_one_source_an_activity_stays_if_another_has_it(host, accounts):
    """With the values that are left."""
    [first, _] = accounts([row("a", strava=1)], [row("b", strava=1)])
    before = host.activities()[0]["number"]
    first.account.delete("a")
    sync(host)
    [left] = host.activities()
    assert (left["number"], left["title"], left["sources"]) == (before, "With b", ["intervals-2"])


def test_why_says_who_said_what_of_which_pair_and_what_else_sources_say(host, accounts):
    """Who joined and who keeps apart, with the evidence; who gives a value, and what was not
    taken.
    """
    accounts(
        [row("a", strava=1, distance=5000.0), row("c", 12)], [row("b", strava=1, distance=5100.0)]
    )
    host.decisions.different(["a", "c"])
    story = host.why("a")
    assert [(one["said_by"], one["verdict"]) for one in story["same_because"]] == [
        ("equal claims", "same")
    ]
    assert {(one["said_by"], one["verdict"], one["activity"]) for one in story["apart_from"]} == {
        ("person", "different", host.activities.get("c").number)
    }
    told = {one["field"]: one for one in story["alternatives"]}
    assert (told["distance_m"]["value"], told["distance_m"]["others"]) == (
        5000.0,
        [{"from": "intervals-2/b", "value": 5100.0}],
    )


def test_a_dry_run_says_what_would_become_one_workout_and_stores_nothing(host, accounts):
    """Before the first time: what is new would join what is there, or what comes with it."""
    accounts([row("a", strava=1), row("c", 12)])
    before = natural(host)
    rows = [
        row("b", strava=1),
        row("d", 12),
        row("e", 15, strava=2),
        row("g", 15, strava=2),
        row("f", 18),
    ]
    with StandIn(Account.from_rows(rows, athlete_id="i9")) as server:
        host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
        known = {**natural(host), "connections": before["connections"]}
        events = list(host.sync("intervals-2", options=Options(dry_run=True)))
        assert {**natural(host), "connections": before["connections"]} == known == before
    assert {
        event.external_id: event.reason
        for event in events
        if isinstance(event, Decided) and event.decision == "would-join"
    } == {
        "b": "same workout as intervals/a",
        "d": "same workout as intervals/c",
        "g": "same workout as intervals-2/e",
    }
