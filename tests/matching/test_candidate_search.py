"""Tests of the spans of time in which candidates are searched: no candidate pair is missed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from hypothesis import assume, given
from hypothesis import strategies as st

from fitglue_registry.dedupe import learned_weights, traits_of
from fitglue_registry.dedupe.blocking import candidate_pairs
from fitglue_registry.dedupe.candidate import Candidate
from fitglue_registry.matching.candidate_search import search_spans
from fitglue_registry.model import SourceActivity
from fitglue_registry.store.encoding import clock_start, column_values

MIDNIGHT = datetime(2026, 5, 2, tzinfo=UTC)


@st.composite
def activities(draw):
    """Return an activity with a local start, a UTC start, or both, within three days."""
    start_utc = MIDNIGHT + timedelta(minutes=draw(st.integers(-2200, 2200)))
    offset_s = 900 * draw(st.integers(-48, 56))
    start_local = (start_utc + timedelta(seconds=offset_s)).replace(tzinfo=None)
    known = draw(
        st.sampled_from(
            [
                {"start_utc": start_utc},
                {"start_local": start_local},
                {"start_utc": start_utc, "start_local": start_local, "utc_offset_s": offset_s},
            ]
        )
    )
    precision = draw(st.sampled_from(["second", "minute", "day"]))
    return SourceActivity(**known, start_precision=precision, elapsed_s=3600.0)


def row_of(activity):
    """Return the row of a source activity, as far as the search reads it."""
    start = clock_start(column_values(activity))
    return SimpleNamespace(clock_start=datetime.fromisoformat(start))


@given(first=activities(), second=activities())
def test_every_candidate_pair_is_inside_the_span_that_is_searched(first, second):
    """The second activity of a candidate pair starts in the span that is searched for the first
    one, also if only one of them knows its zone.
    """
    pair = [
        Candidate(n, (f"c{n}", "x", 0), frozenset(), traits_of(each, f"c{n}"))
        for n, each in enumerate((first, second))
    ]
    assume(list(candidate_pairs(pair[:1], pair, learned_weights().cuts)))
    [(oldest, newest)] = search_spans([row_of(first)])
    assert oldest <= row_of(second).clock_start <= newest
