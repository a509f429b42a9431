"""The sections of a help article that say how workouts arrive, and how an account is connected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.model.stored import PartName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.registry.catalogue import Catalogue
    from fitglue_registry.registry.entry import Closed, Delay, Entry, EntryPart, Field

_PARTS = {
    PartName.SUMMARY: "summary",
    PartName.DETAIL: "details",
    PartName.STREAMS: "samples over time",
    PartName.FILE: "original file",
}


# -- how workouts arrive ---------------------------------------------------------------------------


def sync_mechanism(entry: Entry) -> Iterator[str]:
    """How the records of a source are listed and fetched, a paragraph each; nothing for an entry
    that is not a source.
    """
    if entry.kind != "source":
        return
    yield _mode(entry)
    if entry.sync.deletions:
        yield "What is deleted at the source is noticed and marked."
    else:
        yield "What is missing there is not taken for deleted."
    if entry.sync.note:
        yield entry.sync.note
    if entry.capabilities.history:
        yield f"History: {entry.capabilities.history}"
    yield ""
    for part in entry.parts:
        name = _PARTS[part.name].capitalize()
        yield f"- {name}: {_way(part)}."
    yield from _delay(entry.sync.delay)


def _mode(entry: Entry) -> str:
    if entry.sync.mode == "push":
        return f"{entry.name} calls FitGlue when there is something new."
    if entry.sync.mode == "manual":
        return "Workouts arrive when they are handed over by hand."
    if entry.sync.mode == "file":
        return (
            "Each sync looks through the files that are there, and takes those whose content is "
            "new."
        )
    walk = ""
    if entry.sync.full_walk_days:
        walk = f"; every {entry.sync.full_walk_days} days it walks through everything"
    return (
        f"FitGlue asks {entry.name} what is new. Each sync looks back {entry.sync.overlap_days} "
        f"days, so that late uploads and edits arrive{walk}."
    )


def _way(part: EntryPart) -> str:
    if part.comes_from == "list":
        return "comes with the list"
    way = "fetched one by one"
    if part.bulk > 1:
        way = f"fetched, {part.bulk} at a time"
    if part.default:
        return way
    if part.option:
        return f"{way}, only with `--{part.option}`"
    return f"{way}, when asked for"


def _delay(delay: Delay) -> Iterator[str]:
    if not delay.hops:
        return
    usual = ""
    if delay.expected_min:
        usual = f"; {delay.expected_min} minutes in all are usual, and no promise"
    yield ""
    yield (
        f"A workout's way: {' → '.join(delay.hops)}. Each sync measures what every hop took{usual}."
    )


# -- how an account is connected -------------------------------------------------------------------


def setup(entry: Entry, catalogue: Catalogue) -> Iterator[str]:
    """Yield the commands to type as a numbered list, or the alternatives of a closed service."""
    if entry.closed:
        yield from _alternatives(entry, entry.closed)
        return
    plugin = entry.plugin.name
    yield f"1. `fitglue plugin install {plugin}`, unless `fitglue plugin list` shows it."
    number = 2
    integration = catalogue.find("integration", entry.integration) if entry.integration else None
    if integration:
        yield from _connecting(number, integration)
        number += 1
    if entry.kind in ("integration", "source"):
        yield f"{number}. `fitglue sync`; once more whenever there may be something new."


def _alternatives(entry: Entry, closed: Closed) -> Iterator[str]:
    yield (
        f"An account cannot be connected. {closed.why} `fitglue connect {entry.id}` lists the "
        "alternatives:"
    )
    yield ""
    for alternative in closed.alternatives:
        steps = f"{alternative.how} Then `{alternative.command}`."
        yield f"- **{alternative.name}**: {alternative.brings}. {steps}"


def _connecting(number: int, integration: Entry) -> Iterator[str]:
    asked = [*integration.credentials, *integration.settings]
    end = " asks for:" if asked else "."
    yield f"{number}. `fitglue connect {integration.id}`{end}"
    for field in asked:
        yield _asked(field, integration.id)


def _asked(field: Field, integration: str) -> str:
    name = field.label or field.name
    optional = "" if field.required else " (optional)"
    sentences = [f"   - **{name}**{optional}."]
    if field.help:
        sentences.append(field.help)
    sentences.append(f"In the environment: `{field.env(integration)}`.")
    return " ".join(sentences)
