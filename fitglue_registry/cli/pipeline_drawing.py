"""Draws a pipeline: sources → filter → boosters → destinations, with what each has done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.cli import numbers
from fitglue_registry.cli.layout import DETAIL, Hanging, Heading
from fitglue_registry.cli.text import clean, count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fitglue_registry.cli.layout import Document, Part

_DOWN = "  │"
#: State of deliveries → its words behind a number, in the order in which they are shown.
_STATES = {
    "sent": "sent",
    "accepted": "accepted",
    "planned": "to be sent",
    "sending": "being sent",
    "uncertain": "uncertain",
    "refused": "refused",
    "failed": "given up",
}
#: What a run counted → its words, if they differ from those of a state.
_COUNTED = {"planned": "planned", "not-sent": "not sent"}


def drawing(document: Document, filter_text: str | None, more: str = "") -> Iterator[Part]:
    """Yield the drawing of a pipeline.

    Args:
        document: The document of the pipeline, with its ``deliveries`` as ``--json`` prints it.
        filter_text: Its filter on one line, if it has one.
        more: What is said beside its name.
    """
    pipeline = document["document"]
    yield Heading(pipeline["name"], more)
    yield f"  {_sources(pipeline)}"
    yield _DOWN
    if filter_text:
        yield f"  filter: {clean(filter_text)}"
        yield _DOWN
    for booster in pipeline.get("boosters", ()):
        yield f"  booster: {booster['use']}{_settings(booster)}"
        yield _DOWN
    yield from _destinations(pipeline["destinations"], document["deliveries"])


def _sources(pipeline: Mapping[str, Any]) -> str:
    names = pipeline.get("sources")
    return ", ".join(map(clean, names)) if names else "all connections"


def _destinations(
    steps: Sequence[Mapping[str, Any]],
    deliveries: Mapping[str, Mapping[str, int]],
) -> Iterator[str]:
    for step in steps:
        is_last = step is steps[-1]
        branch = "└─" if is_last else "├─"
        name = step.get("name", step["to"])
        yield f"  {branch} {name}: {_place(step)}"
        stem = " " if is_last else "│"
        sent = states(deliveries.get(name, {})) or "nothing sent yet"
        yield f"  {stem}    {sent}"


def _place(step: Mapping[str, Any]) -> str:
    """Return where a step sends to, and how."""
    account = step.get("connection")
    to = f"{step['to']}, as {clean(account)}" if account else str(step["to"])
    said = [to + _settings(step)]
    if not step.get("update", True):
        said.append("without later changes")
    if step.get("fill_back"):
        said.append("fills in what is empty there")
    return "; ".join(said)


def _settings(step: Mapping[str, Any]) -> str:
    settings = step.get("settings", {})
    named = ", ".join(f"{name} {clean(value)}" for name, value in settings.items())
    return f" ({named})" if named else ""


def states(counts: Mapping[str, int]) -> str:
    """Return state → number of deliveries in words, such as ``12 sent, 1 refused``."""
    texts = []
    for state, words in _STATES.items():
        if counts.get(state):
            texts.append(f"{counts[state]:,} {words}")
    return ", ".join(texts)


def counted(counts: Mapping[str, int] | None) -> str:
    """Return what a run counted in words."""
    if not counts:
        return "nothing"
    words = _STATES | _COUNTED
    return ", ".join(f"{number:,} {words.get(what, what)}" for what, number in counts.items())


def remarks(document: Document, last_run: Mapping[str, Any] | None) -> Iterator[Part]:
    """Yield what else is known of a pipeline: its wait, its privacy, and its last run."""
    pipeline = document["document"]
    wait = pipeline.get("wait", "until all connections were synced, at most 20 minutes")
    yield Hanging(DETAIL, f"a workout waits for its copies: {wait}")
    if document["waiting"]:
        waits = count(document["waiting"], "workout waits", "workouts wait")
        yield Hanging(DETAIL, f"{waits} now")
    privacy = pipeline.get("privacy")
    if privacy:
        yield Hanging(DETAIL, f"what stays private: {_privacy(privacy)}")
    if pipeline.get("delete_there"):
        yield Hanging(DETAIL, "what is deleted here is deleted there")
    if last_run is None:
        yield Hanging(DETAIL, "no run has done anything yet")
        return
    began = numbers.moment(last_run["started_at"])
    yield Hanging(DETAIL, f"last run: {began}, {counted(last_run['counts'])}")


def _privacy(privacy: Mapping[str, Any]) -> str:
    said = []
    zones = privacy.get("zones", ())
    if zones:
        said.append(count(len(zones), "place"))
    said += privacy.get("leave_out", ())
    return ", ".join(said)
