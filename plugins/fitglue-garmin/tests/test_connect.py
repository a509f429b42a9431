"""Tests of connecting: whose account it is, and what a person reads about a key."""

from __future__ import annotations

from datetime import date

import pytest

from fitglue_garmin import plugin
from fitglue_garmin.testing.workout import Leg, Workout, utc
from fitglue_registry.errors import AthleteNeeded, ConnectionStopped, UserMistake
from fitglue_registry.plugin_api import Account

LIST = "activitylist-service/activities/search/activities"
PROFILE = "userprofile-service/userprofile/settings"
SETTINGS = {"displayName": "ada-nordmann", "timeZone": "Europe/Oslo"}
ROW = {"activityId": 1, "ownerId": 77, "ownerFullName": "Ada Nordmann"}


def test_the_newest_row_says_whose_account_it_is(connect_to):
    """The account has the number of the owner of a row, and the zone of the owner's settings."""
    connection = connect_to({LIST: [ROW], PROFILE: SETTINGS})
    account = plugin.fitglue_connect(connection=connection)
    assert (account.id, account.name, account.timezone) == ("77", "Ada Nordmann", "Europe/Oslo")
    [(_, params), _] = connection.http.requests
    assert (params["limit"], params["sortOrder"]) == ("1", "desc")


def test_the_notes_say_how_long_the_first_sync_takes(connect_to):
    """The athlete reads at once how long 3,000 workouts take, and that only one key can exist."""
    connection = connect_to({LIST: [ROW], PROFILE: SETTINGS})
    account = plugin.fitglue_connect(connection=connection)
    assert "3,000 take about 1.7 hours" in " ".join(account.first_notes)
    assert "one key at a time" in " ".join(account.notes)


def test_a_check_does_not_repeat_how_long_the_first_sync_takes(connect_to):
    """An account that is connected already, and is only checked, has no notes about a beginning."""
    connection = connect_to({LIST: [ROW], PROFILE: SETTINGS})
    connection.account = Account("77")
    assert plugin.fitglue_connect(connection=connection).notes == ()


@pytest.mark.parametrize("empty", [b"", b"[]"])
def test_an_account_without_activities_is_named_after_its_owner(connect_to, empty):
    """An account without activities, which states no number, gets the name of its owner as id."""
    connection = connect_to({LIST: empty, PROFILE: SETTINGS})
    account = plugin.fitglue_connect(connection=connection)
    assert account.id == "name:ada-nordmann"
    assert account.notes[0] == "The account has no activities yet."
    assert "connected twice" in account.notes[-1]
    connection.account = account
    assert plugin.fitglue_connect(connection=connection).notes == (account.notes[0],)


def test_an_account_keeps_its_id_when_the_first_activity_has_arrived(connect_to):
    """A new key of an account that was connected without activities belongs to the same account."""
    connection = connect_to({LIST: [ROW], PROFILE: SETTINGS})
    connection.account = Account("name:ada-nordmann")
    assert plugin.fitglue_connect(connection=connection).id == "name:ada-nordmann"


@pytest.mark.parametrize("row", [{"activityId": 1}, {"ownerId": 0}, 7, "x", []])
def test_a_row_without_its_owner_is_no_proof(connect_to, row):
    """A row that does not state whose it is proves nothing, and gives the account no other id."""
    with pytest.raises(ConnectionStopped) as raised:
        plugin.fitglue_connect(connection=connect_to({LIST: [row], PROFILE: SETTINGS}))
    assert raised.value.code == "FG-unexpected-answer"


def test_a_missing_page_of_settings_is_no_obstacle(connect_to):
    """An account is connected without its zone if the service has no settings of its owner."""
    account = plugin.fitglue_connect(connection=connect_to({LIST: [ROW]}))
    assert (account.id, account.timezone) == ("77", None)


def test_an_account_that_states_nothing_cannot_be_connected(connect_to):
    """An account that has neither activities nor a name is refused, with what to do."""
    with pytest.raises(AthleteNeeded) as raised:
        plugin.fitglue_connect(connection=connect_to({LIST: [], PROFILE: {}}))
    assert raised.value.code == "FG-account-unnamed"
    assert "sync a device" in raised.value.fix


# -- with the exchange of the key ------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["{}", "  {}\n", '"{}"', " '{}' "])
def test_a_key_with_spaces_or_quotes_is_accepted(host, service, account, typed):
    """A key that was pasted with quotes or white space around it is used without them."""
    account.put(Workout(Leg(1, utc("2026-11-02T06:31:10"))))
    key = typed.format(service.api_key)
    result = host.connect("garmin", {"api_key": key, "base_url": service.url})
    assert result.account.id == "7700123"
    assert service.tokens.issued == 1


def test_a_key_with_a_space_inside_is_refused_before_it_is_sent(host, service):
    """A key that contains a space cannot be right, so it is not sent."""
    with pytest.raises(UserMistake) as raised:
        host.connect("garmin", {"api_key": "GCDC_a b", "base_url": service.url})
    assert raised.value.code == "FG-field-refused"
    assert service.requests == []


def test_a_new_key_belongs_to_the_account_that_was_connected_without_activities(
    host, service, account
):
    """A new key of an account that was empty at first goes to its connection, whose id stays."""
    first = host.connect("garmin", {"api_key": service.api_key, "base_url": service.url})
    account.put(Workout(Leg(1, utc("2026-11-02T06:31:10"))))
    service.set_key("GCDC_newer")
    again = host.connect("garmin", {"api_key": "GCDC_newer", "base_url": service.url})
    assert (again.connection.id, again.renewed) == (first.connection.id, True)
    assert again.account.id == "name:ada-nordmann"
    assert len(host.connections.list()) == 1


def test_an_account_that_was_emptied_is_said_to_be_connected_twice(host, service, account):
    """Garmin states no number for an account whose activities were all deleted. So a new key of it
    makes a second connection, and its notes say so, and how to remove it.
    """
    account.put(Workout(Leg(1, utc("2026-11-02T06:31:10"))))
    host.connect("garmin", {"api_key": service.api_key, "base_url": service.url})
    account.delete(1)
    service.set_key("GCDC_newer")
    again = host.connect("garmin", {"api_key": "GCDC_newer", "base_url": service.url})
    assert (again.account.id, again.renewed) == ("name:ada-nordmann", False)
    assert "fitglue connections remove NAME" in " ".join(again.account.notes)
    host.connections.remove(again.connection.name)
    account.put(Workout(Leg(2, utc("2026-11-03T06:31:10"))))
    service.set_key("GCDC_newest")
    values = {"api_key": "GCDC_newest", "base_url": service.url}
    assert host.connect("garmin", values).renewed
    assert len(host.connections.list()) == 1


def test_an_account_with_activities_is_found_by_its_number(host, service, account):
    """A new key of an account that had activities from the beginning goes to its connection."""
    account.put(Workout(Leg(1, utc("2026-11-02T06:31:10"))))
    host.connect("garmin", {"api_key": service.api_key, "base_url": service.url})
    service.set_key("GCDC_newer")
    again = host.connect("garmin", {"api_key": "GCDC_newer", "base_url": service.url})
    assert (again.account.id, again.renewed) == ("7700123", True)


def test_a_renewed_key_says_nothing_about_a_first_sync_that_has_ended(host, service, account):
    """How long the first sync takes is said until it has ended, and not with each new key."""
    account.put(Workout(Leg(1, utc("2026-11-02T06:31:10"))))
    values = {"api_key": service.api_key, "base_url": service.url}
    host.connect("garmin", values)
    not_synced = " ".join(host.connect("garmin", values).account.notes)
    assert "3,000 take about 1.7 hours" in not_synced
    list(host.sync())
    synced = " ".join(host.connect("garmin", values).account.notes)
    assert "1.7 hours" not in synced
    assert "one key at a time" in synced


@pytest.mark.parametrize("change", ["wrong", "deleted", "replaced"])
def test_a_rejected_key_says_where_a_new_one_is_made(host, service, change):
    """For a wrong, a deleted and a replaced key, the error says where to make a new one."""
    key = service.api_key
    if change == "wrong":
        key = "GCDC_wrong"
    elif change == "deleted":
        service.revoke_key()
    else:
        service.set_key("GCDC_newer")
    with pytest.raises(AthleteNeeded) as raised:
        host.connect("garmin", {"api_key": key, "base_url": service.url})
    error = raised.value
    assert (error.code, error.what) == ("FG-key-rejected", "Garmin Connect rejects this key")
    assert "connect.garmin.com/app/settings/personalApiToken" in error.fix
    assert host.connections.list() == []


@pytest.mark.parametrize("days", ["30", "90", "180", "365 days", "2027-03-01"])
def test_the_end_of_the_key_is_kept(host, service, days):
    """Each validity that Garmin offers, as a number of days or as a date, becomes a day."""
    values = {"api_key": service.api_key, "base_url": service.url, "key_expires": days}
    host.connect("garmin", values)
    [connection] = host.connections.list()
    assert date.fromisoformat(connection.settings["key_expires"]) > date(2026, 11, 20)
