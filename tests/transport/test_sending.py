"""Tests of what a request sends: its method, its body and its headers."""

import pytest

from fitglue_registry.errors import FitglueError, PluginFailed
from fitglue_registry.plugin_api import File
from fitglue_registry.testing import LoopbackService, Request, json_response
from fitglue_registry.transport import request_body


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_each_method_reaches_the_service(session, server, method):
    """Each method sends its parameters, its body and the credential, and returns the response."""
    answer = getattr(session, method.lower())("x", {"a": "1"}, json={"b": 2})
    path, headers = server.requests[0]
    assert (answer.json(), server.methods, path) == ({}, [method], "/api/v1/x?a=1")
    assert (server.bodies, headers["content-type"]) == ([b'{"b":2}'], "application/json")
    assert headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("sending", "body", "content_type"),
    [
        ({"json": None}, b"null", "application/json"),
        ({"json": {"a": "Höhe"}}, b'{"a":"H\\u00f6he"}', "application/json"),
        (
            {"form": {"a": "1 2", "b": ["x", "ü"]}},
            b"a=1+2&b=x&b=%C3%BC",
            "application/x-www-form-urlencoded",
        ),
        ({"body": b"\x00\x01"}, b"\x00\x01", "application/octet-stream"),
        ({"body": b"<x/>", "headers": {"content-type": "text/xml"}}, b"<x/>", "text/xml"),
        ({}, b"", None),
    ],
)
def test_a_body_is_sent_with_its_type(session, server, sending, body, content_type):
    """JSON, a form and plain bytes are sent with their content type, which a header replaces."""
    session.post("x", **sending)
    headers = server.requests[0][1]
    assert (server.bodies, headers.get("content-type")) == ([body], content_type)
    assert headers["content-length"] == str(len(body))


def test_a_file_is_sent_from_the_disk(session, server, tmp_path):
    """A body may be the path of a file, whose bytes are sent with their length."""
    (tmp_path / "ride.fit").write_bytes(b"FIT" * 50_000)
    session.put("x", body=tmp_path / "ride.fit")
    assert server.bodies == [b"FIT" * 50_000]
    assert server.requests[0][1]["content-length"] == "150000"


def test_a_form_with_files_arrives_complete(session, server, tmp_path):
    """Fields and files of a form arrive with their names and types, also with awkward names."""
    (tmp_path / "ride.fit").write_bytes(b"\r\n--x\x00" * 9)
    session.post(
        "x",
        form={"data_type": "fit", "tag": ["a", "ü"]},
        files={
            "file": File(tmp_path / "ride.fit", 'Höhe "1"\r\nX: y.fit'),
            "more": [File(b"1", "a"), File(b"", "b", "text/plain")],
        },
    )
    parts = Request("POST", "/", headers=server.requests[0][1], body=server.bodies[0]).parts
    assert [(part.name, part.content) for part in parts] == [
        ("data_type", b"fit"),
        ("tag", b"a"),
        ("tag", "ü".encode()),
        ("file", b"\r\n--x\x00" * 9),
        ("more", b"1"),
        ("more", b""),
    ]
    assert (parts[3].filename, parts[3].content_type) == (
        "Höhe %221%22%0D%0AX: y.fit",
        "application/octet-stream",
    )
    assert parts[5].content_type == "text/plain"


def test_a_file_is_never_in_memory_as_a_whole(session, server, tmp_path, monkeypatch):
    """A file is read in small pieces while it is sent, alone as in a form with files."""
    (tmp_path / "big.fit").write_bytes(bytes(2_000_000))
    sizes = []
    real = request_body.BodyStream.read

    def read(stream, size=-1):
        piece = real(stream, size)
        sizes.append(len(piece))
        return piece

    monkeypatch.setattr(request_body.BodyStream, "read", read)
    session.put("x", body=tmp_path / "big.fit")
    session.post("x", files={"file": File(tmp_path / "big.fit", "big.fit")})
    assert [len(body) // 1_000_000 for body in server.bodies] == [2, 2]
    assert max(sizes) <= 65_536


def test_a_retried_upload_is_sent_from_its_beginning(session, server, reply, tmp_path):
    """An upload that is repeated is sent completely again, and is the same to the byte."""
    (tmp_path / "ride.fit").write_bytes(b"FIT" * 9)
    server.respond_with(reply(429), reply(503), reply())
    session.post("x", files={"file": File(tmp_path / "ride.fit", "a")}, idempotent=True)
    assert len(server.bodies) == 3
    assert len(set(server.bodies)) == 1
    assert server.bodies[0].count(b"FIT") == 9


def test_a_file_that_shrinks_while_it_is_sent_is_named_as_the_reason(session, tmp_path):
    """A file that is shortened after it was opened never leads to a request that waits forever."""
    file = tmp_path / "ride.fit"
    file.write_bytes(bytes(1_000_000))
    body = request_body.BodyStream(request_body.Bytes(file), 60.0)
    body.read(900_000)
    file.write_bytes(b"")
    with pytest.raises(request_body.BodyChanged, match="became shorter"):
        list(iter(lambda: body.read(200_000), b""))
    body.close()


def test_a_file_that_is_missing_is_an_error_of_the_plugin(session, server, tmp_path):
    """A file that cannot be opened is no failure of the network, and nothing is sent."""
    (tmp_path / "a").write_bytes(b"a")
    missing = File(tmp_path / "missing", "b")
    with pytest.raises(FileNotFoundError):
        session.post("x", files={"a": File(tmp_path / "a", "a"), "b": missing})
    with pytest.raises(FileNotFoundError):
        session.put("x", body=tmp_path / "missing")
    assert server.requests == []


def test_a_body_that_takes_too_long_is_given_up(tmp_path):
    """A body has a total time limit, because each piece of it has a time limit of its own only."""
    body = request_body.BodyStream(request_body.Bytes(b"x"), -1.0)
    with pytest.raises(TimeoutError, match="took longer to send"):
        body.read(1)


@pytest.mark.parametrize(
    "sending",
    [
        {"json": 1, "form": {}},
        {"body": b"", "files": {}},
        {"json": 1, "body": b""},
        {"jsn": 1},
        {"body": "text"},
    ],
)
def test_keywords_that_make_no_sense_are_refused(session, server, sending):
    """Several bodies, an unknown keyword and a body of another type are errors of the plugin."""
    with pytest.raises(TypeError):
        session.post("x", **sending)
    assert server.requests == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer x"},
        {"authorization": "x"},
        {"Proxy-Authorization": "x"},
        {"Host": "evil.example"},
        {"Cookie": "a=b"},
        {"Content-Length": "1"},
        {"transfer-encoding": "chunked"},
        {"Idempotency-Key": "1"},
        {"X": "a\r\nAuthorization: b"},
        {"X\r\nY": "a"},
        {"X": "ü"},
        {"X": " a"},
        {"": "a"},
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_plugin_cannot_set_a_header_of_the_transport(session, server, method, headers):
    """A plugin can neither authenticate a request itself, nor change how it is transmitted."""
    with pytest.raises(PluginFailed) as caught:
        getattr(session, method)("x", headers=headers)
    assert (caught.value.code, server.requests) == ("FG-header-refused", [])


def test_the_header_that_authenticates_belongs_to_the_entry(open_session, server):
    """Where the entry's scheme sends the secret in a header, a plugin cannot set that header."""
    from fitglue_registry.registry import Auth

    session = open_session(auth=Auth(scheme="header", header="X-Key", secret="api_key"))
    with pytest.raises(PluginFailed, match="FG-header-refused"):
        session.get("x", headers={"x-key": "mine"})
    session.get("x")
    assert [headers["x-key"] for _, headers in server.requests] == ["planted-Secret/key+42"]


def test_the_type_of_a_form_with_files_belongs_to_the_transport(session):
    """A plugin cannot set the content type of a form with files, because it lacks the boundary."""
    with pytest.raises(PluginFailed, match="FG-header-refused"):
        session.post("x", files={"f": File(b"", "a")}, headers={"Content-Type": "text/plain"})


@pytest.mark.parametrize("kind", ["a/b\r\nX: y", "text/plain; name=\xfc"])
def test_a_media_type_cannot_add_a_header(session, server, kind):
    """A media type of a file with a line break or another character is refused."""
    with pytest.raises(ValueError, match="media type"):
        session.post("x", files={"f": File(b"", "a", kind)})
    assert server.requests == []


def test_headers_of_the_entry_are_in_every_request(open_session, server):
    """The headers of the entry are sent with every request, unless a request replaces one."""
    session = open_session(headers={"Accept": "application/json", "Api-Version": "2"})
    session.get("a")
    session.post("b", headers={"accept": "application/zip", "X-Extra": "1"})
    first, second = (headers for _, headers in server.requests)
    assert (first["accept"], first["api-version"]) == ("application/json", "2")
    assert (second["accept"], second["api-version"], second["x-extra"]) == (
        "application/zip",
        "2",
        "1",
    )


def test_a_parameter_can_have_several_values(session, server):
    """A sequence of values repeats its parameter, and a text stays one value."""
    session.get("x", {"keys": ["time", "watts"], "ids": "1,2"})
    assert server.paths == ["/api/v1/x?keys=time&keys=watts&ids=1,2"]


@pytest.mark.parametrize("sending", [{"body": True}, {"json": {1, 2}}, {"json": float("nan")}])
def test_a_value_that_cannot_be_sent_is_an_error_of_the_plugin(session, server, sending):
    """A value without a form in JSON, such as NaN, is refused before anything is sent."""
    with pytest.raises((TypeError, ValueError)) as caught:
        session.post("x", **sending)
    assert not isinstance(caught.value, FitglueError)
    assert server.requests == []


def test_a_stand_in_answers_every_method(open_session):
    """A service for tests has routes of any method, and shows what was sent to it."""
    service = LoopbackService()
    service.route(r"/x", lambda request: json_response(request.json()), method="PATCH")
    service.route(r"/x", lambda request: json_response(request.form), method="POST")
    with service:
        session = open_session(service.url)
        assert session.patch("x", json=[1]).json() == [1]
        assert session.post("x", form={"a": "1"}).json() == {"a": ["1"]}
        assert session.put("x", accept=[405]).status == 405
        assert [entry.body for entry in service.requests] == [b"[1]", b"a=1", b""]
        assert "authorization" in service.requests[0].headers
        assert service.requests[0].shown() == {
            "method": "PATCH",
            "path": "/x",
            "query": "",
            "status": 200,
        }


def test_a_cassette_records_and_replays_an_upload(open_session, server, reply, tmp_path):
    """vcrpy can record and replay a request with a file, which is read while it is sent."""
    import vcr

    (tmp_path / "ride.fit").write_bytes(b"FIT" * 9)
    server.respond_with(reply(201, b"[7]"))
    form = {"files": {"file": File(tmp_path / "ride.fit", "ride.fit")}}
    options = {"filter_headers": ["authorization"]}
    with vcr.use_cassette(str(tmp_path / "cassette.yaml"), **options):
        assert open_session().post("x", **form).json() == [7]
    with vcr.use_cassette(str(tmp_path / "cassette.yaml"), record_mode="none", **options):
        assert open_session().post("x", **form).json() == [7]
    assert (len(server.bodies), b"FIT" * 9 in server.bodies[0]) == (1, True)
