"""Says in a few lines what a run of pipelines has sent, what waits, and what needs the athlete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.cli import numbers
from fitglue_registry.cli.failure import show_failure
from fitglue_registry.cli.layout import ATTENTION, BAD, DETAIL, GOOD, NEXT_STEP, Hanging
from fitglue_registry.cli.pipeline_tally import arrivals
from fitglue_registry.cli.text import count, joined
from fitglue_registry.model.stored import DeliveryAction, DeliveryState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.cli.context import CliContext
    from fitglue_registry.cli.layout import Part, Styled
    from fitglue_registry.cli.pipeline_tally import PipelineTally, Place
    from fitglue_registry.services.events import DeliveryChanged, PipelineFinished, SentTwice

#: What was done at a destination → its words.
_DONE = {
    DeliveryAction.CREATE: "sent",
    DeliveryAction.UPDATE: "changed there",
    DeliveryAction.FILL: "filled in there",
    DeliveryAction.DELETE: "removed there",
}
_SEE = "to see more: fitglue deliveries"


def show_pipelines(cli: CliContext, tally: PipelineTally) -> None:
    """Print what the pipelines have done; nothing if there was nothing to do.

    Why a pipeline is held goes to standard error. With ``--json``, the events have said the rest.
    """
    if not cli.as_json:
        cli.show(*report(tally))
    for held in tally.held:
        show_failure(cli, held.error, f"pipeline {held.pipeline}")


def report(tally: PipelineTally) -> Iterator[Part]:
    """Yield the lines that say what the pipelines have done."""
    for place in tally.places:
        changed = tally.at(place)
        yield from _at(tally, place, changed)
    for twice in tally.twice:
        yield from _twice(twice)
    for finished in tally.finished:
        if finished.waiting:
            yield _hanging(DETAIL, finished.pipeline, _waiting(finished))
        if finished.history:
            yield from _history(finished)


def summary(tally: PipelineTally) -> str:
    """Return what was sent in one line, such as ``everything → icu: 3 workouts sent``."""
    texts = []
    for place in tally.places:
        done = _done(tally.at(place))
        if done:
            texts.append(f"{_name(place)}: {done}")
    return ", ".join(texts)


def _name(place: Place) -> str:
    return " → ".join(place)


def _hanging(
    mark: Styled,
    name: str,
    text: str,
) -> Hanging:
    return Hanging(
        mark,
        f"{name}: {text}",
        indent=0,
    )


def _at(
    tally: PipelineTally,
    place: Place,
    changed: list[DeliveryChanged],
) -> Iterator[Part]:
    """Yield what happened at one destination."""
    name = _name(place)
    done = _done(changed)
    if done:
        yield _hanging(GOOD, name, done)
    accepted = _in(changed, DeliveryState.ACCEPTED)
    if accepted:
        number = count(len(accepted), "workout was", "workouts were")
        yield _hanging(DETAIL, name, f"{number} accepted; {_when('asked about', accepted)}")
    planned = _in(changed, DeliveryState.PLANNED)
    if planned:
        yield _hanging(ATTENTION, name, _planned(tally.planned(place), planned))
    yield from _unclear(name, _in(changed, DeliveryState.UNCERTAIN))
    given_up = _in(changed, DeliveryState.REFUSED, DeliveryState.FAILED)
    for reason, times in _by_reason(given_up).items():
        yield _hanging(BAD, name, f"{count(times, 'workout')} not sent: {reason}")
    if given_up:
        yield _step(_SEE)


def _done(changed: list[DeliveryChanged]) -> str:
    done = arrivals(changed)
    texts: list[str] = []
    for action, word in _DONE.items():
        if done[action]:
            number = f"{done[action]:,}" if texts else count(done[action], "workout")
            texts.append(f"{number} {word}")
    return ", ".join(texts)


def _in(changed: list[DeliveryChanged], *states: DeliveryState) -> list[DeliveryChanged]:
    return [event for event in changed if event.state in states]


def _planned(number: int, planned: list[DeliveryChanged]) -> str:
    """Return how many deliveries wait, until when, and why."""
    # What is behind the first failure was not tried, and waits as well.
    number = max(number, len(planned))
    wait = "waits" if number == 1 else "wait"
    until = _earliest(planned)
    until_text = f" until {numbers.soon(until)}" if until else ""
    return f"{number:,} {wait}{until_text}: {joined(_by_reason(planned))}"


def _unclear(name: str, uncertain: list[DeliveryChanged]) -> Iterator[Part]:
    """Yield what may have arrived."""
    parked = [event for event in uncertain if event.next_try_at is None]
    looked_up = [event for event in uncertain if event.next_try_at is not None]
    if looked_up:
        number = count(len(looked_up), "workout")
        what = f"{number} may have arrived; {_when('looked up', looked_up)}"
        yield _hanging(ATTENTION, name, what)
    if parked:
        number = count(len(parked), "workout")
        yield _hanging(ATTENTION, name, f"{number} may have arrived, and only you can find out")
        yield _step("to decide: fitglue deliveries")


def _when(what: str, changed: list[DeliveryChanged]) -> str:
    verb = "it is" if len(changed) == 1 else "they are"
    at = _earliest(changed)
    return f"{verb} {what} again at {numbers.soon(at)}" if at else f"{verb} {what} again"


def _earliest(changed: list[DeliveryChanged]) -> str | None:
    return min((event.next_try_at for event in changed if event.next_try_at), default=None)


def _by_reason(changed: list[DeliveryChanged]) -> dict[str, int]:
    """Return reason → number of deliveries; an outage gives the same reason for many."""
    reasons: dict[str, int] = {}
    for event in changed:
        reasons[event.what] = reasons.get(event.what, 0) + 1
    return reasons


def _twice(twice: SentTwice) -> Iterator[Part]:
    """Yield that two workouts that were both sent turned out to be one."""
    workout = f"workout {twice.number}" if twice.number else "one workout"
    place = (twice.pipeline, twice.destination)
    what = f"{workout} is there twice, because two workouts that were sent turned out to be one"
    yield _hanging(ATTENTION, _name(place), what)
    for url in twice.urls:
        yield _step(url)


def _waiting(finished: PipelineFinished) -> str:
    waits = count(finished.waiting, "workout waits", "workouts wait")
    them = "its" if finished.waiting == 1 else "their"
    until = finished.waiting_until
    at_most = f", until {numbers.soon(until)} at most" if until else ""
    return f"{waits} for {them} copies from other sources{at_most}"


def _history(finished: PipelineFinished) -> Iterator[Part]:
    """Yield how many workouts are new here, but were recorded before the pipeline was made."""
    is_one = finished.history == 1
    are = (
        "workout is older than the pipeline and is"
        if is_one
        else "workouts are older than the pipeline and are"
    )
    them = "it" if is_one else "them"
    yield _hanging(DETAIL, finished.pipeline, f"{finished.history:,} new {are} not sent")
    yield _step(f"to send {them}: fitglue pipeline run {finished.pipeline} --since DATE")


def _step(text: str) -> Hanging:
    return Hanging(
        NEXT_STEP,
        text,
        indent=4,
    )
