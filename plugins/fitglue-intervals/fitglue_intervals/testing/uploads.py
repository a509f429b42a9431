"""The activities that an upload makes, or those that an earlier upload of the same file made."""

from __future__ import annotations

import gzip
import hashlib
from itertools import count as numbers_from
from typing import TYPE_CHECKING, NamedTuple

from fitglue_intervals.testing.content import Verbatim
from fitglue_intervals.testing.records import Record
from fitglue_intervals.testing.uploaded_files import files_in, workouts_in
from fitglue_intervals.testing.uploaded_rows import uploaded_row, uploaded_streams
from fitglue_registry.payloads import GZIP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_intervals.testing.account import Account
    from fitglue_intervals.testing.values import Row
    from fitglue_registry.model import SourceActivity

#: Above the ids of the generated history and of workouts that a test adds.
_FIRST_ID = 310_000_000
#: Parameter of an upload → the key of the Activity object that it sets.
PARAMETERS = ("name", "description", "device_name", "external_id")


class Uploaded(NamedTuple):
    """The result of one upload."""

    ids: list[str]  # ids of the activities, in the order of the files and their legs
    is_new: bool  # whether at least one of them is new


class Uploads:
    """The uploads of an account, which any thread may add to.

    Documented: files are recognized by a hash. The same workout in another encoding is another
    file, so it becomes a second activity; this was seen in real accounts.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._numbers = numbers_from(1)

    def add(
        self,
        upload: bytes,
        file_name: str,
        values: Mapping[str, str],
    ) -> Uploaded:
        """Add the activities of an upload, and return the ids of all of them.

        Args:
            upload: The uploaded bytes.
            file_name: The name of the file, which becomes the ``external_id`` if none is given.
            values: The parameters of the request that have a value.

        Raises:
            UploadRefused: If a file cannot be read. Nothing is added then.
        """
        values = {"external_id": file_name} | dict(values)
        files = [(file, workouts_in(file)) for file in files_in(upload)]
        ids: list[str] = []
        is_new = False
        # One lock from the look-up to the last activity: two equal uploads at once make one.
        with self._account.records.locked():
            for file, workouts in files:
                known = self._known(file, workouts)
                if not known:
                    known = [self._put(file, workout, values) for workout in workouts]
                    is_new = True
                ids += known
        return Uploaded(ids, is_new)

    def _known(self, file: bytes, workouts: list[SourceActivity]) -> list[str]:
        """Return the ids of the activities that were made from the same file."""
        # Generated files are written when they are asked for, so only those of activities with an
        # equal start are compared.
        starts = {self._row(workout)["start_date_local"] for workout in workouts}
        digest = _digest(file)
        records = self._account.records
        known = []
        for id_ in records.ids():
            if records.start_of(id_) not in starts:
                continue
            other = self._account.file(id_)
            if other is not None and _digest(other) == digest:
                known.append(id_)
        return sorted(known, key=records.start_of)

    def _put(
        self,
        file: bytes,
        workout: SourceActivity,
        values: Mapping[str, str],
    ) -> str:
        id_ = f"i{_FIRST_ID + next(self._numbers) * 1_009}"
        row = {"id": id_, "icu_athlete_id": self._account.athlete_id, **self._row(workout)}
        row |= values
        row |= {"created": self._account.clock.tick()} | self._account.clock.analysis()
        content = Verbatim(row, uploaded_streams(workout), file)
        self._account.records.put(id_, Record(content))
        return id_

    def _row(self, workout: SourceActivity) -> Row:
        return uploaded_row(workout, self._account.timezone)


def _digest(file: bytes) -> str:
    """Return the hash of a file without its gzip.

    Whether the service unpacks a file before it computes the hash is a guess.
    """
    if file.startswith(GZIP):
        file = gzip.decompress(file)
    return hashlib.sha256(file).hexdigest()
