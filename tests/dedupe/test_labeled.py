"""Records of the labeled form go through the same matcher as a sync."""

from __future__ import annotations

import json

import pytest

from fitglue_registry.dedupe.labeled import predict, read_records, write_predictions
from fitglue_registry.errors import UserMistake

ROW = {
    "id": "a",
    "person": "p1",
    "source": "garmin",
    "external_id": "garmin:1",
    "start_utc": "2026-05-01T05:30:00Z",
    "start_local": "2026-05-01T07:30:00",
    "utc_offset_s": 7200,
    "elapsed_s": 3600,
    "moving_s": 3500.5,
    "distance_m": 10_000.0,
    "type": "running",
    "avg_hr": 150,
    "max_hr": None,
    "name": None,
    "device": "watch",
    "polyline": None,
}


@pytest.fixture
def records(tmp_path):
    """Write rows that differ from a run in what the test states, and read them as records."""

    def read(*changes):
        path = tmp_path / "records.jsonl"
        path.write_text("".join(json.dumps(ROW | change) + "\n" for change in changes), "utf-8")
        return read_records(path)

    return read


def test_copies_of_one_person_are_named_with_their_probability(records):
    """Two copies of one person are predicted with their probability, and records of two people
    never are.
    """
    predicted = predict(
        records(
            {}, {"id": "b", "source": "strava"}, {"id": "c", "source": "strava", "person": "p2"}
        )
    )
    assert [(pair.a_id, pair.b_id, pair.verdict) for pair in predicted] == [("a", "b", "same")]
    assert 0.9 < predicted[0].probability <= 1


def test_words_of_two_services_for_one_sport_are_one_family(records):
    """`running/treadmill` and `Run` are one sport family, and an unknown type has no family."""
    from fitglue_registry.dedupe.labeled import candidates_by_person

    [candidates] = candidates_by_person(
        records({}, {"type": "Run"}, {"type": "running/treadmill"}, {"type": "??"}, {"type": None})
    ).values()
    assert [candidate.traits.family for candidate in candidates] == [
        "running",
        "running",
        "running",
        None,
        None,
    ]


def test_predictions_are_written_as_csv(records, tmp_path):
    """Predictions are written as CSV with the header that a scorer reads."""
    write_predictions(tmp_path / "out.csv", predict(records({}, {"id": "b", "source": "strava"})))
    assert (tmp_path / "out.csv").read_text().splitlines()[0] == "a_id,b_id,verdict,probability"
    assert (tmp_path / "out.csv").read_text().splitlines()[1].startswith("a,b,same,")


def test_a_byte_order_mark_is_not_part_of_a_record(tmp_path):
    """A byte order mark, with which some editors begin a file, is not part of the first record."""
    path = tmp_path / "records.jsonl"
    path.write_text(json.dumps(ROW), "utf-8-sig")
    assert [record.id for record in read_records(path)] == ["a"]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"person": "p1"}',
        '{"id": "a", "distance_m": "far"}',
        '{"id": "a", "start_utc": "yesterday"}',
    ],
)
def test_a_line_that_is_not_a_record_is_reported(tmp_path, line):
    """A line that is not a record is reported with its number."""
    path = tmp_path / "records.jsonl"
    path.write_text(json.dumps(ROW) + "\n\n" + line + "\n", "utf-8")
    with pytest.raises(UserMistake) as caught:
        read_records(path)
    assert (caught.value.code, caught.value.at.line) == ("FG-not-a-record", 3)


def test_a_truncated_polyline_is_reported(records):
    """A truncated polyline is reported with the id of its record when the samples are read."""
    [record] = records({"polyline": "_p~iF~ps|U_ulLnnqC_mqNvxq`"})
    with pytest.raises(UserMistake, match="polyline of a"):
        record.read_samples()


@pytest.mark.shared
def test_the_labeled_people_are_matched_without_a_wrong_merge(shared):
    """The labeled pairs are matched without a wrong merge. The weights were learned from them, so
    this guards against mistakes and measures nothing; benchmarks/dedupe.py measures.
    """
    folder = shared / "data/dedupe"
    verdicts = {
        frozenset((pair.a_id, pair.b_id)): pair.verdict
        for pair in predict(read_records(folder / "records.jsonl"))
    }
    pairs = [json.loads(line) for line in (folder / "pairs.jsonl").read_text().splitlines()]
    wrong = [
        pair
        for pair in pairs
        if pair["same"] is False and verdicts.get(frozenset((pair["a_id"], pair["b_id"]))) == "same"
    ]
    correct = [
        pair
        for pair in pairs
        if pair["same"] and verdicts.get(frozenset((pair["a_id"], pair["b_id"]))) == "same"
    ]
    assert wrong == []
    assert len(correct) / sum(1 for pair in pairs if pair["same"]) > 0.99


def test_a_line_that_is_too_long_is_refused_with_its_number(tmp_path):
    """A line that is longer than any record is refused before it is read to its end."""
    path = tmp_path / "records.jsonl"
    path.write_bytes(b'{"id": "a"}\n' + b" " * 1_000_001 + b"\n")
    with pytest.raises(UserMistake) as caught:
        read_records(path)
    assert caught.value.code == "FG-file-too-large"
    assert caught.value.at.line == 2


def test_more_records_than_are_matched_at_once_are_refused(tmp_path, monkeypatch):
    """A file with too many records is refused, and blank lines do not count."""
    monkeypatch.setattr("fitglue_registry.dedupe.labeled._MOST_RECORDS", 2)
    path = tmp_path / "records.jsonl"
    path.write_bytes(b'{"id": "a"}\n\n\n{"id": "b"}\n\n')
    assert len(read_records(path)) == 2
    path.write_bytes(path.read_bytes() + b'{"id": "c"}\n')
    with pytest.raises(UserMistake) as caught:
        read_records(path)
    assert caught.value.code == "FG-file-too-large"
