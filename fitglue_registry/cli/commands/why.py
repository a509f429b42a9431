"""``fitglue why``: the story of a workout, stage by stage, also of one that is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli.command import Command, json_option
from fitglue_registry.cli.face import Face, pass_face

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

_DECISIONS_SHOWN, _APART_SHOWN = 12, 8
_LONGEST = 60


@click.command(cls=Command, examples=("fitglue why last", "fitglue why 2026-05-01", "fitglue why strava:123456789"))
@click.argument("reference", metavar="REF")
@json_option()
@pass_face
def command(face: Face, *, reference: str) -> None:
    """Tell what became of the workout REF: when it came, what was made of it, where it stopped, or why it is not there.

    REF is a number, `last`, a date, an id at the source, or any identity such as strava:123.
    """
    story = face.host.why(reference)
    if face.as_json:
        face.document(story)
    else:
        face.show(*_head(story))
        for record in story["records"]:
            face.show(*_record(record))
        face.show(*_evidence(story))


def _head(story: dict[str, Any]) -> Iterator[RenderableType]:
    from fitglue_registry.cli.table import hanging, heading

    activity = story["activity"]
    name = f"{activity['number']}  {activity['title'] or 'untitled'}" if activity else story["reference"]
    yield heading(name, story["verdict"] if activity else "")
    if not activity:
        yield hanging("·", story["verdict"])
    if story.get("fix"):
        yield hanging("→", story["fix"], indent=4)


def _record(record: dict[str, Any]) -> Iterator[RenderableType]:
    from fitglue_registry.cli import numbers
    from fitglue_registry.cli.table import heading, pairs

    yield ""
    yield heading(f"{record['connection']}/{record['external_id']}", record["state"])
    yield pairs([(hop["hop"], numbers.moment(hop["at"]), f"{numbers.span(hop['took_s'])} later" if hop["took_s"] is not None else "")
                 for hop in record["hops"]], widths=(21, 16))
    parts = sorted(record["parts"], key=lambda part: _ORDER.index(part["part"]) if part["part"] in _ORDER else len(_ORDER))
    yield pairs([(f"{part['part']} {_PARTS.get(part['state'], part['state'])}", numbers.moment(part["received_at"]), _part(part))
                 for part in parts], widths=(21, 16))
    yield pairs([("understood", numbers.moment(one["normalized_at"]),
                  f"by {one['plugin']} {one['plugin_version'] or ''}{' as a stub' if one['stub'] else ''}")
                 for one in record["source_activities"]], widths=(21, 16))
    if record["quarantine"]:
        yield pairs([("in quarantine", numbers.moment(record["quarantine"]["since"]), record["quarantine"]["what"])], widths=(21, 16))
    claims = [claim for one in record["source_activities"] for claim in one["claims"]]
    yield pairs([("known as", ", ".join(claims))]) if claims else ""
    yield from _decisions(record["decisions"])


_PARTS = {"have": "received", "none": "not there", "wanted": "waited for", "failed": "given up"}
_ORDER = ("summary", "detail", "streams", "file")


def _part(part: dict[str, Any]) -> str:
    from fitglue_registry.cli import numbers

    said = f"{part['code']}: {part['reason']}" if part["code"] else part["reason"] or ""
    return ", ".join(word for word in (numbers.size(part["bytes"]), said) if word)


def _decisions(decisions: list[dict[str, Any]]) -> Iterator[RenderableType]:
    from fitglue_registry.cli import numbers
    from fitglue_registry.cli.table import pairs

    shown = decisions[-_DECISIONS_SHOWN:]
    if len(shown) < len(decisions):
        yield f"  … {len(decisions) - len(shown)} older decisions; --json has all"
    yield pairs([(f"decided: {one['decision']}", numbers.moment(one["at"]), one["reason"] or "") for one in shown], widths=(21, 16))


def _evidence(story: dict[str, Any]) -> Iterator[RenderableType]:
    from fitglue_registry.cli.table import heading, pairs

    if story["same_because"]:
        yield ""
        yield heading("One workout because")
        yield pairs([(one["verdict"], _said(one)) for one in story["same_because"]])
    if story["apart_from"]:
        yield ""
        yield heading("Another workout, or asked about")
        shown = story["apart_from"][:_APART_SHOWN]
        yield pairs([(one["verdict"], f"{one['activity'] or '–'}: {_said(one)}") for one in shown])
        if len(shown) < len(story["apart_from"]):
            yield f"  … {len(story['apart_from']) - len(shown)} more; --json has all"
    if len(story["values_from"]) > 1:
        yield ""
        yield heading("Values from")
        others = {one["field"]: one for one in story["alternatives"]}
        named = {**story["values_from"], **{field: one["from"] for field, one in others.items()}}
        yield pairs([(field, giver, _others(others.get(field))) for field, giver in sorted(named.items(), key=lambda one: one[0])])


def _said(one: dict[str, Any]) -> str:
    who = {"person": "you", "person, of a copy": "you, of a copy"}.get(one["said_by"], one["said_by"])
    likely = "" if one["probability"] is None else f", {one['probability']:.1%} likely"
    return f"{' and '.join(one['pair'])}: {one['reason']} (said by {who}{likely})"


def _others(one: dict[str, Any] | None) -> str:
    """What the other sources say of a field."""
    return "; ".join(f"{other['from']} says {_brief(other['value'])}" for other in one["others"]) if one else ""


def _brief(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) if all(isinstance(part, str) for part in value) else f"{len(value)} of them"
    if isinstance(value, dict):
        return ", ".join(str(part) for part in value.values())
    return str(value) if len(str(value)) <= _LONGEST else f"{str(value)[:_LONGEST]}…"
