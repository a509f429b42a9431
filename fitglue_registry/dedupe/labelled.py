"""Records of the labelled form (`fitglue dev match`, `benchmarks/dedupe.py`), one JSON object a
line, as cards for the matcher.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from fitglue_registry.dedupe.cluster import Card
from fitglue_registry.dedupe.linkage import match, predictions
from fitglue_registry.dedupe.traits import Samples, Traits
from fitglue_registry.dedupe.weights import learned_weights
from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.model.sports import canonical_sport, family

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from fitglue_registry.dedupe.weights import Weights


class LabelledRecord(msgspec.Struct, frozen=True):
    """One record: what a source claims of one workout of one person; ``None`` is absent."""

    id: str
    person: str = "me"
    source: str = ""
    start_utc: datetime | None = None
    start_local: datetime | None = None
    elapsed_s: float | None = None
    moving_s: float | None = None
    distance_m: float | None = None
    type: str | None = None
    avg_hr: float | None = None
    max_hr: float | None = None
    avg_watts: float | None = None
    calories: float | None = None
    elevation_gain_m: float | None = None
    polyline: str | None = None

    @property
    def track(self) -> Samples | None:
        """The points of the polyline (Google's encoding, five digits)."""
        import polyline

        try:
            return Samples(track=polyline.decode(self.polyline)) if self.polyline else None
        except (IndexError, ValueError) as error:
            raise UserMistake(
                "FG-not-a-record",
                f"the polyline of {self.id} cannot be read",
                why=str(error),
                fix="give it in Google's encoding with five digits, or leave it out",
            ) from error


def read_records(path: Path) -> list[LabelledRecord]:
    """The records of a file; raises ``UserMistake`` with the line that is none."""
    found: list[LabelledRecord] = []
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
                if text.strip():
                    found.append(_record(text, path, number))
    except OSError as error:
        raise UserMistake(
            "FG-file-unreadable",
            f"{path} cannot be read: {error.strerror}",
            fix="name a file of records, one JSON object a line",
        ) from error
    return found


def _record(line: bytes, path: Path, number: int) -> LabelledRecord:
    try:
        return msgspec.json.decode(line, type=LabelledRecord, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserMistake(
            "FG-not-a-record",
            f"this line is no record: {error}",
            at=Place(str(path), number),
            fix="give one JSON object a line: id, person, source, start_utc or start_local, …",
        ) from error


def cards_by_person(records: Iterable[LabelledRecord]) -> dict[str, list[Card]]:
    """The cards of each person: nothing is ever compared across people."""
    found: dict[str, list[Card]] = {}
    for number, record in enumerate(records):
        cards = found.setdefault(record.person, [])
        cards.append(
            Card(
                number,
                (record.source, record.id, 0),
                frozenset(),
                _traits(record),
                partial(getattr, record, "track"),
            )
        )
    return found


class Predicted(msgspec.Struct, frozen=True):
    """A pair of records that is held for one workout, or that a person would be asked about."""

    a_id: str
    b_id: str
    verdict: str
    probability: float


def predict(records: Sequence[LabelledRecord], weights: Weights | None = None) -> list[Predicted]:
    """Every pair of records that is *same* or *ask*, person by person; without ``weights`` by those
    that ship.
    """
    chosen = weights or learned_weights()
    return [
        Predicted(
            records[one.first].id, records[one.second].id, one.said, round(one.probability, 6)
        )
        for cards in cards_by_person(records).values()
        for one in predictions(match(cards, chosen))
    ]


def write_predictions(path: Path, predicted: Iterable[Predicted]) -> None:
    """Write them as CSV with a header; raises ``UserMistake`` where the file cannot be written."""
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(Predicted.__struct_fields__)
            rows.writerows(msgspec.structs.astuple(one) for one in predicted)
    except OSError as error:
        raise UserMistake(
            "FG-file-unwritable",
            f"{path} cannot be written: {error.strerror}",
            fix="name a file in a folder that is there and yours to write",
        ) from error


def _traits(record: LabelledRecord) -> Traits:
    return Traits(
        record.source,
        _clock(record.start_utc),
        _clock(record.start_local),
        1.0,
        record.elapsed_s or None,
        record.moving_s or None,
        record.distance_m or None,
        _family(record.type),
        record.avg_hr or None,
        record.max_hr or None,
        record.avg_watts or None,
        record.calories or None,
        record.elevation_gain_m,
        stub=record.distance_m is None
        and record.moving_s is None
        and record.elapsed_s is None
        and record.type is None,
    )


def _clock(moment: datetime | None) -> float | None:
    return (
        None
        if moment is None
        else (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    )


def _family(words: str | None) -> str | None:
    """The family of a type such as ``running/treadmill``: the first of its words, from the
    narrowest, that is known.
    """
    known = (canonical_sport(word) for word in reversed((words or "").split("/")))
    return next((family(sport) for sport in known if sport != "Other"), None)
