"""Tests of items that arrive together, which are stored together."""

from __future__ import annotations

import threading

import pytest

from fitglue_registry.errors import Retryable
from fitglue_registry.plugins import consumer
from fitglue_registry.plugins.guard import Guard


def groups_of(jobs, *, most=2, lanes=1, weigh=None):
    """Return an iteration over the groups of these jobs."""
    return Guard("good").iterate_in_groups("hook", jobs, most=most, lanes=lanes, weigh=weigh)


def jobs_of(*answers):
    """Return a job for each of these answers."""
    return [lambda answer=answer: iter(answer) for answer in answers]


@pytest.mark.parametrize(
    ("most", "sizes"), [(1, [1, 1, 1, 1, 1]), (2, [2, 2, 1]), (3, [3, 2]), (9, [5])]
)
def test_items_of_several_jobs_are_one_group(most, sizes, monkeypatch):
    """Items that arrive within a moment are one group, up to the largest number of them that the
    caller wants.
    """
    monkeypatch.setattr(consumer, "_SOON_S", 60.0)
    # With as many threads as jobs, all jobs may begin before a group is complete.
    groups = list(groups_of(jobs_of(*"abcde"), most=most, lanes=5))
    assert list(map(len, groups)) == sizes
    assert sorted(item for group in groups for _, item in group) == list("abcde")


def test_an_error_ends_its_group(monkeypatch):
    """The error of a job is the last item of its group, so that the caller can stop there."""
    monkeypatch.setattr(consumer, "_SOON_S", 60.0)

    def fail():
        raise Retryable("FG-upstream-down", "the service is down")
        yield

    groups = list(groups_of([fail, *jobs_of("a", "b")]))
    assert [[job for job, _ in group] for group in groups] == [[0], [1, 2]]
    assert groups[0][0][1].code == "FG-upstream-down"


def test_a_group_does_not_wait_for_jobs_that_cannot_begin(monkeypatch):
    """A group that would be larger than the number of jobs that may begin is yielded as it is."""
    monkeypatch.setattr(consumer, "_SOON_S", 60.0)
    groups = list(groups_of(jobs_of(*"abcde"), most=9, lanes=1))
    assert list(map(len, groups)) == [2, 2, 1]


def test_an_item_does_not_wait_for_a_job_that_takes_long(monkeypatch):
    """An item is yielded alone if the next one does not arrive soon."""
    monkeypatch.setattr(consumer, "_SOON_S", 0.01)
    release = threading.Event()

    def wait():
        release.wait(60)
        yield "b"

    groups = groups_of([*jobs_of("a"), wait])
    assert next(groups) == [(0, "a")]
    release.set()
    assert list(groups) == [[(1, "b")]]


def test_a_heavy_item_is_a_group_of_its_own(monkeypatch):
    """An item of many bytes is yielded at once, so that no two of them are in memory."""
    monkeypatch.setattr(consumer, "_SOON_S", 60.0)
    groups = list(groups_of(jobs_of("a", "b"), weigh=lambda _: 10_000_000))
    assert groups == [[(0, "a")], [(1, "b")]]


@pytest.mark.parametrize("lanes", [1, 2])
def test_no_more_jobs_begin_while_a_group_is_stored(lanes, monkeypatch):
    """While the caller stores a group, at most one job more than there are threads has begun and is
    not stored, as without groups: a process that is killed has no more requests to repeat.
    """
    monkeypatch.setattr(consumer, "_SOON_S", 60.0)
    begun = []
    stored = 0

    def job(number):
        def answer():
            begun.append(number)
            yield number

        return answer

    for group in groups_of([job(number) for number in range(20)], lanes=lanes):
        # Threads that may begin a job do so now, if ever.
        for thread in threading.enumerate():
            if thread.name.startswith("plugin good"):
                thread.join(0.02)
        assert len(begun) - stored <= lanes + 1
        stored += len(group)
    assert stored == 20
