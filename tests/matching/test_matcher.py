"""The matcher assigns changed source activities to activities: by claims, by the opinions of
plugins, by the score, and by the athlete's decisions.
"""

from __future__ import annotations

import logging
import types
from datetime import datetime

import pytest

from fitglue_registry.decisions.stored_decisions import StoredDecisions
from fitglue_registry.dedupe import Evidence
from fitglue_registry.hookspecs import HOOK_API, hookimpl
from fitglue_registry.matching.candidate_search import with_candidates
from fitglue_registry.matching.matcher import Matcher
from fitglue_registry.matching.opinions import judgment_of_opinion
from fitglue_registry.matching.plugin_opinions import OpinionPlugins
from fitglue_registry.model import Column, Stream
from fitglue_registry.plugin_api import Opinion
from fitglue_registry.plugins import Plugins
from fitglue_registry.registry import DefaultTitles, MergeRules, Rule
from fitglue_registry.store.activity_details import load_activity
from fitglue_registry.store.opinions import PairOpinion, opinions_about, put_opinions
from fitglue_registry.store.source_activity_rows import load_rows
from fitglue_registry.store.source_activity_search import shared_of

NOW = "2026-06-15T12:00:00.000Z"


@pytest.fixture
def rematch(library):
    """Match source activities again, and return the ids of their activities in the order of their
    own ids. Keyword arguments are plugins: name → a function that returns the opinions on pairs.
    """

    def make(*ids, affected=(), **plugins):
        points = [
            types.SimpleNamespace(
                name=name,
                value=name,
                group="fitglue.plugins",
                load=lambda respond=respond: module_of(respond),
            )
            for name, respond in plugins.items()
        ]
        matcher = Matcher(
            OpinionPlugins(Plugins(points, time_limit_s=5), plugins), StoredDecisions()
        )
        matcher.rematch(library.db, "me", ids, NOW, affected)
        return [row.activity_id for _, row in sorted(load_rows(library.db, ids).items())]

    return make


def module_of(respond):
    """Return a module that is a plugin with this implementation of ``fitglue_dedupe``."""
    module = types.ModuleType("plugin")
    module.FITGLUE_HOOK_API = HOOK_API

    def fitglue_dedupe(pairs):
        return respond(pairs)

    module.fitglue_dedupe = hookimpl(fitglue_dedupe)
    return module


def all_are(verdict):
    return lambda pairs: [Opinion(verdict, "because")] * len(pairs)


def test_workouts_with_nothing_in_common_are_two_activities(library, rematch):
    """Two workouts that have nothing in common are two activities."""
    first, second = rematch(
        library.source_activity(),
        library.source_activity(start_local=datetime(2026, 5, 1, 17, 30)),  # noqa: DTZ001
    )
    assert first != second


def test_equal_claims_make_one_activity(library, rematch):
    """Two source activities with the same claim are one activity."""
    first, second = (
        library.source_activity(claims=("strava:1",)),
        library.source_activity(claims=("strava:1",), description="windy"),
    )
    [first_activity, second_activity] = rematch(first, second)
    assert first_activity == second_activity
    assert load_activity(library.db, first_activity).activity.description == "windy"


def test_a_later_claim_joins_the_existing_activity(library, rematch):
    """A source activity that arrives later with the same claim joins the existing activity."""
    first = library.source_activity(claims=("strava:1",))
    [before] = rematch(first)
    second = library.source_activity(claims=("strava:1",))
    assert rematch(second) == [before]


def test_a_lost_claim_restores_both_activities(library, rematch, activity):
    """If a source activity loses the claim that joined it, both earlier activities are restored."""
    record = library.record()
    first, second = (
        library.source_activity(claims=("strava:1",)),
        library.put(record, activity(claims=("other:1",))).ids[0],
    )
    before = rematch(first, second)
    library.put(record, activity(claims=("strava:1",)))
    assert len(set(rematch(second, first))) == 1
    library.put(record, activity(claims=("other:1",)))
    assert rematch(second, first) == before


def test_a_plugin_joins_what_starts_together(library, rematch):
    """Two source activities that start together and share no claim are joined if a plugin says
    *same*.
    """
    [first, second] = rematch(
        library.source_activity(), library.source_activity(), plugin=all_are("same")
    )
    assert first == second


def test_a_plugin_keeps_apart(library, rematch):
    """Two source activities that share a claim are kept apart if a plugin says *different*."""
    first, second = (
        library.source_activity(claims=("strava:1",)),
        library.source_activity(claims=("strava:1",)),
    )
    assert len(set(rematch(first, second, plugin=all_are("different")))) == 2


def test_the_athletes_decision_takes_precedence_over_a_plugin(library, rematch):
    """The athlete's decision takes precedence over a plugin, each time that the plugin is asked."""
    first, second = library.source_activity(), library.source_activity()
    put_opinions(library.db, [PairOpinion(first, second, "person", "different", "mine")], NOW)
    for _ in range(2):
        assert len(set(rematch(first, second, plugin=all_are("same")))) == 2


def test_pairs_far_apart_are_not_asked_about(library, rematch, days):
    """A plugin is not asked about two workouts on different days."""
    asked = []
    rematch(
        library.source_activity(),
        library.source_activity(start_local=days(1)),
        plugin=lambda pairs: asked.append(pairs) or [],
    )
    assert asked == []


@pytest.mark.parametrize(
    "respond",
    [
        lambda pairs: 1 / 0,
        lambda pairs: None,
        lambda pairs: [],
        lambda pairs: iter(pairs),
        lambda pairs: ["same"] * len(pairs),
        lambda pairs: [Opinion("maybe", "because")] * len(pairs),
        lambda pairs: [Opinion("same", None)] * len(pairs),
    ],
)
def test_a_plugin_that_breaks_the_hook_is_reported_and_the_others_count(
    library, rematch, caplog, respond
):
    """The whole answer of a plugin that breaks the hook is ignored, a warning names the plugin, and
    the opinions of other plugins count.
    """
    with caplog.at_level(logging.WARNING):
        first, second = rematch(
            library.source_activity(),
            library.source_activity(),
            broken=respond,
            good=all_are("same"),
        )
    assert first == second
    assert "broken" in caplog.text


def test_a_gone_source_activity_supplies_no_values_and_stays_with_its_activity(library, rematch):
    """A source activity whose record is gone supplies no values, and still belongs to its
    activity.
    """
    first = library.source_activity(claims=("a:1",), title="gone")
    second = library.source_activity(claims=("a:1",), title="here")
    [activity_id, _] = rematch(first, second)
    library.gone(first)
    assert set(rematch(first, second)) == {activity_id}
    details = load_activity(library.db, activity_id)
    assert (
        details.activity.title,
        details.gone_at,
        [member.gone for member in details.members],
    ) == (
        "here",
        None,
        [True, False],
    )


def test_an_activity_whose_last_source_is_gone_is_gone(library, rematch):
    """An activity whose only record is gone is marked as gone, and keeps its id in case the
    record is listed again.
    """
    source_activity = library.source_activity()
    [activity_id] = rematch(source_activity)
    library.gone(source_activity)
    assert rematch(source_activity) == [activity_id]
    assert load_activity(library.db, activity_id).gone_at == NOW


def test_a_gone_member_stays_with_the_activity_after_a_split(library, rematch):
    """If an activity is split, a member whose record is gone stays with the part that
    keeps the id.
    """
    claims = ("a:1",)
    first, second, third = (library.source_activity(claims=claims) for _ in range(3))
    [activity_id, *_] = rematch(first, second, third)
    library.gone(first)
    for member, other in ((second, third), (first, third)):
        put_opinions(library.db, [PairOpinion(member, other, "person", "different", "mine")], NOW)
    after = dict(zip((first, second, third), rematch(first, second, third), strict=True))
    assert after[first] == after[second] == activity_id
    assert after[third] != activity_id


def test_other_athletes_are_never_matched(library, library_of, rematch):
    """Source activities of two athletes are never matched, even if they share a claim."""
    other = library_of(library.db, "you").source_activity(claims=("strava:1",))
    source_activity = library.source_activity(claims=("strava:1",))
    rematch(source_activity, plugin=all_are("same"))
    assert load_rows(library.db, [other])[other].activity_id is None


def test_a_new_value_is_merged_without_matching_again(library, rematch, activity):
    """A changed value is merged into the activity without matching its members again."""
    record = library.record()
    first, second = (
        library.put(record, activity(claims=("a:1",))).ids[0],
        library.source_activity(claims=("a:1",)),
    )
    [activity_id, _] = rematch(first, second)
    changed = library.put(record, activity(claims=("a:1",), title="New"))
    Matcher(OpinionPlugins(Plugins([])), StoredDecisions()).remerge_changed(
        library.db, "me", dict(changed.legs), NOW
    )
    details = load_activity(library.db, activity_id)
    assert (details.activity.title, len(details.members)) == ("New", 2)


def test_new_rules_are_applied_to_stored_activities(library, rematch):
    """New merge rules are applied to stored activities that have several sources."""
    first, second = (
        library.source_activity(claims=("a:1",), title="Morning ride"),
        library.source_activity(claims=("a:1",), title="With Ada"),
    )
    [activity_id, _] = rematch(first, second)
    assert load_activity(library.db, activity_id).activity.title == "Morning ride"
    rows = load_rows(library.db, [first, second]).values()
    shared = [number for row in rows for number in shared_of(library.db, row.connection_id)]
    assert sorted(shared) == [first, second]
    rules = MergeRules(
        (Rule("words", ("title",), ("edited",)),), default_titles=DefaultTitles(("morning", "ride"))
    )
    Matcher(OpinionPlugins(Plugins([])), StoredDecisions(), rules).remerge(
        library.db, "me", shared, NOW
    )
    assert load_activity(library.db, activity_id).activity.title == "With Ada"


def test_streams_are_those_of_the_member_that_the_rules_say(library, rematch, activity):
    """The merge rules can choose the member that supplies the streams by the types of its
    streams.
    """
    full = tuple(Stream(name, Column.of([1.0, 2.0])) for name in ("time", "heartrate", "watts"))
    first = library.put(library.record(), activity(claims=("a:1",), streams=full[:1])).ids[0]
    second = library.put(library.record(), activity(claims=("a:1",), streams=full)).ids[0]
    [activity_id, _] = rematch(first, second)
    assert load_activity(library.db, activity_id).origins.get("streams") is None
    rules = MergeRules((Rule("streams", ("streams",), ("fullest",)),))
    Matcher(OpinionPlugins(Plugins([])), StoredDecisions(), rules).remerge(
        library.db, "me", [first], NOW
    )
    assert load_activity(library.db, activity_id).origins["streams"] == second


def test_many_changed_at_once_are_matched_like_one_by_one(library, rematch, days):
    """Many source activities are matched at once, including starts at the first and last moment
    that datetime can hold.
    """
    starts = [days(number) for number in range(25)] + [datetime.min, datetime.max]  # noqa: DTZ901
    ids = [library.source_activity(start_local=start) for start in (*starts, *starts)]
    after = rematch(*ids, plugin=all_are("same"))
    assert after[: len(starts)] == after[len(starts) :]
    assert len(set(after)) == len(starts)


def test_the_score_joins_copies_and_says_why(library, rematch):
    """Two copies without a shared claim are joined by the score, and its evidence is stored as an
    opinion.
    """
    first, second = (
        library.source_activity(distance_m=20_000.0),
        library.source_activity(distance_m=20_000.0),
    )
    [first_activity, second_activity] = rematch(first, second)
    assert first_activity == second_activity
    [opinion] = opinions_about(library.db, [first])
    assert (opinion.said_by, opinion.verdict) == ("score", "same")
    assert judgment_of_opinion(opinion).evidence[0] == Evidence(
        "time", "same second", judgment_of_opinion(opinion).evidence[0].bits
    )


def test_a_recording_that_arrives_later_can_decide(library, rematch, activity):
    """Two source activities that start hours apart are joined as soon as their tracks arrive and
    share their points.
    """
    later = {"start_local": datetime(2026, 5, 1, 15, 30), "distance_m": 10_000.0}  # noqa: DTZ001 - a local time
    records = [library.record(), library.record()]
    values_of_each = [{"distance_m": 10_100.0}, later]
    first, second = (
        library.put(record, activity(**values)).ids[0]
        for record, values in zip(records, values_of_each, strict=True)
    )
    assert len(set(rematch(first, second))) == 2
    track = Stream(
        "latlng",
        Column.pairs([50 + k / 1000 for k in range(50)], [8 + (k % 7) / 1000 for k in range(50)]),
    )
    for record, values in zip(records, values_of_each, strict=True):
        again = library.put(record, activity(**values, streams=(track,)))
        assert with_candidates(library.db, "me", dict(again.legs))
    assert len(set(rematch(first, second))) == 1


def test_a_workout_with_nothing_near_it_has_no_candidates(library, rematch, activity):
    """A source activity has no candidates if no other workout is close in time and no opinion about
    it is stored.
    """
    record = library.record()
    rematch(
        library.put(record, activity()).ids[0],
        library.source_activity(start_local=datetime(2026, 5, 1, 19, 44)),  # noqa: DTZ001
    )
    alone = library.put(record, activity(distance_m=9.0))
    assert not with_candidates(library.db, "me", dict(alone.legs))
    longer = library.put(record, activity(elapsed_s=50_000.0))
    assert with_candidates(library.db, "me", dict(longer.legs)) == set(longer.ids)


@pytest.mark.parametrize(
    ("start", "precision"),
    [
        (datetime(2026, 5, 1, 23, 59, 40), "second"),  # noqa: DTZ001
        (datetime(2026, 5, 2, 21, 1, 7), "day"),  # noqa: DTZ001 - local times
    ],
)
def test_a_start_at_midnight_may_be_exact_or_only_a_day(
    library, rematch, activity, start, precision
):
    """A stored start at midnight is a candidate both as an exact start and as a start that is
    known only to the day.
    """
    [there] = rematch(
        library.source_activity(
            start_local=datetime(2026, 5, 2),  # noqa: DTZ001
            start_precision=precision,
            distance_m=9.0,
        )
    )
    put = library.put(library.record(), activity(start_local=start, distance_m=9.0))
    assert with_candidates(library.db, "me", dict(put.legs))
    assert rematch(*put.ids) == [there]
