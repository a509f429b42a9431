"""The views of pipelines and of what they send, on SQLite and PostgreSQL."""

from __future__ import annotations

import pytest

from fitglue_registry.model.stored import DeliveryAction, DeliveryState, PipelineState
from fitglue_registry.store.deliveries import Planned, change_state, delivery_by_id, plan
from fitglue_registry.store.json_text import json_text
from fitglue_registry.store.pipelines import PipelineRow, add_pipeline, delete_pipeline
from fitglue_registry.store.sql import run_sql
from tests.library import reading

NOW = "2026-11-21T12:00:00.000Z"
SECRET = "a-secret-of-a-webhook"
RECEIPT = {"remote_id": "i7", "url": "https://example.org/i7", "data": {"token": SECRET}}


@pytest.fixture
def ask(database):
    """Return a function that runs a query on the views."""

    def run(question):
        answer = run_sql(database, question, **reading(database))
        return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]

    return run


@pytest.fixture
def delivered(database, library_of):
    """Store a pipeline that has sent one workout."""
    document = json_text({"schema": 1, "name": "all", "destinations": [{"url": SECRET}]})
    row = PipelineRow("p", "me", "all", PipelineState.ACTIVE, 1, 0, document, NOW, NOW)
    planned = Planned(
        "icu", "intervals", None, DeliveryAction.CREATE, {"hashes": {"title": SECRET}}
    )
    with database.write() as db:
        library = library_of(db)
        add_pipeline(db, row)
        number = plan(db, "p", "me", library.activity(), planned, NOW, "x1")
        known = delivery_by_id(db, number)
        values = {"receipt": json_text(RECEIPT), "sent_at": NOW}
        change_state(db, known, DeliveryState.SENT, "it arrived", NOW, values)
    return number


@pytest.mark.usefixtures("delivered")
def test_a_delivery_says_where_the_workout_is(ask):
    """A delivery has its pipeline, the number of its workout, its state and its address."""
    [row] = ask("SELECT number, pipeline, destination, state, remote_id, url FROM deliveries")
    assert row == {
        "number": 1,
        "pipeline": "all",
        "destination": "icu",
        "state": "sent",
        "remote_id": "i7",
        "url": "https://example.org/i7",
    }


def test_the_log_of_a_delivery_can_be_read(ask, delivered):
    """The log has one row for each change of the state, in order."""
    rows = ask("SELECT delivery_id, athlete_id, state FROM delivery_log ORDER BY id")
    assert [row["state"] for row in rows] == ["planned", "sent"]
    assert {(row["delivery_id"], row["athlete_id"]) for row in rows} == {(delivered, "me")}


def test_what_a_deleted_pipeline_sent_stays_in_the_views(ask, database, delivered):
    """A pipeline that was deleted has no name, and its deliveries are still there."""
    with database.write() as db:
        delete_pipeline(db, "p", NOW)
    [pipeline] = ask("SELECT name, state, waiting FROM pipelines")
    assert pipeline == {"name": None, "state": "deleted", "waiting": 0}
    [delivery] = ask("SELECT id, pipeline_id, pipeline FROM deliveries")
    assert delivery == {"id": delivered, "pipeline_id": "p", "pipeline": None}


@pytest.mark.usefixtures("delivered")
@pytest.mark.parametrize("view", ["pipelines", "deliveries", "delivery_log"])
def test_no_view_has_a_secret(ask, view):
    """No view has settings of a pipeline, what is sent, or what a plugin keeps for itself."""
    rows = ask(f"SELECT * FROM {view}")
    assert rows
    assert SECRET not in str(rows)
