"""Messages describe values and names in natural language."""

import pytest

from fitglue_registry.validation.wording import describe, nearest, one_of


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("overlap_day", "overlap_days"), ("TIER", "tier"), ("qqq", None), ("", None)],
)
def test_the_nearest_name_is_found(typed, meant):
    """The most similar allowed name is found for a typing error, and none for an unrelated name."""
    assert nearest(typed, ["overlap_days", "tier", "docs"]) == meant


def test_names_are_listed_in_a_sentence():
    """A list of names is written as part of a sentence."""
    assert [one_of(names) for names in (["a"], ["a", "b"], ["a", "b", "c"], [])] == [
        "a",
        "a or b",
        "a, b or c",
        "nothing",
    ]
    assert one_of([" ", ","]) == "' ' or ','"


@pytest.mark.parametrize(
    ("value", "described"),
    [
        (None, "nothing"),
        (True, "true"),
        (7, "the number 7"),
        ("7", "'7'"),
        ("x" * 61, f"'{'x' * 60}…'"),
        ({}, "a mapping"),
        ((1, 2), "a list of 2"),
        (object(), "a object"),
    ],
)
def test_a_value_is_described_so_that_text_is_recognizable(value, described):
    """A number and the text of its digits are described differently."""
    assert describe(value) == described
