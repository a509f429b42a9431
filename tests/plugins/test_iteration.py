"""Tests that a hook that yields is guarded while its iterator is consumed, outside of pluggy."""

from __future__ import annotations

import gc
import itertools
import threading
import weakref

import pytest

from fitglue_registry.errors import FitglueError, PluginFailed, Retryable
from fitglue_registry.plugin_api import Listing, Window


def listing(number=1):
    return Listing(f"i{number}", b"{}")


@pytest.fixture
def lister(load, plugin, entry):
    """A function that makes a ``fitglue_list`` of a function of the window, and iterates over its
    items, once for each job.
    """

    def make(body, *, jobs=1, lanes=1, **options):
        def fitglue_list(connection, window):
            return body(window)

        plugins = load(good=plugin(fitglue_list), **options)
        windows = [{"connection": None, "window": Window()} for _ in range(jobs)]
        return plugins.of(entry("good")).iterate("fitglue_list", windows, lanes=lanes)

    return make


def test_items_come_with_the_number_of_their_job(lister):
    """The items of several calls arrive in one iteration, each with the number of its call."""
    assert list(lister(lambda _: [listing(1)], jobs=3)) == [(job, listing(1)) for job in range(3)]


@pytest.mark.parametrize("answer", [[], (), iter(())])
def test_an_empty_answer_is_an_empty_iteration(lister, answer):
    """An empty list, tuple or iterator is an empty iteration and not an error."""
    assert list(lister(lambda _: answer)) == []


def test_no_jobs_are_no_calls(lister):
    """An iteration without jobs never calls the hook."""
    assert list(lister(lambda _: 1 / 0, jobs=0)) == []


@pytest.mark.parametrize("answer", [None, 5, listing(1)])
def test_an_answer_that_cannot_be_iterated_is_refused(lister, answer):
    """An answer that is None, a number or a single item is refused, because it cannot
    be iterated.
    """
    [(job, error)] = lister(lambda _: answer)
    assert (job, error.code) == (0, "FG-plugin-answer")
    assert error.what == f"plugin good answered with {type(answer).__name__}, expected Iterable"


@pytest.mark.parametrize("item", [None, "i1", {"id": "i1"}, ("i1", b"{}")])
def test_an_item_of_the_wrong_type_is_the_last_of_its_job(lister, item):
    """An item of a wrong type ends its job with an error, and the items before it are kept."""
    items = [answer for _, answer in lister(lambda _: iter([listing(1), item, listing(2)]))]
    assert items[0] == listing(1)
    assert items[1].code == "FG-plugin-answer"
    assert (
        items[1].what
        == f"plugin good answered with {type(item).__name__}, expected Listing or Split or Location"
    )
    assert len(items) == 2


def test_a_text_is_not_a_list_of_listings(lister):
    """A text can be iterated, but its characters are refused."""
    [(_, error)] = lister(lambda _: "i1")
    assert error.code == "FG-plugin-answer"


@pytest.mark.parametrize(
    "raised", [ValueError("half way"), SystemExit(0), StopIteration("odd"), RecursionError()]
)
def test_an_exception_half_way_is_the_last_item_of_its_job(lister, raised):
    """A generator that raises ends its job with an error as the last item, and the next job
    begins.
    """

    def body(_):
        yield listing(1)
        raise raised

    answers = list(lister(body, jobs=2))
    assert [job for job, _ in answers] == [0, 0, 1, 1]
    assert [item.code for _, item in answers[1::2]] == ["FG-plugin-raised"] * 2


def test_an_error_of_the_host_that_a_generator_raises_is_unchanged(lister):
    """A FitglueError that a generator raises is the last item, unchanged."""
    limit = Retryable("FG-rate-limited", "too many requests")

    def body(_):
        raise limit
        yield

    assert [item for _, item in lister(body)] == [limit]


def test_an_endless_generator_stops_when_the_iteration_is_closed(lister):
    """Closing an iteration ends the generator after its current item and runs its ``finally``."""
    ended = threading.Event()

    def body(_):
        try:
            for number in itertools.count():
                yield listing(number)
        finally:
            ended.set()

    answers = lister(body)
    assert [next(answers)[1] for _ in range(100)] == [listing(number) for number in range(100)]
    answers.close()
    assert ended.wait(5)


def test_a_flood_waits_for_its_reader(lister):
    """A generator runs ahead of its reader only by the length of the queue, so that memory is
    bounded.
    """
    made = []

    def body(_):
        for number in range(1000):
            made.append(number)
            yield listing(number)

    answers = lister(body)
    next(answers)
    assert len(made) < 100
    assert len(list(answers)) == 999


def test_a_generator_that_blocks_is_abandoned(lister, release):
    """A generator that blocks ends the iteration with FG-plugin-blocked after the items that it has
    yielded.
    """

    def body(_):
        yield listing(1)
        release.wait(30)

    answers = lister(body, time_limit_s=0.2)
    assert next(answers) == (0, listing(1))
    with pytest.raises(PluginFailed) as caught:
        next(answers)
    assert caught.value.code == "FG-plugin-blocked"


def test_a_slow_reader_is_not_a_blocked_plugin(lister):
    """The time limit counts only while the host waits for an item, not while it works on one."""
    answers = lister(lambda _: [listing(1), listing(2)], time_limit_s=0.15)
    next(answers)
    threading.Event().wait(0.3)
    assert next(answers) == (0, listing(2))


def test_lanes_work_at_the_same_time(lister):
    """Two jobs on two lanes run at the same time, so each can wait for the other."""
    meeting = threading.Barrier(2, timeout=5)

    def body(_):
        meeting.wait()
        yield listing(1)

    assert sorted(
        job for job, item in lister(body, jobs=2, lanes=2) if not isinstance(item, FitglueError)
    ) == [0, 1]


def test_every_job_is_done_once_with_any_number_of_lanes(lister):
    """No job is lost or repeated, with more jobs than lanes and with more lanes than jobs."""
    for jobs, lanes in ((20, 4), (2, 8)):
        assert sorted(
            job for job, _ in lister(lambda _: [listing(1)], jobs=jobs, lanes=lanes)
        ) == list(range(jobs))


def test_a_generator_without_end_is_stopped_and_named(lister, monkeypatch):
    """A generator that yields more items than any account has is stopped with FG-plugin-endless."""
    monkeypatch.setattr("fitglue_registry.plugins.consumer.MOST_ROWS", 50)
    *items, last = [
        item for _, item in lister(lambda _: (listing(number) for number in itertools.count()))
    ]
    assert len(items) == 50
    assert (last.code, "good" in last.what) == ("FG-plugin-endless", True)


class Body:
    """The body of a response, which a weak reference can watch."""


@pytest.mark.parametrize(
    "error",
    [Retryable("FG-source-down", "it is down"), ValueError("odd"), KeyError("with a cause")],
)
def test_a_kept_error_does_not_keep_the_response_that_it_is_about(lister, error):
    """An error that the host keeps until the end of a sync releases the values of the calls that
    raised it, such as a response of many megabytes.
    """
    watched = []

    def read(body):
        watched.append(weakref.ref(body))
        raise error from ZeroDivisionError()

    def body(_):
        response = Body()
        yield listing()
        read(response)

    [_, (_, kept)] = lister(body)
    gc.collect()
    assert isinstance(kept, FitglueError)
    assert [reference() for reference in watched] == [None]
