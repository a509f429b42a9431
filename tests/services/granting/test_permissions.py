"""A permission that the athlete gives in a browser (OAuth 2), as an application asks for it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
import sqlalchemy as sa

from fitglue_registry import Policy
from fitglue_registry.errors import (
    AthleteNeeded,
    ConnectionStopped,
    FitglueError,
    Retryable,
    UserMistake,
)
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.sync.events import SyncFinished, SyncStopped
from fitglue_registry.testing import Fault
from fitglue_registry.transport.oauth_app import App
from tests.services.granting.club import (
    APP,
    OAUTH2,
    REDIRECT,
    OAuthClub,
    app_at,
    host_of,
    make_registry,
)


@pytest.fixture
def club(clock):
    with OAuthClub(clock.now) as service:
        yield service


@pytest.fixture
def registry(tmp_path):
    return make_registry(tmp_path / "registry", OAUTH2)


@pytest.fixture
def host(tmp_path, registry, clock, club):
    options = {"clock": clock, "secrets": MemorySecretStore(), "apps": {"club": app_at(club)}}
    with host_of(tmp_path / "home", registry, **options) as host:
        yield host


@pytest.fixture
def begin(host, club):
    """Return a function that begins to connect, and returns the address for the browser."""

    def call(athlete="me"):
        values = {"base_url": f"{club.url}/v1"}
        return host.connections.begin_connect("club", values, REDIRECT, athlete).address

    return call


@pytest.fixture
def connect(host, club, begin):
    """Return a function that connects, as a browser and an athlete who allows it would."""

    def call(athlete="me"):
        return host.connections.finish_connect(club.allow(begin(athlete)), athlete)

    return call


def last_of(host):
    """Sync, and return the last event."""
    return list(host.sync())[-1]


# -- connecting ------------------------------------------------------------------------------------


def test_a_permission_connects_and_syncs(host, club, connect):
    """An entry without a line of Python for authentication connects and syncs."""
    result = connect()
    assert (result.account.id, result.account.notes) == ("7", ())
    assert last_of(host).counts["new"] == 3
    assert (len(host.activities()), host.records.quarantine()) == (3, [])
    assert club.exchanges == 1


def test_the_address_asks_for_what_the_entry_declares(club, begin):
    """The address has the app, the scopes, the way back, a state and a code challenge."""
    address = begin()
    club.allow(address)
    [query] = club.codes.values()
    assert address.startswith(f"{club.url}/authorize?")
    assert query["scope"] == "profile runs:all"
    assert query["redirect_uri"] == REDIRECT
    assert query["code_challenge_method"] == "S256"
    assert len(query["state"]) == 64
    assert APP.client_secret not in address


def test_a_permission_that_was_unticked_is_named(host, club, connect):
    """The athlete reads at once which permission was not given, and what will be missing."""
    club.ticked = {"profile"}
    note = "You did not give the permission runs:all. Private runs are missing."
    assert connect().account.notes == (note,)
    assert host.connections.list()[0].account.notes == (note,)


def test_a_permission_that_was_unticked_is_named_later(host, club, connect):
    """The status and the doctor say it for as long as it is so, and how to give it."""
    club.ticked = {"profile"}
    connect()
    [connected] = host.connections.list()
    sentence = "You did not give the permission runs:all. Private runs are missing."
    assert host.connections.status(connected).not_given == (sentence,)
    [check] = [c for c in host.upkeep.checks(offline=True) if c.name == "connection club"]
    assert check.state == "look"
    assert f"{sentence.rstrip('.')}; to give it: fitglue connect club" in check.detail
    club.ticked = set()
    connect()
    [check] = [c for c in host.upkeep.checks(offline=True) if c.name == "connection club"]
    assert "to give them: fitglue connect club" in check.detail
    club.ticked = {"profile", "runs:all"}
    connect()
    assert host.connections.status(host.connections.list()[0]).not_given == ()


def test_what_is_not_permitted_names_the_permission_that_was_not_given(host, club, connect):
    """A 403 because of an unticked permission says which one it is, and speaks of no key."""
    club.ticked = {"profile"}
    connect()
    club.fault("/v1/runs", Fault.status(403), times=None)
    error = last_of(host).error
    assert error.code == "FG-not-permitted"
    assert "you did not give the permission runs:all" in error.why
    assert "key" not in f"{error.what} {error.why} {error.fix}"
    club.ticked = {"profile", "runs:all"}
    connect()
    assert "you did not give" not in last_of(host).error.why


def test_a_permission_without_a_sentence_in_the_entry_is_only_named(club, connect):
    """If the entry does not say what will be missing, nothing is invented."""
    club.ticked = {"runs:all"}
    assert connect().account.notes == ("You did not give the permission profile.",)


def test_the_secret_of_the_app_is_never_stored_or_shown(tmp_path, registry, clock, club):
    """It is masked in responses of the service, also if this process asks for no token."""
    club.athlete = f"Ada {APP.client_secret}"
    options = {"clock": clock, "secrets": MemorySecretStore(), "apps": {"club": app_at(club)}}
    with host_of(tmp_path / "home", registry, **options) as host:
        values = {"base_url": f"{club.url}/v1"}
        address = host.connections.begin_connect("club", values, REDIRECT).address
        result = host.connections.finish_connect(club.allow(address))
        assert result.account.name == "Ada " + "*" * len(APP.client_secret)
    with host_of(tmp_path / "home", registry, **options) as host:
        assert host.connections.probe("club").name == result.account.name
        assert APP.client_secret not in host.redactor.text(club.athlete)
        assert club.exchanges == 1


def test_an_app_that_cannot_be_opened_does_not_keep_a_token_from_being_used(
    host, club, connect, monkeypatch
):
    """A stored token needs no app until it is renewed."""
    connect()

    def closed(*_):
        raise AthleteNeeded("FG-keyring-unavailable", "the keyring cannot be opened")

    monkeypatch.setattr("fitglue_registry.services.granting.permission_tokens.app_of", closed)
    assert last_of(host).counts["new"] == 3


def test_scopes_in_the_address_count_more_than_those_of_the_token(host, club, begin):
    """Some services say only in the address which permissions were given."""
    back = f"{club.allow(begin())}&scope=profile"
    [note] = host.connections.finish_connect(back).account.notes
    assert "runs:all" in note


def test_an_answer_can_be_used_once(host, club, begin):
    """An address that was used is refused the second time, even if the first time failed."""
    back = club.allow(begin())
    host.connections.finish_connect(back)
    with pytest.raises(UserMistake, match="FG-permission-unknown"):
        host.connections.finish_connect(back)


@pytest.mark.parametrize(
    "changed",
    [
        lambda back: back.replace("state=", "state=x"),
        lambda back: back.partition("state=")[0],
        lambda back: "",
        lambda back: "http://[broken",
        lambda back: f"{REDIRECT}?code=stolen",
    ],
    ids=["another state", "no state", "nothing", "broken", "only a code"],
)
def test_an_answer_that_nobody_waits_for_is_refused(host, club, begin, changed):
    """An address without the right state is refused, and its code is not used."""
    back = club.allow(begin())
    assert host.connections.is_answer(back)
    assert not host.connections.is_answer(changed(back))
    with pytest.raises(UserMistake, match="FG-permission-unknown"):
        host.connections.finish_connect(changed(back))
    assert club.exchanges == 0


def test_an_answer_is_refused_after_ten_minutes(host, club, begin, clock):
    """A permission is waited for during ten minutes."""
    back = club.allow(begin())
    clock.move(seconds=601)
    with pytest.raises(UserMistake, match="FG-permission-unknown"):
        host.connections.finish_connect(back)


def test_an_answer_of_another_athlete_is_refused(host, club, begin):
    """Nobody can get another athlete to connect an account that is not theirs."""
    back = club.allow(begin("ada"))
    with pytest.raises(UserMistake, match="FG-permission-unknown"):
        host.connections.finish_connect(back, "ben")
    assert host.connections.list("ben") == []


def test_somebody_else_does_not_use_an_answer_up(host, club, begin):
    """After another athlete has tried an address, the one who began it can still connect."""
    back = club.allow(begin("ada"))
    with pytest.raises(UserMistake, match="FG-permission-unknown"):
        host.connections.finish_connect(back, "ben")
    assert host.connections.finish_connect(back, "ada").account.id == "7"


@pytest.mark.parametrize(
    ("redirect_uri", "why"),
    [
        ("back", "not a complete address"),
        ("https:///back", "not a complete address"),
        ("javascript:alert(1)", "not a complete address"),
        ("http://you.example/back", "not encrypted"),
        ("https://you.example/back#there", "fragment"),
        ("http://[broken", "not an address"),
    ],
)
def test_a_browser_is_not_sent_back_to_everywhere(host, club, redirect_uri, why):
    """An address that is not complete, or not encrypted, is refused before anybody is asked."""
    values = {"base_url": f"{club.url}/v1"}
    with pytest.raises(UserMistake, match="FG-redirect-refused") as caught:
        host.connections.begin_connect("club", values, redirect_uri)
    assert why in caught.value.why


@pytest.mark.parametrize(
    "redirect_uri",
    ["https://you.example/back?x=1", "http://localhost:1/", "http://[::1]:1/", "com.you.app:/back"],
)
def test_a_browser_can_be_sent_back_to_an_application(host, club, redirect_uri):
    """Web applications, programs on this machine and apps on telephones can receive the browser."""
    values = {"base_url": f"{club.url}/v1"}
    begun = host.connections.begin_connect("club", values, redirect_uri)
    assert begun.redirect_uri == redirect_uri


@pytest.mark.parametrize(
    "apps",
    [
        {"club": ("app-1", "h1dden")},
        {"club": App("app-1", 5)},
        {"club": App(None)},
        [APP],
    ],
    ids=["a pair", "a number", "no id", "a list"],
)
def test_an_app_of_a_wrong_type_is_named(tmp_path, registry, apps):
    """The host says at once which app it cannot use, and does not show it."""
    with pytest.raises(UserMistake, match="FG-argument-type") as caught:
        host_of(tmp_path, registry, apps=apps)
    assert "apps" in caught.value.what
    assert "h1dden" not in str(caught.value.as_dict())


def test_an_app_of_a_misspelled_integration_is_named(tmp_path, registry, clock, club):
    """If no app is known, the error names those that were given for no integration."""
    options = {"clock": clock, "secrets": MemorySecretStore(), "apps": {"clbu": APP}}
    with host_of(tmp_path / "home", registry, **options) as host:
        with pytest.raises(AthleteNeeded, match="FG-app-missing") as caught:
            host.connections.begin_connect("club", {"base_url": f"{club.url}/v1"}, REDIRECT)
        assert "'clbu', which is the id of no integration" in caught.value.why


def test_an_app_for_another_address_is_named(tmp_path, registry, clock, club):
    """An app that was given for the service itself is not used at another address."""
    options = {"clock": clock, "secrets": MemorySecretStore(), "apps": {"club": APP}}
    with host_of(tmp_path / "home", registry, **options) as host:
        with pytest.raises(AthleteNeeded, match="FG-app-missing") as caught:
            host.connections.begin_connect("club", {"base_url": f"{club.url}/v1"}, REDIRECT)
        assert "is for another address" in caught.value.why


def test_a_new_app_needs_the_secret_store_of_this_machine(host, club):
    """An application with its own secret store gives its apps to the host instead."""
    with pytest.raises(UserMistake, match="FG-app-elsewhere"):
        host.connections.begin_connect("club", {"base_url": f"{club.url}/v1"}, REDIRECT, app=APP)


def test_another_worker_can_receive_the_browser(host, club, begin):
    """A host on the same database and secret store finishes what another one began."""
    back = club.allow(begin())
    with host_of_others(host) as other:
        assert other.connections.is_answer(back)
        assert other.connections.finish_connect(back).account.id == "7"
    assert not host.connections.is_answer(back)


def test_the_database_has_neither_the_state_nor_the_verifier(host, club, begin):
    """What is waited for is in the database as a hash, and its verifier in the secret store."""
    state = dict(parse_qsl(urlsplit(club.allow(begin())).query))["state"]
    with host.workspace.database.read() as db:
        [row] = db.execute(sa.text("SELECT * FROM fg_pending_permissions")).all()
    [sealed] = host.workspace.secrets._values.values()
    assert row.state_sha256 == hashlib.sha256(state.encode()).hexdigest()
    assert not {state, sealed["verifier"]} & {str(value) for value in row}
    assert state not in sealed.values()


def test_nothing_is_left_of_permissions_that_nobody_waits_for(host, club, begin, clock):
    """The next permission removes the old ones, and a used one leaves only its connection."""
    begin()
    clock.move(seconds=601)
    back = club.allow(begin())
    assert len(host.workspace.secrets._values) == 1
    host.connections.finish_connect(back)
    [connected] = host.connections.list()
    assert list(host.workspace.secrets._values) == [connected.secret_ref]


def test_a_pasted_address_may_be_broken_into_lines(host, club, begin):
    """An address that a terminal has wrapped is read like one on a single line."""
    back = club.allow(begin())
    assert host.connections.finish_connect(f"  {back[:40]}\n{back[40:]} \n").account.id == "7"


def test_an_athlete_who_says_no_is_not_connected(host, club, connect):
    """If the athlete does not allow it, the error says so, and nothing is stored."""
    club.says_no = True
    with pytest.raises(AthleteNeeded, match="FG-permission-denied") as caught:
        connect()
    assert caught.value.why == "the service says access_denied"
    assert host.connections.list() == []


@pytest.mark.parametrize(
    ("refuses", "error", "code"),
    [
        ("temporarily_unavailable", Retryable, "FG-source-down"),
        ("server_error", Retryable, "FG-source-down"),
        ("invalid_scope", ConnectionStopped, "FG-permission-request-refused"),
        ("unauthorized_client", ConnectionStopped, "FG-permission-request-refused"),
        ("access_denied", AthleteNeeded, "FG-permission-denied"),
        ("login_required", AthleteNeeded, "FG-permission-denied"),
        ("of_the_club", AthleteNeeded, "FG-permission-denied"),
    ],
)
def test_a_refusal_is_told_from_an_outage_and_a_mistake(club, connect, refuses, error, code):
    """Each reason of the service has its own error, which names the service and the reason."""
    club.refuses = {"error": refuses, "error_description": "The club says so."}
    with pytest.raises(error, match=code) as caught:
        connect()
    assert caught.value.what.startswith("Club ")
    assert caught.value.why == f"the service says {refuses}: The club says so."
    assert club.exchanges == 0


def test_a_reason_that_may_not_be_shown_is_left_out(tmp_path, registry, clock, club):
    """Where errors may not quote a service, only the codes of the standard are shown."""
    options = {"clock": clock, "secrets": MemorySecretStore(), "apps": {"club": app_at(club)}}
    policy = replace(Policy.personal(), quotes_responses=False)
    with host_of(tmp_path / "home", registry, policy=policy, **options) as host:
        for refuses, why in (
            ("invalid_scope", "the service says invalid_scope"),
            ("h1dden", "the service gave no reason that may be shown here"),
        ):
            club.refuses = {"error": refuses, "error_description": "H1dden"}
            values = {"base_url": f"{club.url}/v1"}
            address = host.connections.begin_connect("club", values, REDIRECT).address
            with pytest.raises(ConnectionStopped) as caught:
                host.connections.finish_connect(club.allow(address))
            assert caught.value.why == why


def test_a_code_that_is_not_accepted_is_explained(host, club, begin):
    """A code that the service does not accept asks the athlete to connect again."""
    back = club.allow(begin())
    club.codes.clear()
    with pytest.raises(AthleteNeeded, match="FG-permission-refused: Club issues no token"):
        host.connections.finish_connect(back)


def test_a_wrong_app_is_told_from_a_wrong_permission(tmp_path, registry, clock, club):
    """A service that does not accept the app is not mistaken for an athlete who said no."""
    wrong = {"club": replace(app_at(club), client_secret="an-0ld-secret/of+Fitglue")}
    with host_of(tmp_path / "home", registry, clock=clock, apps=wrong) as host:
        values = {"base_url": f"{club.url}/v1"}
        address = host.connections.begin_connect("club", values, REDIRECT).address
        with pytest.raises(AthleteNeeded, match="FG-app-refused: Club does not") as caught:
            host.connections.finish_connect(club.allow(address))
        assert "fitglue connect club --new-app" in caught.value.fix


def test_an_app_that_is_not_known_is_asked_for(tmp_path, registry, clock, club):
    """Without an app, nothing is begun, and the error says how to give one."""
    with (
        host_of(tmp_path / "home", registry, clock=clock) as host,
        pytest.raises(AthleteNeeded, match="FG-app-missing"),
    ):
        host.connections.begin_connect("club", {"base_url": f"{club.url}/v1"}, REDIRECT)


def test_a_key_cannot_take_the_place_of_a_permission(host, club):
    """`connect` with values is refused for such an integration, and says what to do instead."""
    with pytest.raises(UserMistake, match="FG-permission-needed"):
        host.connect("club", {"base_url": f"{club.url}/v1"})


# -- renewing --------------------------------------------------------------------------------------


def test_a_token_is_renewed_with_its_newest_refresh_token(host, club, connect, clock):
    """Each renewal uses the refresh token of the one before, which the service has replaced."""
    connect()
    for _ in range(3):
        clock.move(hours=6)
        assert isinstance(last_of(host), SyncFinished)
    used = [form["refresh_token"] for form in club.forms[1:]]
    assert used == [f"R3fresh-of-the-club+{number}/x" for number in (1, 2, 3)]


def test_a_fixed_refresh_token_is_kept(host, club, connect, clock, secret):
    """If a renewal brings no refresh token, the one that is there stays valid."""
    club.rotates = False
    connect()
    before = secret()["refresh-token"]
    clock.move(hours=6)
    assert isinstance(last_of(host), SyncFinished)
    assert secret()["refresh-token"] == before


def test_a_token_that_was_revoked_early_is_renewed_once(host, club, connect):
    """A 401 before the end of a token renews it, and the request is repeated."""
    connect()
    club.tokens.clear()
    assert isinstance(last_of(host), SyncFinished)
    assert club.exchanges == 2


def test_a_permission_that_the_athlete_has_revoked_asks_for_it_again(host, club, connect, clock):
    """A permission that is gone stops the connection until the athlete gives it again."""
    connect()
    club.refresh_tokens.clear()
    clock.move(hours=6)
    last = last_of(host)
    assert isinstance(last, SyncStopped)
    assert str(last.error).startswith("FG-permission-ended: Club no longer accepts your permission")
    assert "interrupted" not in last.error.why
    assert "interrupted" not in last_of(host).error.why
    assert host.connections.list()[0].state == "credentials-rejected"
    assert connect().renewed
    assert isinstance(last_of(host), SyncFinished)


@pytest.mark.parametrize("status", [500, 503])
def test_an_outage_of_what_renews_ends_no_permission(host, club, connect, clock, status):
    """A 5xx is an outage: the connection stays ok, and the next sync renews the token."""
    connect()
    clock.move(hours=6)
    club.down = status
    assert last_of(host).error.code == "FG-source-down"
    assert host.connections.list()[0].state == "ok"
    club.down = None
    assert isinstance(last_of(host), SyncFinished)


def test_an_app_whose_secret_was_changed_ends_no_permission(host, club, connect, clock):
    """A wrong secret of the app is told from a permission that has ended."""
    connect()
    clock.move(hours=6)
    club._is_app = lambda *_: False
    assert last_of(host).error.code == "FG-app-refused"


def test_a_renewal_that_was_interrupted_is_named(host, club, connect, clock, secret):
    """If the answer to a renewal is lost and the service has replaced the refresh token, the next
    error says when that happened.
    """
    connect()
    clock.move(hours=6)
    club.fault("/oauth/token", Fault.reset(), times=None)
    assert last_of(host).error.code in ("FG-answer-broken", "FG-no-network")
    began = secret()["renewal-began-at"]
    club.clear_faults()
    clock.move(hours=1)
    last = last_of(host)
    assert last.error.code == "FG-permission-ended"
    assert f"a renewal that began at {began[:10]} {began[11:16]} UTC was interrupted" in str(
        last.error.why
    )


def test_a_renewal_after_an_outage_leaves_no_mark(host, club, connect, clock, secret):
    """A renewal that succeeds in the end removes the mark of the one that failed."""
    connect()
    clock.move(hours=6)
    club.down = 502
    last_of(host)
    assert "renewal-began-at" in secret()
    club.down = None
    last_of(host)
    assert "renewal-began-at" not in secret()


@pytest.mark.parametrize(
    ("status", "code", "fix"),
    [(401, "FG-key-rejected", "permission again"), (403, "FG-not-permitted", "ticked")],
)
def test_an_athlete_who_gave_a_permission_is_not_asked_for_a_key(
    host, club, connect, status, code, fix
):
    """If the service does not accept its own new token, the advice is about the permission."""
    connect()
    club.fault("/v1/runs", Fault.status(status), times=None)
    error = last_of(host).error
    assert (error.code, fix in error.fix, "key" in error.fix) == (code, True, False)


def test_a_permission_without_a_refresh_token_ends_with_its_token(host, club, connect, clock):
    """A service that issues no refresh token asks for the permission again."""
    tokens = club._tokens
    club._tokens = lambda refreshes: tokens(refreshes=False)
    connect()
    assert isinstance(last_of(host), SyncFinished)
    clock.move(hours=6)
    error = last_of(host).error
    assert error.code == "FG-permission-ended"
    assert "no token that could renew" in error.why
    assert "it was given until 2026-11-21" in error.why
    assert "revoked" not in error.why


def test_tokens_that_others_have_renewed_are_used(host, club, connect, clock, monkeypatch):
    """If the refresh token is refused because somebody without the lock has renewed it, the newer
    tokens are used.
    """
    connect()
    clock.move(hours=6)
    from fitglue_registry.services.granting import permission_tokens

    real = permission_tokens.renew

    def overtaken(*renewal):
        monkeypatch.setattr(permission_tokens, "renew", real)
        with host_of_others(host) as other:
            assert other.connections.probe("club").id == "7"
        return real(*renewal)

    monkeypatch.setattr(permission_tokens, "renew", overtaken)
    monkeypatch.setattr("fitglue_registry.services.granting.token_sources.grant_lock", without_lock)
    assert isinstance(last_of(host), SyncFinished)
    assert host.connections.list()[0].state == "ok"


def host_of_others(host):
    """Return another host on the same home."""
    workspace = host.workspace
    return host_of(
        workspace.home,
        workspace.home.parent / "registry",
        clock=workspace.clock,
        secrets=workspace.secrets,
        apps=workspace.apps,
    )


def without_lock(*_):
    """Imitate a lock that does not exclude others."""
    from contextlib import nullcontext

    return nullcontext()


# -- the end of a permission -----------------------------------------------------------------------

DAYS_90 = 90 * 86_400


def status_of(host):
    """Return the status of the only connection."""
    return host.connections.status(host.connections.list()[0])


@pytest.mark.parametrize(
    "stated",
    [
        lambda end: {"refresh_token_expires_in": DAYS_90},
        lambda end: {"refresh_token_expires_in": str(DAYS_90), "refresh_expires_in": 0},
        lambda end: {"refresh_expires_in": DAYS_90},
        lambda end: {"x_refresh_token_expires_in": DAYS_90},
        lambda end: {"refresh_token_expires_at": end.timestamp()},
        lambda end: {"refresh_expires_at": int(end.timestamp() * 1000)},
        lambda end: {"refresh_token_expires_at": end.isoformat()},
    ],
)
def test_the_end_of_a_permission_is_announced_in_advance(host, club, connect, clock, stated):
    """If the service says when a permission ends, the status says so, however it is spelled; from
    two weeks before, it needs attention.
    """
    club.ends = stated(clock.now() + timedelta(days=90))
    connect()
    status = status_of(host)
    assert (status.expiry, status.expires_soon) == ("the permission ends in 90 days", False)
    clock.move(days=81)
    status = status_of(host)
    assert (status.expiry, status.expires_soon) == ("the permission ends in 9 days", True)
    [need] = host.overview().needs
    assert need["what"] == "club: the permission ends in 9 days"
    assert need["fix"] == "give it again: fitglue connect club"
    [check] = [c for c in host.upkeep.checks(offline=True) if c.name == "connection club"]
    assert (check.state, "; the permission ends in 9 days" in check.detail) == ("look", True)
    clock.move(days=9, hours=1)
    assert status_of(host).expiry.startswith("the permission ended on ")


@pytest.mark.parametrize(
    "stated", [{}, {"refresh_expires_in": 0}, {"refresh_token_expires_in": "soon"}]
)
def test_a_permission_without_a_known_end_is_not_announced(host, club, connect, stated):
    """A service that says nothing about the end, or that it never comes, announces nothing."""
    club.ends = stated
    connect()
    assert status_of(host).expiry is None
    assert host.overview().needs == []


@pytest.mark.parametrize(
    ("days", "moved", "soon"), [(60, 0, False), (60, 45, False), (60, 58, True), (4, 2, False)]
)
def test_a_permission_that_nothing_renews_ends_with_its_token(
    host, club, connect, clock, monkeypatch, days, moved, soon
):
    """If the service issues no refresh token, the end of the token is announced, as other ends."""
    issue = club._tokens
    monkeypatch.setattr(club, "_tokens", lambda refreshes: issue(refreshes=False))
    club.lifetime = timedelta(days=days)
    connect()
    clock.move(days=moved)
    status = status_of(host)
    expiry = f"the permission ends in {days - moved} days"
    assert (status.expiry, status.expires_soon) == (expiry, soon)


def test_a_renewal_makes_a_permission_longer(host, club, connect, clock):
    """Each sync renews the permission, which then ends later; if a renewal does not say when, it
    is not known any more.
    """
    club.ends = {"refresh_token_expires_in": DAYS_90}
    connect()
    clock.move(days=80)
    assert isinstance(last_of(host), SyncFinished)
    assert status_of(host).expiry == "the permission ends in 90 days"
    club.ends = {}
    clock.move(hours=6)
    assert isinstance(last_of(host), SyncFinished)
    assert status_of(host).expiry is None


@pytest.mark.parametrize("states", [True, False])
def test_a_renewal_that_changes_nothing_keeps_the_end(host, club, connect, clock, states):
    """If the refresh token stays the same, a renewal does not make the permission longer, whether
    the service states the remaining time or nothing.
    """
    club.rotates = False
    club.ends = {"refresh_token_expires_in": DAYS_90}
    connect()
    clock.move(days=81)
    club.ends = {"refresh_token_expires_in": DAYS_90 - 81 * 86_400 + 1} if states else {}
    assert isinstance(last_of(host), SyncFinished)
    status = status_of(host)
    assert (status.expiry, status.expires_soon) == ("the permission ends in 9 days", True)


@pytest.mark.parametrize(
    ("hours", "moved", "soon"), [(168, 120, False), (168, 130, True), (1, 0, False), (1, 2, True)]
)
def test_a_short_permission_does_not_always_need_attention(
    host, club, connect, clock, hours, moved, soon
):
    """A permission of a week is announced when a quarter of it is left, because each sync renews
    it, and one of hours only when it has ended.
    """
    club.ends = {"refresh_token_expires_in": hours * 3600}
    connect()
    clock.move(hours=moved)
    assert status_of(host).expires_soon is soon


def test_the_status_of_a_permission_that_cannot_be_opened_is_shown(host, club, connect):
    """Without its secret, the status of a connection says nothing about the end."""
    club.ends = {"refresh_token_expires_in": DAYS_90}
    connect()
    host.workspace.secrets._values.clear()
    assert status_of(host).expiry is None


# -- permissions that are not used -----------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault.status(500), Fault.status(403), Fault.reset()])
def test_a_permission_whose_account_cannot_be_proven_is_taken_back(host, club, begin, fault):
    """If the service does not say whose account it is, the permission that was just given does not
    stay valid unnoticed, and the error says so.
    """
    back = club.allow(begin())
    club.fault("/v1/me", fault, times=None)
    with pytest.raises(FitglueError) as caught:
        host.connections.finish_connect(back)
    assert caught.value.why.endswith("the permission that you gave was taken back again")
    assert club.revoked == ["R3fresh-of-the-club+1/x"]
    assert (host.connections.list(), host.workspace.secrets._values) == ([], {})


def test_a_permission_whose_connection_cannot_be_stored_is_taken_back(
    host, club, begin, monkeypatch
):
    """A permission is taken back if the store fails after the service has said whose it is."""
    monkeypatch.setattr("fitglue_registry.services.connecting.storing._ATTEMPTS", 0)
    with pytest.raises(FitglueError, match="FG-connection-changing"):
        host.connections.finish_connect(club.allow(begin()))
    assert club.revoked == ["R3fresh-of-the-club+1/x"]


def test_the_athlete_learns_where_a_permission_can_be_taken_back(host, club, begin):
    """If the service does not take the permission back, the error says where the athlete can."""
    back = club.allow(begin())
    club.fault("/v1/me", Fault.status(500), times=None)
    club.fault("/oauth/revoke", Fault.status(503), times=None)
    with pytest.raises(FitglueError) as caught:
        host.connections.finish_connect(back)
    assert "the permission that you gave stays valid, because 127.0.0.1" in caught.value.why
    assert caught.value.fix.endswith("take it back in the settings of your account at 127.0.0.1")


def test_a_failed_second_connect_does_not_end_the_permission_in_use(host, club, connect, begin):
    """Some services end all permissions of an account at once, so that nothing is taken back while
    the integration is connected.
    """
    connect()
    back = club.allow(begin())
    club.fault("/v1/me", Fault.status(500), times=None)
    with pytest.raises(FitglueError, match="FG-source-down") as caught:
        host.connections.finish_connect(back)
    assert "of the existing connection" in caught.value.why
    club.clear_faults()
    assert club.revoked == []
    assert isinstance(last_of(host), SyncFinished)


# -- removing --------------------------------------------------------------------------------------


def test_removing_a_connection_takes_its_permission_back(host, club, connect):
    """The service is told that the permission has ended, before the secret is deleted."""
    connect()
    removed = host.connections.remove("club")
    assert (removed.revoked, removed.not_revoked) == (True, None)
    assert club.revoked == ["R3fresh-of-the-club+1/x"]
    assert host.workspace.secrets._values == {}


@pytest.mark.parametrize("status", [400, 500])
def test_a_permission_that_cannot_be_taken_back_does_not_keep_the_connection(
    host, club, connect, status
):
    """If the service does not take it back, the connection is removed, and the reason is told."""
    connect()
    club.fault("/oauth/revoke", Fault.status(status), times=None)
    removed = host.connections.remove("club")
    assert removed.revoked is False
    assert "127.0.0.1" in removed.not_revoked
    assert host.connections.list() == []


# -- forms of requests -----------------------------------------------------------------------------


@pytest.mark.parametrize("client", ["body", "basic"])
def test_the_app_authenticates_itself_as_the_entry_says(tmp_path, club, clock, client):
    """The secret of the app is in the body, or in Basic authentication, and nowhere else."""
    registry = make_registry(tmp_path / "other", f"{OAUTH2}      client: {client}\n")
    with host_of(tmp_path / "home", registry, clock=clock, apps={"club": app_at(club)}) as host:
        values = {"base_url": f"{club.url}/v1"}
        address = host.connections.begin_connect("club", values, REDIRECT).address
        host.connections.finish_connect(club.allow(address))
    [request], [form] = club.asked, club.forms
    assert ("client_secret" in form) == (client == "body")
    assert bool(request.header("authorization")) == (client == "basic")


def test_scopes_can_be_separated_by_commas(tmp_path, club, clock):
    """The scopes are joined as the entry says, and extra parameters are added."""
    more = (
        '      scope_separator: ","\n      parameters: {approval_prompt: auto, uri: u, body: b}\n'
    )
    registry = make_registry(tmp_path / "other", OAUTH2 + more)
    with host_of(tmp_path / "home", registry, clock=clock, apps={"club": app_at(club)}) as host:
        values = {"base_url": f"{club.url}/v1"}
        club.allow(host.connections.begin_connect("club", values, REDIRECT).address)
    [query] = club.codes.values()
    assert (query["scope"], query["approval_prompt"]) == ("profile,runs:all", "auto")
    assert (query["uri"], query["body"]) == ("u", "b")


def test_a_long_lifetime_has_a_margin(host, connect, secret, clock):
    """A token is renewed five minutes before it ends."""
    connect()
    ends = clock.now() + timedelta(hours=6)
    assert secret()["token-renew-at"] == (ends - timedelta(minutes=5)).isoformat()
