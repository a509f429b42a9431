"""Tests of the store of pipelines: offers, deliveries that move from state to state only once, and
deliveries that follow the activities that are merged or split.
"""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from fitglue_registry.model.stored import (
    DeliveryAction,
    DeliveryState,
    OfferedBy,
    PipelineState,
)
from fitglue_registry.store.deliveries import (
    Planned,
    begin_sending,
    change_state,
    counts_by_state,
    deliveries_of_activity,
    delivery_by_id,
    delivery_of,
    due_deliveries,
    list_deliveries,
    log_of,
    plan,
    planned_at,
)
from fitglue_registry.store.delivery_moves import follow_merge, return_after_split
from fitglue_registry.store.offers import (
    count_waiting,
    decide,
    offer,
    offers_of_activity,
    waiting_offers,
    withdraw,
)
from fitglue_registry.store.pipelines import (
    PipelineRow,
    add_pipeline,
    add_version,
    delete_pipeline,
    list_pipelines,
    names_of_pipelines,
    pipeline_of,
    set_pipeline_state,
    versions_of,
)

NOW = "2026-06-15T12:00:00.000Z"
LATER = "2026-06-15T13:00:00.000Z"
DOCUMENT = '{"schema":1,"name":"all","destinations":[]}'


def make_pipeline(library, name="all", **changes):
    """Store a pipeline, and return its id."""
    values = {
        "id": f"p-{name}",
        "athlete_id": library.athlete_id,
        "name": name,
        "state": PipelineState.ACTIVE,
        "version": 1,
        "after_change": 0,
        "document": DOCUMENT.replace("all", name),
        "created_at": NOW,
        "updated_at": NOW,
    }
    row = PipelineRow(**(values | changes))
    add_pipeline(library.db, row)
    return row.id


def make_delivery(library, activity_id, pipeline_id="p-all", destination="disk", **changes):
    """Plan a delivery, and return it as it is stored."""
    values = {
        "entry": "folder",
        "connection_id": None,
        "action": DeliveryAction.CREATE,
        "intent": {"hashes": {"title": "a"}},
    }
    planned = Planned(destination, **(values | changes))
    external_id = f"{activity_id}-{destination}"
    delivery_id = plan(library.db, pipeline_id, "me", activity_id, planned, NOW, external_id)
    return delivery_by_id(library.db, delivery_id)


def sent(library, delivery):
    """Store that a delivery arrived, and return it as it is stored."""
    begin_sending(library.db, delivery, {}, NOW)
    sending = delivery_by_id(library.db, delivery.id)
    change_state(library.db, sending, DeliveryState.SENT, "arrived", NOW, {"sent_at": NOW})
    return delivery_by_id(library.db, delivery.id)


@pytest.fixture
def piped(library):
    """Return a library whose athlete has a pipeline."""
    make_pipeline(library)
    return library


# -- pipelines -------------------------------------------------------------------------------------


def test_a_pipeline_is_read_with_its_newest_document(piped):
    """Each version stays; the newest one counts."""
    [row] = list_pipelines(piped.db, "me")
    assert add_version(piped.db, row, "all", '{"name":"all","x":1}', LATER) == 2
    [row] = list_pipelines(piped.db, "me")
    assert (row.version, row.document) == (2, '{"name":"all","x":1}')
    assert [version.version for version in versions_of(piped.db, row.id)] == [2, 1]


def test_a_pipeline_begins_with_the_next_change(piped):
    """What happened before it was made is history, and is never sent unasked."""
    piped.activity()
    make_pipeline(piped, "second")
    first, second = list_pipelines(piped.db, "me")
    assert (first.after_change, second.after_change) == (0, 1)


def test_a_deleted_pipeline_leaves_its_name_and_what_it_sent(piped):
    """Another one may have its name; what it sent stays, what it planned does not."""
    first, second = piped.activity(), piped.activity()
    arrived = sent(piped, make_delivery(piped, first))
    make_delivery(piped, second)
    offer(piped.db, "me", "p-all", [second], NOW)
    delete_pipeline(piped.db, "p-all", LATER)
    assert pipeline_of(piped.db, "p-all") is None
    assert names_of_pipelines(piped.db, ["p-all"]) == {"p-all": "all"}
    assert [row.id for row in list_deliveries(piped.db, "me")] == [arrived.id]
    assert waiting_offers(piped.db, "p-all") == []
    make_pipeline(piped, id="p-new")
    assert [row.id for row in list_pipelines(piped.db, "me")] == ["p-new"]


# -- offers ----------------------------------------------------------------------------------------


def test_an_activity_waits_until_its_copies_had_time(piped):
    """An offer is due at its moment, and a further change does not move the moment."""
    activity = piped.activity()
    offer(piped.db, "me", "p-all", [activity], NOW, due_at=LATER)
    offer(piped.db, "me", "p-all", [activity], NOW, due_at="2026-06-15T14:00:00.000Z")
    assert waiting_offers(piped.db, "p-all", NOW) == []
    assert [found.activity_id for found in waiting_offers(piped.db, "p-all", LATER)] == [activity]


def test_a_request_of_the_athlete_does_not_wait(piped):
    """A replay of an activity that waits is due at once."""
    activity = piped.activity()
    offer(piped.db, "me", "p-all", [activity], NOW, due_at=LATER)
    offer(piped.db, "me", "p-all", [activity], NOW, asked_by=OfferedBy.REPLAY, again=True)
    [found] = waiting_offers(piped.db, "p-all", NOW)
    assert (found.asked_by, found.again) == ("replay", True)


def test_a_decision_is_stored_with_its_steps(piped):
    """A decided offer waits no more, and says what each step said."""
    activity = piped.activity()
    offer(piped.db, "me", "p-all", [activity], NOW)
    [found] = waiting_offers(piped.db, "p-all")
    steps = [{"step": "filter", "outcome": "taken", "what": "it is a ride"}]
    assert decide(piped.db, found, 1, steps, LATER)
    [decided] = offers_of_activity(piped.db, activity)
    assert (decided.state, decided.version, decided.steps) == ("done", 1, steps)
    assert count_waiting(piped.db, "p-all") == 0


def test_a_decision_about_an_offer_that_was_renewed_is_not_stored(piped):
    """An activity that was offered again in the meantime still waits."""
    activity = piped.activity()
    offer(piped.db, "me", "p-all", [activity], NOW)
    [found] = waiting_offers(piped.db, "p-all")
    offer(piped.db, "me", "p-all", [activity], LATER, asked_by=OfferedBy.REPLAY)
    assert not decide(piped.db, found, 1, [], LATER)
    assert count_waiting(piped.db, "p-all") == 1


@pytest.mark.parametrize("asked_by", [OfferedBy.CHANGE, OfferedBy.HISTORY])
def test_a_survivor_takes_over_what_the_athlete_asked_for(piped, asked_by):
    """Of an activity that was merged into history, only an offer that was asked for is kept."""
    survivor, activity = piped.activity(), piped.activity()
    offer(piped.db, "me", "p-all", [activity], NOW, asked_by=asked_by)
    kept = withdraw(piped.db, "p-all", activity, survivor)
    assert [found.asked_by for found in kept] == [asked_by] * (asked_by == OfferedBy.HISTORY)
    assert offers_of_activity(piped.db, activity) == []


def test_a_survivor_that_the_pipeline_knows_takes_over_every_offer(piped):
    """What was offered or sent before stays the concern of the pipeline."""
    survivor, activity = piped.activity(), piped.activity()
    offer(piped.db, "me", "p-all", [survivor, activity], NOW)
    assert len(withdraw(piped.db, "p-all", activity, survivor)) == 1


# -- deliveries ------------------------------------------------------------------------------------


def test_there_is_one_delivery_for_an_activity_and_a_destination(piped):
    """A second plan changes the delivery, and keeps its external id."""
    activity = piped.activity()
    first = make_delivery(piped, activity)
    second = make_delivery(piped, activity, intent={"hashes": {"title": "b"}})
    assert (second.id, second.external_id) == (first.id, first.external_id)
    assert second.intent == {"hashes": {"title": "b"}, "asked_at": NOW, "origins": []}


def test_a_delivery_is_sent_by_only_one_of_two(piped):
    """The second one that begins to send what both have read is refused."""
    delivery = make_delivery(piped, piped.activity())
    assert begin_sending(piped.db, delivery, {}, NOW)
    assert not begin_sending(piped.db, delivery, {}, NOW)
    assert delivery_by_id(piped.db, delivery.id).tries == 1


@pytest.mark.parametrize("state", [PipelineState.PAUSED, PipelineState.DELETED])
def test_nothing_is_sent_after_a_pause(piped, state):
    """The transaction that begins to send looks at the pipeline."""
    delivery = make_delivery(piped, piped.activity())
    set_pipeline_state(piped.db, "p-all", state, NOW)
    assert not begin_sending(piped.db, delivery, {}, NOW)
    assert due_deliveries(piped.db, "me", LATER) == []


def test_each_change_of_a_state_is_in_the_log(piped):
    """The log says what happened to a delivery, in order."""
    delivery = sent(piped, make_delivery(piped, piped.activity()))
    lines = [(line.state, line.what) for line in log_of(piped.db, [delivery.id])]
    assert lines == [("planned", "to create"), ("sending", "try 1"), ("sent", "arrived")]


def test_what_was_interrupted_is_due_first(piped):
    """A delivery that may have arrived comes before those that certainly have not."""
    first, second, third = (make_delivery(piped, piped.activity()) for _ in range(3))
    begin_sending(piped.db, third, {}, NOW)
    change_state(piped.db, second, DeliveryState.PLANNED, "no network", NOW, {"next_try_at": LATER})
    assert [row.id for row in due_deliveries(piped.db, "me", NOW)] == [third.id, first.id]
    assert [row.id for row in due_deliveries(piped.db, "me", LATER)] == [
        third.id,
        first.id,
        second.id,
    ]


def test_a_parked_delivery_is_not_due(piped):
    """What only the athlete can decide is not tried again."""
    delivery = make_delivery(piped, piped.activity())
    change_state(piped.db, delivery, DeliveryState.UNCERTAIN, "cut off", NOW)
    assert delivery_by_id(piped.db, delivery.id).is_parked
    assert due_deliveries(piped.db, "me", LATER) == []
    assert counts_by_state(piped.db, "p-all") == {"disk": {"uncertain": 1}}


# -- merges and splits -----------------------------------------------------------------------------


def test_a_delivery_follows_the_survivor_of_a_merge(piped):
    """What was sent for an activity that was merged away belongs to the survivor."""
    first, second = piped.activity(), piped.activity()
    moved = sent(piped, make_delivery(piped, second))
    assert follow_merge(piped.db, "p-all", second, first, LATER) == []
    assert delivery_of(piped.db, "p-all", "disk", first).id == moved.id


def test_two_copies_that_were_sent_are_reported(piped):
    """If both were sent, the survivor's counts, and the other one is returned."""
    first, second = piped.activity(), piped.activity()
    kept = sent(piped, make_delivery(piped, first))
    other = sent(piped, make_delivery(piped, second))
    assert [row.id for row in follow_merge(piped.db, "p-all", second, first, LATER)] == [other.id]
    assert delivery_of(piped.db, "p-all", "disk", first).id == kept.id
    assert len(deliveries_of_activity(piped.db, first)) == 2


def test_what_was_only_planned_is_dropped_in_a_merge(piped):
    """Of two that were planned, one is left; of one planned and one sent, the one that was sent."""
    first, second, third = (piped.activity() for _ in range(3))
    make_delivery(piped, first)
    make_delivery(piped, second)
    follow_merge(piped.db, "p-all", second, first, LATER)
    assert len(list_deliveries(piped.db, "me")) == 1
    arrived = sent(piped, make_delivery(piped, third))
    follow_merge(piped.db, "p-all", third, first, LATER)
    assert [row.id for row in list_deliveries(piped.db, "me")] == [arrived.id]


def test_a_split_gives_a_delivery_back(piped):
    """An activity that is one again has what was sent for it."""
    first, second = piped.activity(), piped.activity()
    sent(piped, make_delivery(piped, first))
    other = sent(piped, make_delivery(piped, second))
    follow_merge(piped.db, "p-all", second, first, LATER)
    return_after_split(piped.db, "p-all", second)
    assert delivery_of(piped.db, "p-all", "disk", second).id == other.id


@pytest.mark.parametrize(
    ("kind", "search"),
    [
        ("offers", lambda db: waiting_offers(db, "p-all")),
        ("deliveries", lambda db: due_deliveries(db, "me", NOW)),
        ("deliveries", lambda db: planned_at(db, "p-all")),
    ],
)
def test_what_is_done_is_not_read_to_find_what_waits(piped, kind, search):
    """The database finds it with the index of the states, however much was sent before."""
    if piped.db.dialect.name != "sqlite":
        pytest.skip("the plan of PostgreSQL depends on the number of rows")
    statements = []

    def remember(_db, _cursor, statement, parameters, *_):
        if statement.startswith("SELECT"):
            statements.append((statement, parameters))

    sa.event.listen(piped.db, "before_cursor_execute", remember)
    search(piped.db)
    sa.event.remove(piped.db, "before_cursor_execute", remember)
    [(statement, parameters)] = statements
    plan = piped.db.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    assert any(f"fg_{kind}_by_state (athlete_id=? AND state=?" in row[3] for row in plan)
