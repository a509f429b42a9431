"""Chooses which cases of a parametrized test run every day, and which only in the long run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def sampled(
    cases: Iterable[Any],
    quick: int | Collection[Any] = 1,
    ids: Iterable[str] | None = None,
) -> list[Any]:
    """Return cases as parameters; those that are not quick run only in ``make test-long``.

    Args:
        cases: The values of one parameter.
        quick: How many cases from the first one are quick, or the quick cases themselves, each of
            which stands for others.
        ids: The name of each case; by default, a text or a number names itself.
    """
    listed = list(cases)
    # Some cases are objects that do harm when they are compared, so their positions are.
    chosen = range(quick) if isinstance(quick, int) else {listed.index(case) for case in quick}
    names = [_name(case, number) for number, case in enumerate(listed)] if ids is None else ids
    return [
        pytest.param(case, id=name, marks=() if number in chosen else pytest.mark.long)
        for number, (case, name) in enumerate(zip(listed, names, strict=True))
    ]


def _name(case: Any, number: int) -> str:
    return str(case) if type(case) in (str, bool, int) else str(number)
