"""Shows why records are one workout: what joined them, who gave which value, and where they
differ.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Any

from fitglue_registry.cli.layout import Heading, Pairs
from fitglue_registry.cli.text import joined, short_hashes
from fitglue_registry.model.stored import OpinionSource, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fitglue_registry.cli.layout import Document, Part

_APART_SHOWN = 8
_LONGEST = 40
#: Where records differ in these, nobody asks: they follow from others, or are too long for a line.
_FOLLOWS = frozenset(
    {
        "start_local",
        "sport_raw",
        "laps",
        "sets",
        "time_markers",
        "streams",
    }
)
#: What differs by less than a thousandth was rounded in another way.
_ROUNDED = 1e-3
_CERTAIN = 0.999
_REST = "everything else"
_PERSON = {OpinionSource.PERSON: "you", OpinionSource.PERSON_OF_A_COPY: "you, of a copy"}


def match_report(story: Document) -> Iterator[Part]:
    """Yield the parts of ``fitglue why`` about several records: joined, apart, values, differences;
    nothing for a record alone.
    """
    names = _names(story["records"])
    if story["same_because"]:
        yield ""
        yield Heading("One workout because")
        yield Pairs(_joined(story["same_because"], names))
    if story["apart_from"]:
        yield from _apart(story["apart_from"], names)
    givers = set(story["values_from"].values())
    if len(givers) > 1:
        yield ""
        yield Heading("Values from")
        yield Pairs(_given(story["values_from"], names), widths=(16,))
    differences = list(_differences(story["alternatives"], names))
    if differences:
        yield ""
        yield Heading("Where they differ", "first what was taken")
        yield Pairs(differences, widths=(22,))


def _names(records: Sequence[Document]) -> dict[str, str]:
    """Record → its connection's name, where that is enough to tell it."""
    occurrences = Counter(record["connection"] for record in records)
    names = {}
    for record in records:
        connection = record["connection"]
        if occurrences[connection] == 1:
            names[f"{connection}/{record['external_id']}"] = connection
    return names


def _pair_names(opinion: Document, names: dict[str, str]) -> list[str]:
    return [_name(record, names) for record in opinion["pair"]]


def _name(record: str, names: dict[str, str]) -> str:
    return names.get(record) or short_hashes(record)


def _apart(opinions: Sequence[Document], names: dict[str, str]) -> Iterator[Part]:
    lines = []
    for opinion in opinions[:_APART_SHOWN]:
        activity = opinion["activity"] or "–"
        pair = " and ".join(_pair_names(opinion, names))
        text = f"{activity}: {pair}: {_reason(opinion)}"
        lines.append((opinion["verdict"], text))
    yield ""
    yield Heading("Another workout, or asked about")
    yield Pairs(lines)
    more = len(opinions) - _APART_SHOWN
    if more > 0:
        yield f"  … {more} more; --json has all"


def _joined(opinions: Sequence[Document], names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """One line for each reason, with the pairs it was given for: copies of one file say the same of
    a third.

    That a pair was asked about is told no more once something else has said that it is one.
    """
    settled = set()
    for opinion in opinions:
        if opinion["verdict"] == Verdict.SAME:
            settled.add(frozenset(opinion["pair"]))
    groups: dict[tuple[str, str], list[list[str]]] = {}
    for opinion in opinions:
        verdict = opinion["verdict"]
        if verdict == Verdict.ASK and frozenset(opinion["pair"]) in settled:
            continue
        pairs = groups.setdefault((verdict, _reason(opinion)), [])
        pairs.append(_pair_names(opinion, names))
    for (verdict, reason), pairs in groups.items():
        yield verdict, f"{_together(pairs)}: {reason}"


def _together(pairs: list[list[str]]) -> str:
    """Pairs of names; where all of them have one in common, that one is named once."""
    common = set(pairs[0]).intersection(*pairs[1:])
    if len(pairs) == 1 or not common:
        return "; ".join(map(" and ".join, pairs))
    shared = min(common)
    others = dict.fromkeys(chain.from_iterable(pairs))
    del others[shared]
    return f"{shared} and {joined(others)}"


def _reason(opinion: Document) -> str:
    giver = opinion["said_by"]
    who = f"{_PERSON.get(giver, giver)}{_likely(opinion)}"
    return f"{short_hashes(opinion['reason'])} (said by {who})"


def _likely(opinion: Document) -> str:
    probability = opinion["probability"]
    if probability is None:
        return ""
    if probability <= _CERTAIN:
        return f", {probability:.1%} likely"
    if opinion["verdict"] == Verdict.ASK:
        # Every figure says one workout, and the pair is asked about for what it would lose: to call
        # that certain would puzzle.
        return ""
    return ", over 99.9% likely"


def _given(values_from: dict[str, str], names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Giver → the fields that it gives; what lies deep down is counted."""
    fields_by_giver: dict[str, list[str]] = {}
    for field, giver in values_from.items():
        fields_by_giver.setdefault(giver, []).append(field)
    for giver, fields in fields_by_giver.items():
        yield _name(giver, names), ", ".join(_counted(fields))


def _counted(fields: Sequence[str]) -> Iterator[str]:
    deep: Counter[str] = Counter()
    for field in fields:
        group, dot, _ = field.partition(".")
        if dot:
            deep[group] += 1
        elif field != _REST:
            yield field
    for group, number in deep.items():
        yield f"{number} {group}"
    if _REST in fields:
        yield _REST


def _differences(
    alternatives: Iterable[Document], names: dict[str, str]
) -> Iterator[tuple[str, str]]:
    for field in alternatives:
        others = _others(field, names)
        if field["value"] is None or not others or field["field"] in _FOLLOWS:
            continue
        taken = _brief(field["value"])
        givers = {taken: [_name(field["from"], names)], **others}
        values = [f"{value} ({', '.join(who)})" for value, who in givers.items()]
        yield field["field"], "; ".join(values)


def _others(field: Document, names: dict[str, str]) -> dict[str, list[str]]:
    """Another value → who gives it."""
    others: dict[str, list[str]] = {}
    for other in field["others"]:
        if not _alike(field["value"], other["value"]):
            givers = others.setdefault(_brief(other["value"]), [])
            givers.append(_name(other["from"], names))
    return others


def _alike(value: Any, other: Any) -> bool:
    if isinstance(value, int | float) and isinstance(other, int | float):
        larger = max(abs(value), abs(other))
        return abs(value - other) <= _ROUNDED * larger
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
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}…"
