"""Decides what a listed summary means: a revision that ignores what drifts by itself, and which
parts a change touches.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from fnmatch import translate
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from fitglue_registry.registry import Entry

#: A key that is new on more than half of at least so many changed rows at once is the source's
#: doing, not the athlete's.
_FEWEST_DRIFTED = 5


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
        return {part: _any_of(globs) for part, globs in self._entry.sync.touches.items()}

    def revision(self, summary: bytes) -> str:
        """The revision of a summary: equal for two that say the same of the workout, whatever
        order, nulls or drift.
        """
        value = _parse(summary)
        try:
            content = summary if value is None else _canonical(self._pruned(value, ""))
        except RecursionError:  # nested beyond sense: compared as it is
            content = summary
        return hashlib.blake2b(content, digest_size=16).hexdigest()

    def changed_paths(self, before: bytes, after: bytes) -> tuple[set[str], set[str]]:
        """The paths that differ between two summaries, and those of them that are new."""
        try:
            old, new = (
                dict(_flat(self._pruned(_parse(summary) or {}, ""))) for summary in (before, after)
            )
        except RecursionError:
            return {""}, set()
        # Compared as they are written, for a NaN is not equal to itself.
        changed = {
            path
            for path in old.keys() & new.keys()
            if old[path] != new[path] and _canonical(old[path]) != _canonical(new[path])
        }
        return changed | (old.keys() ^ new.keys()), set(new.keys() - old.keys())

    def touched_parts(self, paths: Iterable[str]) -> list[str]:
        """The fetched parts that a change of these paths re-opens; of a part that the entry says
        nothing about, every change does.
        """
        paths = list(paths)
        fetched = [part.name for part in self._entry.parts if part.comes_from == "fetch"]
        return [
            name
            for name in fetched
            if paths and (name not in self._touches or any(map(self._touches[name].match, paths)))
        ]

    def _pruned(self, value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            return value
        kept = {}
        for key, item in value.items():
            if item is not None and not self._drifts(here := f"{path}.{key}" if path else key):
                kept[key] = self._pruned(item, here) if isinstance(item, dict) else item
        return kept

    def _drifts(self, path: str) -> bool:
        if path not in self._is_volatile:
            self._is_volatile[path] = bool(self._volatile.match(path))
        return self._is_volatile[path]


def drifted(added: Sequence[set[str]]) -> set[str]:
    """Keys that are new on most of the changed rows at once: schema drift, to be stored and to
    re-open nothing.
    """
    if len(added) < _FEWEST_DRIFTED:
        return set()
    counts = Counter(path for paths in added for path in paths)
    return {path for path, count in counts.items() if 2 * count > len(added)}


def _any_of(globs: Iterable[str]) -> re.Pattern[str]:
    """One pattern for all globs; a glob also covers everything below what it names."""
    return re.compile(
        "|".join(f"(?:{translate(one)[:-2]}(?:\\..*)?\\Z)" for one in globs) or r"(?!)"
    )


def _parse(summary: bytes) -> Any:
    try:
        return msgspec.json.decode(summary)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return json.loads(summary)  # the slow road for NaN, which custom fields may send
    except (ValueError, RecursionError):
        return None


def _canonical(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value, order="deterministic")
    except (ValueError, RecursionError):  # a lone surrogate, say
        return json.dumps(value, sort_keys=True).encode()


def _flat(value: Mapping[str, Any] | Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        yield path, value
        return
    for key, item in value.items():
        yield from _flat(item, f"{path}.{key}" if path else key)
