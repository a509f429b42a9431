"""``fitglue duplicates``: which pairs are shown, how they are decided, and what each decision
prints.
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import suppress
from itertools import cycle

import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry import Host, Policy
from fitglue_registry.store.opinions import PairOpinion, put_opinions
from tests.cli.conftest import TITLE
from tests.cli.test_starts import TCX
from tests.sync.test_crops import archive

REASON = (
    '{"probability": 0.71, "lines": [["start", "3 h apart", -2.5], ["distance", "the same", 4.0]]}'
)


def rows(name: str, /, **first):
    """Two runs of an account: one at its own time, and one that both accounts have from Strava."""
    plain = {
        "type": "Run",
        "elapsed_time": 1800,
        "moving_time": 1700,
        "distance": 5000.0,
        "start_date": "2026-05-10T06:00:00Z",
        "start_date_local": "2026-05-10T08:00:00",
    }
    both = {
        "start_date": "2026-05-12T06:00:00Z",
        "start_date_local": "2026-05-12T08:00:00",
        "strava_id": "77",
    }
    return [
        {**plain, "id": f"{name}1", "name": f"{name} one", **first},
        {**plain, "id": f"{name}2", "name": f"{name} two", **both},
    ]


@pytest.fixture
def doubles(tmp_path):
    """A home with two accounts, an undecided pair and an activity that was merged, by their first
    ids.
    """
    later = {
        "elapsed_time": 3300,
        "moving_time": 3200,
        "distance": 8000.0,
        "start_date": "2026-05-10T09:00:00Z",
        "start_date_local": "2026-05-10T11:00:00",
    }
    with (
        StandIn(Account.from_rows(rows("a", name=TITLE), athlete_id="i1")) as first,
        StandIn(Account.from_rows(rows("b", **later), athlete_id="i2")) as second,
        Host(tmp_path / "home", policy=Policy.personal()) as host,
    ):
        for server in (first, second):
            host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
        list(host.sync())
        asked = [host.activities.get(name).members[0].id for name in ("a1", "b1")]
        with host.workspace.database.write() as db:
            opinion = PairOpinion(*asked, "an expert", "ask", REASON)
            put_opinions(db, [opinion], "2026-06-15T12:00:00.000Z")


def test_a_pair_is_shown_side_by_side_with_its_evidence(doubles, fitglue):
    """A pair is shown with sources, values, evidence and probability, and a title cannot steer the
    terminal.
    """
    result = fitglue("duplicates")
    assert result.code == 0
    assert all(
        text in result.out
        for text in (
            "intervals/a1",
            "intervals-2/b1",
            "5.00",
            "71% likely",
            "3 h apart",
            "\\x1b[31mred",
        )
    )
    assert "fitglue duplicates merge A B" in result.err


def test_the_pairs_as_documents(doubles, fitglue):
    """With --json each undecided pair is one line."""
    [pair] = fitglue("duplicates", "--json").lines
    assert [side["sources"] for side in pair["sides"]] in (
        [["intervals/a1"], ["intervals-2/b1"]],
        [["intervals-2/b1"], ["intervals/a1"]],
    )
    assert pair["asked"][0]["evidence"] == ["start: 3 h apart (-2.5)", "distance: the same (+4.0)"]


@pytest.mark.usefixtures("doubles")
def test_a_day_with_too_many_workouts_is_named(fitglue, monkeypatch):
    """A day whose workouts are too many to compare is named, also if no pair is undecided."""
    monkeypatch.setattr("fitglue_registry.matching.crowds.MOST_ON_ONE_DAY", 1)
    shown = fitglue("duplicates").err
    assert "2 records start on 2026-05-10; they are too many or too large to compare" in shown
    assert "2 records start on 2026-05-12; they are too many or too large to compare" in shown


def test_merge_different_split_undo_and_history(doubles, fitglue):
    """Each decision prints its result, and the next command shows it."""
    assert "one activity" in fitglue("duplicates", "merge", "a1", "b1").out
    assert len(fitglue("activities", "--json").lines) == 2
    assert fitglue("duplicates", "--json").lines == []
    assert "the same workout" in fitglue("duplicates", "undo").out
    assert len(fitglue("duplicates", "different", "a1", "b1", "--json").document) == 2
    assert len(fitglue("duplicates", "split", "a2").out.splitlines()) == 2
    assert len(fitglue("activities", "--json").lines) == 4
    decisions = fitglue("duplicates", "history", "--json").lines
    assert [(item["said"], item["undone_at"] is None) for item in decisions] == [
        ("different", True),
        ("different", True),
        ("same", False),
    ]
    assert "undone" in fitglue("duplicates", "history").out
    undone = fitglue("duplicates", "undo", str(decisions[0]["verdict"]), "--json").document
    assert [item["sources"] for item in undone["activities"]] == [
        ["intervals/a2", "intervals-2/b2"]
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("merge", "a1"),
        ("split", "a1"),
        ("undo",),
        ("merge", "a1", "nothing"),
        ("different", "a2", "b2"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(doubles, fitglue, arguments):
    """A decision that is impossible is refused with a code and a reason or a fix, and changes
    nothing.
    """
    result = fitglue("duplicates", *arguments, "--json")
    assert (result.code, bool(result.error["fix"])) == (2, True)
    assert fitglue("duplicates", "history", "--json").lines == []


def test_nothing_to_decide_says_so(synced, fitglue):
    """Without undecided pairs, the command says how to see what was merged."""
    result = fitglue("duplicates")
    assert (result.code, result.out) == (0, "")
    assert "fitglue why" in result.err


def press(keys):
    """Press these keys until the command reads them, since it drops earlier input; return its exit
    code.
    """
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "fitglue_registry", "duplicates"]
    with subprocess.Popen(
        command, stdin=terminal, stdout=terminal, stderr=terminal, env=os.environ
    ) as process:
        for key in cycle(keys):
            if process.poll() is not None:
                break
            os.write(controller, bytes([key]))
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.3)
    os.close(terminal)
    os.close(controller)
    return process.returncode


@pytest.mark.parametrize(
    ("keys", "activities", "left"),
    [
        (b"s", 2, 0),
        pytest.param(b"d", 3, 0, marks=pytest.mark.long),
        (b"xk", 3, 1),
        pytest.param(b"q", 3, 1, marks=pytest.mark.long),
    ],
)
def test_a_key_decides_on_a_terminal(doubles, fitglue, keys, activities, left):
    """On a terminal s means same, d different, k skip and q quit; other keys are ignored."""
    assert press(keys) == 0
    assert len(fitglue("activities", "--json").lines) == activities
    assert len(fitglue("duplicates", "--json").lines) == left


def test_a_crop_is_named_beside_the_evidence(tmp_path, fitglue):
    """Whole recordings are compared, so a start that a crop moved is explained; a start in UTC is
    written as everywhere else.
    """
    (tmp_path / "run.tcx").write_text(TCX)
    for path in (archive(tmp_path / "s.zip", 150, 300, 990.0), tmp_path / "run.tcx"):
        assert fitglue("import", str(path)).code == 0
    with Host(tmp_path / "home", policy=Policy.personal()) as host:
        asked = [host.activities.get(number).members[0].id for number in ("1", "2")]
        with host.workspace.database.write() as db:
            opinion = PairOpinion(*asked, "an expert", "ask", REASON)
            put_opinions(db, [opinion], "2026-06-15T12:00:00.000Z")
    output = fitglue("duplicates").out
    assert "1 was cropped at its service; the whole recordings are compared" in output
    assert "2 was cropped" not in output
    assert "2024-06-01 22:30:00 UTC" in output
    assert "+00:00" not in output
