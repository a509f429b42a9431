"""Tests of the athlete's decisions on which activities are one workout.

A decision is carried out, kept across syncs, rebuilds and reconnects, applied to later copies of
the same workouts, and can be undone.
"""

from __future__ import annotations

import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry.errors import UserMistake
from fitglue_registry.store.opinions import PairOpinion, put_opinions
from fitglue_registry.sync.events import Decided
from fitglue_registry.sync.options import Options
from tests.sync.natural import natural

NOW = "2026-11-21T12:00:00.000Z"


def row(name: str, hour: int = 6, strava: int | None = None, **more):
    """Return a row of a run. A later hour makes a longer run, so that the scorer joins no two rows.

    Rows with the same Strava number assert the same claim.
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
    """A function that connects accounts with the given rows, syncs, and returns the servers."""
    servers = []

    def connect(*rows_of_accounts):
        for rows in rows_of_accounts:
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
    """Return the external ids of each activity, sorted."""
    return sorted(
        sorted(member.external_id for member in host.activities.get(str(row["number"])).members)
        for row in host.activities()
    )


def ask(host, first, second, reason="close"):
    """Store the opinion "ask" about a pair, as the scorer does."""
    pair = [host.activities.get(name).members[0].id for name in (first, second)]
    with host.workspace.database.write() as db:
        put_opinions(db, [PairOpinion(*pair, "an expert", "ask", reason)], NOW)


# -- same ------------------------------------------------------------------------------------------


def test_two_activities_that_a_person_merges_become_one(host, accounts):
    """After a merge, the older activity survives, and the number of the other one leads to it."""
    accounts([row("a", 6)], [row("b", 9)])
    numbers = sorted(activity["number"] for activity in host.activities())
    merged = host.decisions.same(["a", "b"])
    assert groups(host) == [["a", "b"]]
    assert merged.number == numbers[0]
    assert {host.activities.get(str(number)).id for number in numbers} == {merged.id}


def test_a_persons_same_survives_the_next_sync_a_full_walk_and_a_rebuild(host, accounts):
    """A merge survives an edit at the source, a sync and a rebuild, and deletes no source
    activity.
    """
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


def test_a_decision_holds_again_after_the_connection_is_connected_again(host, accounts):
    """Decisions hold again for the workouts of a connection that was removed and connected
    again.
    """
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


def test_a_later_copy_joins_an_activity_that_a_person_merged(host, accounts):
    """A copy that shares a claim with one of two merged workouts joins the merged activity."""
    accounts([row("a", 6, strava=1)], [row("b", 9)])
    host.decisions.same(["a", "b"])
    accounts([row("a2", 6, strava=1)])
    assert groups(host) == [["a", "a2", "b"]]


def test_a_later_copy_without_a_claim_joins_too(host, accounts):
    """A copy that only the scorer recognizes, as one of two merged workouts, joins the activity
    too.
    """
    accounts([row("a", 6)], [row("b", 9)])
    host.decisions.same(["a", "b"])
    accounts([row("a2", 6)])
    assert groups(host) == [["a", "a2", "b"]]


def test_a_copy_joins_a_merged_workout_of_its_own_account(host, accounts):
    """A decision also covers a later pair of one account, which would otherwise be asked about."""
    [_, second] = accounts([row("a", 6, strava=1)], [row("b", 9)])
    host.decisions.same(["a", "b"])
    second.account.add_row(row("a2", 6, strava=1))
    sync(host)
    assert groups(host) == [["a", "a2", "b"]]


@pytest.mark.parametrize("references", [["a"], ["a", "a"]])
def test_one_activity_cannot_be_merged_with_itself(host, accounts, references):
    """A merge of an activity with itself is refused with FG-one-activity."""
    accounts([row("a")])
    with pytest.raises(UserMistake) as error:
        host.decisions.same(references)
    assert error.value.code == "FG-one-activity"


# -- different -------------------------------------------------------------------------------------


def test_a_split_restores_both_activities(host, accounts):
    """A split restores two activities, also if a claim joined them, and changes no source
    activity.
    """
    accounts([row("a", strava=1)], [row("b", strava=1)])
    sources = natural(host)["source_activities"]
    assert groups(host) == [["a", "b"]]
    activities = host.decisions.split("a")
    assert groups(host) == [["a"], ["b"]]
    assert len({activity.number for activity in activities}) == 2
    assert natural(host)["source_activities"] == sources


def test_a_split_survives_the_next_sync_a_full_walk_and_a_rebuild(host, accounts):
    """A split survives an edit at the source, a sync and a rebuild, without a new question."""
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
    """A split names one of three sources by its connection; the other two stay one activity."""
    accounts([row("a", strava=1)], [row("b", strava=1)], [row("c", strava=1)])
    host.decisions.split("a", "intervals-2")
    assert groups(host) == [["a", "c"], ["b"]]


@pytest.mark.parametrize("source", [None, "nobody"])
def test_an_ambiguous_split_names_the_sources(host, accounts, source):
    """A split of three sources without a valid source is refused, and the error names the three."""
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
    """A source with a long id can be named by the abbreviation that lists and screens show."""
    accounts(
        [row("a", strava=1)],
        [row("4f3f5cfba8797397636a941a69ab8630", strava=1)],
        [row("c", strava=1)],
    )
    host.decisions.split("a", source)
    assert groups(host) == [["4f3f5cfba8797397636a941a69ab8630"], ["a", "c"]]


def test_what_has_one_source_cannot_be_split(host, accounts):
    """A split of an activity with a single source is refused with FG-one-source."""
    accounts([row("a")])
    with pytest.raises(UserMistake) as error:
        host.decisions.split("a")
    assert error.value.code == "FG-one-source"


def test_a_later_copy_stays_apart_like_the_workout_that_it_copies(host, accounts):
    """A copy of one of two workouts that the athlete keeps apart stays apart from the other one,
    even if a plugin later says that they are the same.
    """
    accounts([row("a", strava=1)], [row("b", 9, strava=2)])
    host.decisions.different(["a", "b"])
    accounts([row("a2", strava=1)])
    assert groups(host) == [["a", "a2"], ["b"]]
    with host.workspace.database.write() as db:
        pair = [host.activities.get(name).members[-1].id for name in ("a2", "b")]
        put_opinions(db, [PairOpinion(*pair, "some plugin", "same", "it says so")], NOW)
    sync(host)
    list(host.syncs.rebuild())
    assert groups(host) == [["a", "a2"], ["b"]]


def test_a_copy_of_a_removed_workout_stays_apart_too(host, accounts):
    """A decision also holds for a copy that arrives after the connection it was about was
    removed.
    """
    accounts([row("a", strava=1)], [row("b", 9)])
    host.decisions.different(["a", "b"])
    host.connections.remove("intervals")
    accounts([row("a2", strava=1)])
    with host.workspace.database.read() as db:
        opinions = {
            opinion.said_by: opinion.verdict
            for opinion in db.exec_driver_sql("SELECT said_by, verdict FROM fg_opinions")
        }
    assert opinions["person, of a copy"] == "different"


# -- undo ------------------------------------------------------------------------------------------


def test_undo_reverses_the_last_decision(host, accounts):
    """Undo restores the store to what it was before a merge or a split, with the same numbers."""
    accounts([row("a", 6), row("c", 12, strava=7)], [row("b", 9), row("d", 12, strava=7)])
    before = natural(host)
    numbers = {activity["number"] for activity in host.activities()}
    host.decisions.split("c")
    host.decisions.same(["a", "b"])
    verdict, now = host.decisions.undo()
    assert (verdict["said"], len(now)) == ("same", 2)
    verdict, now = host.decisions.undo()
    assert (verdict["said"], len(now)) == ("different", 1)
    assert natural(host) == before
    assert {activity["number"] for activity in host.activities()} == numbers
    history = host.decisions.history()
    assert [decision["undone_at"] is None for decision in history] == [False, False]


def test_undo_of_a_named_decision_restores_the_earlier_one(host, accounts):
    """After the undo of a decision, an earlier decision about the same pair holds again."""
    accounts([row("a", strava=1)], [row("b", strava=1)])
    host.decisions.split("a")
    host.decisions.same(["a", "b"])
    host.decisions.undo(host.decisions.history()[0]["verdict"])
    assert groups(host) == [["a"], ["b"]]


@pytest.mark.parametrize("number", [None, 99])
def test_a_decision_that_does_not_exist_cannot_be_undone(host, accounts, number):
    """The undo of a decision that does not exist is refused with FG-verdict-unknown."""
    accounts([row("a")])
    with pytest.raises(UserMistake) as error:
        host.decisions.undo(number)
    assert error.value.code == "FG-verdict-unknown"


def test_undo_outlives_the_next_sync(host, accounts):
    """A decision that was undone has no effect on later syncs."""
    [_, second] = accounts([row("a", 6)], [row("b", 9)])
    host.decisions.same(["a", "b"])
    host.decisions.undo()
    second.account.edit(
        "b", start_date_local="2026-11-10T10:00:05", start_date="2026-11-10T09:00:05Z"
    )
    sync(host)
    assert groups(host) == [["a"], ["b"]]


# -- pairs to decide -------------------------------------------------------------------------------


def test_a_pair_to_decide_is_shown_side_by_side_with_its_evidence(host, accounts):
    """A pair to decide has both activities, who asks, the probability, and each line of
    evidence.
    """
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
def test_a_pair_that_a_person_decided_is_not_asked_about_again(host, accounts, answer):
    """A pair is not asked about after the athlete decided it, until the decision is undone."""
    accounts([row("a", 6)], [row("b", 9)])
    ask(host, "a", "b")
    getattr(host.decisions, answer)(["a", "b"])
    assert host.decisions.pending() == []
    host.decisions.undo()
    assert len(host.decisions.pending()) == 1


def test_activities_with_a_pair_that_differs_are_not_asked_about(host, accounts):
    """Two activities are not asked about if any pair of their source activities is different."""
    accounts([row("a", 6, strava=1)], [row("b", 9)], [row("c", 6, strava=1)])
    ask(host, "a", "b")
    pair = [host.activities.get(name).members[place].id for name, place in (("c", 1), ("b", 0))]
    with host.workspace.database.write() as db:
        put_opinions(db, [PairOpinion(*pair, "a plugin", "different", "legs")], NOW)
    assert host.decisions.pending() == []


def test_a_deleted_activity_is_not_asked_about(host, accounts):
    """A pair is not asked about after one of its activities was deleted at its source."""
    [_, second] = accounts([row("a", 6)], [row("b", 9)])
    ask(host, "a", "b")
    second.account.delete("b")
    sync(host)
    assert host.decisions.pending() == []


def test_deleted_at_one_source_an_activity_stays_if_another_has_it(host, accounts):
    """An activity that is deleted at one of its two sources stays, with the values of the other."""
    [first, _] = accounts([row("a", strava=1)], [row("b", strava=1)])
    before = host.activities()[0]["number"]
    first.account.delete("a")
    sync(host)
    [left] = host.activities()
    assert (left["number"], left["title"], left["sources"]) == (before, "With b", ["intervals-2"])


def test_why_lists_the_opinions_about_pairs_and_the_values_not_used(host, accounts):
    """`why` lists which opinions join sources or keep them apart, which source each value comes
    from, and the values of the other sources.
    """
    accounts(
        [row("a", strava=1, distance=5000.0), row("c", 12)], [row("b", strava=1, distance=5100.0)]
    )
    host.decisions.different(["a", "c"])
    story = host.why("a")
    assert [(opinion["said_by"], opinion["verdict"]) for opinion in story["same_because"]] == [
        ("equal claims", "same")
    ]
    assert {
        (opinion["said_by"], opinion["verdict"], opinion["activity"])
        for opinion in story["apart_from"]
    } == {("person", "different", host.activities.get("c").number)}
    alternatives = {alternative["field"]: alternative for alternative in story["alternatives"]}
    distance = alternatives["distance_m"]
    assert (distance["value"], distance["others"]) == (
        5000.0,
        [{"from": "intervals-2/b", "value": 5100.0}],
    )


def test_a_dry_run_reports_what_would_become_one_workout_and_stores_nothing(host, accounts):
    """A dry run reports which new records would join a stored activity or each other, and stores
    nothing.
    """
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
