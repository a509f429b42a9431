"""Fixtures: a source, a destination, and a host whose pipeline sends from one to the other."""

from __future__ import annotations

import pytest

from tests.services.pipelines.boxes import Box, Shelf, piped_host

ALL = {"schema": 1, "name": "all", "destinations": [{"to": "box", "name": "box"}]}


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def box():
    return Box()


@pytest.fixture
def host(tmp_path, shelf, box):
    """A host with the pipeline ``all``, which sends everything to the box."""
    with piped_host(tmp_path, [shelf], [box]) as host:
        host.pipelines.apply(ALL)
        yield host
