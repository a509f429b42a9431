"""Learns the weights of the matcher from a folder of labeled pairs, and writes them as a readable
table: ``learn.py FOLDER``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from labels import Labels

from fitglue_registry.dedupe.weights import matching_rules

TARGET = Path(__file__).parent.parent / "fitglue_registry" / "dedupe" / "weights.toml"
_HEAD = """\
# Written by `python benchmarks/learn.py FOLDER`; do not edit. Each row is the match weight of a
# level in bits, after Fellegi and Sunter: log2 of its share among pairs that are one workout (m)
# over its share among pairs that are not (u), times the factor of the comparison in matching.toml.
# `seen` counts the labeled pairs, same and different. To balance people, each of them counts as the
# square root of their number of pairs. `assumed`: no labeled pair has this level.
# Learned from {pairs} pairs of {people} people.

prior = {prior}  # bits before any evidence: log2 of same over different among the labeled pairs
"""


def table_text(table: dict[str, Any], pairs: int, people: int) -> str:
    """Return the table as TOML, with one line per level."""
    lines = [_HEAD.format(pairs=pairs, people=people, prior=table["prior"])]
    for line, levels in table["weights"].items():
        lines.append(f"[weights.{line}]")
        for level, row in levels.items():
            assumed = ", assumed = true" if row.get("assumed") else ""
            shares = f"same = {row['same']}, different = {row['different']}, seen = {row['seen']}"
            lines.append(f'"{level}" = {{bits = {row["bits"]}, {shares}{assumed}}}')
        lines.append("")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Learn the weights, write them, and print where; return the exit code."""
    if len(arguments) != 1:
        print(
            "usage: python benchmarks/learn.py FOLDER   (records.jsonl and pairs.jsonl)",
            file=sys.stderr,
        )
        return 2
    rules = matching_rules()
    labels = Labels(Path(arguments[0]), rules["cuts"])
    scored = [pair for pair in labels.pairs if pair.same is not None]
    TARGET.write_text(
        table_text(
            labels.learned(rules), len(scored), len({labels.person(pair) for pair in scored})
        ),
        "utf-8",
    )
    print(f"{TARGET.name}: learned from {len(scored)} pairs")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
