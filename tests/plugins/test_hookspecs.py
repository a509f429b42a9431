"""The hooks, as entries and the host see them."""

from __future__ import annotations

import inspect

from fitglue_registry.hookspecs import HOOK_NAMES, Hooks
from fitglue_registry.registry.schemas import validator


def test_an_entry_may_name_exactly_the_hooks_that_exist():
    """The JSON Schema of entries lists the hooks in the order of their specification."""
    named = validator("entry").schema["properties"]["hooks"]["items"]["enum"]
    assert named == list(HOOK_NAMES)


def test_every_hook_of_the_specification_is_named_as_one():
    """A hook that is specified and not named would never be called."""
    specified = [name for name, _ in inspect.getmembers(Hooks, inspect.isfunction)]
    assert sorted(specified) == sorted(HOOK_NAMES)
