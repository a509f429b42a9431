"""A column of samples: a gap is null and zero is a value, in one buffer that nobody can change."""

from __future__ import annotations

import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fitglue_registry.model import Column

finite = st.floats(allow_nan=False)


def test_a_gap_is_none_and_zero_is_zero():
    """What goes in comes out."""
    assert list(Column.of([0.0, None, 1.5, -0.0])) == [0.0, None, 1.5, 0.0]


def test_a_nan_of_the_source_is_a_gap():
    """Custom streams send NaN."""
    assert list(Column.of([math.nan, 1.0])) == [None, 1.0]
    assert list(Column.pairs([math.nan, 1.0, 1.0], [1.0, math.nan, 2.0])) == [
        None,
        None,
        (1.0, 2.0),
    ]


def test_half_a_pair_is_a_gap_whole():
    """A latitude without its longitude is no place."""
    assert list(Column.pairs([48.5, None, 48.6], [9.1, 9.2, None])) == [(48.5, 9.1), None, None]


def test_a_pair_at_zero_is_a_place():
    """Zero degrees are a value."""
    assert list(Column.pairs([0.0], [0.0])) == [(0.0, 0.0)]


def test_lists_keep_their_lengths():
    """An empty list is not a gap."""
    assert list(Column.lists([[800.0, 790.0, 5.0], [], None])) == [(800.0, 790.0, 5.0), (), None]


@pytest.mark.parametrize(
    ("column", "length", "width"),
    [
        (Column.of([1, 2, 3]), 3, 1),
        (Column.pairs([1, 2], [3, 4]), 2, 2),
        (Column.lists([[1, 2, 3], None]), 2, 0),
        (Column.of([]), 0, 1),
    ],
)
def test_the_length_is_the_number_of_samples(column, length, width):
    """Whatever a sample is made of."""
    assert (len(column), column.width) == (length, width)


def test_columns_of_the_same_samples_are_equal():
    """Gaps are equal to gaps, and a hash agrees."""
    one, two = Column.of([1, None]), Column.of([1.0, math.nan])
    assert one == two
    assert hash(one) == hash(two)
    assert one != Column.of([1, 0])
    assert one != [1.0, None]
    assert Column.of([1, 2]) != Column.pairs([1], [2])


def test_a_column_cannot_be_changed():
    """Neither a sample nor an attribute."""
    column = Column.of([1.0])
    with pytest.raises(TypeError):
        column.doubles[0] = 2.0
    with pytest.raises(AttributeError):
        column.width = 2


def test_a_buffer_is_taken_as_it_is():
    """Ten thousand samples never become ten thousand objects."""
    assert list(Column(memoryview(array("d", [1.0, 2.0])), width=2)) == [(1.0, 2.0)]


@pytest.mark.parametrize(
    ("doubles", "width", "lengths"),
    [
        (array("f", [1.0]), 1, None),
        (array("d", [1.0]), 2, None),
        (array("d", [1.0]), 3, None),
        (array("d", [1.0]), 0, None),
        (array("d", [1.0]), 1, (1,)),
        (array("d", [1.0]), 0, (2,)),
    ],
)
def test_a_buffer_that_does_not_fit_is_refused(doubles, width, lengths):
    """Other numbers than doubles, half a pair, lengths that do not add up."""
    with pytest.raises((TypeError, ValueError)):
        Column(memoryview(doubles), width, lengths)


def test_pairs_of_different_lengths_are_refused():
    """Two columns make pairs only where they belong together."""
    with pytest.raises(ValueError, match="not 1 and 2"):
        Column.pairs([1], [1, 2])


@given(
    st.one_of(
        st.lists(st.none() | finite).map(Column.of),
        st.lists(st.none() | st.lists(finite, max_size=3)).map(Column.lists),
        st.lists(st.tuples(finite, finite)).map(
            lambda rows: Column.pairs([one for one, _ in rows], [two for _, two in rows])
        ),
    )
)
def test_lists_of_plain_values_and_back(column):
    """As JSON has the samples, and as the store reads them again."""
    assert Column.from_list(column.to_list()) == column


@pytest.mark.parametrize(
    "samples",
    [
        ["a"],
        [[1], 2],
        [{}],
        [[["deep"]]],
        [[1, "b"]],
        [[None]],
        [10**400],
        [[10**400, 1]],
        [(1, 2)],
    ],
)
def test_what_is_no_sample_is_refused(samples):
    """A number, a list of numbers, or null, and never two kinds in one stream."""
    with pytest.raises(ValueError, match=r"sample|stream"):
        Column.from_list(samples)


def test_whole_and_true_numbers_are_numbers():
    """JSON makes no difference between 1 and 1.0, and some sources say true."""
    assert list(Column.from_list([1, 2.5, True, None])) == [1.0, 2.5, 1.0, None]
