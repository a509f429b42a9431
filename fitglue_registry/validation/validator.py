"""A validator that decides with jsonschema-rs whether a document is valid."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from jsonschema_rs import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.validation.explainer import Explainer
    from fitglue_registry.validation.violation import Violation


class Validator:
    """A validator for one JSON Schema, which is compiled when it is first used."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = dict(schema)

    def accepts(self, document: Any) -> bool:
        """Return whether a document is valid; this takes microseconds and gives no reason."""
        try:
            return self._compiled.is_valid(document)
        # jsonschema-rs raises it for a document that is not JSON: it has a key that is not text, a
        # value of another type, or too many levels.
        except ValueError:
            return False

    def violations(self, document: Any) -> list[Violation]:
        """Return every violation in the order of paths.

        The list is empty exactly if ``accepts`` returns ``True`` for the document.
        """
        if self.accepts(document):
            return []
        return self._explainer.violations(document)

    @cached_property
    def _compiled(self) -> Draft202012Validator:
        return Draft202012Validator(self.schema, validate_formats=False)

    @cached_property
    def _explainer(self) -> Explainer:
        # This import is late because jsonschema takes 50 ms to import in a sync. Every sync needs
        # this module, but hardly any sync needs an explanation. Without it, each of the six callers
        # of ``violations`` would have to import the explainer late.
        from fitglue_registry.validation.explainer import Explainer

        return Explainer(self.schema)
