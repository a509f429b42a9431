"""A copy of the one side of a person's *same* is the same as the other side."""

from __future__ import annotations

import pytest

from fitglue_registry.dedupe import Edge
from fitglue_registry.dedupe.edges import inherited_edges
from fitglue_registry.model.stored import OpinionSource


def edge(first, second, verdict="same", said_by="claim"):
    return Edge(first, second, verdict, said_by, "because")


def test_a_copy_of_one_side_is_the_same_as_the_other():
    """Whoever says that it is a copy, and whichever comes first."""
    found = inherited_edges([edge(1, 2, said_by="person"), edge(3, 1, said_by="score"), edge(2, 4)])
    assert [(one.first, one.second, one.verdict, one.said_by) for one in found] == [
        (2, 3, "same", OpinionSource.PERSON_OF_A_COPY),
        (1, 4, "same", OpinionSource.PERSON_OF_A_COPY),
    ]


@pytest.mark.parametrize(
    ("verdict", "said_by", "number"),
    [("different", "expert", 0), ("same", "expert", 0), ("ask", "score", 1)],
)
def test_what_somebody_knows_of_the_pair_goes_before(verdict, said_by, number):
    """The doubts of the score do not."""
    assert (
        len(
            inherited_edges(
                [edge(1, 2, said_by="person"), edge(1, 3), edge(2, 3, verdict, said_by)]
            )
        )
        == number
    )


def test_nothing_follows_from_what_is_no_persons_same():
    """Two claims in a row are no word of anybody."""
    assert inherited_edges([edge(1, 2), edge(2, 3), edge(3, 4, "different", "person")]) == []
