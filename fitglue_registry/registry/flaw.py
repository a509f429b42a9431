"""The value that describes what is wrong in a document, before its line is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from fitglue_registry.validation.violation import KeyPath


class Flaw(NamedTuple):
    """One thing that is wrong in a document.

    Attributes:
        code: Error code, such as ``FG-entry-dead-link``.
        path: Path to the wrong value in the document.
        what: What is wrong, as one sentence without its final period.
        why: Reason, if ``what`` is not enough.
        fix: What the author should do.
        at_key: Whether the key at the path is wrong, rather than its value.
    """

    code: str
    path: KeyPath
    what: str
    why: str | None = None
    fix: str | None = None
    at_key: bool = False
