"""Reads records of the labeled form, one JSON object per line, as candidates for the matcher.

``fitglue dev match`` and ``benchmarks/dedupe.py`` use it.
"""

from __future__ import annotations

import codecs
import csv
from datetime import datetime
from io import TextIOWrapper
from typing import IO, TYPE_CHECKING

import msgspec
import polyline

from fitglue_registry.dedupe.candidate import Candidate
from fitglue_registry.dedupe.linkage import match, predictions
from fitglue_registry.dedupe.traits import Samples, Traits, clock_s
from fitglue_registry.dedupe.weights import learned_weights
from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.input_files import open_file
from fitglue_registry.model.sports import canonical_sport, family
from fitglue_registry.model.stored import Verdict
from fitglue_registry.output_files import output_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from fitglue_registry.dedupe.weights import Weights


#: Bytes. A polyline of a point per second takes a few kB for an hour.
_LONGEST_LINE = 1_000_000
#: A record takes about 1 kB of memory.
_MOST_RECORDS = 500_000


class LabeledRecord(msgspec.Struct, frozen=True):
    """One record: the values that a source has of one workout of one person.

    ``None`` means absent. Units are in the names, and heart rates are in beats per minute.
    """

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

    def read_samples(self) -> Samples | None:
        """Return the points of the polyline, or ``None`` if the record has none.

        Raises:
            UserMistake: FG-not-a-record if the polyline is not in Google's encoding with five
                digits.
        """
        if not self.polyline:
            return None
        try:
            return Samples(track=polyline.decode(self.polyline))
        except (IndexError, ValueError) as error:
            raise UserMistake(
                "FG-not-a-record",
                f"the polyline of {self.id} cannot be read",
                why=str(error),
                fix="use Google's encoding with five digits, or leave the polyline out",
            ) from error


def read_records(path: Path) -> list[LabeledRecord]:
    """Read the records of a file; blank lines are skipped.

    Raises:
        UserMistake: FG-file-unreadable, FG-file-too-large, or FG-not-a-record with the
            number of the line.
    """
    records: list[LabeledRecord] = []
    with open_file(path) as lines:
        for number, line in enumerate(_lines(lines, path), 1):
            text = line
            # Some editors begin a file with a byte order mark, which is not JSON.
            if number == 1:
                text = line.removeprefix(codecs.BOM_UTF8)
            if not text.strip():
                continue
            if len(records) == _MOST_RECORDS:
                raise _too_much(path, number, f"it has more than {_MOST_RECORDS:,} records")
            records.append(_record(text, path, number))
    return records


def _lines(file: IO[bytes], path: Path) -> Iterator[bytes]:
    """Yield the lines of a file, each of which is read only up to the limit."""
    number = 1
    while line := file.readline(_LONGEST_LINE + 1):
        if len(line) > _LONGEST_LINE:
            raise _too_much(path, number, f"a line has more than {_LONGEST_LINE // 1000:,} kB")
        yield line
        number += 1


def _too_much(path: Path, number: int, why: str) -> UserMistake:
    return UserMistake(
        "FG-file-too-large",
        "the file is larger than what is matched at once",
        at=Place(str(path), number),
        why=why,
        fix="split the file by person, and match each part",
    )


def _record(
    line: bytes,
    path: Path,
    number: int,
) -> LabeledRecord:
    """Decode one line of a file; raise ``UserMistake`` with its number if it is not a record."""
    try:
        return msgspec.json.decode(
            line,
            type=LabeledRecord,
            strict=False,
        )
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserMistake(
            "FG-not-a-record",
            f"this line is not a record: {error}",
            at=Place(str(path), number),
            fix="write one JSON object per line: id, person, source, start_utc or start_local, …",
        ) from error


def candidates_by_person(records: Iterable[LabeledRecord]) -> dict[str, list[Candidate]]:
    """Return person → candidates, because nothing is ever compared across people.

    The id of a candidate is the position of its record.
    """
    by_person: dict[str, list[Candidate]] = {}
    for number, record in enumerate(records):
        candidate = Candidate(
            id=number,
            key=(record.source, record.id, 0),
            claims=frozenset(),
            traits=_traits(record),
            read_samples=record.read_samples,
        )
        by_person.setdefault(record.person, []).append(candidate)
    return by_person


class Predicted(msgspec.Struct, frozen=True):
    """A pair of records that is taken for one workout, or that a person would be asked about."""

    a_id: str
    b_id: str
    verdict: Verdict
    probability: float


def predict(records: Sequence[LabeledRecord], weights: Weights | None = None) -> list[Predicted]:
    """Return every pair of records that is *same* or *ask*, person by person.

    Args:
        records: The records of any number of people.
        weights: The match weights; by default, those of this version of the package.
    """
    chosen = weights or learned_weights()
    predicted = []
    for candidates in candidates_by_person(records).values():
        for prediction in predictions(match(candidates, chosen)):
            first = records[prediction.first]
            second = records[prediction.second]
            probability = round(prediction.probability, 6)
            predicted.append(Predicted(first.id, second.id, prediction.verdict, probability))
    return predicted


def write_predictions(
    path: Path,
    predicted: Iterable[Predicted],
    on_aside: Callable[[Path], None] | None = None,
) -> None:
    """Write predictions as CSV with a header.

    Args:
        path: The file. Earlier predictions are replaced, and any other file is moved aside.
        predicted: The predictions.
        on_aside: Called with the new path of a file that was moved aside.

    Raises:
        UserMistake: FG-file-unwritable if the file cannot be written, FG-path-unusable if it is a
            link or a folder.
    """
    header = ",".join(Predicted.__struct_fields__).encode()
    try:
        with (
            output_file(path, lambda head: head.startswith(header), on_aside) as binary,
            TextIOWrapper(binary, encoding="utf-8", newline="") as file,
        ):
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(Predicted.__struct_fields__)
            rows.writerows(msgspec.structs.astuple(pair) for pair in predicted)
    except OSError as error:
        raise UserMistake(
            "FG-file-unwritable",
            f"{path} cannot be written: {error.strerror}",
            fix="name a file in an existing folder in which you can write",
        ) from error


def _traits(record: LabeledRecord) -> Traits:
    """Return the traits of a record; a zero counts as absent, as in ``traits_of``."""
    return Traits(
        account=record.source,
        start_utc_s=clock_s(record.start_utc),
        start_local_s=clock_s(record.start_local),
        elapsed_s=record.elapsed_s or None,
        moving_s=record.moving_s or None,
        distance_m=record.distance_m or None,
        family=_family(record.type),
        average_heartrate_bpm=record.avg_hr or None,
        max_heartrate_bpm=record.max_hr or None,
        average_watts=record.avg_watts or None,
        calories_kcal=record.calories or None,
        elevation_gain_m=record.elevation_gain_m,
        stub=_is_stub(record),
    )


def _is_stub(record: LabeledRecord) -> bool:
    """Return whether a record has no values besides its start, as the stubs of Intervals.icu."""
    values = (record.distance_m, record.moving_s, record.elapsed_s, record.type)
    return all(value is None for value in values)


def _family(path: str | None) -> str | None:
    """Return the sport family of a type such as ``running/treadmill``, or ``None``.

    The most specific word that is known decides, and the last word is the most specific one.
    """
    for word in reversed((path or "").split("/")):
        sport = canonical_sport(word)
        if sport != "Other":
            return family(sport)
    return None
