"""Shows why records are one workout: what joined them, who gave which value, and where they
differ.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

_APART_SHOWN = 8
_LONGEST = 40
#: Where records differ in these, nobody asks: they follow from others, or are too long for a line.
_FOLLOWS = frozenset({"start_local", "sport_raw", "laps", "sets", "time_markers", "streams"})
#: What differs by less than a thousandth was rounded in another way.
_ROUNDED = 1e-3
_CERTAIN = 0.999


def grounds(story: dict[str, Any]) -> Iterator[RenderableType]:
    """The lines of ``fitglue why`` about several records: joined, apart, values, differences;
    nothing for a record alone.
    """
    from fitglue_registry.cli.table import heading, pairs

    names = _names(story)
    if story["same_because"]:
        yield ""
        yield heading("One workout because")
        yield pairs([(verdict, text) for verdict, text in _joined(story["same_because"], names)])
    if story["apart_from"]:
        yield ""
        yield heading("Another workout, or asked about")
        shown = story["apart_from"][:_APART_SHOWN]
        yield pairs(
            [
                (
                    one["verdict"],
                    f"{one['activity'] or '–'}: {' and '.join(_named(one, names))}: {_said(one)}",
                )
                for one in shown
            ]
        )
        if len(shown) < len(story["apart_from"]):
            yield f"  … {len(story['apart_from']) - len(shown)} more; --json has all"
    if len(set(story["values_from"].values())) > 1:
        yield ""
        yield heading("Values from")
        yield pairs(
            [(giver, text) for giver, text in _given(story["values_from"], names)], widths=(16,)
        )
    differ = list(_differences(story, names))
    if differ:
        yield ""
        yield heading("Where they differ", "first what was taken")
        yield pairs(differ, widths=(22,))


def _names(story: dict[str, Any]) -> dict[str, str]:
    """Record → its connection's name, where that is enough to tell it."""
    records = [(record["connection"], record["external_id"]) for record in story["records"]]
    often = Counter(connection for connection, _ in records)
    return {
        f"{connection}/{external_id}": connection
        for connection, external_id in records
        if often[connection] == 1
    }


def _named(one: dict[str, Any], names: dict[str, str]) -> list[str]:
    return [_name(record, names) for record in one["pair"]]


def _name(record: str, names: dict[str, str]) -> str:
    from fitglue_registry.cli.text import short_hashes

    return names.get(record) or short_hashes(record)


def _joined(said: list[dict[str, Any]], names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """One line for each reason, with the pairs it was given for: copies of one file say the same of
    a third.

    That a pair was asked about is told no more once something else has said that it is one.
    """
    settled = {frozenset(one["pair"]) for one in said if one["verdict"] == "same"}
    groups: dict[tuple[str, str], list[list[str]]] = {}
    for one in said:
        if one["verdict"] == "ask" and frozenset(one["pair"]) in settled:
            continue
        groups.setdefault((one["verdict"], _said(one)), []).append(_named(one, names))
    for (verdict, text), group in groups.items():
        yield verdict, f"{_together(group)}: {text}"


def _together(group: list[list[str]]) -> str:
    from fitglue_registry.cli.text import joined

    common = set(group[0]).intersection(*group[1:])
    if len(group) == 1 or not common:
        return "; ".join(" and ".join(pair) for pair in group)
    one = min(common)
    return (
        f"{one} and {joined(dict.fromkeys(name for pair in group for name in pair if name != one))}"
    )


def _said(one: dict[str, Any]) -> str:
    from fitglue_registry.cli.text import short_hashes

    who = {"person": "you", "person, of a copy": "you, of a copy"}.get(
        one["said_by"], one["said_by"]
    )
    # A pair of which every figure says one workout is asked about for what it would lose: to call
    # that certain would puzzle.
    probability = (
        None
        if one["verdict"] == "ask" and (one["probability"] or 0) > _CERTAIN
        else one["probability"]
    )
    likely = (
        ""
        if probability is None
        else f", {probability:.1%} likely"
        if probability <= _CERTAIN
        else ", over 99.9% likely"
    )
    return f"{short_hashes(one['reason'])} (said by {who}{likely})"


def _given(values_from: dict[str, str], names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Giver → the fields that it gives; what lies deep down is counted."""
    for giver in dict.fromkeys(values_from.values()):
        fields = [
            field
            for field, name in values_from.items()
            if name == giver and field != "everything else"
        ]
        deep = Counter(field.partition(".")[0] for field in fields if "." in field)
        rest = ["everything else"] if values_from.get("everything else") == giver else []
        counted = [f"{number} {name}" for name, number in deep.items()]
        yield (
            _name(giver, names),
            ", ".join([*(field for field in fields if "." not in field), *counted, *rest]),
        )


def _differences(story: dict[str, Any], names: dict[str, str]) -> Iterator[tuple[str, str]]:
    for one in story["alternatives"]:
        others: dict[str, list[str]] = {}
        for other in one["others"]:
            if not _alike(one["value"], other["value"]):
                others.setdefault(_brief(other["value"]), []).append(_name(other["from"], names))
        if one["value"] is not None and others and one["field"] not in _FOLLOWS:
            said = {_brief(one["value"]): [_name(one["from"], names)], **others}
            yield (
                one["field"],
                "; ".join(f"{value} ({', '.join(who)})" for value, who in said.items()),
            )


def _alike(one: Any, other: Any) -> bool:
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    return (
        abs(one - other) <= _ROUNDED * max(abs(one), abs(other)) if numbers else bool(one == other)
    )


def _brief(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return f"{len(value)} of them"
    if isinstance(value, dict):
        value = value.get("name") or ", ".join(str(part) for part in value.values())
    return str(value) if len(str(value)) <= _LONGEST else f"{str(value)[:_LONGEST]}…"
