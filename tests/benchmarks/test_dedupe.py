"""Tests that the weights of the matcher are learned and scored as ``docs/dedupe.md`` describes; how
good the matcher is, is not tested here.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import dedupe  # noqa: E402 - the folder of the benchmarks is no package
import dedupe_page  # noqa: E402
from labels import Labels  # noqa: E402
from learn import TARGET, table_text  # noqa: E402
from learning import LEVELS, shares  # noqa: E402

from fitglue_registry.dedupe import learned_weights  # noqa: E402
from fitglue_registry.dedupe.sentences import level_sentence  # noqa: E402
from fitglue_registry.dedupe.weights import matching_rules  # noqa: E402

RECORD = {
    "person": "p1",
    "start_local": "2026-05-01T07:30:00",
    "elapsed_s": 3600,
    "moving_s": 3500,
    "distance_m": 10_000,
    "type": "Run",
}
OTHER = {
    "source": "garmin",
    "start_local": "2026-05-01T18:42:10",
    "distance_m": 4000,
    "elapsed_s": 1500,
    "moving_s": 1450,
}


@pytest.fixture
def labels(tmp_path):
    """Return the labels of two people, each with a copy of a workout and another workout on the
    same day.
    """
    records, pairs = [], []
    for person in ("p1", "p2"):
        for name, changes in (
            ("a", {"source": "garmin"}),
            ("b", {"source": "strava"}),
            ("c", OTHER),
        ):
            records.append({**RECORD, "id": f"{person}{name}", **changes, "person": person})
        pairs += [
            {"a_id": f"{person}a", "b_id": f"{person}b", "same": True, "kind": "copy"},
            {"a_id": f"{person}a", "b_id": f"{person}c", "same": False, "kind": "same_day_other"},
            {"a_id": f"{person}b", "b_id": f"{person}c", "same": None, "kind": "contained"},
        ]
    for name, rows in (("records", records), ("pairs", pairs)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Labels(tmp_path, matching_rules()["cuts"])


def test_a_level_seen_more_often_among_same_pairs_speaks_for_one_workout(labels):
    """A level that is more frequent among same pairs has a positive weight, and a level that was
    never seen has a weight as well.
    """
    bits = {
        line: {level: row["bits"] for level, row in levels.items()}
        for line, levels in labels.learned(matching_rules())["weights"].items()
    }
    assert bits["size"]["identical"] > 0 > bits["size"]["a fragment"]
    assert {line: tuple(levels) for line, levels in bits.items()} == LEVELS


def test_a_person_is_left_out_of_what_they_are_scored_with(labels):
    """The weights with which a person's pairs are scored are learned without that person's
    pairs.
    """
    seen = labels.learned(matching_rules(), without="p1")["weights"]["sport"]["same"]["seen"]
    assert (seen, labels.learned(matching_rules())["weights"]["sport"]["same"]["seen"]) == (
        [1, 1],
        [2, 2],
    )


def test_no_single_person_dominates_a_share():
    """A hundred pairs of one person count ten times as much as one pair of another person, not a
    hundred times.
    """
    counts = {"sport": {"p1": Counter(same=100), "p2": Counter(other=1)}}
    assert shares("sport", counts)["other"] == pytest.approx(9 / 90, rel=0.02)


def test_every_person_pair_and_kind_is_scored(labels):
    """Both copies are found, nothing else is joined, and a pair that nobody can label is not
    counted.
    """
    found = dedupe.figures(dedupe.score(labels, matching_rules()))
    assert found["whole"]["counts"] == {"different said different": 2, "same said same": 2}
    assert sorted(found["people"]) == ["p1", "p2"]
    assert "contained" not in found["kinds"]


def test_calibration_has_predicted_and_observed_shares():
    """The calibration has the predicted probability and the observed share of each band, without
    empty bands.
    """
    assert dedupe.calibration([(0.95, True), (0.93, False), (0.001, False)]) == [
        {"from": 0.001, "to": 0.02, "pairs": 1, "given": 0.001, "same": 0.0},
        {"from": 0.9, "to": 0.98, "pairs": 2, "given": pytest.approx(0.94), "same": 0.5},
    ]


def test_the_page_is_up_to_date(tmp_path):
    """``docs/dedupe.md`` and its plot are what ``benchmarks/dedupe.py`` writes from the stored
    results and the weights.
    """
    dedupe_page.write(json.loads(dedupe.RESULTS.read_text()), tmp_path)
    for name in ("dedupe.md", "dedupe-calibration.svg"):
        assert (tmp_path / name).read_text("utf-8") == (ROOT / "docs" / name).read_text("utf-8")


def test_the_weights_that_ship_cover_every_level():
    """Each level of each comparison has a weight, because a level without one would stop the first
    sync that meets it.
    """
    assert {line: set(levels) for line, levels in learned_weights().bits.items()} == {
        line: set(levels) for line, levels in LEVELS.items()
    }


@pytest.mark.shared
@pytest.mark.long
def test_the_weights_that_ship_are_those_that_the_labels_teach(shared):
    """The weights that ship are exactly those that ``benchmarks/learn.py`` learns from the
    labels.
    """
    labels = Labels(shared / "data/dedupe", matching_rules()["cuts"])
    scored = [pair for pair in labels.pairs if pair.same is not None]
    assert TARGET.read_text("utf-8") == table_text(
        labels.learned(matching_rules()), len(scored), len({labels.person(pair) for pair in scored})
    )


def test_every_level_has_a_sentence_for_people():
    """Each level of each comparison has a sentence, which ``why`` and ``duplicates`` print."""
    assert all(
        level_sentence(line, level) != f"{line}: {level}"
        for line, levels in LEVELS.items()
        for level in levels
    )
    assert level_sentence("weather", "fine") == "weather: fine"
