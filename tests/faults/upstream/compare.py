"""Compares a store with that of an undisturbed run."""

from __future__ import annotations

from typing import Any


def lost(undisturbed: dict[str, Any], actual: dict[str, Any]) -> list[str]:
    """Return the keys of the undisturbed store that are missing or differ, and the keys that the
    other store has in excess.

    Not counted are old summaries and details, which are kept on purpose, and the tombstones of rows
    that were never activities.
    """
    tombstones = {
        key
        for key, value in actual["records"].items()
        if key not in undisturbed["records"] and value[0] == "gone"
    }
    differs = []
    for section, expected in undisturbed.items():
        present = actual[section]
        if section == "raw":
            differs += [f"raw {key}" for key in expected if key not in present]
        elif section == "claims":
            differs += [f"claims {key}" for key in expected if key not in present]
            differs += [
                f"claims {key} too many"
                for key in present
                if key not in expected and not _belongs_to(key[0], tombstones)
            ]
        elif isinstance(expected, dict):
            differs += [
                f"{section} {key}"
                for key in expected
                if key not in present or present[key] != expected[key]
            ]
            differs += [
                f"{section} {key} too many"
                for key in present
                if key not in expected and not _belongs_to(key, tombstones)
            ]
        elif present != expected:
            differs.append(section)
    return differs


def _belongs_to(key: Any, tombstones: set[Any]) -> bool:
    """Return whether a key is that of a deleted record, of one of its parts, or of an activity that
    has only deleted records.
    """
    if isinstance(key, frozenset):
        return all(source[:2] in tombstones for source in key)
    return key in tombstones or key[0] in tombstones or key[:2] in tombstones
