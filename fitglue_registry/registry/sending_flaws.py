"""The rules for enrichers and destinations that a schema cannot express."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.model import SourceActivity
from fitglue_registry.registry.flaw import Flaw
from fitglue_registry.validation.wording import one_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.registry.entry import Entry
    from fitglue_registry.validation.violation import KeyPath

#: Kind → the hook without which an entry of the kind can do nothing.
_WORK = {"enricher": "fitglue_enrich", "destination": "fitglue_deliver"}
_FIELDS = frozenset(SourceActivity.__struct_fields__)
_METRICS = "metrics."


def sending_flaws(entry: Entry) -> Iterator[Flaw]:
    """Yield every flaw in what an entry says about boosting and sending."""
    yield from _hooks(entry)
    yield from _delivery(entry)
    for number, name in enumerate(entry.needs):
        yield from _field(("needs", number), name)
    for number, given in enumerate(entry.gives):
        if not given.path.startswith(_METRICS):
            yield from _field(("gives", number, "path"), given.path)


def _hooks(entry: Entry) -> Iterator[Flaw]:
    """Yield a flaw for a hook that belongs to another kind, or that is missing."""
    for kind, hook in _WORK.items():
        if entry.kind == kind and entry.hooks and hook not in entry.hooks:
            what = f"an entry of the kind {kind} needs the hook {hook}"
            yield Flaw(
                "FG-entry-hooks",
                ("hooks",),
                what,
                "without it, the plugin can do nothing",
                f"write {hook} in the plugin, and add it to hooks",
            )
        if entry.kind != kind and hook in entry.hooks:
            what = f"{hook} is for entries of the kind {kind}"
            yield Flaw(
                "FG-entry-hooks",
                ("hooks", entry.hooks.index(hook)),
                f"{what}, and this one is of the kind {entry.kind}",
                "the host would never call it",
                f"move it to an entry of the kind {kind}",
            )


def _delivery(entry: Entry) -> Iterator[Flaw]:
    """Yield a flaw if the block ``delivery`` is missing or out of place, or promises too much."""
    if entry.delivery is None:
        if "fitglue_deliver" in entry.hooks:
            yield Flaw(
                "FG-entry-delivery",
                ("hooks",),
                "an entry with fitglue_deliver needs the block delivery",
                "the host must know which fields it takes, and what it can do",
                "add delivery with takes, such as takes: [title, description]",
            )
        return
    if entry.kind != "destination":
        yield Flaw(
            "FG-entry-delivery",
            ("delivery",),
            f"an entry of the kind {entry.kind} cannot have the block delivery",
            "only destinations receive deliveries",
            "remove it, or move it to an entry of the kind destination",
        )
    for number, name in enumerate(entry.delivery.takes):
        yield from _field(("delivery", "takes", number), name)


def _field(path: KeyPath, name: str) -> Iterator[Flaw]:
    if name in _FIELDS:
        return
    yield Flaw(
        "FG-entry-unknown-field",
        path,
        f"{name!r} is not a field of an activity",
        fix=f"choose one of: {one_of(sorted(_FIELDS))}",
    )
