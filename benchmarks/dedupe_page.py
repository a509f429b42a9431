"""Writes docs/dedupe.md and its plot from what ``dedupe.py`` measured; the words stand in
dedupe-words.md, the figures are never typed.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from page import formatted, table

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent / "docs"
WEIGHTS = HERE.parent / "fitglue_registry" / "dedupe" / "weights.toml"
Figures = dict[str, Any]

OURS = "**ours**"


def summary(results: Figures) -> str:
    """Return the main results in a few lines, for a terminal."""
    score = results["score"]
    whole = score["whole"]
    lines = [
        (
            f"precision {whole['precision']:.4f}, recall {whole['recall']:.4f}, with those asked "
            f"about {whole['with_ask']:.4f}"
        ),
        (
            f"asked: {score['asked']} of {score['candidates']:,} candidate pairs "
            f"({score['asked'] / score['candidates']:.2%}), "
            f"{score['asked_a_year']:.2f} a person and year"
        ),
        (
            "wrong merges among same route, similar numbers, back to back: "
            f"{score['wrong_among_hard']}"
        ),
        (
            "people for whom the best rule of others does better: "
            f"{', '.join(score['worse_than_best_rival']) or 'none'}"
        ),
        *(f"  {kind}: {_share(row)}" for kind, row in score["kinds"].items()),
    ]
    return "\n".join([*lines, *_speed_lines(results)])


def _share(row: Figures) -> str:
    """Return the counts of a kind as text."""
    return ", ".join(f"{count} {what}" for what, count in row["counts"].items())


def _speed_lines(results: Figures) -> list[str]:
    """Return the speed in two lines, or no line if it was not measured."""
    speed = results.get("speed")
    if not speed:
        return []
    few, many = speed["from_nothing"]
    one_more = speed["one_more"]
    return [
        (
            f"{many['activities']:,} activities from nothing: {many['cpu_s']} s on one core "
            f"({few['activities']:,}: {few['cpu_s']} s)"
        ),
        (
            f"one more among {one_more['activities']:,}: {one_more['median_ms']} ms (median), "
            f"{one_more['largest_ms']} ms (largest of {one_more['rounds']})"
        ),
    ]


def write(results: Figures, docs: Path = DOCS) -> None:
    """Write the page and its plot."""
    words = (HERE / "dedupe-words.md").read_text("utf-8")
    sections = {
        "goals": _goals(results),
        "kinds": _kinds(results),
        "rivals": _rivals(results),
        "people": _people(results),
        "missed": _missed(results),
        "calibration": _calibration(results),
        "weights": _weights(),
    }
    for name, lines in sections.items():
        words = words.replace(f"{{{name}}}", "\n".join(lines))
    (docs / "dedupe.md").write_text(formatted(words), "utf-8")
    (docs / "dedupe-calibration.svg").write_text(_plot(results["score"]["calibration"]), "utf-8")
    print(f"written: {docs / 'dedupe.md'}")


def _percent(value: float) -> str:
    """Return a share in per cent."""
    return f"{value:.2%}".replace("%", " %")


def _goals(results: Figures) -> list[str]:
    """Return the table of goals, each with its value and whether it is met."""
    score, kinds = results["score"], results["score"]["kinds"]
    whole = score["whole"]
    devices = [kinds[kind] for kind in ("dual_device", "dual_device_no_gps") if kind in kinds]
    found = sum(_of(row, "found") for row in devices)
    total = sum(_of(row, "all") for row in devices)
    rows = [
        (
            "precision of *same*",
            "≥ 0.999",
            f"{whole['precision']:.4f}",
            whole["precision"] >= 0.999,
        ),
        ("recall of *same*", "≥ 0.99", f"{whole['recall']:.4f}", whole["recall"] >= 0.99),
        (
            "recall of *same* and *ask* together",
            "≥ 0.995",
            f"{whole['with_ask']:.4f}",
            whole["with_ask"] >= 0.995,
        ),
        (
            "people for whom the best rule of another product is better (F1 of *same*)",
            "none",
            ", ".join(score["worse_than_best_rival"]) or "none",
            not score["worse_than_best_rival"],
        ),
        *(
            _kind_goal(kinds, kind, text, least)
            for kind, text, least in (
                ("clock_shift", "clock shifts by whole hours found", 0.75),
                ("part", "cut and trimmed copies found", 0.95),
            )
            if kind in kinds
        ),
        (
            "pairs of two devices found",
            "≥ 0.98",
            f"{found}/{total} = {found / total:.3f}" if total else "–",
            not total or found / total >= 0.98,
        ),
        (
            "wrong merges among the kinds same_route, similar_numbers and back_to_back",
            "0",
            str(score["wrong_among_hard"]),
            score["wrong_among_hard"] == 0,
        ),
        (
            "share of candidate pairs that are *ask*",
            "≤ 1 %",
            _percent(score["asked"] / score["candidates"]),
            score["asked"] <= 0.01 * score["candidates"],
        ),
        (
            "questions per person and year",
            "≤ 2",
            f"{score['asked_a_year']:.2f}",
            score["asked_a_year"] <= 2,
        ),
        *_speed_goals(results),
    ]
    return table(
        ["property", "goal", "measured", "result"],
        [[what, goal, measured, _verdict(met)] for what, goal, measured, met in rows],
        words=4,
    )


def _verdict(met: bool) -> str:
    """Return whether a goal is met, as text."""
    return "met" if met else "**missed**"


def _of(row: Figures, what: str) -> int:
    """Return how many same pairs were found, or how many there are in all."""
    return sum(
        count
        for outcome, count in row["counts"].items()
        if outcome.startswith("same ") and (what == "all" or outcome.endswith(" same"))
    )


def _kind_goal(kinds: Figures, kind: str, text: str, least: float) -> tuple[str, str, str, bool]:
    """Return the goal that a share of the same pairs of a kind is found."""
    found, total = _of(kinds[kind], "found"), _of(kinds[kind], "all")
    return text, f"≥ {least}", f"{found}/{total} = {found / total:.3f}", found / total >= least


def _speed_goals(results: Figures) -> list[tuple[str, str, str, bool]]:
    """Return the goals about speed, or none if it was not measured."""
    if "speed" not in results:
        return []
    few, many = results["speed"]["from_nothing"]
    one_more, ratio = results["speed"]["one_more"], many["cpu_s"] / few["cpu_s"]
    return [
        (
            f"{many['activities']:,} activities of three accounts, from scratch on one core",
            "≤ 60 s",
            f"{many['cpu_s']} s",
            many["cpu_s"] <= 60,
        ),
        (
            f"time for ten times the activities, {few['activities']:,} to {many['activities']:,}",
            "≤ 15 × the time",
            f"{ratio:.1f} ×",
            ratio <= 15,
        ),
        (
            (
                f"one new activity among {one_more['activities']:,}, in SQLite, median of "
                f"{one_more['rounds']}"
            ),
            "≤ 10 ms",
            f"{one_more['median_ms']} ms",
            one_more["median_ms"] <= 10,
        ),
    ]


def _kinds(results: Figures) -> list[str]:
    """Return the table of the decisions about each kind of pair."""
    rows = []
    for kind, row in results["score"]["kinds"].items():
        counts = row["counts"]
        label = next(iter(counts)).split()[0]
        rows.append(
            [
                kind,
                label,
                *(
                    counts.get(f"{label} said {outcome}", 0)
                    for outcome in ("same", "ask", "different")
                ),
            ]
        )
    return table(["kind", "label", "same", "ask", "different"], rows, words=2)


def _rivals(results: Figures) -> list[str]:
    """Return the table that compares our matcher with the rules of other products."""
    score = results["score"]
    rows = [[OURS, *_rival_row(score["whole"])]]
    rows += [[name, *_rival_row(row)] for name, row in score["rivals"].items()]
    return table(["rule", "precision", "recall", "wrong merges", "missed"], rows)


def _rival_row(row: Figures) -> list[str]:
    """Return precision, recall, wrong merges and missed pairs of one rule."""
    wrong = row["counts"].get("different said same", 0)
    missed = sum(
        count
        for outcome, count in row["counts"].items()
        if outcome.startswith("same ") and not outcome.endswith(" same")
    )
    return [f"{row['precision']:.4f}", f"{row['recall']:.4f}", str(wrong), str(missed)]


def _people(results: Figures) -> list[str]:
    """Return the table of the results of each person."""
    rows = []
    for person, row in results["score"]["people"].items():
        counts = row["counts"]
        rows.append(
            [
                person,
                counts.get("same said same", 0),
                counts.get("same said ask", 0),
                counts.get("same said different", 0),
                counts.get("different said same", 0),
                f"{row['f1']:.4f}",
                f"{row['best_rival_f1']:.4f}",
                row["asked"],
                row["years"],
            ]
        )
    return table(
        [
            "person",
            "found",
            "asked",
            "missed",
            "wrong",
            "F1",
            "F1 of the best rule",
            "questions",
            "years",
        ],
        rows,
    )


def _missed(results: Figures) -> list[str]:
    """Return the table of all pairs that were decided differently from their labels."""
    rows = [
        [
            pair["person"],
            pair["kind"],
            pair["label"],
            pair["confidence"],
            pair["said"],
            pair["probability"],
            pair["lines"],
        ]
        for pair in results["score"]["not_as_labeled"]
    ]
    return table(
        ["person", "kind", "label", "confidence", "verdict", "probability", "evidence"],
        rows,
        words=7,
    )


def _calibration(results: Figures) -> list[str]:
    """Return the table of predicted probabilities and observed shares."""
    rows = [
        [
            f"{band['from']:g} – {band['to']:g}",
            band["pairs"],
            f"{band['given']:.3f}",
            f"{band['same']:.3f}",
        ]
        for band in results["score"]["calibration"]
    ]
    return table(["probability", "labeled pairs", "mean probability", "share of same pairs"], rows)


def _weights() -> list[str]:
    """Return the table of the weights that ship with the host."""
    learned = tomllib.loads(WEIGHTS.read_text("utf-8"))
    rows = []
    for line, levels in learned["weights"].items():
        for level, row in levels.items():
            seen_same, seen_different = row["seen"]
            rows.append(
                [
                    line,
                    level,
                    f"{row['bits']:+.2f}",
                    row["same"],
                    row["different"],
                    f"{seen_same:,}",
                    f"{seen_different:,}",
                    "yes" if row.get("assumed") else "",
                ]
            )
    heads = [
        "comparison",
        "level",
        "bits",
        "m",
        "u",
        "seen same",
        "seen different",
        "assumed",
    ]
    return [
        f"The prior, before any evidence, is {learned['prior']:+.2f} bits.",
        "",
        *table(heads, rows, words=2),
    ]


_SIDE, _EDGE = 320, 40


def _plot(bands: list[Figures]) -> str:
    """Return an SVG that plots the observed share over the predicted probability.

    Each band is a dot, which is larger the more pairs it has.
    """

    def x(value: float) -> float:
        return round(_EDGE + value * _SIDE, 1)

    def y(value: float) -> float:
        return round(_EDGE + (1 - value) * _SIDE, 1)

    size = _SIDE + 2 * _EDGE
    dots = [
        f'<circle cx="{x(band["given"])}" cy="{y(band["same"])}" '
        f'r="{round(2 + 1.3 * len(str(band["pairs"])), 1)}" fill="#c60" '
        f'fill-opacity="0.7"><title>{band["pairs"]} pairs: {band["given"]:.3f} predicted, '
        f"{band['same']:.3f} the same</title></circle>"
        for band in bands
    ]
    marks = [
        f'<text x="{x(value)}" y="{size - 14}" text-anchor="middle">{value:g}</text>'
        f'<text x="{_EDGE - 8}" y="{y(value) + 4}" text-anchor="end">{value:g}</text>'
        for value in (0, 0.5, 1)
    ]
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" '
                'font-family="sans-serif" font-size="12" role="img">'
            ),
            "<title>Calibration: predicted probability and share of same pairs</title>",
            f'<rect width="{size}" height="{size}" fill="#fff"/>',
            (
                f'<rect x="{_EDGE}" y="{_EDGE}" width="{_SIDE}" height="{_SIDE}" fill="none" '
                'stroke="#999"/>'
            ),
            (
                f'<line x1="{x(0)}" y1="{y(0)}" x2="{x(1)}" y2="{y(1)}" stroke="#999" '
                'stroke-dasharray="4 4"/>'
            ),
            *marks,
            *dots,
            (
                f'<text x="{size / 2}" y="{_EDGE - 14}" text-anchor="middle">share of same pairs '
                "by predicted probability</text>"
            ),
            "</svg>",
            "",
        ]
    )
