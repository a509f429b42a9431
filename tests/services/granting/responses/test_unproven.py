"""A permission whose account cannot be proven at once: its tokens are stored before their use."""

from __future__ import annotations

import pytest

from fitglue_registry.errors import AthleteNeeded, Retryable, UserMistake
from fitglue_registry.testing import Fault
from tests.services.granting.club import host_of


def kept(host):
    """Return the values of all secrets that are stored."""
    return list(host.workspace.secrets._values.values())


def test_tokens_are_stored_before_they_are_used(host, club, answer):
    """When the first request with the token arrives, the token is in the secret store."""
    seen = []
    real = club._guarded

    def guarded(request, value):
        seen.append([values.get("access-token") for values in kept(host)])
        return real(request, value)

    club._guarded = guarded
    host.connections.finish_connect(answer())
    assert seen == [[club.ever[-1]]]
    assert len(kept(host)) == 1


@pytest.mark.usefixtures("permitted")
@pytest.mark.parametrize("fault", [Fault.status(503), Fault.status(429, retry_after=600)])
def test_a_permission_that_cannot_be_taken_back_is_finished_later(host, club, answer, fault):
    """If the service is down for a moment, the same address finishes the connection, and the code
    is not sent again.
    """
    back = answer()
    club.fault("/v1/me", fault, times=None)
    with pytest.raises(Retryable) as caught:
        host.connections.finish_connect(back)
    assert "within ten minutes, the same address from the browser" in caught.value.fix
    club.clear_faults()
    assert host.connections.is_answer(back)
    assert host.connections.finish_connect(back).renewed
    assert len(club.asked) == 1
    assert len(kept(host)) == 1
    with pytest.raises(UserMistake, match="FG-permission-unknown"):
        host.connections.finish_connect(back)


def test_a_permission_outlasts_the_process_that_received_it(host, club, answer, monkeypatch):
    """If a process ends while it uses the tokens, another one finishes the connection."""
    back = answer()

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("fitglue_registry.services.connecting.asking.store", killed)
        with pytest.raises(KeyboardInterrupt):
            host.connections.finish_connect(back)
    workspace = host.workspace
    options = {name: getattr(workspace, name) for name in ("clock", "secrets", "apps")}
    with host_of(workspace.home, workspace.home.parent / "registry", **options) as other:
        assert other.connections.finish_connect(back).account.id == "7"
    assert len(club.asked) == 1


def test_a_permission_that_was_taken_back_is_forgotten(host, club, answer):
    """After a permission was taken back, its tokens are not kept, and its address is refused."""
    back = answer()
    club.fault("/v1/me", Fault.status(503), times=None)
    with pytest.raises(Retryable, match="FG-source-down") as caught:
        host.connections.finish_connect(back)
    assert "was taken back again" in caught.value.why
    assert (len(club.revoked), kept(host)) == (1, [])
    assert not host.connections.is_answer(back)


@pytest.mark.usefixtures("permitted")
def test_a_permission_that_does_not_help_is_forgotten(host, club, answer):
    """A permission with which the service refuses everything is not kept for later."""
    back = answer()
    club.fault("/v1/me", Fault.status(403), times=None)
    with pytest.raises(AthleteNeeded, match="FG-not-permitted"):
        host.connections.finish_connect(back)
    assert len(kept(host)) == 1
    assert not host.connections.is_answer(back)
