"""What a schema cannot say, and a rule finds wrong in a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from fitglue_registry.validation.violation import KeyPath


class Flaw(NamedTuple):
    """One broken rule: code, path in the document, what, and why or fix where there is more to say.

    ``at_key``: it is the key at the path that is wrong, not its value.
    """

    code: str
    path: KeyPath
    what: str
    why: str | None = None
    fix: str | None = None
    at_key: bool = False
