"""A copy of one side of the athlete's *same* is the same as the other side."""

from __future__ import annotations

import pytest

from fitglue_registry.dedupe import Edge
from fitglue_registry.dedupe.edges import inherited_edges
from fitglue_registry.model.stored import OpinionSource


def edge(first, second, verdict="same", said_by="claim"):
    return Edge(first, second, verdict, said_by, "because")


def test_a_copy_of_one_side_is_the_same_as_the_other():
    """If the athlete joined 1 and 2, a copy of 1 is the same as 2 and a copy of 2 the same as 1."""
    inherited = inherited_edges(
        [edge(1, 2, said_by="person"), edge(3, 1, said_by="score"), edge(2, 4)]
    )
    assert [(edge.first, edge.second, edge.verdict, edge.said_by) for edge in inherited] == [
        (2, 3, "same", OpinionSource.PERSON_OF_A_COPY),
        (1, 4, "same", OpinionSource.PERSON_OF_A_COPY),
    ]


@pytest.mark.parametrize(
    ("verdict", "said_by", "number"),
    [("different", "plugin", 0), ("same", "plugin", 0), ("ask", "score", 1)],
)
def test_an_opinion_about_the_pair_itself_takes_precedence(verdict, said_by, number):
    """No edge is inherited if a plugin or a claim has decided about the pair; the doubt of the
    score does not count.
    """
    assert (
        len(
            inherited_edges(
                [edge(1, 2, said_by="person"), edge(1, 3), edge(2, 3, verdict, said_by)]
            )
        )
        == number
    )


def test_nothing_is_inherited_from_anything_but_the_athletes_same():
    """Nothing is inherited from claims, or from a decision that two workouts are different."""
    assert inherited_edges([edge(1, 2), edge(2, 3), edge(3, 4, "different", "person")]) == []
