"""What a store lacks of another one, counted."""

from __future__ import annotations

from typing import Any


def lost(undisturbed: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Every key of the undisturbed store that is missing or differs, and every key too many that is
    no trace of what was refused.

    Old summaries and details are kept on purpose, and so are the tombstones of rows that were never
    activities.
    """
    tombs = {
        key
        for key, value in found["records"].items()
        if key not in undisturbed["records"] and value[0] == "gone"
    }
    differs = []
    for section, wanted in undisturbed.items():
        there = found[section]
        if section == "raw":
            differs += [f"raw {one}" for one in wanted if one not in there]
        elif section == "claims":
            differs += [f"claims {one}" for one in wanted if one not in there]
            differs += [
                f"claims {one} too many"
                for one in there
                if one not in wanted and not _is_of(one[0], tombs)
            ]
        elif isinstance(wanted, dict):
            differs += [
                f"{section} {key}"
                for key in wanted
                if key not in there or there[key] != wanted[key]
            ]
            differs += [
                f"{section} {key} too many"
                for key in there
                if key not in wanted and not _is_of(key, tombs)
            ]
        elif there != wanted:
            differs.append(section)
    return differs


def _is_of(key: Any, tombs: set[Any]) -> bool:
    """Whether a key is that of a buried record, of a part of it, or of what was made of it
    alone.
    """
    if isinstance(key, frozenset):
        return all(source[:2] in tombs for source in key)
    return key in tombs or key[0] in tombs or key[:2] in tombs
