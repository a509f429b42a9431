"""Prints why records are one workout: the reasons, the source of each value, the differences."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Any

from fitglue_registry.cli.layout import Hanging, Heading, Pairs
from fitglue_registry.cli.text import joined, short_hashes
from fitglue_registry.model.stored import OpinionSource, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fitglue_registry.cli.layout import Document, Part

_APART_SHOWN = 8
_LONGEST = 40
#: Fields whose differences are not printed: they follow from other fields, or are too long for a
#: line.
_NOT_COMPARED = frozenset(
    {
        "start_local",
        "sport_raw",
        "laps",
        "sets",
        "time_markers",
        "streams",
    }
)
#: Values that differ by less than this share are the same value, rounded differently.
_ROUNDED = 1e-3
#: A probability above this is printed as "over 99.9%", so that nothing is shown as 100.0%.
_CERTAIN = 0.999
_OTHER_FIELDS = "everything else"
_VERDICTS: dict[str, str] = {Verdict.ASK: "unsure"}
_OPINION_SOURCES: dict[str, str] = {
    OpinionSource.PERSON: "your decision",
    OpinionSource.PERSON_OF_A_COPY: "your decision about a copy",
    OpinionSource.DELIVERY: "by its delivery",
}


def match_report(story: Document) -> Iterator[Part]:
    """Yield the parts of ``fitglue why`` that compare the records of an activity.

    Args:
        story: What ``services.why`` returned for an activity.

    Yields:
        Why the records are one workout, which records were kept apart, where the values come from,
        where the records differ, how the athlete cropped the workout at a service, which values
        were corrected, and what is missing or in doubt. A section without content is left out, so
        usually nothing is yielded for an activity with only one record.
    """
    names = _names(story["records"])
    if story["same_because"]:
        yield ""
        yield Heading("One workout because")
        yield Pairs(_joined(story["same_because"], names))
    if story["apart_from"]:
        yield from _apart(story["apart_from"], names)
    suppliers = set(story["values_from"].values())
    if len(suppliers) > 1:
        yield ""
        yield Heading("Values from")
        # The name of a booster is longer than that of most connections.
        width = 16 if not story["boosters"] else 22
        yield Pairs(_supplied(story["values_from"], names), widths=(width,))
    differences = list(_differences(story["alternatives"], names))
    if differences:
        yield ""
        yield Heading("Where they differ", "the value in use comes first")
        yield Pairs(differences, widths=(22,))
    if story["crop"]:
        yield from _crop(story["crop"])
    for booster in story["boosters"]:
        yield from _booster(booster)
    remarks = list(_remarks(story))
    if remarks:
        yield ""
        yield Heading("Remarks about values")
        yield Pairs(remarks, widths=(22,))
    doubts = list(_doubts(story, names))
    if doubts:
        yield ""
        yield Heading("Missing or in doubt")
        yield from doubts


def _crop(crop: Document) -> Iterator[Part]:
    """Yield what a crop kept beside what the file has, and the command that changes that."""
    lines = []
    for values in crop["values"]:
        cropped = _brief(values["cropped"])
        whole = _brief(values["whole"])
        in_use = (cropped, whole) if crop["applied"] else (whole, cropped)
        other = "the file has" if crop["applied"] else "cropped to"
        lines.append((values["field"], f"{in_use[0]}; {other} {in_use[1]}"))
    if crop["left_out"] and crop["applied"]:
        left_out = [f"{each['field']} ({_brief(each['whole'])})" for each in crop["left_out"]]
        lines.append(("left out", ", ".join(left_out)))
    if crop["change"]:
        lines.append(("to undo" if crop["applied"] else "to crop again", crop["change"]))
    else:
        lines.append(("to compare and undo", "fitglue rebuild"))
    yield ""
    yield Heading("Cropped at the service", "" if crop["applied"] else "undone by you")
    yield Pairs(lines, widths=(22,))


def _remarks(story: Document) -> Iterator[tuple[str, str]]:
    """Yield field and remark, without the fields that the section about the crop compares.

    Fields with the same remark, such as all averages of a file, share a line at the end.
    """
    compared = set()
    if story["crop"]:
        compared = {values["field"] for values in story["crop"]["values"]}
    fields_by_note: dict[str, list[str]] = {}
    for remark in story["remarks"]:
        if remark["field"] not in compared:
            fields_by_note.setdefault(remark["note"], []).append(remark["field"])
    for note, fields in sorted(fields_by_note.items(), key=_has_several_fields):
        if len(fields) == 1:
            yield fields[0], note
        else:
            yield f"{len(fields)} values", f"{note}: {', '.join(fields)}"


def _doubts(story: Document, names: dict[str, str]) -> Iterator[Part]:
    """Yield what is in doubt and why, with the name of the record if there are several.

    What a remark about a value says in the same words is not said again.
    """
    several = len(story["records"]) > 1
    said = {remark["note"] for remark in story["remarks"]}
    for doubt in story["doubts"]:
        if doubt["reason"] in said:
            continue
        by = f" ({_name(doubt['from'], names)})" if several else ""
        # A key names what is missing ("use of all points"), is in doubt ("consistent laps"), or was
        # left out ("repeated samples"), so no word in front of it would fit all of them.
        yield Hanging("·", f"{doubt['what']}: {short_hashes(doubt['reason'])}{by}")


def _has_several_fields(remark: tuple[str, list[str]]) -> bool:
    _, fields = remark
    return len(fields) > 1


def _names(records: Sequence[Document]) -> dict[str, str]:
    """Return record → connection name, for each record that is the only one of its connection."""
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
        lines.append((_verdict(opinion["verdict"]), text))
    yield ""
    yield Heading("Different workouts, or undecided")
    yield Pairs(lines)
    more = len(opinions) - _APART_SHOWN
    if more > 0:
        yield f"  … {more} more; --json lists all of them"


def _joined(opinions: Sequence[Document], names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield verdict and text, one line for each reason, with all pairs that it was given for.

    Copies of one file are joined to a third record for the same reason, which is printed once. An
    opinion that was unsure is left out if another opinion settled the same pair.
    """
    settled = set()
    for opinion in opinions:
        if opinion["verdict"] == Verdict.SAME:
            settled.add(frozenset(opinion["pair"]))
    # A dict keeps the order of the first opinions, which begin with the athlete's decisions.
    groups: dict[tuple[str, str], list[list[str]]] = {}
    for opinion in opinions:
        verdict = opinion["verdict"]
        if verdict == Verdict.ASK and frozenset(opinion["pair"]) in settled:
            continue
        pairs = groups.setdefault((verdict, _reason(opinion)), [])
        pairs.append(_pair_names(opinion, names))
    for (verdict, reason), pairs in groups.items():
        yield _verdict(verdict), f"{_together(pairs)}: {reason}"


def _together(pairs: list[list[str]]) -> str:
    """Return the pairs as text; a name that all pairs have in common is printed once."""
    common = set(pairs[0]).intersection(*pairs[1:])
    if len(pairs) == 1 or not common:
        return "; ".join(map(" and ".join, pairs))
    # Any common name will do; the smallest makes the output stable.
    shared = min(common)
    others = dict.fromkeys(chain.from_iterable(pairs))
    del others[shared]
    return f"{shared} and {joined(others)}"


def _verdict(verdict: str) -> str:
    return _VERDICTS.get(verdict, verdict)


def _reason(opinion: Document) -> str:
    source = opinion["said_by"]
    origin = f"{_OPINION_SOURCES.get(source, source)}{_likely(opinion)}"
    return f"{short_hashes(opinion['reason'])} ({origin})"


def _likely(opinion: Document) -> str:
    probability = opinion["probability"]
    if probability is None:
        return ""
    if probability <= _CERTAIN:
        return f", {probability:.1%} likely"
    if opinion["verdict"] == Verdict.ASK:
        # All values match, but joining the pair would lose something, so the athlete is asked. A
        # probability of nearly 100 % beside a question would be confusing.
        return ""
    return ", over 99.9% likely"


def _booster(booster: Document) -> Iterator[Part]:
    """Yield what a booster said about the activity: its method, its values and its notes."""
    method = booster["method"] or "nothing was computed"
    yield ""
    yield Heading("Booster", f"{booster['booster']}: {method}")
    for name, value in booster["values"].items():
        yield f"  {name} {value:g} ({booster['how']})" if isinstance(value, float) else f"  {name}"
    for note in booster["notes"]:
        yield Hanging("  ·", note, indent=4)


def _supplied(values_from: dict[str, str], names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield record → the fields whose values it supplies; nested fields are counted."""
    fields_by_supplier: dict[str, list[str]] = {}
    for field, supplier in values_from.items():
        fields_by_supplier.setdefault(supplier, []).append(field)
    # The record that supplies "everything else" comes last, after the fields that it does not.
    for supplier, fields in sorted(fields_by_supplier.items(), key=_has_other_fields):
        yield _name(supplier, names), ", ".join(_counted(fields))


def _has_other_fields(supplied: tuple[str, list[str]]) -> bool:
    _, fields = supplied
    return _OTHER_FIELDS in fields


def _counted(fields: Sequence[str]) -> Iterator[str]:
    deep: Counter[str] = Counter()
    for field in fields:
        group, dot, _ = field.partition(".")
        if dot:
            deep[group] += 1
        elif field != _OTHER_FIELDS:
            yield field
    for group, number in deep.items():
        yield f"{number} {group}"
    if _OTHER_FIELDS in fields:
        yield _OTHER_FIELDS


def _differences(
    alternatives: Iterable[Document], names: dict[str, str]
) -> Iterator[tuple[str, str]]:
    for field in alternatives:
        others = _others(field, names)
        if field["value"] is None or not others or field["field"] in _NOT_COMPARED:
            continue
        in_use = _brief(field["value"])
        records_by_value = {in_use: [_name(field["from"], names)], **others}
        values = [f"{value} ({', '.join(records)})" for value, records in records_by_value.items()]
        yield field["field"], "; ".join(values)


def _others(field: Document, names: dict[str, str]) -> dict[str, list[str]]:
    """Return each value that differs from the one in use → the names of its records."""
    others: dict[str, list[str]] = {}
    for other in field["others"]:
        if not _alike(field["value"], other["value"]):
            records = others.setdefault(_brief(other["value"]), [])
            records.append(_name(other["from"], names))
    return others


def _alike(value: Any, other: Any) -> bool:
    # Services round differently: one reports 10,003 m and the other 10.0 km.
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
        return f"{len(value)} values"
    if isinstance(value, dict):
        value = value.get("name") or ", ".join(map(str, value.values()))
    text = str(value)
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}…"
