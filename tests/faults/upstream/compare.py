"""What a store lacks of another one, counted."""

from __future__ import annotations

from typing import Any


def lost(undisturbed: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Every key of the undisturbed store that is missing or differs, and every key too many that is no trace of what was refused.

    Old summaries and details are kept on purpose, and so are the tombstones of rows that were never activities.
    """
    tombs = {key for key, value in found["records"].items() if key not in undisturbed["records"] and value[0] == "gone"}
    differs = []
    for section, wanted in undisturbed.items():
        there = found[section]
        if section == "raw":
            differs += [f"raw {one}" for one in wanted if one not in there]
        elif isinstance(wanted, dict):
            differs += [f"{section} {key}" for key in wanted if key not in there or there[key] != wanted[key]]
            differs += [f"{section} {key} too many" for key in there if key not in wanted and key not in tombs and key[0] not in tombs]
        elif there != wanted:
            differs.append(section)
    return differs
