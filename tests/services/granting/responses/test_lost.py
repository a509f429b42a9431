"""Renewals whose answer is lost: what is repeated, for how long, and what the athlete reads."""

from __future__ import annotations

import pytest

from fitglue_registry.errors import FitglueError, Retryable, StoreFailed
from fitglue_registry.sync.events import SyncFinished
from fitglue_registry.testing import Fault
from fitglue_registry.testing.messages import Response

BUSY = Response(429, b"", headers=(("Retry-After", "110"),))


@pytest.fixture
def stored(host, connected):
    """Return a function that returns the stored values of the connection."""
    return lambda: host.workspace.secrets.get(connected().secret_ref)


@pytest.mark.parametrize("fault", [Fault.status(504), Fault.reset(), Fault.status(500)])
def test_an_answer_that_is_lost_within_one_renewal_is_named(club, last, stored, fault):
    """If the service replaces the token, its answer is lost, and the repeated renewal is refused,
    the athlete reads what has happened, and is not said to have revoked anything.
    """
    club.fault("/oauth/token", fault, times=1)
    error = last().error
    assert len(club.asked) == 2
    assert error.code == "FG-permission-ended"
    assert "was interrupted before its result could be stored" in error.why
    assert "you may have revoked" not in error.why
    assert "renewal-began-at" in stored()


def test_a_renewal_is_repeated_after_an_outage(club, last, stored):
    """A service that has not replaced the token accepts the repeated renewal."""
    club.rotates = False
    club.fault("/oauth/token", Fault.status(504), times=1)
    assert isinstance(last(), SyncFinished)
    assert len(club.asked) == 2
    assert "renewal-began-at" not in stored()


@pytest.mark.parametrize("refused", ["busy", "away"])
def test_a_renewal_that_was_not_carried_out_leaves_no_mark(club, last, stored, refused):
    """If the service has certainly done nothing, an athlete who revokes the permission later does
    not read that a renewal was interrupted.
    """
    if refused == "away":
        club.close()
    club.refusal = BUSY
    assert isinstance(last().error, Retryable)
    assert "renewal-began-at" not in stored()


def test_a_later_revocation_is_not_blamed_on_a_refused_renewal(club, last, clock):
    """The reason of the end is the one that the service has now."""
    club.refusal = BUSY
    last()
    clock.move(days=20)
    club.refusal = None
    club.refresh_tokens.clear()
    error = last().error
    assert error.code == "FG-permission-ended"
    assert "you may have revoked it" in error.why


def test_the_mark_of_an_earlier_renewal_outlasts_one_that_was_refused(club, last, stored, clock):
    """Nobody knows what the service did in the first renewal, also if the second was refused."""
    club.fault("/oauth/token", Fault.reset(), times=None)
    last()
    began = stored()["renewal-began-at"]
    club.clear_faults()
    club.refusal = BUSY
    clock.move(hours=1)
    last()
    assert stored()["renewal-began-at"] == began
    club.refusal = None
    assert f"{began[:10]} {began[11:16]} UTC was interrupted" in last().error.why


def test_a_mark_does_not_replace_the_proof_that_tokens_can_be_stored(host, club, last, monkeypatch):
    """Also after an interrupted renewal, the service is not asked if nothing can be stored."""
    club.fault("/oauth/token", Fault.reset(), times=None)
    club.rotates = False
    last()
    club.clear_faults()
    club.asked.clear()
    with monkeypatch.context() as patch:
        patch.setattr("fitglue_registry.services.granting.token_sources.replace_values", full)
        with pytest.raises(FitglueError) as caught:
            host.connections.probe("club")
        assert "no space is left" in caught.value.why
    assert club.asked == []
    assert isinstance(last(), SyncFinished)


def full(*_):
    """Imitate a store without space."""
    raise StoreFailed("FG-disk-full", "no space is left", fix="free some space")


# -- the code of a permission ----------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault.status(504), Fault.reset(), Fault.status(500)])
def test_a_code_that_may_have_been_used_is_not_sent_again(host, club, answer, fault):
    """A service that gets a code twice ends the permission, so the athlete connects again."""
    back = answer()
    club.fault("/oauth/token", fault, times=1)
    with pytest.raises(Retryable, match="FG-outcome-unknown") as caught:
        host.connections.finish_connect(back)
    assert len(club.asked) == 1
    assert "so it was not sent again" in caught.value.why
    assert host.connections.finish_connect(answer()).account.id == "7"


def test_a_code_that_was_certainly_not_used_is_sent_again(host, club, answer):
    """A 429 says that nothing was done, so the code is sent once more after a wait."""
    back = answer()
    club.refusal = Response(429, b"", headers=(("Retry-After", "3"),))
    host.workspace.on_wait = lambda *_: setattr(club, "refusal", None)
    assert host.connections.finish_connect(back).account.id == "7"
    assert len(club.asked) == 2


# -- how long it takes -----------------------------------------------------------------------------


def test_a_renewal_waits_for_less_than_others_wait_for_it(club, last, clock):
    """A service that asks for a long wait is not waited for while others need the lock; the error
    says when to go on.
    """
    club.refusal = BUSY
    began = clock.monotonic()
    error = last().error
    assert clock.monotonic() - began < 30
    assert (error.code, error.retry_after_s) == ("FG-rate-limited", 110)
    assert len(club.asked) == 1


def test_short_waits_of_a_renewal_are_not_added_up(club, last, clock):
    """Waits that the service asks for again and again end after some seconds."""
    club.refusal = Response(503, b"", headers=(("Retry-After", "15"),))
    began = clock.monotonic()
    assert last().error.code == "FG-source-down"
    assert clock.monotonic() - began < 30


@pytest.mark.parametrize("retry_after", [None, 9, 110])
def test_removing_a_connection_does_not_wait_for_its_service(
    host, club, permitted, clock, retry_after
):
    """A service that takes nothing back at the moment delays the removal by seconds only."""
    club.fault("/oauth/revoke", Fault.status(503, retry_after=retry_after), times=None)
    began = clock.monotonic()
    removed = host.connections.remove("club")
    assert removed.revoked is False
    assert clock.monotonic() - began < 30
    assert host.connections.list() == []
