"""Connecting proves an API key, and says what will never arrive."""

from __future__ import annotations

import pytest

from fitglue_intervals import plugin
from fitglue_registry.errors import AthleteNeeded, ConnectionStopped

PROFILE = {
    "athlete": {"id": "i1", "name": "Ada", "timezone": "Europe/Berlin", "email": "ada@example.org"},
    "sharedFolders": [],
}


def rows(total: int, strava: int = 0) -> list[dict[str, str]]:
    return [
        {
            "id": str(n),
            "start_date_local": "2026-06-01T08:00:00",
            "source": "STRAVA" if n < strava else "UPLOAD",
        }
        for n in range(total)
    ]


def test_the_account_is_that_of_the_key(connect_to):
    """Without an athlete id, the owner of the key is asked for, and the account has the
    owner's id.
    """
    account = plugin.fitglue_connect(
        connection=connect_to({"athlete/0/profile": PROFILE, "athlete/0/activities": rows(3)})
    )
    assert (account.id, account.name, account.timezone) == ("i1", "Ada", "Europe/Berlin")


def test_a_server_without_profiles_is_asked_for_the_athlete(connect_to):
    """If the server has no profiles, the athlete itself proves the key, and none of its secrets is
    kept.
    """
    athlete = {
        "id": "i1",
        "name": "Ada",
        "timezone": "Europe/Berlin",
        "icu_api_key": "recognizable",
    }
    account = plugin.fitglue_connect(
        connection=connect_to({"athlete/0": athlete, "athlete/0/activities": rows(3)})
    )
    assert (account.id, account.name) == ("i1", "Ada")
    assert "recognizable" not in repr(account)


def test_another_athlete_can_be_asked_for(connect_to):
    """A coach's connection asks for the athlete that it names."""
    connection = connect_to(
        {"athlete/i9/profile": {"athlete": {"id": "i9"}}, "athlete/i9/activities": rows(1)},
        athlete_id="i9",
    )
    assert plugin.fitglue_connect(connection=connection).id == "i9"


def test_stubs_are_counted_with_the_remedy(connect_to):
    """A note says how many activities of the last 90 days will never arrive, and what to do about
    it.
    """
    connection = connect_to(
        {"athlete/0/profile": PROFILE, "athlete/0/activities": rows(40, strava=12)}
    )
    count, remedy = plugin.fitglue_connect(connection=connection).notes
    assert "Of the 40 activities of the last 90 days, 12 come from Strava" in count
    assert "link your device's maker" in remedy


def test_the_count_asks_for_ninety_days_and_three_keys(connect_to):
    """Connecting makes two small requests: the profile, and a list of three keys for 90 days."""
    connection = connect_to({"athlete/0/profile": PROFILE, "athlete/0/activities": []})
    plugin.fitglue_connect(connection=connection)
    assert connection.http.requests[1:] == [
        (
            "athlete/0/activities",
            {
                "oldest": "2026-03-17",
                "newest": "2026-06-17",
                "fields": "id,start_date_local,source",
            },
        )
    ]


def test_an_account_without_stubs_says_so(connect_to):
    """A note says so if all activities can be read."""
    connection = connect_to({"athlete/0/profile": PROFILE, "athlete/0/activities": rows(4)})
    assert plugin.fitglue_connect(connection=connection).notes == (
        "All 4 activities of the last 90 days can be read.",
    )


def test_nothing_of_the_profile_but_three_values_is_kept(connect_to):
    """The e-mail address in a profile is not kept."""
    account = plugin.fitglue_connect(
        connection=connect_to({"athlete/0/profile": PROFILE, "athlete/0/activities": []})
    )
    assert "example.org" not in repr(account)


def test_a_foreign_athlete_is_distinguished_from_a_wrong_key(connect_to, answer):
    """A response 403 for a configured athlete raises an error that names the athlete and says what
    to do.
    """
    with pytest.raises(AthleteNeeded, match="may not read athlete i9") as caught:
        plugin.fitglue_connect(
            connection=connect_to({"athlete/i9/profile": answer(b"", 403)}, athlete_id="i9")
        )
    assert caught.value.code == "FG-not-permitted"
    assert "leave the athlete id out" in caught.value.fix


def test_an_unknown_athlete_is_named(connect_to, answer):
    """A response 404 for a configured athlete is reported as a wrong athlete id."""
    with pytest.raises(AthleteNeeded, match="has no athlete i404") as caught:
        plugin.fitglue_connect(
            connection=connect_to({"athlete/i404/profile": answer(b"", 404)}, athlete_id="i404")
        )
    assert caught.value.code == "FG-athlete-unknown"


def test_a_rejected_key_is_answered_with_what_may_be_wrong(connect_to, answer):
    """The error for a rejected key says why that may be; where a key is shown, the entry says."""
    with pytest.raises(AthleteNeeded) as caught:
        plugin.fitglue_connect(connection=connect_to({"athlete/0/profile": answer(b"", 401)}))
    assert caught.value.code == "FG-key-rejected"
    assert "a newer key replaced it" in caught.value.why


def test_a_missing_permission_says_so_itself(connect_to, answer):
    """An error of the transport about the key's own account passes unchanged."""
    with pytest.raises(AthleteNeeded, match="does not permit") as caught:
        plugin.fitglue_connect(connection=connect_to({"athlete/0/profile": answer(b"", 403)}))
    assert caught.value.code == "FG-not-permitted"


@pytest.mark.parametrize(
    "document",
    [[], {}, {"athlete": None}, {"athlete": {"name": "no id"}}, 7, {"athlete": {"id": ["x"]}}],
)
def test_a_profile_of_another_shape_stops_the_connection(connect_to, document):
    """JSON that is not a profile raises an error that says what was expected."""
    with pytest.raises(ConnectionStopped, match="instead of an athlete's profile") as caught:
        plugin.fitglue_connect(connection=connect_to({"athlete/0/profile": document}))
    assert caught.value.code == "FG-unexpected-answer"


def test_rows_are_counted_once_and_only_if_they_are_activities(connect_to):
    """Repeated rows and rows that are not activities are left out of the numbers in the notes."""
    row = {"id": "1", "source": "STRAVA"}
    connection = connect_to(
        {
            "athlete/0/profile": {"athlete": {"id": "i1"}},
            "athlete/0/activities": [row, row, 7, {"id": "i2"}],
        }
    )
    assert (
        plugin.fitglue_connect(connection=connection)
        .notes[0]
        .startswith("Of the 2 activities of the last 90 days, 1 comes from Strava")
    )


def test_a_page_instead_of_json_says_so_itself(connect_to):
    """A captive portal's page is not mistaken for an account."""
    with pytest.raises(ConnectionStopped) as caught:
        plugin.fitglue_connect(connection=connect_to({"athlete/0/profile": b"<html>"}))
    assert caught.value.code == "FG-answer-not-json"


def test_a_name_of_megabytes_is_shortened(connect_to):
    """Of the name of an athlete, at most 200 characters are kept."""
    profile = {"athlete": {"id": "i1", "name": "a" * 1_000_000}}
    connection = connect_to({"athlete/0/profile": profile, "athlete/0/activities": []})
    assert plugin.fitglue_connect(connection=connection).name == "a" * 200
