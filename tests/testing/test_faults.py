"""Tests of the faults, which are those that a client of a real service may encounter."""

from __future__ import annotations

import re

import pytest
import requests

from fitglue_registry.testing import Fault, LoopbackService

BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


@pytest.mark.parametrize("status", [401, 403, 404, 422, 429, 500, 503])
def test_a_status_has_an_error_as_its_body(service, get, status):
    """A fault with a status sends a JSON object that contains the status."""
    service.fault("/rows", Fault.status(status))
    answer = get()
    assert (answer.status_code, answer.json()["status"]) == (status, status)


@pytest.mark.parametrize("value", [3, "Fri, 20 Nov 2026 20:00:03 GMT"])
def test_a_status_may_say_when_to_come_again(service, get, value):
    """A status may have a ``Retry-After`` header with seconds or a date."""
    service.fault("/rows", Fault.status(429, retry_after=value))
    assert get().headers["Retry-After"] == str(value)


def test_a_bad_gateway_is_a_page(service, get):
    """Status 502 is sent with a web page, as a proxy does."""
    service.fault("*", Fault.status(502))
    answer = get()
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.text.startswith("<!DOCTYPE html>")


def test_a_status_may_have_any_body(service, get):
    """The test can choose the body of a status."""
    service.fault("*", Fault.status(422, body="no"))
    assert get().text == "no"


def test_a_page_may_have_status_200(service, get):
    """A web page can be sent with status 200 instead of JSON."""
    service.fault("*", Fault.html_page())
    answer = get()
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_redirect_names_another_address(service, get):
    """A fault can redirect to another host."""
    service.fault("*", Fault.redirect("http://elsewhere.invalid/"))
    answer = get()
    assert (answer.status_code, answer.headers["Location"]) == (302, "http://elsewhere.invalid/")


def test_a_body_may_be_empty(service, get):
    """A fault can empty the body of one response, and the next response has its body again."""
    service.fault("*", Fault.empty_body())
    assert get().content == b""
    assert get().content != b""


@pytest.mark.parametrize("path", ["/rows", "/samples"])
def test_json_may_stop_in_the_middle(service, get, path):
    """A truncated body has the announced length and is not valid JSON, whether or not the service
    has it compressed.
    """
    service.fault("*", Fault.truncated())
    with pytest.raises(requests.exceptions.JSONDecodeError):
        get(path).json()


def test_a_connection_may_end_in_the_middle_of_the_body(service, get):
    """A connection can end before the announced length has arrived."""
    service.fault("*", Fault.cut())
    with pytest.raises(BROKEN):
        get()


def test_gzip_may_be_broken(service, get):
    """A fault can damage a gzip body so that the client cannot decompress it."""
    service.fault("*", Fault.broken_gzip())
    with pytest.raises(requests.exceptions.ContentDecodingError):
        get()


@pytest.mark.parametrize("after_headers", [False, True])
def test_a_connection_may_be_reset(service, get, after_headers):
    """A connection can be reset before the headers or after them."""
    service.fault("*", Fault.reset(after_headers=after_headers))
    with pytest.raises(BROKEN, match="reset by peer"):
        get()


def test_a_body_may_drip(service, get):
    """A body can arrive byte by byte, more slowly than a client waits."""
    service.fault("*", Fault.drip(interval_s=60))
    with pytest.raises(BROKEN, match="timed out"):
        get(timeout=0.1)


def test_a_body_that_drips_arrives_whole(service, get):
    """A body that is sent byte by byte is complete after its last byte."""
    service.fault("*", Fault.drip(interval_s=0))
    assert get("/rows/a").json()["name"] == "Ride"


def test_headers_may_drip(service, get):
    """The headers can also arrive byte by byte, more slowly than a client waits."""
    service.fault("*", Fault.drip(interval_s=60, with_headers=True))
    with pytest.raises(requests.ReadTimeout):
        get(timeout=0.1)


def test_a_response_may_never_arrive(service, get):
    """A connection can stay open without a response."""
    service.fault("*", Fault.hold())
    with pytest.raises(requests.ReadTimeout):
        get(timeout=0.1)


def test_a_connection_may_end_without_a_response(service, get):
    """A connection that is held open for a time ends without a response."""
    service.fault("*", Fault.hold(seconds=0.01))
    with pytest.raises(BROKEN, match=r"closed connection|aborted"):
        get()


def test_a_body_may_have_a_wrong_type(service, get):
    """The correct body can be sent with another ``Content-Type``."""
    service.fault("*", Fault.content_type("text/plain"))
    answer = get()
    assert (answer.headers["Content-Type"], len(answer.json())) == ("text/plain", 3)


def test_json_may_have_another_shape(service, get):
    """A fault can send valid JSON of a shape that the client did not expect."""
    service.fault("*", Fault.shape({"rows": 1}))
    assert get().json() == {"rows": 1}


def test_an_error_may_have_status_200(service, get):
    """The body of an error can be sent with status 200."""
    service.fault("*", Fault.error_object())
    answer = get()
    assert (answer.status_code, answer.json()["status"]) == (200, 422)


def test_a_list_may_leave_out_ids(service, get):
    """A fault can remove the rows with certain ids from a list."""
    service.fault("*", Fault.leave_out(["a"]))
    assert [row["id"] for row in get().json()] == ["b", "c"]


def test_a_list_may_have_each_row_twice(service, get):
    """A fault can repeat each row of a list right after it."""
    service.fault("*", Fault.duplicate_rows())
    assert [row["id"] for row in get().json()] == ["a", "a", "b", "b", "c", "c"]


def test_a_body_may_be_any_bytes(service, get):
    """A fault can send bytes that are not text."""
    service.fault("*", Fault.raw_body(b"\xff\xfe", content_type="application/octet-stream"))
    assert get().content == b"\xff\xfe"


def test_json_may_be_nested_deeply(service, get):
    """A fault can send lists that are nested to any depth."""
    service.fault("*", Fault.nested(depth=2000))
    assert get().content == b"[" * 2000 + b"]" * 2000


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_may_have_any_size(service, get, announced):
    """A body of any size can be sent with or without its length in the headers."""
    service.fault("*", Fault.flood(size=3_000_000, announced=announced))
    answer = get()
    assert (len(answer.content), answer.content[:7]) == (3_000_000, b'[{"id":')
    assert answer.headers.get("Content-Length") == ("3000000" if announced else None)


def test_a_small_gzip_may_unpack_to_a_large_body(service, get):
    """A small gzip body can unpack to a body that is more than a hundred times as large."""
    service.fault("*", Fault.bomb(size=5 << 20))
    answer = get()
    assert len(answer.content) == (5 << 20) + 1
    assert int(answer.headers["Content-Length"]) < 50_000


def test_rows_may_hold_values_that_no_json_library_writes(service, get):
    """A fault can write any text as a value into the first rows, also below their top level, and
    leave the other rows unchanged.
    """
    values = {"distance": "1e400", "name": r'"\ud800"', "gear.id": "NaN"}
    service.fault("*", Fault.values(values, rows=1))
    answer = get()
    assert answer.text.startswith(r'[{"id":"a","name":"\ud800","gear":{"id":NaN},"distance":1e400}')
    assert answer.json()[1]["distance"] == 2.5


def test_a_list_inside_may_hold_any_value(service, get):
    """A fault can replace one sample of a list, and ignores an index beyond its end."""
    service.fault("*", Fault.values({"data.0": "-7", "data.999999": "-8"}, rows=1))
    data = get("/samples").json()[0]["data"]
    assert (data[0], len(data)) == (-7, 2000)


def test_a_fault_spares_the_first_requests_and_is_over_after_its_times(service, get):
    """A rule lets the first requests pass, applies to as many as it states, and counts them."""
    rule = service.fault("*", Fault.status(503), times=2, after=1)
    assert [get().status_code for _ in range(5)] == [200, 503, 503, 200, 200]
    assert rule.fired == 2


def test_a_fault_without_a_number_stays_until_it_is_cleared(service, get):
    """A fault without a number of times applies to every request until all faults are cleared."""
    service.fault("*", Fault.status(500), times=None)
    assert [get().status_code for _ in range(3)] == [500, 500, 500]
    service.clear_faults()
    assert get().status_code == 200


@pytest.mark.parametrize("before", [True, False])
def test_a_request_that_fails_is_carried_out_or_not(before):
    """A fault replaces the response to a request that was carried out, unless it is for a request
    that is not.
    """
    done: list[str] = []
    fault = Fault.status(500)
    with LoopbackService() as service:
        service.route("/rows", lambda request: done.append(request.path), method="POST")
        service.fault("/rows", fault.before_anything() if before else fault)
        status = requests.post(f"{service.url}/rows", timeout=10).status_code
    assert (status, done) == (500, [] if before else ["/rows"])


def test_other_paths_are_spared(service, get):
    """A fault applies only to paths that match its glob, or to targets that match its pattern."""
    service.fault("*/samples", Fault.status(500))
    service.fault(re.compile("page=2"), Fault.status(503))
    assert (get().status_code, get("/rows?page=2").status_code) == (200, 503)


def test_an_unknown_kind_of_fault_is_refused():
    """The error for an unknown kind of fault lists the kinds that exist."""
    with pytest.raises(ValueError, match="unknown kind of fault: 'sulk'; use one of status"):
        Fault.named("sulk", {})
