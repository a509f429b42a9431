"""Tests of the names of files: each is accepted by every system, and stays in its folder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fitglue_destinations.folder.names import BadTemplate, file_name, safe_name


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{date}-{sport}-{number}", "2026-05-01-Ride-12"),
        ("{year}/{month}/{day} {time} {title}", "2026/05/01 083000 Morning ride"),
        ("ride", "ride"),
    ],
)
def test_the_fields_of_a_template_are_replaced(delivery, template, name):
    """The date and the time are those of the athlete's clock."""
    assert file_name(template, delivery()) == name


@pytest.mark.parametrize("template", ["{name}", "../{date}", "/{date}", "a//b", "a/./b", ""])
def test_a_template_that_leads_to_no_file_in_the_folder_is_refused(delivery, template):
    """A field that does not exist, and a path that leads elsewhere."""
    with pytest.raises(BadTemplate):
        file_name(template, delivery())


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("../../etc/passwd", "-..-etc-passwd"),
        ("a/b\\c", "a-b-c"),
        ("..", "untitled"),
        (".hidden", "hidden"),
        ("what? <now>: 50%", "what- -now-- 50%"),
        ("con", "_con"),
        ("Aux.1", "_Aux.1"),
        ("trailing. . ", "trailing"),
        ("line\nbreak\x00\x1b[31m", "line break[31m"),
        ("right\u202eto left", "rightto left"),
        ("\ud800", "untitled"),
        ("", "untitled"),
        ("Ä" * 300, "Ä" * 100),
    ],
)
def test_a_title_never_becomes_a_path(delivery, activity, title, name):
    """What a system gives a meaning is replaced or left out."""
    assert file_name("{title}", delivery(activity=activity(title=title))) == name


@given(st.text())
def test_every_text_becomes_a_name_that_every_system_accepts(text):
    """No text leads elsewhere, is empty, hidden or too long."""
    name = safe_name(text)
    assert 0 < len(name.encode()) <= 201
    assert not set(name) & set('/\\:*?"<>|\0')
    assert not name.startswith(".")
    assert not name.endswith((".", " "))
    assert safe_name(name) == name
