"""Says whether two summaries of a record differ, by a revision that ignores what drifts by itself,
and which parts such a change touches.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from fitglue_registry.registry import Entry

#: A key that is new on more than half of at least so many changed rows at once is the source's
#: doing, not the athlete's.
_FEWEST_DRIFTED = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """The paths in which two summaries differ, and those of them that are new."""

    paths: frozenset[str] = frozenset()
    added: frozenset[str] = frozenset()


class Revisions:
    """How one entry's summaries are compared: without nulls and without the paths that it calls
    volatile.
    """

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self._is_volatile: dict[str, bool] = {}

    @cached_property
    def _volatile(self) -> re.Pattern[str]:
        return _any_of(self._entry.volatile)

    @cached_property
    def _touches(self) -> dict[str, re.Pattern[str]]:
        touches = self._entry.sync.touches
        return {part: _any_of(globs) for part, globs in touches.items()}

    def revision(self, summary: bytes) -> str:
        """The revision of a summary: equal for two that say the same of the workout, whatever
        order, nulls or drift.
        """
        value = _parse(summary)
        content = summary
        if value is not None:
            # What is nested beyond sense is compared as it is.
            with suppress(RecursionError):
                content = _canonical(self._pruned(value, ""))
        return hashlib.blake2b(content, digest_size=16).hexdigest()

    def difference(self, before: bytes, after: bytes) -> Difference:
        """What differs between two summaries; where one is nested beyond sense, all of it."""
        try:
            old = self._values(before)
            new = self._values(after)
        except RecursionError:
            return Difference(frozenset({""}))
        changed = old.keys() ^ new.keys()
        for path in old.keys() & new.keys():
            if not _is_equal(old[path], new[path]):
                changed.add(path)
        added = new.keys() - old.keys()
        return Difference(frozenset(changed), frozenset(added))

    def _values(self, summary: bytes) -> dict[str, Any]:
        """Path → value of all that a summary says and that does not drift by itself."""
        value = _parse(summary) or {}
        return dict(_flat(self._pruned(value, "")))

    def touched_parts(self, paths: Iterable[str]) -> list[str]:
        """The fetched parts that a change of these paths re-opens; of a part that the entry says
        nothing about, every change does.
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
            here = f"{path}.{key}" if path else key
            if not self._drifts(here):
                kept[key] = self._pruned(item, here)
        return kept

    def _drifts(self, path: str) -> bool:
        if path not in self._is_volatile:
            self._is_volatile[path] = bool(self._volatile.match(path))
        return self._is_volatile[path]


def drifted(added: Sequence[Collection[str]]) -> set[str]:
    """Keys that are new on most of the changed rows at once: schema drift, to be stored and to
    re-open nothing.
    """
    if len(added) < _FEWEST_DRIFTED:
        return set()
    counts = Counter(chain.from_iterable(added))
    half = len(added) / 2
    return {path for path, count in counts.items() if count > half}


def _any_of(globs: Iterable[str]) -> re.Pattern[str]:
    """One pattern for all globs; a glob also covers everything below what it names."""
    patterns = []
    for glob in globs:
        whole = translate(glob)[:-2]  # without its end
        patterns.append(f"(?:{whole}(?:\\..*)?\\Z)")
    return re.compile("|".join(patterns) or r"(?!)")


def _parse(summary: bytes) -> Any:
    try:
        return msgspec.json.decode(summary)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return json.loads(summary)  # slower, but reads the NaN that custom fields may contain
    except (ValueError, RecursionError):
        return None


def _canonical(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value, order="deterministic")
    except (ValueError, RecursionError):  # a lone surrogate, say
        return json.dumps(value, sort_keys=True).encode()


def _is_equal(old: Any, new: Any) -> bool:
    if old == new:
        return True
    # Compared as they are written, for a NaN is not equal to itself.
    return _canonical(old) == _canonical(new)


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        yield path, value
        return
    for key, item in value.items():
        here = f"{path}.{key}" if path else key
        yield from _flat(item, here)
