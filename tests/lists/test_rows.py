"""Tests of reading the rows of an answer."""

from __future__ import annotations

import pytest

from fitglue_registry.errors import ConnectionStopped
from fitglue_registry.lists.answers import number_at
from fitglue_registry.plugin_api import rows
from fitglue_registry.testing import FakeAnswer


@pytest.mark.parametrize(
    ("body", "at", "expected"),
    [
        (b'[{"id": 1 },{"id":2}]', "", [b'{"id": 1 }', b'{"id":2}']),
        (b'{"data": [{"id": 1.50}]}', "data", [b'{"id": 1.50}']),
        (b'{"result": {"items": [{"w": NaN}, 7]}}', "result.items", [b'{"w": NaN}', b"7"]),
        (b'{"data": []}', "data", []),
        (b'{"data": null}', "data", []),
    ],
)
def test_the_rows_are_the_exact_bytes(body, at, expected):
    """Each row is as the service sent it, wherever the list is."""
    assert list(rows(FakeAnswer(body), at)) == expected


@pytest.mark.parametrize(
    ("body", "at", "code"),
    [
        (b"<html>log in</html>", "data", "FG-answer-not-json"),
        (b'{"data": [{"id"', "data", "FG-answer-not-json"),
        (b"", "data", "FG-answer-not-json"),
        (b"", "", "FG-answer-not-json"),
        (b"null", "", "FG-unexpected-answer"),
        (b"[]", "data", "FG-unexpected-answer"),
        (b"{}", "data", "FG-unexpected-answer"),
        (b'{"error": "secret words"}', "data", "FG-unexpected-answer"),
        (b'{"data": {"items": []}}', "data", "FG-unexpected-answer"),
        (b'{"data": 7}', "data.items", "FG-unexpected-answer"),
        (b"[" + b"1," * 100_001 + b"1]", "", "FG-answer-beyond-limits"),
    ],
)
def test_anything_but_a_list_stops_the_connection(body, at, code):
    """A body without a list there is an error that says so, and quotes nothing of the body."""
    with pytest.raises(ConnectionStopped) as error:
        list(rows(FakeAnswer(body), at))
    assert error.value.code == code
    assert "secret words" not in str(error.value.as_dict())


@pytest.mark.parametrize(
    ("body", "at", "instead"),
    [
        (b'{"workouts": []}', "data", "nothing at data instead of a list"),
        (
            b'{"meta": {}}',
            "meta.page.rows",
            "nothing at meta.page instead of a list at meta.page.rows",
        ),
        (b"[]", "workouts", "a list instead of an object with workouts"),
        (b'{"data": [1]}', "data.items", "a list at data instead of an object with items"),
        (b'{"data": {}}', "data", "an object at data instead of a list"),
        (b'{"data": true}', "data", "a Boolean at data instead of a list"),
        (b'"rows"', "", "a text instead of a list"),
    ],
)
def test_the_error_says_what_is_there_instead(body, at, instead):
    """The error names what the answer has at the place, and how far the place exists."""
    with pytest.raises(ConnectionStopped) as error:
        list(rows(FakeAnswer(body), at))
    assert error.value.what == f"the service answered with {instead}"


def test_a_number_that_is_missing_is_told_from_one_that_is_none():
    """The same holds for a number that a style of paging reads."""
    for body, found in ((b'{"meta": {}}', "nothing"), (b'{"meta": {"pages": []}}', "a list")):
        with pytest.raises(ConnectionStopped) as error:
            number_at(FakeAnswer(body), "meta.pages")
        assert error.value.what.startswith(f"the service answered with {found} at meta.pages ")
