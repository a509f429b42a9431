"""Shows why records are one workout: what joined them, who gave which value, and where they
differ.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from fitglue_registry.cli.layout import Heading, Pairs
from fitglue_registry.cli.text import joined, short_hashes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fitglue_registry.cli.layout import Part

_APART_SHOWN = 8
_LONGEST = 40
#: Where records differ in these, nobody asks: they follow from others, or are too long for a line.
_FOLLOWS = frozenset({"start_local", "sport_raw", "laps", "sets", "time_markers", "streams"})
#: What differs by less than a thousandth was rounded in another way.
_ROUNDED = 1e-3
_CERTAIN = 0.999
_REST = "everything else"
_PERSON = {"person": "you", "person, of a copy": "you, of a copy"}


def match_report(story: dict[str, Any]) -> Iterator[Part]:
    """Yield the parts of ``fitglue why`` about several records: joined, apart, values, differences;
    nothing for a record alone.
    """
    names = _names(story["records"])
    if story["same_because"]:
        yield ""
        yield Heading("One workout because")
        yield Pairs(list(_joined(story["same_because"], names)))
    if story["apart_from"]:
        yield from _apart(story["apart_from"], names)
    givers = set(story["values_from"].values())
    if len(givers) > 1:
        yield ""
        yield Heading("Values from")
        yield Pairs(list(_given(story["values_from"], names)), widths=(16,))
    differences = list(_differences(story["alternatives"], names))
    if differences:
        yield ""
        yield Heading("Where they differ", "first what was taken")
        yield Pairs(differences, widths=(22,))


def _names(records: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Record → its connection's name, where that is enough to tell it."""
    occurrences = Counter(record["connection"] for record in records)
    names = {}
    for record in records:
        connection = record["connection"]
        if occurrences[connection] == 1:
            names[f"{connection}/{record['external_id']}"] = connection
    return names


def _pair_names(opinion: dict[str, Any], names: dict[str, str]) -> list[str]:
    return [_name(record, names) for record in opinion["pair"]]


def _name(record: str, names: dict[str, str]) -> str:
    return names.get(record) or short_hashes(record)


def _apart(opinions: Sequence[dict[str, Any]], names: dict[str, str]) -> Iterator[Part]:
    lines = []
    for opinion in opinions[:_APART_SHOWN]:
        pair = " and ".join(_pair_names(opinion, names))
        activity = opinion["activity"] or "–"
        lines.append((opinion["verdict"], f"{activity}: {pair}: {_reason(opinion)}"))
    yield ""
    yield Heading("Another workout, or asked about")
    yield Pairs(lines)
    more = len(opinions) - _APART_SHOWN
    if more > 0:
        yield f"  … {more} more; --json has all"


def _joined(opinions: Iterable[dict[str, Any]], names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """One line for each reason, with the pairs it was given for: copies of one file say the same of
    a third.

    That a pair was asked about is told no more once something else has said that it is one.
    """
    settled = {frozenset(opinion["pair"]) for opinion in opinions if opinion["verdict"] == "same"}
    groups: dict[tuple[str, str], list[list[str]]] = {}
    for opinion in opinions:
        if opinion["verdict"] == "ask" and frozenset(opinion["pair"]) in settled:
            continue
        key = (opinion["verdict"], _reason(opinion))
        groups.setdefault(key, []).append(_pair_names(opinion, names))
    for (verdict, reason), pairs in groups.items():
        yield verdict, f"{_together(pairs)}: {reason}"


def _together(pairs: list[list[str]]) -> str:
    """Pairs of names; where all of them have one in common, that one is named once."""
    common = set(pairs[0]).intersection(*pairs[1:])
    if len(pairs) == 1 or not common:
        return "; ".join(" and ".join(pair) for pair in pairs)
    shared = min(common)
    others: dict[str, None] = {}
    for pair in pairs:
        others |= dict.fromkeys(name for name in pair if name != shared)
    return f"{shared} and {joined(others)}"


def _reason(opinion: dict[str, Any]) -> str:
    giver = opinion["said_by"]
    who = f"{_PERSON.get(giver, giver)}{_likely(opinion)}"
    return f"{short_hashes(opinion['reason'])} (said by {who})"


def _likely(opinion: dict[str, Any]) -> str:
    probability = opinion["probability"]
    if probability is None:
        return ""
    if probability <= _CERTAIN:
        return f", {probability:.1%} likely"
    # A pair of which every figure says one workout is asked about for what it would lose: to call
    # that certain would puzzle.
    return "" if opinion["verdict"] == "ask" else ", over 99.9% likely"


def _given(values_from: dict[str, str], names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Giver → the fields that it gives; what lies deep down is counted."""
    fields_by_giver: dict[str, list[str]] = {}
    for field, giver in values_from.items():
        fields_by_giver.setdefault(giver, []).append(field)
    for giver, fields in fields_by_giver.items():
        deep = Counter(field.partition(".")[0] for field in fields if "." in field)
        listed = [field for field in fields if "." not in field and field != _REST]
        listed += [f"{number} {field}" for field, number in deep.items()]
        if _REST in fields:
            listed.append(_REST)
        yield _name(giver, names), ", ".join(listed)


def _differences(
    alternatives: Iterable[dict[str, Any]], names: dict[str, str]
) -> Iterator[tuple[str, str]]:
    for field in alternatives:
        others = _others(field, names)
        if field["value"] is None or not others or field["field"] in _FOLLOWS:
            continue
        givers = {_brief(field["value"]): [_name(field["from"], names)], **others}
        yield (
            field["field"],
            "; ".join(f"{value} ({', '.join(who)})" for value, who in givers.items()),
        )


def _others(field: dict[str, Any], names: dict[str, str]) -> dict[str, list[str]]:
    """Another value → who gives it."""
    others: dict[str, list[str]] = {}
    for other in field["others"]:
        if not _alike(field["value"], other["value"]):
            givers = others.setdefault(_brief(other["value"]), [])
            givers.append(_name(other["from"], names))
    return others


def _alike(value: Any, other: Any) -> bool:
    if isinstance(value, int | float) and isinstance(other, int | float):
        return abs(value - other) <= _ROUNDED * max(abs(value), abs(other))
    return bool(value == other)


def _brief(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return f"{len(value)} of them"
    if isinstance(value, dict):
        value = value.get("name") or ", ".join(map(str, value.values()))
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
