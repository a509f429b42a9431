"""Tests of the names of files: each is accepted by every system, and stays in its folder."""

from __future__ import annotations

import pytest

from fitglue_destinations.folder.names import file_name
from fitglue_registry.errors import UserMistake


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


@pytest.mark.parametrize("template", ["{name}", "/{date}", "a//b", "", "{date"])
def test_a_template_that_leads_to_no_file_in_the_folder_is_refused(delivery, template):
    """A field that does not exist, and a part of the path that is empty."""
    with pytest.raises(UserMistake) as raised:
        file_name(template, delivery())
    assert raised.value.code == "FG-name-template"


@pytest.mark.parametrize("template", ["../{date}", "./..//{date}".replace("//", "/"), "~/{date}"])
def test_a_template_never_leads_out_of_the_folder(delivery, template):
    """Each part of the path is a name, and neither a parent nor a home folder."""
    parts = file_name(template, delivery()).split("/")
    assert not {"", ".", "..", "~"} & set(parts)


@pytest.mark.parametrize(
    "title",
    [
        "../../etc/passwd",
        "a/b\\c",
        "..",
        ".hidden",
        "con",
        "line\nbreak\x00",
        "\ud800",
        "",
        "Ä" * 300,
    ],
)
def test_a_title_never_becomes_a_path(delivery, activity, title):
    """What a system gives a meaning is replaced or left out."""
    name = file_name("{title}", delivery(activity=activity(title=title)))
    assert name
    assert len(name.encode()) <= 200
    assert not set(name) & set('/\\:*?"<>|\0\n')
    assert not name.startswith(".")
