"""The texts that are longer than any that belong to a workout: one rule for all of them.

No service or device has titles or names of thousands of characters. A source that sends megabytes
as one text would fill the database and the memory with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.model.activity import Completeness

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fitglue_registry.model.activity import SourceActivity
    from fitglue_registry.model.streams import Stream

LONGEST_TEXT = 1_000
"""The characters that a text of a source activity may have, such as a title or a name."""
LONGEST_PROSE = 100_000
"""The characters that a description or notes may have."""
_PROSE = ("description", "notes")
#: Claims have their own limit, and are never changed: each is an identity.
_UNTOUCHED = frozenset({"claims", "streams"})
_MARK = "…"


def without_long_texts(
    activity: SourceActivity,
    document: bytes | None = None,
) -> SourceActivity:
    """Return an activity whose texts are cut where they are too long; a cut text ends with ``…``.

    ``completeness.missing`` says for each field how long the text of the source is. The keys of
    metrics and extensions are not cut.

    Args:
        activity: The activity.
        document: Its JSON document, from which most activities are seen to have no long text.
    """
    changed: dict[str, Any] = {}
    missing = {}
    streams = _with_short_names(activity.streams)
    if streams is not activity.streams:
        changed["streams"] = streams
        missing["all names of streams"] = f"they are cut to {LONGEST_TEXT:,} characters"
    if document is None or _may_have_long_text(document):
        for name, after, remark in _cut_fields(activity):
            changed[name] = after
            # It follows "without" where it is shown.
            missing[f"all of {name}"] = remark
    if not changed:
        return activity
    stated = changed.get("completeness", activity.completeness)
    remarked = Completeness(stated.parts, {**stated.missing, **missing})
    return msgspec.structs.replace(activity, **{**changed, "completeness": remarked})


def _cut_fields(activity: SourceActivity) -> Iterator[tuple[str, Any, str]]:
    """Yield each field with a text that is too long, its new value, and a remark about it."""
    for name in activity.__struct_fields__:
        if name in _UNTOUCHED:
            continue
        cutter = _Cutter(LONGEST_PROSE if name in _PROSE else LONGEST_TEXT)
        before = getattr(activity, name)
        after = cutter.cut(before)
        if after is not before:
            yield name, after, cutter.remark


def cut_text(
    text: str,
    most: int = LONGEST_TEXT,
) -> str:
    """Return a text of at most ``most`` characters, which ends with ``…`` if it was cut."""
    return text if len(text) <= most else text[: most - 1] + _MARK


def _may_have_long_text(document: bytes) -> bool:
    """Return whether a JSON document may have a text of more than ``LONGEST_TEXT`` characters."""
    # A quote inside a text has a backslash before it. With another character in place of both, each
    # quote begins or ends a text.
    if b"\\" in document:
        document = document.replace(b"\\\\", b"_").replace(b'\\"', b"_")
    # A character has at least one byte, so there is a quote in every piece of this length.
    last = document.rfind(b'"')
    at = 0
    while at < last:
        at = document.rfind(b'"', at, at + LONGEST_TEXT + 1) + 1
        if at == 0:
            return True
    return False


class _Cutter:
    """Cuts the texts of one field, and remembers the longest of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._longest = 0

    @property
    def remark(self) -> str:
        """How long the text of the source is, and what is kept of it."""
        return f"the source has a text of {self._longest:,} characters, cut to {self._most:,}"

    def cut(self, value: Any) -> Any:
        """Return a value with shorter texts; return the same object if none is too long."""
        if type(value) is str:
            if len(value) <= self._most:
                return value
            self._longest = max(self._longest, len(value))
            return cut_text(value, self._most)
        if type(value) in (tuple, list):
            return self._items_cut(value)
        if type(value) is dict:
            after = dict(zip(value, self._items_cut(list(value.values())), strict=True))
            return value if _are_same(value, after) else after
        if isinstance(value, msgspec.Struct):
            return self._fields_cut(value)
        return value

    def _items_cut(self, items: Any) -> Any:
        after = [self.cut(item) for item in items]
        if all(new is old for new, old in zip(after, items, strict=True)):
            return items
        return type(items)(after)

    def _fields_cut(self, struct: msgspec.Struct) -> Any:
        changed = {}
        for name in struct.__struct_fields__:
            before = getattr(struct, name)
            after = self.cut(before)
            if after is not before:
                changed[name] = after
        return msgspec.structs.replace(struct, **changed) if changed else struct


def _are_same(
    before: Mapping[Any, Any],
    after: Mapping[Any, Any],
) -> bool:
    return all(after[key] is value for key, value in before.items())


def _with_short_names(streams: tuple[Stream, ...]) -> tuple[Stream, ...]:
    """Return streams whose names and units are cut where they are too long."""
    cutter = _Cutter(LONGEST_TEXT)
    after = []
    for stream in streams:
        texts = {name: getattr(stream, name) for name in ("unit", "name", "raw_type")}
        short = {name: cutter.cut(text) for name, text in texts.items()}
        is_same = all(short[name] is text for name, text in texts.items())
        after.append(stream if is_same else msgspec.structs.replace(stream, **short))
    is_same = all(new is old for new, old in zip(after, streams, strict=True))
    return streams if is_same else tuple(after)
