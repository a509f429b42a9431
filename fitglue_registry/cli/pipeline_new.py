"""Makes a pipeline from options and answers, shows it, and stores it if the athlete agrees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli.failure import at_line
from fitglue_registry.cli.pipeline_drawing import drawing
from fitglue_registry.cli.pipeline_questions import Questions
from fitglue_registry.cli.pipeline_settings import settings_of
from fitglue_registry.errors import UserMistake
from fitglue_registry.services.pipelines.files import read_condition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fitglue_registry.cli.context import CliContext
    from fitglue_registry.cli.layout import Document
    from fitglue_registry.services.entries import Entry
    from fitglue_registry.services.pipelines.pipelines import Applied


@dataclass(frozen=True, slots=True)
class Given:
    """What the options of ``fitglue pipeline new`` say; each is empty if it was not given."""

    name: str | None = None
    destinations: Sequence[str] = ()
    connections: Sequence[str] = ()
    settings: Sequence[str] = ()
    sources: Sequence[str] = ()
    sports: Sequence[str] = ()
    filter_file: str | None = None
    boosters: Sequence[str] = ()
    wait: str | None = None


def make(
    cli: CliContext,
    given: Given,
    *,
    asks: bool,
) -> Applied | None:
    """Make a pipeline and store it.

    Args:
        cli: The context of the command.
        given: The options.
        asks: Whether the athlete is asked for what no option gives, and whether to store it.

    Returns:
        What became of it, or ``None`` if it has a mistake or the athlete does not want it.
    """
    document = _document(cli, given, Questions(cli) if asks else None)
    pipeline, errors = cli.host.pipelines.check(document)
    if pipeline is None:
        if cli.as_json:
            raise errors[0]
        for error in errors:
            cli.err.show(list(at_line(error)))
        return None
    _refuse_known(cli, pipeline.name)
    if not cli.as_json:
        preview = cli.host.pipelines.shown(pipeline)
        shown = {"document": document, "deliveries": {}}
        cli.show(*drawing(shown, preview.filter_text), "", *preview.yaml.splitlines(), "")
    if asks and not click.confirm("Store this pipeline?", default=True, err=True):
        return None
    return cli.host.pipelines.apply(document)


def _refuse_known(cli: CliContext, name: str) -> None:
    """Refuse a name that a pipeline has already, because `new` changes none."""
    if any(known.name == name for known in cli.host.pipelines.list()):
        raise UserMistake(
            "FG-pipeline-exists",
            f"there is a pipeline {name} already",
            fix=f"choose another name, or change it: fitglue pipeline show {name} --yaml > "
            f"{name}.yaml, and then: fitglue pipeline apply {name}.yaml",
        )


def _document(
    cli: CliContext,
    given: Given,
    questions: Questions | None,
) -> Document:
    """Return the document of the pipeline, in the order in which the keys are read."""
    entries = {entry.id: entry for entry in cli.host.entries.list("destination")}
    chosen = list(given.destinations)
    if not chosen and questions:
        chosen = questions.destinations(entries.values())
    if not chosen:
        raise UserMistake(
            "FG-usage",
            "name a destination",
            why=f"these are installed: {', '.join(entries) or 'none'}",
            fix="for example: --to folder --set path=~/Workouts",
        )
    destinations = _destinations(cli, given, chosen, entries, questions)
    document: Document = {"schema": 1, "name": given.name or ""}
    _add(document, "sources", given.sources, questions and questions.sources)
    condition = _filter(given, questions)
    if condition:
        document["filter"] = condition
    if given.wait:
        document["wait"] = given.wait
    boosters = list(given.boosters) or (questions.boosters() if questions else [])
    if boosters:
        document["boosters"] = [{"use": booster} for booster in boosters]
    document["destinations"] = destinations
    if not document["name"]:
        default = "everything" if not condition else "-".join(chosen)
        document["name"] = questions.name(default) if questions else default
    return document


def _add(
    document: Document,
    key: str,
    given: Sequence[str],
    ask: Any,
) -> None:
    values = list(given) or (ask() if ask else [])
    if values:
        document[key] = values


def _filter(given: Given, questions: Questions | None) -> Any:
    """Return the filter that the options or the answers give, or ``None`` for every workout."""
    conditions = []
    if given.filter_file:
        conditions.append(read_condition(Path(given.filter_file)))
    sports = list(given.sports)
    if not sports and not conditions and questions:
        sports = questions.sports()
    if sports:
        conditions.append({"sport": sports})
    if len(conditions) > 1:
        return {"all": conditions}
    return conditions[0] if conditions else None


def _destinations(
    cli: CliContext,
    given: Given,
    chosen: Sequence[str],
    entries: Mapping[str, Entry],
    questions: Questions | None,
) -> list[Document]:
    """Return the steps of the destinations."""
    typed = settings_of(given.settings, [entries[id_] for id_ in chosen if id_ in entries])
    connected = {row.name: row.integration for row in cli.host.connections.list()}
    steps = []
    for number, id_ in enumerate(chosen):
        step: Document = {"to": id_}
        if id_ in chosen[:number]:
            step["name"] = f"{id_}-{chosen[: number + 1].count(id_)}"
        entry = entries.get(id_)
        if entry is not None:
            account = _account(given, entry, connected, questions)
            if account:
                step["connection"] = account
            settings = dict(typed.get(id_, {}))
            if questions:
                settings |= questions.settings(entry, settings)
            if settings:
                step["settings"] = settings
        # What is not installed is refused when the document is checked.
        steps.append(step)
    return steps


def _account(
    given: Given,
    entry: Entry,
    connected: Mapping[str, str],
    questions: Questions | None,
) -> str | None:
    """Return the account of a destination that has several, or that an option names."""
    if entry.integration is None:
        return None
    fitting = [name for name, integration in connected.items() if integration == entry.integration]
    for name in given.connections:
        if name in fitting or name not in connected:
            return name
    if len(fitting) > 1 and questions:
        return questions.account(entry, fitting)
    return None
