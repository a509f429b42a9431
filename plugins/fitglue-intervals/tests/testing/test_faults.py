"""Each fault of the stand-in is what a client of the real service may meet."""

from __future__ import annotations

import re

import pytest
import requests

from fitglue_intervals.testing import Account, Fault, StandIn
from tests.certificate import self_signed, serving

pytestmark = pytest.mark.long

PROFILE = "/api/v1/athlete/0/profile"
LIST = "/api/v1/athlete/0/activities?oldest=2000-01-01"
BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


@pytest.fixture
def server():
    with StandIn(Account.generate(count=20)) as running:
        yield running


@pytest.fixture
def get(server):
    """Get a path with the key."""
    with requests.Session() as session:
        session.auth = ("API_KEY", "stand-in-key")
        yield lambda path=LIST, timeout=10.0: session.get(
            server.url + path, timeout=timeout, allow_redirects=False
        )


@pytest.mark.parametrize("status", [401, 403, 404, 422, 429, 500, 503])
def test_status(server, get, status):
    """A status comes with the service's form of error."""
    server.fault("*/activities", Fault.status(status))
    answer = get()
    assert (answer.status_code, answer.json()["status"]) == (status, status)


@pytest.mark.parametrize("value", [3, "Fri, 20 Nov 2026 20:00:03 GMT"])
def test_retry_after(server, get, value):
    """A limit may say when to come again, in seconds or as a date."""
    server.fault("*/activities", Fault.status(429, retry_after=value))
    assert get().headers["Retry-After"] == str(value)


def test_bad_gateway_is_html(server, get):
    """A proxy's error is a page."""
    server.fault("*", Fault.status(502))
    answer = get()
    assert (answer.status_code, answer.headers["Content-Type"], answer.text[:9]) == (
        502,
        "text/html",
        "<!DOCTYPE",
    )


def test_status_with_a_body_of_ones_own(server, get):
    """A status may have any body."""
    server.fault("*", Fault.status(422, body="no"))
    assert get().text == "no"


def test_html_page(server, get):
    """A page may come with status 200."""
    server.fault("*", Fault.html_page())
    answer = get()
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")


def test_redirect(server, get):
    """An answer may lead to another host."""
    server.fault("*", Fault.redirect("http://elsewhere.invalid/"))
    answer = get()
    assert (answer.status_code, answer.headers["Location"]) == (302, "http://elsewhere.invalid/")


def test_empty_body(server, get):
    """An answer may have no body."""
    server.fault("*", Fault.empty_body())
    assert (get().status_code, get().status_code, get().content != b"") == (200, 200, True)


def test_truncated_json(server, get):
    """JSON may stop in the middle although the length is right."""
    server.fault("*", Fault.truncated())
    with pytest.raises(requests.exceptions.JSONDecodeError):
        get().json()


def test_truncated_streams(server, get):
    """A compressed answer is truncated as JSON too, not as gzip."""
    server.fault("*streams", Fault.truncated())
    with pytest.raises(requests.exceptions.JSONDecodeError):
        get(f"/api/v1/activity/{server.account.ids()[0]}/streams").json()


def test_cut_connection(server, get):
    """A connection may end in the middle of the body."""
    server.fault("*", Fault.cut())
    with pytest.raises(BROKEN):
        get()


def test_broken_gzip(server, get):
    """A body may be announced as gzip and not be it."""
    server.fault("*", Fault.broken_gzip())
    with pytest.raises(requests.exceptions.ContentDecodingError):
        get()


@pytest.mark.parametrize("after_headers", [False, True])
def test_reset(server, get, after_headers):
    """A connection may be reset before the headers or after them."""
    server.fault("*", Fault.reset(after_headers=after_headers))
    with pytest.raises(BROKEN, match="reset by peer"):
        get()


def test_drip(server, get):
    """A body may come byte by byte, slower than a client waits."""
    server.fault("*", Fault.drip(interval_s=60))
    with pytest.raises(BROKEN, match="timed out"):
        get(timeout=0.1)


def test_drip_comes_whole(server, get):
    """A body that drips is whole in the end."""
    server.fault("*", Fault.drip(interval_s=0))
    assert get(PROFILE).json()["athlete"]["id"] == "i317960"


def test_hold(server, get):
    """An answer may never come."""
    server.fault("*", Fault.hold())
    with pytest.raises(requests.ReadTimeout):
        get(timeout=0.1)


def test_hold_for_a_while(server, get):
    """A connection that was held for its time ends without an answer."""
    server.fault("*", Fault.hold(seconds=0.01))
    with pytest.raises(BROKEN, match=r"closed connection|aborted"):
        get()


def test_content_type(server, get):
    """The right body may come under a wrong type."""
    server.fault("*", Fault.content_type("text/plain"))
    answer = get()
    assert (answer.headers["Content-Type"], len(answer.json())) == ("text/plain", 20)


def test_another_shape(server, get):
    """Good JSON may have another shape."""
    server.fault("*", Fault.shape({"rows": 1}))
    assert get().json() == {"rows": 1}


def test_error_object(server, get):
    """An error may come under status 200."""
    server.fault("*", Fault.error_object())
    answer = get()
    assert (answer.status_code, answer.json()["status"]) == (200, 422)


def test_ids_left_out(server, get):
    """A bulk answer may leave out ids that are there."""
    one, other = server.account.ids()[:2]
    server.fault("*/activities/*", Fault.leave_out([one]))
    assert [row["id"] for row in get(f"/api/v1/athlete/0/activities/{one},{other}").json()] == [
        other
    ]


def test_duplicate_rows(server, get):
    """A list may have each row twice."""
    server.fault("*", Fault.duplicate_rows())
    assert len(get().json()) == 40


def test_any_bytes(server, get):
    """A body may be anything."""
    server.fault("*", Fault.raw_body(b"\xff\xfe", content_type="application/octet-stream"))
    assert get().content == b"\xff\xfe"


def test_times_and_after(server, get):
    """A fault spares the first requests it meets, hits as often as told, counts its hits, and is
    over.
    """
    rule = server.fault("*", Fault.status(503), times=2, after=1)
    assert [get(PROFILE).status_code for _ in range(5)] == [200, 503, 503, 200, 200]
    assert rule.fired == 2


def test_a_fault_for_ever(server, get):
    """A fault without a number stays until the faults are cleared."""
    server.fault("*", Fault.status(500), times=None)
    assert [get(PROFILE).status_code for _ in range(3)] == [500, 500, 500]
    server.clear_faults()
    assert get(PROFILE).status_code == 200


def test_other_paths_are_spared(server, get):
    """A fault meets only the paths that it names, a pattern also by the query."""
    server.fault("*/streams", Fault.status(500))
    server.fault(re.compile("oldest=2000"), Fault.status(503))
    assert (get(PROFILE).status_code, get().status_code) == (200, 503)


def test_the_log_has_what_was_sent(server, get):
    """The log has the status that was sent, and 0 where none was."""
    server.fault("*", Fault.status(429))
    server.fault("*", Fault.reset())
    get()
    with pytest.raises(BROKEN):
        get()
    assert [request.status for request in server.requests] == [429, 0]


def test_latency_is_waited_for(server, get):
    """With a latency each answer comes later."""
    server.latency_s = 0.05
    assert get(PROFILE).elapsed.total_seconds() > 0.04


def test_a_server_that_holds_closes_at_once(server, get):
    """A server closes at once although connections are held."""
    server.fault("*", Fault.hold(), times=None)
    with pytest.raises(requests.ReadTimeout):
        get(timeout=0.05)
    server.close()
    with pytest.raises(requests.ConnectionError):
        requests.get("http://127.0.0.1:9/", timeout=1)


def test_drip_with_headers(server, get):
    """The headers may drip too."""
    server.fault("*", Fault.drip(interval_s=60, with_headers=True))
    with pytest.raises(requests.ReadTimeout):
        get(timeout=0.1)


@pytest.mark.parametrize("announced", [True, False])
def test_flood(server, announced):
    """A body may be of any size, with its length announced or not, and costs the server nothing."""
    server.fault("*", Fault.flood(size=3_000_000, announced=announced))
    answer = requests.get(server.url + LIST, auth=("API_KEY", "stand-in-key"), timeout=10)
    assert (len(answer.content), answer.content[:9]) == (3_000_000, b'[{"id":"i')
    assert answer.headers.get("Content-Length") == ("3000000" if announced else None)


def test_bomb(server):
    """A small gzip may unpack to a large body."""
    server.fault("*", Fault.bomb(size=5 << 20))
    answer = requests.get(server.url + LIST, auth=("API_KEY", "stand-in-key"), timeout=10)
    assert (len(answer.content), int(answer.headers["Content-Length"]) < 50_000) == (
        (5 << 20) + 1,
        True,
    )


def test_nested(server, get):
    """JSON may be nested beyond sense."""
    server.fault("*", Fault.nested(depth=2000))
    assert get().content == b"[" * 2000 + b"]" * 2000


def test_values(server, get):
    """The first rows of a list may hold values that no JSON library writes, also inside what they
    hold; the others are spared.
    """
    server.fault(
        "*", Fault.values({"distance": "1e400", "name": r'"\ud800"', "gear.id": "NaN"}, rows=1)
    )
    first, second = get().text.split("},{", 1)[0], get().json()[1]
    assert '"distance":1e400' in first
    assert r'"name":"\ud800"' in first
    assert second["distance"] != float("inf")


def test_values_of_a_list_inside(server, get):
    """A sample may be odd; where there is none of that number nothing happens."""
    server.fault("*", Fault.values({"data.0": "-7", "data.999999": "-8"}, rows=1))
    assert get(f"/api/v1/activity/{server.account.ids()[0]}/streams").json()[0]["data"][0] == -7


def test_tls(tmp_path):
    """A stand-in may speak https, and forget in the middle that it does."""
    bundle = self_signed(tmp_path)
    with (
        StandIn(Account.generate(count=1), tls=serving(bundle)) as server,
        requests.Session() as session,
    ):
        asked = {"url": server.url + PROFILE, "auth": ("API_KEY", "stand-in-key"), "timeout": 10}
        assert session.get(**asked, verify=str(bundle)).json()["athlete"]["id"] == server.athlete_id
        with pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
            requests.get(**asked)
        server.fault("*", Fault.no_tls())
        with pytest.raises(requests.exceptions.SSLError):
            session.get(**asked, verify=str(bundle))
        assert session.get(**asked, verify=str(bundle)).status_code == 200
