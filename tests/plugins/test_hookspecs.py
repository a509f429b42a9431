"""Tests that the hook specifications agree with the schema of entries and the host's
list of hooks.
"""

from __future__ import annotations

import inspect

from fitglue_registry.hookspecs import HOOK_NAMES, Hooks
from fitglue_registry.registry.schemas import validator


def test_an_entry_may_name_exactly_the_hooks_that_exist():
    """The JSON Schema of entries lists the hooks in the order of their specification."""
    named = validator("entry").schema["properties"]["hooks"]["items"]["enum"]
    assert named == list(HOOK_NAMES)


def test_every_hook_of_the_specification_is_named_as_one():
    """Each specified hook is in the list of hook names, because the host calls only those."""
    specified = [name for name, _ in inspect.getmembers(Hooks, inspect.isfunction)]
    assert sorted(specified) == sorted(HOOK_NAMES)
