"""Decides what becomes of an activity that a pipeline was offered, step by step, with reasons.

Nothing is sent here: the result says what is to be sent, and is stored with the intent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fitglue_registry.model.stored import DeliveryAction, DeliveryState
from fitglue_registry.pipeline.filters import decide
from fitglue_registry.pipeline.fingerprint import differences, fingerprint
from fitglue_registry.pipeline.shaping import Kept, shape
from fitglue_registry.store.deliveries import Planned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fitglue_registry.pipeline.candidate import Candidate
    from fitglue_registry.pipeline.document import Pipeline
    from fitglue_registry.pipeline.shaping import Boosted
    from fitglue_registry.pipeline.subject import Subject
    from fitglue_registry.pipeline.target import Target
    from fitglue_registry.store.deliveries import DeliveryRow

    #: What one step said: ``step``, ``outcome`` and ``what``.
    Step = Mapping[str, Any]

#: The outcomes of a step, for people and for ``--json``.
TAKEN = "taken"
PASSED_OVER = "passed over"
PLANNED = "planned"
UNCHANGED = "unchanged"
SKIPPED = "skipped"
WAITS = "waits"

_UNSETTLED = (DeliveryState.SENDING, DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN)
_GIVEN_UP = (DeliveryState.REFUSED, DeliveryState.FAILED)
#: The code of a delivery that was refused here, and not by its destination.
WITHHELD = "FG-delivery-withheld"


@dataclass(frozen=True, slots=True)
class Passage:
    """What a pipeline decided about an activity.

    Attributes:
        steps: What each step said, in order.
        planned: What is to be sent.
    """

    steps: Sequence[Step]
    planned: Sequence[Planned] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What the decision depends on beside the activity.

    Attributes:
        pipeline: The pipeline.
        targets: Its destinations.
        known: Name of a destination → the delivery of the activity to it, if there is one.
        is_gone: Whether the activity no longer exists, or is hidden.
        again: Whether it is sent even if nothing has changed.
    """

    pipeline: Pipeline
    targets: Sequence[Target]
    known: Mapping[str, DeliveryRow]
    is_gone: bool = False
    again: bool = False


def pass_through(
    asked: Asked,
    subject: Subject,
    candidate: Candidate,
    boost: Callable[[], Boosted],
) -> Passage:
    """Take an activity through a pipeline.

    Args:
        asked: The pipeline, and what it has sent of the activity.
        subject: The activity.
        candidate: What the filter sees of it.
        boost: Runs the boosters of the pipeline; called only if the filter takes the activity.

    Returns:
        What each step said, and what is to be sent.
    """
    if asked.is_gone:
        return gone(asked)
    pipeline = asked.pipeline
    if pipeline.sources is not None:
        named = [name for name in candidate.sources if name in pipeline.sources]
        if not named:
            what = f"none of its sources is one of {', '.join(pipeline.sources)}"
            return Passage([_step("sources", PASSED_OVER, what)])
    verdict = decide(pipeline.filter, candidate)
    if not verdict.taken:
        return Passage([_step("filter", PASSED_OVER, verdict.reason)])
    boosted = boost()
    steps = [_step("filter", TAKEN, verdict.reason), *boosted.steps]
    if boosted.stop is not None:
        return Passage(steps)
    planned = []
    for target in asked.targets:
        step, plan = _destination(asked, subject, target, boosted)
        steps.append(step)
        planned += [plan] if plan else []
    return Passage(steps, planned)


def _step(step: str, outcome: str, what: str) -> Step:
    return {"step": step, "outcome": outcome, "what": what}


# -- one destination -------------------------------------------------------------------------------


def _destination(
    asked: Asked,
    subject: Subject,
    target: Target,
    boosted: Boosted,
) -> tuple[Step, Planned | None]:
    """Return what is said about one destination, and what is to be sent to it."""
    known = asked.known.get(target.name)
    if known is not None and known.state in _UNSETTLED:
        what = f"the last delivery is {known.state}; what has changed since is sent after it"
        return _step(target.name, WAITS, what), None
    shaped = shape(asked.pipeline, subject, target, boosted, with_streams=False)
    if isinstance(shaped, Kept):
        return _step(target.name, SKIPPED, shaped.reason), None
    hashes = fingerprint(shaped.activity, target.terms.takes)
    if known is None or not known.is_there:
        own = target.own_record(subject.members)
        if own is not None:
            return _own_record(target, own.external_id, own.name, hashes)
        return _new(asked, target, known, hashes, shaped.left_out)
    return _changed(asked, target, known, hashes)


def _own_record(
    target: Target,
    external_id: str,
    name: str,
    hashes: Mapping[str, str],
) -> tuple[Step, Planned | None]:
    """Decide about an activity that the account has itself."""
    if not target.step.fill_back:
        return _step(target.name, SKIPPED, f"it is there already, as {name}"), None
    if not target.terms.fills:
        what = f"it is there already, as {name}, and {target.entry.name} cannot be filled in"
        return _step(target.name, SKIPPED, what), None
    intent = {"hashes": dict(hashes), "changed": sorted(hashes), "remote_id": external_id}
    what = f"what is empty in {name} is filled in: {', '.join(sorted(hashes))}"
    return _plan(target, DeliveryAction.FILL, what, intent)


def _new(
    asked: Asked,
    target: Target,
    known: DeliveryRow | None,
    hashes: Mapping[str, str],
    left_out: Sequence[str],
) -> tuple[Step, Planned | None]:
    """Decide about an activity that the destination does not have."""
    if _is_given_up(known, hashes) and not asked.again:
        assert known is not None
        reason = (known.error or {}).get("what", "it was not accepted")
        return _step(target.name, SKIPPED, f"{known.state} before: {reason}"), None
    what = "; ".join(["it is sent", *left_out])
    return _plan(target, DeliveryAction.CREATE, what, {"hashes": dict(hashes)})


def _is_given_up(known: DeliveryRow | None, hashes: Mapping[str, str]) -> bool:
    """Return whether a destination has refused exactly this."""
    if known is None or known.state not in _GIVEN_UP:
        return False
    if (known.error or {}).get("code") == WITHHELD:
        return False
    return known.intent.get("hashes") == dict(hashes)


def _changed(
    asked: Asked,
    target: Target,
    known: DeliveryRow,
    hashes: Mapping[str, str],
) -> tuple[Step, Planned | None]:
    """Decide about an activity that was sent before."""
    changed = differences(known.sent, hashes)
    if asked.again:
        changed = frozenset(hashes) | changed
    if not changed:
        return _step(target.name, UNCHANGED, "nothing has changed of what it takes"), None
    named = ", ".join(sorted(changed))
    if not target.terms.updates:
        what = f"it was sent before, and {target.entry.name} cannot change it: {named}"
        return _step(target.name, SKIPPED, what), None
    if not target.step.update:
        what = f"it was sent before, and the pipeline sends no changes: {named}"
        return _step(target.name, SKIPPED, what), None
    if _is_given_up(known, hashes) and not asked.again:
        reason = (known.error or {}).get("what", "it was not accepted")
        return _step(target.name, SKIPPED, f"{known.state} before: {reason}"), None
    intent = {"hashes": dict(hashes), "changed": sorted(changed)}
    what = "it is sent again" if asked.again else f"changed since it was sent: {named}"
    return _plan(target, DeliveryAction.UPDATE, what, intent)


def gone(asked: Asked) -> Passage:
    """Decide about an activity that no longer exists here, or that is hidden."""
    steps = []
    planned = []
    for target in asked.targets:
        step, plan = _gone_at(asked, target)
        steps.append(step)
        planned += [plan] if plan else []
    return Passage(steps, planned)


def _gone_at(asked: Asked, target: Target) -> tuple[Step, Planned | None]:
    known = asked.known.get(target.name)
    if known is not None and known.state in _UNSETTLED:
        what = f"it no longer exists here; the last delivery is {known.state}"
        return _step(target.name, WAITS, what), None
    if known is None or not known.is_there:
        return _step(target.name, SKIPPED, "it no longer exists here, and was never sent"), None
    if not asked.pipeline.delete_there:
        what = "it no longer exists here, and stays there, because delete_there is not set"
        return _step(target.name, SKIPPED, what), None
    if not target.terms.deletes:
        what = f"it no longer exists here, and {target.entry.name} cannot remove it"
        return _step(target.name, SKIPPED, what), None
    return _plan(target, DeliveryAction.DELETE, "it no longer exists here, and is removed", {})


def _plan(
    target: Target,
    action: DeliveryAction,
    what: str,
    intent: Mapping[str, Any],
) -> tuple[Step, Planned]:
    planned = Planned(target.name, target.entry.id, target.connection_id, action, intent)
    return _step(target.name, PLANNED, what), planned
