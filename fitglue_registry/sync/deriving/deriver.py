"""Derives source activities from the raw parts of a record, and checks and encodes them.

The plugin normalizes, then every rule of the model is checked. All of it happens outside any
transaction, because a plugin's code may take any time and fail in any way.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

import fitglue_registry.model as model
from fitglue_registry.errors import FitglueError, Place, PluginFailed, RecordRefused
from fitglue_registry.payloads import BeyondLimits, DamagedPayload
from fitglue_registry.store.encoding import EncodedActivity, clock_start, encode_activity
from fitglue_registry.validation.validator import Validator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fitglue_registry.plugin_api import Record
    from fitglue_registry.plugins import Plugins
    from fitglue_registry.registry import Entry

    #: The faults of a source activity, as pairs of field and reason.
    Problems = Sequence[tuple[str, str]]

#: The size in bytes above which a document is refused. The streams are not part of it, so that it
#: has room for 4,000 laps. The largest of a collection of real files has 63 kB, with 265 laps.
_MAX_DOCUMENT_BYTES = 1_000_000
_MAX_LEGS = 200
#: How many faults of a source activity an error names at most.
_MAX_NAMED = 5
_HOOK = "fitglue_normalize"
#: What reading a part raises if its bytes were damaged on the way here.
_UNREADABLE = (DamagedPayload, BeyondLimits, gzip.BadGzipFile, EOFError, zlib.error)
#: What encoding a source activity as JSON raises, since its fields may contain any object.
_UNWRITABLE = (TypeError, ValueError, OverflowError, NotImplementedError, RecursionError)


@dataclass(frozen=True, slots=True)
class Derived:
    """The result of deriving one record.

    Attributes:
        encoded: The source activities, one for each leg, ready to be stored.
        refused: Why the record goes to quarantine; ``encoded`` is then empty.
        failure: An error that is not the fault of the record, to be raised by ``checked``.
        received_at: When the part arrived that caused the record to be derived.
    """

    encoded: list[EncodedActivity]
    refused: FitglueError | None = None
    failure: BaseException | None = None
    received_at: str | None = None

    @property
    def start(self) -> str | None:
        """The start of the first leg, as ``fg_records`` has it; ``None`` if it is unknown.

        It is in UTC if no local time is known.
        """
        if not self.encoded:
            return None
        return clock_start(self.encoded[0].columns)

    def checked(self) -> Derived:
        """Return this result, or raise its failure on the thread that wants to store it."""
        if self.failure is not None:
            raise self.failure
        return self


class Deriver:
    """Derives the source activities of one entry with its plugin."""

    def __init__(self, plugins: Plugins, entry: Entry) -> None:
        self._plugin = plugins.of(entry)
        self._entry = entry

    def derive(self, record: Record, *, here: bool = False) -> Derived:
        """Derive one record.

        Args:
            record: The record with all its parts.
            here: The calling thread already belongs to the plugin, so no other thread is needed.

        Returns:
            The source activities, or the reason why the record goes to quarantine.

        Raises:
            FitglueError: A failure that concerns the whole connection, such as a plugin that
                blocks.
        """
        try:
            activities = self.check(record, here=here)
            return _encoded(record.external_id, activities)
        except FitglueError as error:
            if not goes_to_quarantine(error):
                raise
            return Derived([], error)

    def derived_from(self, external_id: str, activities: Sequence[Any]) -> Derived:
        """Return the result for source activities that the plugin has made already.

        Args:
            external_id: The record that they belong to.
            activities: The source activities, which are checked against every rule of the model.
        """
        try:
            return _encoded(external_id, self._check_answer(external_id, activities))
        except FitglueError as error:
            if not goes_to_quarantine(error):
                raise
            return Derived([], error)

    def derive_all(self, records: Iterable[Record]) -> Iterator[Derived]:
        """Derive records one after the other, on a single thread of the plugin.

        A change of threads for each record would slow down the first sync of a long history.
        """

        def work() -> Iterator[Derived]:
            for record in records:
                try:
                    yield self.derive(record, here=True)
                # It is raised below. If it were raised on this thread, an error of the host
                # would be reported as an error of the plugin.
                except BaseException as failure:  # noqa: BLE001
                    yield Derived([], failure=failure)
                    return

        for derived in self._plugin.on_lane(_HOOK, work):
            yield derived.checked()

    def refusal(self, hook: str, what: str) -> FitglueError:
        """Return the error for an answer that the specification of a hook does not allow."""
        return self._plugin.refuse(hook, what)

    def check(self, record: Record, *, here: bool = False) -> list[model.SourceActivity]:
        """Normalize one record, and check the result against every rule of the model.

        Args:
            record: The record with all its parts.
            here: The calling thread already belongs to the plugin.

        Returns:
            The source activities as the store would return them, with their streams.

        Raises:
            RecordRefused: The plugin or the model refuses the record.
            PluginFailed: The plugin raised or blocked, or its answer breaks the rules of the hook.
        """

        def check_answer(answer: list[Any]) -> list[model.SourceActivity]:
            return self._check_answer(record.external_id, answer)

        # The checks run as ``then``, on the plugin's thread and inside its time limit: comparing or
        # printing a value that the plugin made can run its code.
        try:
            activities: list[model.SourceActivity] = self._plugin.call(
                _HOOK,
                record=record,
                here=here,
                then=check_answer,
            )
        except PluginFailed as error:
            # ``Record.read`` raised because the bytes of a part are damaged. That is not the
            # plugin's fault.
            if isinstance(error.__cause__, _UNREADABLE):
                raise RecordRefused(
                    "FG-part-unreadable",
                    f"a part of {record.external_id} cannot be read",
                    why=error.why,
                ) from error
            raise
        return activities

    def _check_answer(self, external_id: str, answer: Sequence[Any]) -> list[model.SourceActivity]:
        if len(answer) > _MAX_LEGS:
            self._refuse(f"with {len(answer):,} source activities for one record")
        legs: dict[int, model.SourceActivity] = {}
        for activity in answer:
            if type(activity) is not model.SourceActivity:
                self._refuse(f"with {type(activity).__name__}, expected SourceActivity")
            # The key of a source activity is (record, leg_no).
            checked = self._check_activity(external_id, activity)
            if checked.leg_no in legs:
                self._refuse(f"with two source activities for leg {checked.leg_no}")
            legs[checked.leg_no] = checked
        return list(legs.values())

    def _refuse(self, what: str) -> NoReturn:
        raise self._plugin.refuse(_HOOK, what)

    def _check_activity(
        self, external_id: str, activity: model.SourceActivity
    ) -> model.SourceActivity:
        """Return the activity as it is decoded from its own document.

        A msgspec struct does not check types when it is made, so a plugin can put anything into it.
        Decoding does check them, and it converts what the model allows: an integer where the model
        has a float, a list where it has a tuple. Then its totals are compared with each other.
        """
        problems: Problems = model.problems(activity)
        if not problems:
            try:
                document, checked = _as_stored(activity)
            except _UNWRITABLE as error:
                problems = [("", f"cannot be written as JSON: {str(error)[:200]}")]
            else:
                if checked is not None:
                    return model.consistent(checked)
                problems = _violations(document)
        raise self._invalid(external_id, problems)

    def _invalid(self, external_id: str, problems: Problems) -> RecordRefused:
        faults = []
        for field, reason in problems[:_MAX_NAMED]:
            # Shortened, since the name of an unknown field can be of any length.
            faults.append(f"{field[:100]} {reason}".strip())
        field, _ = problems[0]
        plugin = self._entry.plugin.name
        return RecordRefused(
            "FG-activity-invalid",
            f"{external_id}: {'; '.join(faults)}",
            at=Place(field=field[:100] or None),
            why=f"plugin {plugin} made a source activity that the model does not allow",
            fix="the record is kept; it is tried again when the plugin has a new version",
        )


@cache
def _document_validator() -> Validator:
    return Validator(model.document_schema())


def _as_stored(
    activity: model.SourceActivity,
) -> tuple[dict[str, Any], model.SourceActivity | None]:
    """Return the document of an activity, and the activity as decoded from it.

    Texts that are too long are cut first. The activity is ``None`` if the schema forbids the
    document. Raises one of ``_UNWRITABLE`` if the activity cannot be encoded.
    """
    # Streams are checked by ``model.problems`` and stored as blobs. In JSON, they would take longer
    # to write and read than everything else together.
    bare = msgspec.structs.replace(activity, streams=())
    encoded = model.encode(bare)
    shortened = model.without_long_texts(activity, encoded)
    if shortened is not activity:
        activity = shortened
        bare = msgspec.structs.replace(activity, streams=())
        encoded = model.encode(bare)
    if len(encoded) > _MAX_DOCUMENT_BYTES:
        raise ValueError(
            f"its document has {len(encoded):,} bytes; at most {_MAX_DOCUMENT_BYTES:,} are allowed"
        )
    document = model.to_builtins(bare)
    if not _document_validator().accepts(document):
        return document, None
    decoded = model.decode(encoded)
    return document, msgspec.structs.replace(decoded, streams=tuple(activity.streams))


def _violations(document: dict[str, Any]) -> Problems:
    problems = []
    for violation in _document_validator().violations(document):
        field = ".".join(map(str, violation.path))
        problems.append((field, violation.message))
    return problems


def _encoded(external_id: str, activities: Iterable[model.SourceActivity]) -> Derived:
    return Derived([_encode(external_id, activity) for activity in activities])


def _encode(external_id: str, activity: model.SourceActivity) -> EncodedActivity:
    try:
        return encode_activity(activity)
    except (ValueError, OverflowError) as error:
        raise RecordRefused(
            "FG-activity-invalid",
            f"{external_id} contains text that is not Unicode",
            why=str(error)[:200],
            fix="correct the title or the description at the source",
        ) from error


def goes_to_quarantine(error: FitglueError) -> bool:
    """Return whether a failure concerns only the record, which then goes to quarantine.

    Other failures, such as a plugin that blocks, would happen with the next record too, so they
    stop the connection.
    """
    if isinstance(error, RecordRefused):
        return True
    # The plugin raised an exception for this record, or answered against the rules.
    is_of_one_call = error.code in ("FG-plugin-raised", "FG-plugin-answer")
    return isinstance(error, PluginFailed) and is_of_one_call
