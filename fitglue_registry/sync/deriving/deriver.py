"""Raw parts → checked, encoded source activities: normalize by the plugin, then every rule of the
model, outside any transaction.
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
from fitglue_registry.store.encoding import EncodedActivity, encode_activity
from fitglue_registry.validation.validator import Validator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fitglue_registry.plugin_api import Record
    from fitglue_registry.plugins import Plugins
    from fitglue_registry.registry import Entry

    #: (field, reason) of what is wrong with a source activity.
    Problems = Sequence[tuple[str, str]]

#: Beyond what any workout says; streams are not part of the document.
_LARGEST_DOCUMENT = 16_000_000
_MOST_LEGS = 200
#: So many of the faults of a source activity are named.
_MOST_NAMED = 5
_HOOK = "fitglue_normalize"
#: What reading a part raises whose bytes broke on their way.
_UNREADABLE = (gzip.BadGzipFile, EOFError, zlib.error)
#: What writing a source activity as JSON raises whose fields hold anything.
_UNWRITABLE = (TypeError, ValueError, OverflowError, NotImplementedError, RecursionError)


@dataclass(frozen=True, slots=True)
class Derived:
    """What was made of a record, or why it was refused, or what went wrong that is not the record's
    fault.
    """

    encoded: list[EncodedActivity]
    refused: FitglueError | None = None
    failure: BaseException | None = None
    received_at: str | None = None  # of the part that it was made for

    @property
    def start_local(self) -> str | None:
        """When it started, as the store writes it, if that is known."""
        if not self.encoded:
            return None
        start: str | None = self.encoded[0].columns["start_local"]
        return start

    def checked(self) -> Derived:
        """The same; raises the failure on the thread that wants to store it."""
        if self.failure is not None:
            raise self.failure
        return self


class Deriver:
    """Derives source activities of one entry by its plugin."""

    def __init__(self, plugins: Plugins, entry: Entry) -> None:
        self._plugin = plugins.of(entry)
        self._entry = entry

    def derive(self, record: Record, *, here: bool = False) -> Derived:
        """What the record says, ready to be stored, or why it goes to quarantine; raises what
        concerns the whole connection.

        ``here``: this thread is one on which the plugin runs already.
        """
        try:
            activities = self.check(record, here=here)
            return Derived([_encode(record, activity) for activity in activities])
        except FitglueError as error:
            if not goes_to_quarantine(error):
                raise
            return Derived([], error)

    def derive_all(self, records: Iterable[Record]) -> Iterator[Derived]:
        """``derive`` for one record after the other, on one thread of the plugin's."""

        def work() -> Iterator[Derived]:
            for record in records:
                try:
                    yield self.derive(record, here=True)
                # Raised below: on that thread, the plugin would be blamed.
                except BaseException as failure:  # noqa: BLE001
                    yield Derived([], failure=failure)
                    return

        for derived in self._plugin.on_lane(_HOOK, work):
            yield derived.checked()

    def check(self, record: Record, *, here: bool = False) -> list[model.SourceActivity]:
        """What the record says, held to every rule of the model.

        Raises ``RecordRefused`` where the plugin or the model refuses it, ``PluginFailed`` where
        the plugin broke its contract.
        """

        def check_answer(answer: list[Any]) -> list[model.SourceActivity]:
            return self._check_answer(record.external_id, answer)

        try:  # the checks run where the plugin's code may: a value that it made may be anything
            activities: list[model.SourceActivity] = self._plugin.call(
                _HOOK,
                record=record,
                here=here,
                then=check_answer,
            )
        except PluginFailed as error:
            # Raised by reading a part whose bytes broke on their way, not by the plugin.
            if isinstance(error.__cause__, _UNREADABLE):
                raise RecordRefused(
                    "FG-part-unreadable",
                    f"a part of {record.external_id} cannot be read",
                    why=error.why,
                ) from error
            raise
        return activities

    def _check_answer(self, external_id: str, answer: list[Any]) -> list[model.SourceActivity]:
        if len(answer) > _MOST_LEGS:
            self._refuse(f"with {len(answer):,} source activities of one record")
        legs: dict[int, model.SourceActivity] = {}
        for activity in answer:
            if type(activity) is not model.SourceActivity:
                self._refuse(f"with {type(activity).__name__}, expected SourceActivity")
            checked = self._check_activity(external_id, activity)
            if checked.leg_no in legs:
                self._refuse(f"with two source activities of leg {checked.leg_no}")
            legs[checked.leg_no] = checked
        return list(legs.values())

    def _refuse(self, what: str) -> NoReturn:
        raise self._plugin.refuse(_HOOK, what)

    def _check_activity(
        self, external_id: str, activity: model.SourceActivity
    ) -> model.SourceActivity:
        """The activity as the store will give it back: nothing looks at types when a struct is
        made, reading its document does.
        """
        problems: Problems = model.problems(activity)
        if not problems:
            try:
                document, checked = _as_stored(activity)
            except _UNWRITABLE as error:
                problems = [("", f"cannot be written as JSON: {str(error)[:200]}")]
            else:
                if checked is not None:
                    return checked
                problems = _violations(document)
        raise self._invalid(external_id, problems)

    def _invalid(self, external_id: str, problems: Problems) -> RecordRefused:
        faults = []
        for field, reason in problems[:_MOST_NAMED]:
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
    """The document of an activity, and the activity as it is read from that, unless the schema
    forbids it; raises one of ``_UNWRITABLE`` where it cannot be written.
    """
    bare = msgspec.structs.replace(activity, streams=())
    encoded = model.encode(bare)
    if len(encoded) > _LARGEST_DOCUMENT:
        raise ValueError(
            f"its document has {len(encoded):,} bytes, and may have {_LARGEST_DOCUMENT:,}"
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


def _encode(record: Record, activity: model.SourceActivity) -> EncodedActivity:
    try:
        return encode_activity(activity)
    except (ValueError, OverflowError) as error:
        raise RecordRefused(
            "FG-activity-invalid",
            f"{record.external_id} holds text that is not Unicode",
            why=str(error)[:200],
            fix="correct the title or the description at the source",
        ) from error


def goes_to_quarantine(error: FitglueError) -> bool:
    """Whether a failure concerns this record alone; a plugin that blocks concerns the whole
    connection.
    """
    if isinstance(error, RecordRefused):
        return True
    is_of_one_call = error.code in ("FG-plugin-raised", "FG-plugin-answer")
    return isinstance(error, PluginFailed) and is_of_one_call
