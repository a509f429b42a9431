"""``fitglue why``: explains what happened to a workout, even if it has no activity."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

import click

from fitglue_registry.cli import numbers
from fitglue_registry.cli.command import Command, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.layout import Hanging, Heading, Pairs
from fitglue_registry.cli.match_report import match_report
from fitglue_registry.cli.pipeline_story import pipeline_stories
from fitglue_registry.cli.record_paths import shown_paths
from fitglue_registry.cli.sent_by import sent_sentence
from fitglue_registry.cli.text import short_hashes, short_id, short_title
from fitglue_registry.errors import UserMistake
from fitglue_registry.model.stored import PartName, PartState, RunDecision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.cli.layout import Document, Part

#: Decision of a sync → what happened to the record.
_DECIDED: dict[str, str] = {
    RunDecision.NEW: "stored as new",
    RunDecision.CHANGED: "changed",
    RunDecision.STUB: "stored as a stub",
    RunDecision.NATIVE: "delivered after all",
    RunDecision.BACK: "listed again",
    RunDecision.MISSING: "no longer listed",
    RunDecision.CONFIRMED: "confirmed by its id",
    RunDecision.GONE: "found to be deleted",
    RunDecision.HELD: "deletion held",
    RunDecision.LATER: "not delivered yet",
    RunDecision.NOT_FETCHED: "not fetched",
    RunDecision.QUARANTINED: "put in quarantine",
    RunDecision.SUPERSEDED: "superseded",
    RunDecision.RELEASED: "left quarantine",
    RunDecision.REBUILT: "rebuilt",
}
#: What happened, when, and more of it.
Stage = tuple[str, str, str]

_DECISIONS_SHOWN = 12
_WIDTHS = (22, 16)
_STATES = {
    PartState.HAVE: "received",
    PartState.NONE: "does not exist",
    PartState.WANTED: "not received",
    PartState.FAILED: "given up",
}
_ORDER: tuple[str, ...] = tuple(PartName)


@click.command(
    cls=Command,
    examples=("fitglue why last", "fitglue why 2026-05-01", "fitglue why strava:123456789"),
)
@click.argument("reference", metavar="REF")
@json_option()
@pass_cli
def command(cli: CliContext, *, reference: str) -> int:
    """Explain what happened to the workout REF.

    You see when it arrived, what it became, and why it was merged with others, or why it has
    no activity. REF is a number, `last`, a date, an id at the source, an identity such as
    strava:123, or the name or path of a file. If FitGlue has never seen it, the exit code is 2.
    """
    story = cli.host.why(reference)
    is_known = story["activity"] or story["records"] or story["unreadable"]
    code = 0 if is_known else UserMistake.exit_code
    if cli.as_json:
        cli.document(story)
        return code
    cli.show(*_head(story), *match_report(story))
    # For several records, the reasons that joined them come first, then each record in brief.
    is_brief = len(story["records"]) > 1
    file_sources = set()
    for source in cli.host.entries.list("source"):
        if source.sync and source.sync.mode == "file":
            file_sources.add(source.id)
    for record in story["records"]:
        if record["source"] in file_sources:
            record["hops"] = list(_hops_of_file(record["hops"]))
        cli.show(*_record(record, is_brief=is_brief))
    cli.show(*pipeline_stories(story.get("pipelines", ())))
    return code


def _hops_of_file(hops: list[Document]) -> Iterator[Document]:
    """Yield the hops of a record that was read from a file, without its arrival and the delays.

    The only time of a file is that of its last change, which may be that of a copy or a download,
    years after the workout.
    """
    for hop in hops:
        if hop["hop"] != "arrived at the source":
            yield {**hop, "took_s": None}


def _head(story: Document) -> Iterator[Part]:
    activity = story["activity"]
    if activity:
        title = short_title(activity["title"])
        yield Heading(f"{activity['number']}  {title}", story["verdict"])
    else:
        yield Heading(story["reference"])
        yield Hanging("·", story["verdict"])
    if story.get("fix"):
        yield Hanging("→", story["fix"], indent=4)


def _record(record: Document, *, is_brief: bool) -> Iterator[Part]:
    external_id = short_id(record["external_id"])
    stages = _brief_stages(record) if is_brief else _stages(record)
    yield ""
    yield Heading(f"{record['connection']}/{external_id}", record["state"])
    yield Pairs(stages, widths=_WIDTHS)
    sent = record["sent_by"]
    if sent:
        yield Hanging("·", sent_sentence(sent["pipeline"], sent["destination"], sent["sent_at"]))
    quarantine = record["quarantine"]
    if quarantine:
        since = numbers.moment(quarantine["since"])
        yield Pairs([("in quarantine", since, quarantine["what"])], widths=_WIDTHS)
    paths = shown_paths(record.get("paths", []))
    yield Pairs([("file", "", paths)], widths=_WIDTHS) if paths else ""
    # Each leg of a multisport record has claims of its own.
    claims: list[str] = []
    for source_activity in record["source_activities"]:
        claims += source_activity["claims"]
    known_as = ", ".join(map(short_hashes, claims))
    yield Pairs([("known as", known_as)]) if claims else ""
    decisions = record["decisions"]
    # That a record was new once is only of interest if something happened to it later.
    is_only_new = [decision["decision"] for decision in decisions] == [RunDecision.NEW]
    if not (is_brief and is_only_new):
        yield from _decisions(decisions)


def _stages(record: Document) -> Iterator[Stage]:
    yield from map(_hop, record["hops"])
    yield from map(_part, sorted(record["parts"], key=_place_of))
    yield from _readings(record)


def _readings(record: Document) -> Iterator[Stage]:
    """Yield when the record was read and by what, once for legs that were read together."""
    legs: Counter[tuple[str, str]] = Counter()
    for source_activity in record["source_activities"]:
        version = source_activity["plugin_version"] or ""
        by = f"by {source_activity['plugin']} {version}"
        if source_activity["stub"]:
            by += ", as a stub"
        legs[numbers.moment(source_activity["normalized_at"]), by] += 1
    for (at, by), number in legs.items():
        yield "read", at, f"{by}, as {number} legs" if number > 1 else by


def _place_of(part: Document) -> int:
    name = part["part"]
    if name in _ORDER:
        return _ORDER.index(name)
    return len(_ORDER)


def _brief_stages(record: Document) -> Iterator[Stage]:
    """Yield when the record was first seen, its parts in one line, and those that are missing."""
    yield from map(_hop, record["hops"][-1:])
    parts = record["parts"]
    received = [part for part in parts if part["state"] == PartState.HAVE]
    if received:
        last = max(part["received_at"] for part in received)
        names = [part["part"] for part in sorted(received, key=_place_of)]
        yield "received", numbers.moment(last), ", ".join(names)
    for part in parts:
        if part["state"] not in (PartState.HAVE, PartState.NONE):
            yield _part(part)


def _hop(hop: Document) -> Stage:
    later = ""
    if "at_local" in hop:
        # On the same clock as the start that `activities` and `show` print.
        at_local = datetime.fromisoformat(hop["at_local"])
        return hop["hop"], f"{at_local:%Y-%m-%d %H:%M}", "local time of the workout"
    if hop["took_s"] is not None:
        later = f"{numbers.span(hop['took_s'])} later"
    return hop["hop"], numbers.moment(hop["at"]), later


def _part(part: Document) -> Stage:
    reason = part["reason"] or ""
    if part["code"]:
        reason = f"{part['code']}: {part['reason']}"
    step = part.get("next_step")
    state = f"{part['part']} {_state_of(part)}"
    size = numbers.size(part["bytes"])
    received = numbers.moment(part["received_at"])
    if part["state"] == PartState.NONE and part["bytes"] is not None:
        # It existed once. What was received is kept, but is not used.
        kept = f"until then it had {size}, received {received}"
        return state, "", "; ".join(filter(None, (reason, kept)))
    if part["state"] == PartState.WANTED and part["bytes"] is not None:
        size = f"{size}, which may be out of date"
    received_and_why = ", ".join(filter(None, (size, reason)))
    return state, received, "; ".join(filter(None, (received_and_why, step)))


def _state_of(part: Document) -> str:
    """Return the state of a part in words; one that nobody has asked for is not a failure."""
    if part["state"] == PartState.WANTED and part.get("next_step") and not part["reason"]:
        return "to be repeated" if part["bytes"] is not None else "still to come"
    return _STATES.get(part["state"], str(part["state"]))


def _decisions(decisions: list[Document]) -> Iterator[Part]:
    older = len(decisions) - _DECISIONS_SHOWN
    if older > 0:
        yield f"  … {older} older decisions; --json lists all of them"
    lines = []
    for decision in decisions[-_DECISIONS_SHOWN:]:
        at = numbers.moment(decision["at"])
        lines.append((_decided(decision["decision"]), at, decision["reason"] or ""))
    yield Pairs(lines, widths=_WIDTHS)


def _decided(decision: str) -> str:
    if decision in _DECIDED:
        return _DECIDED[decision]
    # The other decisions are "no-" and the name of a part.
    return decision.replace("-", " ", 1)
