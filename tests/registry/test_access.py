"""How to get access to a source, and what arrives from it, as its entries say it."""

from __future__ import annotations

import pytest

from fitglue_registry.model.stored import PartName
from fitglue_registry.registry import (
    Alternative,
    Auth,
    Capabilities,
    Closed,
    Entry,
    EntryPart,
    Field,
    Http,
    OAuth2,
    Plugin,
)
from fitglue_registry.registry.access import access_of, arriving, on_request
from fitglue_registry.registry.part_options import with_choices

PARTS = (
    EntryPart(name=PartName.SUMMARY, comes_from="list"),
    EntryPart(name=PartName.DETAIL),
    EntryPart(name=PartName.FILE, default=False, option="files"),
)
OAUTH2 = OAuth2(
    authorize_url="https://club.example/authorize",
    token_url="https://club.example/token",
    app_help="Register it at club.example.",
)


def entry(kind="integration", **fields):
    """Return the entry of a club with some fields."""
    plugin = Plugin("fitglue-club")
    known = {"schema": 1, "kind": kind, "id": "club", "name": "Club", "summary": "Runs."}
    return Entry(**known, plugin=plugin, tier="hobbyist", **fields)


def test_a_key_is_made_at_the_service():
    """An integration with a required secret needs a key, and the entry says where it is made."""
    key = Field(name="api_key", label="API key", help="See Settings.", secret=True)
    access = access_of(entry(credentials=(Field(name="id", required=False), key)))
    assert (access.kind, access.what, access.where) == ("key", "API key", "See Settings.")
    assert access.command == "fitglue connect club"


def test_a_permission_is_given_in_a_browser():
    """An integration with OAuth 2 needs a permission, although it has no credentials."""
    http = Http(base_url="https://club.example", auth=Auth(scheme="oauth2", oauth2=OAUTH2))
    access = access_of(entry(http=http))
    assert (access.kind, access.where) == ("permission", "Register it at club.example.")


@pytest.mark.parametrize(
    ("hooks", "command"),
    [
        (("fitglue_read",), "fitglue connect club PATH"),
        (("fitglue_read", "fitglue_recognize"), "fitglue import PATH"),
    ],
)
def test_files_are_named_by_their_path(hooks, command):
    """Files are imported if their plugin recognizes them, and connected otherwise."""
    paths = Field(name="paths", label="Archive", help="Download it.", path=True)
    access = access_of(entry(settings=(paths,)), entry("source", hooks=hooks))
    assert (access.kind, access.what, access.where) == ("files", "Archive", "Download it.")
    assert access.command == command


def test_a_closed_service_has_a_reason_and_alternatives():
    """A service whose accounts cannot be connected says why, and which command lists the
    alternatives.
    """
    alternative = Alternative("Other", "runs", "Link it.", "fitglue connect other")
    access = access_of(entry(closed=Closed("It is for partners only.", (alternative,))))
    assert (access.kind, access.where) == ("closed", "It is for partners only.")
    assert access.command == "fitglue connect club"


def test_some_sources_need_nothing():
    """A source without secrets and files needs nothing."""
    assert access_of(entry(), entry("source")).kind == "none"


def test_what_arrives_are_the_parts_that_each_sync_fetches():
    """A part that needs an option arrives only with it."""
    source = entry("source", parts=PARTS)
    assert arriving(source) == ("summaries", "details")
    assert on_request(source) == {"files": "original files"}


@pytest.mark.parametrize("choice", [True, False])
def test_a_choice_takes_the_place_of_the_default(choice):
    """A chosen part arrives and is no longer on request, and a refused one does not arrive."""
    source = with_choices(entry("source", parts=PARTS), {"files": choice})
    assert ("original files" in arriving(source)) == choice
    assert on_request(source) == ({} if choice else {"files": "original files"})


@pytest.mark.parametrize("hooks", [("fitglue_read",), ("fitglue_fetch",)])
def test_files_bring_their_samples(hooks):
    """A source whose samples are in its files has no part for them; without the files, it brings
    none.
    """
    samples = Capabilities(streams=True)
    parts = (PARTS[0], EntryPart(name=PartName.FILE, option="files"))
    source = entry("source", hooks=hooks, parts=parts, capabilities=samples)
    assert arriving(source) == ("summaries", "samples over time", "original files")
    assert arriving(with_choices(source, {"files": False})) == ("summaries",)
