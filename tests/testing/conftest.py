"""Fixtures: a service with three rows and one file, and a client for it."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
import requests

from fitglue_registry.testing import LoopbackService, Response, json_bytes, json_response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fitglue_registry.testing import Request

ROWS = [
    {"id": "a", "name": "Ride", "gear": {"id": "b1"}, "distance": 1.5},
    {"id": "b", "name": "Run", "gear": {"id": "b2"}, "distance": 2.5},
    {"id": "c", "name": "Swim", "gear": None, "distance": None},
]
SAMPLES = [{"type": "watts", "data": list(range(2000))}]


def _row(_: Request, id_: str) -> Response:
    rows = [row for row in ROWS if row["id"] == id_]
    return json_response(rows[0]) if rows else json_response({"error": "unknown"}, 404)


def _samples(_: Request) -> Response:
    return Response(200, None, gzipped=gzip.compress(json_bytes(SAMPLES), mtime=0))


@pytest.fixture
def service() -> Iterator[LoopbackService]:
    service = LoopbackService()
    service.route("/rows", lambda _: json_response(ROWS))
    service.route("/rows/([^/]+)", _row)
    service.route("/samples", _samples)
    with service:
        yield service


@pytest.fixture
def get(service) -> Iterator[Callable[..., requests.Response]]:
    """A function that requests a path of the service, by default the list of rows."""
    with requests.Session() as session:
        session.trust_env = False
        yield lambda path="/rows", timeout=10.0: session.get(
            service.url + path, timeout=timeout, allow_redirects=False
        )
