"""What a pipeline has sent is recognized when a source lists it: it joins the activity that was
sent, whatever the score says.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from fitglue_registry.decisions.same_or_different import split, undo
from fitglue_registry.decisions.stored_decisions import StoredDecisions
from fitglue_registry.decisions.transaction import DecisionTransaction
from fitglue_registry.matching.matcher import Matcher
from fitglue_registry.matching.plugin_opinions import OpinionPlugins
from fitglue_registry.matching.remembering import remember_sent
from fitglue_registry.model import delivery_serial
from fitglue_registry.plugins import Plugins
from fitglue_registry.store.activities import drop_empty
from fitglue_registry.store.activity_details import load_activity
from fitglue_registry.store.connections import remove_connection
from fitglue_registry.store.sent_identities import echoes_among
from fitglue_registry.store.source_activity_rows import load_rows
from fitglue_registry.store.source_activity_search import members_of
from tests.deliveries import RETURNED, SENT, deliver
from tests.library import NOW, START, make_activity

#: So far from the original that the score would call it another workout.
ELSEWHERE = {"start_local": START + timedelta(minutes=50), "elapsed_s": 600.0, "sport": "Run"}


@pytest.fixture
def matcher():
    """Return a matcher without plugins."""
    return Matcher(OpinionPlugins(Plugins([])), StoredDecisions())


class Sending:
    """Lists and sends workouts of one athlete."""

    def __init__(self, library, matcher):
        self.library, self.matcher = library, matcher

    def listed(self, connection_id=None, at=NOW, **values):
        """Store a record that a source lists, match it, and return its source activity."""
        record = self.library.record(connection_id, first_seen_at=at, changed_at=at)
        [source_activity_id] = self.library.put(record, make_activity(**values)).ids
        self.matcher.rematch(self.library.db, "me", [source_activity_id], at)
        return source_activity_id

    def returned(self, connection_id=None, **values):
        """Store a record that is listed after something was sent."""
        return self.listed(connection_id, RETURNED, **(ELSEWHERE | values))

    def sent(self, source_activity_id, *identities, **values):
        """Store that the activity of a source activity was sent, and how it is recognized."""
        delivery_id = deliver(self.library, self.activity(source_activity_id), **values)
        self.remember(delivery_id, *identities)
        return delivery_id

    def remember(self, delivery_id, *identities):
        """Store by what a delivery is recognized."""
        remember_sent(self.library.db, self.matcher, "me", delivery_id, identities, RETURNED)

    def activity(self, source_activity_id):
        """Return the activity to which a source activity belongs."""
        return load_rows(self.library.db, [source_activity_id])[source_activity_id].activity_id

    def together(self, *ids):
        """Return whether these source activities are one activity."""
        return len({self.activity(number) for number in ids}) == 1

    def gone(self, source_activity_id):
        """Store that a record was deleted at its source."""
        self.library.gone(source_activity_id)
        self.rematch(source_activity_id)

    def rematch(self, *ids):
        """Match source activities again."""
        self.matcher.rematch(self.library.db, "me", ids, RETURNED)

    @property
    def transaction(self):
        """The transaction in which the athlete decides."""
        return DecisionTransaction(self.library.db, self.matcher, "me", RETURNED)


@pytest.fixture
def sending(library, matcher):
    """Return a store that sends."""
    return Sending(library, matcher)


def test_what_was_sent_joins_its_activity_when_it_returns(sending):
    """A record with an identity of a delivery joins the activity that was sent, although nothing
    else about it is the same.
    """
    original = sending.listed()
    sending.sent(original, "intervals:i7")
    assert sending.together(original, sending.returned(claims=("intervals:i7",)))
    other = sending.returned(claims=("intervals:i8",), start_local=START + timedelta(days=3))
    assert not sending.together(original, other)


def test_what_returned_before_the_answer_joins_when_the_answer_is_stored(sending):
    """A record that a source listed while the delivery was being sent joins as soon as its identity
    is known.
    """
    original = sending.listed()
    delivery_id = sending.sent(original)
    early = sending.returned(claims=("intervals:i7",))
    assert not sending.together(original, early)
    sending.remember(delivery_id, "intervals:i7")
    assert sending.together(original, early)


@pytest.mark.parametrize(
    "claim_of",
    [
        lambda external_id: f"fitglue:{external_id}",
        lambda external_id: f"device:{delivery_serial(external_id)}@2026-05-01T05:30:01Z",
    ],
)
def test_what_is_known_before_sending_needs_no_answer(sending, claim_of):
    """The external id and the serial number of a delivery are recognized without its answer; a
    service may have moved the start by a second.
    """
    original = sending.listed()
    sending.sent(original, external_id="a-delivery")
    assert sending.together(original, sending.returned(claims=(claim_of("a-delivery"),)))


def test_a_device_of_somebody_else_is_no_delivery(sending):
    """The serial number of a real device identifies a workout only together with its start."""
    original = sending.listed()
    sending.sent(original, "device:3949@2026-05-01T05:30:00Z")
    other = sending.returned(claims=("device:3949@2026-05-02T05:30:00Z",))
    assert not sending.together(original, other)


def test_copies_in_one_account_join_as_well(sending, library):
    """Two copies of one workout in one account, sent by two pipelines, join its activity."""
    account = library.connection()
    original = sending.listed()
    sending.sent(original, "intervals:i7")
    sending.sent(original, "intervals:i8", destination="again", external_id="again")
    first = sending.returned(account, claims=("intervals:i7",))
    second = sending.returned(account, claims=("intervals:i8",))
    assert sending.together(original, first, second)


def test_what_was_sent_follows_a_merge(sending):
    """After the activity was merged into an older one, what was sent of it joins the survivor."""
    older = sending.listed(start_local=START + timedelta(days=1))
    original = sending.listed(claims=("garmin:1",))
    sending.sent(original, "intervals:i7")
    [record_id] = sending.library.db.execute(
        sa.text("SELECT record_id FROM fg_source_activities WHERE id = :id"), {"id": older}
    ).one()
    sending.library.put(record_id, make_activity(claims=("garmin:1",)))
    sending.rematch(older)
    assert sending.together(older, original)
    assert sending.together(older, original, sending.returned(claims=("intervals:i7",)))


def test_the_athlete_overrules_a_delivery(sending):
    """A copy that the athlete splits off is a workout of its own, also when it is matched again;
    undoing the decision joins it again.
    """
    original = sending.listed()
    sending.sent(original, "intervals:i7")
    copy = sending.returned(claims=("intervals:i7",))
    name = load_rows(sending.library.db, [copy])[copy].external_id
    split(sending.transaction, sending.activity(original), name)
    sending.rematch(copy)
    sending.rematch(original)
    assert not sending.together(original, copy)
    undo(sending.transaction, None)
    assert sending.together(original, copy)


def test_a_copy_keeps_the_activity_if_the_original_is_gone(sending):
    """If the original was deleted at its source, the copy keeps the activity and gives its values;
    the original is a member again when it is listed again.
    """
    original = sending.listed()
    sending.sent(original, "intervals:i7")
    copy = sending.returned(claims=("intervals:i7",))
    activity_id = sending.activity(original)
    sending.gone(original)
    assert sending.activity(copy) == activity_id
    row = load_rows(sending.library.db, [original])[original]
    assert (row.gone, row.activity_id) == (True, activity_id)


def test_what_returns_after_the_original_is_gone_is_no_new_workout(sending):
    """A copy that is listed only after the original was deleted joins its activity, unless the
    athlete has decided otherwise.
    """
    original = sending.listed()
    sending.sent(original, "intervals:i7")
    activity_id = sending.activity(original)
    sending.gone(original)
    assert sending.activity(sending.returned(claims=("intervals:i7",))) == activity_id


def test_a_copy_outlives_the_connection_of_the_original(sending, library, matcher):
    """If the connection of the original is removed, the copy keeps the activity, and the original
    joins it when it is connected again.
    """
    account = library.connection()
    original = sending.listed(account, claims=("intervals:i1",))
    sending.sent(original, "intervals:i7")
    copy = sending.returned(
        claims=("intervals:i7",), start_local=START, elapsed_s=3700.0, sport="Ride"
    )
    activity_id = sending.activity(copy)
    touched = remove_connection(library.db, account)
    matcher.rematch(library.db, "me", members_of(library.db, touched), RETURNED)
    drop_empty(library.db, touched, RETURNED)
    assert sending.activity(copy) == activity_id
    again = sending.listed(claims=("intervals:i1",), at=RETURNED)
    assert sending.activity(again) == activity_id


def test_matching_again_in_any_order_changes_nothing(sending):
    """However often members and copies are matched again, they stay one activity."""
    original = sending.listed()
    sending.sent(original, "intervals:i7", "t:1")
    copies = [sending.returned(claims=(claim,)) for claim in ("intervals:i7", "t:1")]
    activity_id = sending.activity(original)
    for number in (*copies, original, *reversed(copies)):
        sending.rematch(number)
        assert {sending.activity(each) for each in (original, *copies)} == {activity_id}


def test_a_later_copy_of_the_original_joins_both(sending):
    """A record that is the same as the original, and far from the copy, joins their activity."""
    original = sending.listed(distance_m=30_000.0)
    sending.sent(original, "intervals:i7")
    copy = sending.returned(claims=("intervals:i7",))
    assert sending.together(original, copy, sending.listed(distance_m=30_000.0, at=RETURNED))


def test_the_original_is_no_echo_of_itself(sending):
    """The hash of an original file, which is sent as it is, makes an echo neither of the original
    nor of a copy that another service has of the same file.
    """
    content = "file:sha256:" + "a" * 64 + "#0"
    original = sending.listed(claims=(content,))
    delivery_id = sending.sent(original, content, "intervals:i7")
    other = sending.returned(claims=(content,))
    copy = sending.returned(claims=(content, "intervals:i7"))
    assert sending.together(original, other, copy)
    assert echoes_among(sending.library.db, "me", [original, other, copy]) == {copy: delivery_id}


def test_a_record_that_was_there_before_is_joined_and_is_no_echo(sending):
    """If a destination says that it had the workout already, under an id that a source has listed
    before, that record joins the activity, but is not what was sent.
    """
    original = sending.listed()
    there = sending.listed(claims=("intervals:i7",), **ELSEWHERE)
    sending.sent(original, "intervals:i7")
    assert sending.together(original, there)
    sending.rematch(there)
    assert sending.together(original, there)
    assert echoes_among(sending.library.db, "me", [original, there]) == {}


def test_deliveries_of_another_athlete_mean_nothing(sending, library_of):
    """What another athlete has sent is not recognized."""
    original = sending.listed()
    sending.sent(original, "intervals:i7")
    other = library_of(sending.library.db, "other")
    record = other.record(first_seen_at=RETURNED)
    [number] = other.put(record, make_activity(claims=("intervals:i7",), **ELSEWHERE)).ids
    sending.matcher.rematch(other.db, "other", [number], RETURNED)
    assert not sending.together(original, number)
    assert echoes_among(other.db, "other", [number]) == {}


def values_of(sending, source_activity_id):
    """Return the merged values of the activity of a source activity."""
    return load_activity(sending.library.db, sending.activity(source_activity_id)).activity


def test_an_edit_at_the_destination_is_shown(sending):
    """A title that the athlete changes at the destination becomes the title of the activity; one
    that a third service keeps does not.
    """
    account = sending.library.connection(id="there")
    original = sending.listed(title="Morning ride", calories_kcal=700.0)
    sending.sent(original, "intervals:i7", "t:1", connection_id=account)
    sending.returned(title="Old name", claims=("t:1",))
    sending.returned(account, title="Tempo", calories_kcal=900.0, claims=("intervals:i7",))
    merged = values_of(sending, original)
    assert (merged.title, merged.calories_kcal) == ("Tempo", 700.0)


def test_the_copy_gives_its_values_when_the_original_is_gone(sending):
    """After the original was deleted at its source, the activity has the values of the copy."""
    original = sending.listed(title="Morning ride", distance_m=30_000.0)
    sending.sent(original, "intervals:i7")
    sending.returned(title="Morning ride", distance_m=29_000.0, claims=("intervals:i7",))
    assert values_of(sending, original).distance_m == 30_000.0
    sending.gone(original)
    merged = values_of(sending, original)
    assert (merged.title, merged.distance_m) == ("Morning ride", 29_000.0)


def test_a_record_says_which_delivery_it_is(sending):
    """The members of an activity tell which pipeline has sent them, where, and when."""
    original = sending.listed()
    delivery_id = sending.sent(original, "intervals:i7")
    sending.returned(claims=("intervals:i7",))
    details = load_activity(sending.library.db, sending.activity(original))
    [sent_by] = [member.sent_by for member in details.members if member.sent_by]
    assert (sent_by.id, sent_by.pipeline, sent_by.destination) == (delivery_id, "all", "icu")
    assert sent_by.sent_at == SENT


def test_the_score_of_a_copy_joins_no_other_workout(sending):
    """What was sent lacks what tells two workouts apart, so a copy is related by its delivery only.

    Here, the service has changed the start and the distance of the copy to those of the second
    workout.
    """
    first = sending.listed(title="first", start_local=START, distance_m=20_000.0)
    second = sending.listed(
        title="second", start_local=START + timedelta(hours=3), distance_m=31_000.0
    )
    sending.sent(first, "intervals:i7")
    copy = sending.listed(
        None,
        RETURNED,
        claims=("intervals:i7",),
        start_local=START + timedelta(hours=3),
        distance_m=31_000.0,
    )
    assert sending.together(first, copy)
    assert not sending.together(first, second)
