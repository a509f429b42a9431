"""Reads ``values.toml``: where the list and the detail have each value, and in which unit."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import msgspec


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a value is, and the factors from its units to ours.

    Attributes:
        row: The key of a row of the list, if it has the value.
        detail: The key in the measurements of a detail, if they have the value.
        row_factor: The factor for the value of the row.
        detail_factor: The factor for the value of the detail.
    """

    row: str | None = None
    detail: str | None = None
    row_factor: float = 1.0
    detail_factor: float = 1.0


class Cadence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where one kind of cadence is."""

    average: Value
    highest: Value


class Tables(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tables of ``values.toml``.

    Attributes:
        fields: Field of the model → where its value is.
        cadences: The kinds of cadence, the preferred one first.
        others: Name → where a value is that the code treats in its own way.
        metrics: Name of the metric → where its value is.
    """

    fields: dict[str, Value]
    cadences: list[Cadence]
    others: dict[str, Value]
    metrics: dict[str, Value]


@cache
def tables() -> Tables:
    """Return the tables, which are read once."""
    content = (files(__package__) / "values.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(content), Tables)
