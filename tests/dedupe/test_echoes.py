"""An echo, which is what a pipeline has sent, gives only values that no other member has; what the
athlete changed there afterwards is the athlete's.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import partial

import pytest

from fitglue_registry import dedupe
from fitglue_registry.dedupe import Choice, Member
from fitglue_registry.dedupe.echo import Echo
from fitglue_registry.model import BY_THE_ATHLETE, Completeness, Provenance, SourceActivity
from fitglue_registry.model.field_hash import field_hash
from fitglue_registry.registry.loading import load_catalogue

RULES = load_catalogue().merge_rules
merge = partial(dedupe.merge, rules=RULES)
#: Values that are as good as those of any member can be.
BEST = {"completeness": Completeness(parts=("summary", "file"))}


def original(**values):
    """Return a member that is only a summary, so that every other one is better."""
    poor = {"sport": "Ride", "completeness": Completeness(parts=("summary",))}
    return Member(1, ("garmin", "x", 0), SourceActivity(**(poor | values)))


def echo(sent, may_be_edited=True, **values):
    """Return a member that a pipeline has sent with these values."""
    hashes = {name: field_hash(value) for name, value in sent.items()}
    activity = SourceActivity(**({"sport": "Ride"} | BEST | values))
    return Member(2, ("intervals", "i7", 0), activity, echo=Echo(hashes, may_be_edited))


def both_ways(*members):
    """Merge members in every order, which must have no influence."""
    results = [merge(order) for order in itertools.permutations(members)]
    assert all(result == results[0] for result in results)
    return results[0]


@pytest.mark.parametrize(
    ("field", "own", "echoed"),
    [
        ("title", "Ride", "Long ride with everybody"),
        ("distance_m", 30_000.0, 30_100.0),
        ("average_watts", 180.0, 181.0),
        ("training_load", 60.0, 64.0),
        ("sport", "Ride", "GravelRide"),
        ("race", True, False),
        ("elapsed_s", 3600.0, 7200.0),
    ],
)
def test_an_echo_never_wins_a_rule(field, own, echoed):
    """A value of another member is kept, however good the record is that a pipeline has sent."""
    corrected = {field: Provenance("reported", by=BY_THE_ATHLETE)}
    merged, origins = both_ways(
        original(**{field: own}),
        echo({}, **{field: echoed}, provenance=corrected),
    )
    assert (getattr(merged, field), origins.get(field, origins[""])) == (own, 1)


def test_two_echoes_do_not_outvote_the_original():
    """What was sent is no vote: two copies of a wrong sport do not agree against the original."""
    first = echo({}, sport="Run")
    second = replace(first, id=3, key=("strava", "y", 0))
    assert both_ways(original(sport="Walk"), first, second)[0].sport == "Walk"


def test_an_echo_gives_what_no_other_member_has():
    """What the destination computes itself is used where nobody else has it."""
    merged, origins = both_ways(original(), echo({"title": "Ride"}, calories_kcal=800.0))
    assert (merged.calories_kcal, origins["calories_kcal"]) == (800.0, 2)


def test_what_fitglue_wrote_does_not_come_back():
    """A text of a booster, and a value that was sent, stay away although no other member has one,
    also if the service has rounded the value.
    """
    sent = {"description": "Load 54", "training_load": 54.2, "metrics.trimp": 80.4}
    copy = echo(sent, description="Load 54", training_load=54.0, metrics={"trimp": 80.0, "x": 1.0})
    merged, _ = both_ways(original(), copy)
    assert (merged.description, merged.training_load) == (None, None)
    assert merged.metrics == {"x": 1.0}


@pytest.mark.parametrize(
    ("field", "sent", "edited"),
    [
        ("title", "Ride", "Tempo with Anna"),
        ("description", "windy", "very windy"),
        ("rpe", 5, 7),
        ("tags", ("a",), ("a", "b")),
        ("tags", ("a", "b"), ("a",)),
    ],
)
def test_what_the_athlete_changes_there_is_theirs(field, sent, edited):
    """A text, a rating or tags that differ from what was sent win over what they were made from."""
    merged, origins = both_ways(original(**{field: sent}), echo({field: sent}, **{field: edited}))
    assert (getattr(merged, field), origins[field]) == (edited, 2)


@pytest.mark.parametrize(
    ("field", "sent", "returned"),
    [
        ("title", "A very long title of a ride", "A very long ti…"),
        ("description", "one\n\ntwo", "one two"),
        ("tags", ("Hill", "long"), ("LONG", "hill")),
    ],
)
def test_what_a_service_rewrites_is_no_edit(field, sent, returned):
    """A text that was cut off or whose blanks were joined, and tags in another order or case, are
    what was sent.
    """
    merged, _ = both_ways(original(**{field: sent}), echo({field: sent}, **{field: returned}))
    assert getattr(merged, field) == sent


def test_only_the_record_at_the_destination_can_be_edited():
    """The copy of a third service, and a record that has not changed since it was sent, may have
    an earlier value.
    """
    old = echo({"title": "New"}, may_be_edited=False, title="Old")
    assert both_ways(original(title="New"), old)[0].title == "New"


def test_an_echo_alone_gives_all_of_its_values():
    """If no other member is left, what was sent is all that is known of the workout."""
    sent = {"title": "Ride", "calories_kcal": 800.0}
    alone = echo(sent, **sent)
    other = replace(alone, id=3, key=("strava", "y", 0))
    for members in ([alone], [alone, other]):
        merged, _ = both_ways(*members)
        assert (merged.title, merged.calories_kcal) == ("Ride", 800.0)


def test_a_choice_of_the_athlete_wins_over_everything():
    """The athlete may choose the account of an echo for a field."""
    choice = Choice("distance_m", account="intervals")
    members = [original(distance_m=1.0), echo({}, distance_m=2.0)]
    assert merge(members, choices=[choice])[0].distance_m == 2.0
