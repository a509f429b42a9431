"""``fitglue why``: the story of a workout, stage by stage, also of one that is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli.command import Command, json_option
from fitglue_registry.cli.context import CliContext, pass_cli

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

_DECISIONS_SHOWN = 12


@click.command(
    cls=Command,
    examples=("fitglue why last", "fitglue why 2026-05-01", "fitglue why strava:123456789"),
)
@click.argument("reference", metavar="REF")
@json_option()
@pass_cli
def command(cli: CliContext, *, reference: str) -> None:
    """Tell what became of the workout REF: when it came, what was made of it, where it stopped, or
    why it is not there.

    REF is a number, `last`, a date, an id at the source, or any identity such as strava:123.
    """
    from fitglue_registry.cli.match_report import grounds

    story = cli.host.why(reference)
    if cli.as_json:
        cli.document(story)
    else:
        # What joined the records of several sources comes first, then each of them in brief.
        several = len(story["records"]) > 1
        cli.show(
            *_head(story),
            *grounds(story),
            *(line for record in story["records"] for line in _record(record, brief=several)),
        )


def _head(story: dict[str, Any]) -> Iterator[RenderableType]:
    from fitglue_registry.cli.table import hanging, heading

    activity = story["activity"]
    name = (
        f"{activity['number']}  {activity['title'] or 'untitled'}"
        if activity
        else story["reference"]
    )
    yield heading(name, story["verdict"] if activity else "")
    if not activity:
        yield hanging("·", story["verdict"])
    if story.get("fix"):
        yield hanging("→", story["fix"], indent=4)


def _record(record: dict[str, Any], *, brief: bool) -> Iterator[RenderableType]:
    from fitglue_registry.cli.table import heading, pairs
    from fitglue_registry.cli.text import short_hashes, short_id

    yield ""
    yield heading(f"{record['connection']}/{short_id(record['external_id'])}", record["state"])
    yield pairs(list(_brief_stages(record) if brief else _stages(record)), widths=(21, 16))
    if record["quarantine"]:
        yield pairs(
            [
                (
                    "in quarantine",
                    _moment(record["quarantine"]["since"]),
                    record["quarantine"]["what"],
                )
            ],
            widths=(21, 16),
        )
    claims = [short_hashes(claim) for one in record["source_activities"] for claim in one["claims"]]
    yield pairs([("known as", ", ".join(claims))]) if claims else ""
    if not brief or [one["decision"] for one in record["decisions"]] != ["new"]:
        yield from _decisions(record["decisions"])


def _stages(record: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for hop in record["hops"]:
        yield _hop(hop)
    for part in sorted(
        record["parts"],
        key=lambda part: _ORDER.index(part["part"]) if part["part"] in _ORDER else len(_ORDER),
    ):
        yield (
            f"{part['part']} {_PARTS.get(part['state'], part['state'])}",
            _moment(part["received_at"]),
            _part(part),
        )
    for one in record["source_activities"]:
        yield (
            "understood",
            _moment(one["normalized_at"]),
            (
                f"by {one['plugin']} "
                f"{one['plugin_version'] or ''}{' as a stub' if one['stub'] else ''}"
            ),
        )


def _brief_stages(record: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """When it came and of what it was made; all that went another way than well."""
    yield from map(_hop, record["hops"][-1:])
    have = {
        part["part"]: part["received_at"] for part in record["parts"] if part["state"] == "have"
    }
    if have:
        yield (
            "received",
            _moment(max(have.values())),
            ", ".join(dict.fromkeys(name for name in (*_ORDER, *have) if name in have)),
        )
    for part in record["parts"]:
        if part["state"] not in ("have", "none"):
            yield (
                f"{part['part']} {_PARTS.get(part['state'], part['state'])}",
                _moment(part["received_at"]),
                _part(part),
            )


def _hop(hop: dict[str, Any]) -> tuple[str, str, str]:
    from fitglue_registry.cli import numbers

    return (
        hop["hop"],
        _moment(hop["at"]),
        f"{numbers.span(hop['took_s'])} later" if hop["took_s"] is not None else "",
    )


def _moment(at: str | None) -> str:
    from fitglue_registry.cli import numbers

    return numbers.moment(at)


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
    yield pairs(
        [
            (f"decided: {one['decision']}", numbers.moment(one["at"]), one["reason"] or "")
            for one in shown
        ],
        widths=(21, 16),
    )
