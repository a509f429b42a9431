"""Raw parts → checked, encoded source activities: normalize by the plugin, then every rule of the
model, outside any transaction.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry import model
from fitglue_registry.errors import FitglueError, Place, PluginFailed, RecordRefused
from fitglue_registry.store.encoding import EncodedActivity, encode_activity
from fitglue_registry.validation.validator import Validator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fitglue_registry.plugin_api import Record
    from fitglue_registry.plugins import Plugins
    from fitglue_registry.registry import Entry

#: Beyond what any workout says; streams are not part of the document.
_LARGEST_DOCUMENT = 16_000_000
_MOST_LEGS = 200
_UNREADABLE = (gzip.BadGzipFile, EOFError, zlib.error)


@dataclass(frozen=True, slots=True)
class Derived:
    """What was made of a record, or why it was refused, or what went wrong that is not the record's
    fault.
    """

    prepared: list[EncodedActivity]
    refused: FitglueError | None = None
    failure: BaseException | None = None
    received_at: str | None = None  # of the part that it was made for

    def checked(self) -> Derived:
        """The same; raises the failure on the thread that wants to store it."""
        if self.failure is not None:
            raise self.failure
        return self


class Deriver:
    """Derives source activities by the plugins of this host."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins

    @cached_property
    def _validator(self) -> Validator:
        return Validator(model.document_schema())

    def derive(self, entry: Entry, record: Record, *, here: bool = False) -> Derived:
        """What the record says, ready to be stored, or why it goes to quarantine; raises what
        concerns the whole connection.

        ``here``: this thread is one on which the plugin runs already.
        """
        try:
            return Derived(
                [
                    self._prepare(record, activity)
                    for activity in self.check(entry, record, here=here)
                ]
            )
        except FitglueError as error:
            if not goes_to_quarantine(error):
                raise
            return Derived([], error)

    def derive_all(self, entry: Entry, records: Iterable[Record]) -> Iterator[Derived]:
        """``derive`` for one record after the other, on one thread of the plugin's."""

        def work() -> Iterator[Derived]:
            for record in records:
                try:
                    yield self.derive(entry, record, here=True)
                except BaseException as failure:  # noqa: BLE001 - raised below: on that thread, the plugin would be blamed
                    yield Derived([], failure=failure)
                    return

        for derived in self._plugins.on_lane(entry, "fitglue_normalize", work):
            yield derived.checked()

    def check(
        self, entry: Entry, record: Record, *, here: bool = False
    ) -> list[model.SourceActivity]:
        """What the record says, held to every rule of the model.

        Raises ``RecordRefused`` where the plugin or the model refuses it, ``PluginFailed`` where
        the plugin broke its contract.
        """
        try:  # the checks run where the plugin's code may: a value that it made may be anything
            held: list[model.SourceActivity] = self._plugins.call(
                entry,
                "fitglue_normalize",
                list,
                record=record,
                here=here,
                then=lambda answer: self._held(entry, record.external_id, answer),
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
        return held

    def _held(
        self, entry: Entry, external_id: str, answer: list[Any]
    ) -> list[model.SourceActivity]:
        if len(answer) > _MOST_LEGS:
            raise self._plugins.refuse(
                entry, "fitglue_normalize", f"with {len(answer):,} source activities of one record"
            )
        held: dict[int, model.SourceActivity] = {}
        for activity in answer:
            if type(activity) is not model.SourceActivity:
                raise self._plugins.refuse(
                    entry,
                    "fitglue_normalize",
                    f"with {type(activity).__name__}, expected SourceActivity",
                )
            checked = self._hold(entry, external_id, activity)
            if checked.leg_no in held:
                raise self._plugins.refuse(
                    entry,
                    "fitglue_normalize",
                    f"with two source activities of leg {checked.leg_no}",
                )
            held[checked.leg_no] = checked
        return list(held.values())

    def _hold(
        self, entry: Entry, external_id: str, activity: model.SourceActivity
    ) -> model.SourceActivity:
        """The activity as the store will give it back: nothing looks at types when a struct is
        made, reading its document does.
        """
        wrong = model.problems(activity)
        if not wrong:
            try:
                bare = msgspec.structs.replace(activity, streams=())
                encoded = model.encode(bare)
                if len(encoded) > _LARGEST_DOCUMENT:
                    raise ValueError(
                        f"its document has {len(encoded):,} bytes, and may have "
                        f"{_LARGEST_DOCUMENT:,}"
                    )
                document = model.to_builtins(bare)
                if self._validator.accepts(document):
                    return msgspec.structs.replace(
                        model.decode(encoded), streams=tuple(activity.streams)
                    )
            except (
                TypeError,
                ValueError,
                OverflowError,
                NotImplementedError,
                RecursionError,
            ) as error:
                wrong = [("", f"cannot be written as JSON: {str(error)[:200]}")]
            else:
                wrong = [
                    (".".join(map(str, item.path)), item.message)
                    for item in self._validator.violations(document)
                ]
        fields = "; ".join(f"{field[:100]} {reason}".strip() for field, reason in wrong[:5])
        raise RecordRefused(
            "FG-activity-invalid",
            f"{external_id}: {fields}",
            at=Place(field=wrong[0][0][:100] or None),
            why=f"plugin {entry.plugin.name} made a source activity that the model does not allow",
            fix="the record is kept; it is tried again when the plugin has a new version",
        )

    def _prepare(self, record: Record, activity: model.SourceActivity) -> EncodedActivity:
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
    return isinstance(error, RecordRefused) or (
        isinstance(error, PluginFailed) and error.code in ("FG-plugin-raised", "FG-plugin-answer")
    )
