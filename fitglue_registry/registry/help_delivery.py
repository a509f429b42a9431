"""The part of a help article that says what a destination does with a workout."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.registry.entry import Entry

_FILLS = (
    "With `fill_back: true`, a pipeline fills what is empty in a record that the destination has "
    "from elsewhere."
)
#: Ability in the block ``delivery`` → the sentence if the destination has it, and if it has not.
_ABILITIES = {
    "files": (
        "The destination gets the original file of the workout, where there is one.",
        "The destination gets no original files.",
    ),
    "updates": (
        "When the workout changes here, it is changed there.",
        "When the workout changes here, what was sent stays as it is.",
    ),
    "fills": (
        _FILLS,
        "A record that the destination has from elsewhere is never changed.",
    ),
    "deletes": (
        "With `delete_there: true`, a workout that is deleted here is deleted there.",
        "A workout that is deleted here stays there.",
    ),
}


def delivery(entry: Entry) -> Iterator[str]:
    """Yield one item of a list for each thing that a destination does, or does not do."""
    terms = entry.delivery
    if terms is None:
        return
    for name, (able, unable) in _ABILITIES.items():
        yield f"- {able if getattr(terms, name) else unable}"
    if not terms.leaves_machine:
        yield "- Nothing leaves this machine."
    if terms.refuses:
        names = ", ".join(f"`{name}`" for name in terms.refuses)
        yield f"- What came only from one of these is never sent: {names}."
