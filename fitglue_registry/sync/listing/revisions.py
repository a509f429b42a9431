"""Decides whether a summary has changed since the last sync, and which parts the change affects.

The comparison ignores nulls and volatile paths: values that change on their own, such as the total
distance of a bike. Otherwise each ride would change every older ride with the same bike.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.payloads import (
    LARGEST_ROW,
    BeyondLimits,
    decode_leniently,
    decode_strictly,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from fitglue_registry.plugin_api import Listing
    from fitglue_registry.registry import Entry

#: The smallest number of changed rows in which schema drift is recognized. In fewer rows, a key
#: that is new in all of them may well be the athlete's edit.
_MIN_CHANGED_ROWS = 5
#: A path of more characters matches no glob, and what is below it counts as one value. No source
#: has such a path, and the paths of a row that is made to do harm could fill the memory.
_LONGEST_PATH = 200
#: How many paths are remembered. A real source has a few hundred.
_MOST_PATHS = 20_000


@dataclass(frozen=True, slots=True)
class Difference:
    """The dotted paths in which two summaries differ, for example ``gear.id``."""

    paths: frozenset[str] = frozenset()
    added: frozenset[str] = frozenset()  # those that only the newer summary has


class Revisions:
    """Compares the summaries of one entry, without nulls and the entry's volatile paths.

    Args:
        entry: The entry of the source, with its ``volatile`` globs and ``sync.touches``.
    """

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        # Thousands of rows have the same few hundred paths, so each path is matched once.
        self._volatile_paths: dict[str, bool] = {}

    @cached_property
    def _volatile(self) -> re.Pattern[str]:
        return _any_of(self._entry.volatile)

    @cached_property
    def _touches(self) -> dict[str, re.Pattern[str]]:
        touches = self._entry.sync.touches
        return {part: _any_of(globs) for part, globs in touches.items()}

    def of(self, listing: Listing) -> str:
        """Return the revision of a listed row: the plugin's own, else a hash of the summary.

        It also changes when the row says of other parts that they do not exist.
        """
        revision = listing.revision or self.revision(listing.summary)
        if listing.without:
            revision += f" without {', '.join(sorted(listing.without))}"
        return revision

    def revision(self, summary: bytes) -> str:
        """Return a hash that is equal for two summaries with the same content.

        The order of keys, nulls and volatile paths do not count. A summary that is not JSON is
        hashed byte for byte.
        """
        value = _parse(summary)
        content = summary
        if value is not None:
            content = _canonical(self._pruned(value, ""))
        return hashlib.blake2b(content, digest_size=16).hexdigest()

    def difference(self, before: bytes, after: bytes) -> Difference:
        """Return the difference between two summaries of one record.

        If one of them cannot be read, or is nested too deeply, the only path is the empty one.
        """
        old = self._values(before)
        new = self._values(after)
        changed = old.keys() ^ new.keys()
        for path in old.keys() & new.keys():
            if not _is_equal(old[path], new[path]):
                changed.add(path)
        added = new.keys() - old.keys()
        return Difference(frozenset(changed), frozenset(added))

    def _values(self, summary: bytes) -> dict[str, Any]:
        """Return path → value of everything in a summary that counts."""
        value = _parse(summary)
        if value is None:
            return {"": summary}
        return dict(_flat(self._pruned(value, "")))

    def touched_parts(self, paths: Iterable[str]) -> list[str]:
        """Return the names of the parts to fetch again after a change of these paths.

        A part that ``sync.touches`` does not name is affected by every change, because a needless
        request is better than a missed edit.
        """
        paths = list(paths)
        if not paths:
            return []
        touched: list[str] = []
        for part in self._entry.parts:
            if part.comes_from == "fetch" and self._touches_part(part.name, paths):
                touched.append(part.name)
        return touched

    def _touches_part(self, part: str, paths: Iterable[str]) -> bool:
        if part not in self._touches:
            return True
        return any(map(self._touches[part].match, paths))

    def _pruned(self, value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            return value
        kept = {}
        for key, item in value.items():
            if item is None:
                continue
            item_path = f"{path}.{key}" if path else key
            if len(item_path) > _LONGEST_PATH:
                kept[key] = item
            elif not self._is_volatile(item_path):
                kept[key] = self._pruned(item, item_path)
        return kept

    def _is_volatile(self, path: str) -> bool:
        volatile = self._volatile_paths.get(path)
        if volatile is None:
            volatile = bool(self._volatile.match(path))
            if len(self._volatile_paths) < _MOST_PATHS:
                self._volatile_paths[path] = volatile
        return volatile


def schema_drift_keys(added: Sequence[Collection[str]]) -> set[str]:
    """Return the paths that are new in most of the changed rows at once.

    Such a path comes from a change of the source's API, not from the athlete. The new summaries are
    stored, but no part is fetched again because of it.

    Args:
        added: For each changed row, the paths that are new in it.

    Returns:
        The paths that are new in more than half of the rows; none if there are fewer than five
        rows.
    """
    if len(added) < _MIN_CHANGED_ROWS:
        return set()
    counts = Counter(chain.from_iterable(added))
    half = len(added) / 2
    return {path for path, count in counts.items() if count > half}


def _any_of(globs: Iterable[str]) -> re.Pattern[str]:
    """Return one pattern for all globs; a glob also matches every path below the one it names."""
    patterns = []
    for glob in globs:
        named = translate(glob)[:-2]  # without the \Z at its end
        patterns.append(f"(?:{named}(?:\\..*)?\\Z)")
    return re.compile("|".join(patterns) or r"(?!)")  # (?!) matches nothing


def _parse(summary: bytes) -> Any:
    """Return the value of a summary, or ``None`` if it is null, not JSON, or beyond the limits."""
    try:
        return decode_strictly(summary, largest=LARGEST_ROW)
    except BeyondLimits:
        return None
    except ValueError:
        pass
    try:
        # Slower, but it accepts NaN, which is not valid JSON but occurs in custom fields.
        return decode_leniently(summary, largest=LARGEST_ROW)
    except ValueError:
        return None


def _canonical(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value, order="deterministic")
    except (ValueError, RecursionError):  # for example for a lone surrogate
        return json.dumps(value, sort_keys=True).encode()


def _is_equal(old: Any, new: Any) -> bool:
    if old == new:
        return True
    # NaN is not equal to itself, so the texts are compared.
    return _canonical(old) == _canonical(new)


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and the value of each leaf; a list counts as a leaf."""
    if not isinstance(value, dict) or len(path) > _LONGEST_PATH:
        yield path, value
        return
    for key, item in value.items():
        item_path = f"{path}.{key}" if path else key
        yield from _flat(item, item_path)
