"""A column keeps samples in one immutable buffer, and distinguishes gaps from zero."""

from __future__ import annotations

import math
import pickle
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fitglue_registry.model import Column

finite = st.floats(allow_nan=False)


def test_a_gap_is_none_and_zero_is_zero():
    """A column returns a gap as None and a zero as zero."""
    assert list(Column.of([0.0, None, 1.5, -0.0])) == [0.0, None, 1.5, 0.0]


def test_a_nan_of_the_source_is_a_gap():
    """A NaN that a source sends, as custom streams do, is a gap."""
    assert list(Column.of([math.nan, 1.0])) == [None, 1.0]
    assert list(Column.pairs([math.nan, 1.0, 1.0], [1.0, math.nan, 2.0])) == [
        None,
        None,
        (1.0, 2.0),
    ]


def test_half_a_pair_is_a_gap():
    """A pair with only one value, such as a latitude without a longitude, is a gap."""
    assert list(Column.pairs([48.5, None, 48.6], [9.1, 9.2, None])) == [(48.5, 9.1), None, None]


def test_a_pair_at_zero_is_a_place():
    """A pair of zeros is a value and not a gap."""
    assert list(Column.pairs([0.0], [0.0])) == [(0.0, 0.0)]


def test_lists_keep_their_lengths():
    """An empty list is a value and not a gap."""
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
    """The length of a column is the number of its samples, for numbers, pairs and lists."""
    assert (len(column), column.width) == (length, width)


def test_columns_of_the_same_samples_are_equal():
    """Columns with the same samples and gaps are equal and have the same hash."""
    column, same = Column.of([1, None]), Column.of([1.0, math.nan])
    assert column == same
    assert hash(column) == hash(same)
    assert column != Column.of([1, 0])
    assert column != [1.0, None]
    assert Column.of([1, 2]) != Column.pairs([1], [2])


@pytest.mark.parametrize(
    "column",
    [Column.of([1, None]), Column.pairs([1, None], [2, 3]), Column.lists([[1, 2], None, []])],
)
def test_a_column_can_be_pickled(column):
    """A worker process can return a column."""
    assert pickle.loads(pickle.dumps(column)) == column


def test_a_column_cannot_be_changed():
    """The samples and the attributes of a column cannot be changed."""
    column = Column.of([1.0])
    with pytest.raises(TypeError):
        column.doubles[0] = 2.0
    with pytest.raises(AttributeError):
        column.width = 2


def test_a_buffer_is_taken_as_it_is():
    """A column uses the buffer that it is given without copying its numbers."""
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
    """A buffer is refused if its format, its width or its lengths are wrong."""
    with pytest.raises((TypeError, ValueError)):
        Column(memoryview(doubles), width, lengths)


def test_pairs_of_different_lengths_are_refused():
    """Two lists of different lengths cannot become a column of pairs."""
    with pytest.raises(ValueError, match="not 1 and 2"):
        Column.pairs([1], [1, 2])


@given(
    st.one_of(
        st.lists(st.none() | finite).map(Column.of),
        st.lists(st.none() | st.lists(finite, max_size=3)).map(Column.lists),
        st.lists(st.tuples(finite, finite)).map(
            lambda rows: Column.pairs([left for left, _ in rows], [right for _, right in rows])
        ),
    )
)
def test_lists_of_plain_values_and_back(column):
    """A column survives the conversion to JSON values and back."""
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
    """A stream that mixes numbers and lists, or contains anything else, is refused."""
    with pytest.raises(ValueError, match=r"sample|stream"):
        Column.from_list(samples)


def test_whole_and_true_numbers_are_numbers():
    """Integers and booleans are accepted as numbers, because some sources send them."""
    assert list(Column.from_list([1, 2.5, True, None])) == [1.0, 2.5, 1.0, None]
