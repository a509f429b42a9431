"""Changed source activities find their place: by claims, by what plugins say, and by a person's
word.
"""

from __future__ import annotations

import logging
import types
from datetime import datetime

import pytest

from fitglue_registry.decisions.stored_decisions import StoredDecisions
from fitglue_registry.dedupe import Evidence
from fitglue_registry.hookspecs import HOOK_API, hookimpl
from fitglue_registry.matching.candidate_search import has_candidates
from fitglue_registry.matching.matcher import Matcher
from fitglue_registry.matching.opinions import judgment_of_opinion
from fitglue_registry.matching.plugin_opinions import OpinionPlugins
from fitglue_registry.model import Column, Stream
from fitglue_registry.plugin_api import Opinion
from fitglue_registry.plugins import Plugins
from fitglue_registry.registry import DefaultTitles, MergeRules, Rule
from fitglue_registry.store.activity_details import load_activity
from fitglue_registry.store.opinions import PairOpinion, opinions_about, put_opinion
from fitglue_registry.store.source_activity_rows import load_rows
from fitglue_registry.store.source_activity_search import shared_of

NOW = "2026-06-15T12:00:00.000Z"


@pytest.fixture
def place(library):
    """Places these source activities; ``experts`` are functions that answer for all pairs, by
    plugin name.

    Their activities come back.
    """

    def make(*ids, affected=(), **experts):
        points = [
            types.SimpleNamespace(
                name=name,
                value=name,
                group="fitglue.plugins",
                load=lambda said=said: module_of(said),
            )
            for name, said in experts.items()
        ]
        matcher = Matcher(
            OpinionPlugins(Plugins(points, time_limit_s=5), experts), StoredDecisions()
        )
        matcher.rematch(library.db, "me", ids, NOW, affected)
        return [row.activity_id for _, row in sorted(load_rows(library.db, ids).items())]

    return make


def module_of(said):
    module = types.ModuleType("expert")
    module.FITGLUE_HOOK_API = HOOK_API

    def fitglue_dedupe(pairs):
        return said(pairs)

    module.fitglue_dedupe = hookimpl(fitglue_dedupe)
    return module


def all_are(verdict):
    return lambda pairs: [Opinion(verdict, "because")] * len(pairs)


def test_what_shares_nothing_stands_alone(library, place):
    """Two workouts are two activities."""
    one, two = place(
        library.source_activity(),
        library.source_activity(start_local=datetime(2026, 5, 1, 17, 30)),  # noqa: DTZ001
    )
    assert one != two


def test_equal_claims_make_one_activity(library, place):
    """Two accounts that know the same workout."""
    one, two = (
        library.source_activity(claims=("strava:1",)),
        library.source_activity(claims=("strava:1",), description="windy"),
    )
    [first, second] = place(one, two)
    assert first == second
    assert load_activity(library.db, first).activity.description == "windy"


def test_a_claim_that_comes_later_joins_what_was_there(library, place):
    """The older activity survives, wherever the news came from."""
    one = library.source_activity(claims=("strava:1",))
    [before] = place(one)
    two = library.source_activity(claims=("strava:1",))
    assert place(two) == [before]


def test_a_claim_that_is_gone_gives_both_back(library, place, activity):
    """An edit at the source that takes the evidence away takes the match away."""
    record = library.record()
    one, two = (
        library.source_activity(claims=("strava:1",)),
        library.put(record, activity(claims=("other:1",))).ids[0],
    )
    before = place(one, two)
    library.put(record, activity(claims=("strava:1",)))
    assert len(set(place(two, one))) == 1
    library.put(record, activity(claims=("other:1",)))
    assert place(two, one) == before


def test_a_plugin_that_knows_more_joins_what_starts_together(library, place):
    """Where no claim is shared, an opinion decides."""
    [one, two] = place(library.source_activity(), library.source_activity(), expert=all_are("same"))
    assert one == two


def test_a_plugin_that_knows_more_keeps_apart(library, place):
    """Against equal claims too."""
    one, two = (
        library.source_activity(claims=("strava:1",)),
        library.source_activity(claims=("strava:1",)),
    )
    assert len(set(place(one, two, expert=all_are("different")))) == 2


def test_a_persons_word_goes_before_a_plugins(library, place):
    """And stays, though plugins are asked anew each time."""
    one, two = library.source_activity(), library.source_activity()
    put_opinion(library.db, PairOpinion(one, two, "person", "different", "mine"), NOW)
    for _ in range(2):
        assert len(set(place(one, two, expert=all_are("same")))) == 2


def test_pairs_far_apart_are_not_asked_about(library, place, days):
    """An opinion is asked only where a match could be."""
    asked = []
    place(
        library.source_activity(),
        library.source_activity(start_local=days(1)),
        expert=lambda pairs: asked.append(pairs) or [],
    )
    assert asked == []


@pytest.mark.parametrize(
    "said",
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
def test_an_expert_that_breaks_the_hook_is_named_and_the_others_count(library, place, caplog, said):
    """Its answer is left aside whole."""
    with caplog.at_level(logging.WARNING):
        one, two = place(
            library.source_activity(), library.source_activity(), broken=said, good=all_are("same")
        )
    assert one == two
    assert "broken" in caplog.text


def test_a_gone_source_activity_leaves_the_values_and_stays_with_its_activity(library, place):
    """A tombstone says what was there; the others make up the workout."""
    one = library.source_activity(claims=("a:1",), title="gone")
    two = library.source_activity(claims=("a:1",), title="here")
    [made, _] = place(one, two)
    library.gone(one)
    assert set(place(one, two)) == {made}
    found = load_activity(library.db, made)
    assert (found.activity.title, found.gone_at, [member.gone for member in found.members]) == (
        "here",
        None,
        [True, False],
    )


def test_an_activity_whose_last_source_is_gone_is_gone(library, place):
    """It keeps its number and comes back with the record."""
    one = library.source_activity()
    [made] = place(one)
    library.gone(one)
    assert place(one) == [made]
    assert load_activity(library.db, made).gone_at == NOW


def test_a_gone_member_stays_with_the_activity_when_the_others_part(library, place):
    """Not with whoever comes first."""
    claims = ("a:1",)
    one, two, three = (library.source_activity(claims=claims) for _ in range(3))
    [made, *_] = place(one, two, three)
    library.gone(one)
    for first, second in ((two, three), (one, three)):
        put_opinion(library.db, PairOpinion(first, second, "person", "different", "mine"), NOW)
    after = dict(zip((one, two, three), place(one, two, three), strict=True))
    assert after[one] == after[two] == made
    assert after[three] != made


def test_other_athletes_are_never_matched(library, library_of, place):
    """Nothing is ever compared across athletes."""
    other = library_of(library.db, "you").source_activity(claims=("strava:1",))
    one = library.source_activity(claims=("strava:1",))
    place(one, expert=all_are("same"))
    assert load_rows(library.db, [other])[other].activity_id is None


def test_a_new_value_is_merged_without_matching_anew(library, place, activity):
    """Streams that arrived change the values of an activity, and who belongs to it stays."""
    record = library.record()
    one, two = (
        library.put(record, activity(claims=("a:1",))).ids[0],
        library.source_activity(claims=("a:1",)),
    )
    [made, _] = place(one, two)
    changed = library.put(record, activity(claims=("a:1",), title="New"))
    Matcher(OpinionPlugins(Plugins([])), StoredDecisions()).remerge_changed(
        library.db, "me", changed.legs, NOW
    )
    found = load_activity(library.db, made)
    assert (found.activity.title, len(found.members)) == ("New", 2)


def test_new_rules_are_applied_to_what_is_there(library, place):
    """As a rebuild does; what has one source is not merged at all."""
    one, two = (
        library.source_activity(claims=("a:1",), title="Morning ride"),
        library.source_activity(claims=("a:1",), title="With Ada"),
    )
    [made, _] = place(one, two)
    assert load_activity(library.db, made).activity.title == "Morning ride"
    rows = load_rows(library.db, [one, two]).values()
    shared = [number for row in rows for number in shared_of(library.db, row.connection_id)]
    assert sorted(shared) == [one, two]
    rules = MergeRules(
        (Rule("words", ("title",), ("edited",)),), default_titles=DefaultTitles(("morning", "ride"))
    )
    Matcher(OpinionPlugins(Plugins([])), StoredDecisions(), rules).remerge(
        library.db, "me", shared, NOW
    )
    assert load_activity(library.db, made).activity.title == "With Ada"


def test_streams_are_those_of_the_member_that_the_rules_say(library, place, activity):
    """What each has of them is known where activities are merged."""
    full = tuple(Stream(name, Column.of([1.0, 2.0])) for name in ("time", "heartrate", "watts"))
    one = library.put(library.record(), activity(claims=("a:1",), streams=full[:1])).ids[0]
    two = library.put(library.record(), activity(claims=("a:1",), streams=full)).ids[0]
    [made, _] = place(one, two)
    assert load_activity(library.db, made).origins.get("streams") is None
    rules = MergeRules((Rule("streams", ("streams",), ("fullest",)),))
    Matcher(OpinionPlugins(Plugins([])), StoredDecisions(), rules).remerge(
        library.db, "me", [one], NOW
    )
    assert load_activity(library.db, made).origins["streams"] == two


def test_many_changed_at_once_are_matched_like_one_by_one(library, place, days):
    """A first sync asks about whole spans, the edges of the calendar included."""
    starts = [days(number) for number in range(25)] + [datetime.min, datetime.max]  # noqa: DTZ901
    ids = [library.source_activity(start_local=start) for start in (*starts, *starts)]
    after = place(*ids, expert=all_are("same"))
    assert after[: len(starts)] == after[len(starts) :]
    assert len(set(after)) == len(starts)


def test_the_score_joins_copies_and_says_why(library, place):
    """Without a shared claim: the verdict and its lines are kept as an opinion."""
    one, two = (
        library.source_activity(distance_m=20_000.0),
        library.source_activity(distance_m=20_000.0),
    )
    [first, second] = place(one, two)
    assert first == second
    [said] = opinions_about(library.db, [one])
    assert (said.said_by, said.verdict) == ("score", "same")
    assert judgment_of_opinion(said).evidence[0] == Evidence(
        "time", "same second", judgment_of_opinion(said).evidence[0].bits
    )


def test_a_recording_that_comes_later_may_tell(library, place, activity):
    """Hours apart like a clock that is off: asked about, until both tracks show the same points."""
    later = {"start_local": datetime(2026, 5, 1, 15, 30), "distance_m": 10_000.0}  # noqa: DTZ001 - a local time
    records = [library.record(), library.record()]
    said = [{"distance_m": 10_100.0}, later]
    one, two = (
        library.put(record, activity(**values)).ids[0]
        for record, values in zip(records, said, strict=True)
    )
    assert len(set(place(one, two))) == 2
    track = Stream(
        "latlng",
        Column.pairs([50 + k / 1000 for k in range(50)], [8 + (k % 7) / 1000 for k in range(50)]),
    )
    for record, values in zip(records, said, strict=True):
        again = library.put(record, activity(**values, streams=(track,)))
        assert has_candidates(library.db, "me", again)
    assert len(set(place(one, two))) == 1


def test_what_is_alone_needs_no_matching(library, place, activity):
    """No other workout within reach, and nobody has said anything of it."""
    record = library.record()
    place(
        library.put(record, activity()).ids[0],
        library.source_activity(start_local=datetime(2026, 5, 1, 19, 44)),  # noqa: DTZ001
    )
    assert not has_candidates(library.db, "me", library.put(record, activity(distance_m=9.0)))
    assert has_candidates(library.db, "me", library.put(record, activity(elapsed_s=50_000.0)))


@pytest.mark.parametrize(
    ("start", "precision"),
    [
        (datetime(2026, 5, 1, 23, 59, 40), "second"),  # noqa: DTZ001
        (datetime(2026, 5, 2, 21, 1, 7), "day"),  # noqa: DTZ001 - local times
    ],
)
def test_what_stands_at_midnight_may_have_begun_then_or_know_the_day_alone(
    library, place, activity, start, precision
):
    """The columns that are looked at first do not say which."""
    [there] = place(
        library.source_activity(
            start_local=datetime(2026, 5, 2),  # noqa: DTZ001
            start_precision=precision,
            distance_m=9.0,
        )
    )
    put = library.put(library.record(), activity(start_local=start, distance_m=9.0))
    assert has_candidates(library.db, "me", put)
    assert place(*put.ids) == [there]
