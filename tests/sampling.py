"""Chooses which cases of a parametrized test run every day, and which only in the long run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def sampled(cases: Iterable[Any], quick: Collection[Any]) -> list[Any]:
    """Return cases as parameters; those that are not quick run only in ``make test-long``.

    Args:
        cases: The values of one parameter, or a tuple of values for each case.
        quick: The cases that stand for the others, all of which must be among them.
    """
    chosen = list(cases)
    assert all(case in chosen for case in quick), "a quick case is not one of the cases"
    return [case if case in quick else _long(case) for case in chosen]


def _long(case: Any) -> Any:
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.long)
