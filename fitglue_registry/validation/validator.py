"""Decides whether a document meets a JSON Schema, with jsonschema-rs."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from jsonschema_rs import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.validation.explainer import Explainer
    from fitglue_registry.validation.violation import Violation


class Validator:
    """A JSON Schema that documents are held to; the schema is compiled with the first question."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = dict(schema)

    def accepts(self, document: Any) -> bool:
        """Whether the document meets the schema; takes microseconds, and gives no reason."""
        try:
            return self._compiled.is_valid(document)
        # Not JSON at all: a key that is not text, a value of a foreign type, nested too deep.
        except ValueError:
            return False

    def violations(self, document: Any) -> list[Violation]:
        """Everything that is wrong, in the order of paths; empty exactly when ``accepts`` says
        yes.
        """
        if self.accepts(document):
            return []
        return self._explainer.violations(document)

    @cached_property
    def _compiled(self) -> Draft202012Validator:
        return Draft202012Validator(self.schema, validate_formats=False)

    @cached_property
    def _explainer(self) -> Explainer:
        # Imported late: jsonschema takes 80 ms to import, and every sync needs this module while
        # hardly any needs an explanation.
        from fitglue_registry.validation.explainer import Explainer

        return Explainer(self.schema)
