"""Writes activities into a folder, one file for each, in a format such as FIT or GPX."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from fitglue_registry.abandoned import remove_abandoned
from fitglue_registry.errors import RecordRefused
from fitglue_registry.file_names import DEFAULT_NAME, check_template, file_name, name_fields
from fitglue_registry.output_files import refuse_link, write_new_file
from fitglue_registry.plugins.formats import writer_of
from fitglue_registry.services.original_files import not_written

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugins.formats import Writer
    from fitglue_registry.store.activity_details import ActivityDetails


class Target(NamedTuple):
    """Where and how activities are written.

    Attributes:
        folder: The folder, which is created if necessary.
        file_format: The format, such as ``fit``.
        name: The template of the names.
    """

    folder: Path
    file_format: str
    name: str = DEFAULT_NAME


@dataclass(slots=True)
class WrittenFiles:
    """What became of activities that were to be written.

    Attributes:
        paths: The files, in the order of the activities.
        refused: The activities that the format cannot hold, by their numbers, with the reasons.
    """

    paths: list[Path] = field(default_factory=list)
    refused: dict[int, RecordRefused] = field(default_factory=dict)


def write_files(
    activities: Iterable[tuple[ActivityDetails, SourceActivity]],
    target: Target,
) -> WrittenFiles:
    """Write activities into a folder, each complete or not at all.

    Args:
        activities: The activities, each with its merged values and streams.
        target: Where and how.

    Raises:
        UserMistake: FG-format-unknown, FG-name-template, FG-path-unusable if the folder is a link,
            or what the writer raises if its library is missing.
        PluginFailed: FG-format-broken if the writer fails.
        StoreFailed: FG-export-failed if the folder or a file cannot be written.
    """
    write = writer_of(target.file_format)
    check_template(target.name)
    refuse_link(target.folder)
    written = WrittenFiles()
    try:
        target.folder.mkdir(parents=True, exist_ok=True)
        remove_abandoned(target.folder)
        for details, activity in activities:
            try:
                written.paths.append(_write(details, activity, target, write))
            except RecordRefused as refused:
                written.refused[details.number] = refused
    except OSError as error:
        raise not_written(target.folder, error) from error
    return written


def _write(
    details: ActivityDetails,
    activity: SourceActivity,
    target: Target,
    write: Writer,
) -> Path:
    content = write(activity, details.id)
    name = file_name(
        target.name,
        name_fields(activity, details.number),
        f".{target.file_format}",
    )
    return write_new_file(target.folder / name, content)
